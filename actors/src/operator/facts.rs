//! What an operator is shown.

use std::num::NonZeroU32;
use std::sync::Arc;

use ostinato_machine::guild::GuildFacts;
use ostinato_machine::ids::{ChannelId, GuildId, ShardId};
use ostinato_machine::slot::{Phase, SlotFacts};
use ostinato_machine::track::Track;

use crate::about::Icon;
use crate::chronicle::Had;
use crate::trail::Turn;

/// How many guilds of a shard are in which phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// The store was asked.
    pub loading: usize,
    /// The actor runs.
    pub live: usize,
    /// Waits for a restart.
    pub backing_off: usize,
    /// Its actor is being replaced by order.
    pub yielding: usize,
    /// Is being put to sleep.
    pub passivating: usize,
    /// Given up until it is tried again or released.
    pub parked: usize,
    /// Finishes before the process ends, or has.
    pub stopping: usize,
}

impl Phases {
    pub(crate) fn add(&mut self, phase: Phase) {
        let count = match phase {
            Phase::Cold => return,
            Phase::Loading => &mut self.loading,
            Phase::Live => &mut self.live,
            Phase::BackingOff => &mut self.backing_off,
            Phase::Yielding => &mut self.yielding,
            Phase::Passivating => &mut self.passivating,
            Phase::Parked => &mut self.parked,
            Phase::Stopping | Phase::Stopped => &mut self.stopping,
        };
        *count = count.saturating_add(1);
    }

    /// By name, in the order of a guild's life.
    pub const fn named(&self) -> [(&'static str, usize); 7] {
        [
            ("loading", self.loading),
            ("live", self.live),
            ("backing_off", self.backing_off),
            ("yielding", self.yielding),
            ("passivating", self.passivating),
            ("parked", self.parked),
            ("stopping", self.stopping),
        ]
    }
}

/// The name of a phase, for consoles and metrics.
pub const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Cold => "cold",
        Phase::Loading => "loading",
        Phase::Live => "live",
        Phase::BackingOff => "backing_off",
        Phase::Yielding => "yielding",
        Phase::Passivating => "passivating",
        Phase::Parked => "parked",
        Phase::Stopping => "stopping",
        Phase::Stopped => "stopped",
    }
}

/// How a shard stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    /// The shard.
    pub shard: ShardId,
    /// The arbiter that it runs on, from 0.
    pub arbiter: usize,
    /// Whether its actor runs.
    pub served: bool,
    /// Whether its guilds may run: players and seats are as well known as they will be.
    pub opened: bool,
    /// Guilds that were announced or restored.
    pub guilds: usize,
    /// Guilds that are not asleep, by their phase.
    pub phases: Phases,
    /// Accepted inputs of all guilds that are not closed yet.
    pub held: usize,
    /// Most of them for one guild.
    pub most_held: usize,
    /// Human listeners beside the bot.
    pub listeners: usize,
    /// Guilds in which the bot sits in voice.
    pub seated: usize,
    /// Tracks that wait in the queues of guilds that are not asleep.
    pub queued: u64,
    /// Players that guilds want.
    pub players: usize,
    /// Of these, those with a track that is not paused.
    pub playing: usize,
    /// Restarts of its actor that count against the budget.
    pub restarts: usize,
}

/// One guild in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildRow {
    /// The guild.
    pub guild: GuildId,
    /// Its name, as Discord last said it; empty when it has not.
    pub name: Arc<str>,
    /// Its members, as Discord said at the same time.
    pub members: Option<NonZeroU32>,
    /// Its picture, likewise.
    pub icon: Option<Icon>,
    /// Its shard.
    pub shard: ShardId,
    /// Its phase.
    pub phase: Phase,
    /// Accepted inputs that are not closed yet.
    pub held: usize,
    /// Human listeners beside the bot.
    pub listeners: usize,
    /// Where the bot sits.
    pub channel: Option<ChannelId>,
    /// The text channel that it speaks in, as far as an actor has told.
    pub text: Option<ChannelId>,
    /// Tracks that wait, as far as an actor has told.
    pub queue: u32,
    /// The node of its wanted player.
    pub node: Option<Arc<str>>,
    /// The track of that player.
    pub track: Option<Arc<Track>>,
    /// Whether that track is not paused.
    pub playing: bool,
}

/// Which guilds are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this shard alone.
    pub shard: Option<ShardId>,
    /// In this phase alone.
    pub phase: Option<Phase>,
    /// Those alone that play.
    pub playing: bool,
    /// Those alone that have a player.
    pub player: bool,
    /// Whose name holds this, in small letters, or whose id begins with it.
    pub text: String,
    /// Those after this one.
    pub after: Option<GuildId>,
    /// So many at most; [`super::PAGE`] at most.
    pub limit: usize,
}

/// A page of guilds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, by id.
    pub rows: Vec<GuildRow>,
    /// How many guilds the filter admits, on all pages.
    pub total: usize,
}

/// A snapshot that was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The revision that it holds.
    pub revision: u64,
    /// When it was durable, ms of the arbiter's rising clock.
    pub at_ms: u64,
}

/// How one guild stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildLook {
    /// As a row of the list.
    pub row: GuildRow,
    /// Its slot.
    pub slot: SlotFacts,
    /// The rising clock of its arbiter, ms: what the slot's times are compared with.
    pub now_ms: u64,
    /// What it is and does; `None` while no actor has it.
    pub state: Option<GuildFacts>,
    /// The fingerprint of what it keeps, see [`crate::fingerprint`]; `None` while no actor has it.
    pub hash: Option<u64>,
    /// Its newest snapshot, if this process wrote it.
    pub saved: Option<Saved>,
    /// Its newest inputs, oldest first.
    pub had: Vec<Had>,
    /// What was heard of it since it last woke, oldest first.
    pub trail: Vec<Turn>,
}
