//! The books of a chaos run.

use std::collections::{BTreeMap, BTreeSet};

use super::Chaos;
use super::answers::{Became, Command};
use super::gaps::{Gap, Happened};
use super::plan::Kind;
use crate::control::Death;
use crate::demo::{ByName, Tally};
use crate::run::stage::StandIns;
use crate::sound::Report;

/// So many gaps are told one by one.
const GAPS: usize = 10;

/// What came of a run, as it is printed.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Books {
    /// Commands that got a first callback.
    pub accepted: u64,
    /// Those that were done.
    pub applied: u64,
    /// Those that were not done and told why.
    pub refused: u64,
    /// Those that a fault hit: their users were given a reference.
    pub dead_lettered: u64,
    /// Those that were still deferred in the end.
    pub held: u64,
    /// Final successes without their effect.
    pub lost: u64,
    /// Effects seen twice.
    pub doubled: u64,
    /// Commands to which somebody could read two answers.
    pub answered_twice: u64,
    /// Deaths of guilds' actors, as the bot tells them.
    pub deaths: u64,
    /// Guilds that were seen to live again after one.
    pub restarts: u64,
    /// Whatever else is wrong; see `details`.
    pub violations: u64,
    /// Longest run of due time without sound, ms.
    pub longest_gap_ms: u64,
    /// The same, without what the budgets of the faults explain.
    pub longest_gap_ms_unexcused: u64,
    /// From the healing until everything was as it should be, ms.
    pub converged_ms: Option<u64>,
    /// Frames that should have sounded.
    pub frames_due: u64,
    /// Frames that did.
    pub frames_heard: u64,
    /// Commands that users typed, answered or not.
    pub sent: u64,
    /// Starts of the bot after the first.
    pub bot_restarts: u64,
    /// IDENTIFYs that got a session.
    pub identifies: u64,
    /// RESUMEs that were answered.
    pub resumes: u64,
    /// Faults that were brought about, by kind.
    pub faults: BTreeMap<&'static str, u64>,
    /// Faults that could not be, because the bot or the node was away.
    pub faults_skipped: u64,
    /// What users were told when nothing was done, by its first words.
    pub refusals: ByName,
    /// Refusals of the services that could not be avoided, by kind.
    pub races: ByName,
    /// Lines of level error in the bot's log that no order explains.
    pub log_errors: u64,
    /// The seed.
    pub seed: u64,
    /// The command that makes this run again.
    pub replay: String,
    /// What is behind the figures, one sentence each.
    pub details: Vec<String>,
}

impl Books {
    /// Whether everything is as promised.
    pub fn is_good(&self) -> bool {
        self.accepted > 0
            && [self.lost, self.doubled, self.answered_twice, self.violations] == [0; 4]
            && self.longest_gap_ms_unexcused == 0
    }

    /// A table for people.
    pub fn table(&self) -> String {
        let faults: Vec<String> = self
            .faults
            .iter()
            .map(|(kind, count)| format!("{count} {kind}"))
            .collect();
        let converged = self.converged_ms.map_or_else(
            || "not within a minute".into(),
            |ms| format!("{ms} ms after the healing"),
        );
        let mut lines = vec![
            format!("faults     {}; {} not done", faults.join(", "), self.faults_skipped),
            format!(
                "commands   {} accepted = {} applied + {} refused + {} dead-lettered + {} held",
                self.accepted, self.applied, self.refused, self.dead_lettered, self.held
            ),
            format!(
                "effects    {} lost, {} doubled, {} answered twice",
                self.lost, self.doubled, self.answered_twice
            ),
            format!(
                "actors     {} deaths, {} restarts; the bot {} restarts, {} identifies, {} resumes",
                self.deaths, self.restarts, self.bot_restarts, self.identifies, self.resumes
            ),
            format!(
                "sound      {} of {} frames, longest gap {} ms, without an excuse {} ms",
                self.frames_heard, self.frames_due, self.longest_gap_ms, self.longest_gap_ms_unexcused
            ),
            format!("at rest    {converged}"),
            format!(
                "wrong      {} violations · again with: {}",
                self.violations, self.replay
            ),
        ];
        lines.extend(self.details.iter().map(|detail| format!("  {detail}")));
        lines.join("\n")
    }
}

/// What is written down while a run goes on.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// What explains silence.
    pub(super) happened: Vec<Happened>,
    /// Faults that were brought about.
    pub(super) brought: BTreeMap<Kind, u64>,
    /// Faults that could not be.
    pub(super) skipped: u64,
    /// Deaths that were ordered.
    pub(super) ordered: u64,
    /// Guilds that lived again after one.
    pub(super) restarts: u64,
    /// Deaths that the bot told of.
    pub(super) deaths: BTreeSet<Death>,
    /// When each node is back.
    pub(super) returns: BTreeMap<usize, u64>,
    /// What is wrong.
    pub(super) wrong: Vec<String>,
    /// How long it took until everything was as it should be.
    pub(super) converged_ms: Option<u64>,
    /// Each accepted command, in the end.
    pub(super) commands: Vec<Command>,
    errors: Vec<String>,
}

impl Ledger {
    /// Takes the errors of the bot's log, those apart that were ordered.
    pub(super) fn log(&mut self, errors: &[String]) {
        let ordered = ["was ordered", "\"(fault)\"", "by an operator's order"];
        let others = errors
            .iter()
            .filter(|line| !ordered.iter().any(|sign| line.contains(sign)));
        self.errors = others.cloned().collect();
        let panics = self.errors.iter().filter(|line| line.contains("panicked at"));
        self.wrong.extend(panics.map(|line| format!("the bot's log: {line}")));
    }

    fn count(&self, became: Became) -> u64 {
        self.commands.iter().filter(|command| command.became == became).count() as u64
    }

    /// Closes the books.
    pub(super) fn close(
        &mut self,
        chaos: &Chaos,
        tally: &Tally,
        at: &StandIns,
        (sound, gaps): (&Report, &[Gap]),
    ) -> Books {
        let found = at.finish();
        let (lost, doubled) = tally.found();
        self.wrong.extend(found.violations);
        self.judge();
        let label = |name: &'static str, list: &[String]| -> Vec<String> {
            list.iter().map(|what| format!("{name}: {what}")).collect()
        };
        let twice: Vec<String> = self.commands.iter().filter(|command| command.twice).map(tell).collect();
        let mut details = label("violation", &self.wrong);
        details.extend(label("lost", &lost));
        details.extend(label("doubled", &doubled));
        details.extend(label("answered twice", &twice));
        details.extend(gaps.iter().take(GAPS).map(tell_gap));
        details.extend(label("log", &self.errors));
        details.extend(label("note", &found.notes));
        let mut refusals = ByName::new();
        for command in self.commands.iter().filter(|it| it.became == Became::Refused) {
            let words: Vec<&str> = command.text.split_whitespace().take(6).collect();
            *refusals.entry(words.join(" ")).or_default() += 1;
        }
        let starts = self.happened.iter().filter(|it| matches!(it, Happened::Down { .. }));
        Books {
            accepted: self.commands.len() as u64,
            applied: self.count(Became::Applied),
            refused: self.count(Became::Refused),
            dead_lettered: self.count(Became::DeadLettered),
            held: self.count(Became::Held),
            lost: lost.len() as u64,
            doubled: doubled.len() as u64,
            answered_twice: twice.len() as u64,
            deaths: self.deaths.len() as u64,
            restarts: self.restarts,
            violations: self.wrong.len() as u64,
            longest_gap_ms: sound.longest_gap_ms,
            longest_gap_ms_unexcused: gaps.first().map_or(0, Gap::length_ms),
            converged_ms: self.converged_ms,
            frames_due: sound.frames_due,
            frames_heard: sound.frames_heard,
            sent: at.chat.interactions().len() as u64,
            bot_restarts: starts.count() as u64,
            identifies: at.chat.identifies(),
            resumes: at.chat.resumes(),
            faults: self.brought.iter().map(|(kind, count)| (kind.name(), *count)).collect(),
            faults_skipped: self.skipped,
            refusals,
            races: found.races,
            log_errors: self.errors.len() as u64,
            seed: chaos.seed,
            replay: format!(
                "sandbox --seed {} chaos --for {}ms --guilds {}",
                chaos.seed,
                chaos.length.as_millis(),
                chaos.guilds
            ),
            details,
        }
    }

    /// What the books themselves say is wrong.
    fn judge(&mut self) {
        let unknown = self.commands.iter().filter(|it| it.became == Became::Unknown);
        let unknown: Vec<String> = unknown
            .map(|command| format!("accepted, and neither done nor refused: {}", tell(command)))
            .collect();
        self.wrong.extend(unknown);
        let unordered = self.deaths.iter().filter(|death| !death.was_ordered());
        let unordered: Vec<String> = unordered
            .map(|death| {
                format!(
                    "guild {} died of `{}` at {}, and nobody ordered it (reference {})",
                    death.guild, death.input, death.place, death.reference
                )
            })
            .collect();
        self.wrong.extend(unordered);
        if self.deaths.len() as u64 > self.ordered {
            self.wrong.push(format!(
                "{} deaths were ordered, there were {}",
                self.ordered,
                self.deaths.len()
            ));
        }
    }
}

fn tell(command: &Command) -> String {
    format!("/{} typed at {} ms: {:?}", command.name, command.at_ms, command.text)
}

fn tell_gap(gap: &Gap) -> String {
    let place = if gap.at_change {
        "where a track was to begin"
    } else {
        "in the middle of a track"
    };
    format!(
        "gap: guild {}, {} ms from {} ms of the run on, {place}",
        gap.guild,
        gap.length_ms(),
        gap.from_ms
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_are_good_only_if_nothing_is_wrong() {
        let good = Books {
            accepted: 100,
            held: 2,
            longest_gap_ms: 5_000,
            ..Books::default()
        };
        assert!(good.is_good());
        for spoil in [
            |books: &mut Books| books.accepted = 0,
            |books: &mut Books| books.lost = 1,
            |books: &mut Books| books.doubled = 1,
            |books: &mut Books| books.answered_twice = 1,
            |books: &mut Books| books.violations = 1,
            |books: &mut Books| books.longest_gap_ms_unexcused = 20,
        ] {
            let mut books = good.clone();
            spoil(&mut books);
            assert!(!books.is_good(), "{books:?}");
        }
    }

    #[test]
    fn a_command_of_which_nobody_knows_what_became_is_a_violation_and_so_is_a_death_that_nobody_ordered() {
        let command = |became| Command {
            name: "skip".into(),
            text: "?".into(),
            became,
            twice: false,
            at_ms: 0,
        };
        let death = |input: &str| Death {
            at_ms: 1,
            guild: 2,
            incarnation: input.into(),
            input: input.into(),
            place: "a.rs:1".into(),
            reference: "K7".into(),
        };
        let mut ledger = Ledger {
            commands: [Became::Applied, Became::Refused, Became::Held].map(command).into(),
            deaths: [death("(fault)")].into(),
            ordered: 1,
            ..Ledger::default()
        };
        ledger.judge();
        assert!(ledger.wrong.is_empty(), "{:?}", ledger.wrong);
        ledger.commands.push(command(Became::Unknown));
        ledger.deaths.insert(death("command"));
        ledger.judge();
        assert_eq!(ledger.wrong.len(), 3, "{:?}", ledger.wrong);
    }
}
