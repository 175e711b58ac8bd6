//! The slot machine's promises: nothing accepted is lost, poison dies once, every state ends by a deadline.
#![expect(clippy::arithmetic_side_effects, clippy::panic, reason = "tests may fail loudly")]

use std::sync::Arc;

use proptest::prelude::*;

use super::*;

mod order;

/// A slot with its surroundings, and what became of every input.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) slot: Slot<u64>,
    policy: SlotPolicy,
    tokens: Tokens,
    incarnations: u64,
    pub(super) now_ms: u64,
    next: u64,
    pub(super) accepted: usize,
    pub(super) applied: Vec<u64>,
    pub(super) refused: Vec<u64>,
    pub(super) dead: Vec<u64>,
    pub(super) log: Vec<SlotOutput<u64>>,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self {
            slot: Slot::default(),
            policy: SlotPolicy::default(),
            tokens: Tokens::new(20, 20),
            incarnations: 0,
            now_ms: 1_000,
            next: 0,
            accepted: 0,
            applied: Vec::new(),
            refused: Vec::new(),
            dead: Vec::new(),
            log: Vec::new(),
        }
    }

    pub(super) fn step(&mut self, input: SlotInput) -> Vec<SlotOutput<u64>> {
        self.with(|slot, context, out| slot.step(context, input, out)).1
    }

    /// Does something to the slot and books what leaves it.
    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Slot<u64>, &mut SlotContext<'_>, &mut Vec<SlotOutput<u64>>) -> T,
    ) -> (T, Vec<SlotOutput<u64>>) {
        let mut out = Vec::new();
        let mut context = SlotContext {
            now_ms: self.now_ms,
            wall_ms: self.now_ms,
            chance: 20,
            policy: &self.policy,
            tokens: &mut self.tokens,
            incarnations: &mut self.incarnations,
        };
        let done = act(&mut self.slot, &mut context, &mut out);
        self.book(&out);
        (done, out)
    }

    fn book(&mut self, out: &[SlotOutput<u64>]) {
        for output in out {
            match output {
                SlotOutput::Refuse { input, .. } => self.refused.push(**input),
                SlotOutput::DeadLetter { input, .. } => self.dead.push(**input),
                SlotOutput::Load { .. }
                | SlotOutput::Start { .. }
                | SlotOutput::Deliver { .. }
                | SlotOutput::Save { .. }
                | SlotOutput::Retire { .. }
                | SlotOutput::End { .. }
                | SlotOutput::Drop
                | SlotOutput::BackingOff { .. }
                | SlotOutput::Parked { .. } => {}
            }
        }
        self.log.extend(out.iter().cloned());
    }

    pub(super) fn order(&mut self, order: SlotOrder) -> Result<(), NotNow> {
        self.with(|slot, context, out| slot.order(context, order, Arc::from("order"), out))
            .0
    }

    pub(super) fn offer(&mut self, command: bool) -> Result<(), Refused> {
        self.next += 1;
        let result = self.slot.offer(self.next, Arc::new(self.next), command, &self.policy);
        self.accepted += usize::from(result.is_ok());
        self.step(SlotInput::Tick);
        result
    }

    /// Answers a load, the first input of an incarnation and so on, until the slot is live and has applied everything.
    pub(super) fn settle(&mut self) {
        for _ in 0..2_000 {
            match self.slot.phase() {
                Phase::Loading => {
                    let attempt = self.slot.attempts;
                    self.step(SlotInput::Loaded { attempt });
                }
                Phase::Live | Phase::Yielding | Phase::Stopping if self.slot.in_flight().is_some() => self.apply(),
                Phase::Yielding => self.yields(true),
                Phase::Passivating => {
                    let incarnation = self.incarnations;
                    self.step(SlotInput::Saved {
                        incarnation,
                        saved: true,
                    });
                }
                Phase::BackingOff => {
                    self.now_ms = self.slot.due_ms().unwrap_or(self.now_ms).max(self.now_ms);
                    self.step(SlotInput::Tick);
                }
                Phase::Cold | Phase::Live | Phase::Parked | Phase::Stopping | Phase::Stopped => return,
            }
        }
        panic!("the slot never settles: {:?}", self.slot);
    }

    pub(super) fn yields(&mut self, keep: bool) {
        let incarnation = self.slot.incarnation().unwrap_or(0);
        self.step(SlotInput::Yielded { incarnation, keep });
    }

    pub(super) fn apply(&mut self) {
        let Some(seq) = self.slot.in_flight() else { return };
        let incarnation = self.incarnations;
        if seq > 0 {
            self.applied.push(seq);
        }
        self.step(SlotInput::Applied { incarnation, seq });
    }

    pub(super) fn die(&mut self, keep: bool) {
        let incarnation = self.incarnations;
        let reference = Arc::from("r");
        self.step(SlotInput::Died {
            incarnation,
            keep,
            reference,
        });
    }
}

#[test]
fn a_command_for_a_sleeping_guild_wakes_it_and_is_delivered_after_the_facts() {
    let mut bench = Bench::new();
    assert_eq!(bench.offer(true), Ok(()));
    bench.settle();
    let kinds: Vec<_> = bench
        .log
        .iter()
        .map(|output| {
            format!("{output:?}")
                .split([' ', '{'])
                .next()
                .map(str::to_owned)
                .unwrap_or_default()
        })
        .collect();
    assert_eq!(kinds, ["Load", "Start", "Deliver"]);
    assert_eq!(bench.applied, [1]);
}

#[test]
fn p5_poison_dies_once_and_what_is_behind_it_proceeds() {
    let mut bench = Bench::new();
    for _ in 0..3 {
        assert_eq!(bench.offer(true), Ok(()));
    }
    let attempt = bench.slot.attempts;
    bench.step(SlotInput::Loaded { attempt });
    bench.apply();
    bench.die(true);
    let died_at = bench.now_ms;
    bench.settle();
    assert_eq!((bench.dead.clone(), bench.applied.clone()), (vec![1], vec![2, 3]));
    assert!(bench.now_ms - died_at <= 300);
}

#[test]
fn p7_every_held_input_is_answered_when_the_budget_is_spent() {
    let mut bench = Bench::new();
    bench.policy.restart.budget = 0;
    let accepted = (0..300).filter(|_| bench.offer(true).is_ok()).count();
    assert_eq!(accepted, 256);
    let attempt = bench.slot.attempts;
    bench.step(SlotInput::Loaded { attempt });
    bench.apply();
    bench.die(false);
    assert_eq!(bench.slot.phase(), Phase::Parked);
    assert_eq!(bench.refused.len() + bench.dead.len(), 256);
    assert!(matches!(bench.offer(true), Err(Refused::Parked(_))));
}

#[test]
fn a_probe_that_dies_parks_again_at_the_next_distance() {
    let mut bench = Bench::new();
    bench.policy.restart.budget = 0;
    assert_eq!(bench.offer(true), Ok(()));
    let attempt = bench.slot.attempts;
    bench.step(SlotInput::Loaded { attempt });
    bench.die(false);
    for distance in [300_000, 900_000, 3_600_000, 3_600_000] {
        assert_eq!(bench.slot.due_ms(), Some(bench.now_ms + distance));
        bench.now_ms += distance;
        bench.step(SlotInput::Tick);
        let attempt = bench.slot.attempts;
        let out = bench.step(SlotInput::Loaded { attempt });
        assert!(matches!(out.as_slice(), [SlotOutput::Start { cold: true, .. }]));
        bench.die(false);
    }
}

#[test]
fn p10_a_load_that_never_ends_is_left_by_its_deadline_and_said_so() {
    let mut bench = Bench::new();
    assert_eq!(bench.offer(true), Ok(()));
    assert_eq!(bench.slot.phase(), Phase::Loading);
    bench.now_ms += 2_000;
    bench.step(SlotInput::Tick);
    assert_eq!(bench.slot.phase(), Phase::Cold);
    assert_eq!(bench.refused, [1]);
    let late = bench.slot.attempts;
    assert!(bench.step(SlotInput::Loaded { attempt: late }).is_empty());
}

#[test]
fn an_unreachable_store_is_no_empty_guild() {
    let mut bench = Bench::new();
    bench.step(SlotInput::Activate);
    let attempt = bench.slot.attempts;
    let fault = LoadFault::Unreachable;
    bench.step(SlotInput::LoadFailed { attempt, fault });
    assert_eq!(bench.slot.phase(), Phase::BackingOff);
    assert!(
        !bench
            .log
            .iter()
            .any(|output| matches!(output, SlotOutput::Start { .. }))
    );
    bench.settle();
    assert_eq!(bench.slot.phase(), Phase::Live);
}

#[test]
fn what_this_release_cannot_read_is_parked_and_never_started() {
    let mut bench = Bench::new();
    assert_eq!(bench.offer(true), Ok(()));
    let attempt = bench.slot.attempts;
    let fault = LoadFault::Unreadable {
        reference: Arc::from("r"),
    };
    bench.step(SlotInput::LoadFailed { attempt, fault });
    assert_eq!(bench.slot.phase(), Phase::Parked);
    assert_eq!(bench.refused, [1]);
}

#[test]
fn p3_late_news_of_an_earlier_incarnation_changes_nothing() {
    let mut bench = Bench::new();
    assert_eq!(bench.offer(true), Ok(()));
    let attempt = bench.slot.attempts;
    bench.step(SlotInput::Loaded { attempt });
    let old = bench.incarnations;
    bench.die(true);
    bench.now_ms = bench.slot.due_ms().unwrap_or(0);
    bench.step(SlotInput::Tick);
    let before = bench.slot.clone();
    bench.step(SlotInput::Applied {
        incarnation: old,
        seq: 0,
    });
    bench.step(SlotInput::Died {
        incarnation: old,
        keep: false,
        reference: Arc::from("late"),
    });
    assert_eq!(bench.slot, before);
}

#[test]
fn an_input_that_comes_while_falling_asleep_wakes_the_same_actor() {
    let mut bench = Bench::new();
    bench.step(SlotInput::Activate);
    bench.settle();
    bench.step(SlotInput::Passivate);
    assert_eq!(bench.offer(true), Ok(()));
    bench.settle();
    assert_eq!(bench.applied, [1]);
    assert_eq!(bench.slot.phase(), Phase::Live);
    bench.step(SlotInput::Passivate);
    bench.settle();
    assert!(bench.slot.is_idle_cold());
}

#[derive(Clone, Debug)]
enum Act {
    Offer(bool),
    Apply,
    Die(bool),
    Load(bool),
    Pass(u64),
    Sleep,
    Save(bool),
    Late,
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        6 => any::<bool>().prop_map(Act::Offer),
        6 => Just(Act::Apply),
        2 => any::<bool>().prop_map(Act::Die),
        3 => any::<bool>().prop_map(Act::Load),
        3 => (1_u64..40_000).prop_map(Act::Pass),
        1 => Just(Act::Sleep),
        1 => any::<bool>().prop_map(Act::Save),
        1 => Just(Act::Late),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    /// P2 and P3 of one slot: accepted = applied + refused + dead-lettered + still held, nothing twice, order kept.
    #[test]
    fn p2_accepted_inputs_are_applied_refused_dead_lettered_or_held(acts in prop::collection::vec(act(), 1..200), stop in any::<bool>()) {
        let mut bench = Bench::new();
        let mut accepted = Vec::new();
        for act in acts {
            let incarnation = bench.slot.incarnation().unwrap_or(0);
            let attempt = bench.slot.attempts;
            match act {
                Act::Offer(command) => if bench.offer(command).is_ok() { accepted.push(bench.next) },
                Act::Apply => bench.apply(),
                Act::Die(keep) => bench.die(keep),
                Act::Load(true) => { bench.step(SlotInput::Loaded { attempt }); }
                Act::Load(false) => { bench.step(SlotInput::LoadFailed { attempt, fault: LoadFault::Unreachable }); }
                Act::Pass(ms) => { bench.now_ms += ms; bench.step(SlotInput::Tick); }
                Act::Sleep => { bench.step(SlotInput::Passivate); }
                Act::Save(saved) => { bench.step(SlotInput::Saved { incarnation, saved }); }
                Act::Late => { bench.step(SlotInput::Applied { incarnation: incarnation.wrapping_sub(1), seq: 1 }); }
            }
            let closed = bench.applied.len() + bench.refused.len() + bench.dead.len();
            prop_assert_eq!(accepted.len(), closed + bench.slot.held());
        }
        if stop {
            bench.step(SlotInput::Stop);
            bench.settle();
            prop_assert_eq!(bench.slot.phase(), Phase::Stopped);
            prop_assert_eq!(bench.slot.held(), 0);
        }
        prop_assert!(bench.applied.is_sorted());
        let mut all: Vec<u64> = bench.applied.iter().chain(&bench.refused).chain(&bench.dead).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        prop_assert_eq!(all.len(), count);
    }
}

#[test]
fn what_a_node_said_before_the_guild_ran_comes_ahead_of_the_commands_that_waited() {
    let mut bench = Bench::new();
    assert_eq!(bench.offer(true), Ok(()));
    for report in [71, 72] {
        assert_eq!(bench.slot.offer_report(report, Arc::new(report), &bench.policy), Ok(()));
    }
    assert_eq!(bench.offer(true), Ok(()));
    bench.settle();
    assert_eq!(bench.slot.offer_report(73, Arc::new(73), &bench.policy), Ok(()));
    bench.step(SlotInput::Tick);
    bench.settle();
    assert_eq!(bench.applied, [71, 72, 1, 2, 73]);
}
