//! Faults that a world lays out inside guilds and shards.

use std::sync::{Arc, Mutex, PoisonError};

use ostinato_machine::guild::{Input, Stamped};
use ostinato_machine::ids::GuildId;

pub use crate::faults::Strike;

/// Which inputs a fault strikes at.
pub type Match = Arc<dyn Fn(&Input) -> bool + Send + Sync>;

/// The faults that are laid out. Shared with the processes of the world.
#[derive(Clone, Default)]
pub(super) struct Plan(Arc<Mutex<Vec<Fault>>>);

struct Fault {
    at: Strike,
    /// `None`: in any guild.
    guild: Option<GuildId>,
    times: u32,
    matches: Option<Match>,
}

impl Plan {
    pub(super) fn lay(&self, at: Strike, guild: Option<GuildId>, times: u32, matches: Option<Match>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Fault {
            at,
            guild,
            times,
            matches,
        });
    }

    pub(super) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(super) fn hook(&self) -> crate::faults::Faults {
        let plan = self.clone();
        Arc::new(move |at, guild, input| plan.strikes(at, guild, input))
    }

    fn strikes(&self, at: Strike, guild: GuildId, input: Option<&Stamped>) -> bool {
        let mut plan = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let meant = |fault: &&mut Fault| {
            fault.at == at
                && fault.times > 0
                && fault.guild.is_none_or(|meant| meant == guild)
                && fault
                    .matches
                    .as_ref()
                    .is_none_or(|matches| input.is_some_and(|input| matches(&input.input)))
        };
        match plan.iter_mut().find(meant) {
            Some(fault) => {
                fault.times -= 1;
                true
            }
            None => false,
        }
    }
}
