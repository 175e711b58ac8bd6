//! What an operator is shown of one arbiter, and what is ordered there.

use std::rc::Rc;
use std::sync::Arc;

use actix::{Handler, MessageResult, ResponseFuture};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::{NotNow, Phase};
use tokio::sync::oneshot;

use super::Keeper;
use crate::ingress::shard_of;
use crate::known::Described;
use crate::messages::{Look, RecordTo, Work};
use crate::operator::{
    Filter, GuildLook, GuildRow, LookAtGuild, LookAtGuilds, LookAtShards, OrderGuild, Page, Reconnect, RecordGuild,
    RestartShard, ShardFacts, Unanswered,
};
use crate::shard::Shard;
use crate::station::Station;

impl Handler<LookAtShards> for Keeper {
    type Result = MessageResult<LookAtShards>;

    fn handle(&mut self, _: LookAtShards, _: &mut Self::Context) -> Self::Result {
        let Some(station) = &self.station else {
            return MessageResult(Vec::new());
        };
        let facts = |shard: &Rc<Shard>| {
            let restarts = self.budgets.get(&shard.id).map_or(0, |(budget, _)| budget.restarts());
            shard_facts(station, shard, self.arbiter, restarts)
        };
        MessageResult(station.shards().iter().map(facts).collect())
    }
}

fn shard_facts(station: &Station, shard: &Shard, arbiter: usize, restarts: usize) -> ShardFacts {
    let (players, playing) = station.lanes.players(shard.id);
    let seats = shard.seats.borrow();
    let (seated, listeners) = seats.audience();
    let mut facts = ShardFacts {
        shard: shard.id,
        arbiter,
        served: shard.is_served(),
        opened: shard.opened.get(),
        guilds: seats.guilds().count(),
        phases: crate::operator::Phases::default(),
        held: 0,
        most_held: 0,
        listeners,
        seated,
        queued: 0,
        players,
        playing,
        restarts,
    };
    for (_, entry) in shard.table.borrow().entries() {
        let held = entry.slot.held();
        facts.phases.add(entry.slot.phase());
        facts.held = facts.held.saturating_add(held);
        facts.queued = facts.queued.saturating_add(u64::from(entry.queue));
        facts.most_held = facts.most_held.max(held);
    }
    facts
}

impl Handler<LookAtGuilds> for Keeper {
    type Result = MessageResult<LookAtGuilds>;

    fn handle(&mut self, LookAtGuilds(filter): LookAtGuilds, _: &mut Self::Context) -> Self::Result {
        let mut page = Page::default();
        let Some(station) = &self.station else {
            return MessageResult(page);
        };
        let shards = station.shards();
        let mine = shards
            .iter()
            .filter(|shard| filter.shard.is_none_or(|id| id == shard.id));
        for shard in mine {
            // Each shard fills a page of its own: the first of all are among the first of each.
            let mut room = filter.limit;
            for guild in shard.known_guilds() {
                if !admits(&filter, station, shard, guild) {
                    continue;
                }
                page.total = page.total.saturating_add(1);
                if room > 0 && filter.after.is_none_or(|after| guild > after) {
                    room = room.saturating_sub(1);
                    page.rows.push(row(station, shard, guild));
                }
            }
        }
        MessageResult(page)
    }
}

/// The cheap questions first: ten thousand guilds are asked for each page.
fn admits(filter: &Filter, station: &Station, shard: &Shard, guild: GuildId) -> bool {
    filter.phase.is_none_or(|phase| shard.phase(guild) == phase)
        && (!filter.playing || station.lanes.told(guild).is_some_and(|told| told.playing))
        && (!filter.player || station.lanes.told(guild).is_some())
        && (filter.text.is_empty()
            || guild.to_string().starts_with(&filter.text)
            || shard
                .seats
                .borrow()
                .known
                .of(guild)
                .name
                .to_lowercase()
                .contains(&filter.text))
}

fn row(station: &Station, shard: &Shard, guild: GuildId) -> GuildRow {
    let seats = shard.seats.borrow();
    let told = station.lanes.told(guild);
    let Described { name, members, icon } = seats.known.of(guild);
    GuildRow {
        guild,
        name,
        members,
        icon,
        shard: shard.id,
        phase: shard.phase(guild),
        held: shard.held(guild),
        listeners: seats.listeners(guild),
        channel: seats.own(guild).map(|(channel, _)| channel),
        text: shard.text(guild),
        queue: shard.queued(guild),
        playing: told.as_ref().is_some_and(|told| told.playing),
        node: told.as_ref().map(|told| Arc::clone(&told.node.0)),
        track: told.and_then(|told| told.track),
    }
}

/// Whether the bot is in the guild, as far as Discord has said, or has something to do with it.
fn is_known(shard: &Shard, guild: GuildId) -> bool {
    shard.phase(guild) != Phase::Cold || shard.seats.borrow().has(guild)
}

impl Handler<LookAtGuild> for Keeper {
    type Result = ResponseFuture<Option<Box<GuildLook>>>;

    fn handle(&mut self, LookAtGuild(guild): LookAtGuild, _: &mut Self::Context) -> Self::Result {
        let found = self.station.as_ref().and_then(|station| {
            let shard = station.shard(shard_of(guild, station.settings.total_shards))?;
            is_known(&shard, guild).then(|| (Rc::clone(station), shard))
        });
        Box::pin(async move {
            let (station, shard) = found?;
            let looked = match shard.guild(guild) {
                Some(actor) => actor.send(Look).await.ok().flatten(),
                None => None,
            };
            let hash = looked.as_ref().map(|looked| looked.hash);
            let (state, had) = looked.map(|looked| (looked.state, looked.had)).unzip();
            Some(Box::new(GuildLook {
                row: row(&station, &shard, guild),
                slot: shard.slot_facts(guild),
                now_ms: station.ports.clock.monotonic_ms(),
                state,
                hash,
                saved: shard.saved(guild),
                had: had.unwrap_or_default(),
                trail: shard.trail(guild),
            }))
        })
    }
}

impl Handler<OrderGuild> for Keeper {
    type Result = ResponseFuture<Result<(), Unanswered>>;

    fn handle(&mut self, ordered: OrderGuild, _: &mut Self::Context) -> Self::Result {
        let OrderGuild {
            guild,
            order,
            reference,
        } = ordered;
        let shard = self.station.as_ref().and_then(|station| {
            let id = shard_of(guild, station.settings.total_shards);
            station.shard(id)
        });
        let Some(shard) = shard else {
            return Box::pin(async { Err(Unanswered::NotHere) });
        };
        if !is_known(&shard, guild) {
            return Box::pin(async { Err(Unanswered::Unknown) });
        }
        let (answer, answered) = oneshot::channel();
        let reference = Arc::clone(&reference);
        shard.put(
            guild,
            Work::Order {
                order,
                reference,
                answer,
            },
        );
        Box::pin(async move {
            // The shard's actor may have died with the order in hand: then nobody knows what became of it.
            Ok(answered.await.map_err(|_| Unanswered::Stuck)??)
        })
    }
}

impl Handler<RecordGuild> for Keeper {
    type Result = ResponseFuture<Result<(), Unanswered>>;

    fn handle(&mut self, RecordGuild(guild, tape): RecordGuild, _: &mut Self::Context) -> Self::Result {
        let shard = self.station.as_ref().and_then(|station| {
            let id = shard_of(guild, station.settings.total_shards);
            station.shard(id)
        });
        Box::pin(async move {
            let shard = shard.ok_or(Unanswered::NotHere)?;
            let actor = shard.guild(guild).ok_or(NotNow::Asleep)?;
            match actor.send(RecordTo(tape)).await {
                Ok(true) => Ok(()),
                Ok(false) => Err(Unanswered::Recorded),
                Err(_) => Err(NotNow::Asleep.into()),
            }
        })
    }
}

impl Handler<RestartShard> for Keeper {
    type Result = bool;

    fn handle(&mut self, RestartShard(id): RestartShard, _: &mut Self::Context) -> Self::Result {
        let shard = self.station.as_ref().and_then(|station| station.shard(id));
        let Some(shard) = shard.filter(|shard| shard.is_served()) else {
            return false;
        };
        // Its obituary brings the next one; by order it costs no budget.
        self.ordered.insert(id);
        shard.serve(None);
        true
    }
}

impl Handler<Reconnect> for Keeper {
    type Result = ();

    fn handle(&mut self, reconnect: Reconnect, _: &mut Self::Context) {
        let Some(station) = &self.station else { return };
        match reconnect {
            Reconnect::Gateway(shard, afresh) => station.ports.gateway.reconnect(shard, afresh),
            Reconnect::Node(node) => {
                for shard in station.shards() {
                    station.ports.audio.reconnect(shard.id, &node);
                }
            }
        }
    }
}
