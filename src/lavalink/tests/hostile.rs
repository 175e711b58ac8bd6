//! What a node that lies may send: 20,000 frames and as many answers.

use ostinato_machine::ids::NodeId;
use serde_json::{Value, json};

use crate::hostile::{storm, traced};
use crate::lavalink::found::{Player, loaded, sensible};
use crate::lavalink::rest::complaint;
use crate::lavalink::wire::Message;

fn track() -> Value {
    json!({ "encoded": "QAAA", "info": { "identifier": "a", "isSeekable": true, "author": "Ann", "length": 187_000, "isStream": false,
        "position": 0, "title": "First", "uri": "https://music.example/track/a", "sourceName": "http", "artworkUrl": null, "isrc": null },
        "pluginInfo": {}, "userData": { "qid": 7, "play": 3, "seek": 1, "gen": 99 } })
}

fn player() -> Value {
    json!({ "guildId": "1", "track": track(), "volume": 100, "paused": false, "filters": {},
        "state": { "time": 1_700_000_000_000_u64, "position": 5, "connected": true, "ping": 3 },
        "voice": { "token": "t", "endpoint": "voice.example", "sessionId": "s" } })
}

fn frames() -> Vec<Value> {
    let event = |kind: &str, more: &Value| {
        let mut event = json!({ "op": "event", "type": kind, "guildId": "1", "track": track() });
        for (name, value) in more.as_object().into_iter().flatten() {
            event[name] = value.clone();
        }
        event
    };
    let mut all = vec![
        json!({ "op": "ready", "resumed": false, "sessionId": "abc" }),
        json!({ "op": "playerUpdate", "guildId": "1", "state": { "time": 1_700_000_000_000_u64, "position": 5, "connected": true, "ping": 3 } }),
        json!({ "op": "stats", "players": 1, "playingPlayers": 1, "uptime": 5, "memory": { "free": 1, "used": 2, "allocated": 3, "reservable": 4 },
            "cpu": { "cores": 2, "systemLoad": 0.5, "lavalinkLoad": 0.1 }, "frameStats": { "sent": 3_000, "nulled": 1, "deficit": 0 } }),
        event("TrackStartEvent", &json!({})),
        event("TrackEndEvent", &json!({ "reason": "finished" })),
        event(
            "TrackExceptionEvent",
            &json!({ "exception": { "message": "gone", "severity": "common", "cause": "x" } }),
        ),
        event("TrackStuckEvent", &json!({ "thresholdMs": 10_000 })),
        event(
            "WebSocketClosedEvent",
            &json!({ "code": 4006, "reason": "", "byRemote": true }),
        ),
    ];
    all.extend(traced(&["/frame", "/message", "/data"]));
    all
}

fn answers() -> Vec<Value> {
    vec![
        json!({ "loadType": "track", "data": track() }),
        json!({ "loadType": "search", "data": [track(), track()] }),
        json!({ "loadType": "playlist", "data": { "info": { "name": "Mix", "selectedTrack": 0 }, "pluginInfo": {}, "tracks": [track()] } }),
        json!({ "loadType": "empty", "data": null }),
        json!({ "loadType": "error", "data": { "message": "gone", "severity": "common", "cause": "x" } }),
        json!([player(), player()]),
        json!({ "timestamp": 1, "status": 404, "error": "Not Found", "message": "Session not found", "path": "/v4" }),
    ]
}

#[test]
fn hostile_node_frames_harm_nothing() {
    storm("node frames", &frames(), |bytes| {
        match serde_json::from_slice::<Message>(bytes) {
            Ok(Message::Stats(stats)) => stats.frame_stats.is_none_or(|frames| frames.missing() < u32::MAX),
            Ok(Message::Event(event)) => event.report().is_some(),
            Ok(Message::Ready { .. } | Message::PlayerUpdate { .. }) => true,
            Ok(Message::Unknown) => false,
            Err(_) => false,
        }
    });
}

#[test]
fn hostile_answers_of_a_node_harm_nothing() {
    let node = NodeId::new("n1");
    storm("node answers", &answers(), |bytes| {
        let _ = complaint(reqwest::StatusCode::NOT_FOUND, bytes);
        let players = sensible::<Player>(bytes).map(|all| {
            all.iter().for_each(|player| drop(player.seen(&node, 5)));
            !all.is_empty()
        });
        loaded(bytes).is_ok() || players.unwrap_or(false)
    });
}
