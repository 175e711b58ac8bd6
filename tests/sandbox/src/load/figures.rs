//! The figures of a load.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Load, Pace};
use crate::bot::Usage;

/// So many sentences about refusals are kept.
const DETAILS: usize = 10;

/// What came of a load, as it is printed.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Figures {
    /// Guilds in which something was typed.
    pub guilds: usize,
    /// Further guilds.
    pub idle_guilds: usize,
    /// Tracks that waited in each guild at the beginning.
    pub queue: usize,
    /// Commands that were due every second; `None` in a closed loop.
    pub rate: Option<u32>,
    /// Users of a closed loop.
    pub closed: Option<usize>,
    /// Commands that users sent.
    pub sent: u64,
    /// Those with a first callback within Discord's 3 s.
    pub answered: u64,
    /// Those whose answer says that the work was not done, though it could be.
    pub refused_wrongly: u64,
    /// Those without a first callback within 3 s.
    pub unanswered_3s: u64,
    /// First callback, median, ms from when the command was due.
    pub first_p50_ms: f64,
    /// First callback, 99th percentile, ms.
    pub first_p99_ms: f64,
    /// Final content, median, ms.
    pub final_p50_ms: f64,
    /// Final content, 99th percentile, ms.
    pub final_p99_ms: f64,
    /// Answered commands a second.
    pub per_s: f64,
    /// Processor time of the bot per answered command, everything included, ms.
    pub bot_cpu_ms_each: Option<f64>,
    /// Resident memory of the bot before the first command, MB.
    pub bot_idle_rss_mb: Option<f64>,
    /// Resident memory of the bot in the end, MB.
    pub bot_rss_mb: Option<f64>,
    /// Requests that the real services would have refused, and lines of the bot's log that call for somebody.
    pub violations: usize,
    /// The seed.
    pub seed: u64,
    /// What is behind the figures, one sentence each; the first ones.
    pub details: Vec<String>,
}

impl Figures {
    /// Whether everything was answered as it should be.
    pub fn is_good(&self) -> bool {
        self.sent > 0 && self.refused_wrongly == 0 && self.unanswered_3s == 0 && self.violations == 0
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let pace = match (self.rate, self.closed) {
            (Some(rate), _) => format!("{rate} a second were due"),
            (None, Some(users)) => format!("{users} users who wait for the answer"),
            (None, None) => String::new(),
        };
        let mb = |size: Option<f64>| size.map_or_else(|| "unknown".into(), |mb| format!("{mb:.1} MB"));
        let cpu = self
            .bot_cpu_ms_each
            .map_or_else(|| "unknown".into(), |ms| format!("{ms:.3} ms"));
        let mut lines = vec![
            format!(
                "guilds     {} in use with {} tracks each, {} idle",
                self.guilds, self.queue, self.idle_guilds
            ),
            format!("pace       {pace}; {:.0} a second were answered", self.per_s),
            format!(
                "commands   {} sent, {} answered, {} refused wrongly, {} unanswered after 3 s",
                self.sent, self.answered, self.refused_wrongly, self.unanswered_3s
            ),
            format!(
                "first      {:.1} ms median, {:.1} ms 99 %",
                self.first_p50_ms, self.first_p99_ms
            ),
            format!(
                "final      {:.1} ms median, {:.1} ms 99 %",
                self.final_p50_ms, self.final_p99_ms
            ),
            format!(
                "cost       {cpu} CPU a command, {} idle, {} in the end",
                mb(self.bot_idle_rss_mb),
                mb(self.bot_rss_mb)
            ),
            format!(
                "wrong      {} violations and errors · seed {}",
                self.violations, self.seed
            ),
        ];
        lines.extend(self.details.iter().map(|detail| format!("  {detail}")));
        lines.join("\n")
    }
}

/// What is counted while a load runs.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counted>);

#[derive(Debug, Default)]
struct Counted {
    sent: u64,
    refused: u64,
    unanswered: u64,
    first: Vec<Duration>,
    last: Vec<Duration>,
    details: Vec<String>,
}

impl Counted {
    fn detail(&mut self, what: String) {
        if self.details.len() < DETAILS {
            self.details.push(what);
        }
    }
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Counted> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sent(&self) {
        self.lock().sent += 1;
    }

    pub(super) fn answered(&self, first: Duration, last: Duration) {
        let mut counted = self.lock();
        counted.first.push(first);
        counted.last.push(last);
    }

    pub(super) fn refused(&self, what: String) {
        let mut counted = self.lock();
        counted.refused += 1;
        counted.detail(what);
    }

    pub(super) fn unanswered(&self, text: &str) {
        let mut counted = self.lock();
        counted.unanswered += 1;
        counted.detail(format!("`{text}` got no callback within 3 s"));
    }

    /// Closes the books. `usage` is the bot's: idle, before the load, after it.
    pub(super) fn figures(
        &self,
        load: &Load,
        took: Duration,
        usage: [Option<Usage>; 3],
        found: Vec<String>,
    ) -> Figures {
        let mut counted = self.lock();
        counted.first.sort_unstable();
        counted.last.sort_unstable();
        let [idle, before, after] = usage;
        let mb = |usage: Option<Usage>| usage.map(|usage| whole(usage.rss_kb) / 1_000.0);
        let answered = counted.first.len() as u64;
        let cpu_ms = before
            .zip(after)
            .and_then(|(before, after)| after.cpu_ms.checked_sub(before.cpu_ms));
        let mut details = std::mem::take(&mut counted.details);
        let violations = found.len();
        details.extend(found.into_iter().take(DETAILS));
        let (rate, closed) = match load.pace {
            Pace::Open(rate) => (Some(rate), None),
            Pace::Closed(users) => (None, Some(users)),
        };
        Figures {
            guilds: load.guilds,
            idle_guilds: load.idle_guilds,
            queue: load.queue,
            rate,
            closed,
            sent: counted.sent,
            answered,
            refused_wrongly: counted.refused,
            unanswered_3s: counted.unanswered,
            first_p50_ms: percentile(&counted.first, 50),
            first_p99_ms: percentile(&counted.first, 99),
            final_p50_ms: percentile(&counted.last, 50),
            final_p99_ms: percentile(&counted.last, 99),
            per_s: whole(answered) / took.as_secs_f64().max(0.001),
            bot_cpu_ms_each: cpu_ms.filter(|_| answered > 0).map(|ms| whole(ms) / whole(answered)),
            bot_idle_rss_mb: mb(idle),
            bot_rss_mb: mb(after),
            violations,
            seed: load.seed,
            details,
        }
    }
}

fn whole(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}

/// The `percent`th percentile of sorted times, ms; 0 of none.
pub(crate) fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let at = (sorted.len() * percent).div_ceil(100).saturating_sub(1);
    sorted.get(at).map_or(0.0, |time| time.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_times_that_were_seen() {
        let times: Vec<Duration> = (1..=200).map(Duration::from_millis).collect();
        assert!((percentile(&times, 50) - 100.0).abs() < 1e-9);
        assert!((percentile(&times, 99) - 198.0).abs() < 1e-9);
        assert!(percentile(&[], 99).abs() < 1e-9);
        assert!((percentile(&times[..1], 99) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn a_load_is_good_only_if_everything_was_answered_as_it_should_be() {
        let good = Figures {
            sent: 10,
            answered: 10,
            ..Figures::default()
        };
        assert!(good.is_good());
        for spoil in [
            |figures: &mut Figures| figures.sent = 0,
            |figures: &mut Figures| figures.refused_wrongly = 1,
            |figures: &mut Figures| figures.unanswered_3s = 1,
            |figures: &mut Figures| figures.violations = 1,
        ] {
            let mut figures = good.clone();
            spoil(&mut figures);
            assert!(!figures.is_good(), "{figures:?}");
        }
    }
}
