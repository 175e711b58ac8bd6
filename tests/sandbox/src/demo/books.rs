//! The books of a demo.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::ByName;
use crate::bot::Usage;
use crate::run::stage::StandIns;
use crate::sound::Report;

/// Around a fault an answer may stay out or say "please repeat": from so long before it, ms.
const BEFORE_MS: u64 = 3_000;

/// To so long after it, ms.
const AFTER_MS: u64 = 8_000;

/// Heard of due, percent, that a demo must reach.
const HEARD_PERCENT: f64 = 98.0;

/// What came of a demo, as it is printed.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Books {
    /// Frames that should have sounded.
    pub frames_due: u64,
    /// Frames that did.
    pub frames_heard: u64,
    /// Heard of due.
    pub heard_percent: f64,
    /// Longest run of due time without sound, ms.
    pub longest_gap_ms: u64,
    /// Longest excused change between two tracks, ms.
    pub longest_change_ms: u64,
    /// Time in which two players of one guild sounded at once, ms.
    pub doubled_sound_ms: u64,
    /// Commands that users typed.
    pub commands_sent: u64,
    /// Those with a final answer.
    pub commands_answered: u64,
    /// Those whose final answer was no success.
    pub commands_refused: u64,
    /// Final successes without their effect.
    pub commands_lost: u64,
    /// Effects seen twice.
    pub commands_doubled: u64,
    /// Commands by name.
    pub commands: ByName,
    /// Starts of the bot after the first.
    pub restarts: u32,
    /// IDENTIFYs that got a session.
    pub identifies: u64,
    /// RESUMEs that were answered.
    pub resumes: u64,
    /// From the gateway's return to the session being resumed, ms.
    pub resumed_after_ms: Option<u64>,
    /// Requests that the real services would have refused.
    pub violations: usize,
    /// Refusals that could not be avoided, by kind.
    pub races: ByName,
    /// Lines of the bot's log that call for somebody, and answers that are wrong.
    pub errors: usize,
    /// Resident memory of the bot once it was connected, before the first command, kB.
    pub bot_idle_rss_kb: Option<u64>,
    /// Resident memory of the bot in the end, kB.
    pub bot_rss_kb: Option<u64>,
    /// Processor time of the bot per command with all that follows from it, ms; only when one process did it all.
    pub bot_cpu_ms_each: Option<f64>,
    /// The seed.
    pub seed: u64,
    /// What is behind the figures, one sentence each.
    pub details: Vec<String>,
}

impl Books {
    /// Adds what the bot's process had used before the first command and in the end.
    pub(super) fn weigh(&mut self, idle: Option<Usage>, used: Option<Usage>) {
        self.bot_idle_rss_kb = idle.map(|idle| idle.rss_kb);
        self.bot_rss_kb = used.map(|used| used.rss_kb);
        let commands = u32::try_from(self.commands_sent).unwrap_or(u32::MAX);
        self.bot_cpu_ms_each = idle
            .zip(used)
            .filter(|_| self.restarts == 0 && commands > 0)
            .and_then(|(idle, used)| u32::try_from(used.cpu_ms.checked_sub(idle.cpu_ms)?).ok())
            .map(|cpu_ms| f64::from(cpu_ms) / f64::from(commands));
    }

    /// Whether everything is as promised.
    pub fn is_good(&self) -> bool {
        let heard = self.frames_due > 0 && self.heard_percent >= HEARD_PERCENT;
        heard && self.errors == 0 && self.violations == 0 && self.commands_lost == 0 && self.commands_doubled == 0
    }
}

/// What is counted while a demo runs.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    inner: Mutex<Inner>,
    away: AtomicBool,
    back_ms: AtomicU64,
}

#[derive(Debug, Default)]
struct Inner {
    sent: ByName,
    answered: u64,
    refused: u64,
    lost: Vec<String>,
    doubled: Vec<String>,
    errors: Vec<(u64, String)>,
    faults_ms: Vec<u64>,
}

impl Tally {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn sent(&self, command: &str) {
        *self.lock().sent.entry(command.to_owned()).or_default() += 1;
    }

    pub(super) fn answered(&self) {
        self.lock().answered += 1;
    }

    /// A command was refused, or not answered, though nothing spoke against it.
    pub(super) fn refused(&self, sent_ms: u64, was_answered: bool, what: String) {
        let mut inner = self.lock();
        inner.refused += u64::from(was_answered);
        inner.errors.push((sent_ms, what));
    }

    pub(super) fn lost(&self, what: impl IntoIterator<Item = String>) {
        self.lock().lost.extend(what);
    }

    pub(super) fn doubled(&self, what: impl IntoIterator<Item = String>) {
        self.lock().doubled.extend(what);
    }

    /// What was lost and what was doubled so far.
    pub(crate) fn found(&self) -> (Vec<String>, Vec<String>) {
        let inner = self.lock();
        (inner.lost.clone(), inner.doubled.clone())
    }

    pub(super) fn fault(&self, at_ms: u64) {
        self.lock().faults_ms.push(at_ms);
    }

    /// Whether the gateway is away: then nobody can type to the bot.
    pub(super) fn away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::SeqCst)
    }

    pub(super) fn back(&self, at_ms: u64) {
        self.back_ms.store(at_ms, Ordering::SeqCst);
    }

    /// Closes the books.
    pub(super) fn books(
        &self,
        sound: &Report,
        problems: Vec<String>,
        at: &StandIns,
        restarts: u32,
        seed: u64,
    ) -> Books {
        let inner = self.lock();
        let found = at.finish();
        let near_fault = |sent: u64| {
            let mut faults = inner.faults_ms.iter();
            faults.any(|fault| sent + BEFORE_MS >= *fault && sent <= fault + AFTER_MS)
        };
        let (tolerated, wrong): (Vec<_>, Vec<_>) = inner.errors.iter().partition(|(sent, _)| near_fault(*sent));
        let mut errors: Vec<String> = wrong.into_iter().map(|(_, what)| what.clone()).collect();
        errors.extend(problems);
        let label = |name: &'static str, list: &[String]| -> Vec<String> {
            list.iter().map(|what| format!("{name}: {what}")).collect()
        };
        let mut details = label("error", &errors);
        details.extend(label("lost", &inner.lost));
        details.extend(label("doubled", &inner.doubled));
        details.extend(label("violation", &found.violations));
        details.extend(label("note", &found.notes));
        details.extend(tolerated.iter().map(|(_, what)| format!("at the fault: {what}")));
        if let Some((guild, from)) = sound.longest_gap_at {
            details.push(format!("longest gap: guild {guild}, from {from} ms of the run on"));
        }
        let back = Some(self.back_ms.load(Ordering::SeqCst)).filter(|back| *back > 0);
        let heard = u32::try_from(sound.frames_heard).unwrap_or(u32::MAX);
        let due = u32::try_from(sound.frames_due).unwrap_or(u32::MAX);
        Books {
            frames_due: sound.frames_due,
            frames_heard: sound.frames_heard,
            heard_percent: (f64::from(heard) / f64::from(due.max(1)) * 10_000.0).round() / 100.0,
            longest_gap_ms: sound.longest_gap_ms,
            longest_change_ms: sound.longest_change_ms,
            doubled_sound_ms: sound.doubled_ms,
            commands_sent: inner.sent.values().sum(),
            commands_answered: inner.answered,
            commands_refused: inner.refused,
            commands_lost: inner.lost.len() as u64,
            commands_doubled: inner.doubled.len() as u64,
            commands: inner.sent.clone(),
            restarts,
            identifies: at.chat.identifies(),
            resumes: at.chat.resumes(),
            resumed_after_ms: back.and_then(|back| at.chat.resumed_after(back)),
            violations: found.violations.len(),
            races: found.races,
            errors: errors.len(),
            bot_idle_rss_kb: None,
            bot_rss_kb: None,
            bot_cpu_ms_each: None,
            seed,
            details,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn good() -> Books {
        Books {
            frames_due: 10_000,
            frames_heard: 9_900,
            heard_percent: 99.0,
            ..Books::default()
        }
    }

    #[test]
    fn books_are_good_only_if_nothing_is_wrong() {
        assert!(good().is_good());
        for spoil in [
            |books: &mut Books| books.heard_percent = 97.9,
            |books: &mut Books| books.errors = 1,
            |books: &mut Books| books.violations = 1,
            |books: &mut Books| books.commands_lost = 1,
            |books: &mut Books| books.commands_doubled = 1,
            |books: &mut Books| books.frames_due = 0,
        ] {
            let mut books = good();
            spoil(&mut books);
            assert!(!books.is_good(), "{books:?}");
        }
    }
}
