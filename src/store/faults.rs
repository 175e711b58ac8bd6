//! Faults of the store by order: slow commits, and a disk that is full. They end by themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ostinato_actors::ports::{PortError, PortErrorKind};

/// Longest delay of one commit that is done, ms.
pub(crate) const SLOWEST_MS: u32 = 10_000;

/// Longest time that a fault lasts, s.
pub(crate) const LONGEST_S: u32 = 600;

/// Which faults are ordered now. Cloning shares them.
#[derive(Clone, Debug)]
pub struct StoreFaults(Arc<Ordered>);

#[derive(Debug)]
struct Ordered {
    began: Instant,
    /// Each commit takes so much longer, ms.
    slow_ms: AtomicU64,
    slow_until_ms: AtomicU64,
    full_until_ms: AtomicU64,
}

impl Default for StoreFaults {
    fn default() -> Self {
        Self(Arc::new(Ordered {
            began: Instant::now(),
            slow_ms: AtomicU64::new(0),
            slow_until_ms: AtomicU64::new(0),
            full_until_ms: AtomicU64::new(0),
        }))
    }
}

impl StoreFaults {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn end_ms(&self, for_ms: u64) -> u64 {
        self.now_ms().saturating_add(for_ms.min(u64::from(LONGEST_S) * 1_000))
    }

    /// For `for_ms` each commit takes `slow_ms` longer; both have an upper bound.
    pub fn slow(&self, slow_ms: u64, for_ms: u64) {
        self.0.slow_ms.store(slow_ms.min(SLOWEST_MS.into()), Ordering::Relaxed);
        self.0.slow_until_ms.store(self.end_ms(for_ms), Ordering::Relaxed);
    }

    /// For `for_ms` no commit succeeds, as on a full disk.
    pub fn full(&self, for_ms: u64) {
        self.0.full_until_ms.store(self.end_ms(for_ms), Ordering::Relaxed);
    }

    /// What becomes of a commit that is about to be made.
    pub(crate) fn strike(&self) -> Result<(), PortError> {
        let (slow_until_ms, full_until_ms) = (
            self.0.slow_until_ms.load(Ordering::Relaxed),
            self.0.full_until_ms.load(Ordering::Relaxed),
        );
        if slow_until_ms == 0 && full_until_ms == 0 {
            return Ok(());
        }
        let now_ms = self.now_ms();
        if now_ms < slow_until_ms {
            std::thread::sleep(Duration::from_millis(self.0.slow_ms.load(Ordering::Relaxed)));
        }
        if now_ms < full_until_ms {
            return Err(PortError::new(
                PortErrorKind::Unreachable,
                "the disk is full, by an operator's order",
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_last_as_long_as_was_ordered() {
        let faults = StoreFaults::default();
        assert_eq!(faults.strike(), Ok(()));
        faults.full(60_000);
        assert!(faults.strike().is_err_and(|error| error.is_retryable()));
        faults.full(0);
        faults.slow(1, 60_000);
        let began = Instant::now();
        assert_eq!(faults.strike(), Ok(()));
        assert!(began.elapsed() >= Duration::from_millis(1));
    }
}
