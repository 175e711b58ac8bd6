//! Figures of the connections, readable from any thread.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ostinato_machine::ids::ShardId;

use crate::figures::{Count, Level};

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

/// Where a shard is on its way to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// Between two connections.
    Away,
    /// Waits for the gateway's greeting.
    Dialling,
    /// Waits for a permit to identify.
    Waiting,
    /// Waits for READY or RESUMED.
    Asking,
    /// Has its session.
    Active,
}

/// The words of [`State`], in its order.
pub const STATES: [&str; 5] = ["away", "dialling", "waiting", "asking", "active"];

/// What one shard's connections did since the start, and how the newest one is.
#[derive(Debug, Default)]
pub struct ShardFigures {
    /// Connections that were tried.
    pub connects: Count,
    /// RESUMEs that were sent.
    pub resumes: Count,
    /// Dispatches that came in, used or not.
    pub dispatches: Count,
    /// Voice wants that were sent.
    pub voice_sends: Count,
    /// Voice wants that wait for their turn.
    pub voice_waiting: Level,
    /// Voice wants that may still be sent within the minute.
    pub sends_left: Level,
    /// Number of the newest dispatch of the session.
    pub sequence: Level,
    state: AtomicU8,
}

impl ShardFigures {
    pub(super) fn is_now(&self, state: State) {
        self.state.store(state as u8, Ordering::Relaxed);
    }

    /// Where it is, as a place in [`STATES`].
    pub fn state(&self) -> usize {
        self.state.load(Ordering::Relaxed).into()
    }

    /// Whether it has its session.
    pub fn is_active(&self) -> bool {
        self.state() == State::Active as usize
    }
}

#[derive(Debug, Default)]
struct Inner {
    /// Locked when a shard starts and when figures are told, never for an event.
    shards: Mutex<BTreeMap<ShardId, Arc<ShardFigures>>>,
    malformed: Mutex<BTreeMap<&'static str, u64>>,
}

/// What the connections of all shards did since the start. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Counts(Arc<Inner>);

impl Counts {
    /// Figures of one shard.
    pub fn of(&self, shard: ShardId) -> Arc<ShardFigures> {
        Arc::clone(held(&self.0.shards).entry(shard).or_default())
    }

    /// Connections that were tried, over all shards.
    pub fn connects(&self) -> u64 {
        self.sum(|shard| &shard.connects)
    }

    /// RESUMEs that were sent, over all shards.
    pub fn resumes(&self) -> u64 {
        self.sum(|shard| &shard.resumes)
    }

    fn sum(&self, read: impl Fn(&ShardFigures) -> &Count) -> u64 {
        held(&self.0.shards).values().map(|shard| read(shard).get()).sum()
    }

    /// Frames that made no sense, by the name of their event; `frame` are those without a name.
    pub fn malformed(&self) -> Vec<(&'static str, u64)> {
        held(&self.0.malformed)
            .iter()
            .map(|(name, count)| (*name, *count))
            .collect()
    }

    /// Counts a frame that made no sense and tells how many there were of its kind.
    pub(super) fn make_no_sense(&self, name: &'static str) -> u64 {
        let mut malformed = held(&self.0.malformed);
        let count = malformed.entry(name).or_default();
        *count += 1;
        *count
    }
}
