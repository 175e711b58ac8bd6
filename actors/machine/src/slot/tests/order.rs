//! What an operator orders.

use super::*;

fn live() -> Bench {
    let mut bench = Bench::new();
    bench.step(SlotInput::Activate);
    bench.settle();
    bench
}

#[test]
fn p13_an_ordered_restart_finishes_what_is_in_hand_and_keeps_the_rest() {
    let mut bench = live();
    for _ in 0..3 {
        assert_eq!(bench.offer(true), Ok(()));
    }
    let old = bench.incarnations;
    assert_eq!(bench.order(SlotOrder::Restart { cold: false }), Ok(()));
    assert_eq!((bench.slot.phase(), bench.slot.held()), (Phase::Yielding, 3));
    assert!(
        !bench.log.contains(&SlotOutput::Retire { incarnation: old }),
        "it has something in hand"
    );
    assert_eq!(bench.offer(true), Ok(()), "what comes meanwhile waits");
    bench.apply();
    assert!(bench.log.contains(&SlotOutput::Retire { incarnation: old }));
    bench.yields(true);
    let incarnation = bench.incarnations;
    assert!(incarnation > old);
    assert_eq!(
        bench.log.last(),
        Some(&SlotOutput::Start {
            incarnation,
            cold: false
        })
    );
    bench.settle();
    assert_eq!(bench.applied, [1, 2, 3, 4]);
    assert!(bench.refused.is_empty() && bench.dead.is_empty());
}

#[test]
fn p13_a_hundred_ordered_restarts_cost_no_budget_and_forget_deaths() {
    let mut bench = live();
    for _ in 0..5 {
        assert_eq!(bench.offer(true), Ok(()));
        bench.die(true);
        bench.settle();
    }
    assert_eq!(bench.slot.facts().restarts, 5);
    for _ in 0..100 {
        assert_eq!(bench.order(SlotOrder::Restart { cold: true }), Ok(()));
        bench.settle();
    }
    assert_eq!(bench.slot.facts().restarts, 0);
    assert_eq!(bench.offer(true), Ok(()));
    bench.die(true);
    assert_eq!(
        bench.slot.phase(),
        Phase::BackingOff,
        "the sixth death in a minute does not park it"
    );
    let rungs = bench.log.iter().rev().find_map(|output| match output {
        SlotOutput::BackingOff { rung, .. } => Some(*rung),
        SlotOutput::Load { .. }
        | SlotOutput::Start { .. }
        | SlotOutput::Deliver { .. }
        | SlotOutput::Refuse { .. }
        | SlotOutput::DeadLetter { .. }
        | SlotOutput::Save { .. }
        | SlotOutput::Retire { .. }
        | SlotOutput::End { .. }
        | SlotOutput::Drop
        | SlotOutput::Parked { .. } => None,
    });
    assert_eq!(rungs, Some(0));
}

#[test]
fn an_actor_that_does_not_end_is_left_after_its_deadline() {
    let mut bench = live();
    assert_eq!(bench.offer(true), Ok(()));
    assert_eq!(bench.order(SlotOrder::Restart { cold: false }), Ok(()));
    bench.now_ms += 1_000;
    bench.step(SlotInput::Tick);
    assert_eq!((bench.slot.phase(), bench.dead.len()), (Phase::Loading, 1));
    bench.settle();
    assert_eq!(bench.slot.phase(), Phase::Live);
}

#[test]
fn a_guild_parked_by_order_stays_so_until_it_is_released() {
    let mut bench = live();
    assert_eq!(bench.offer(true), Ok(()));
    assert_eq!(bench.order(SlotOrder::Release), Err(NotNow::NotParked));
    assert_eq!(bench.order(SlotOrder::Park), Ok(()));
    assert_eq!(bench.offer(true), Ok(()));
    bench.settle();
    assert_eq!(bench.slot.phase(), Phase::Parked);
    assert_eq!(
        (bench.applied.as_slice(), bench.refused.as_slice()),
        ([1].as_slice(), [2].as_slice())
    );
    assert_eq!(bench.slot.due_ms(), None, "no probe");
    assert_eq!(bench.order(SlotOrder::Park), Err(NotNow::Parked));
    assert!(matches!(bench.offer(true), Err(Refused::Parked(reference)) if &*reference == "order"));
    assert_eq!(bench.order(SlotOrder::Release), Ok(()));
    bench.settle();
    assert_eq!(bench.slot.phase(), Phase::Live);
    assert!(
        bench
            .log
            .iter()
            .any(|output| matches!(output, SlotOutput::Start { cold: true, .. }))
    );
}
