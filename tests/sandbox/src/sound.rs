//! Which sound was due and which was heard, in frames of 20 ms, from state changes on one monotonic clock.
//!
//! A frame is *due* from a guild's first sound until an excuse begins: a user's own pause, stop or leave, or an empty
//! queue. A *gap* is the longest run of due time without sound. The change between two tracks is excused up to
//! [`CHANGE_MS`] and reported on its own.

mod stretches;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use stretches::{Kind, Stretch};

/// Silence between two tracks that is excused, ms.
pub const CHANGE_MS: u64 = 300;

/// Length of a frame, ms.
pub const FRAME_MS: u64 = 20;

/// Shared account of all guilds. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct SoundLedger(Arc<Mutex<BTreeMap<u64, Account>>>);

#[derive(Clone, Debug, Default)]
struct Account {
    /// Heard: from, to, track.
    spans: Vec<Span>,
    /// Sounding now, by source.
    open: BTreeMap<u64, (u64, String)>,
    /// Excused: from, to.
    excuses: Vec<(u64, u64, String)>,
    excused: Option<(u64, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Span {
    from_ms: u64,
    to_ms: u64,
    track: String,
}

/// What a guild, or all of them, came to.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Report {
    /// Frames that should have sounded.
    pub frames_due: u64,
    /// Frames that did.
    pub frames_heard: u64,
    /// Longest run of due time without sound, ms.
    pub longest_gap_ms: u64,
    /// Where it was: guild and start, ms.
    pub longest_gap_at: Option<(u64, u64)>,
    /// Longest excused change between two tracks, ms.
    pub longest_change_ms: u64,
    /// Time in which two players of one guild sounded at once, ms.
    pub doubled_ms: u64,
}

impl SoundLedger {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<u64, Account>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Player `source` of `guild` sounds with `track` from `at_ms` on.
    pub fn sounds(&self, guild: u64, source: u64, track: &str, at_ms: u64) {
        let mut accounts = self.lock();
        let account = accounts.entry(guild).or_default();
        account.close(source, at_ms);
        account.open.insert(source, (at_ms, track.to_owned()));
    }

    /// Player `source` of `guild` is silent from `at_ms` on; a time to come is meant as such.
    pub fn silent(&self, guild: u64, source: u64, at_ms: u64) {
        self.lock().entry(guild).or_default().close(source, at_ms);
    }

    /// Silence of `guild` is excused from `at_ms` on.
    pub fn excuse(&self, guild: u64, why: &str, at_ms: u64) {
        let mut accounts = self.lock();
        let account = accounts.entry(guild).or_default();
        if account.excused.is_none() {
            account.excused = Some((at_ms, why.to_owned()));
        }
    }

    /// Sound of `guild` is due again from `at_ms` on.
    pub fn end_excuse(&self, guild: u64, at_ms: u64) {
        let mut accounts = self.lock();
        let account = accounts.entry(guild).or_default();
        if let Some((from, why)) = account.excused.take() {
            account.excuses.push((from, at_ms.max(from), why));
        }
    }

    /// Whether `guild` sounds at `at_ms`, and with what.
    pub fn sounding(&self, guild: u64) -> Option<String> {
        let accounts = self.lock();
        accounts
            .get(&guild)?
            .open
            .values()
            .next()
            .map(|(_, track)| track.clone())
    }

    /// What was heard in `guild`, in order of beginning: track, from, and to once it has ended.
    pub fn heard(&self, guild: u64) -> Vec<(String, u64, Option<u64>)> {
        let accounts = self.lock();
        let Some(account) = accounts.get(&guild) else {
            return Vec::new();
        };
        let ended = account.spans.iter();
        let ended = ended.map(|span| (span.track.clone(), span.from_ms, Some(span.to_ms)));
        let open = account.open.values().map(|(from, track)| (track.clone(), *from, None));
        let mut all: Vec<_> = ended.chain(open).collect();
        all.sort_by_key(|(_, from, _)| *from);
        all
    }

    /// When `guild` was first heard.
    pub fn first_sound(&self, guild: u64) -> Option<u64> {
        self.lock().get(&guild).and_then(Account::first)
    }

    /// When any guild was first heard.
    pub fn first_of_all(&self) -> Option<u64> {
        self.lock().values().filter_map(Account::first).min()
    }

    /// The account of `guild` until `until_ms`.
    pub fn report(&self, guild: u64, until_ms: u64) -> Report {
        self.lock()
            .get(&guild)
            .map_or_else(Report::default, |account| account.report(guild, 0, until_ms))
    }

    /// The account of `guild` from `from_ms` until `until_ms`.
    pub fn report_between(&self, guild: u64, from_ms: u64, until_ms: u64) -> Report {
        self.lock()
            .get(&guild)
            .map_or_else(Report::default, |account| account.report(guild, from_ms, until_ms))
    }

    /// The sum over all guilds until `until_ms`; the longest of each is kept.
    pub fn total(&self, until_ms: u64) -> Report {
        let mut total = Report::default();
        for (guild, account) in self.lock().iter() {
            let one = account.report(*guild, 0, until_ms);
            total.frames_due += one.frames_due;
            total.frames_heard += one.frames_heard;
            total.doubled_ms += one.doubled_ms;
            total.longest_change_ms = total.longest_change_ms.max(one.longest_change_ms);
            if one.longest_gap_ms > total.longest_gap_ms {
                (total.longest_gap_ms, total.longest_gap_at) = (one.longest_gap_ms, one.longest_gap_at);
            }
        }
        total
    }
}

impl Account {
    fn close(&mut self, source: u64, at_ms: u64) {
        if let Some((from_ms, track)) = self.open.remove(&source) {
            self.spans.push(Span {
                from_ms,
                to_ms: at_ms.max(from_ms),
                track,
            });
        }
    }

    fn first(&self) -> Option<u64> {
        let open = self.open.values().map(|(from, _)| *from);
        self.spans.iter().map(|span| span.from_ms).chain(open).min()
    }

    fn report(&self, guild: u64, from_ms: u64, until_ms: u64) -> Report {
        let Some(first) = self.first() else {
            return Report::default();
        };
        let mut spans: Vec<Span> = self.spans.clone();
        spans.extend(self.open.values().map(|(from, track)| Span {
            from_ms: *from,
            to_ms: until_ms.max(*from),
            track: track.clone(),
        }));
        spans.sort_by_key(|span| (span.from_ms, span.to_ms));
        let begin = first.max(from_ms);
        let clip = |from: u64, to: u64| {
            (
                from.clamp(begin, until_ms.max(begin)),
                to.clamp(begin, until_ms.max(begin)),
            )
        };
        let heard = union(spans.iter().map(|span| clip(span.from_ms, span.to_ms)));
        let mut excuses: Vec<(u64, u64)> = self.excuses.iter().map(|(from, to, _)| clip(*from, *to)).collect();
        excuses.extend(self.excused.iter().map(|(from, _)| clip(*from, until_ms)));
        let (changes, longest_change_ms) = changes(&spans);
        excuses.extend(changes.into_iter().map(|(from, to)| clip(from, to)));
        let excused = union(excuses.into_iter());
        let silent = minus(&[clip(begin, until_ms)], &heard);
        let unexcused = minus(&silent, &excused);
        let heard_ms: u64 = heard.iter().map(|(from, to)| to - from).sum();
        let missing_ms: u64 = unexcused.iter().map(|(from, to)| to - from).sum();
        let longest = unexcused
            .iter()
            .max_by_key(|(from, to)| to - from)
            .filter(|(from, to)| to > from);
        let clipped: u64 = spans
            .iter()
            .map(|span| clip(span.from_ms, span.to_ms))
            .map(|(from, to)| to - from)
            .sum();
        Report {
            frames_due: (heard_ms + missing_ms) / FRAME_MS,
            frames_heard: heard_ms / FRAME_MS,
            longest_gap_ms: longest.map_or(0, |(from, to)| to - from),
            longest_gap_at: longest.map(|(from, _)| (guild, *from)),
            longest_change_ms,
            doubled_ms: clipped.saturating_sub(heard_ms),
        }
    }
}

/// The excused part of every silence between two different tracks, and the longest of them.
fn changes(spans: &[Span]) -> (Vec<(u64, u64)>, u64) {
    let (mut excused, mut longest) = (Vec::new(), 0);
    for pair in spans.windows(2) {
        let [before, after] = pair else { continue };
        if before.track != after.track && after.from_ms > before.to_ms {
            let end = after.from_ms.min(before.to_ms + CHANGE_MS);
            longest = longest.max(end - before.to_ms);
            excused.push((before.to_ms, end));
        }
    }
    (excused, longest)
}

/// The union of spans, in order and apart from each other.
fn union(spans: impl Iterator<Item = (u64, u64)>) -> Vec<(u64, u64)> {
    let mut all: Vec<(u64, u64)> = spans.filter(|(from, to)| to > from).collect();
    all.sort_unstable();
    let mut out: Vec<(u64, u64)> = Vec::with_capacity(all.len());
    for (from, to) in all {
        match out.last_mut() {
            Some((_, end)) if *end >= from => *end = (*end).max(to),
            Some(_) | None => out.push((from, to)),
        }
    }
    out
}

/// What is in `all` and not in `holes`; both in order.
pub(crate) fn minus(all: &[(u64, u64)], holes: &[(u64, u64)]) -> Vec<(u64, u64)> {
    let mut out = Vec::new();
    for (from, to) in all {
        let mut at = *from;
        for (hole_from, hole_to) in holes {
            if *hole_to <= at || *hole_from >= *to {
                continue;
            }
            if *hole_from > at {
                out.push((at, *hole_from));
            }
            at = at.max(*hole_to);
        }
        if at < *to {
            out.push((at, *to));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_counts_unless_it_is_excused() {
        let ledger = SoundLedger::default();
        ledger.sounds(1, 1, "a", 1_000);
        ledger.silent(1, 1, 3_000);
        ledger.sounds(1, 2, "a", 3_500);
        ledger.excuse(1, "pause", 5_000);
        ledger.silent(1, 2, 5_000);
        ledger.end_excuse(1, 8_000);
        ledger.sounds(1, 2, "a", 8_000);
        let report = ledger.report(1, 9_000);
        assert_eq!(
            (report.frames_due, report.frames_heard, report.longest_gap_ms),
            (250, 225, 500)
        );
        assert_eq!(report.longest_gap_at, Some((1, 3_000)));
    }

    #[test]
    fn a_change_of_track_is_excused_up_to_a_bound_and_reported() {
        let ledger = SoundLedger::default();
        ledger.sounds(1, 1, "a", 0);
        ledger.silent(1, 1, 1_000);
        ledger.sounds(1, 1, "b", 1_400);
        let report = ledger.report(1, 2_000);
        assert_eq!((report.longest_gap_ms, report.longest_change_ms), (100, 300));
    }

    #[test]
    fn two_players_at_once_are_seen_and_heard_once() {
        let ledger = SoundLedger::default();
        ledger.sounds(1, 1, "a", 0);
        ledger.sounds(1, 2, "a", 500);
        ledger.silent(1, 1, 1_000);
        let report = ledger.report(1, 2_000);
        assert_eq!(
            (report.frames_heard, report.frames_due, report.doubled_ms),
            (100, 100, 500)
        );
    }
}
