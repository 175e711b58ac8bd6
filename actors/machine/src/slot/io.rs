//! What goes into a slot and what comes out of it.

use std::sync::Arc;

use super::Refused;

/// What happened to a slot, besides inputs that were offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotInput {
    /// Time went on, or an input was offered.
    Tick,
    /// The guild should run although nothing was offered.
    Activate,
    /// The guild's value is there.
    Loaded {
        /// Of which attempt.
        attempt: u64,
    },
    /// The guild's value can't be had.
    LoadFailed {
        /// Of which attempt.
        attempt: u64,
        /// Why.
        fault: LoadFault,
    },
    /// An input was applied; `seq` 0 is the first input of the incarnation.
    Applied {
        /// By which incarnation.
        incarnation: u64,
        /// Which.
        seq: u64,
    },
    /// The actor died.
    Died {
        /// Which incarnation.
        incarnation: u64,
        /// Whether the guild's value is intact.
        keep: bool,
        /// For the user, the log and the operator.
        reference: Arc<str>,
    },
    /// The actor ended as it was told.
    Yielded {
        /// Which incarnation.
        incarnation: u64,
        /// Whether the guild's value is there.
        keep: bool,
    },
    /// The guild rests: it may be put to sleep.
    Passivate,
    /// The save before sleep ended.
    Saved {
        /// Of which incarnation.
        incarnation: u64,
        /// Whether it is durable.
        saved: bool,
    },
    /// The process stops: finish what is held, accept nothing more.
    Stop,
}

/// Why a guild's value can't be had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LoadFault {
    /// The store can't be reached now. Nothing is known about the guild.
    Unreachable,
    /// What is stored can't be read by this release: nothing is guessed and nothing is overwritten.
    Unreadable {
        /// For the operator.
        reference: Arc<str>,
    },
}

/// What should be done for a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SlotOutput<I> {
    /// Read the guild from the store.
    Load {
        /// Goes back with the result.
        attempt: u64,
    },
    /// Start an actor: with the value at hand, and with the facts as its first input.
    Start {
        /// Its number.
        incarnation: u64,
        /// Queue and settings only, no player.
        cold: bool,
    },
    /// Give the guild this input.
    Deliver {
        /// To which incarnation.
        incarnation: u64,
        /// Number of the input.
        seq: u64,
        /// The input.
        input: Arc<I>,
    },
    /// Tell whoever waits for this accepted input that it will not be done.
    Refuse {
        /// The input.
        input: Arc<I>,
        /// Why.
        why: Refused,
    },
    /// This input killed the guild. It is not tried again.
    DeadLetter {
        /// Its number.
        seq: u64,
        /// The input.
        input: Arc<I>,
        /// For the user, the log and the operator.
        reference: Arc<str>,
    },
    /// Write a snapshot.
    Save {
        /// Of which incarnation.
        incarnation: u64,
    },
    /// Let the actor end and hand over its value; [`SlotInput::Yielded`] tells that it did.
    Retire {
        /// Which incarnation.
        incarnation: u64,
    },
    /// End the actor.
    End {
        /// Which incarnation.
        incarnation: u64,
    },
    /// The value at hand must not be used again.
    Drop,
    /// A restart is due.
    BackingOff {
        /// On which rung, from 0.
        rung: u32,
        /// When, ms of the rising clock.
        until_ms: u64,
    },
    /// The guild is parked.
    Parked {
        /// For the user, the log and the operator.
        reference: Arc<str>,
        /// When it is tried again, ms of the rising clock.
        probe_at_ms: Option<u64>,
    },
}
