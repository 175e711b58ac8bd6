//! What actors and shards hand each other.

use std::sync::Arc;

use actix::Message;
use ostinato_machine::guild::{Guild, Snapshot, Stamped};
use ostinato_machine::slot::SlotInput;

use crate::marks::Mark;

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
        reference: Arc<str>,
    },
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

/// To a guild: its kept state, and whether it is to be loaded by a process that starts. `None`: there is no value.
#[derive(Message)]
#[rtype(result = "Option<(Snapshot, bool)>")]
pub(crate) struct TakeSnapshot;
