//! Faults that a world lays out inside guilds and shards, and what it is told of inputs and actors.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ostinato_machine::guild::{Input, Stamped};
use ostinato_machine::ids::GuildId;
use tokio::time::Instant;

use super::books::Ledger;
use super::clock::since_ms;
use crate::faults::Tap;
pub use crate::faults::{Note, Strike};

/// Which inputs a fault strikes at.
pub type Match = Arc<dyn Fn(&Input) -> bool + Send + Sync>;

/// What became of an input or an actor, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted {
    /// Virtual time, ms since the world began.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// What.
    pub note: Note,
}

/// The faults that are laid out, and the books that are kept. Shared with the processes of the world.
#[derive(Clone)]
pub(super) struct Plan(Arc<Pages>);

struct Pages {
    begin: Instant,
    faults: Mutex<Vec<Fault>>,
    books: Mutex<Books>,
}

#[derive(Default)]
struct Books {
    noted: Vec<Noted>,
    /// The same, counted.
    ledgers: BTreeMap<GuildId, Ledger>,
    inputs: BTreeMap<GuildId, Vec<Stamped>>,
    struck: u64,
}

struct Fault {
    at: Strike,
    /// `None`: in any guild.
    guild: Option<GuildId>,
    times: u32,
    matches: Option<Match>,
}

fn open<T>(page: &Mutex<T>) -> MutexGuard<'_, T> {
    page.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Plan {
    pub(super) fn new(begin: Instant) -> Self {
        Self(Arc::new(Pages {
            begin,
            faults: Mutex::default(),
            books: Mutex::default(),
        }))
    }

    pub(super) fn lay(&self, at: Strike, guild: Option<GuildId>, times: u32, matches: Option<Match>) {
        open(&self.0.faults).push(Fault {
            at,
            guild,
            times,
            matches,
        });
    }

    pub(super) fn clear(&self) {
        open(&self.0.faults).clear();
    }

    pub(super) fn hook(&self) -> crate::faults::Faults {
        Arc::new(self.clone())
    }

    pub(super) fn noted(&self) -> Vec<Noted> {
        open(&self.0.books).noted.clone()
    }

    /// What became of the inputs of `guilds`; what is held is not known here.
    pub(super) fn ledger(&self, guilds: &[GuildId]) -> Ledger {
        let books = open(&self.0.books);
        let mut all = Ledger::default();
        for ledger in guilds.iter().filter_map(|guild| books.ledgers.get(guild)) {
            all.add(*ledger);
        }
        all
    }

    pub(super) fn struck(&self) -> u64 {
        open(&self.0.books).struck
    }

    pub(super) fn inputs(&self, guild: GuildId) -> Vec<Stamped> {
        open(&self.0.books).inputs.get(&guild).cloned().unwrap_or_default()
    }
}

impl Tap for Plan {
    fn strikes(&self, at: Strike, guild: GuildId, input: Option<&Stamped>) -> bool {
        if let Some(input) = input.filter(|_| at == Strike::Decide) {
            let mut books = open(&self.0.books);
            books.inputs.entry(guild).or_default().push(input.clone());
        }
        let mut faults = open(&self.0.faults);
        let meant = |fault: &&mut Fault| {
            fault.at == at
                && fault.times > 0
                && fault.guild.is_none_or(|meant| meant == guild)
                && fault
                    .matches
                    .as_ref()
                    .is_none_or(|matches| input.is_some_and(|input| matches(&input.input)))
        };
        let Some(fault) = faults.iter_mut().find(meant) else {
            return false;
        };
        fault.times -= 1;
        faults.retain(|fault| fault.times > 0);
        open(&self.0.books).struck += 1;
        true
    }

    fn notes(&self, guild: GuildId, note: Note) {
        let at_ms = since_ms(self.0.begin);
        let mut books = open(&self.0.books);
        books.ledgers.entry(guild).or_default().count(note);
        books.noted.push(Noted { at_ms, guild, note });
    }
}
