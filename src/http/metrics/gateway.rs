//! The gateway: how each shard's connection stands and what it did.

use ostinato_machine::ids::ShardId;

use super::super::facts::{Facts, Outside};
use super::table::{Series, Values, by_shard, counter, flag, gauge, one, whole};
use crate::discord::gateway::{STATES, ShardFigures};

pub(super) const SERIES: &[Series] = &[
    gauge(
        "ostinato_gateway_shard_up",
        "1 while the shard has a gateway session with a connection, else 0.",
        |facts| {
            by_shard(facts, |outside, shard| {
                let standing = outside.gateways.standings().of(&ShardId(shard));
                Some(flag(standing.is_some_and(|standing| standing.is_up())))
            })
        },
    )
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_shard_state",
        "1 for the state that the shard is in: away, dialling, waiting (for a permit to IDENTIFY), asking (for its session) or \
         active; 0 for the others.",
        states,
    )
    .by(&["shard", "state"]),
    gauge(
        "ostinato_gateway_heartbeat",
        "How long Discord took to acknowledge the shard's newest heartbeat.",
        |facts| {
            by_shard(facts, |outside, shard| {
                let latency = outside.gateways.latencies().of(ShardId(shard));
                latency.map(|latency| latency.as_secs_f64())
            })
        },
    )
    .in_unit("seconds")
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_sequence_lag",
        "Events between the newest one and where a killed process would go on.",
        lag,
    )
    .by(&["shard"]),
    counter(
        "ostinato_gateway_connects",
        "Gateway connections that were tried.",
        |facts| counted(facts, |shard| shard.connects.get()),
    )
    .by(&["shard"]),
    counter("ostinato_gateway_resumes", "RESUMEs that were sent.", |facts| {
        counted(facts, |shard| shard.resumes.get())
    })
    .by(&["shard"]),
    counter(
        "ostinato_gateway_identifies",
        "Permits to IDENTIFY that were used.",
        |facts| by_shard(facts, |outside, shard| Some(whole(outside.gateways.identifies(ShardId(shard))))),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_identifies_left",
        "IDENTIFYs that Discord still allows today.",
        |facts| one(facts.outside().map(|outside| whole(outside.gateways.identifies_left()))),
    ),
    counter(
        "ostinato_gateway_dispatches",
        "Events that came in, used or not.",
        |facts| counted(facts, |shard| shard.dispatches.get()),
    )
    .by(&["shard"]),
    counter(
        "ostinato_gateway_voice_sends",
        "Requests for voice channels that were sent.",
        |facts| counted(facts, |shard| shard.voice_sends.get()),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_voice_waiting",
        "Requests for voice channels that wait for their turn.",
        |facts| counted(facts, |shard| shard.voice_waiting.get()),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_voice_sends_left",
        "Requests for voice channels that the shard may still send within the minute, while it is active.",
        |facts| figures(facts, |_, _, shard| shard.is_active().then(|| whole(shard.sends_left.get()))),
    )
    .by(&["shard"]),
    counter(
        "ostinato_gateway_malformed",
        "Frames that made no sense, by the name of their event.",
        |facts| {
            let Some(outside) = facts.outside() else {
                return Values::new();
            };
            let all = outside.gateways.counts().malformed().into_iter();
            all.map(|(event, count)| (vec![("event", event.to_owned())], whole(count)))
                .collect()
        },
    )
    .by(&["event"]),
];

/// A value of each shard's figures.
fn figures(facts: &Facts, read: impl Fn(&Outside, ShardId, &ShardFigures) -> Option<f64>) -> Values {
    by_shard(facts, |outside, shard| {
        let shard = ShardId(shard);
        read(outside, shard, &outside.gateways.counts().of(shard))
    })
}

fn counted(facts: &Facts, read: impl Fn(&ShardFigures) -> u64) -> Values {
    figures(facts, |_, _, shard| Some(whole(read(shard))))
}

/// Nothing of a shard whose session is not stored yet.
fn lag(facts: &Facts) -> Values {
    let Some(inside) = facts.inside() else {
        return Values::new();
    };
    figures(facts, |_, shard, figures| {
        let stored = inside.store.sequence(shard)?;
        Some(whole(figures.sequence.get().saturating_sub(stored)))
    })
}

fn states(facts: &Facts) -> Values {
    let mut all = Values::new();
    for (place, state) in STATES.into_iter().enumerate() {
        for (mut labels, is_so) in figures(facts, |_, _, shard| Some(flag(shard.state() == place))) {
            labels.push(("state", state.to_owned()));
            all.push((labels, is_so));
        }
    }
    all
}
