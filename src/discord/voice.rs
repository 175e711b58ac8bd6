//! Why a voice channel can't be joined, from what Discord's REST interface tells of it. Pure.

use ostinato_machine::guild::JoinBlock;
use serde::{Deserialize, Deserializer, de};
use serenity::model::Permissions;

/// Discord's channel type of a stage.
const STAGE: u8 = 13;
/// An override that is for one member; the others are for roles.
const MEMBER: u8 = 1;

/// What is used of a channel.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Channel {
    #[serde(rename = "type")]
    kind: u8,
    #[serde(default)]
    user_limit: Option<u32>,
    #[serde(default)]
    permission_overwrites: Vec<Override>,
}

/// Rights that a channel gives or takes.
#[derive(Clone, Debug, Deserialize)]
struct Override {
    #[serde(deserialize_with = "digits")]
    id: u64,
    #[serde(rename = "type")]
    kind: u8,
    #[serde(deserialize_with = "digits")]
    allow: u64,
    #[serde(deserialize_with = "digits")]
    deny: u64,
}

/// What is used of a guild.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Guild {
    #[serde(deserialize_with = "digits")]
    id: u64,
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Clone, Debug, Deserialize)]
struct Role {
    #[serde(deserialize_with = "digits")]
    id: u64,
    #[serde(deserialize_with = "digits")]
    permissions: u64,
}

/// What is used of a member.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Member {
    #[serde(default)]
    roles: Vec<Id>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
struct Id(#[serde(deserialize_with = "digits")] u64);

/// A member's voice state.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct VoiceState {
    #[serde(default)]
    channel_id: Option<Id>,
}

impl VoiceState {
    /// The channel that the member is in.
    pub(super) fn channel(&self) -> Option<u64> {
        self.channel_id.map(|id| id.0)
    }
}

/// Why `me` can't join `channel` and play there.
pub(super) fn join_block(channel: &Channel, guild: &Guild, member: &Member, me: u64) -> JoinBlock {
    let rights = rights(channel, guild, member, me);
    if !rights.contains(Permissions::VIEW_CHANNEL) {
        return JoinBlock::View;
    }
    if !rights.contains(Permissions::CONNECT) {
        return JoinBlock::Connect;
    }
    // On a stage nobody needs the right to speak: one is invited to.
    if channel.kind != STAGE && !rights.contains(Permissions::SPEAK) {
        return JoinBlock::Speak;
    }
    let is_limited = channel.user_limit.is_some_and(|limit| limit > 0);
    if is_limited && !rights.contains(Permissions::MOVE_MEMBERS) {
        // Nobody tells how many are in it; but with every right there, a join that gets no answer leaves only this.
        return JoinBlock::Full;
    }
    JoinBlock::Unknown
}

/// What `me` may do in `channel`: roles first, then the channel's overrides for everybody, for roles, for the member.
fn rights(channel: &Channel, guild: &Guild, member: &Member, me: u64) -> Permissions {
    let has = |role: u64| role == guild.id || member.roles.contains(&Id(role));
    let base = guild
        .roles
        .iter()
        .filter(|role| has(role.id))
        .fold(Permissions::empty(), |all, role| all | bits(role.permissions));
    if base.contains(Permissions::ADMINISTRATOR) {
        return Permissions::all();
    }
    let overrides = |wanted: &dyn Fn(&Override) -> bool| {
        let mut deny = Permissions::empty();
        let mut allow = Permissions::empty();
        for one in channel.permission_overwrites.iter().filter(|one| wanted(one)) {
            deny |= bits(one.deny);
            allow |= bits(one.allow);
        }
        (deny, allow)
    };
    let steps = [
        overrides(&|one| one.kind != MEMBER && one.id == guild.id),
        overrides(&|one| one.kind != MEMBER && one.id != guild.id && has(one.id)),
        overrides(&|one| one.kind == MEMBER && one.id == me),
    ];
    steps
        .into_iter()
        .fold(base, |rights, (deny, allow)| (rights - deny) | allow)
}

fn bits(bits: u64) -> Permissions {
    Permissions::from_bits_truncate(bits)
}

/// Discord writes ids and rights as texts of digits.
fn digits<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    let text = String::deserialize(from)?;
    text.parse()
        .map_err(|_| de::Error::custom("an id or a set of rights is no number"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const VIEW: u64 = 1 << 10;
    const CONNECT: u64 = 1 << 20;
    const SPEAK: u64 = 1 << 21;
    const MOVE: u64 = 1 << 24;
    const ADMIN: u64 = 1 << 3;
    const ALL: u64 = VIEW | CONNECT | SPEAK;

    fn case(everyone: u64, dj: u64, overrides: &Value, kind: u8, limit: u32) -> JoinBlock {
        let channel = json!({ "type": kind, "user_limit": limit, "permission_overwrites": overrides });
        let guild = json!({ "id": "1", "roles": [
            { "id": "1", "permissions": everyone.to_string() },
            { "id": "2", "permissions": dj.to_string() },
            { "id": "3", "permissions": ADMIN.to_string() },
        ]});
        let member = json!({ "roles": ["2"] });
        join_block(
            &serde_json::from_value(channel).unwrap(),
            &serde_json::from_value(guild).unwrap(),
            &serde_json::from_value(member).unwrap(),
            9,
        )
    }

    fn takes(id: &str, kind: u8, allow: u64, deny: u64) -> Value {
        json!({ "id": id, "type": kind, "allow": allow.to_string(), "deny": deny.to_string() })
    }

    #[test]
    fn the_missing_right_is_named() {
        let none = json!([]);
        assert_eq!(case(ALL, 0, &none, 2, 0), JoinBlock::Unknown);
        assert_eq!(case(CONNECT | SPEAK, 0, &none, 2, 0), JoinBlock::View);
        assert_eq!(case(VIEW | SPEAK, 0, &none, 2, 0), JoinBlock::Connect);
        assert_eq!(case(VIEW | CONNECT, 0, &none, 2, 0), JoinBlock::Speak);
        assert_eq!(case(VIEW | CONNECT, 0, &none, STAGE, 0), JoinBlock::Unknown);
        assert_eq!(case(VIEW | CONNECT, SPEAK, &none, 2, 0), JoinBlock::Unknown);
    }

    #[test]
    fn a_limited_channel_with_every_right_is_full() {
        let none = json!([]);
        assert_eq!(case(ALL, 0, &none, 2, 5), JoinBlock::Full);
        assert_eq!(case(ALL | MOVE, 0, &none, 2, 5), JoinBlock::Unknown);
    }

    #[test]
    fn overrides_go_from_everybody_over_roles_to_the_member() {
        let everybody = takes("1", 0, 0, CONNECT);
        assert_eq!(case(ALL, 0, &json!([everybody]), 2, 0), JoinBlock::Connect);
        let role = takes("2", 0, CONNECT, 0);
        assert_eq!(case(ALL, 0, &json!([everybody, role]), 2, 0), JoinBlock::Unknown);
        let me = takes("9", 1, 0, SPEAK);
        assert_eq!(case(ALL, 0, &json!([me, everybody, role]), 2, 0), JoinBlock::Speak);
        let others = json!([takes("8", 1, 0, ALL), takes("3", 0, 0, ALL)]);
        assert_eq!(case(ALL, 0, &others, 2, 0), JoinBlock::Unknown);
    }

    #[test]
    fn an_administrator_is_stopped_by_nothing() {
        assert_eq!(
            case(ADMIN, 0, &json!([takes("1", 0, 0, ALL)]), 2, 5),
            JoinBlock::Unknown
        );
    }
}
