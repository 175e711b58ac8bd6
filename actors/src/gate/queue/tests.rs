//! L4 and L6 at one guild's queue.

use ostinato_machine::guild::{Answer, Say, Stage, To};
use ostinato_machine::guild::{Event, Input, RECORD_VERSION, Stamped};
use ostinato_machine::ids::{CauseId, Hidden, ReplyTo, Via};
use smallvec::SmallVec;

use super::*;
use crate::marks::Marks;

const BOUND: usize = 2_000;

fn record(revision: u64, weight: usize) -> Option<Arc<Record>> {
    Some(Arc::new(Record {
        v: RECORD_VERSION,
        epoch: 1,
        revision,
        at_ms: 0,
        cause: CauseId::Order("x".repeat(weight).into()),
        events: vec![Event::Cleared],
        said: Vec::new(),
    }))
}

fn effects(marks: &Marks, sequence: u64) -> Effects {
    let stamped = Stamped {
        at_ms: 0,
        seed: 0,
        cause: CauseId::Internal,
        input: Input::Wake,
    };
    Effects {
        wanted: ostinato_machine::guild::Wanted {
            revision: sequence,
            ..Default::default()
        },
        adopted: None,
        sits: None,
        say: SmallVec::new(),
        ask: SmallVec::new(),
        closes: None,
        item: Arc::new(Item {
            stamped,
            mark: marks.open(sequence),
        }),
    }
}

/// What was released: `a` for audio, `w` for words, with the number given.
fn told(released: &[Release]) -> String {
    let mut last = 0;
    let name = |release: &Release| match release {
        Release::Outside(outside) => {
            last = outside.wanted.revision;
            format!("a{last} ")
        }
        Release::Words(_) => "w ".to_owned(),
    };
    released.iter().map(name).collect::<String>().trim_end().to_owned()
}

#[test]
fn l4_nothing_leaves_before_its_record_and_all_leaves_in_order() {
    let (mut queue, marks) = (Queue::default(), Marks::default());
    queue.push(record(1, 1), true, effects(&marks, 1), BOUND);
    queue.push(None, true, effects(&marks, 2), BOUND);
    queue.push(record(2, 1), true, effects(&marks, 3), BOUND);
    assert_eq!(told(&queue.release()), "");
    assert_eq!(marks.low_water(9), 0);
    queue.confirm(1);
    assert_eq!(told(&queue.release()), "a1 w a2 w");
    assert_eq!(marks.low_water(9), 2);
    queue.confirm(2);
    assert_eq!(told(&queue.release()), "a3 w");
    assert!(queue.is_empty());
    assert_eq!(marks.low_water(9), 9);
}

#[test]
fn l4_a_slow_commit_releases_audio_first_and_words_later_but_keeps_the_mark() {
    let (mut queue, marks) = (Queue::default(), Marks::default());
    queue.push(record(1, 1), true, effects(&marks, 1), BOUND);
    queue.push(None, true, effects(&marks, 2), BOUND);
    queue.loosen(1, Looseness::Audio);
    assert_eq!(told(&queue.release()), "a1 a2");
    queue.loosen(1, Looseness::All);
    assert_eq!(told(&queue.release()), "w w");
    assert_eq!(marks.low_water(9), 0);
    queue.confirm(1);
    assert_eq!(told(&queue.release()), "");
    assert_eq!(marks.low_water(9), 9);
}

#[test]
fn l4_an_answer_that_does_not_wait_for_its_record_says_so() {
    let answer = || {
        let reply = ReplyTo {
            id: 1,
            via: Via::Interaction {
                application: 1,
                token: Hidden::new("t"),
                component: false,
            },
            arrived_ms: 0,
            made_ms: 0,
            public: true,
        };
        Answer {
            to: To::Reply(reply),
            stage: Stage::Final,
            say: Say::Volume { percent: 80 },
        }
    };
    let said = |released: Vec<Release>| {
        let words = released.into_iter().filter_map(|release| match release {
            Release::Words(words) => Some(words.say),
            Release::Outside(_) => None,
        });
        words.flatten().map(|answer| answer.say).collect::<Vec<_>>()
    };
    let plain = Say::Volume { percent: 80 };
    let (mut queue, marks) = (Queue::default(), Marks::default());
    for sequence in 1..=2 {
        let mut effects = effects(&marks, sequence);
        effects.say.push(answer());
        queue.push(record(sequence, 1), true, effects, BOUND);
    }
    queue.confirm(1);
    assert_eq!(said(queue.release()), std::slice::from_ref(&plain));
    queue.loosen(2, Looseness::All);
    assert_eq!(said(queue.release()), [Say::Unsaved(Box::new(plain))]);
}

#[test]
fn l4_a_store_that_is_down_holds_nothing_up_and_is_given_the_records_at_its_return() {
    let (mut queue, marks) = (Queue::default(), Marks::default());
    queue.push(record(1, 1), true, effects(&marks, 1), BOUND);
    assert!(queue.fall(BOUND, false) && !queue.fall(BOUND, false));
    assert_eq!(told(&queue.release()), "a1 w");
    queue.push(record(2, 1), false, effects(&marks, 2), BOUND);
    assert_eq!(told(&queue.release()), "a2 w");
    for revision in 1..=2 {
        assert!(matches!(queue.next(), Next::Record(record, _) if record.revision == revision));
        queue.confirm(revision);
        assert_eq!(told(&queue.release()), "");
    }
    assert!(matches!(queue.next(), Next::Nothing));
    assert!(queue.is_empty());
}

#[test]
fn what_a_snapshot_stands_for_holds_the_mark_of_the_newest_gateway_session() {
    let (mut queue, marks) = (Queue::default(), Marks::default());
    queue.fall(BOUND, false);
    for revision in 1..=10 {
        if revision == 6 {
            marks.restart();
        }
        queue.push(record(revision, 500), true, effects(&marks, revision), BOUND);
        queue.release();
    }
    assert_eq!(marks.low_water(99), 5, "those of the older session mean nothing");
    queue.confirm(10);
    assert_eq!(marks.low_water(99), 99);
}

#[test]
fn l6_beyond_the_bound_one_snapshot_stands_for_all() {
    let (mut queue, marks) = (Queue::default(), Marks::default());
    queue.fall(BOUND, false);
    for revision in 1..=10 {
        queue.push(record(revision, 500), true, effects(&marks, revision), BOUND);
        assert!(!queue.release().is_empty());
    }
    assert!(queue.held.is_empty());
    assert!(matches!(queue.next(), Next::Snapshot));
    assert_eq!(marks.low_water(99), 0, "none of them is durable yet");
    queue.confirm(9);
    assert_eq!(marks.low_water(99), 0);
    queue.confirm(10);
    assert_eq!(marks.low_water(99), 99);
    queue.push(record(11, 1), true, effects(&marks, 11), BOUND);
    assert_eq!(told(&queue.release()), "a11 w");
    assert!(matches!(queue.next(), Next::Record(record, _) if record.revision == 11));
}
