//! Side data of a shard: what it goes on with and could ask for again.

use ostinato_machine::guild::Seat;
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, NodeId};

use super::GatewaySession;
use crate::about::About;

/// What is stored of one shard.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StoredShard {
    /// The gateway session to resume.
    pub gateway: Option<GatewaySession>,
    /// Users in voice per guild, as of the last side checkpoint.
    pub seats: Vec<GuildSeats>,
    /// Guilds to load at once.
    pub awake: Vec<GuildId>,
    /// Audio sessions to resume.
    pub nodes: Vec<(NodeId, String)>,
    /// Guilds that the bot is in, and what Discord said of each.
    pub known: Vec<(GuildId, About)>,
}

/// What the side checkpoint of a shard writes, each second and at the end. All of it is in one commit, and so the caller
/// keeps it small.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ShardCheckpoint {
    /// The gateway session; `None` leaves the stored one, `Some(None)` forgets it.
    pub gateway: Option<Option<GatewaySession>>,
    /// Guilds whose seats changed, whole. A guild with neither users nor own seat is deleted.
    pub seats: Vec<GuildSeats>,
    /// Audio sessions that changed; `None` forgets.
    pub nodes: Vec<(NodeId, Option<String>)>,
    /// Guilds of which Discord said something else. `None`: the bot is in it no more.
    pub known: Vec<(GuildId, Option<About>)>,
}

/// Users in voice of one guild.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GuildSeats {
    /// The guild, as a number.
    pub guild: u64,
    /// Users in voice, without the bot itself.
    pub seats: Vec<Seat>,
    /// The bot's own channel and voice session.
    pub own: Option<(ChannelId, Hidden)>,
}
