//! What holds between keys.

use super::node::Node;
use super::problem::{NOT_SET, Problem};
use super::read::{Origin, Reading};
use super::value::Value;

/// The variables that describe one node.
const SINGLE: [&str; 6] = [
    "lavalink.host",
    "lavalink.port",
    "lavalink.password",
    "lavalink.https",
    "lavalink.name",
    "lavalink.region",
];

/// Pairs of which the first may not exceed the second.
const ORDERED: [(&str, &str); 13] = [
    ("default_volume_percent", "max_volume_percent"),
    ("gateway.backoff_min_ms", "gateway.backoff_max_ms"),
    ("rest.backoff_min_ms", "rest.backoff_max_ms"),
    ("rest.attempt_ms", "rest.call_ms"),
    ("lavalink.backoff_min_ms", "lavalink.backoff_max_ms"),
    ("lavalink.ping_ms", "lavalink.dead_ms"),
    ("reply.defer_ms", "reply.first_ms"),
    ("gate.audio_ms", "gate.answers_ms"),
    ("lanes.order_delay_ms", "lanes.order_max_delay_ms"),
    ("lanes.answer_delay_ms", "lanes.answer_max_delay_ms"),
    ("supervision.guild_delay_ms", "supervision.guild_max_delay_ms"),
    ("supervision.store_delay_ms", "supervision.store_max_delay_ms"),
    ("supervision.wedged_alarm_s", "supervision.wedged_exit_s"),
];

/// Settles the nodes and adds what is wrong between keys to the problems.
pub(super) fn all(reading: &mut Reading) {
    order(reading);
    prefix(reading);
    allowlist(reading);
    ports(reading);
    nodes(reading);
    plain_text(reading);
}

fn order(reading: &mut Reading) {
    for (small, large) in ORDERED {
        let (low, high) = (reading.ms(small), reading.ms(large));
        if low > high {
            let origin = origin_of(reading, small);
            reading.problems.push(Problem {
                key: small.into(),
                origin,
                problem: format!("{low} is more than `{large}`, which is {high}"),
                fix: "lower it, or raise the other".into(),
            });
        }
    }
}

/// Two servers can't have one place: the second would wait for ever.
fn ports(reading: &mut Reading) {
    let place = |reading: &Reading, of: &str| {
        let host = reading.text(&format!("{of}.host")).map(str::to_owned);
        let enabled = reading.flag(&format!("{of}.enabled"));
        enabled.then(|| (host, reading.number(&format!("{of}.port"))))
    };
    let status = place(reading, "status_api");
    if status.is_some() && status == place(reading, "metrics") {
        reading.problems.push(Problem {
            key: "metrics.port".into(),
            origin: origin_of(reading, "metrics.port"),
            problem: "is the port of `status_api.port` too".into(),
            fix: "give each a port of its own".into(),
        });
    }
}

/// Most characters of a prefix.
const PREFIX: usize = 5;

/// A prefix that people can type and that Discord does not take for something else.
fn prefix(reading: &mut Reading) {
    let key = "prefix.default";
    let Some(prefix) = reading.text(key).map(str::to_owned) else {
        return;
    };
    let problem = if prefix.chars().count() > PREFIX {
        "it has more than 5 characters"
    } else if prefix.contains(char::is_whitespace) {
        "it has white space in it"
    } else if prefix.starts_with(['/', '@', '#', '<']) {
        "Discord takes what begins so for something else"
    } else {
        return;
    };
    reading.problems.push(Problem {
        key: key.into(),
        origin: origin_of(reading, key),
        problem: problem.into(),
        fix: "take a sign or two, such as ! or ?".into(),
    });
}

/// The guilds that a text names; `None` where one of its words is no id.
pub(super) fn guild_ids(text: &str) -> Option<Vec<u64>> {
    let words = text.split(',').map(str::trim).filter(|word| !word.is_empty());
    words.map(|word| word.parse().ok()).collect()
}

fn allowlist(reading: &mut Reading) {
    let key = "chaos.guild_allowlist";
    let Some(text) = reading.text(key).map(str::to_owned) else {
        return;
    };
    if text.trim() != "*" && guild_ids(&text).is_none() {
        reading.problems.push(Problem {
            key: key.into(),
            origin: origin_of(reading, key),
            problem: "it is no list of guild ids".into(),
            fix: "write ids of servers separated by commas, or * for all".into(),
        });
    }
}

/// One node by variables takes the list's place unless `LAVALINK_NODES` is there.
fn nodes(reading: &mut Reading) {
    let listed = reading
        .get("lavalink_nodes")
        .map(|effective| (effective.value.clone(), effective.origin.clone()));
    let by_variable = matches!(listed, Some((_, Origin::Environment(_))));
    if !by_variable && let Some(node) = single(reading) {
        let origin = Origin::Environment("LAVALINK_HOST");
        for effective in reading
            .values
            .iter_mut()
            .filter(|effective| effective.key.path == "lavalink_nodes")
        {
            effective.value = Value::Nodes(vec![node.clone()]);
            effective.origin = origin.clone();
        }
        return;
    }
    let none = match &listed {
        Some((Value::Nodes(nodes), _)) => nodes.is_empty(),
        _ => true,
    };
    let told = reading
        .problems
        .iter()
        .any(|problem| problem.key.starts_with("lavalink_nodes") || SINGLE.contains(&problem.key.as_str()));
    if none && !told {
        reading.problems.push(Problem {
            key: "lavalink_nodes".into(),
            origin: NOT_SET.into(),
            problem: "no audio node is named, so nothing could be heard".into(),
            fix: "set LAVALINK_HOST, LAVALINK_PORT and LAVALINK_PASSWORD to those of a Lavalink".into(),
        });
    }
}

/// The node that single variables describe. Host and password belong together, and the others to them.
fn single(reading: &mut Reading) -> Option<Node> {
    let is_set = |path: &&str| {
        reading
            .get(path)
            .is_some_and(|effective| effective.origin != Origin::Default)
    };
    let first = SINGLE.into_iter().find(is_set)?;
    for path in ["lavalink.host", "lavalink.password"] {
        let told = reading.problems.iter().any(|problem| problem.key == path);
        if reading
            .get(path)
            .is_some_and(|effective| effective.value == Value::Unset)
            && !told
        {
            let name = |path: &str| reading.get(path).map(|effective| effective.key.env).unwrap_or_default();
            let problem = Problem {
                key: path.into(),
                origin: NOT_SET.into(),
                problem: format!("{} is set, but {} is not", name(first), name(path)),
                fix: format!("set {} too", name(path)),
            };
            reading.problems.push(problem);
        }
    }
    Some(Node {
        name: reading.text("lavalink.name")?.to_owned(),
        host: reading.text("lavalink.host")?.to_owned(),
        port: u16::try_from(reading.number("lavalink.port")).ok()?,
        password: reading.secret("lavalink.password")?.clone(),
        https: reading.flag("lavalink.https"),
        region: reading.text("lavalink.region").map(str::to_owned),
    })
}

/// Text in the clear leaves this machine only where somebody said so.
fn plain_text(reading: &mut Reading) {
    if reading.flag("allow_plaintext") {
        return;
    }
    let mut found = Vec::new();
    let base = reading.text("discord.api_base_url").unwrap_or_default();
    let base_host = base
        .parse::<http::Uri>()
        .ok()
        .and_then(|uri| uri.host().map(str::to_owned))
        .unwrap_or_default();
    if base.starts_with("http://") && !is_loopback(&base_host) {
        found.push(("discord.api_base_url", "discord.api_base_url".to_owned(), base_host));
    }
    if let Some(Value::Nodes(nodes)) = reading.get("lavalink_nodes").map(|effective| &effective.value) {
        for node in nodes.iter().filter(|node| !node.https && !is_loopback(&node.host)) {
            found.push((
                "lavalink_nodes",
                format!("lavalink_nodes, {}", node.name),
                node.host.clone(),
            ));
        }
    }
    for (path, key, host) in found {
        let origin = origin_of(reading, path);
        reading.problems.push(Problem {
            key,
            origin,
            problem: format!("would send its secret to {host} unencrypted"),
            fix: "use https, or set ALLOW_PLAINTEXT=true if the network between is yours".into(),
        });
    }
}

fn origin_of(reading: &Reading, path: &str) -> String {
    reading
        .get(path)
        .map(|effective| effective.origin.to_string())
        .unwrap_or_default()
}

/// Whether `host` is this machine by its name alone, without a lookup.
pub fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']').trim_end_matches('.');
    match bare.parse::<std::net::IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => bare.eq_ignore_ascii_case("localhost") || bare.to_ascii_lowercase().ends_with(".localhost"),
    }
}
