//! What a death means for a slot: a restart later, or parking. Must never panic.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use super::{Refused, Slot, SlotContext, SlotOutput, State, Then};
use crate::restart::Verdict;

impl<I> Slot<I> {
    pub(super) fn died(
        &mut self,
        context: &mut SlotContext<'_>,
        keep: bool,
        reference: Arc<str>,
        out: &mut Vec<SlotOutput<I>>,
    ) {
        // By L1 the guilty input would kill again: one death condemns it.
        if let Some(guilty) = self.in_flight.take() {
            out.push(SlotOutput::DeadLetter {
                seq: guilty.seq,
                input: guilty.input,
                reference: Arc::clone(&reference),
            });
        }
        if !keep {
            out.push(SlotOutput::Drop);
        }
        let mut cold = false;
        let healthy = match &self.state {
            State::Live { since_ms, useful, .. } => {
                *useful && context.now_ms.saturating_sub(*since_ms) >= context.policy.restart.healthy_ms
            }
            State::Stopping { .. } => return self.stop_at_once(out),
            State::Yielding { then: Then::Park, .. } => return self.park(None, reference, out),
            State::Yielding {
                then: Then::Start { cold: ordered },
                ..
            } => {
                cold = *ordered;
                true
            }
            State::Passivating { .. } => true,
            State::Cold | State::Loading { .. } | State::BackingOff { .. } | State::Parked { .. } => false,
        };
        if healthy {
            self.probes = 0;
        }
        if self.probes > 0 {
            self.park_and_probe(context, reference, out);
            return;
        }
        match self.budget.death(&context.policy.restart, context.now_ms, healthy) {
            Verdict::Restart { rung } => {
                let delay = context.policy.restart.delay_ms(rung, context.chance);
                let until_ms = context.now_ms.saturating_add(delay);
                self.wanted = true;
                self.state = State::BackingOff {
                    until_ms,
                    hot: keep,
                    cold,
                    admitted: false,
                };
                out.push(SlotOutput::BackingOff { rung, until_ms });
            }
            Verdict::Exhausted => self.park_and_probe(context, reference, out),
        }
    }

    /// Parks the guild and tries it again later, each time later.
    pub(super) fn park_and_probe(
        &mut self,
        context: &SlotContext<'_>,
        reference: Arc<str>,
        out: &mut Vec<SlotOutput<I>>,
    ) {
        let delay = context.policy.restart.probe_ms(self.probes);
        self.probes = self.probes.saturating_add(1);
        let probe_at_ms = delay.map(|delay| context.now_ms.saturating_add(delay));
        self.park(probe_at_ms, reference, out);
    }

    pub(super) fn park(&mut self, probe_at_ms: Option<u64>, reference: Arc<str>, out: &mut Vec<SlotOutput<I>>) {
        self.refuse_all(&Refused::Parked(Arc::clone(&reference)), out);
        self.budget.reset();
        self.state = State::Parked {
            reference: Arc::clone(&reference),
            probe_at_ms,
        };
        out.push(SlotOutput::Drop);
        out.push(SlotOutput::Parked { reference, probe_at_ms });
    }
}
