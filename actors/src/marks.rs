//! The low-water mark of a gateway session: below it every input is durable or closed.
//!
//! A mark is held by the input it belongs to and closes when the last holder lets it go, so that none can be forgotten.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Open inputs of one gateway session by their sequence.
#[derive(Clone, Debug, Default)]
pub(crate) struct Marks(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    /// Rises with each new gateway session: older marks mean nothing in it.
    session: u64,
    counts: BTreeMap<u64, u32>,
}

/// Holds the low-water mark below one sequence until it is dropped.
#[derive(Debug)]
pub(crate) struct Mark {
    marks: Marks,
    session: u64,
    sequence: u64,
}

impl Marks {
    /// Opens a mark; none for what has no sequence.
    pub(crate) fn open(&self, sequence: u64) -> Option<Mark> {
        if sequence == 0 {
            return None;
        }
        let session = self.with(|open| {
            let count = open.counts.entry(sequence).or_default();
            *count = count.saturating_add(1);
            open.session
        });
        Some(Mark {
            marks: self.clone(),
            session,
            sequence,
        })
    }

    /// Forgets all marks: a new session counts anew.
    pub(crate) fn restart(&self) {
        self.with(|open| {
            open.session = open.session.saturating_add(1);
            open.counts.clear();
        });
    }

    /// The highest sequence that may be stored when `newest` is the newest one.
    pub(crate) fn low_water(&self, newest: u64) -> u64 {
        self.with(|open| open.counts.keys().next().map(|oldest| oldest.saturating_sub(1)))
            .map_or(newest, |low| low.min(newest))
    }

    fn with<T>(&self, act: impl FnOnce(&mut Open) -> T) -> T {
        act(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Mark {
    /// Whether it is of an older gateway session than `other`, and so means nothing beside it.
    pub(crate) fn is_before(&self, other: &Self) -> bool {
        self.session < other.session
    }
}

impl Drop for Mark {
    fn drop(&mut self) {
        let (session, sequence) = (self.session, self.sequence);
        self.marks.with(|open| {
            if open.session != session {
                return;
            }
            if let Some(count) = open.counts.get_mut(&sequence) {
                *count = count.saturating_sub(1);
                if *count == 0 {
                    open.counts.remove(&sequence);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mark_stays_below_the_oldest_open_input() {
        let marks = Marks::default();
        assert_eq!(marks.low_water(9), 9);
        let (five, seven) = (marks.open(5), marks.open(7));
        assert_eq!(marks.low_water(9), 4);
        drop(five);
        assert_eq!(marks.low_water(9), 6);
        drop(seven);
        assert_eq!(marks.low_water(9), 9);
        assert!(marks.open(0).is_none());
    }

    #[test]
    fn marks_of_an_older_session_mean_nothing() {
        let marks = Marks::default();
        let old = marks.open(900);
        marks.restart();
        let new = marks.open(3);
        drop(old);
        assert_eq!(marks.low_water(4), 2);
        drop(new);
        assert_eq!(marks.low_water(4), 4);
    }
}
