//! The operator's hand: sees every actor of the process and orders something of each. May be used from any thread.
//!
//! Every question goes to the arbiter that knows, as one message, under a deadline: an arbiter that is stuck answers
//! nothing, and that is said.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, MailboxError, Message};
use futures_util::future::join_all;
use ostinato_machine::guild::GuildFacts;
use ostinato_machine::ids::{ChannelId, GuildId, ShardId};
use ostinato_machine::slot::{NotNow, Phase, SlotFacts, SlotOrder};

use crate::chronicle::{Chronicle, Had};
use crate::ingress::shard_of;
use crate::keeper::Keeper;

/// Longest wait for an arbiter's answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Most rows of one page of guilds.
pub const PAGE: usize = 500;

/// Why nothing came of a question or an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No shard of this process serves it.
    #[error("no shard of this process serves it")]
    NotHere,
    /// The bot is not in it, or Discord has not said so yet.
    #[error("the bot is in no such guild, as far as Discord has said")]
    Unknown,
    /// The arbiter does not answer.
    #[error("its thread does not answer; it is stuck or the process is stopping")]
    Stuck,
    /// It does not fit.
    #[error("{0}")]
    NotNow(#[from] NotNow),
}

/// How many guilds of a shard are in which phase.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// The store was asked.
    pub loading: usize,
    /// The actor runs.
    pub live: usize,
    /// Waits for a restart.
    pub backing_off: usize,
    /// Its actor is being replaced by order.
    pub yielding: usize,
    /// Is being put to sleep.
    pub passivating: usize,
    /// Given up until it is tried again or released.
    pub parked: usize,
    /// Finishes before the process ends, or has.
    pub stopping: usize,
}

impl Phases {
    pub(crate) fn add(&mut self, phase: Phase) {
        let count = match phase {
            Phase::Cold => return,
            Phase::Loading => &mut self.loading,
            Phase::Live => &mut self.live,
            Phase::BackingOff => &mut self.backing_off,
            Phase::Yielding => &mut self.yielding,
            Phase::Passivating => &mut self.passivating,
            Phase::Parked => &mut self.parked,
            Phase::Stopping | Phase::Stopped => &mut self.stopping,
        };
        *count = count.saturating_add(1);
    }

    /// By name, in the order of a guild's life.
    pub const fn named(&self) -> [(&'static str, usize); 7] {
        [
            ("loading", self.loading),
            ("live", self.live),
            ("backing_off", self.backing_off),
            ("yielding", self.yielding),
            ("passivating", self.passivating),
            ("parked", self.parked),
            ("stopping", self.stopping),
        ]
    }
}

/// The name of a phase, for consoles and metrics.
pub const fn phase_name(phase: Phase) -> &'static str {
    match phase {
        Phase::Cold => "cold",
        Phase::Loading => "loading",
        Phase::Live => "live",
        Phase::BackingOff => "backing_off",
        Phase::Yielding => "yielding",
        Phase::Passivating => "passivating",
        Phase::Parked => "parked",
        Phase::Stopping => "stopping",
        Phase::Stopped => "stopped",
    }
}

/// How a shard stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShardFacts {
    /// The shard.
    pub shard: ShardId,
    /// The arbiter that it runs on, from 0.
    pub arbiter: usize,
    /// Whether its actor runs.
    pub served: bool,
    /// Whether its guilds may run: players and seats are as well known as they will be.
    pub opened: bool,
    /// Guilds that were announced or restored.
    pub guilds: usize,
    /// Guilds that are not asleep, by their phase.
    pub phases: Phases,
    /// Accepted inputs of all guilds that are not closed yet.
    pub held: usize,
    /// Most of them for one guild.
    pub most_held: usize,
    /// Human listeners beside the bot.
    pub listeners: usize,
    /// Guilds in which the bot sits in voice.
    pub seated: usize,
    /// Players that guilds want.
    pub players: usize,
    /// Of these, those with a track that is not paused.
    pub playing: usize,
    /// Restarts of its actor that count against the budget.
    pub restarts: usize,
}

/// One guild in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildRow {
    /// The guild.
    pub guild: GuildId,
    /// Its name, as Discord last said it in this process; empty when it has not.
    pub name: Arc<str>,
    /// Its shard.
    pub shard: ShardId,
    /// Its phase.
    pub phase: Phase,
    /// Accepted inputs that are not closed yet.
    pub held: usize,
    /// Human listeners beside the bot.
    pub listeners: usize,
    /// Where the bot sits.
    pub channel: Option<ChannelId>,
    /// The node of its wanted player.
    pub node: Option<Arc<str>>,
    /// Whether a track is wanted that is not paused.
    pub playing: bool,
}

/// Which guilds are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this shard alone.
    pub shard: Option<ShardId>,
    /// In this phase alone.
    pub phase: Option<Phase>,
    /// Those alone that play.
    pub playing: bool,
    /// Whose name holds this, in small letters, or whose id begins with it.
    pub text: String,
    /// Those after this one.
    pub after: Option<GuildId>,
    /// So many at most; [`PAGE`] at most.
    pub limit: usize,
}

/// A page of guilds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The rows, by id.
    pub rows: Vec<GuildRow>,
    /// How many guilds the filter admits, on all pages.
    pub total: usize,
}

/// How one guild stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildLook {
    /// As a row of the list.
    pub row: GuildRow,
    /// Its slot.
    pub slot: SlotFacts,
    /// The rising clock of its arbiter, ms: what the slot's times are compared with.
    pub now_ms: u64,
    /// What it is and does; `None` while no actor has it.
    pub state: Option<GuildFacts>,
    /// Its newest inputs, oldest first.
    pub had: Vec<Had>,
}

#[derive(Message)]
#[rtype(result = "Vec<ShardFacts>")]
pub(crate) struct LookAtShards;

#[derive(Message)]
#[rtype(result = "Page")]
pub(crate) struct LookAtGuilds(pub(crate) Arc<Filter>);

#[derive(Message)]
#[rtype(result = "Option<Box<GuildLook>>")]
pub(crate) struct LookAtGuild(pub(crate) GuildId);

#[derive(Message)]
#[rtype(result = "Result<(), Unanswered>")]
pub(crate) struct OrderGuild {
    pub(crate) guild: GuildId,
    pub(crate) order: SlotOrder,
    pub(crate) reference: Arc<str>,
}

#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct RestartShard(pub(crate) ShardId);

/// The operator's hand on one process. Cloning shares it.
#[derive(Clone)]
pub struct Operator {
    total: u32,
    keepers: Arc<[(BTreeSet<ShardId>, Addr<Keeper>)]>,
    chronicle: Arc<Chronicle>,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator")
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Operator {
    pub(crate) fn new(total: u32, keepers: Vec<(BTreeSet<ShardId>, Addr<Keeper>)>, chronicle: Arc<Chronicle>) -> Self {
        Self {
            total,
            keepers: keepers.into(),
            chronicle,
        }
    }

    /// What happened since the process began.
    pub fn chronicle(&self) -> &Arc<Chronicle> {
        &self.chronicle
    }

    /// Every shard, by number. The second value: arbiters that do not answer.
    pub async fn shards(&self) -> (Vec<ShardFacts>, Vec<usize>) {
        let asked = self.keepers.iter().map(|(_, keeper)| within(keeper.send(LookAtShards)));
        let (mut shards, mut stuck) = (Vec::new(), Vec::new());
        for (arbiter, answer) in join_all(asked).await.into_iter().enumerate() {
            match answer {
                Ok(all) => shards.extend(all),
                Err(_) => stuck.push(arbiter),
            }
        }
        shards.sort_by_key(|facts| facts.shard);
        (shards, stuck)
    }

    /// One page of guilds, those that sleep included.
    pub async fn guilds(&self, filter: Filter) -> Page {
        let limit = filter.limit.clamp(1, PAGE);
        let filter = Arc::new(Filter { limit, ..filter });
        let asked = self
            .keepers
            .iter()
            .map(|(_, keeper)| within(keeper.send(LookAtGuilds(Arc::clone(&filter)))));
        let mut page = Page::default();
        for answer in join_all(asked).await.into_iter().flatten() {
            page.total = page.total.saturating_add(answer.total);
            page.rows.extend(answer.rows);
        }
        page.rows.sort_by_key(|row| row.guild);
        page.rows.truncate(limit);
        page
    }

    /// How one guild stands.
    ///
    /// # Errors
    /// [`Unanswered`], never [`Unanswered::NotNow`].
    pub async fn guild(&self, guild: GuildId) -> Result<Box<GuildLook>, Unanswered> {
        let keeper = self.keeper(shard_of(guild, self.total))?;
        within(keeper.send(LookAtGuild(guild)))
            .await?
            .ok_or(Unanswered::Unknown)
    }

    /// Orders something of a guild. `reference`: what the order is spoken of by. `Ok`: it is being done.
    ///
    /// # Errors
    /// [`Unanswered`]; nothing is changed then, unless the arbiter is stuck.
    pub async fn order(&self, guild: GuildId, order: SlotOrder, reference: Arc<str>) -> Result<(), Unanswered> {
        let keeper = self.keeper(shard_of(guild, self.total))?;
        within(keeper.send(OrderGuild {
            guild,
            order,
            reference,
        }))
        .await?
    }

    /// Ends the actor of a shard and starts it anew at once. Its slots, what waits in them and its guilds are kept; it
    /// costs no budget.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn restart_shard(&self, shard: ShardId) -> Result<(), Unanswered> {
        let keeper = self.keeper(shard)?;
        let done = within(keeper.send(RestartShard(shard))).await?;
        if done { Ok(()) } else { Err(Unanswered::NotHere) }
    }

    fn keeper(&self, shard: ShardId) -> Result<&Addr<Keeper>, Unanswered> {
        let mut all = self.keepers.iter();
        let found = all.find(|(shards, _)| shards.contains(&shard));
        found.map(|(_, keeper)| keeper).ok_or(Unanswered::NotHere)
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, MailboxError>>) -> Result<T, Unanswered> {
    match tokio::time::timeout(ANSWER, answer).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) | Err(_) => Err(Unanswered::Stuck),
    }
}
