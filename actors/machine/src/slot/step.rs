//! The steps of the slot machine. Must never panic.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use super::{LoadFault, Refused, Slot, SlotContext, SlotInput, SlotOutput, State};

impl<I> Slot<I> {
    /// One step. What should be done is appended to `out`, in order.
    pub fn step(&mut self, context: &mut SlotContext<'_>, input: SlotInput, out: &mut Vec<SlotOutput<I>>) {
        match input {
            SlotInput::Tick => self.tick(context, out),
            SlotInput::Activate => {
                if matches!(self.state, State::Cold) {
                    self.wanted = true;
                    self.load(context, false, out);
                }
            }
            SlotInput::Loaded { attempt } => {
                if let State::Loading {
                    attempt: mine, cold, ..
                } = self.state
                    && mine == attempt
                {
                    self.load_failures = 0;
                    self.start(context, cold, out);
                }
            }
            SlotInput::LoadFailed { attempt, fault } => {
                if let State::Loading {
                    attempt: mine, cold, ..
                } = self.state
                    && mine == attempt
                {
                    match fault {
                        LoadFault::Unreachable => self.unreachable(context, cold, out),
                        LoadFault::Unreadable { reference } => self.park_and_probe(context, reference, out),
                    }
                }
            }
            SlotInput::Applied { incarnation, seq } => self.applied(context, incarnation, seq, out),
            SlotInput::Died {
                incarnation,
                keep,
                reference,
            } => {
                if self.incarnation() == Some(incarnation) {
                    self.died(context, keep, reference, out);
                }
            }
            SlotInput::Yielded { incarnation, keep } => self.yielded(context, incarnation, keep, out),
            SlotInput::Passivate => {
                if let State::Live {
                    incarnation,
                    restoring: false,
                    ..
                } = self.state
                    && self.held() == 0
                {
                    let deadline_ms = context.now_ms.saturating_add(context.policy.save_deadline_ms);
                    self.state = State::Passivating {
                        incarnation,
                        deadline_ms,
                    };
                    out.push(SlotOutput::Save { incarnation });
                }
            }
            SlotInput::Saved { incarnation, saved } => {
                if let State::Passivating { incarnation: mine, .. } = self.state
                    && mine == incarnation
                {
                    self.saved(context, incarnation, saved, out);
                }
            }
            SlotInput::Stop => self.stop(context, out),
        }
    }

    fn tick(&mut self, context: &mut SlotContext<'_>, out: &mut Vec<SlotOutput<I>>) {
        match self.state {
            State::Cold => {
                if !self.inbox.is_empty() {
                    self.load(context, false, out);
                }
            }
            State::Loading { deadline_ms, cold, .. } => {
                if context.now_ms >= deadline_ms {
                    self.unreachable(context, cold, out);
                }
            }
            State::Live { .. } | State::Stopping { .. } => self.pump(out),
            State::BackingOff {
                until_ms,
                hot,
                cold,
                admitted,
            } => {
                if context.now_ms >= until_ms {
                    self.restart(context, hot, cold, admitted, out);
                }
            }
            State::Yielding { deadline_ms, .. } => {
                if context.now_ms >= deadline_ms {
                    self.unyielding(context, out);
                }
            }
            State::Passivating {
                incarnation,
                deadline_ms,
            } => {
                if context.now_ms >= deadline_ms {
                    self.saved(context, incarnation, false, out);
                }
            }
            State::Parked { probe_at_ms, .. } => {
                if probe_at_ms.is_some_and(|at| context.now_ms >= at) {
                    self.wanted = true;
                    self.state = State::BackingOff {
                        until_ms: context.now_ms,
                        hot: false,
                        cold: true,
                        admitted: false,
                    };
                    self.tick(context, out);
                }
            }
        }
    }

    pub(super) fn load(&mut self, context: &SlotContext<'_>, cold: bool, out: &mut Vec<SlotOutput<I>>) {
        self.attempts = self.attempts.saturating_add(1);
        let attempt = self.attempts;
        let deadline_ms = context.now_ms.saturating_add(context.policy.load_deadline_ms);
        self.state = State::Loading {
            attempt,
            deadline_ms,
            cold,
        };
        out.push(SlotOutput::Load { attempt });
    }

    pub(super) fn start(&mut self, context: &mut SlotContext<'_>, cold: bool, out: &mut Vec<SlotOutput<I>>) {
        let incarnation = context.incarnations.saturating_add(1).max(context.wall_ms);
        *context.incarnations = incarnation;
        self.wanted = false;
        self.state = State::Live {
            incarnation,
            since_ms: context.now_ms,
            restoring: true,
            useful: false,
        };
        out.push(SlotOutput::Start { incarnation, cold });
    }

    fn restart(
        &mut self,
        context: &mut SlotContext<'_>,
        hot: bool,
        cold: bool,
        admitted: bool,
        out: &mut Vec<SlotOutput<I>>,
    ) {
        if !admitted {
            let good_at_ms = context.tokens.reserve(context.now_ms);
            if good_at_ms > context.now_ms {
                self.state = State::BackingOff {
                    until_ms: good_at_ms,
                    hot,
                    cold,
                    admitted: true,
                };
                return;
            }
        }
        if hot {
            self.start(context, cold, out);
        } else {
            self.load(context, cold, out);
        }
    }

    /// Nothing is known about the guild: whoever waits is told so, facts wait for the next attempt.
    fn unreachable(&mut self, context: &mut SlotContext<'_>, cold: bool, out: &mut Vec<SlotOutput<I>>) {
        let facts = self.inbox.iter().filter(|held| !held.command).count();
        let mut kept = std::collections::VecDeque::with_capacity(facts);
        for held in self.inbox.drain(..) {
            if held.command {
                out.push(SlotOutput::Refuse {
                    input: held.input,
                    why: Refused::StoreDown,
                });
            } else {
                kept.push_back(held);
            }
        }
        self.inbox = kept;
        if self.inbox.is_empty() && !self.wanted {
            self.state = State::Cold;
            return;
        }
        let delay = context.policy.store.delay_ms(self.load_failures, context.chance);
        self.load_failures = self.load_failures.saturating_add(1);
        self.state = State::BackingOff {
            until_ms: context.now_ms.saturating_add(delay),
            hot: false,
            cold,
            admitted: false,
        };
    }

    fn applied(&mut self, context: &SlotContext<'_>, incarnation: u64, seq: u64, out: &mut Vec<SlotOutput<I>>) {
        if self.incarnation() != Some(incarnation) || self.in_flight() != Some(seq) {
            return;
        }
        match &mut self.state {
            State::Live {
                restoring,
                useful,
                since_ms,
                ..
            } => {
                if *restoring {
                    *restoring = false;
                } else {
                    *useful = true;
                    self.in_flight = None;
                }
                let alive_ms = context.now_ms.saturating_sub(*since_ms);
                if *useful && alive_ms >= context.policy.restart.healthy_ms {
                    self.probes = 0;
                }
            }
            State::Yielding { restoring, .. } | State::Stopping { restoring, .. } => {
                if *restoring {
                    *restoring = false;
                } else {
                    self.in_flight = None;
                }
            }
            State::Cold
            | State::Loading { .. }
            | State::BackingOff { .. }
            | State::Passivating { .. }
            | State::Parked { .. } => {}
        }
        self.ask_to_end(out);
        self.pump(out);
    }

    /// Gives the next input, one at a time; a stopping slot ends when nothing is left.
    fn pump(&mut self, out: &mut Vec<SlotOutput<I>>) {
        let incarnation = match self.state {
            State::Live {
                incarnation,
                restoring: false,
                ..
            }
            | State::Stopping {
                incarnation: Some(incarnation),
                restoring: false,
            } => incarnation,
            State::Cold
            | State::Loading { .. }
            | State::Live { .. }
            | State::BackingOff { .. }
            | State::Yielding { .. }
            | State::Passivating { .. }
            | State::Parked { .. }
            | State::Stopping { .. } => return,
        };
        if self.in_flight.is_some() {
            return;
        }
        if let Some(held) = self.inbox.pop_front() {
            out.push(SlotOutput::Deliver {
                incarnation,
                seq: held.seq,
                input: Arc::clone(&held.input),
            });
            self.in_flight = Some(held);
        } else if matches!(self.state, State::Stopping { .. }) {
            self.state = State::Stopping {
                incarnation: None,
                restoring: false,
            };
            out.push(SlotOutput::End { incarnation });
        }
    }

    fn saved(&mut self, context: &SlotContext<'_>, incarnation: u64, saved: bool, out: &mut Vec<SlotOutput<I>>) {
        if saved && self.inbox.is_empty() {
            self.state = State::Cold;
            out.push(SlotOutput::End { incarnation });
            out.push(SlotOutput::Drop);
            return;
        }
        // Somebody came in the meantime, or the snapshot could not be written: the actor and its value are still there.
        self.state = State::Live {
            incarnation,
            since_ms: context.now_ms,
            restoring: false,
            useful: false,
        };
        self.pump(out);
    }

    fn stop(&mut self, _context: &SlotContext<'_>, out: &mut Vec<SlotOutput<I>>) {
        match self.state {
            State::Live {
                incarnation, restoring, ..
            } => {
                self.state = State::Stopping {
                    incarnation: Some(incarnation),
                    restoring,
                };
                self.pump(out);
            }
            State::Passivating { incarnation, .. } => {
                self.state = State::Stopping {
                    incarnation: Some(incarnation),
                    restoring: false,
                };
                self.pump(out);
            }
            State::Yielding {
                incarnation,
                restoring,
                asked: false,
                ..
            } => {
                self.state = State::Stopping {
                    incarnation: Some(incarnation),
                    restoring,
                };
                self.pump(out);
            }
            State::Yielding {
                incarnation,
                asked: true,
                ..
            } => {
                // It has nothing in hand and ends already; whoever waits is told.
                out.push(SlotOutput::End { incarnation });
                self.stop_at_once(out);
            }
            State::Cold | State::Loading { .. } | State::BackingOff { .. } | State::Parked { .. } => {
                self.stop_at_once(out);
            }
            State::Stopping { .. } => {}
        }
    }

    pub(super) fn stop_at_once(&mut self, out: &mut Vec<SlotOutput<I>>) {
        self.refuse_all(&Refused::Stopping, out);
        self.state = State::Stopping {
            incarnation: None,
            restoring: false,
        };
    }

    pub(super) fn refuse_all(&mut self, why: &Refused, out: &mut Vec<SlotOutput<I>>) {
        for held in self.inbox.drain(..) {
            out.push(SlotOutput::Refuse {
                input: held.input,
                why: why.clone(),
            });
        }
    }
}
