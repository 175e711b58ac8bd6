//! The slot machine at random: what is always true of it, and that every wait ends.
#![expect(clippy::arithmetic_side_effects, reason = "tests may fail loudly")]

use proptest::prelude::*;

use super::tests::Bench;
use super::*;

/// What can happen to a slot.
#[derive(Clone, Debug)]
enum Act {
    Offer { command: bool },
    Applies,
    Dies { keep: bool },
    Loads,
    Unreachable,
    Unreadable,
    Passes { ms: u64 },
    Activate,
    Passivate,
    Saves { saved: bool },
    Order(SlotOrder),
    Yields { keep: bool },
    LateNews,
    LateLoad,
    Stops,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        8 => any::<bool>().prop_map(|command| Act::Offer { command }),
        8 => Just(Act::Applies),
        3 => any::<bool>().prop_map(|keep| Act::Dies { keep }),
        5 => Just(Act::Loads),
        1 => Just(Act::Unreachable),
        1 => Just(Act::Unreadable),
        4 => (1_u64..8_000).prop_map(|ms| Act::Passes { ms }),
        1 => Just(Act::Passes { ms: 400_000 }),
        1 => Just(Act::Activate),
        2 => Just(Act::Passivate),
        2 => any::<bool>().prop_map(|saved| Act::Saves { saved }),
        3 => order().prop_map(Act::Order),
        3 => any::<bool>().prop_map(|keep| Act::Yields { keep }),
        1 => Just(Act::LateNews),
        1 => Just(Act::LateLoad),
        1 => prop_oneof![9 => Just(Act::LateNews), 1 => Just(Act::Stops)],
    ]
}

fn order() -> impl Strategy<Value = SlotOrder> {
    prop_oneof![
        3 => any::<bool>().prop_map(|cold| SlotOrder::Restart { cold }),
        2 => Just(SlotOrder::Release),
        1 => Just(SlotOrder::Park),
        1 => Just(SlotOrder::Passivate),
    ]
}

impl Bench {
    fn act(&mut self, act: &Act) -> Vec<SlotOutput<u64>> {
        let incarnation = self.slot.incarnation().unwrap_or(0);
        let attempt = self.slot.attempts;
        let reference = Arc::from("r");
        match *act {
            Act::Offer { command } => {
                let _ = self.offer(command);
                Vec::new()
            }
            Act::Applies => {
                self.apply();
                Vec::new()
            }
            Act::Dies { keep } => self.step(SlotInput::Died {
                incarnation,
                keep,
                reference,
            }),
            Act::Loads => self.step(SlotInput::Loaded { attempt }),
            Act::Unreachable => self.fails(LoadFault::Unreachable),
            Act::Unreadable => self.fails(LoadFault::Unreadable { reference }),
            Act::Passes { ms } => {
                self.now_ms += ms;
                self.step(SlotInput::Tick)
            }
            Act::Activate => self.step(SlotInput::Activate),
            Act::Passivate => self.step(SlotInput::Passivate),
            Act::Saves { saved } => self.step(SlotInput::Saved { incarnation, saved }),
            Act::Order(order) => {
                let before = self.slot.clone();
                if self.order(order).is_err() {
                    assert_eq!(self.slot, before, "an order that is not done changes nothing");
                }
                Vec::new()
            }
            Act::Yields { keep } => {
                // An actor ends as it was told once it has nothing in hand.
                if self.slot.phase() == Phase::Yielding && self.slot.in_flight().is_none() {
                    self.yields(keep);
                }
                Vec::new()
            }
            Act::LateNews => self.step(SlotInput::Applied {
                incarnation: incarnation.wrapping_sub(1),
                seq: 1,
            }),
            Act::LateLoad => self.step(SlotInput::Loaded {
                attempt: attempt.wrapping_sub(1),
            }),
            Act::Stops => self.step(SlotInput::Stop),
        }
    }

    fn fails(&mut self, fault: LoadFault) -> Vec<SlotOutput<u64>> {
        let attempt = self.slot.attempts;
        self.step(SlotInput::LoadFailed { attempt, fault })
    }

    fn closed(&self) -> usize {
        self.applied.len() + self.refused.len() + self.dead.len()
    }
}

/// What has left the slot: actors start one after the other, each is given one input at a time, nothing twice.
fn orderly(log: &[SlotOutput<u64>]) -> Result<(), TestCaseError> {
    let (mut newest, mut attempts, mut delivered) = (0, 0, 0);
    for output in log {
        match output {
            SlotOutput::Load { attempt } => {
                prop_assert!(*attempt > attempts);
                attempts = *attempt;
            }
            SlotOutput::Start { incarnation, .. } => {
                prop_assert!(*incarnation > newest, "numbers rise over the life of a guild");
                newest = *incarnation;
            }
            SlotOutput::Deliver { incarnation, seq, .. } => {
                prop_assert_eq!(*incarnation, newest, "P3: nothing for an actor that is gone");
                prop_assert!(*seq > delivered, "in order, and never again");
                delivered = *seq;
            }
            SlotOutput::Save { incarnation } | SlotOutput::Retire { incarnation } | SlotOutput::End { incarnation } => {
                prop_assert_eq!(*incarnation, newest);
            }
            SlotOutput::Refuse { .. }
            | SlotOutput::DeadLetter { .. }
            | SlotOutput::Drop
            | SlotOutput::BackingOff { .. }
            | SlotOutput::Parked { .. } => {}
        }
    }
    Ok(())
}

/// P10: whoever waits for something outside waits until a time that is named, and that time ends the wait.
fn waits_end(bench: &Bench) -> Result<(), TestCaseError> {
    let waits = match bench.slot.phase() {
        Phase::Loading | Phase::BackingOff | Phase::Yielding | Phase::Passivating => true,
        // One that was parked by order waits for another order.
        Phase::Parked => bench.slot.due_ms().is_some(),
        Phase::Cold | Phase::Live | Phase::Stopping | Phase::Stopped => false,
    };
    let due_ms = bench.slot.due_ms();
    prop_assert_eq!(due_ms.is_some(), waits, "{:?}", bench.slot);
    let Some(due_ms) = due_ms else { return Ok(()) };
    prop_assert!(due_ms <= bench.now_ms + 3_600_000 * 6 / 5);
    let mut later = bench.clone();
    let phase = later.slot.phase();
    // A restart may wait for its token once more.
    for _ in 0..2 {
        later.now_ms = later.now_ms.max(later.slot.due_ms().unwrap_or(0));
        later.step(SlotInput::Tick);
        if later.slot.phase() != phase {
            return Ok(());
        }
    }
    prop_assert!(false, "{:?} does not end: {:?}", phase, later.slot);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    /// P2, P3, P7, P10 of one slot: bounded, one at a time, in order; every wait ends; and once the outside answers
    /// again, everything that was accepted is applied, refused or dead-lettered.
    #[test]
    fn p7_p10_every_wait_ends_and_everything_accepted_is_closed(acts in prop::collection::vec(act(), 1..120)) {
        let mut bench = Bench::new();
        for act in &acts {
            bench.act(act);
            let slot = &bench.slot;
            prop_assert_eq!(bench.accepted, bench.closed() + slot.held(), "P2");
            prop_assert!(slot.held() <= 256 + 64);
            match slot.phase() {
                Phase::Cold | Phase::Parked | Phase::Stopped => prop_assert_eq!(slot.held(), 0, "P7"),
                Phase::Loading
                | Phase::Live
                | Phase::BackingOff
                | Phase::Yielding
                | Phase::Passivating
                | Phase::Stopping => {}
            }
            waits_end(&bench)?;
        }
        bench.settle();
        prop_assert_eq!(bench.slot.held(), 0);
        prop_assert_eq!(bench.accepted, bench.closed(), "P7");
        orderly(&bench.log)?;
    }

    /// P6, P8 of one slot: a guild that dies on every input is restarted within its budget, each time later, and parked.
    #[test]
    fn p6_p8_a_guild_that_always_dies_is_parked_by_its_budget(keep in any::<bool>(), offers in 6..40_usize) {
        let mut bench = Bench::new();
        for _ in 0..offers {
            prop_assert_eq!(bench.offer(true), Ok(()));
        }
        let attempt = bench.slot.attempts;
        bench.step(SlotInput::Loaded { attempt });
        let (mut deaths, began) = (0, bench.now_ms);
        while bench.slot.phase() != Phase::Parked {
            match bench.slot.phase() {
                Phase::Live if bench.slot.in_flight() == Some(0) => bench.apply(),
                Phase::Live => {
                    bench.die(keep);
                    deaths += 1;
                }
                Phase::Loading => {
                    let attempt = bench.slot.attempts;
                    bench.step(SlotInput::Loaded { attempt });
                }
                Phase::Cold
                | Phase::BackingOff
                | Phase::Yielding
                | Phase::Passivating
                | Phase::Parked
                | Phase::Stopping
                | Phase::Stopped => {
                    bench.now_ms = bench.slot.due_ms().unwrap_or(bench.now_ms);
                    bench.step(SlotInput::Tick);
                }
            }
        }
        prop_assert_eq!(deaths, 6, "five restarts, and the sixth death parks");
        prop_assert!(bench.now_ms - began <= 17_050 * 6 / 5);
        prop_assert_eq!(bench.dead.len(), 6);
        prop_assert_eq!(bench.refused.len(), offers - 6);
    }
}
