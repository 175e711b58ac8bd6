//! Time and chance of the machine it runs on. The only place outside the world that reads them.

use std::cell::Cell;
use std::hash::{BuildHasher as _, RandomState};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::ports::Clock;

/// The system's clocks, and chance that is good for jitter and shuffles but not for secrets.
#[derive(Debug)]
pub struct SystemClock {
    started: Instant,
    chance: Cell<u64>,
}

impl SystemClock {
    /// A clock whose rising time begins now.
    pub fn new() -> Self {
        Self {
            started: Instant::now(),
            chance: Cell::new(RandomState::new().hash_one(0_u8)),
        }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

/// Wall-clock time, ms since 1970. For what may cross threads and so has no port.
pub fn wall_ms() -> u64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    u64::try_from(since).unwrap_or(u64::MAX)
}

/// The next number of a sequence that visits all of them (splitmix64).
pub(crate) fn mix(state: &Cell<u64>) -> u64 {
    let next = state.get().wrapping_add(0x9E37_79B9_7F4A_7C15);
    state.set(next);
    let mut z = next;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        wall_ms()
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn chance(&self) -> u64 {
        mix(&self.chance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rising_time_rises_and_chance_does_not_repeat() {
        let clock = SystemClock::new();
        let before = clock.monotonic_ms();
        assert!(clock.monotonic_ms() >= before);
        let drawn: std::collections::BTreeSet<u64> = (0..1_000).map(|_| clock.chance()).collect();
        assert_eq!(drawn.len(), 1_000);
    }
}
