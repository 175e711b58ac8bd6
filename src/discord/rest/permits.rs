//! What every executor with one token and one address must share: the global limit and the count of invalid requests.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::future::LocalBoxFuture;
use tokio::time::Instant;

use super::breaker::Breaker;
pub use super::breaker::Closed;

/// Permits that all executors of a bot share: those of one process today, those of many later.
pub trait Permits: Send + Sync {
    /// One request outside of interactions. Waits at most `within`; `false`: there is none in that time.
    fn take(&self, within: Duration) -> LocalBoxFuture<'static, bool>;
    /// One change of a card. Waits at most `within`; `false`: there is none in that time.
    fn take_card(&self, within: Duration) -> LocalBoxFuture<'static, bool>;
    /// Discord said that the global limit is reached: nobody gets a permit for so long.
    fn hold(&self, pause: Duration);
    /// A request was answered 401, 403 or 429.
    fn invalid(&self);
    /// The bot's token was refused.
    fn unauthorized(&self);
    /// Whether and why nothing but callbacks may be sent.
    fn closed(&self) -> Option<Closed>;
}

/// Changes of cards in a second: what answers and notices need is left to them.
const CARDS: u32 = 20;

/// The permits of a bot that is one process.
pub struct ProcessPermits {
    origin: Instant,
    pace: Mutex<Pace>,
    cards: Mutex<Pace>,
    breaker: Mutex<Breaker>,
}

impl ProcessPermits {
    /// At most `per_second` requests in any second.
    pub fn new(per_second: u32) -> Self {
        Self {
            origin: Instant::now(),
            pace: Mutex::new(Pace::new(per_second)),
            cards: Mutex::new(Pace::new(CARDS)),
            breaker: Mutex::new(Breaker::new()),
        }
    }

    fn now_us(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_micros()).unwrap_or(u64::MAX)
    }
}

impl Permits for ProcessPermits {
    fn take(&self, within: Duration) -> LocalBoxFuture<'static, bool> {
        wait(&self.pace, self.now_us(), within)
    }

    fn take_card(&self, within: Duration) -> LocalBoxFuture<'static, bool> {
        wait(&self.cards, self.now_us(), within)
    }

    fn hold(&self, pause: Duration) {
        let pause_us = u64::try_from(pause.as_micros()).unwrap_or(u64::MAX);
        lock(&self.pace).hold(self.now_us().saturating_add(pause_us));
    }

    fn invalid(&self) {
        lock(&self.breaker).count(self.now_us() / 1_000);
    }

    fn unauthorized(&self) {
        lock(&self.breaker).unauthorized(self.now_us() / 1_000);
    }

    fn closed(&self) -> Option<Closed> {
        lock(&self.breaker).closed(self.now_us() / 1_000)
    }
}

/// Takes the next permit and waits until it is due.
fn wait(pace: &Mutex<Pace>, now_us: u64, within: Duration) -> LocalBoxFuture<'static, bool> {
    let within_us = u64::try_from(within.as_micros()).unwrap_or(u64::MAX);
    let wait = lock(pace).take(now_us, within_us);
    Box::pin(async move {
        match wait {
            Some(0) => true,
            Some(wait_us) => {
                tokio::time::sleep(Duration::from_micros(wait_us)).await;
                true
            }
            None => false,
        }
    })
}

/// All values are whole after every call, so a panic elsewhere has left nothing half done.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spreads permits so that no second, wherever it begins, has more than its limit: a fifth may come at once, the rest
/// comes evenly. Pure: time comes in, in µs.
struct Pace {
    step_us: u64,
    burst_us: u64,
    /// When the next permit would be due if none came early.
    due_us: u64,
    held_us: u64,
}

impl Pace {
    fn new(per_second: u32) -> Self {
        let per_second = u64::from(per_second.max(1));
        let burst = per_second / 5;
        let step_us = 1_000_000 / (per_second - burst).max(1) + 1;
        Self {
            step_us,
            burst_us: step_us * burst.saturating_sub(1),
            due_us: 0,
            held_us: 0,
        }
    }

    /// How long to wait for the permit that is hereby taken; `None`: longer than `within_us`, and none is taken.
    fn take(&mut self, now_us: u64, within_us: u64) -> Option<u64> {
        let due = self.due_us.max(now_us);
        let at = due.saturating_sub(self.burst_us).max(now_us).max(self.held_us);
        let wait = at - now_us;
        if wait > within_us {
            return None;
        }
        self.due_us = due.max(self.held_us) + self.step_us;
        Some(wait)
    }

    fn hold(&mut self, until_us: u64) {
        self.held_us = self.held_us.max(until_us);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn no_second_has_more_permits_than_its_limit(
            limit in 1_u32..80,
            gaps in proptest::collection::vec(0_u64..60_000, 1..400),
        ) {
            let mut pace = Pace::new(limit);
            let mut now = 0;
            let mut sent = Vec::new();
            for gap in gaps {
                now += gap;
                let wait = pace.take(now, u64::MAX);
                prop_assert!(wait.is_some());
                sent.push(now + wait.unwrap_or(0));
            }
            for (n, first) in sent.iter().enumerate() {
                let within = sent[n..].iter().take_while(|at| **at < first + 1_000_000).count();
                prop_assert!(within <= limit as usize, "{within} permits in a second of {limit}");
            }
        }
    }

    #[test]
    fn a_permit_that_would_come_too_late_is_not_taken() {
        let mut pace = Pace::new(50);
        let taken = (0..100).filter(|_| pace.take(0, 0).is_some()).count();
        assert_eq!(taken, 10);
        assert!(pace.take(1_000_000, 0).is_some());
    }

    #[test]
    fn a_global_pause_holds_everybody() {
        let mut pace = Pace::new(50);
        pace.hold(3_000_000);
        assert_eq!(pace.take(1_000_000, u64::MAX), Some(2_000_000));
        assert_eq!(pace.take(1_000_000, 1_000_000), None);
    }
}
