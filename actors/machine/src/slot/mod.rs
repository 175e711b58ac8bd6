//! The slot machine: should this guild's actor run, wait, restart, park or sleep?
//!
//! A slot holds what was accepted for one guild until it is applied, refused or dead-lettered, and gives the guild one
//! input at a time. It belongs to the error kernel: plain data, no clock, and it must never panic. Every state answers
//! every input: deliver, hold, refuse with a reason, or dead-letter.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod death;
mod facts;
mod io;
mod order;
#[cfg(test)]
mod random;
mod refused;
mod step;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use crate::restart::{Budget, RestartPolicy, Tokens};
pub use facts::SlotFacts;
pub use io::{LoadFault, SlotInput, SlotOutput};
use order::Then;
pub use order::{NotNow, SlotOrder};
pub use refused::Refused;

/// Bounds, budgets and deadlines of a slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotPolicy {
    /// Restarts of the guild.
    pub restart: RestartPolicy,
    /// Attempts to load while the store can't be reached.
    pub store: RestartPolicy,
    /// Most inputs that wait.
    pub inbox: usize,
    /// Further room that only facts may take: a refused fact is made good much later than a refused command.
    pub fact_reserve: usize,
    /// Longest load, ms.
    pub load_deadline_ms: u64,
    /// Longest save before sleep, ms.
    pub save_deadline_ms: u64,
    /// How long an actor that is to end may take over the input that it has, ms.
    pub yield_deadline_ms: u64,
}

impl Default for SlotPolicy {
    fn default() -> Self {
        Self {
            restart: RestartPolicy::guild(),
            store: RestartPolicy::store(),
            inbox: 256,
            fact_reserve: 64,
            load_deadline_ms: 2_000,
            save_deadline_ms: 5_000,
            yield_deadline_ms: 1_000,
        }
    }
}

/// What a step may use that is not the slot's own.
#[derive(Debug)]
pub struct SlotContext<'a> {
    /// Time that only rises, ms.
    pub now_ms: u64,
    /// Wall-clock time, ms.
    pub wall_ms: u64,
    /// Chance for jitter.
    pub chance: u64,
    /// Bounds, budgets and deadlines.
    pub policy: &'a SlotPolicy,
    /// Restart tokens of the shard.
    pub tokens: &'a mut Tokens,
    /// Newest incarnation number of the shard: numbers rise over the life of a guild and over processes.
    pub incarnations: &'a mut u64,
}

/// An accepted input.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Held<I> {
    seq: u64,
    input: Arc<I>,
    command: bool,
    early: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum State {
    /// No actor, no value.
    Cold,
    /// The store was asked.
    Loading { attempt: u64, deadline_ms: u64, cold: bool },
    /// The actor runs. `restoring`: its first input is under way.
    Live {
        incarnation: u64,
        since_ms: u64,
        restoring: bool,
        useful: bool,
    },
    /// Waits for a restart. `hot`: the value is at hand. `admitted`: it has its restart token.
    BackingOff {
        until_ms: u64,
        hot: bool,
        cold: bool,
        admitted: bool,
    },
    /// The actor ends by order once it has nothing in hand. `asked`: it was told to.
    Yielding {
        incarnation: u64,
        restoring: bool,
        asked: bool,
        then: Then,
        reference: Arc<str>,
        deadline_ms: u64,
    },
    /// A snapshot is being written before sleep.
    Passivating { incarnation: u64, deadline_ms: u64 },
    /// Given up until the next probe, if there is one.
    Parked {
        reference: Arc<str>,
        probe_at_ms: Option<u64>,
    },
    /// Finishes what is held; `None`: finished.
    Stopping { incarnation: Option<u64>, restoring: bool },
}

/// The name of a slot's state, for logs and consoles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// No actor, nothing held.
    Cold,
    /// The store was asked.
    Loading,
    /// The actor runs.
    Live,
    /// Waits for a restart.
    BackingOff,
    /// Its actor is being replaced by order.
    Yielding,
    /// Is being put to sleep.
    Passivating,
    /// Given up until the next probe.
    Parked,
    /// Finishes what is held before the process ends.
    Stopping,
    /// Finished.
    Stopped,
}

/// One guild's slot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slot<I> {
    state: State,
    inbox: VecDeque<Held<I>>,
    in_flight: Option<Held<I>>,
    budget: Budget,
    attempts: u64,
    load_failures: u32,
    probes: u32,
    wanted: bool,
}

impl<I> Default for Slot<I> {
    fn default() -> Self {
        Self {
            state: State::Cold,
            inbox: VecDeque::new(),
            in_flight: None,
            budget: Budget::default(),
            attempts: 0,
            load_failures: 0,
            probes: 0,
            wanted: false,
        }
    }
}

impl<I> Slot<I> {
    /// Accepts an input, or says why not. `command`: somebody waits for an answer; others are facts. A [`SlotInput::Tick`]
    /// must follow an accepted one.
    pub fn offer(&mut self, seq: u64, input: Arc<I>, command: bool, policy: &SlotPolicy) -> Result<(), Refused> {
        match &self.state {
            State::Parked { reference, .. } => return Err(Refused::Parked(Arc::clone(reference))),
            State::Stopping { .. } => return Err(Refused::Stopping),
            State::Cold
            | State::Loading { .. }
            | State::Live { .. }
            | State::BackingOff { .. }
            | State::Yielding { .. }
            | State::Passivating { .. } => {}
        }
        let room = if command {
            policy.inbox
        } else {
            policy.inbox.saturating_add(policy.fact_reserve)
        };
        if self.held() >= room {
            return Err(Refused::Full);
        }
        self.inbox.push_back(Held {
            seq,
            input,
            command,
            early: false,
        });
        Ok(())
    }

    /// Accepts what a node says of the guild's player, as [`Self::offer`] does. Before the guild runs it goes ahead of
    /// whatever waits but earlier reports: commands that waited for the guild are to meet the player as it is.
    pub fn offer_report(&mut self, seq: u64, input: Arc<I>, policy: &SlotPolicy) -> Result<(), Refused> {
        self.offer(seq, input, false, policy)?;
        if !matches!(self.state, State::Cold | State::Loading { .. }) {
            return Ok(());
        }
        if let Some(mut held) = self.inbox.pop_back() {
            held.early = true;
            let place = self.inbox.iter().take_while(|held| held.early).count();
            self.inbox.insert(place, held);
        }
        Ok(())
    }

    /// How many accepted inputs are not closed yet.
    pub fn held(&self) -> usize {
        self.inbox.len().saturating_add(usize::from(self.in_flight.is_some()))
    }

    /// The number of the oldest accepted input that is not closed yet.
    pub fn oldest(&self) -> Option<u64> {
        self.in_flight.as_ref().or(self.inbox.front()).map(|held| held.seq)
    }

    /// When the slot wants a [`SlotInput::Tick`], ms of the rising clock.
    pub fn due_ms(&self) -> Option<u64> {
        match &self.state {
            State::Loading { deadline_ms, .. }
            | State::Yielding { deadline_ms, .. }
            | State::Passivating { deadline_ms, .. } => Some(*deadline_ms),
            State::BackingOff { until_ms, .. } => Some(*until_ms),
            State::Parked { probe_at_ms, .. } => *probe_at_ms,
            State::Cold | State::Live { .. } | State::Stopping { .. } => None,
        }
    }

    /// The state's name.
    pub fn phase(&self) -> Phase {
        match &self.state {
            State::Cold => Phase::Cold,
            State::Loading { .. } => Phase::Loading,
            State::Live { .. } => Phase::Live,
            State::BackingOff { .. } => Phase::BackingOff,
            State::Yielding { .. } => Phase::Yielding,
            State::Passivating { .. } => Phase::Passivating,
            State::Parked { .. } => Phase::Parked,
            State::Stopping {
                incarnation: Some(_), ..
            } => Phase::Stopping,
            State::Stopping { incarnation: None, .. } => Phase::Stopped,
        }
    }

    /// The incarnation whose actor should be running.
    pub fn incarnation(&self) -> Option<u64> {
        match &self.state {
            State::Live { incarnation, .. }
            | State::Yielding { incarnation, .. }
            | State::Passivating { incarnation, .. } => Some(*incarnation),
            State::Stopping { incarnation, .. } => *incarnation,
            State::Cold | State::Loading { .. } | State::BackingOff { .. } | State::Parked { .. } => None,
        }
    }

    /// The input that the actor has, by number; `Some(0)` is the first one of the incarnation.
    pub fn in_flight(&self) -> Option<u64> {
        match (&self.state, &self.in_flight) {
            (
                State::Live { restoring: true, .. }
                | State::Yielding { restoring: true, .. }
                | State::Stopping { restoring: true, .. },
                _,
            ) => Some(0),
            (_, Some(held)) => Some(held.seq),
            (_, None) => None,
        }
    }

    /// The input in flight, to be given again when a delivery got lost with its shard.
    pub fn redelivery(&self) -> Option<(u64, Arc<I>)> {
        self.in_flight.as_ref().map(|held| (held.seq, Arc::clone(&held.input)))
    }

    /// Whether nothing speaks for keeping the slot.
    pub fn is_idle_cold(&self) -> bool {
        matches!(self.state, State::Cold) && self.inbox.is_empty()
    }
}
