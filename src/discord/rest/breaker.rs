//! How many invalid requests were answered lately. Discord blocks an address after 10,000 in ten minutes; this stops
//! long before. Pure: time comes in.

/// Length of a slot, ms.
const SLOT: u64 = 10_000;
/// Slots that count: ten minutes.
const SLOTS: usize = 60;
/// Most invalid requests in ten minutes.
const MOST: u32 = 1_000;
/// For how long nothing is sent after the token itself was refused, ms.
const UNAUTHORIZED: u64 = 60_000;

/// Counts requests that were answered 401, 403 or 429.
pub(super) struct Breaker {
    /// Number of the slot, and what was counted in it.
    slots: [(u64, u32); SLOTS],
    unauthorized_ms: u64,
}

/// Why nothing is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// Too many invalid requests in ten minutes.
    Invalid,
    /// Discord does not accept the token.
    Unauthorized,
}

impl Breaker {
    pub(super) const fn new() -> Self {
        Self {
            slots: [(0, 0); SLOTS],
            unauthorized_ms: 0,
        }
    }

    /// Counts an invalid request.
    pub(super) fn count(&mut self, now_ms: u64) {
        let number = now_ms / SLOT;
        let place = usize::try_from(number % SLOTS as u64).unwrap_or(0);
        if let Some(slot) = self.slots.get_mut(place) {
            if slot.0 != number {
                *slot = (number, 0);
            }
            slot.1 = slot.1.saturating_add(1);
        }
    }

    /// The token itself was refused.
    pub(super) fn unauthorized(&mut self, now_ms: u64) {
        self.unauthorized_ms = now_ms + UNAUTHORIZED;
    }

    /// Whether and why nothing may be sent.
    pub(super) fn closed(&self, now_ms: u64) -> Option<Closed> {
        if now_ms < self.unauthorized_ms {
            return Some(Closed::Unauthorized);
        }
        let oldest = (now_ms / SLOT).saturating_sub(SLOTS as u64 - 1);
        let counted: u32 = self
            .slots
            .iter()
            .filter(|slot| slot.0 >= oldest)
            .map(|slot| slot.1)
            .sum();
        (counted >= MOST).then_some(Closed::Invalid)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_invalid_requests_close_it_and_ten_minutes_open_it_again() {
        let mut breaker = Breaker::new();
        let start = 5_000_000;
        for n in 0..999 {
            breaker.count(start + n * 100);
        }
        assert_eq!(breaker.closed(start + 100_000), None);
        breaker.count(start + 100_000);
        assert_eq!(breaker.closed(start + 100_000), Some(Closed::Invalid));
        assert_eq!(breaker.closed(start + 580_000), Some(Closed::Invalid));
        assert_eq!(breaker.closed(start + 720_000), None);
    }

    #[test]
    fn a_refused_token_stops_everything_for_a_minute() {
        let mut breaker = Breaker::new();
        breaker.unauthorized(1_000);
        assert_eq!(breaker.closed(60_999), Some(Closed::Unauthorized));
        assert_eq!(breaker.closed(61_000), None);
    }

    #[test]
    fn a_slow_trickle_never_closes_it() {
        let mut breaker = Breaker::new();
        for n in 0..20_000_u64 {
            breaker.count(n * 1_000);
            assert_eq!(breaker.closed(n * 1_000), None);
        }
    }
}
