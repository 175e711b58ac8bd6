//! Figures of the connections, readable from any thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ostinato_machine::ids::ShardId;

fn held<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How long the newest heartbeat of each shard took. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Latencies(Arc<Mutex<BTreeMap<ShardId, Duration>>>);

impl Latencies {
    /// From heartbeat to acknowledgement; `None` while the shard is away or was never acknowledged.
    pub fn of(&self, shard: ShardId) -> Option<Duration> {
        held(&self.0).get(&shard).copied()
    }

    pub(super) fn set(&self, shard: ShardId, latency: Option<Duration>) {
        match latency {
            Some(latency) => held(&self.0).insert(shard, latency),
            None => held(&self.0).remove(&shard),
        };
    }
}

#[derive(Debug, Default)]
struct Inner {
    connects: AtomicU64,
    resumes: AtomicU64,
    dispatches: AtomicU64,
    voice_sends: AtomicU64,
    malformed: Mutex<BTreeMap<&'static str, u64>>,
}

/// What the connections of all shards did since the start. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Inner>);

impl Counts {
    /// Connections that were tried.
    pub fn connects(&self) -> u64 {
        self.0.connects.load(Ordering::Relaxed)
    }

    /// RESUMEs that were sent.
    pub fn resumes(&self) -> u64 {
        self.0.resumes.load(Ordering::Relaxed)
    }

    /// Dispatches that came in, used or not.
    pub fn dispatches(&self) -> u64 {
        self.0.dispatches.load(Ordering::Relaxed)
    }

    /// Voice wants that were sent.
    pub fn voice_sends(&self) -> u64 {
        self.0.voice_sends.load(Ordering::Relaxed)
    }

    /// Frames that made no sense, by the name of their event; `frame` are those without a name.
    pub fn malformed(&self) -> Vec<(&'static str, u64)> {
        held(&self.0.malformed)
            .iter()
            .map(|(name, count)| (*name, *count))
            .collect()
    }

    pub(super) fn connect(&self) {
        self.0.connects.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn resume(&self) {
        self.0.resumes.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn dispatch(&self) {
        self.0.dispatches.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn voice_send(&self) {
        self.0.voice_sends.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a frame that made no sense and tells how many there were of its kind.
    pub(super) fn make_no_sense(&self, name: &'static str) -> u64 {
        let mut malformed = held(&self.0.malformed);
        let count = malformed.entry(name).or_default();
        *count += 1;
        *count
    }
}
