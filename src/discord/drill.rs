//! Faults by order of whoever runs the bot, from Discord: who may, where, and what they are told.
//!
//! An order goes the operator's way and is no input of the guild, which could not answer while it dies: whoever gave it
//! is told first, and only what Discord took is then done. It strikes the guild where it was typed; what would reach
//! beyond needs every guild to be allowed.

mod answer;
mod owners;

use std::fmt;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use ostinato_actors::chronicle::{Chronicle, DONE, Ordered};
use ostinato_actors::operator::{Operator, Unanswered, reference};
use ostinato_actors::ports::{Clock, PortError};
use ostinato_machine::guild::Fault as GuildFault;
use ostinato_machine::ids::{GuildId, ReplyTo, UserId};

pub use self::answer::{Drilled, NoDrill, View};
use self::owners::Owners;
use super::commands::{Drill, DrillFault, Local, Table};
use super::replies::Replies;
use super::rest::Rest;
use crate::audit;
use crate::config::{ChaosConfig, Struck};
use crate::store::StoreFaults;

/// How many of the last faults are shown.
const SHOWN: usize = 5;

/// What is older is not obeyed, ms: nobody looks any more.
const OLD_MS: u64 = 15_000;

/// The faults that can be ordered in this process, and where. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Range {
    config: ChaosConfig,
    store: StoreFaults,
    operator: Arc<OnceLock<Operator>>,
}

impl Range {
    /// What `config` allows, the store included.
    pub fn new(config: ChaosConfig, store: StoreFaults) -> Self {
        Self {
            config,
            store,
            operator: Arc::default(),
        }
    }

    /// The actors are there.
    pub fn supervise(&self, operator: Operator) {
        // A process has one.
        let _ = self.operator.set(operator);
    }

    /// Whether the fault may be ordered in `guild` and would be felt there.
    async fn ready(&self, guild: GuildId, fault: DrillFault) -> Result<(), NoDrill> {
        let allowed = self.config.allows(struck(fault, guild));
        allowed.map_err(|why| NoDrill::NotAllowed { guild, why })?;
        match fault {
            DrillFault::StoreSlow { .. } | DrillFault::StoreFull { .. } => return Ok(()),
            DrillFault::Panic | DrillFault::Poison | DrillFault::Block { .. } => {}
        }
        let operator = self.operator.get().ok_or(NoDrill::Away)?;
        operator.can_fail(guild).await.map_err(|why| match why {
            Unanswered::NotNow(_) => NoDrill::Asleep,
            Unanswered::NotHere | Unanswered::Unknown | Unanswered::Recorded | Unanswered::Stuck => NoDrill::Away,
        })
    }

    fn strike(&self, guild: GuildId, fault: DrillFault) -> Result<(), Unanswered> {
        let ms = |seconds: u32| u64::from(seconds) * 1_000;
        let fails = match fault {
            DrillFault::Panic => GuildFault::Panic,
            DrillFault::Poison => GuildFault::Poison,
            DrillFault::Block { ms } => GuildFault::BlockMs(ms.into()),
            DrillFault::StoreSlow { ms: slow_ms, for_s } => {
                self.store.slow(slow_ms.into(), ms(for_s));
                return Ok(());
            }
            DrillFault::StoreFull { for_s } => {
                self.store.full(ms(for_s));
                return Ok(());
            }
        };
        self.operator.get().ok_or(Unanswered::NotHere)?.fault(guild, fails)
    }

    fn chronicle(&self) -> Option<&Arc<Chronicle>> {
        self.operator.get().map(Operator::chronicle)
    }
}

/// Whom it strikes when it is ordered in `guild`.
const fn struck(fault: DrillFault, guild: GuildId) -> Struck {
    match fault {
        DrillFault::Panic | DrillFault::Poison => Struck::Guild(guild),
        DrillFault::Block { .. } | DrillFault::StoreSlow { .. } | DrillFault::StoreFull { .. } => Struck::Others,
    }
}

/// Where one arbiter takes such orders.
pub struct Drills {
    range: Range,
    owners: Owners,
    clock: Rc<dyn Clock>,
}

impl Drills {
    /// Orders within `range`, of those whom Discord names through `rest`.
    pub fn new(range: Range, rest: Rest, clock: Rc<dyn Clock>) -> Self {
        Self {
            range,
            owners: Owners::new(rest, Rc::clone(&clock)),
            clock,
        }
    }

    /// The commands that there are.
    pub(super) fn table(&self) -> Table {
        Table {
            drills: self.range.config.enabled,
        }
    }

    /// Does what `user` wants in `guild`, or says why not.
    ///
    /// # Errors
    /// When nobody could be told; nothing is done then.
    pub(super) async fn take(
        &self,
        drill: Drill,
        (guild, user): (GuildId, UserId),
        (reply, replies): (&ReplyTo, &Replies),
    ) -> Result<(), PortError> {
        let admitted = self.admit(user, reply).await;
        let tell = |drilled| replies.local(reply, &Local::Drill(Box::new(drilled)));
        let fault = match (drill, admitted) {
            (Drill::Status, Ok(())) => return tell(self.status(guild)).await,
            (Drill::Status, Err(why)) => return tell(Drilled::Refused(why)).await,
            (Drill::Run(fault), Ok(())) => fault,
            (Drill::Run(fault), Err(why)) => {
                // Who may order nothing writes into no book of orders: others would be pushed out of it.
                let order = self.order(fault, guild, user);
                audit::note(None, closed(order, Err(&why)));
                return tell(Drilled::Refused(why)).await;
            }
        };
        let order = self.order(fault, guild, user);
        let chronicle = self.range.chronicle();
        if let Err(why) = self.range.ready(guild, fault).await {
            audit::note(chronicle, closed(order, Err(&why)));
            return tell(Drilled::Refused(why)).await;
        }
        let reference = Arc::clone(&order.reference);
        let told = tell(Drilled::Ordered { fault, reference }).await;
        // From here on nothing waits: whoever dies of it, its place in the books is kept.
        let order = Ordered {
            at_ms: self.clock.now_ms(),
            ..order
        };
        let outcome = match &told {
            Ok(()) => self.range.strike(guild, fault).map_err(|why| why.to_string()),
            Err(error) => Err(format!("whoever ordered it could not be told: {error}")),
        };
        audit::note(chronicle, closed(order, outcome));
        told
    }

    /// Whether `user` may order anything, and in time.
    async fn admit(&self, user: UserId, reply: &ReplyTo) -> Result<(), NoDrill> {
        if self.clock.now_ms().saturating_sub(reply.made_ms) > OLD_MS {
            return Err(NoDrill::Late);
        }
        match self.owners.have(user).await {
            Some(true) => Ok(()),
            Some(false) => Err(NoDrill::Stranger),
            None => Err(NoDrill::OwnersUnknown),
        }
    }

    fn order(&self, fault: DrillFault, guild: GuildId, user: UserId) -> Ordered {
        Ordered {
            at_ms: self.clock.now_ms(),
            who: user.to_string(),
            why: format!("/chaos run in guild {guild}"),
            what: format!("{fault} in guild {guild}"),
            reference: reference(self.clock.chance()),
            outcome: String::new(),
            guild: Some(guild),
            fault: Some(fault.to_string()),
        }
    }

    fn status(&self, guild: GuildId) -> Drilled {
        let chronicle = self.range.chronicle();
        let mut last = chronicle.map(|all| all.drills(guild)).unwrap_or_default();
        last.truncate(SHOWN);
        let reach = self.range.config.reach(guild);
        Drilled::Status(View { guild, reach, last })
    }
}

fn closed<E: fmt::Display>(order: Ordered, result: Result<(), E>) -> Ordered {
    let outcome = result.map_or_else(|why| format!("not done ({why})"), |()| DONE.to_owned());
    Ordered { outcome, ..order }
}

#[cfg(test)]
mod tests;
