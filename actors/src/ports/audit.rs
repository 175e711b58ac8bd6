//! The audit: what is reported of guilds and of the process, on its way to the store and back.

use std::sync::Arc;

use ostinato_machine::ids::GuildId;
use serde::{Deserialize, Serialize};

use crate::chronicle::{Alarm, Barred, DeadLetter, Death, Ordered};

/// An entry's number has its millisecond and, in so many bits below, its place among others of the same.
const PLACES: u32 = 20;

/// Numbers that no guild has, though an order can name them. A store may keep what is of no guild under them.
const NO_GUILDS: [u64; 2] = [0, u64::MAX];

/// The kinds of entries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AuditKind {
    /// A guild's actor died.
    Death,
    /// An input is not tried again.
    DeadLetter,
    /// Many guilds died at once.
    Alarm,
    /// An operator ordered something.
    Order,
    /// A server's door refused calls.
    Barred,
}

impl AuditKind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Death, Self::DeadLetter, Self::Alarm, Self::Order, Self::Barred];

    /// Its name, in the store and in queries.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Death => "death",
            Self::DeadLetter => "dead_letter",
            Self::Alarm => "alarm",
            Self::Order => "order",
            Self::Barred => "barred",
        }
    }

    /// The kind of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What an entry tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// A guild's actor died.
    Death(Arc<Death>),
    /// An input is not tried again.
    DeadLetter(Arc<DeadLetter>),
    /// Many guilds died at once.
    Alarm(Alarm),
    /// An operator ordered something.
    Order(Arc<Ordered>),
    /// A server's door refused calls.
    Barred(Arc<Barred>),
}

impl Told {
    /// What kind it is of.
    pub const fn kind(&self) -> AuditKind {
        match self {
            Self::Death(_) => AuditKind::Death,
            Self::DeadLetter(_) => AuditKind::DeadLetter,
            Self::Alarm(_) => AuditKind::Alarm,
            Self::Order(_) => AuditKind::Order,
            Self::Barred(_) => AuditKind::Barred,
        }
    }

    /// When it happened, wall-clock ms.
    pub fn at_ms(&self) -> u64 {
        match self {
            Self::Death(death) => death.at_ms,
            Self::DeadLetter(letter) => letter.at_ms,
            Self::Alarm(alarm) => alarm.at_ms,
            Self::Order(order) => order.at_ms,
            Self::Barred(barred) => barred.at_ms,
        }
    }

    /// Whose it is.
    pub fn owner(&self) -> Owner {
        match self {
            Self::Death(death) => Owner::Guild(death.guild),
            Self::DeadLetter(letter) => Owner::Guild(letter.guild),
            Self::Order(order) => {
                let guild = order.guild.filter(|guild| !NO_GUILDS.contains(&guild.0));
                guild.map_or(Owner::Process, Owner::Guild)
            }
            Self::Alarm(_) => Owner::Process,
            Self::Barred(_) => Owner::Door,
        }
    }
}

/// Whose an entry is. Each owner keeps its newest ones, whatever comes to the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Owner {
    /// A guild's.
    Guild(GuildId),
    /// The process's.
    Process,
    /// Its servers' door's: a stranger who knocks must not push out what operators did.
    Door,
}

impl Owner {
    /// How many of its entries stay.
    pub const fn keeps(self) -> u32 {
        match self {
            Self::Guild(_) => 256,
            Self::Process | Self::Door => 1_000,
        }
    }
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Its number: higher than those of all entries before it. Written twice, it is there once.
    pub id: u64,
    /// What it tells.
    pub told: Told,
}

impl Audit {
    /// The lowest number that an entry of `at_ms` can have.
    pub const fn first_of(at_ms: u64) -> u64 {
        at_ms.saturating_mul(1 << PLACES)
    }
}

/// Which entries are asked for. The newest ones come, newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AuditFilter {
    /// Those of this guild alone.
    pub guild: Option<GuildId>,
    /// Those of this kind alone.
    pub kind: Option<AuditKind>,
    /// Those that happened then or later, wall-clock ms.
    pub since_ms: u64,
    /// Those with lower numbers: the pages before.
    pub before: Option<u64>,
    /// So many at most.
    pub limit: u32,
}
