//! One guild's queue at the gate. Plain data.

use std::collections::VecDeque;
use std::sync::Arc;

use ostinato_machine::guild::{Record, Said};

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

    /// The store failed. Tells whether that is news. `refused`: it will never take this record.
    pub(super) fn fall(&mut self, bound: usize, refused: bool) -> bool {
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
        if refused {
            self.stand_in();
        }
        news
    }

    /// A snapshot is written in the stead of what waits.
    pub(super) fn stand_in(&mut self) {
        self.snapshot = true;
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

    /// Answers that wait for their records.
    pub(super) fn unsaid(&self, now_ms: u64) -> Vec<Said> {
        let words = self.held.iter().filter_map(|held| held.words.as_ref());
        words.flat_map(|words| Said::of(&words.say, now_ms)).collect()
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
mod tests;
