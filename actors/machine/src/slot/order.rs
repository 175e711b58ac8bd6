//! What an operator orders of a slot. Must never panic.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use super::{Slot, SlotContext, SlotInput, SlotOutput, State};

/// What an operator orders of a guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotOrder {
    /// End the actor after the input that it has and start it anew; what waits is given to the next one. It costs no
    /// budget and forgets earlier deaths. `cold`: queue and settings only, no player.
    Restart {
        /// Whether the player goes.
        cold: bool,
    },
    /// Run a parked guild again, cold.
    Release,
    /// Run it no more, and do not try it again, until it is released or the process ends.
    Park,
    /// Put a guild that rests to sleep.
    Passivate,
}

/// Why an order is not done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotNow {
    /// There is no actor, and nothing waits for one.
    #[error("the guild sleeps; it runs again with its next command")]
    Asleep,
    /// It is not parked.
    #[error("the guild is not parked")]
    NotParked,
    /// It was parked by order already.
    #[error("the guild is parked by order already")]
    Parked,
    /// It plays, sits in a voice channel, or has something to do.
    #[error("the guild has something to do; only one that rests can be put to sleep")]
    Busy,
    /// It is being put to sleep.
    #[error("the guild is being put to sleep; order it again in a moment")]
    Passivating,
    /// The process stops.
    #[error("the process is stopping")]
    Stopping,
}

/// What follows when an actor has ended as it was told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Start { cold: bool },
    Park,
}

impl<I> Slot<I> {
    /// Does an order, or says why not. What should be done is appended to `out`, in order. `reference`: for the user, the
    /// log and the operator.
    ///
    /// # Errors
    /// [`NotNow`] when the order does not fit the slot's state; nothing is changed then.
    pub fn order(
        &mut self,
        context: &mut SlotContext<'_>,
        order: SlotOrder,
        reference: Arc<str>,
        out: &mut Vec<SlotOutput<I>>,
    ) -> Result<(), NotNow> {
        match order {
            SlotOrder::Restart { cold } => self.order_restart(context, cold, reference, out),
            SlotOrder::Release if matches!(self.state, State::Parked { .. }) => {
                self.order_restart(context, true, reference, out)
            }
            SlotOrder::Release => Err(NotNow::NotParked),
            SlotOrder::Park => self.order_park(context, reference, out),
            SlotOrder::Passivate => match self.state {
                State::Live { restoring: false, .. } if self.held() == 0 => {
                    self.step(context, SlotInput::Passivate, out);
                    Ok(())
                }
                State::Cold => Err(NotNow::Asleep),
                State::Stopping { .. } => Err(NotNow::Stopping),
                State::Passivating { .. } => Err(NotNow::Passivating),
                State::Loading { .. }
                | State::Live { .. }
                | State::BackingOff { .. }
                | State::Yielding { .. }
                | State::Parked { .. } => Err(NotNow::Busy),
            },
        }
    }

    fn order_restart(
        &mut self,
        context: &mut SlotContext<'_>,
        cold: bool,
        reference: Arc<str>,
        out: &mut Vec<SlotOutput<I>>,
    ) -> Result<(), NotNow> {
        match &mut self.state {
            State::Cold => return Err(NotNow::Asleep),
            State::Stopping { .. } => return Err(NotNow::Stopping),
            State::Passivating { .. } => return Err(NotNow::Passivating),
            State::Loading { cold: planned, .. } => *planned |= cold,
            State::Yielding { then, .. } => {
                let planned = matches!(then, Then::Start { cold: true });
                *then = Then::Start { cold: cold || planned };
            }
            State::Live { .. } => self.retire(context, Then::Start { cold }, reference, out),
            State::BackingOff { hot, cold: planned, .. } => {
                let (hot, cold) = (*hot, cold || *planned);
                self.begin(context, hot, cold, out);
            }
            State::Parked { .. } => self.begin(context, false, true, out),
        }
        self.forgive();
        Ok(())
    }

    fn order_park(
        &mut self,
        context: &mut SlotContext<'_>,
        reference: Arc<str>,
        out: &mut Vec<SlotOutput<I>>,
    ) -> Result<(), NotNow> {
        match &mut self.state {
            State::Stopping { .. } => return Err(NotNow::Stopping),
            State::Parked { probe_at_ms: None, .. } => return Err(NotNow::Parked),
            State::Yielding { then, .. } => *then = Then::Park,
            State::Live { .. } => self.retire(context, Then::Park, reference, out),
            State::Passivating { incarnation, .. } => {
                let incarnation = *incarnation;
                out.push(SlotOutput::End { incarnation });
                self.park(None, reference, out);
            }
            State::Cold | State::Loading { .. } | State::BackingOff { .. } | State::Parked { .. } => {
                self.park(None, reference, out);
            }
        }
        Ok(())
    }

    /// Deaths of the past count no more.
    fn forgive(&mut self) {
        self.budget.reset();
        self.probes = 0;
        self.load_failures = 0;
    }

    fn retire(&mut self, context: &SlotContext<'_>, then: Then, reference: Arc<str>, out: &mut Vec<SlotOutput<I>>) {
        if let State::Live {
            incarnation, restoring, ..
        } = self.state
        {
            self.state = State::Yielding {
                incarnation,
                restoring,
                asked: false,
                then,
                reference,
                deadline_ms: context.now_ms.saturating_add(context.policy.yield_deadline_ms),
            };
            self.ask_to_end(out);
        }
    }

    /// Tells the actor to end once it has nothing in hand.
    pub(super) fn ask_to_end(&mut self, out: &mut Vec<SlotOutput<I>>) {
        if let State::Yielding {
            incarnation,
            restoring: false,
            asked,
            ..
        } = &mut self.state
            && !*asked
            && self.in_flight.is_none()
        {
            *asked = true;
            let incarnation = *incarnation;
            out.push(SlotOutput::Retire { incarnation });
        }
    }

    /// The actor ended as it was told. `keep`: its value is there.
    pub(super) fn yielded(
        &mut self,
        context: &mut SlotContext<'_>,
        incarnation: u64,
        keep: bool,
        out: &mut Vec<SlotOutput<I>>,
    ) {
        let State::Yielding {
            incarnation: mine,
            then,
            reference,
            ..
        } = &self.state
        else {
            return;
        };
        if *mine != incarnation {
            return;
        }
        match then {
            Then::Start { cold } => {
                let cold = *cold;
                self.begin(context, keep, cold, out);
            }
            Then::Park => {
                let reference = Arc::clone(reference);
                self.park(None, reference, out);
            }
        }
    }

    /// The actor did not end in time. What it had in hand may be done or not: nobody tries it again.
    pub(super) fn unyielding(&mut self, context: &mut SlotContext<'_>, out: &mut Vec<SlotOutput<I>>) {
        let State::Yielding {
            incarnation, reference, ..
        } = &self.state
        else {
            return;
        };
        let (incarnation, reference) = (*incarnation, Arc::clone(reference));
        if let Some(guilty) = self.in_flight.take() {
            out.push(SlotOutput::DeadLetter {
                seq: guilty.seq,
                input: guilty.input,
                reference,
            });
        }
        out.push(SlotOutput::End { incarnation });
        self.yielded(context, incarnation, false, out);
    }

    /// Starts at once, past budget and tokens. `hot`: the value is at hand.
    fn begin(&mut self, context: &mut SlotContext<'_>, hot: bool, cold: bool, out: &mut Vec<SlotOutput<I>>) {
        self.wanted = true;
        if hot {
            self.start(context, cold, out);
        } else {
            self.load(context, cold, out);
        }
    }
}
