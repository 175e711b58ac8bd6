//! Supervision: in which state guilds are, what became of inputs, who died.

use ostinato_actors::chronicle::{Chronicle, Count, Gaps};
use ostinato_actors::operator::ShardFacts;

use super::super::facts::Facts;
use super::table::{Series, Spreads, Values, counter, gauge, histogram, one, whole};
use crate::figures::Spread;

pub(super) const SERIES: &[Series] = &[
    gauge(
        "ostinato_guilds",
        "Guilds of the shard that Discord has announced or that were restored.",
        |facts| by_shard(facts, |shard| shard.guilds),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_guild_slots",
        "Guilds of the shard that are not asleep, by the state of their slot.",
        slots,
    )
    .by(&["shard", "state"]),
    gauge("ostinato_players", "Players that guilds of the shard want.", |facts| {
        by_shard(facts, |shard| shard.players)
    })
    .by(&["shard"]),
    gauge(
        "ostinato_players_playing",
        "Players that are to sound: with a track, and not paused.",
        |facts| by_shard(facts, |shard| shard.playing),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_listeners",
        "People who sit in voice channels beside the bot.",
        |facts| by_shard(facts, |shard| shard.listeners),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_inputs_held",
        "Inputs that were accepted and are neither applied, refused nor dead-lettered yet.",
        |facts| by_shard(facts, |shard| shard.held),
    )
    .by(&["shard"]),
    gauge(
        "ostinato_inputs_held_most",
        "The same for the one guild that has most; 256 is full.",
        |facts| by_shard(facts, |shard| shard.most_held),
    )
    .by(&["shard"]),
    counter(
        "ostinato_inputs",
        "What became of inputs: accepted ones end as applied, refused or dead_lettered; turned_away ones were never accepted.",
        inputs,
    )
    .by(&["outcome"]),
    counter("ostinato_commands", "Commands that were applied, reading ones included.", |facts| {
        counted(facts, Count::Commands)
    }),
    counter("ostinato_tracks_started", "Tracks that audio nodes began to play.", |facts| {
        counted(facts, Count::Streams)
    }),
    counter("ostinato_guild_deaths", "Deaths of guilds' actors, by what they died of.", deaths).by(&["cause"]),
    counter("ostinato_guild_starts", "Actors of guilds that were started.", |facts| {
        counted(facts, Count::Started)
    }),
    counter(
        "ostinato_guilds_parked",
        "Guilds that were parked because they died too often, could not be read, or by order.",
        |facts| counted(facts, Count::Parked),
    ),
    counter("ostinato_shard_deaths", "Deaths of shards' actors.", |facts| {
        counted(facts, Count::ShardDeaths)
    }),
    counter(
        "ostinato_common_cause_alarms",
        "Times when many guilds of a shard died within ten seconds.",
        |facts| one(chronicle(facts).map(|chronicle| whole(chronicle.alarms_raised()))),
    ),
    gauge(
        "ostinato_audit_queue",
        "Entries of the audit that wait to be stored; 8192 is full.",
        |facts| one(chronicle(facts).map(|chronicle| whole(chronicle.outbox().waits()))),
    ),
    counter(
        "ostinato_audit_entries",
        "What became of entries of the audit: stored, or lost because the store was away for too long or did not take them.",
        |facts| {
            let Some(chronicle) = chronicle(facts) else {
                return Values::new();
            };
            let each = [("stored", chronicle.outbox().stored()), ("lost", chronicle.outbox().lost())].into_iter();
            each.map(|(name, count)| (vec![("outcome", name.to_owned())], whole(count))).collect()
        },
    )
    .by(&["outcome"]),
    histogram(
        "ostinato_audible_gap",
        "Silences that nobody asked for, by what made them, as far as audio nodes tell: from the loss until a node plays again.",
        gaps,
    )
    .in_unit("seconds")
    .by(&["cause"]),
    gauge(
        "ostinato_arbiter_silent",
        "How long ago the thread last showed life; 30 ends the process.",
        |facts| {
            let silent = facts.pulses().map(|pulses| pulses.silent_ms()).unwrap_or_default();
            let each = silent.into_iter().enumerate();
            each.map(|(arbiter, ms)| (vec![("arbiter", arbiter.to_string())], super::table::seconds(ms)))
                .collect()
        },
    )
    .in_unit("seconds")
    .by(&["arbiter"]),
];

fn chronicle(facts: &Facts) -> Option<&Chronicle> {
    facts.operator().map(|operator| operator.chronicle().as_ref())
}

fn counted(facts: &Facts, what: Count) -> Values {
    one(chronicle(facts).map(|chronicle| whole(chronicle.of(what))))
}

fn small(number: usize) -> f64 {
    whole(u64::try_from(number).unwrap_or(u64::MAX))
}

fn by_shard(facts: &Facts, read: fn(&ShardFacts) -> usize) -> Values {
    let shards = facts.shards();
    let each = shards
        .iter()
        .map(|shard| (vec![("shard", shard.shard.to_string())], small(read(shard))));
    each.collect()
}

fn slots(facts: &Facts) -> Values {
    let mut values = Values::new();
    for shard in facts.shards().iter() {
        for (state, count) in shard.phases.named() {
            let labels = vec![("shard", shard.shard.to_string()), ("state", state.to_owned())];
            values.push((labels, small(count)));
        }
    }
    values
}

fn inputs(facts: &Facts) -> Values {
    let Some(chronicle) = chronicle(facts) else {
        return Values::new();
    };
    let outcomes = [
        ("accepted", Count::Accepted),
        ("applied", Count::Applied),
        ("refused", Count::Refused),
        ("dead_lettered", Count::DeadLettered),
        ("turned_away", Count::TurnedAway),
    ];
    let each = outcomes.into_iter();
    each.map(|(name, count)| (vec![("outcome", name.to_owned())], whole(chronicle.of(count))))
        .collect()
}

fn gaps(facts: &Facts) -> Spreads {
    let Some(chronicle) = chronicle(facts) else {
        return Spreads::new();
    };
    let spread = |gaps: Gaps| {
        let bounds = Gaps::BOUNDS_MS.iter().map(|ms| super::table::seconds(*ms));
        Spread {
            buckets: bounds.chain([f64::MAX]).zip(gaps.counts).collect(),
            sum: super::table::seconds(gaps.sum_ms),
            count: gaps.counts.iter().sum(),
        }
    };
    let each = chronicle.gaps_by_cause().into_iter();
    each.map(|(cause, gaps)| (vec![("cause", cause.name().to_owned())], spread(gaps)))
        .collect()
}

fn deaths(facts: &Facts) -> Values {
    let Some(chronicle) = chronicle(facts) else {
        return Values::new();
    };
    let each = chronicle.deaths_by_cause().into_iter();
    each.map(|(cause, count)| (vec![("cause", cause.name().to_owned())], whole(count)))
        .collect()
}
