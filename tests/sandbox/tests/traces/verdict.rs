//! Whether a recording and the stand-in agree: replies, messages, their order and their time.

use std::collections::BTreeMap;

use sandbox::lavalink::{Body, Reply};
use serde_json::{Value, json};

use crate::compare::Rule;
use crate::play::{Play, Seen};
use crate::trace::{Step, Trace};

/// How far a message may be off in time, ms.
const TIME_MS: u64 = 200;
/// How far a running position may be off, ms.
const RUNNING_MS: i64 = 500;
/// How far the position of a natural end may be off, ms.
const END_MS: i64 = 60;

/// Everything in which they differ.
pub(crate) fn judge(trace: &Trace) -> Vec<String> {
    let play = Play::run(trace);
    let mut found = Vec::new();
    replies(trace, &play, &mut found);
    let mut keys: Vec<(u64, String)> = trace
        .messages(u64::MAX)
        .map(|step| key(step.conn, &step.line["message"]))
        .collect();
    keys.extend(play.seen.iter().map(|seen| key(seen.conn, &seen.message)));
    keys.sort();
    keys.dedup();
    for key in keys {
        stream(trace, &play, &key, &mut found);
    }
    closes(trace, &play, &mut found);
    order(trace, &play, &mut found);
    found
}

/// Messages that are ordered among themselves: the events of a guild, its updates, and the rest of a connection.
fn key(conn: u64, message: &Value) -> (u64, String) {
    (conn, format!("{} {}", message["op"], message["guildId"]))
}

fn replies(trace: &Trace, play: &Play<'_>, found: &mut Vec<String>) {
    for step in trace.driven().filter(|step| step.kind != "action") {
        let recorded = &step.line["response"];
        let here = play.replies.get(&step.n).cloned().flatten();
        let what = format!(
            "{} {} {}",
            step.n, step.line["request"]["method"], step.line["request"]["path"]
        );
        let Some(reply) = here else {
            if !recorded.is_null() {
                found.push(format!("{what}: is not answered"));
            }
            continue;
        };
        if recorded.is_null() {
            found.push(format!("{what}: is answered with {}", reply.status));
            continue;
        }
        let shown = json!({ "status": reply.status, "headers": headers(&reply), "body": body(&reply) });
        let rule = rule_of_reply(trace, play, step);
        let all = rule.differences(recorded, &shown);
        found.extend(all.into_iter().map(|one| format!("{what}: {one}")));
    }
}

fn headers(reply: &Reply) -> Value {
    reply
        .headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), json!(value)))
        .collect()
}

fn body(reply: &Reply) -> Value {
    match &reply.body {
        Body::Empty => Value::Null,
        Body::Text(text) => json!(text),
        Body::Json(json) => json.clone(),
    }
}

/// The reply to a play is exact, that to a seek shows the target or the old position.
fn rule_of_reply<'a>(trace: &'a Trace, play: &'a Play<'_>, step: &Step) -> Rule<'a> {
    let request = &step.line["request"]["body"];
    let state = &step.line["response"]["body"]["state"]["position"];
    let start = request["position"].as_i64().unwrap_or(0).max(0);
    let plays = ["encoded", "identifier"]
        .iter()
        .any(|name| request["track"][name].is_string())
        || ["encodedTrack", "identifier"]
            .iter()
            .any(|name| request[name].is_string());
    let exact = plays && state.as_i64() == Some(start);
    Rule {
        trace,
        sessions: &play.sessions,
        off_by: if exact { 0 } else { RUNNING_MS },
        or: seek_of(play, step),
    }
}

/// Target and old position of a seek; empty for all else.
fn seek_of(play: &Play<'_>, step: &Step) -> Vec<i64> {
    let request = &step.line["request"]["body"];
    let target = request["position"].as_i64().filter(|_| request["track"].is_null());
    let old = play.before.get(&step.n).copied();
    target.map_or_else(Vec::new, |target| {
        [Some(target.max(0)), old].into_iter().flatten().collect()
    })
}

/// One stream of messages, in order.
fn stream(trace: &Trace, play: &Play<'_>, which: &(u64, String), found: &mut Vec<String>) {
    let recorded: Vec<&Step> = trace
        .messages(u64::MAX)
        .filter(|step| key(step.conn, &step.line["message"]) == *which)
        .collect();
    let here: Vec<&Seen> = play
        .seen
        .iter()
        .filter(|seen| key(seen.conn, &seen.message) == *which)
        .collect();
    let mut excepted = false;
    let mut last: Option<(&Step, i64, i64)> = None;
    for (step, seen) in recorded.iter().zip(&here) {
        let message = &step.line["message"];
        excepted = match message["type"].as_str() {
            Some("TrackExceptionEvent") => true,
            Some("TrackStartEvent") => false,
            _ => excepted,
        };
        let rule = rule_of_message(trace, play, step, excepted);
        let (mut a, mut b) = (message.clone(), seen.message.clone());
        if a["code"] == 1000 {
            // Either side may be said to have closed.
            (a["byRemote"], b["byRemote"]) = (Value::Null, Value::Null);
        }
        let what = format!("{} {} {}", step.n, message["op"], message["type"]);
        let differences = rule.differences(&a, &b);
        found.extend(differences.into_iter().map(|one| format!("{what}: {one}")));
        time(trace, play, step, seen, &what, found);
        if let (Some(a), Some(b)) = (
            message["state"]["position"].as_i64(),
            seen.message["state"]["position"].as_i64(),
        ) {
            frozen(last, (step, a, b), found);
            last = Some((step, a, b));
        }
    }
    if recorded.len() != here.len() {
        let kinds = |all: Vec<&Value>| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            all.iter()
                .for_each(|one| *counts.entry(one["type"].to_string()).or_default() += 1);
            format!("{counts:?}")
        };
        let (a, b) = (
            kinds(recorded.iter().map(|step| &step.line["message"]).collect()),
            kinds(here.iter().map(|seen| &seen.message).collect()),
        );
        found.push(format!("{}: {a} were recorded on {}, here are {b}", which.1, which.0));
    }
}

fn rule_of_message<'a>(trace: &'a Trace, play: &'a Play<'_>, step: &Step, excepted: bool) -> Rule<'a> {
    let message = &step.line["message"];
    let off_by = match (message["type"].as_str(), message["reason"].as_str()) {
        (Some("TrackStartEvent"), _) => 0,
        (Some("TrackEndEvent"), Some("finished")) if !excepted => END_MS,
        _ => RUNNING_MS,
    };
    // The update that a seek causes.
    let seeks = trace.driven().filter(|one| {
        let (sent, _) = one.sent();
        message["op"] == "playerUpdate" && one.kind == "rest" && sent <= step.at && step.at <= one.at + 30
    });
    Rule {
        trace,
        sessions: &play.sessions,
        off_by,
        or: seeks.flat_map(|one| seek_of(play, one)).collect(),
    }
}

/// A message comes when it was recorded to come, counted from what the test did last.
fn time(trace: &Trace, play: &Play<'_>, step: &Step, seen: &Seen, what: &str, found: &mut Vec<String>) {
    let message = &step.line["message"];
    let late: u64 = match (message["type"].as_str(), message["reason"].as_str()) {
        (Some("TrackEndEvent"), Some("cleanup")) => 10_000,
        (Some("TrackStuckEvent"), _) => 6_000,
        _ if message["op"] == "stats" => 2_000,
        _ => TIME_MS,
    };
    // A message may be as late as the reply to the request before it: all recordings ran on a busy machine.
    let requests = trace
        .driven()
        .filter(|one| one.kind != "action" && one.sent().0 <= step.at);
    let slow = requests.last().map_or(0, |one| one.at - one.sent().0);
    let anchor = play.anchors.iter().rev().find(|(recorded, _)| *recorded <= step.at);
    let (recorded, here) = anchor.copied().unwrap_or_default();
    let expected = here + (step.at - recorded);
    if seen.at.abs_diff(expected) > late + slow {
        let (a, b) = (step.at, seen.at);
        found.push(format!("{what}: came at {b}, expected at {expected} (recorded at {a})"));
    }
}

/// A position that stood still in the recording stands still here.
fn frozen(last: Option<(&Step, i64, i64)>, (step, recorded, here): (&Step, i64, i64), found: &mut Vec<String>) {
    if let Some((before, was, shown)) = last
        && was == recorded
        && step.at - before.at > 300
        && shown != here
    {
        found.push(format!(
            "{}: the position stood still at {recorded}, here it went from {shown} to {here}",
            step.n
        ));
    }
}

fn closes(trace: &Trace, play: &Play<'_>, found: &mut Vec<String>) {
    let recorded: Vec<(u64, u64)> = trace
        .steps
        .iter()
        .filter(|step| step.kind == "ws_close")
        .map(|step| (step.conn, step.line["close"]["code"].as_u64().unwrap_or(0)))
        .collect();
    let here: Vec<(u64, u64)> = play
        .closes
        .iter()
        .map(|(conn, code)| (*conn, u64::from(*code)))
        .collect();
    if recorded != here {
        found.push(format!("the closes {recorded:?} were recorded, here are {here:?}"));
    }
    let pongs: Vec<(u64, String)> = trace
        .steps
        .iter()
        .filter(|step| step.line["frame"] == "pong")
        .map(|step| (step.conn, step.line["payload"].as_str().unwrap_or_default().to_owned()))
        .collect();
    if pongs != play.pongs {
        found.push(format!("the pongs {pongs:?} were recorded, here are {:?}", play.pongs));
    }
}

/// The orders that are strict on every connection.
fn order(trace: &Trace, play: &Play<'_>, found: &mut Vec<String>) {
    let mut conns: Vec<u64> = play.seen.iter().map(|seen| seen.conn).collect();
    conns.sort_unstable();
    conns.dedup();
    for conn in conns {
        let here: Vec<&Value> = play
            .seen
            .iter()
            .filter(|seen| seen.conn == conn)
            .map(|seen| &seen.message)
            .collect();
        let first = here.iter().find(|message| message["op"] != "stats");
        if first.is_none_or(|message| message["op"] != "ready") {
            found.push(format!("connection {conn} does not begin with ready"));
        }
        for (place, message) in here
            .iter()
            .enumerate()
            .filter(|(_, one)| one["type"] == "WebSocketClosedEvent")
        {
            let next = here[place + 1..]
                .iter()
                .find(|one| one["guildId"] == message["guildId"]);
            if next.is_none_or(|one| one["op"] != "playerUpdate") {
                found.push(format!(
                    "connection {conn}: no update follows a closed voice connection"
                ));
            }
        }
        if here.iter().any(|message| message["resumed"] == true) {
            resumed(trace, conn, &here, found);
        }
    }
}

/// After a resume: `ready`, what was queued in its order, an update per player, in one go.
fn resumed(trace: &Trace, conn: u64, here: &[&Value], found: &mut Vec<String>) {
    let kind = |message: &Value| format!("{} {} {}", message["op"], message["type"], message["guildId"]);
    let steps: Vec<&Step> = trace.messages(u64::MAX).filter(|step| step.conn == conn).collect();
    let Some(begun) = steps.first().map(|step| step.at) else {
        return;
    };
    let recorded: Vec<String> = steps
        .iter()
        .take_while(|step| step.at <= begun + 5)
        .map(|step| kind(&step.line["message"]))
        .collect();
    let shown: Vec<String> = here.iter().take(recorded.len()).map(|message| kind(message)).collect();
    if recorded != shown {
        found.push(format!("after the resume came {recorded:?}, here {shown:?}"));
    }
}
