//! What an operator sees: the tree of actors, and guilds. Ids are texts: a script's numbers are too small
//! for them.

mod guild;

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;
use ostinato_actors::chronicle::{Chronicle, Count, Gap};
use ostinato_actors::clock::wall_ms;
use ostinato_actors::operator::{Filter, GuildRow, Operator, PAGE, ShardFacts, phase_name};
use ostinato_machine::fleet::NodeFacts;
use ostinato_machine::ids::{GuildId, ShardId};
use ostinato_machine::slot::Phase;
use ostinato_machine::track::Track;
use serde_json::{Value, json};

use super::asked::{Asked, answered, data, wrong_query};
use super::facts::Facts;
use super::orders::{field, not_yet};
use super::routes::Field;
use crate::lavalink;

pub(super) use guild::{LIVE, guild, look};

type Answer = LocalBoxFuture<'static, HttpResponse>;

/// Guilds of a page when nobody says how many.
const ROWS: usize = 50;

/// What `/guilds` may be asked for.
pub(super) const FILTERS: [Field; 6] = [
    field("text", "string", "Part of the name, or the beginning of the id."),
    field(
        "phase",
        "string",
        "cold, loading, live, backing_off, yielding, passivating, parked or stopping.",
    ),
    field("playing", "boolean", "Those alone that play."),
    field("shard", "integer", "Those of this shard alone."),
    field(
        "after",
        "string",
        "Those after this id: the last one of the page before.",
    ),
    field("limit", "integer", "So many at most; 500 at most."),
];

/// The tree: shards, audio nodes, sums.
pub(super) async fn tree(facts: &Facts, operator: &Operator) -> Value {
    let (shards, stuck) = operator.shards().await;
    let nodes = operator.nodes().await.unwrap_or_default();
    let chronicle = operator.chronicle();
    json!({
        "started_ms": facts.started_ms,
        "ready": facts.readiness(),
        "guilds": shards.iter().map(|shard| shard.guilds).sum::<usize>(),
        "playing": shards.iter().map(|shard| shard.playing).sum::<usize>(),
        "listeners": shards.iter().map(|shard| shard.listeners).sum::<usize>(),
        "stuck_arbiters": stuck,
        "deaths": chronicle.deaths_by_cause().iter().map(|(_, count)| count).sum::<u64>(),
        "alarms": chronicle.alarms_raised(),
        "longest_gap_ms": longest_gap_ms(chronicle),
        "fenced": chronicle.of(Count::Fenced),
        "shards": shards.iter().map(|shard| one_shard(facts, shard)).collect::<Vec<_>>(),
        "nodes": nodes.iter().map(|node| one_node(facts, node)).collect::<Vec<_>>(),
    })
}

/// The longest silence of the last hour that nobody asked for, as far as it is remembered.
fn longest_gap_ms(chronicle: &Chronicle) -> u64 {
    let now_ms = wall_ms();
    let lately = chronicle
        .gaps()
        .into_iter()
        .filter(|gap| now_ms.saturating_sub(gap.at_ms) <= 3_600_000);
    lately.map(|gap| gap.ms).max().unwrap_or(0)
}

fn one_shard(facts: &Facts, shard: &ShardFacts) -> Value {
    let outside = facts.outside();
    let standing = outside.and_then(|outside| outside.gateways.standings().of(&shard.shard));
    let latency = outside.and_then(|outside| outside.gateways.latencies().of(shard.shard));
    let phases: serde_json::Map<String, Value> = shard
        .phases
        .named()
        .into_iter()
        .map(|(name, count)| (name.to_owned(), json!(count)))
        .collect();
    json!({
        "shard": shard.shard.0,
        "arbiter": shard.arbiter,
        "served": shard.served,
        "opened": shard.opened,
        "connected": standing.as_ref().is_some_and(crate::board::Standing::is_up),
        "why": standing.as_ref().and_then(|standing| standing.why.clone()),
        "since_ms": standing.as_ref().map(|standing| standing.since_ms),
        "latency_ms": latency.map(|latency| latency.as_secs_f64() * 1_000.0),
        "guilds": shard.guilds,
        "phases": phases,
        "held": shard.held,
        "most_held": shard.most_held,
        "seated": shard.seated,
        "listeners": shard.listeners,
        "queued": shard.queued,
        "players": shard.players,
        "playing": shard.playing,
        "restarts": shard.restarts,
    })
}

fn one_node(facts: &Facts, node: &NodeFacts) -> Value {
    let all = facts
        .outside()
        .map(|outside| outside.nodes.standings().all())
        .unwrap_or_default();
    let why = all
        .into_iter()
        .find_map(|((id, _), standing)| standing.why.filter(|_| id == node.node));
    json!({
        "node": node.node.to_string(),
        "shards_up": node.up,
        "shards_resuming": node.resuming,
        "guilds": node.guilds,
        "drained": node.drained,
        "playing": node.load.map(|(playing, ..)| playing),
        "cpu_permille": node.load.map(|(_, cpu, _)| cpu),
        "frames_missing": node.load.map(|(.., missing)| missing),
        "why": why,
    })
}

pub(super) fn actors(asked: Asked) -> Answer {
    Box::pin(async move {
        match asked.door.facts.operator() {
            Some(operator) => data(&tree(&asked.door.facts, operator).await),
            None => not_yet(),
        }
    })
}

/// A truth of the query; left out, it is none.
fn asked_flag(asked: &Asked, name: &str) -> Result<bool, HttpResponse> {
    match asked.query.get(name).map_or("", String::as_str) {
        "true" => Ok(true),
        "" | "false" => Ok(false),
        _ => Err(wrong_query(name, "it is neither true nor false")),
    }
}

/// What is asked for; an error names the field.
fn filter(asked: &Asked) -> Result<Filter, HttpResponse> {
    let number = |name| asked.asked_number(name);
    let phase = match asked.query.get("phase").filter(|text| !text.is_empty()) {
        Some(text) => Some(PHASES.into_iter().find(|phase| phase_name(*phase) == text).ok_or_else(|| {
            wrong_query("phase", "it is no state; there are cold, loading, live, backing_off, yielding, passivating, parked, stopping")
        })?),
        None => None,
    };
    let shard =
        number("shard")?.map(|shard| u32::try_from(shard).map_err(|_| wrong_query("shard", "there is no such shard")));
    Ok(Filter {
        shard: shard.transpose()?.map(ShardId),
        phase,
        playing: asked_flag(asked, "playing")?,
        player: false,
        text: asked
            .query
            .get("text")
            .map(|text| text.trim().to_lowercase())
            .unwrap_or_default(),
        after: number("after")?.map(GuildId),
        limit: number("limit")?.map_or(ROWS, |limit| usize::try_from(limit).unwrap_or(PAGE)),
    })
}

const PHASES: [Phase; 8] = [
    Phase::Cold,
    Phase::Loading,
    Phase::Live,
    Phase::BackingOff,
    Phase::Yielding,
    Phase::Passivating,
    Phase::Parked,
    Phase::Stopping,
];

pub(super) fn guilds(asked: Asked) -> Answer {
    let filter = match filter(&asked) {
        Ok(filter) => filter,
        Err(response) => return answered(response),
    };
    Box::pin(async move {
        let Some(operator) = asked.door.facts.operator() else {
            return not_yet();
        };
        let page = operator.guilds(filter).await;
        let rows: Vec<Value> = page.rows.iter().map(row).collect();
        data(&json!({ "total": page.total, "guilds": rows }))
    })
}

fn row(row: &GuildRow) -> Value {
    json!({
        "guild": row.guild.to_string(),
        "name": *row.name,
        "shard": row.shard.0,
        "phase": phase_name(row.phase),
        "held": row.held,
        "listeners": row.listeners,
        "channel": row.channel.map(|channel| channel.to_string()),
        "node": row.node.as_deref(),
        "playing": row.playing,
        "queue": row.queue,
        "track": row.track.as_ref().map(|track| &*track.title),
    })
}

/// A track, as the panel and the console are told of it.
pub(super) fn track(track: &Track) -> Value {
    json!({
        "title": track.title,
        "author": track.author,
        "identifier": lavalink::identifier(&track.encoded),
        "uri": track.uri,
        "duration": track.length_ms,
        "source": track.source,
    })
}

/// A silence that nobody asked for.
pub(super) fn gap(gap: &Gap) -> Value {
    json!({ "at_ms": gap.at_ms, "guild": gap.guild.to_string(), "cause": gap.cause.name(), "ms": gap.ms })
}
