//! The laws at random: whatever comes in, in whatever order.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::check::PHASES;
use super::random::{KINDS, Step};
use super::rig::{Rig, limits};
use super::*;

/// Sequences of a run; more with `PROPTEST_CASES`.
const SEQUENCES: u32 = 2_000;

fn steps(most: usize) -> impl Strategy<Value = (bool, Vec<Step>)> {
    let step = (0..KINDS, any::<u64>(), any::<u16>()).prop_map(|(kind, detail, pause)| Step { kind, detail, pause });
    (any::<bool>(), prop::collection::vec(step, 1..=most))
}

/// Runs `check` over random sequences, the same ones every time.
fn for_all(cases: u32, most: usize, check: impl Fn(Rig)) {
    let config = ProptestConfig {
        cases: ProptestConfig::default().cases.max(cases),
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&steps(most), |(playing, steps)| {
        let mut rig = Rig::new(playing);
        for step in steps {
            rig.step(step);
        }
        check(rig);
        Ok(())
    });
    if let Err(why) = result {
        panic!("{why}");
    }
}

#[test]
fn l1_to_l8_hold_whatever_comes_in() {
    let visited: RefCell<BTreeMap<(&str, &str), u32>> = RefCell::default();
    for_all(SEQUENCES, 60, |mut rig| {
        for pair in &rig.visited {
            *visited.borrow_mut().entry(*pair).or_default() += 1;
        }
        rig.run_out();
    });
    let visited = visited.into_inner();
    let inputs: BTreeSet<&str> = visited.keys().map(|(input, _)| *input).collect();
    assert_eq!(inputs.len(), 22 + 24, "every kind of input came: {inputs:?}");
    let all = inputs.iter().flat_map(|input| PHASES.map(|phase| (*input, phase)));
    let missed: Vec<_> = all.filter(|pair| !visited.contains_key(pair)).collect();
    println!(
        "{} pairs of input and phase visited, {} missed",
        visited.len(),
        missed.len()
    );
    assert!(missed.is_empty(), "never visited: {missed:?}");
}

#[test]
fn t2_a_run_repeated_leaves_the_same_trace() {
    let config = ProptestConfig {
        cases: 50,
        failure_persistence: None,
        ..ProptestConfig::default()
    };
    let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
    let result = TestRunner::new_with_rng(config, rng).run(&steps(60), |(playing, steps)| {
        let run = || {
            let mut rig = Rig::new(playing);
            steps.iter().for_each(|step| rig.step(*step));
            (rig.records, rig.events, rig.g)
        };
        prop_assert_eq!(run(), run());
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}

#[test]
fn journal_and_snapshot_give_the_same_guild_back_at_every_revision() {
    for_all(200, 40, |rig| {
        let text: Vec<String> = rig
            .records
            .iter()
            .map(|record| serde_json::to_string(record).expect("json"))
            .collect();
        let records: Vec<Record> = text
            .iter()
            .map(|line| serde_json::from_str(line).expect("a record"))
            .collect();
        assert_eq!(records, rig.records);
        let restore = |snapshot: Option<Snapshot>, records: &[Record]| {
            Guild::restore(GuildId(1), 1, snapshot, records, Arc::new(limits())).expect("restored")
        };
        for (index, kept) in rig.history.iter().enumerate() {
            let (head, rest) = records.split_at(index);
            let guild = restore(None, head);
            assert_eq!(guild.kept, *kept, "at revision {index}");
            let json = serde_json::to_string(&guild.snapshot()).expect("json");
            let snapshot: Snapshot = serde_json::from_str(&json).expect("a snapshot");
            // Record by record, as an operator looks at it; and written, it is the same text: what fingerprints are made of.
            let mut stepped = restore(Some(snapshot.clone()), &[]);
            for (record, kept) in rest.iter().zip(rig.history.iter().skip(index + 1)) {
                stepped.replay(record).expect("it follows");
                assert_eq!(stepped.kept, *kept, "from revision {index} on");
            }
            assert_eq!(
                restore(Some(snapshot), rest).kept,
                rig.g.kept,
                "from revision {index} on"
            );
            let text = |guild: &Guild| serde_json::to_string(guild.kept()).expect("json");
            assert_eq!(text(&stepped), text(&rig.g));
        }
    });
}

#[test]
fn a_gap_or_a_newer_release_is_refused_and_nothing_is_guessed() {
    let mut world = World::playing(&["a", "b"]);
    world.say(ANN, Command::Volume { percent: 50 });
    let restore = |records: &[Record]| Guild::restore(GuildId(1), 1, None, records, Arc::new(Limits::default()));
    let mut records = world.records.clone();
    records.remove(1);
    assert_eq!(restore(&records), Err(RestoreError::Gap { after: 1, found: 3 }));
    records = world.records.clone();
    records[2].v += 1;
    assert_eq!(
        restore(&records),
        Err(RestoreError::Newer {
            found: RECORD_VERSION + 1
        })
    );
    records = world.records.clone();
    records[1].events = vec![Event::Removed { index: 99, count: 1 }];
    let why = NotApplicable::Place;
    assert_eq!(restore(&records), Err(RestoreError::Event { revision: 2, why }));
}

#[test]
fn l2_an_event_that_does_not_fit_changes_nothing() {
    let (fits, rejected) = (RefCell::new(0), RefCell::new(0));
    let events: RefCell<Vec<Event>> = RefCell::default();
    for_all(300, 40, |rig| {
        // What other guilds went through, on this one.
        for event in events.borrow().iter().filter(|event| event.kept()) {
            let mut guild = rig.g.clone();
            match apply(&mut guild, event) {
                Ok(()) => *fits.borrow_mut() += 1,
                Err(_) => {
                    *rejected.borrow_mut() += 1;
                    assert_eq!(guild, rig.g, "{event:?}");
                }
            }
        }
        *events.borrow_mut() = rig.events;
    });
    let (fits, rejected) = (fits.into_inner(), rejected.into_inner());
    assert!(fits > 1_000 && rejected > 200, "{fits} fitted, {rejected} did not");
}

#[test]
fn l8_sixty_four_causes_are_kept_and_all_of_the_last_ten_seconds() {
    let mut world = World::playing(&["a"]);
    let volume = |world: &mut World, order: u64| {
        let command = Command::Volume {
            percent: (order % 2 + 1) as u16,
        };
        let by = Caller {
            user: ANN,
            text: TEXT,
            manager: false,
        };
        let cause = CauseId::Order(order.to_string().into());
        world
            .put_caused(
                cause,
                Input::Command {
                    command,
                    by,
                    reply: None,
                },
            )
            .ignored
    };
    for order in 0..200 {
        world.now += 100;
        assert_eq!(volume(&mut world, order), None);
    }
    assert_eq!(volume(&mut world, 101), Some(Ignored::Repeat), "9.8 s ago");
    assert_eq!(volume(&mut world, 30), None, "17 s and 170 orders ago");
    world.now += 3_600_000;
    assert_eq!(
        volume(&mut world, 199),
        Some(Ignored::Repeat),
        "an hour ago and one of 64"
    );
}

#[test]
fn a_shuffle_is_a_permutation_that_only_its_seed_decides() {
    let titles: Vec<String> = (0..40).map(|n| n.to_string()).collect();
    let titles: Vec<&str> = titles.iter().map(String::as_str).collect();
    let mut orders = BTreeSet::new();
    for seed in 0..200 {
        let world = World::playing(&titles);
        let by = Caller {
            user: ANN,
            text: TEXT,
            manager: false,
        };
        let input = Input::Command {
            command: Command::Shuffle,
            by,
            reply: None,
        };
        let i = Stamped {
            at_ms: world.now,
            seed,
            cause: CauseId::Internal,
            input,
        };
        let decision = decide(&world.g, &i);
        let [Event::Ordered { order }] = decision.events.as_slice() else {
            panic!("{decision:?}")
        };
        let mut sorted = order.clone();
        sorted.sort_unstable();
        assert!(sorted.into_iter().eq(0..39));
        orders.insert(order.clone());
    }
    assert_eq!(orders.len(), 200);
}
