//! What happened to actors: counts since the process began, and the newest deaths, dead letters, alarms and orders, those of
//! earlier processes too. What is noted goes to the store by the [`Outbox`].
//!
//! One for the whole process; arbiters write it, whoever serves it reads it, from any thread. Nothing in it holds what a
//! user wrote: a death is told by its place in the code, an input by its name.

mod entries;
mod gaps;
mod orders;
mod outbox;

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostinato_machine::ids::GuildId;

use crate::ports::{Audit, Told};

pub use entries::{Alarm, Barred, Cause, DeadLetter, Death, Had, Ordered};
pub use gaps::{Gap, GapCause, Gaps};
pub use orders::DONE;
pub use outbox::Outbox;

/// How many of each kind are kept.
pub const KEPT: usize = 100;

/// Places of deaths that are told apart; beyond, they are counted together.
const PLACES: usize = 256;

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
    barred: VecDeque<Arc<Barred>>,
    places: BTreeMap<Arc<str>, u64>,
    causes: BTreeMap<Cause, u64>,
    alarmed: u64,
}

/// The chronicle of one process.
#[derive(Debug, Default)]
pub struct Chronicle {
    counts: [AtomicU64; Count::LEN],
    rings: Mutex<Rings>,
    outbox: Outbox,
}

/// Puts one in, and lets the oldest go.
fn keep<T>(ring: &mut VecDeque<T>, one: T) {
    if ring.len() >= KEPT {
        ring.pop_front();
    }
    ring.push_back(one);
}

/// Puts an older one in, where there is room.
fn keep_before<T>(ring: &mut VecDeque<T>, one: T) {
    if ring.len() < KEPT {
        ring.push_front(one);
    }
}

impl Rings {
    /// Counts a death at its place.
    fn place(&mut self, place: &Arc<str>) {
        let place = if self.places.len() < PLACES || self.places.contains_key(place) {
            Arc::clone(place)
        } else {
            Arc::from("elsewhere")
        };
        *self.places.entry(place).or_default() += 1;
    }
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
        let death = Arc::new(death);
        let mut rings = self.rings();
        *rings.causes.entry(death.cause).or_default() += 1;
        rings.place(&death.place);
        keep(&mut rings.deaths, Arc::clone(&death));
        drop(rings);
        self.outbox.put(Told::Death(death));
    }

    pub(crate) fn dead_letter(&self, letter: DeadLetter) {
        self.count(Count::DeadLettered);
        let letter = Arc::new(letter);
        keep(&mut self.rings().letters, Arc::clone(&letter));
        self.outbox.put(Told::DeadLetter(letter));
    }

    pub(crate) fn alarm(&self, alarm: Alarm) {
        let mut rings = self.rings();
        rings.alarmed = rings.alarmed.saturating_add(1);
        keep(&mut rings.alarms, alarm);
        drop(rings);
        self.outbox.put(Told::Alarm(alarm));
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

    /// Keeps what a server's door refused.
    pub fn bar(&self, barred: Barred) {
        let barred = Arc::new(barred);
        keep(&mut self.rings().barred, Arc::clone(&barred));
        self.outbox.put(Told::Barred(barred));
    }

    /// Puts what earlier processes stored before what this one has seen. Counts stay those of this process.
    pub(crate) fn recall(&self, found: Vec<Audit>) {
        if let Some(newest) = found.iter().map(|entry| entry.id).max() {
            self.outbox.follow(newest);
        }
        let mut rings = self.rings();
        for Audit { told, .. } in found {
            match told {
                Told::Death(death) => {
                    rings.place(&death.place);
                    keep_before(&mut rings.deaths, death);
                }
                Told::DeadLetter(letter) => keep_before(&mut rings.letters, letter),
                Told::Alarm(alarm) => keep_before(&mut rings.alarms, alarm),
                Told::Order(order) => keep_before(&mut rings.orders, order),
                Told::Barred(barred) => keep_before(&mut rings.barred, barred),
            }
        }
    }

    /// What of it waits to be stored, was stored, was lost.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
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

    /// The newest refusals of a server's door, newest first.
    pub fn barred(&self) -> Vec<Arc<Barred>> {
        self.rings().barred.iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use ostinato_machine::ids::{CauseId, ShardId};

    use super::*;

    pub(super) fn death(guild: u64, place: &str) -> Death {
        Death {
            at_ms: guild,
            guild: GuildId(guild),
            shard: ShardId(0),
            incarnation: 1,
            cause: Cause::Decide,
            place: place.into(),
            input: "skip".into(),
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
                input: "skip".into(),
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
    fn what_earlier_processes_stored_stands_before_what_this_one_saw_and_is_not_counted() {
        let chronicle = Chronicle::default();
        chronicle.died(death(500, "a.rs:1"));
        let entry = |at_ms| Audit {
            id: Audit::first_of(at_ms),
            told: Told::Death(Arc::new(death(at_ms, "a.rs:1"))),
        };
        chronicle.recall((1..=150).rev().map(entry).collect());
        let times: Vec<u64> = chronicle.deaths().iter().map(|death| death.at_ms).collect();
        let earlier = (1..=150).rev().take(KEPT - 1);
        assert_eq!(times, [500].into_iter().chain(earlier).collect::<Vec<_>>());
        assert_eq!(chronicle.deaths_by_cause().first(), Some(&(Cause::Decide, 1)));
        assert_eq!(chronicle.outbox().waits(), 1, "what is stored is not stored again");
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
