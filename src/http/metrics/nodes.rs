//! The audio nodes: what they say of themselves, what became of their connections and orders, and searches.

use super::super::facts::Facts;
use super::table::{Series, Spreads, Values, counter, flag, gauge, histogram, whole};
use crate::lavalink::NodeFigures;

pub(super) const SERIES: &[Series] = &[
    gauge(
        "ostinato_node_up",
        "1 while the shard has a session with the audio node, else 0.",
        up,
    )
    .by(&["node", "shard"]),
    gauge(
        "ostinato_node_players",
        "Players on the audio node, everybody's, as it says while it is up.",
        |facts| said(facts, |node| whole(node.players.get())),
    )
    .by(&["node"]),
    gauge(
        "ostinato_node_playing_players",
        "Players on the audio node that play, everybody's.",
        |facts| said(facts, |node| whole(node.playing.get())),
    )
    .by(&["node"]),
    gauge(
        "ostinato_node_system_load",
        "Processor load of the audio node's machine, 0 to 1.",
        |facts| said(facts, |node| whole(node.system_permille.get()) / 1_000.0),
    )
    .in_unit("ratio")
    .by(&["node"]),
    gauge(
        "ostinato_node_own_load",
        "Processor load of the audio node itself, 0 to 1.",
        |facts| said(facts, |node| whole(node.own_permille.get()) / 1_000.0),
    )
    .in_unit("ratio")
    .by(&["node"]),
    gauge("ostinato_node_memory", "Memory that the audio node uses.", |facts| {
        said(facts, |node| whole(node.memory.get()))
    })
    .in_unit("bytes")
    .by(&["node"]),
    gauge(
        "ostinato_node_frame_deficit",
        "Frames of the last minute that the audio node did not send in time, average of its players; 3,000 are due.",
        |facts| said(facts, |node| whole(node.deficit.get())),
    )
    .by(&["node"]),
    gauge(
        "ostinato_node_frames_nulled",
        "Frames of the last minute that the audio node sent empty, average of its players.",
        |facts| said(facts, |node| whole(node.nulled.get())),
    )
    .by(&["node"]),
    counter(
        "ostinato_node_sessions",
        "Sessions with the audio node that began. `how` is new or resumed.",
        sessions,
    )
    .by(&["node", "how"]),
    counter(
        "ostinato_node_drops",
        "Connections to the audio node that ended by themselves.",
        |facts| counted(facts, |node| node.drops.get()),
    )
    .by(&["node"]),
    counter(
        "ostinato_node_losses",
        "How often the audio node was given up and its guilds were moved.",
        |facts| counted(facts, |node| node.losses.get()),
    )
    .by(&["node"]),
    gauge(
        "ostinato_node_voice_unanswered",
        "Voice orders that the audio node never answered since its start. Each costs it a thread; at 8 it gets no more.",
        |facts| counted(facts, |node| node.unanswered.get()),
    )
    .by(&["node"]),
    histogram(
        "ostinato_node_order",
        "How long orders to the audio node took. `outcome` is done, timeout, unreachable, refused or gone.",
        orders,
    )
    .in_unit("seconds")
    .by(&["node", "outcome"]),
    histogram(
        "ostinato_search",
        "How long searches took. `purpose` is asked or related (autoplay); `outcome` is found, nothing, failed, timeout, \
         unreachable or gone (no audio node).",
        searches,
    )
    .in_unit("seconds")
    .by(&["purpose", "outcome"]),
];

fn up(facts: &Facts) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    let all = outside.nodes.standings().all().into_iter();
    all.map(|((node, shard), standing)| {
        let labels = vec![("node", node.to_string()), ("shard", shard.to_string())];
        (labels, flag(standing.is_up()))
    })
    .collect()
}

/// What nodes say of themselves: what one that is away said is not true any more.
fn said(facts: &Facts, read: impl Fn(&NodeFigures) -> f64) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    let standings = outside.nodes.standings().all();
    let is_up = |name: &_| {
        standings
            .iter()
            .any(|((node, _), standing)| node == name && standing.is_up())
    };
    let all = outside.nodes.figures();
    all.filter(|(node, figures)| figures.is_heard() && is_up(node))
        .map(|(node, figures)| (vec![("node", node.to_string())], read(figures)))
        .collect()
}

fn counted(facts: &Facts, read: impl Fn(&NodeFigures) -> u64) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    let all = outside.nodes.figures();
    all.map(|(node, figures)| (vec![("node", node.to_string())], whole(read(figures))))
        .collect()
}

fn sessions(facts: &Facts) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    let each = |(node, figures): (_, &NodeFigures)| {
        let of = |how: &str, count| (vec![("node", format!("{node}")), ("how", how.to_owned())], whole(count));
        [of("new", figures.fresh.get()), of("resumed", figures.resumed.get())]
    };
    outside.nodes.figures().flat_map(each).collect()
}

fn orders(facts: &Facts) -> Spreads {
    let Some(outside) = facts.outside() else {
        return Spreads::new();
    };
    let mut all = Spreads::new();
    for (node, figures) in outside.nodes.figures() {
        for (outcome, spread) in figures.orders() {
            let labels = vec![("node", node.to_string()), ("outcome", outcome.to_owned())];
            all.push((labels, spread));
        }
    }
    all
}

fn searches(facts: &Facts) -> Spreads {
    let Some(outside) = facts.outside() else {
        return Spreads::new();
    };
    let all = outside.nodes.searches().searches();
    all.map(|(purpose, outcome, spread)| {
        let labels = vec![("purpose", purpose.to_owned()), ("outcome", outcome.to_owned())];
        (labels, spread)
    })
    .collect()
}
