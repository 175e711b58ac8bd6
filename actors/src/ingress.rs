//! The only way to a guild, and the only part of it that may cross threads.
//!
//! On the guild's own arbiter an input goes into its slot at once, without a message. From elsewhere it crosses as one
//! message to the arbiter's keeper, which answers whoever waits if the slot refuses. Must not panic.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use actix::{Addr, Message};
use ostinato_machine::guild::Input;
use ostinato_machine::ids::{CauseId, GuildId, ShardId};
use ostinato_machine::slot::Refused;

use crate::keeper::Keeper;

/// Inputs that may be on their way to one arbiter at once.
const CROSSING: usize = 65_536;

/// The shard that a guild belongs to.
pub fn shard_of(guild: GuildId, total: u32) -> ShardId {
    let place = (guild.0 >> 22).checked_rem(u64::from(total)).unwrap_or(0);
    ShardId(u32::try_from(place).unwrap_or(0))
}

/// The way to every guild of the process. Cloning shares it; it may cross threads.
#[derive(Clone)]
pub struct Ingress(Arc<Routes>);

struct Routes {
    total: u32,
    /// Filled once, when the arbiters are there: the fleet holds the way before they are.
    keepers: OnceLock<BTreeMap<ShardId, Arc<Way>>>,
}

/// The way to one arbiter.
pub(crate) struct Way {
    pub(crate) keeper: Addr<Keeper>,
    crossing: Arc<AtomicUsize>,
}

impl Way {
    pub(crate) fn to(keeper: Addr<Keeper>) -> Self {
        Self {
            keeper,
            crossing: Arc::default(),
        }
    }
}

impl fmt::Debug for Ingress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ingress")
            .field("total", &self.0.total)
            .finish_non_exhaustive()
    }
}

/// An input that crosses to another arbiter.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Crossed {
    pub(crate) guild: GuildId,
    pub(crate) cause: CauseId,
    pub(crate) input: Input,
    _place: Place,
}

/// A place among the inputs that cross; given back when dropped.
struct Place(Arc<AtomicUsize>);

impl Drop for Place {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Ingress {
    pub(crate) fn new(total: u32) -> Self {
        Self(Arc::new(Routes {
            total: total.max(1),
            keepers: OnceLock::new(),
        }))
    }

    pub(crate) fn connect(&self, keepers: BTreeMap<ShardId, Arc<Way>>) {
        let _ = self.0.keepers.set(keepers);
    }

    /// Sends an input to a guild, from any thread; it never blocks.
    ///
    /// # Errors
    /// [`Refused`] when it can't be sent at all: no shard of this process serves the guild, or too many inputs are on
    /// their way; then the caller must say so. Once it is on its way, a command that the guild's slot refuses is answered
    /// at its `reply` with [`Refused::refusal`].
    pub fn push(&self, guild: GuildId, cause: CauseId, input: Input) -> Result<(), Refused> {
        let shard = shard_of(guild, self.0.total);
        let way = self.0.keepers.get().and_then(|keepers| keepers.get(&shard));
        let way = way.ok_or(Refused::NotHere)?;
        let place = Place(Arc::clone(&way.crossing));
        if way.crossing.fetch_add(1, Ordering::Relaxed) >= CROSSING {
            return Err(Refused::Full);
        }
        if !way.keeper.connected() {
            return Err(Refused::Stopping);
        }
        way.keeper.do_send(Crossed {
            guild,
            cause,
            input,
            _place: place,
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guilds_go_to_the_shard_that_discord_gives_them() {
        assert_eq!(shard_of(GuildId(197_038_439_483_310_086), 1), ShardId(0));
        assert_eq!(shard_of(GuildId(5 << 22 | 17), 4), ShardId(1));
        assert_eq!(shard_of(GuildId(7 << 22), 0), ShardId(0));
    }

    #[test]
    fn a_guild_that_nobody_serves_is_refused() {
        let ingress = Ingress::new(2);
        let refused = ingress.push(GuildId(1), CauseId::Internal, Input::Wake);
        assert_eq!(refused, Err(Refused::NotHere));
    }
}
