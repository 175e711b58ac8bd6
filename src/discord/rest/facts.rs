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
