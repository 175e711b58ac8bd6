//! Figures that the adapters keep and the metrics tell: written without a lock and without an allocation, read from any
//! thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Bounds for what takes from half a millisecond to ten seconds, µs.
pub const WAITS: &[u64] = &[
    500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    10_000_000,
];

/// Bounds for what a disk does, µs.
pub const WRITES: &[u64] = &[
    50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000,
];

/// Bounds for how many things come together.
pub const CROWDS: &[u64] = &[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// A number that only rises.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// One more.
    pub fn one(&self) {
        self.add(1);
    }

    /// So many more.
    pub fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }

    /// What it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. It never falls below nothing.
#[derive(Debug, Default)]
pub struct Level(AtomicU64);

impl Level {
    /// It is so much now.
    pub fn set(&self, now: u64) {
        self.0.store(now, Ordering::Relaxed);
    }

    /// One more.
    pub fn rise(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One less.
    pub fn fall(&self) {
        let less = |now: u64| Some(now.saturating_sub(1));
        // The closure always gives a number.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    /// What it is.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// How values are spread over buckets.
#[derive(Debug)]
pub struct Histogram {
    bounds: &'static [u64],
    /// How many whole numbers make one of what is told.
    per: f64,
    /// One a bound, and one for what is beyond them.
    buckets: Box<[AtomicU64]>,
    sum: AtomicU64,
}

/// What a histogram tells.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// Upper bound of each bucket and how many values lie in it alone; the last bound is [`f64::MAX`].
    pub buckets: Vec<(f64, u64)>,
    /// All values together.
    pub sum: f64,
    /// How many values there are.
    pub count: u64,
}

impl Histogram {
    /// Of durations, told in seconds, with bounds in µs.
    pub fn of_time(bounds: &'static [u64]) -> Self {
        Self::new(bounds, 1_000_000.0)
    }

    /// Of numbers, told as they are.
    pub fn of_numbers(bounds: &'static [u64]) -> Self {
        Self::new(bounds, 1.0)
    }

    fn new(bounds: &'static [u64], per: f64) -> Self {
        Self {
            bounds,
            per,
            buckets: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: AtomicU64::new(0),
        }
    }

    /// Something took so long.
    pub fn took(&self, time: Duration) {
        self.add(u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
    }

    /// A value, in the unit of the bounds.
    pub fn add(&self, value: u64) {
        let place = self.bounds.partition_point(|bound| *bound < value);
        if let Some(bucket) = self.buckets.get(place) {
            bucket.fetch_add(1, Ordering::Relaxed);
            self.sum.fetch_add(value, Ordering::Relaxed);
        }
    }

    /// What it tells; `None` while there is no value.
    pub fn read(&self) -> Option<Spread> {
        let bounds = self.bounds.iter().map(|bound| whole(*bound) / self.per);
        let counts = self.buckets.iter().map(|bucket| bucket.load(Ordering::Relaxed));
        let buckets: Vec<(f64, u64)> = bounds.chain(std::iter::once(f64::MAX)).zip(counts).collect();
        let count = buckets.iter().map(|(_, count)| count).sum();
        (count > 0).then(|| Spread {
            buckets,
            sum: whole(self.sum.load(Ordering::Relaxed)) / self.per,
            count,
        })
    }
}

/// A count as a number that metrics are made of.
#[expect(clippy::cast_precision_loss, reason = "no count of ours comes near 2^53")]
pub fn whole(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_lies_in_the_first_bucket_whose_bound_it_does_not_pass() {
        let histogram = Histogram::of_time(&[1_000, 2_000]);
        assert_eq!(histogram.read(), None);
        for micros in [0, 1_000, 1_001, 2_000, 2_001, 1_000_000] {
            histogram.took(Duration::from_micros(micros));
        }
        let spread = histogram.read().unwrap();
        assert_eq!(spread.buckets, [(0.001, 2), (0.002, 2), (f64::MAX, 2)]);
        assert_eq!(spread.count, 6);
        assert!((spread.sum - 1.006_002).abs() < 1e-9, "{}", spread.sum);
    }

    #[test]
    fn a_level_never_falls_below_nothing() {
        let level = Level::default();
        level.rise();
        level.fall();
        level.fall();
        assert_eq!(level.get(), 0);
        level.set(7);
        assert_eq!(level.get(), 7);
    }

    #[test]
    fn bounds_rise() {
        for bounds in [WAITS, WRITES, CROWDS] {
            assert!(bounds.is_sorted());
        }
    }
}
