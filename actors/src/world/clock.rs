//! Virtual time: it stands still while anything can be done and jumps to the next timer when nothing can.

use std::cell::Cell;

use tokio::time::Instant;

use crate::clock::mix;
use crate::ports::Clock;

/// Wall-clock time at which every world begins, ms since 1970.
pub const BEGIN_MS: u64 = 1_800_000_000_000;

/// The clock of a world, on tokio's paused time, with chance from the world's seed.
#[derive(Debug)]
pub struct VirtualClock {
    begin: Instant,
    chance: Cell<u64>,
}

impl VirtualClock {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            begin: Instant::now(),
            chance: Cell::new(seed),
        }
    }

    /// The instant at which the world began.
    pub(super) fn begin(&self) -> Instant {
        self.begin
    }
}

/// Ms since `begin`.
pub(super) fn since_ms(begin: Instant) -> u64 {
    u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Clock for VirtualClock {
    fn now_ms(&self) -> u64 {
        BEGIN_MS.saturating_add(since_ms(self.begin))
    }

    fn monotonic_ms(&self) -> u64 {
        since_ms(self.begin)
    }

    fn chance(&self) -> u64 {
        mix(&self.chance)
    }
}
