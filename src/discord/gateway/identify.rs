//! Permits to identify, for all shards of a token on all threads.
//!
//! Discord counts IDENTIFYs twice: per bucket (`shard % max_concurrency`) one in five seconds, and a budget for the day
//! whose overrun costs the token. Both are kept here; resuming needs no permit.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::time::Instant;
use twilight_gateway::queue::Queue;

/// Time between two IDENTIFYs of a bucket. Discord says five seconds and measures at its end of the line.
const WINDOW: Duration = Duration::from_millis(5_250);
/// What the day's budget is counted by.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Shortest sleep of a waiting shard.
const SHORTEST_SLEEP: Duration = Duration::from_millis(10);
/// Longest sleep of a waiting shard, so that one that gave up does not linger.
const LONGEST_SLEEP: Duration = Duration::from_secs(5);

/// `session_start_limit` of `GET /gateway/bot`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionStartLimit {
    /// IDENTIFYs of a day.
    pub total: u32,
    /// What is left of them.
    pub remaining: u32,
    /// When the day ends, ms from now.
    pub reset_after_ms: u64,
    /// Number of buckets.
    pub max_concurrency: u32,
}

/// The day's IDENTIFYs don't suffice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "Discord allows {remaining} more IDENTIFYs before {} min have passed and {needed} are needed; wait for so long and look for what restarts the bot so often",
    .reset_after.as_secs().div_ceil(60)
)]
pub struct BudgetSpent {
    /// What is left.
    pub remaining: u32,
    /// What is needed.
    pub needed: u32,
    /// When there are more.
    pub reset_after: Duration,
}

#[derive(Debug)]
struct Gate {
    buckets: u32,
    total: u32,
    remaining: u32,
    reset_at: Instant,
    /// When a bucket is free again.
    free_at: HashMap<u32, Instant>,
    /// Shards that wait, in order.
    waiting: BTreeMap<u32, oneshot::Sender<()>>,
    /// Permits that were handed out since the start, by shard.
    granted: BTreeMap<u32, u64>,
}

/// Hands permits to identify out, in order of the shards that wait.
#[derive(Debug)]
pub struct IdentifyGate {
    gate: Mutex<Gate>,
    window: Duration,
}

impl IdentifyGate {
    /// A gate that keeps `limit`.
    pub fn new(limit: SessionStartLimit) -> Arc<Self> {
        Self::with_window(limit, WINDOW)
    }

    pub(super) fn with_window(limit: SessionStartLimit, window: Duration) -> Arc<Self> {
        let gate = Gate {
            buckets: limit.max_concurrency.max(1),
            total: limit.total,
            remaining: limit.remaining,
            reset_at: Instant::now() + Duration::from_millis(limit.reset_after_ms),
            free_at: HashMap::new(),
            waiting: BTreeMap::new(),
            granted: BTreeMap::new(),
        };
        Arc::new(Self {
            gate: Mutex::new(gate),
            window,
        })
    }

    /// Takes over what `GET /gateway/bot` says now.
    pub fn update(&self, limit: SessionStartLimit) {
        let now = Instant::now();
        let mut gate = self.held();
        gate.buckets = limit.max_concurrency.max(1);
        gate.total = limit.total;
        gate.remaining = limit.remaining;
        gate.reset_at = now + Duration::from_millis(limit.reset_after_ms);
        gate.grant(now, self.window);
    }

    /// Whether `shards` shards could identify today: to be asked before a start in which none can resume.
    ///
    /// # Errors
    /// When they could not. Starting nevertheless harms nothing: shards wait for the end of the day.
    pub fn allows(&self, shards: u32) -> Result<(), BudgetSpent> {
        let mut gate = self.held();
        let now = Instant::now();
        gate.refill(now);
        if gate.remaining >= shards {
            return Ok(());
        }
        Err(BudgetSpent {
            remaining: gate.remaining,
            needed: shards,
            reset_after: gate.reset_at.saturating_duration_since(now),
        })
    }

    /// Permits that were handed out since the start.
    pub fn granted(&self) -> u64 {
        self.held().granted.values().sum()
    }

    /// Those that the shard got.
    pub fn granted_to(&self, shard: u32) -> u64 {
        self.held().granted.get(&shard).copied().unwrap_or_default()
    }

    /// What is left of the day's budget.
    pub fn remaining(&self) -> u32 {
        let mut gate = self.held();
        gate.refill(Instant::now());
        gate.remaining
    }

    pub(super) fn is_waiting(&self, shard: u32) -> bool {
        self.held().waiting.contains_key(&shard)
    }

    fn held(&self) -> MutexGuard<'_, Gate> {
        self.gate.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out what can be handed out; when to look again, or `None` when `shard` need not.
    pub(super) fn pump(&self, shard: u32, now: Instant) -> Option<Instant> {
        let mut gate = self.held();
        gate.grant(now, self.window);
        gate.waiting
            .contains_key(&shard)
            .then(|| gate.next(now).clamp(now + SHORTEST_SLEEP, now + LONGEST_SLEEP))
    }
}

impl Gate {
    fn refill(&mut self, now: Instant) {
        if self.remaining < self.total && now >= self.reset_at {
            self.remaining = self.total;
            self.reset_at = now + DAY;
        }
    }

    fn grant(&mut self, now: Instant, window: Duration) {
        self.refill(now);
        self.waiting.retain(|_, permit| !permit.is_closed());
        let shards: Vec<u32> = self.waiting.keys().copied().collect();
        for shard in shards {
            let bucket = shard % self.buckets;
            if self.remaining == 0 {
                return;
            }
            if self.free_at.get(&bucket).is_some_and(|free_at| *free_at > now) {
                continue;
            }
            let Some(permit) = self.waiting.remove(&shard) else {
                continue;
            };
            if permit.send(()).is_ok() {
                self.remaining -= 1;
                *self.granted.entry(shard).or_default() += 1;
                self.free_at.insert(bucket, now + window);
            }
        }
    }

    /// The first time at which a waiting shard may be let through.
    fn next(&self, now: Instant) -> Instant {
        if self.remaining == 0 {
            return self.reset_at;
        }
        let free = |shard: &u32| self.free_at.get(&(shard % self.buckets)).copied().unwrap_or(now);
        self.waiting.keys().map(free).min().unwrap_or(now)
    }
}

/// The gate as the transport sees it.
#[derive(Clone, Debug)]
pub(super) struct Permits(pub(super) Arc<IdentifyGate>);

impl Queue for Permits {
    fn enqueue(&self, shard: u32) -> oneshot::Receiver<()> {
        let (permit, receiver) = oneshot::channel();
        // A shard that asks again has dropped its older question.
        self.0.held().waiting.insert(shard, permit);
        if let Some(first) = self.0.pump(shard, Instant::now()) {
            let gate = Arc::clone(&self.0);
            // Each waiting shard looks for all, on its own thread: nobody depends on a thread that may end.
            tokio::spawn(async move {
                let mut next = first;
                loop {
                    tokio::time::sleep_until(next).await;
                    match gate.pump(shard, Instant::now()) {
                        Some(then) => next = then,
                        None => return,
                    }
                }
            });
        }
        receiver
    }
}
