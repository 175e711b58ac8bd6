//! What actors and shards hand each other.

use std::sync::Arc;

use actix::Message;
use ostinato_machine::guild::{Guild, GuildFacts, Snapshot, Stamped};
use ostinato_machine::ids::{ChannelId, NodeId};
use ostinato_machine::slot::{NotNow, SlotInput, SlotOrder};
use tokio::sync::oneshot;

use crate::chronicle::{Cause, Had};
use crate::marks::Mark;
use crate::record::Tape;
use crate::trail::Heard;

/// An input on its way, with the mark that it holds.
#[derive(Debug)]
pub(crate) struct Item {
    pub(crate) stamped: Stamped,
    /// Held until the input is durable or closed.
    pub(crate) mark: Option<Mark>,
}

/// What a shard has to attend to for one guild. It lies in the shard's table until the actor takes it, so that an
/// actor's death loses none.
#[derive(Debug)]
pub(crate) enum Work {
    /// A step of the slot.
    Slot(SlotInput),
    /// The guild's value was read.
    Loaded { attempt: u64, guild: Box<Guild> },
    /// An input was applied.
    Applied(Applied),
    /// The actor died; `value` is there if it is intact.
    Died {
        incarnation: u64,
        value: Option<Box<Guild>>,
        fate: Box<Fate>,
    },
    /// The actor ended as it was told; `value` is there if it had one.
    Yielded {
        incarnation: u64,
        value: Option<Box<Guild>>,
    },
    /// An operator orders something of the slot, and waits for the answer.
    Order {
        order: SlotOrder,
        reference: Arc<str>,
        answer: oneshot::Sender<Result<(), NotNow>>,
    },
}

/// How an actor died.
#[derive(Debug)]
pub(crate) struct Fate {
    pub(crate) cause: Cause,
    /// For the user, the log and the operator.
    pub(crate) reference: Arc<str>,
    /// What was said, with the place: for the log alone, it can hold what a user wrote.
    pub(crate) said: String,
    /// The input that it had in hand.
    pub(crate) input: &'static str,
    /// The inputs before, oldest first.
    pub(crate) before: Vec<Had>,
}

impl Fate {
    /// Nobody knows more than the cause.
    pub(crate) fn of(cause: Cause, reference: Arc<str>) -> Box<Self> {
        Box::new(Self {
            cause,
            reference,
            said: String::new(),
            input: "(unknown)",
            before: Vec::new(),
        })
    }

    /// Where in the code it died: what a panic says last.
    pub(crate) fn place(&self) -> Arc<str> {
        let place = self.said.rsplit_once(" at ").map(|(_, place)| place);
        place.unwrap_or_else(|| self.cause.name()).into()
    }
}

/// What the shard must know of an applied input.
#[derive(Clone, Debug)]
pub(crate) struct Applied {
    pub(crate) incarnation: u64,
    pub(crate) seq: u64,
    /// When the guild wants to be woken, wall-clock ms.
    pub(crate) wake_at_ms: Option<u64>,
    /// Whether the guild may be put to sleep after a while.
    pub(crate) restful: bool,
    /// Whether somebody had asked for it.
    pub(crate) command: bool,
    /// Tracks that wait in the guild's queue.
    pub(crate) queue: u32,
    /// The text channel that it speaks in.
    pub(crate) text: Option<ChannelId>,
    /// What is heard of it, as far as it knows.
    pub(crate) heard: Heard,
    /// The node of its wanted player.
    pub(crate) node: Option<NodeId>,
}

/// To a shard: there is work.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Attend;

/// To a guild: one input. The next one comes after the word that this one was applied.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Deliver {
    /// 0 is the first input of the incarnation.
    pub(crate) seq: u64,
    pub(crate) item: Arc<Item>,
}

/// To a guild: end, and hand over the value.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Retire;

/// To a guild: how it stands.
#[derive(Message)]
#[rtype(result = "Option<Box<Looked>>")]
pub(crate) struct Look;

/// How a guild stands, as its actor tells it.
#[derive(Clone, Debug)]
pub(crate) struct Looked {
    pub(crate) state: GuildFacts,
    /// The fingerprint of what it keeps.
    pub(crate) hash: u64,
    /// The newest inputs, oldest first.
    pub(crate) had: Vec<Had>,
}

/// To a guild: record on this tape from now on. `false`: it is recorded already, or has no value.
#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct RecordTo(pub(crate) Tape);

/// To a guild: its kept state, and whether it is to be loaded by a process that starts. `None`: there is no value.
#[derive(Message)]
#[rtype(result = "Option<(Snapshot, bool)>")]
pub(crate) struct TakeSnapshot;
