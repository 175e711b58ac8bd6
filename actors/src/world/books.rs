//! What a world knows of its guilds besides what leaves them: the fate of every input, kept state, wanted players.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use ostinato_machine::guild::{Record, Snapshot, Stamped, WantedPlayer};
use ostinato_machine::ids::GuildId;

use super::faults::{Note, Noted};
use super::{Stations, World};
use crate::ingress::shard_of;
use crate::messages::TakeSnapshot;
use crate::shard::Shard;
use crate::station::Station;

/// Turns that everything which can run now is given before books are read.
const TURNS: usize = 64;

/// Accepted inputs and what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Accepted by slots.
    pub accepted: usize,
    /// Applied.
    pub applied: usize,
    /// Refused after they were accepted.
    pub refused: usize,
    /// Dead-lettered.
    pub dead: usize,
    /// Still held.
    pub held: usize,
    /// Deaths of guilds.
    pub deaths: usize,
}

impl Ledger {
    /// Inputs whose fate nobody knows, or that have two.
    pub fn difference(&self) -> usize {
        self.accepted
            .abs_diff(self.applied + self.refused + self.dead + self.held)
    }

    pub(super) fn count(&mut self, note: Note) {
        match note {
            Note::Accepted => self.accepted += 1,
            Note::Applied => self.applied += 1,
            Note::Refused => self.refused += 1,
            Note::DeadLettered => self.dead += 1,
            Note::Died => self.deaths += 1,
            Note::Started | Note::Parked | Note::Alarm => {}
        }
    }

    pub(super) fn add(&mut self, other: Self) {
        self.accepted += other.accepted;
        self.applied += other.applied;
        self.refused += other.refused;
        self.dead += other.dead;
        self.held += other.held;
        self.deaths += other.deaths;
    }
}

/// The seeds of a test: `count` from 0, or the one that `WORLD_SEED` names.
///
/// # Panics
/// When `WORLD_SEED` is no number.
pub fn seeds(count: u64) -> Range<u64> {
    let Ok(named) = std::env::var("WORLD_SEED") else {
        return 0..count;
    };
    let Ok(seed) = named.parse::<u64>() else {
        std::panic::panic_any(format!("WORLD_SEED is no number: {named}"));
    };
    seed..seed + 1
}

impl World {
    /// What became of inputs and actors so far, in order.
    pub fn noted(&self) -> Vec<Noted> {
        self.plan.noted()
    }

    /// How often a fault has struck inside guilds and shards.
    pub fn struck(&self) -> u64 {
        self.plan.struck()
    }

    /// Every input that a guild was to decide on so far, those that killed it included.
    pub fn inputs(&self, guild: GuildId) -> Vec<Stamped> {
        self.plan.inputs(guild)
    }

    /// The books of `guilds`, from the world's begin. Kills leave their mark: what a killed process held is nowhere.
    pub async fn ledger(&self, guilds: &[GuildId]) -> Ledger {
        self.settle().await;
        let mut ledger = self.plan.ledger(guilds);
        ledger.held = guilds.iter().map(|guild| self.held(*guild)).sum();
        ledger
    }

    /// Inputs that the guild's slot holds.
    pub fn held(&self, guild: GuildId) -> usize {
        self.owner(guild).map_or(0, |(_, shard)| shard.held(guild))
    }

    /// The kept state of a guild that runs.
    pub async fn snapshot(&self, guild: GuildId) -> Option<Snapshot> {
        let (_, shard) = self.owner(guild)?;
        let address = shard.guild(guild)?;
        let taken = address.send(TakeSnapshot).await;
        taken.ok().flatten().map(|(snapshot, _)| snapshot)
    }

    /// Bytes of the records of a guild that wait to become durable.
    pub fn backlog(&self, guild: GuildId) -> usize {
        let waiting = self.owner(guild).map(|(station, _)| station.gate.unconfirmed(guild));
        let bytes = |record: &Arc<Record>| serde_json::to_vec(record.as_ref()).map_or(usize::MAX, |bytes| bytes.len());
        waiting.iter().flatten().map(bytes).fold(0, usize::saturating_add)
    }

    /// The player that a guild last said it wants.
    pub fn wanted(&self, guild: GuildId) -> Option<WantedPlayer> {
        let (station, _) = self.owner(guild)?;
        station.lanes.wanted(guild)
    }

    /// Lets everything run that can run at this moment.
    pub async fn settle(&self) {
        for _ in 0..TURNS {
            tokio::task::yield_now().await;
        }
    }

    /// One number for everything that left, in order.
    pub fn trace_hash(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for line in self.trace() {
            line.to_string().hash(&mut hasher);
        }
        hasher.finish()
    }

    pub(super) fn owner(&self, guild: GuildId) -> Option<(Rc<Station>, Rc<Shard>)> {
        let stations: Stations = {
            let process = self.process.borrow();
            Rc::clone(&process.as_ref()?.stations)
        };
        let id = shard_of(guild, self.settings.borrow().total_shards);
        let stations = stations.borrow();
        stations
            .iter()
            .find_map(|station| Some((Rc::clone(station), station.shard(id)?)))
    }
}
