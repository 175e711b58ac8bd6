//! The last day, from one sample a minute.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use ostinato_actors::chronicle::Count;

use super::facts::Facts;

/// Between two samples, ms.
pub(super) const EVERY_MS: u64 = 60_000;

/// Samples of a day.
const DAY: usize = 24 * 60;

/// What was true at one moment.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    commands: u64,
    incidents: u64,
    listeners: u64,
    ready: bool,
}

/// The last day of this process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Day {
    /// Commands that were applied.
    pub(super) commands: u64,
    /// Inputs that killed a guild.
    pub(super) incidents: u64,
    /// Listeners, on average over its samples.
    pub(super) listeners: u64,
    /// Most listeners of a sample.
    pub(super) listener_peak: u64,
    /// Of its samples, those in which nothing was missing, percent; 0 before the first.
    pub(super) ready_percent: f64,
}

/// The samples.
#[derive(Debug, Default)]
pub(super) struct Samples(Mutex<VecDeque<Sample>>);

impl Samples {
    fn put(&self, sample: Sample) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= DAY {
            all.pop_front();
        }
        all.push_back(sample);
    }

    /// What became of the last day, as of the newest sample.
    pub(super) fn day(&self) -> Day {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (Some(first), Some(last)) = (all.front(), all.back()) else {
            return Day::default();
        };
        // A process that is younger than a day has counted from 0.
        let base = if all.len() < DAY { Sample::default() } else { *first };
        let count = u64::try_from(all.len()).unwrap_or(u64::MAX);
        let ready = all.iter().filter(|sample| sample.ready).count();
        let small = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
        Day {
            commands: last.commands.saturating_sub(base.commands),
            incidents: last.incidents.saturating_sub(base.incidents),
            listeners: all.iter().map(|sample| sample.listeners).sum::<u64>() / count,
            listener_peak: all.iter().map(|sample| sample.listeners).max().unwrap_or(0),
            ready_percent: 100.0 * small(ready) / small(all.len()),
        }
    }

    /// Takes a sample of how it is now.
    pub(super) async fn take(&self, facts: &Facts) {
        let Some(operator) = facts.operator() else { return };
        let (shards, _) = operator.shards().await;
        let listeners: usize = shards.iter().map(|shard| shard.listeners).sum();
        self.put(Sample {
            commands: operator.chronicle().of(Count::Commands),
            incidents: operator.chronicle().of(Count::DeadLettered),
            listeners: u64::try_from(listeners).unwrap_or(u64::MAX),
            ready: facts.readiness().ready,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_forgets_what_is_older() {
        let samples = Samples::default();
        assert_eq!(samples.day(), Day::default());
        for minute in 0..10 {
            samples.put(Sample {
                commands: 5 + minute,
                incidents: 1,
                listeners: minute,
                ready: minute != 0,
            });
        }
        let day = samples.day();
        assert_eq!(
            (day.commands, day.incidents, day.listeners, day.listener_peak),
            (14, 1, 4, 9)
        );
        assert!((day.ready_percent - 90.0).abs() < 1e-9);
        for minute in 0..3_000 {
            let commands = 100 * minute;
            samples.put(Sample {
                commands,
                ..Sample::default()
            });
        }
        let day = samples.day();
        assert_eq!((day.commands, day.incidents, day.listener_peak), (100 * 1_439, 0, 0));
    }
}
