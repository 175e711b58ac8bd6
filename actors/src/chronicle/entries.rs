//! What is written down of one happening. It is stored as it stands here: a field that is added needs a default.

use std::borrow::Cow;
use std::sync::Arc;

use ostinato_machine::ids::{CauseId, GuildId, ShardId};
use serde::{Deserialize, Serialize};

/// What a guild's actor died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// A panic while it decided: its value is intact.
    Decide,
    /// A panic or an error while it applied: its value is rebuilt.
    Apply,
    /// It was gone without a word.
    Gone,
    /// It was to start without a value.
    NoValue,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Decide, Self::Apply, Self::Gone, Self::NoValue];

    /// Its name, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Apply => "apply",
            Self::Gone => "gone",
            Self::NoValue => "no_value",
        }
    }
}

/// An input that a guild had, by its name, and when, wall-clock ms.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Had {
    /// When it was accepted, wall-clock ms.
    pub at_ms: u64,
    /// Its name.
    pub input: Cow<'static, str>,
}

/// One death of a guild's actor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Death {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// Its shard.
    pub shard: ShardId,
    /// Which incarnation.
    pub incarnation: u64,
    /// What of.
    pub cause: Cause,
    /// Where in the code; equal deaths have equal places.
    pub place: Arc<str>,
    /// The input that it had in hand.
    pub input: Cow<'static, str>,
    /// What the user was told to name it by.
    pub reference: Arc<str>,
    /// Whether the guild's value was intact.
    pub kept: bool,
    /// The inputs before, oldest first.
    pub before: Vec<Had>,
}

/// An input that killed a guild and is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// Its shard.
    pub shard: ShardId,
    /// The input's name.
    pub input: Cow<'static, str>,
    /// Who caused it.
    pub cause: CauseId,
    /// What the user was told to name it by; the death has the same.
    pub reference: Arc<str>,
}

/// Many guilds of a shard died within a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alarm {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The shard.
    pub shard: ShardId,
    /// How many different guilds.
    pub guilds: usize,
}

/// What an operator ordered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ordered {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// Who, as they said.
    pub who: String,
    /// Why, as they said.
    pub why: String,
    /// What, such as `restart guild 5`.
    pub what: String,
    /// The guild that it was about, if it was about one.
    pub guild: Option<GuildId>,
    /// What the order is spoken of by.
    pub reference: Arc<str>,
    /// What came of it: [`DONE`](super::DONE), or why not.
    pub outcome: String,
    /// Which fault it was, if it was one in a guild.
    #[serde(default)]
    pub fault: Option<String>,
}

/// Calls that a server's door refused for one reason within a minute: told together, so that who knocks on and on fills
/// nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Barred {
    /// When the first of them came, wall-clock ms.
    pub at_ms: u64,
    /// Why.
    pub why: Cow<'static, str>,
    /// The scope of what was asked for.
    pub scope: Cow<'static, str>,
    /// How many.
    pub calls: u64,
    /// From where the first of them came.
    pub peer: Option<std::net::IpAddr>,
}
