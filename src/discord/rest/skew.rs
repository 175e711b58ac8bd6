//! How far this machine's clock is from Discord's: without it a clock that is off by seconds would make every command
//! look old, or none.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::UNIX_EPOCH;

/// Discord tells whole seconds, and an answer is under way for a while: less than this is no difference, ms.
const NOTHING_MS: i64 = 1_500;

/// How far this machine's clock is ahead of Discord's. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Skew(Arc<AtomicI64>);

impl Skew {
    /// Ahead of Discord's clock by so much, ms; negative: behind; 0 while the difference is not worth speaking of.
    pub fn ms(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What an answer says: its `Date` header, and when it came by this machine's clock, ms.
    pub(super) fn observe(&self, date: &str, now_ms: u64) {
        let Some(ahead) = ahead_ms(date, now_ms) else { return };
        let ahead = if ahead.abs() <= NOTHING_MS { 0 } else { ahead };
        if self.0.swap(ahead, Ordering::Relaxed) == 0 && ahead != 0 {
            tracing::warn!(
                ahead_ms = ahead,
                "this machine's clock is not Discord's; commands are judged by Discord's, let NTP set the clock"
            );
        }
    }

    /// When something was made that Discord's clock dates `made_ms`, by this machine's clock, ms. `None` if the date
    /// makes no sense beside `arrived_ms`: it is then not one of Discord's.
    pub fn here(&self, made_ms: u64, arrived_ms: u64) -> Option<u64> {
        let made_ms = made_ms.saturating_add_signed(self.ms());
        (made_ms.abs_diff(arrived_ms) <= SENSE_MS).then_some(made_ms)
    }
}

/// Interactions live for 15 minutes: a date that is further away than a day is none, ms.
const SENSE_MS: u64 = 24 * 60 * 60 * 1_000;

fn ahead_ms(date: &str, now_ms: u64) -> Option<i64> {
    let date = httpdate::parse_http_date(date).ok()?.duration_since(UNIX_EPOCH).ok()?;
    // The middle of the second that it names.
    let date_ms = i64::try_from(date.as_millis()).ok()?.checked_add(500)?;
    i64::try_from(now_ms).ok()?.checked_sub(date_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATE: &str = "Tue, 10 Nov 2026 12:00:00 GMT";
    const DATE_MS: u64 = 1_794_312_000_000;

    #[test]
    fn a_clock_that_is_off_is_seen_and_one_that_is_right_is_left_alone() {
        let skew = Skew::default();
        for (now_ms, ahead_ms) in [
            (DATE_MS, 0),
            (DATE_MS + 1_900, 0),
            (DATE_MS + 10_500, 10_000),
            (DATE_MS - 59_500, -60_000),
        ] {
            skew.observe(DATE, now_ms);
            assert_eq!(skew.ms(), ahead_ms, "{now_ms}");
        }
        skew.observe("yesterday", 0);
        assert_eq!(skew.ms(), -60_000, "what can't be read says nothing");
    }

    #[test]
    fn what_is_made_elsewhere_is_dated_by_the_clock_here_and_nonsense_is_not_dated() {
        let skew = Skew::default();
        skew.observe(DATE, DATE_MS + 10_500);
        assert_eq!(skew.here(DATE_MS, DATE_MS + 10_200), Some(DATE_MS + 10_000));
        assert_eq!(skew.here(1_420_070_400_000, DATE_MS), None);
    }
}
