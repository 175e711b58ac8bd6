//! What an operator is told of a slot. Must never panic.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use super::{Phase, Slot, State};

/// How a slot stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SlotFacts {
    /// The state's name.
    pub phase: Phase,
    /// The incarnation whose actor should be running.
    pub incarnation: Option<u64>,
    /// Since when that actor runs, ms of the rising clock.
    pub live_since_ms: Option<u64>,
    /// Accepted inputs that are not closed yet.
    pub held: usize,
    /// Restarts that count against the budget, as of the newest death.
    pub restarts: usize,
    /// When it is tried again, ms of the rising clock: a restart, or the probe of a parked guild.
    pub again_at_ms: Option<u64>,
    /// What a parked guild is spoken of by.
    pub parked: Option<Arc<str>>,
}

impl<I> Slot<I> {
    /// How the slot stands.
    pub fn facts(&self) -> SlotFacts {
        let (live_since_ms, again_at_ms, parked) = match &self.state {
            State::Live { since_ms, .. } => (Some(*since_ms), None, None),
            State::BackingOff { until_ms, .. } => (None, Some(*until_ms), None),
            State::Parked { reference, probe_at_ms } => (None, *probe_at_ms, Some(Arc::clone(reference))),
            State::Cold
            | State::Loading { .. }
            | State::Yielding { .. }
            | State::Passivating { .. }
            | State::Stopping { .. } => (None, None, None),
        };
        SlotFacts {
            phase: self.phase(),
            incarnation: self.incarnation(),
            live_since_ms,
            held: self.held(),
            restarts: self.budget.restarts(),
            again_at_ms,
            parked,
        }
    }
}
