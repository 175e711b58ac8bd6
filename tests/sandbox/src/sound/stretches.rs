//! A guild's time in pieces, for a timeline: sound, silence with its excuse, silence without one.

use super::{Account, SoundLedger, Span, changes, minus, union};

/// What a piece of a guild's time was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A track sounded.
    Sound,
    /// Silence that somebody or something explains.
    Excused(String),
    /// Silence that nothing explains.
    Gap,
}

/// A piece of a guild's time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// From, ms.
    pub from_ms: u64,
    /// To, ms.
    pub to_ms: u64,
    /// What it was.
    pub kind: Kind,
}

impl SoundLedger {
    /// The pieces of `guild`'s time from `from_ms` to `until_ms` in order, beginning with its first sound at the earliest.
    pub fn stretches(&self, guild: u64, from_ms: u64, until_ms: u64) -> Vec<Stretch> {
        let accounts = self.lock();
        accounts
            .get(&guild)
            .map(|account| account.stretches(from_ms, until_ms))
            .unwrap_or_default()
    }
}

impl Account {
    fn stretches(&self, from_ms: u64, until_ms: u64) -> Vec<Stretch> {
        let Some(first) = self.first() else { return Vec::new() };
        let begin = first.max(from_ms);
        let clip = |(from, to): (u64, u64)| {
            (
                from.clamp(begin, until_ms.max(begin)),
                to.clamp(begin, until_ms.max(begin)),
            )
        };
        let mut spans: Vec<Span> = self.spans.clone();
        spans.extend(self.open.values().map(|(from, track)| Span {
            from_ms: *from,
            to_ms: until_ms.max(*from),
            track: track.clone(),
        }));
        spans.sort_by_key(|span| (span.from_ms, span.to_ms));
        let heard = union(spans.iter().map(|span| clip((span.from_ms, span.to_ms))));
        let open = self.excused.iter().map(|(from, why)| (*from, until_ms, why.clone()));
        let mut excuses: Vec<(u64, u64, String)> = self.excuses.iter().cloned().chain(open).collect();
        let between = changes(&spans).0.into_iter();
        excuses.extend(between.map(|(from, to)| (from, to, "between two tracks".to_owned())));
        let silent = minus(&[clip((begin, until_ms))], &heard);
        let excused = union(excuses.iter().map(|(from, to, _)| clip((*from, *to))));
        let gaps = minus(&silent, &excused);
        let why = |at: u64| {
            let found = excuses.iter().find(|(from, to, _)| *from <= at && at < *to);
            found.map_or_else(String::new, |(_, _, why)| why.clone())
        };
        let stretch = |kind: Kind, (from_ms, to_ms): (u64, u64)| Stretch { from_ms, to_ms, kind };
        let mut all: Vec<Stretch> = heard.iter().map(|part| stretch(Kind::Sound, *part)).collect();
        all.extend(gaps.iter().map(|part| stretch(Kind::Gap, *part)));
        let explained = minus(&silent, &gaps).into_iter();
        all.extend(explained.map(|part| stretch(Kind::Excused(why(part.0)), part)));
        all.sort_by_key(|stretch| stretch.from_ms);
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sound_excused_silence_and_gaps_follow_each_other() {
        let ledger = SoundLedger::default();
        ledger.sounds(1, 1, "a", 1_000);
        ledger.silent(1, 1, 3_000);
        ledger.sounds(1, 2, "a", 3_500);
        ledger.excuse(1, "paused", 5_000);
        ledger.silent(1, 2, 5_000);
        let told: Vec<_> = ledger.stretches(1, 0, 6_000);
        let told: Vec<_> = told.into_iter().map(|it| (it.from_ms, it.to_ms, it.kind)).collect();
        assert_eq!(
            told,
            [
                (1_000, 3_000, Kind::Sound),
                (3_000, 3_500, Kind::Gap),
                (3_500, 5_000, Kind::Sound),
                (5_000, 6_000, Kind::Excused("paused".into())),
            ]
        );
        assert_eq!(ledger.stretches(1, 5_500, 6_000).len(), 1);
        assert!(ledger.stretches(2, 0, 6_000).is_empty());
    }
}
