//! What the store did, for the metrics.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use ostinato_machine::ids::ShardId;

use crate::figures::{CROWDS, Count, Histogram, Level, WRITES};

/// Figures of the store since the start.
#[derive(Debug)]
pub struct StoreFigures {
    /// How long commits took that wrote something and succeeded.
    pub commits: Histogram,
    /// How many records, snapshots, checkpoints and batches of the audit came with each of them.
    pub together: Histogram,
    /// Bytes of records, snapshots and audit that were committed.
    pub bytes: Count,
    /// Commits that failed.
    pub errors: Count,
    /// Calls that found the queue full.
    pub refused: Count,
    /// Calls that wait for the writer.
    pub waiting: Level,
    /// The gateway sequence that is stored of each shard.
    sequences: Mutex<BTreeMap<ShardId, u64>>,
    /// Why the newest commit failed.
    failure: Mutex<Option<String>>,
}

impl Default for StoreFigures {
    fn default() -> Self {
        Self {
            commits: Histogram::of_time(WRITES),
            together: Histogram::of_numbers(CROWDS),
            bytes: Count::default(),
            errors: Count::default(),
            refused: Count::default(),
            waiting: Level::default(),
            sequences: Mutex::default(),
            failure: Mutex::default(),
        }
    }
}

impl StoreFigures {
    fn held(&self) -> MutexGuard<'_, BTreeMap<ShardId, u64>> {
        self.sequences.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A side checkpoint, one a second, has stored where the shard's gateway session would go on.
    pub(super) fn stored(&self, shard: ShardId, sequence: Option<u64>) {
        match sequence {
            Some(sequence) => self.held().insert(shard, sequence),
            None => self.held().remove(&shard),
        };
    }

    /// The newest commit succeeded, or why it did not.
    pub(super) fn went(&self, failure: Option<String>) {
        *self.failure.lock().unwrap_or_else(PoisonError::into_inner) = failure;
    }

    /// Why nothing can be saved; `None` while commits succeed.
    pub fn failure(&self) -> Option<String> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Where the shard's gateway session would go on; `None` while nothing is stored of it.
    pub fn sequence(&self, shard: ShardId) -> Option<u64> {
        self.held().get(&shard).copied()
    }
}

/// What one commit takes in.
#[derive(Debug, Default)]
pub(super) struct Load {
    pub(super) writes: u64,
    pub(super) bytes: u64,
}

impl Load {
    /// One more record, snapshot, checkpoint or batch of the audit, or a part of one.
    pub(super) fn more(&mut self, bytes: usize) {
        self.writes = self.writes.saturating_add(1);
        self.bytes = self.bytes.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX));
    }
}
