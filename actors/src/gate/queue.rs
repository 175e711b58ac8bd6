//! One guild's queue at the gate. Plain data.

use std::collections::VecDeque;
use std::sync::Arc;

use ostinato_machine::guild::Record;

use super::{Effects, Outside, Release, Words};
use crate::messages::Item;

/// How far the effects of a revision may go before it is durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looseness {
    /// Nowhere.
    Held,
    /// Audio, voice and questions.
    Audio,
    /// Everything.
    All,
}

/// What waits for one guild.
#[derive(Default)]
pub(super) struct Queue {
    held: VecDeque<Held>,
    /// The store failed: nothing waits for it, records are written when it returns.
    down: bool,
    /// Bytes of the records that wait for the store's return.
    bytes: usize,
    /// Too much waited: a snapshot is written in their stead.
    snapshot: bool,
    /// The newest revision that is written by the snapshot only.
    dropped: u64,
    /// The first input whose record was dropped, of the newest gateway session: its mark stands for those behind it.
    oldest: Option<Arc<Item>>,
}

struct Held {
    record: Option<(Arc<Record>, bool)>,
    confirmed: bool,
    loose: Looseness,
    outside: Option<Outside>,
    words: Option<Words>,
    item: Arc<Item>,
}

impl Held {
    fn revision(&self) -> Option<u64> {
        self.record.as_ref().map(|(record, _)| record.revision)
    }
}

/// What a store that has returned is given next.
#[derive(Clone, Debug)]
pub(super) enum Next {
    /// This record.
    Record(Arc<Record>, bool),
    /// A snapshot instead of the records up to now.
    Snapshot,
    /// Nothing: it is up to date.
    Nothing,
}

impl Queue {
    pub(super) fn push(&mut self, record: Option<Arc<Record>>, awake: bool, effects: Effects, bound: usize) {
        let loose = if self.down { Looseness::All } else { Looseness::Held };
        let confirmed = record.is_none();
        if self.down
            && let Some(record) = &record
        {
            self.count(record, bound);
        }
        self.held.push_back(Held {
            record: record.map(|record| (record, awake)),
            confirmed,
            loose,
            outside: Some(Outside {
                wanted: effects.wanted,
                adopted: effects.adopted,
                sits: effects.sits,
                ask: effects.ask,
            }),
            words: Some(Words {
                say: effects.say,
                closes: effects.closes,
            }),
            item: effects.item,
        });
    }

    fn count(&mut self, record: &Record, bound: usize) {
        self.bytes = self.bytes.saturating_add(weight(record));
        if self.bytes > bound {
            self.snapshot = true;
        }
    }

    /// Takes out what may go now, in order.
    pub(super) fn release(&mut self) -> Vec<Release> {
        let mut out = Vec::new();
        let mut level = Looseness::All;
        for held in &mut self.held {
            level = level.min(if held.confirmed { Looseness::All } else { held.loose });
            if level >= Looseness::Audio {
                out.extend(held.outside.take().map(Release::Outside));
            }
            if level >= Looseness::All {
                let saved = held.confirmed;
                let words = held.words.take();
                out.extend(words.map(|words| Release::Words(if saved { words } else { words.unsaved() })));
            }
            if level == Looseness::Held {
                break;
            }
        }
        let past = |held: &mut Held| held.confirmed && held.words.is_none();
        while self.held.pop_front_if(past).is_some() {}
        if self.snapshot {
            // A snapshot speaks for them: keeping them would only fill the memory.
            let newest = self.held.iter().filter_map(Held::revision).max();
            self.dropped = self.dropped.max(newest.unwrap_or(0));
            for held in std::mem::take(&mut self.held) {
                self.hold(held.item);
            }
        }
        out
    }

    /// Holds the low-water mark at a dropped input until the snapshot is durable. One is enough, for marks rise within a
    /// gateway session.
    fn hold(&mut self, item: Arc<Item>) {
        let Some(mark) = &item.mark else { return };
        let held = self.oldest.as_ref().and_then(|oldest| oldest.mark.as_ref());
        if held.is_none_or(|held| held.is_before(mark)) {
            self.oldest = Some(item);
        }
    }

    pub(super) fn confirm(&mut self, revision: u64) {
        for held in &mut self.held {
            held.confirmed |= held.revision().is_some_and(|mine| mine <= revision);
        }
        if self.snapshot && self.dropped <= revision {
            (self.snapshot, self.bytes, self.dropped) = (false, 0, 0);
            self.oldest = None;
        }
    }

    pub(super) fn loosen(&mut self, revision: u64, to: Looseness) {
        let mine = self.held.iter_mut().find(|held| held.revision() == Some(revision));
        if let Some(held) = mine {
            held.loose = held.loose.max(to);
        }
    }

    /// The store failed. Tells whether that is news.
    pub(super) fn fall(&mut self, bound: usize) -> bool {
        let news = !self.down;
        if news {
            self.down = true;
            self.bytes = 0;
            let waiting: Vec<_> = self.unconfirmed();
            for record in waiting {
                self.count(&record, bound);
            }
        }
        for held in &mut self.held {
            held.loose = Looseness::All;
        }
        news
    }

    /// What the store is given next; the first *nothing* ends the fall.
    pub(super) fn next(&mut self) -> Next {
        if self.snapshot {
            return Next::Snapshot;
        }
        let waiting = self.held.iter().find(|held| !held.confirmed);
        if let Some((record, awake)) = waiting.and_then(|held| held.record.clone()) {
            return Next::Record(record, awake);
        }
        (self.down, self.bytes) = (false, 0);
        Next::Nothing
    }

    pub(super) fn unconfirmed(&self) -> Vec<Arc<Record>> {
        let waiting = self.held.iter().filter(|held| !held.confirmed);
        waiting
            .filter_map(|held| held.record.as_ref())
            .map(|(record, _)| Arc::clone(record))
            .collect()
    }

    pub(super) fn is_down(&self) -> bool {
        self.down
    }

    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty() && !self.down
    }
}

/// Bytes of a record as it is written.
fn weight(record: &Record) -> usize {
    serde_json::to_vec(record).map_or(usize::MAX, |bytes| bytes.len())
}

#[cfg(test)]
mod tests {
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
        assert!(queue.fall(BOUND) && !queue.fall(BOUND));
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
        queue.fall(BOUND);
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
        queue.fall(BOUND);
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
}
