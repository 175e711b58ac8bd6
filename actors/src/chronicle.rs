//! What happened to actors since the process began: counts, and the newest deaths, dead letters, alarms and orders.
//!
//! One for the whole process; arbiters write it, whoever serves it reads it, from any thread. Nothing in it holds what a
//! user wrote: a death is told by its place in the code, an input by its name.

mod gaps;
mod orders;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostinato_machine::ids::{CauseId, GuildId, ShardId};

pub use gaps::{Gap, GapCause, Gaps};
pub use orders::{DONE, Ordered};

/// How many of each kind are kept.
pub const KEPT: usize = 100;

/// Places of deaths that are told apart; beyond, they are counted together.
const PLACES: usize = 256;

/// What a guild's actor died of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Cause {
    /// A panic while it decided: its value is intact.
    Decide,
    /// A panic or an error while it applied: its value is rebuilt.
    Apply,
    /// It was gone without a word.
    Gone,
    /// It was to start without a value.
    NoValue,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 4] = [Self::Decide, Self::Apply, Self::Gone, Self::NoValue];

    /// Its name, for logs and metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Decide => "decide",
            Self::Apply => "apply",
            Self::Gone => "gone",
            Self::NoValue => "no_value",
        }
    }
}

/// An input that a guild had, by its name, and when, wall-clock ms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Had {
    /// When it was accepted, wall-clock ms.
    pub at_ms: u64,
    /// Its name.
    pub input: &'static str,
}

/// One death of a guild's actor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// Its shard.
    pub shard: ShardId,
    /// Which incarnation.
    pub incarnation: u64,
    /// What of.
    pub cause: Cause,
    /// Where in the code; equal deaths have equal places.
    pub place: Arc<str>,
    /// The input that it had in hand.
    pub input: &'static str,
    /// What the user was told to name it by.
    pub reference: Arc<str>,
    /// Whether the guild's value was intact.
    pub kept: bool,
    /// The inputs before, oldest first.
    pub before: Vec<Had>,
}

/// An input that killed a guild and is not tried again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeadLetter {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// Its shard.
    pub shard: ShardId,
    /// The input's name.
    pub input: &'static str,
    /// Who caused it.
    pub cause: CauseId,
    /// What the user was told to name it by; the death has the same.
    pub reference: Arc<str>,
}

/// Many guilds of a shard died within a short time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Alarm {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The shard.
    pub shard: ShardId,
    /// How many different guilds.
    pub guilds: usize,
}

/// What is counted. Each is a number that only rises.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Count {
    /// Inputs that slots accepted.
    Accepted,
    /// Accepted inputs that were applied.
    Applied,
    /// Accepted inputs that were refused after all; whoever waited was told.
    Refused,
    /// Accepted inputs that killed their guild.
    DeadLettered,
    /// Inputs that were refused at the door.
    TurnedAway,
    /// Actors of guilds that were started.
    Started,
    /// Guilds that were parked.
    Parked,
    /// Actors of shards that died.
    ShardDeaths,
    /// Commands that were applied, reading ones included.
    Commands,
    /// Tracks that nodes began to play.
    Streams,
    /// Guilds that another process turned out to own.
    Fenced,
}

impl Count {
    const LEN: usize = 11;

    const fn place(self) -> usize {
        self as usize
    }
}

/// The newest of each kind, oldest first.
#[derive(Debug, Default)]
struct Rings {
    deaths: VecDeque<Arc<Death>>,
    letters: VecDeque<Arc<DeadLetter>>,
    alarms: VecDeque<Alarm>,
    gaps: VecDeque<Gap>,
    gaps_by: BTreeMap<GapCause, Gaps>,
    orders: VecDeque<Arc<Ordered>>,
    places: BTreeMap<Arc<str>, u64>,
    causes: BTreeMap<Cause, u64>,
    alarmed: u64,
}

/// The chronicle of one process.
#[derive(Debug, Default)]
pub struct Chronicle {
    counts: [AtomicU64; Count::LEN],
    rings: Mutex<Rings>,
}

/// Puts one in, and lets the oldest go.
fn keep<T>(ring: &mut VecDeque<T>, one: T) {
    if ring.len() >= KEPT {
        ring.pop_front();
    }
    ring.push_back(one);
}

impl Chronicle {
    fn rings(&self) -> MutexGuard<'_, Rings> {
        self.rings.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn count(&self, what: Count) {
        if let Some(count) = self.counts.get(what.place()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(crate) fn died(&self, death: Death) {
        let mut rings = self.rings();
        *rings.causes.entry(death.cause).or_default() += 1;
        let place = if rings.places.len() < PLACES || rings.places.contains_key(&death.place) {
            Arc::clone(&death.place)
        } else {
            Arc::from("elsewhere")
        };
        *rings.places.entry(place).or_default() += 1;
        keep(&mut rings.deaths, Arc::new(death));
    }

    pub(crate) fn dead_letter(&self, letter: DeadLetter) {
        self.count(Count::DeadLettered);
        keep(&mut self.rings().letters, Arc::new(letter));
    }

    pub(crate) fn alarm(&self, alarm: Alarm) {
        let mut rings = self.rings();
        rings.alarmed = rings.alarmed.saturating_add(1);
        keep(&mut rings.alarms, alarm);
    }

    pub(crate) fn gap(&self, gap: Gap) {
        let mut rings = self.rings();
        rings.gaps_by.entry(gap.cause).or_default().put(gap.ms);
        keep(&mut rings.gaps, gap);
    }

    /// The silences that nobody asked for, by what made them.
    pub fn gaps_by_cause(&self) -> Vec<(GapCause, Gaps)> {
        let rings = self.rings();
        let of = |cause| (cause, rings.gaps_by.get(&cause).copied().unwrap_or_default());
        GapCause::ALL.into_iter().map(of).collect()
    }

    /// The newest of them, newest first.
    pub fn gaps(&self) -> Vec<Gap> {
        self.rings().gaps.iter().rev().copied().collect()
    }

    /// How often something happened.
    pub fn of(&self, what: Count) -> u64 {
        self.counts
            .get(what.place())
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Deaths of guilds' actors, by what they died of.
    pub fn deaths_by_cause(&self) -> Vec<(Cause, u64)> {
        let rings = self.rings();
        let of = |cause| (cause, rings.causes.get(&cause).copied().unwrap_or(0));
        Cause::ALL.into_iter().map(of).collect()
    }

    /// How often many guilds died at once.
    pub fn alarms_raised(&self) -> u64 {
        self.rings().alarmed
    }

    /// The newest deaths, newest first.
    pub fn deaths(&self) -> Vec<Arc<Death>> {
        self.rings().deaths.iter().rev().cloned().collect()
    }

    /// The newest death of one guild, if it is among those that are kept.
    pub fn last_death(&self, guild: GuildId) -> Option<Arc<Death>> {
        let rings = self.rings();
        rings.deaths.iter().rev().find(|death| death.guild == guild).cloned()
    }

    /// The newest dead letters, newest first, each with the place of its death and how often guilds died there.
    pub fn dead_letters(&self) -> Vec<(Arc<DeadLetter>, Option<Arc<str>>, u64)> {
        let rings = self.rings();
        let joined = rings.letters.iter().rev().map(|letter| {
            let death = rings
                .deaths
                .iter()
                .rev()
                .find(|death| death.reference == letter.reference);
            let place = death.map(|death| Arc::clone(&death.place));
            let times = place.as_ref().and_then(|place| rings.places.get(place)).copied();
            (Arc::clone(letter), place, times.unwrap_or(1))
        });
        joined.collect()
    }

    /// The newest alarms, newest first.
    pub fn alarms(&self) -> Vec<Alarm> {
        self.rings().alarms.iter().rev().copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn death(guild: u64, place: &str) -> Death {
        Death {
            at_ms: guild,
            guild: GuildId(guild),
            shard: ShardId(0),
            incarnation: 1,
            cause: Cause::Decide,
            place: place.into(),
            input: "skip",
            reference: format!("r{guild}").into(),
            kept: true,
            before: Vec::new(),
        }
    }

    #[test]
    fn the_newest_are_kept_and_all_are_counted() {
        let chronicle = Chronicle::default();
        for guild in 0..250 {
            chronicle.died(death(guild, if guild % 2 == 0 { "a.rs:1" } else { "b.rs:2" }));
            chronicle.dead_letter(DeadLetter {
                at_ms: guild,
                guild: GuildId(guild),
                shard: ShardId(0),
                input: "skip",
                cause: CauseId::Interaction(guild),
                reference: format!("r{guild}").into(),
            });
        }
        assert_eq!(chronicle.deaths().len(), KEPT);
        assert_eq!(chronicle.deaths_by_cause().first(), Some(&(Cause::Decide, 250)));
        assert_eq!(chronicle.of(Count::DeadLettered), 250);
        assert_eq!(chronicle.last_death(GuildId(249)).map(|death| death.at_ms), Some(249));
        assert_eq!(chronicle.last_death(GuildId(3)), None);
        let letters = chronicle.dead_letters();
        let (letter, place, times) = letters.first().cloned().expect("one");
        assert_eq!(
            (letter.guild, place.as_deref(), times),
            (GuildId(249), Some("b.rs:2"), 125)
        );
    }

    #[test]
    fn silences_are_counted_by_their_length() {
        let chronicle = Chronicle::default();
        for ms in [100, 101, 250, 7_000, 61_000] {
            let (guild, cause) = (GuildId(1), GapCause::Node);
            chronicle.gap(Gap {
                at_ms: 1,
                guild,
                cause,
                ms,
            });
        }
        let all = chronicle.gaps_by_cause();
        let (_, gaps) = all.first().expect("nodes come first");
        assert_eq!((gaps.counts, gaps.sum_ms), ([1, 2, 0, 0, 0, 0, 1, 0, 0, 1], 68_451));
        assert_eq!(chronicle.gaps().first().map(|gap| gap.ms), Some(61_000));
    }

    #[test]
    fn places_have_a_bound() {
        let chronicle = Chronicle::default();
        for guild in 0..1_000 {
            chronicle.died(death(guild, &format!("a.rs:{guild}")));
        }
        let rings = chronicle.rings();
        assert!(rings.places.len() <= PLACES + 1);
        assert_eq!(rings.places.values().sum::<u64>(), 1_000);
    }
}
