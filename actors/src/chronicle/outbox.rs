//! What is to be stored of the chronicle. Whoever notes something never waits: what finds no room is lost to the store,
//! and that is said and counted.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::ports::{Audit, Told};

/// Most entries that wait. A mass death of a full shard fits in.
const ROOM: usize = 8_192;

#[derive(Debug, Default)]
struct Waiting {
    entries: VecDeque<Audit>,
    newest: u64,
    /// Losses that were not said yet.
    unsaid: u64,
}

/// Entries on their way to the store.
#[derive(Debug, Default)]
pub struct Outbox {
    waiting: Mutex<Waiting>,
    changed: Notify,
    stored: AtomicU64,
    lost: AtomicU64,
}

impl Outbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn put(&self, told: Told) {
        let mut waiting = self.waiting();
        if waiting.entries.len() >= ROOM {
            self.lost.fetch_add(1, Ordering::Relaxed);
            waiting.unsaid = waiting.unsaid.saturating_add(1);
            if waiting.unsaid == 1 {
                tracing::error!(
                    waiting = ROOM,
                    "the audit can't be stored and no more of it can wait: it stands in the log alone"
                );
            }
            return;
        }
        let id = Audit::first_of(told.at_ms()).max(waiting.newest.saturating_add(1));
        waiting.newest = id;
        waiting.entries.push_back(Audit { id, told });
        drop(waiting);
        self.changed.notify_waiters();
    }

    /// What waits, and what comes later, has higher numbers than this one, whatever the clock says. To be said before
    /// anything of it is stored.
    pub(crate) fn follow(&self, id: u64) {
        let mut waiting = self.waiting();
        let mut newest = id;
        for entry in &mut waiting.entries {
            entry.id = entry.id.max(newest.saturating_add(1));
            newest = entry.id;
        }
        waiting.newest = newest;
    }

    /// The oldest entries. They stay until they are [`Self::done`].
    pub(crate) fn oldest(&self, most: usize) -> Vec<Audit> {
        self.waiting().entries.iter().take(most).cloned().collect()
    }

    /// So many of the oldest are stored, or never will be. Tells how many were lost since the last time.
    pub(crate) fn done(&self, count: usize, stored: bool) -> u64 {
        let mut waiting = self.waiting();
        let count = count.min(waiting.entries.len());
        waiting.entries.drain(..count);
        let entries = u64::try_from(count).unwrap_or(u64::MAX);
        let which = if stored { &self.stored } else { &self.lost };
        which.fetch_add(entries, Ordering::Relaxed);
        let unsaid = std::mem::take(&mut waiting.unsaid);
        drop(waiting);
        self.changed.notify_waiters();
        unsaid
    }

    /// Waits until something waits, or until nothing does.
    pub(crate) async fn until(&self, empty: bool) {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            // From here on it hears of changes, so that none is missed between the look and the wait.
            changed.as_mut().enable();
            if (self.waits() == 0) == empty {
                return;
            }
            changed.await;
        }
    }

    /// How many wait.
    pub fn waits(&self) -> u64 {
        u64::try_from(self.waiting().entries.len()).unwrap_or(u64::MAX)
    }

    /// How many were stored.
    pub fn stored(&self) -> u64 {
        self.stored.load(Ordering::Relaxed)
    }

    /// How many were not, and won't be.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use ostinato_machine::ids::ShardId;

    use super::*;
    use crate::chronicle::Alarm;

    fn alarm(at_ms: u64) -> Told {
        let shard = ShardId(0);
        Told::Alarm(Alarm {
            at_ms,
            shard,
            guilds: 10,
        })
    }

    #[test]
    fn what_finds_no_room_is_counted_and_what_waits_keeps_its_place() {
        let outbox = Outbox::default();
        let room = u64::try_from(ROOM).unwrap();
        for at_ms in 0..room + 5 {
            outbox.put(alarm(at_ms));
        }
        assert_eq!((outbox.waits(), outbox.stored(), outbox.lost()), (room, 0, 5));
        assert_eq!(outbox.oldest(1)[0].told, alarm(0));
        assert_eq!(outbox.done(2, true), 5, "those that were lost are told");
        assert_eq!(outbox.done(1, false), 0, "and told once");
        assert_eq!((outbox.waits(), outbox.stored(), outbox.lost()), (room - 3, 2, 6));
        assert_eq!(outbox.oldest(1)[0].told, alarm(3));
    }

    #[test]
    fn numbers_rise_though_the_clock_goes_back() {
        let outbox = Outbox::default();
        // Before it is known what the process before has stored, and whether its clock was ahead.
        for at_ms in [5, 1_000, 1_200] {
            outbox.put(alarm(at_ms));
        }
        let stored = Audit::first_of(1_000);
        outbox.follow(stored);
        for at_ms in [2_000, 2_000, 5, 3_000] {
            outbox.put(alarm(at_ms));
        }
        let ids: Vec<u64> = outbox.oldest(9).iter().map(|entry| entry.id).collect();
        assert_eq!(ids[..3], [stored + 1, stored + 2, Audit::first_of(1_200)]);
        let first = Audit::first_of(2_000);
        assert_eq!(ids[3..], [first, first + 1, first + 2, Audit::first_of(3_000)]);
        let idle = Outbox::default();
        idle.follow(stored);
        idle.put(alarm(5));
        assert_eq!(idle.oldest(1)[0].id, stored + 1);
    }
}
