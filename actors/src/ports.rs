//! The doors to the outside, declared where they are needed and implemented where the vendor lives.
//!
//! Every port belongs to one arbiter, or to the root's thread, and is never sent to another thread. No method blocks.
//! What takes time returns a future that a lane drives under its deadline; a port keeps its own deadlines too. Errors
//! have one shape, [`PortError`], so that back-off is written once.

mod audit;
mod card;
mod discord;
mod side;

use std::rc::Rc;
use std::sync::Arc;

use futures_util::future::LocalBoxFuture;
use ostinato_machine::guild::{Input, Loaded, PlayerOrder, Record, Related, Report, Seen, Snapshot};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ShardId};
use ostinato_machine::track::Track;

use crate::about::About;

pub use audit::{Audit, AuditFilter, AuditKind, Owner, Told};
pub use card::CardOrder;
pub use discord::{Discord, First, Shows};
pub use side::{GuildSeats, ShardCheckpoint, StoredShard};

/// A future of a port, driven on the arbiter that owns the port.
pub type Work<T> = LocalBoxFuture<'static, Result<T, PortError>>;

/// Why a port could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {message}")]
pub struct PortError {
    /// What kind of failure: decides what happens next.
    pub kind: PortErrorKind,
    /// For the log; never holds a secret.
    pub message: String,
}

impl PortError {
    /// An error of `kind` with a lowercase fragment that says what happened.
    pub fn new(kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// Whether the same call may succeed later.
    pub const fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }
}

/// Kinds of failure of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PortErrorKind {
    /// No answer before the deadline.
    #[error("timed out")]
    Timeout,
    /// Nobody is there, or not now.
    #[error("unreachable")]
    Unreachable,
    /// The other side said no; saying it again will not help.
    #[error("refused")]
    Refused,
    /// What was meant is not there (any more): a session, a message, an interaction.
    #[error("gone")]
    Gone,
    /// The other side answered something that makes no sense.
    #[error("malformed")]
    Malformed,
    /// Our own bound was reached, or we are shutting down.
    #[error("overloaded")]
    Overloaded,
}

impl PortErrorKind {
    /// Whether the same call may succeed later.
    pub const fn is_retryable(self) -> bool {
        match self {
            Self::Timeout | Self::Unreachable | Self::Overloaded => true,
            Self::Refused | Self::Gone | Self::Malformed => false,
        }
    }
}

/// Time and chance.
pub trait Clock {
    /// Wall-clock time, ms since 1970.
    fn now_ms(&self) -> u64;
    /// Time that only rises, ms from any origin.
    fn monotonic_ms(&self) -> u64;
    /// Sixty-four fresh random bits.
    fn chance(&self) -> u64;
}

/// All ports of one arbiter.
#[derive(Clone)]
pub struct Ports {
    /// Time and chance.
    pub clock: Rc<dyn Clock>,
    /// The guild store.
    pub store: Rc<dyn GuildStore>,
    /// The audio nodes.
    pub audio: Rc<dyn Audio>,
    /// The gateway.
    pub gateway: Rc<dyn Gateway>,
    /// Answers to interactions, notices in channels, and what only Discord's REST knows.
    pub discord: Rc<dyn Discord>,
    /// Which audio node plays which guild.
    pub fleet: Rc<dyn FleetPort>,
}

// ---------------------------------------------------------------------------------------------------------- fleet

/// The fleet, as a shard sees it: it chooses nodes and nothing more. Calls never block; what it decides comes back
/// through the ingress as [`Input::Placed`], and guilds then ask for it in their wanted player. Repeating a call is harmless.
pub trait FleetPort {
    /// The guild needs a node. A guild that has one already is told the same again. `false`: too much waits; say it again.
    fn want(&self, shard: ShardId, guild: GuildId) -> bool;
    /// The guild needs no node any more. `false` as above.
    fn release(&self, shard: ShardId, guild: GuildId) -> bool;
    /// What a node's session said, in the order in which it was said: sessions that come and go, and load figures.
    fn audio_event(&self, shard: ShardId, event: &AudioEvent);
    /// The guild goes on with the player that a node reported.
    fn adopted(&self, shard: ShardId, guild: GuildId, node: NodeId, generation: u64);
}

// ---------------------------------------------------------------------------------------------------------- store

/// What is stored of one guild.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The records after it, in order.
    pub records: Vec<Record>,
}

/// A record on its way to the journal.
#[derive(Clone, Debug)]
pub struct Append {
    /// The shard that owns the guild.
    pub shard: ShardId,
    /// The guild.
    pub guild: GuildId,
    /// The record.
    pub record: Arc<Record>,
    /// Whether a process that starts must load this guild; kept in the same commit.
    pub awake: bool,
}

/// A snapshot on its way to the store.
#[derive(Clone, Debug)]
pub struct Save {
    /// The shard that owns the guild.
    pub shard: ShardId,
    /// The guild.
    pub guild: GuildId,
    /// Ownership epoch of who writes it.
    pub epoch: u64,
    /// The snapshot.
    pub snapshot: Snapshot,
    /// Whether a process that starts must load this guild; kept in the same commit.
    pub awake: bool,
}

/// What a commit says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Appended {
    /// Whether the journal of this guild has grown beyond its bound and wants a snapshot.
    pub wants_snapshot: bool,
}

/// Journal, snapshots and side data. Calls of one arbiter are worked off in the order they were made: a load sees every
/// append that was called before it, whether or not it is committed.
///
/// Each guild and each shard has one owner, whose epoch is higher than those of the owners before it; the first one is 1.
/// Who reads with a higher epoch owns it from then on: what it has read stays true, because whatever another one still
/// writes with a lower epoch is refused as [`PortErrorKind::Gone`], and so is a read. Whether it is, is looked at in the
/// transaction that writes.
pub trait GuildStore {
    /// Reads a guild for the owner of `epoch`. `Ok` with nothing in it is a guild that was never written; an unreachable
    /// store is an error.
    fn load(&self, guild: GuildId, epoch: u64) -> Work<Stored>;
    /// Enqueues a record at once; the future ends when it is durable at the configured level.
    fn append(&self, append: Append) -> Work<Appended>;
    /// Enqueues a snapshot at once; the records up to its revision may be dropped.
    fn snapshot(&self, save: Save) -> Work<()>;
    /// Reads what is stored of a shard, for the owner of `epoch`.
    fn load_shard(&self, shard: ShardId, epoch: u64) -> Work<StoredShard>;
    /// Writes side data of a shard as the owner of `epoch`.
    fn checkpoint(&self, shard: ShardId, epoch: u64, checkpoint: ShardCheckpoint) -> Work<()>;
    /// Writes entries of the audit, all or none. One that is there already stays as it is; of each owner the newest stay
    /// ([`Owner::keeps`]). It has no epoch: an entry takes nobody's place.
    fn audit(&self, batch: Arc<[Audit]>) -> Work<()>;
    /// Reads entries of the audit, newest first.
    fn audited(&self, filter: AuditFilter) -> Work<Vec<Audit>>;
}

// ---------------------------------------------------------------------------------------------------------- audio

/// The audio nodes, as one shard sees them: a session per (node, shard).
pub trait Audio {
    /// Starts the sessions of `shard` with every configured node, trying the stored session ids first. Events come
    /// through `sink` in the order in which a node sent them.
    fn start(&self, shard: ShardId, stored: Vec<(NodeId, String)>, sink: Rc<dyn AudioSink>);
    /// Sends one order. [`PortErrorKind::Gone`]: the session is paused or gone, the next [`AudioEvent::Up`] tells more.
    /// [`PortErrorKind::Refused`]: the node will never do this.
    fn order(&self, shard: ShardId, guild: GuildId, order: PlayerOrder) -> Work<()>;
    /// Looks a query up on a healthy node.
    fn load(&self, shard: ShardId, query: Arc<str>) -> Work<Loaded>;
    /// Looks for what is related to `seed`: the mix list of its source, where that makes one, and its artist's tracks.
    /// What can't be had of the two is empty; an error says that neither could be asked for.
    fn related(&self, shard: ShardId, seed: Arc<Track>) -> Work<Related>;
    /// Leaves the connection of `shard` with `node` and builds a new one; the session is resumed, players play on.
    fn reconnect(&self, shard: ShardId, node: &NodeId);
    /// Closes the sessions of `shard` so that they can be resumed; players play on.
    fn close(&self, shard: ShardId) -> Work<()>;
}

/// Where the events of nodes go. Called on the arbiter, never blocks.
pub trait AudioSink {
    /// One event.
    fn event(&self, event: AudioEvent);
}

/// What a node's session says.
#[derive(Clone, Debug, PartialEq)]
pub enum AudioEvent {
    /// The session is up; comes before anything else of it.
    Up {
        /// The node.
        node: NodeId,
        /// Its session, to be stored.
        session: String,
        /// Whether an earlier session was resumed. Otherwise players of it are gone.
        resumed: bool,
        /// The players that the session has.
        players: Vec<(GuildId, Seen)>,
    },
    /// The session is down. `lost`: do not wait for it (refused, reset, silent, or resumed as a new one).
    Down {
        /// The node.
        node: NodeId,
        /// Whether its guilds should be moved now.
        lost: bool,
        /// For the log.
        why: String,
    },
    /// Load figures.
    Stats {
        /// The node.
        node: NodeId,
        /// Players that play, on the whole node.
        playing: u32,
        /// CPU load of the machine, 0 to 1000.
        cpu_permille: u32,
        /// Frames short or empty in the last minute, average per player.
        frame_deficit: u32,
    },
    /// Something about one guild's player.
    Guild {
        /// The node.
        node: NodeId,
        /// The guild.
        guild: GuildId,
        /// What.
        report: Report,
    },
}

// -------------------------------------------------------------------------------------------------------- gateway

/// A gateway session that can be resumed, also by another process.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct GatewaySession {
    /// Session id.
    pub id: Hidden,
    /// Where to go on. Stored, it is a low-water mark: below it every input is durable or closed.
    pub sequence: u64,
    /// Where to resume.
    pub resume_url: Option<String>,
    /// The intents that were wanted when it began, as Discord's bits. A session keeps those that it began with.
    #[serde(default = "first_intents")]
    pub intents: u64,
}

/// Guilds and voice states: all that was asked for by releases that did not write it down.
const fn first_intents() -> u64 {
    129
}

/// The gateway connections of this arbiter's shards.
pub trait Gateway {
    /// Starts `shard` of `total`, trying `session` first. Events come through `sink` in order.
    fn start(&self, shard: ShardId, total: u32, session: Option<GatewaySession>, sink: Rc<dyn GatewaySink>);
    /// The wanted voice channel of a guild; the last call wins. Waits while the shard or its send budget can't.
    fn want_voice(&self, shard: ShardId, guild: GuildId, channel: Option<ChannelId>);
    /// The session as it is now, with the newest sequence. The shard stores its low-water mark instead of that number.
    fn session(&self, shard: ShardId) -> Option<GatewaySession>;
    /// Leaves the connection of `shard` and builds a new one: with the session, or with a new one that costs an IDENTIFY.
    fn reconnect(&self, shard: ShardId, afresh: bool);
    /// Closes resumably and stops.
    fn close(&self, shard: ShardId) -> Work<()>;
}

/// Where gateway events go. Called on the arbiter by the polling task, which waits for nothing but its socket: must
/// never block.
pub trait GatewaySink {
    /// One event. `sequence` is the number that the gateway gave it; 0 for what the connection says by itself. An
    /// accepted input holds the low-water mark of its shard below its number until it is durable or closed.
    fn event(&self, sequence: u64, event: GatewayEvent);
}

/// What a shard's gateway says, decoded.
#[derive(Clone, Debug, PartialEq)]
pub enum GatewayEvent {
    /// A new session: every voice session of an older one is gone.
    Ready {
        /// Guilds of this shard.
        guilds: Vec<GuildId>,
    },
    /// The old session goes on; nothing was lost.
    Resumed,
    /// The connection is away; it is being rebuilt.
    Away {
        /// For the log.
        why: String,
    },
    /// Discord refuses for good: wrong token, intents or shard count.
    Fatal {
        /// Close code.
        code: u16,
        /// What to do.
        fix: String,
    },
    /// A guild is there, with everybody in voice.
    GuildUp {
        /// Who is where.
        seats: GuildSeats,
        /// What it is called, and what else is said of it.
        about: About,
    },
    /// A guild is called otherwise, or has another picture.
    GuildChanged {
        /// The guild.
        guild: GuildId,
        /// What is said of it now.
        about: About,
    },
    /// The guild is gone: the bot was removed. An outage does not say this.
    GuildGone {
        /// The guild.
        guild: GuildId,
    },
    /// Something for one guild: a seat, own voice, a voice server, a command.
    Input {
        /// The guild.
        guild: GuildId,
        /// Who caused it.
        cause: CauseId,
        /// What.
        input: Input,
    },
}
