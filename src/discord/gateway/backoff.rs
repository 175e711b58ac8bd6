//! When the next connect is made, and to which of two addresses.

use std::time::Duration;

/// First wait after an IDENTIFY that led to nothing; it doubles. The day has a thousand of them.
const FRUITLESS_MIN: Duration = Duration::from_secs(1);
/// Longest wait after such IDENTIFYs.
const FRUITLESS_MAX: Duration = Duration::from_secs(120);

/// How a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// It never became active.
    Early,
    /// It was active, but not for long.
    Short,
    /// It was active for long.
    Stable,
}

/// Waits between connects. A session has two addresses; both are tried before there is a wait.
#[derive(Debug)]
pub(super) struct Backoff {
    min: Duration,
    max: Duration,
    round: u32,
    second: bool,
    fruitless: u32,
}

impl Backoff {
    pub(super) fn new(min: Duration, max: Duration) -> Self {
        Self {
            min,
            max,
            round: 0,
            second: false,
            fruitless: 0,
        }
    }

    /// The connection is active.
    pub(super) fn active(&mut self) {
        self.fruitless = 0;
    }

    /// An IDENTIFY was sent and led to nothing.
    pub(super) fn fruitless(&mut self) {
        self.fruitless = self.fruitless.saturating_add(1);
    }

    /// A connection ended; `two` tells whether it had another address to try.
    pub(super) fn ended(&mut self, ending: Ending, two: bool) {
        match ending {
            Ending::Stable => {
                self.round = 0;
                self.second = false;
            }
            Ending::Early if two && !self.second => self.second = true,
            Ending::Early | Ending::Short => {
                self.round = self.round.saturating_add(1);
                self.second = false;
            }
        }
    }

    /// Whether the second address is to be dialled now.
    pub(super) fn is_second(&self) -> bool {
        self.second
    }

    /// The wait before the next connect. `identify`: it will have to identify. `chance` is between 0 and 1 and takes
    /// up to half of the wait away, so that many shards don't come back at once.
    pub(super) fn delay(&self, identify: bool, chance: f64) -> Duration {
        let doubled = |first: Duration, most: Duration, times: u32| match times.checked_sub(1) {
            None => Duration::ZERO,
            Some(more) => first.saturating_mul(1 << more.min(16)).min(most),
        };
        let between = if self.second {
            Duration::ZERO
        } else {
            doubled(self.min, self.max, self.round)
        };
        let after_identify = if identify {
            doubled(FRUITLESS_MIN, FRUITLESS_MAX, self.fruitless)
        } else {
            Duration::ZERO
        };
        between.max(after_identify).mul_f64(1.0 - chance / 2.0)
    }
}
