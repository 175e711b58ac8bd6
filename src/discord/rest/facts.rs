//! What the start of the bot must know.

use ostinato_actors::ports::PortError;
use serde::{Deserialize, Deserializer, de};

use super::{Operation, Rest};

/// Where the gateway is, and how often it may be started.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct GatewayBot {
    /// Address of the gateway.
    pub url: String,
    /// How many shards Discord recommends; at least 1.
    #[serde(default = "one")]
    pub shards: u32,
    /// How often a new session may begin; what Discord grants a small bot where nothing is said.
    #[serde(default)]
    pub session_start_limit: SessionStartLimit,
}

fn one() -> u32 {
    1
}

/// How often a new gateway session may begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct SessionStartLimit {
    /// Starts in a day.
    pub total: u32,
    /// Starts left.
    pub remaining: u32,
    /// When they are all back, from now, ms.
    pub reset_after: u64,
    /// How many shards may identify in one window of 5 s.
    pub max_concurrency: u32,
}

impl Default for SessionStartLimit {
    fn default() -> Self {
        Self {
            total: 1_000,
            remaining: 1_000,
            reset_after: 0,
            max_concurrency: 1,
        }
    }
}

/// The bot's application.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Application {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub name: String,
    /// Its flags, as Discord's bits: what privileged intents it has.
    #[serde(default)]
    pub flags: u64,
}

/// Who runs the bot.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Owners {
    owner: Option<Person>,
    team: Option<Team>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Person {
    #[serde(deserialize_with = "id")]
    id: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Team {
    #[serde(deserialize_with = "id")]
    owner_user_id: u64,
    #[serde(default)]
    members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Member {
    user: Person,
    #[serde(default)]
    membership_state: u64,
    #[serde(default)]
    role: String,
}

/// Membership state of who accepted the invitation to a team.
const ACCEPTED: u64 = 2;
/// Role of who may look at a team's applications and change nothing.
const READ_ONLY: &str = "read_only";

impl Owners {
    /// Whether `user` runs the bot: owns its application, or is of the team that does and may change it. `None` when
    /// nobody is named at all.
    pub fn have(&self, user: u64) -> Option<bool> {
        match (&self.team, &self.owner) {
            // The owner of a team's application is a user that stands for the team.
            (Some(team), _) => Some(team.owner_user_id == user || team.members.iter().any(|member| member.runs(user))),
            (None, Some(owner)) => Some(owner.id == user),
            (None, None) => None,
        }
    }
}

impl Member {
    fn runs(&self, user: u64) -> bool {
        self.user.id == user && self.membership_state == ACCEPTED && self.role != READ_ONLY
    }
}

/// The bot's user.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct CurrentUser {
    /// Its id.
    #[serde(deserialize_with = "id")]
    pub id: u64,
    /// Its name.
    #[serde(default)]
    pub username: String,
}

impl Rest {
    /// Where the gateway is.
    ///
    /// # Errors
    /// As every call; [`Refused`](ostinato_actors::ports::PortErrorKind::Refused) for a token that Discord does not know.
    pub async fn gateway_bot(&self) -> Result<GatewayBot, PortError> {
        self.read(Operation::GatewayBot).await
    }

    /// The bot's application.
    ///
    /// # Errors
    /// As every call.
    pub async fn application(&self) -> Result<Application, PortError> {
        self.read(Operation::Application).await
    }

    /// Who runs the bot.
    ///
    /// # Errors
    /// As every call.
    pub async fn owners(&self) -> Result<Owners, PortError> {
        self.read(Operation::Application).await
    }

    /// The bot's user.
    ///
    /// # Errors
    /// As every call.
    pub async fn current_user(&self) -> Result<CurrentUser, PortError> {
        self.read(Operation::CurrentUser).await
    }
}

/// Discord writes ids as texts.
fn id<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse().map_err(|_| de::Error::custom("an id is no number"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn have(application: &Value, user: u64) -> Option<bool> {
        serde_json::from_value::<Owners>(application.clone())
            .unwrap()
            .have(user)
    }

    #[test]
    fn an_application_is_run_by_its_owner_alone() {
        let own = json!({ "id": "1", "owner": { "id": "7", "username": "ann" }, "team": null });
        assert_eq!((have(&own, 7), have(&own, 1)), (Some(true), Some(false)));
        assert_eq!(have(&json!({ "id": "1" }), 7), None);
    }

    #[test]
    fn a_team_is_who_accepted_and_may_change_something() {
        let member =
            |id: &str, state: u64, role: &str| json!({ "user": { "id": id }, "membership_state": state, "role": role });
        let team = json!({ "id": "1", "owner": { "id": "99" }, "team": { "owner_user_id": "7", "members": [
            member("8", 2, "admin"), member("9", 2, "developer"), member("10", 2, "read_only"), member("11", 1, "admin"),
        ] } });
        for (user, runs) in [
            (7, true),
            (8, true),
            (9, true),
            (10, false),
            (11, false),
            (99, false),
            (1, false),
        ] {
            assert_eq!(have(&team, user), Some(runs), "{user}");
        }
        let empty = json!({ "owner": { "id": "99" }, "team": { "owner_user_id": "7", "members": [] } });
        assert_eq!((have(&empty, 7), have(&empty, 99)), (Some(true), Some(false)));
    }
}
