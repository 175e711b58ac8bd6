//! Whether the bot lives and is ready, and how it does: what a control panel polls.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use actix_web::HttpResponse;
use actix_web::web::Bytes;
use futures_util::future::LocalBoxFuture;
use ostinato_actors::chronicle::Count;
use ostinato_actors::operator::{GuildRow, Operator, ShardFacts};
use ostinato_machine::fleet::NodeFacts;
use serde_json::{Map, Value, json};

use super::asked::{Asked, answered};
use super::facts::{Facts, Outside};
use super::orders::not_yet;
use super::samples::Day;
use super::seen::track;
use crate::discord::commands::Table;

type Answer = LocalBoxFuture<'static, HttpResponse>;

/// How long a status is good for.
const GOOD_FOR: Duration = Duration::from_secs(5);

/// The newest status, and when it was made.
pub(super) type Newest = tokio::sync::Mutex<Option<(Instant, Bytes)>>;

pub(super) fn live(asked: Asked) -> Answer {
    let started_ms = asked.door.facts.started_ms;
    let body = json!({ "live": true, "version": env!("CARGO_PKG_VERSION"), "started_ms": started_ms });
    answered(
        HttpResponse::Ok()
            .content_type("application/json")
            .body(body.to_string()),
    )
}

pub(super) fn ready(asked: Asked) -> Answer {
    let readiness = asked.door.facts.readiness();
    let mut response = if readiness.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    let body = serde_json::to_string(&readiness).unwrap_or_default();
    answered(response.content_type("application/json").body(body))
}

pub(super) fn status(asked: Asked) -> Answer {
    Box::pin(async move {
        let facts = &asked.door.facts;
        let (Some(operator), Some(outside)) = (facts.operator(), facts.outside()) else {
            return not_yet();
        };
        // One at a time: whoever asks meanwhile takes what it finds.
        let mut newest = facts.newest.lock().await;
        let good = newest.as_ref().filter(|(at, _)| at.elapsed() < GOOD_FOR);
        let body = match good {
            Some((_, body)) => body.clone(),
            None => {
                let body = Bytes::from(whole(facts, operator, outside).await.to_string());
                *newest = Some((Instant::now(), body.clone()));
                body
            }
        };
        HttpResponse::Ok().content_type("application/json").body(body)
    })
}

async fn whole(facts: &Facts, operator: &Operator, outside: &Outside) -> Value {
    let asked = Instant::now();
    let (shards, _) = operator.shards().await;
    let lag = asked.elapsed();
    let nodes = operator.nodes().await.unwrap_or_default();
    let rows = operator.all_guilds().await;
    let day = facts.samples.day();
    let mut value = Map::new();
    clock(facts, &mut value);
    crowd(outside, &shards, &rows, &mut value);
    past(operator, &day, &mut value);
    connections(outside, &shards, &nodes, lag, &mut value);
    commands(&mut value);
    Value::Object(value)
}

/// Puts one value in under several names: older readers know other ones.
fn put(value: &mut Map<String, Value>, names: &[&str], what: &Value) {
    for name in names {
        value.insert((*name).to_owned(), what.clone());
    }
}

fn clock(facts: &Facts, value: &mut Map<String, Value>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let up = now.saturating_sub(Duration::from_millis(facts.started_ms));
    put(value, &["uptimeSeconds", "uptime"], &rounded(up.as_secs_f64()));
    put(value, &["updatedAt"], &json!(iso(now)));
    put(
        value,
        &["onlineSince"],
        &json!(iso(Duration::from_millis(facts.started_ms))),
    );
    put(value, &["isOnline"], &json!(true));
    put(value, &["version"], &json!(env!("CARGO_PKG_VERSION")));
}

fn one_guild(row: &GuildRow) -> Value {
    let icon = row.icon.map(|icon| {
        let kind = if icon.moves() { "gif" } else { "png" };
        format!("https://cdn.discordapp.com/icons/{}/{icon}.{kind}", row.guild)
    });
    json!({
        "id": row.guild.to_string(),
        "name": *row.name,
        "memberCount": row.members,
        "icon": icon,
    })
}

fn crowd(outside: &Outside, shards: &[ShardFacts], rows: &[GuildRow], value: &mut Map<String, Value>) {
    let sum = |of: fn(&ShardFacts) -> usize| shards.iter().map(of).sum::<usize>();
    let ids: Vec<String> = rows.iter().map(|row| row.guild.to_string()).collect();
    let guilds: Vec<Value> = rows.iter().map(one_guild).collect();
    put(value, &["guildCount"], &json!(rows.len()));
    put(value, &["guildIds", "knownGuildIds"], &json!(ids));
    put(value, &["guilds", "servers"], &json!(guilds));
    put(value, &["players"], &json!(sum(|shard| shard.players)));
    put(value, &["activePlayers"], &json!(sum(|shard| shard.playing)));
    put(
        value,
        &["listeners", "currentListeners", "activeListeners"],
        &json!(sum(|shard| shard.listeners)),
    );
    put(
        value,
        &["voiceConnections", "activeVoice", "connectedVoiceChannels"],
        &json!(sum(|shard| shard.seated)),
    );
    let queued = shards.iter().map(|shard| shard.queued).sum::<u64>();
    put(value, &["queueTracks", "queueLength"], &json!(queued));
    let players = rows
        .iter()
        .filter(|row| row.node.is_some())
        .map(|row| player(outside, row));
    put(value, &["playersDetail"], &json!(players.collect::<Vec<_>>()));
    let heard = rows.iter().filter_map(|row| {
        let channel = row.channel?;
        Some(json!({
            "guildId": row.guild.to_string(),
            "guildName": *row.name,
            "channelId": channel.to_string(),
            // Names of channels are not kept, and asking for each would take requests from those that music needs.
            "channelName": null,
            "listeners": row.listeners,
        }))
    });
    put(value, &["listenerDetail"], &json!(heard.collect::<Vec<_>>()));
}

fn player(outside: &Outside, row: &GuildRow) -> Value {
    let region = row.node.as_deref().and_then(|node| outside.regions.get(node));
    json!({
        "guildId": row.guild.to_string(),
        "guildName": *row.name,
        "isPlaying": row.playing,
        "queueLength": row.queue,
        "textChannelId": row.text.map(|channel| channel.to_string()),
        "voiceChannelId": row.channel.map(|channel| channel.to_string()),
        "currentTrack": row.track.as_ref().map(|now| track(now)),
        "listeners": row.listeners,
        "nodeName": row.node.as_deref(),
        "nodeRegion": region,
        // Guilds take any node: there are no settings that wish for a region.
        "desiredRegion": "auto",
    })
}

/// What was counted: since the process began, and over the last day of it.
fn past(operator: &Operator, day: &Day, value: &mut Map<String, Value>) {
    let chronicle = operator.chronicle();
    put(
        value,
        &["totalStreams", "streams", "streamCount"],
        &json!(chronicle.of(Count::Streams)),
    );
    put(value, &["commandsTotal"], &json!(chronicle.of(Count::Commands)));
    put(value, &["incidentsTotal"], &json!(chronicle.of(Count::DeadLettered)));
    put(value, &["commands24h", "commandCount24h"], &json!(day.commands));
    put(value, &["incidents24h", "incidents"], &json!(day.incidents));
    put(value, &["listeners24h"], &json!(day.listeners));
    put(value, &["listenerPeak24h"], &json!(day.listener_peak));
    put(
        value,
        &["uptimePercent", "uptimePercentage", "uptime_percent"],
        &rounded(day.ready_percent),
    );
}

fn connections(
    outside: &Outside,
    shards: &[ShardFacts],
    nodes: &[NodeFacts],
    lag: Duration,
    value: &mut Map<String, Value>,
) {
    let latency = |shard: &ShardFacts| outside.gateways.latencies().of(shard.shard);
    let mut all: Vec<f64> = shards
        .iter()
        .filter_map(latency)
        .map(|latency| latency.as_secs_f64() * 1_000.0)
        .collect();
    all.sort_by(f64::total_cmp);
    let count = u32::try_from(all.len()).unwrap_or(u32::MAX);
    let mean = all.iter().sum::<f64>() / f64::from(count.max(1));
    put(value, &["latency", "averageLatency", "latencyMs"], &rounded(mean));
    put(value, &["latencyBest"], &rounded(all.first().copied().unwrap_or(0.0)));
    let p95 = all
        .get(all.len().saturating_mul(95) / 100)
        .or(all.last())
        .copied()
        .unwrap_or(0.0);
    put(value, &["latencyP95"], &rounded(p95));
    put(value, &["loopLagMs"], &rounded(lag.as_secs_f64() * 1_000.0));
    let online = |shard: &ShardFacts| {
        outside
            .gateways
            .standings()
            .of(&shard.shard)
            .is_some_and(|standing| standing.is_up())
    };
    put(
        value,
        &["shardsOnline"],
        &json!(shards.iter().filter(|shard| online(shard)).count()),
    );
    put(value, &["shardsTotal", "shardCount"], &json!(outside.shards));
    let each = shards.iter().map(|shard| {
        let latency = latency(shard).map_or(0.0, |latency| latency.as_secs_f64() * 1_000.0);
        json!({ "id": shard.shard.0, "latency": rounded(latency), "online": online(shard) })
    });
    put(value, &["shards"], &json!(each.collect::<Vec<_>>()));
    let available = nodes.iter().filter(|node| node.up > 0).count();
    let each = nodes.iter().map(|node| {
        let playing = node.load.map_or(0, |(playing, ..)| playing);
        json!({
            "name": node.node.to_string(),
            "available": node.up > 0,
            "players": node.guilds,
            "playingPlayers": playing,
            "region": outside.regions.get(&*node.node.0),
        })
    });
    put(value, &["nodes"], &json!(each.collect::<Vec<_>>()));
    let latency = (count > 0).then_some(mean / 1_000.0);
    put(
        value,
        &["healthScore"],
        &rounded(health(lag.as_secs_f64(), latency, available, nodes.len())),
    );
}

/// How well the process does, from 100 down to 0: what a late arbiter, a far gateway and missing audio nodes take away.
/// Times are in seconds.
fn health(lag: f64, latency: Option<f64>, available: usize, nodes: usize) -> f64 {
    let above = |value: f64, steps: [(f64, f64); 3]| {
        let step = steps.into_iter().find(|(limit, _)| value > *limit);
        step.map_or(0.0, |(_, penalty)| penalty)
    };
    let lag = above(lag, [(0.5, 40.0), (0.1, 10.0), (0.05, 2.0)]);
    let latency = above(latency.unwrap_or(0.0), [(0.5, 30.0), (0.2, 10.0), (0.1, 1.0)]);
    let count = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    let missing = match (available, nodes) {
        (_, 0) => 0.0,
        (0, _) => 50.0,
        (available, nodes) => 20.0 * count(nodes.saturating_sub(available)) / count(nodes),
    };
    (100.0 - lag - latency - missing).clamp(0.0, 100.0)
}

fn commands(value: &mut Map<String, Value>) {
    // What listeners have; a panel shows it to them.
    let mut all: Vec<_> = Table::default().specs().collect();
    all.sort_by_key(|command| command.name);
    let list = all.iter().map(|command| {
        json!({ "name": format!("/{}", command.name), "description": command.description, "category": "Music" })
    });
    put(value, &["commands"], &json!(list.collect::<Vec<_>>()));
    let reference = all
        .iter()
        .map(|command| json!({ "name": format!("/{}", command.name), "description": command.description }));
    let reference = json!({ "Music": reference.collect::<Vec<_>>() });
    put(value, &["commandReference", "commandCategories"], &reference);
}

/// Two digits are enough; what is no number is 0.
fn rounded(number: f64) -> Value {
    let number = if number.is_finite() {
        (number * 100.0).round() / 100.0
    } else {
        0.0
    };
    json!(number)
}

/// A time since 1970 as the panel reads it.
fn iso(since: Duration) -> String {
    let at = time::OffsetDateTime::from(UNIX_EPOCH + since);
    at.format(&time::format_description::well_known::Rfc3339)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn health_falls_with_what_is_late_far_or_missing() {
        let table = [
            ((0.0, Some(0.05), 2, 2), 100.0),
            ((0.06, Some(0.05), 2, 2), 98.0),
            ((0.2, Some(0.15), 2, 2), 89.0),
            ((0.6, Some(0.6), 2, 2), 30.0),
            ((0.0, None, 0, 0), 100.0),
            ((0.0, None, 0, 2), 50.0),
            ((0.0, None, 3, 4), 95.0),
            ((9.0, Some(9.0), 0, 1), 0.0),
        ];
        for ((lag, latency, available, nodes), expected) in table {
            let score = health(lag, latency, available, nodes);
            assert!(
                (score - expected).abs() < 1e-9,
                "{lag} {latency:?} {available}/{nodes}: {score}"
            );
        }
    }

    #[test]
    fn times_are_written_as_the_panel_reads_them() {
        assert_eq!(iso(Duration::from_millis(951_782_400_123)), "2000-02-29T00:00:00.123Z");
        assert_eq!(iso(Duration::from_secs(1_735_689_599)), "2024-12-31T23:59:59Z");
    }
}
