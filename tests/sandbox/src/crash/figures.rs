//! The figures of a crash run.

use std::time::Duration;

use super::Crash;
use super::pass::Pass;
use crate::load::figures::percentile;

/// From a death to the answer of the next command, ms: half of them, and 99 of 100.
const BUDGET_MS: (f64, f64) = (100.0, 300.0);

/// How much later neighbours may get their first callback than in the control run, 99 of 100, ms: what two runs of the
/// same differ by on a machine that does other things too.
const LATER_MS: f64 = 50.0;

/// So many sentences are kept.
const DETAILS: usize = 20;

/// What came of a run, as it is printed.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Figures {
    /// Guilds, each of which plays and dies once.
    pub guilds: usize,
    /// Deaths a second.
    pub rate: u32,
    /// From a death until the answer of a command typed right behind it, median, ms.
    pub p50_ms: f64,
    /// The same, 99 of 100, ms.
    pub p99_ms: f64,
    /// Of how many deaths that was measured.
    pub measured: usize,
    /// Deaths that the bot tells of.
    pub deaths: u64,
    /// Guilds that lived again behind their death.
    pub restarts: u64,
    /// Commands that were not done, though they could be.
    pub refused_wrongly: u64,
    /// Commands without a first callback within 3 s.
    pub unanswered: u64,
    /// Longest run of silence in any guild, ms.
    pub gap: u64,
    /// Commands whose answers were compared with those of the control run.
    pub compared: usize,
    /// Those whose answers differ in more than times and ids.
    pub answers_different: usize,
    /// Guilds whose queue differs in the end.
    pub queues_different: usize,
    /// First callback of the load's commands, 99 of 100, ms.
    pub first_p99_ms: f64,
    /// The same of the control run, ms.
    pub control_first_p99_ms: f64,
    /// Restarts that an operator ordered of one guild that plays.
    pub ordered_restarts: u64,
    /// Frames that were lost meanwhile.
    pub ordered_frames_lost: u64,
    /// Those that count against the guild's budget.
    pub ordered_counted: u64,
    /// Requests that the real services would have refused, and whatever else is wrong.
    pub violations: usize,
    /// The seed.
    pub seed: u64,
    /// What is behind the figures, one sentence each; the first ones.
    pub details: Vec<String>,
}

impl Figures {
    pub(super) fn of(crash: &Crash, control: &Pass, crashed: &Pass) -> Self {
        let sorted = |times: &[Duration]| {
            let mut times = times.to_vec();
            times.sort_unstable();
            times
        };
        let back = sorted(&crashed.back);
        let pairs = crashed
            .answers
            .iter()
            .map(|(number, answer)| (answer, control.answers.get(number)));
        let pairs: Vec<_> = pairs.collect();
        let different = pairs.iter().filter(|(one, other)| Some(*one) != *other);
        let mut details: Vec<String> = different
            .clone()
            .map(|(one, other)| format!("answered with {one:?}, in the control run with {other:?}"))
            .collect();
        let queues = crashed.queues.iter().zip(&control.queues);
        let queues: Vec<_> = queues.filter(|(one, other)| one != other || one.is_none()).collect();
        details.extend(
            queues
                .iter()
                .map(|(one, other)| format!("the queue {one:?}, in the control run {other:?}")),
        );
        let wrong = crashed.wrong.iter().cloned();
        let wrong = wrong.chain(control.wrong.iter().map(|what| format!("in the control run: {what}")));
        details.splice(0..0, wrong.take(DETAILS / 2));
        details.truncate(DETAILS);
        Self {
            guilds: crash.guilds,
            rate: crash.rate,
            p50_ms: percentile(&back, 50),
            p99_ms: percentile(&back, 99),
            measured: back.len(),
            deaths: crashed.deaths,
            restarts: crashed.restarts,
            refused_wrongly: crashed.refused,
            unanswered: crashed.unanswered,
            gap: crashed.gap_ms,
            compared: pairs.len(),
            answers_different: different.count(),
            queues_different: queues.len(),
            first_p99_ms: percentile(&sorted(&crashed.first), 99),
            control_first_p99_ms: percentile(&sorted(&control.first), 99),
            ordered_restarts: crashed.ordered.done,
            ordered_frames_lost: crashed.ordered.frames_lost,
            ordered_counted: crashed.ordered.counted,
            violations: crashed.wrong.len() + control.wrong.len(),
            seed: crash.seed,
            details,
        }
    }

    /// Whether every guild came back, and nobody else noticed. How soon is another question: see [`Self::is_in_time`].
    pub fn is_good(&self) -> bool {
        let wrong = [
            self.refused_wrongly,
            self.unanswered,
            self.gap,
            self.ordered_frames_lost,
            self.ordered_counted,
        ];
        let guilds = self.guilds as u64;
        wrong == [0; 5]
            && [self.answers_different, self.queues_different, self.violations] == [0; 3]
            && [self.measured as u64, self.deaths, self.restarts] == [guilds; 3]
    }

    /// Whether they came back within the budget, and the others' answers came when they came in the control run.
    pub fn is_in_time(&self) -> bool {
        let (p50, p99) = BUDGET_MS;
        self.p50_ms <= p50 && self.p99_ms <= p99 && self.first_p99_ms <= self.control_first_p99_ms + LATER_MS
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let mut lines = vec![
            format!(
                "back       {:.0} ms median, {:.0} ms 99 %, of {} deaths; {} restarts",
                self.p50_ms, self.p99_ms, self.deaths, self.restarts
            ),
            format!(
                "neighbours {} refused wrongly, {} unanswered, first callback {:.1} ms 99 % ({:.1} ms without deaths)",
                self.refused_wrongly, self.unanswered, self.first_p99_ms, self.control_first_p99_ms
            ),
            format!(
                "compared   {} answers, {} differ; {} queues differ",
                self.compared, self.answers_different, self.queues_different
            ),
            format!("sound      longest gap {} ms", self.gap),
            format!(
                "operator   {} restarts: {} frames lost, {} count",
                self.ordered_restarts, self.ordered_frames_lost, self.ordered_counted
            ),
            format!("wrong      {} violations · seed {}", self.violations, self.seed),
        ];
        lines.extend(self.details.iter().map(|detail| format!("  {detail}")));
        lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Figures {
        Figures {
            guilds: 10,
            measured: 10,
            deaths: 10,
            restarts: 10,
            p50_ms: 60.0,
            p99_ms: 90.0,
            ..Figures::default()
        }
    }

    #[test]
    fn a_run_is_good_only_if_all_came_back_and_nobody_noticed() {
        assert!(good().is_good() && good().is_in_time());
        for spoil in [
            |figures: &mut Figures| figures.restarts = 9,
            |figures: &mut Figures| figures.deaths = 11,
            |figures: &mut Figures| figures.measured = 9,
            |figures: &mut Figures| figures.refused_wrongly = 1,
            |figures: &mut Figures| figures.unanswered = 1,
            |figures: &mut Figures| figures.gap = 20,
            |figures: &mut Figures| figures.answers_different = 1,
            |figures: &mut Figures| figures.queues_different = 1,
            |figures: &mut Figures| figures.ordered_counted = 1,
            |figures: &mut Figures| figures.ordered_frames_lost = 1,
            |figures: &mut Figures| figures.violations = 1,
        ] {
            let mut figures = good();
            spoil(&mut figures);
            assert!(!figures.is_good(), "{figures:?}");
        }
        for spoil in [
            |figures: &mut Figures| figures.p50_ms = 101.0,
            |figures: &mut Figures| figures.p99_ms = 301.0,
            |figures: &mut Figures| figures.first_p99_ms = 51.0,
        ] {
            let mut figures = good();
            spoil(&mut figures);
            assert!(!figures.is_in_time(), "{figures:?}");
        }
    }
}
