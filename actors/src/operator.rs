//! The operator's hand: sees every actor of the process and orders something of each. May be used from any thread.
//!
//! Every question goes to the arbiter that knows, as one message, under a deadline: an arbiter that is stuck answers
//! nothing, and that is said.

mod facts;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use actix::{Addr, MailboxError, Message};
use futures_util::future::join_all;
use ostinato_machine::fleet::{FleetInput, NodeFacts};
use ostinato_machine::guild::{Fault, Input};
use ostinato_machine::ids::{CauseId, GuildId, NodeId, ShardId};
use ostinato_machine::slot::{NotNow, SlotOrder};

pub use self::facts::{Filter, GuildLook, GuildRow, Page, Phases, Saved, ShardFacts, phase_name};
use crate::chronicle::Chronicle;
pub use crate::faults::LONGEST_BLOCK_MS;
use crate::fleet_actor::FleetHandle;
use crate::ingress::{Ingress, shard_of};
use crate::keeper::Keeper;
use crate::ports::{Audit, AuditFilter, PortError, PortErrorKind};
use crate::record::Tape;
use crate::shelf::Reader;

/// Longest wait for an arbiter's answer.
const ANSWER: Duration = Duration::from_secs(2);

/// Most rows of one page of guilds.
pub const PAGE: usize = 500;

/// Why nothing came of a question or an order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// No shard of this process serves it.
    #[error("this process has no such shard and no such audio node: /actors shows those that it has")]
    NotHere,
    /// The bot is not in it, or Discord has not said so yet.
    #[error("the bot is in no such guild, as far as Discord has said")]
    Unknown,
    /// It is being recorded.
    #[error("it is being recorded already")]
    Recorded,
    /// The arbiter does not answer.
    #[error("its thread does not answer; it is stuck or the process is stopping")]
    Stuck,
    /// It does not fit.
    #[error("{0}")]
    NotNow(#[from] NotNow),
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
#[rtype(result = "Result<(), Unanswered>")]
pub(crate) struct RecordGuild(pub(crate) GuildId, pub(crate) Tape);

#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct RestartShard(pub(crate) ShardId);

/// What an operator orders of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Message)]
#[rtype(result = "()")]
pub(crate) enum Reconnect {
    /// The gateway of a shard; `true`: with a new session.
    Gateway(ShardId, bool),
    /// The sessions of all shards with a node.
    Node(NodeId),
}

/// A short name to speak of something by, from chance: seven characters that survive being read aloud.
pub fn reference(chance: u64) -> Arc<str> {
    crate::obituary::reference(chance)
}

/// The operator's hand on one process. Cloning shares it.
#[derive(Clone)]
pub struct Operator {
    total: u32,
    keepers: Arc<[(BTreeSet<ShardId>, Addr<Keeper>)]>,
    fleet: FleetHandle,
    ingress: Ingress,
    chronicle: Arc<Chronicle>,
    audit: Reader,
}

impl std::fmt::Debug for Operator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Operator")
            .field("total", &self.total)
            .finish_non_exhaustive()
    }
}

impl Operator {
    pub(crate) fn new(
        total: u32,
        keepers: Vec<(BTreeSet<ShardId>, Addr<Keeper>)>,
        (fleet, ingress): (FleetHandle, Ingress),
        (chronicle, audit): (Arc<Chronicle>, Reader),
    ) -> Self {
        Self {
            total,
            keepers: keepers.into(),
            fleet,
            ingress,
            chronicle,
            audit,
        }
    }

    /// What happened, as far as it is remembered.
    pub fn chronicle(&self) -> &Arc<Chronicle> {
        &self.chronicle
    }

    /// What is stored of what happened, newest first.
    ///
    /// # Errors
    /// When the store can't be asked now.
    pub async fn audit(&self, filter: AuditFilter) -> Result<Vec<Audit>, PortError> {
        let late = |_| Err(PortError::new(PortErrorKind::Timeout, "the store does not answer"));
        tokio::time::timeout(ANSWER, self.audit.ask(filter))
            .await
            .unwrap_or_else(late)
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
        self.page(Filter { limit, ..filter }).await
    }

    /// Every guild, those that sleep included. It costs a thread of shards some milliseconds for ten thousand: ask seldom.
    pub async fn all_guilds(&self) -> Vec<GuildRow> {
        let limit = usize::MAX;
        self.page(Filter {
            limit,
            ..Filter::default()
        })
        .await
        .rows
    }

    async fn page(&self, filter: Filter) -> Page {
        let (limit, filter) = (filter.limit, Arc::new(filter));
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

    /// Hands what goes through the doors of a guild to `tape` from now on, until the tape or the guild's actor ends.
    ///
    /// # Errors
    /// [`Unanswered`]; nothing is recorded then.
    pub async fn record(&self, guild: GuildId, tape: Tape) -> Result<(), Unanswered> {
        let keeper = self.keeper(shard_of(guild, self.total))?;
        within(keeper.send(RecordGuild(guild, tape))).await?
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

    /// Builds the gateway connection of a shard anew; `afresh`: with a new session, which costs an IDENTIFY and every
    /// voice session of the shard.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn reconnect_gateway(&self, shard: ShardId, afresh: bool) -> Result<(), Unanswered> {
        within(self.keeper(shard)?.send(Reconnect::Gateway(shard, afresh))).await
    }

    /// How every audio node stands, by name.
    ///
    /// # Errors
    /// [`Unanswered::Stuck`].
    pub async fn nodes(&self) -> Result<Vec<NodeFacts>, Unanswered> {
        within(self.fleet.facts()).await
    }

    /// Builds the connections of all shards with a node anew; its sessions are resumed and players play on.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn reconnect_node(&self, node: &NodeId) -> Result<(), Unanswered> {
        self.knows(node).await?;
        let all = self.keepers.iter();
        let told = all.map(|(_, keeper)| within(keeper.send(Reconnect::Node(node.clone()))));
        join_all(told).await.into_iter().collect()
    }

    /// Places the guilds of a node elsewhere and gives it none, or lifts that again. A guild for which there is no other
    /// node stays.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn drain_node(&self, node: &NodeId, on: bool) -> Result<(), Unanswered> {
        self.knows(node).await?;
        let node = node.clone();
        self.to_fleet(FleetInput::Drain { node, on })
    }

    /// Moves the player of a guild to a node, or to the best one that it is not on.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub async fn move_guild(&self, guild: GuildId, node: Option<NodeId>) -> Result<(), Unanswered> {
        if let Some(node) = &node {
            self.knows(node).await?;
        }
        let shard = shard_of(guild, self.total);
        self.keeper(shard)?;
        self.to_fleet(FleetInput::Move { shard, guild, node })
    }

    /// Looks again whether a guild is on a good node, and moves it if it is not.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn place_again(&self, guild: GuildId) -> Result<(), Unanswered> {
        let shard = shard_of(guild, self.total);
        self.keeper(shard)?;
        self.to_fleet(FleetInput::Again { shard, guild })
    }

    fn to_fleet(&self, input: FleetInput) -> Result<(), Unanswered> {
        self.fleet.tell(input).then_some(()).ok_or(Unanswered::Stuck)
    }

    /// Whether a guild would hear of a fault: one that sleeps never would.
    ///
    /// # Errors
    /// [`Unanswered`] if not.
    pub async fn can_fail(&self, guild: GuildId) -> Result<(), Unanswered> {
        let awake = self.guild(guild).await?.slot.incarnation.is_some();
        if awake { Ok(()) } else { Err(NotNow::Asleep.into()) }
    }

    /// Lets a guild fail as ordered.
    ///
    /// # Errors
    /// [`Unanswered`].
    pub fn fault(&self, guild: GuildId, fault: Fault) -> Result<(), Unanswered> {
        let pushed = self.ingress.push(guild, CauseId::Internal, Input::Fault(fault));
        pushed.map_err(|_| Unanswered::NotHere)
    }

    async fn knows(&self, node: &NodeId) -> Result<(), Unanswered> {
        let known = self.nodes().await?.iter().any(|facts| facts.node == *node);
        if known { Ok(()) } else { Err(Unanswered::NotHere) }
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
