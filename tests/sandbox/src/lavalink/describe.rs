//! What the node says of itself and of what a look-up found.

use serde_json::{Value, json};

use super::TrackData;
use super::filters::FILTERS;
use super::voice::MediaFound;

/// The body of `GET /v4/loadtracks`.
pub(super) fn load_result(found: MediaFound) -> Value {
    let track = |data: &TrackData| data.json(0, &json!({}));
    match found {
        MediaFound::Track(data) => json!({ "loadType": "track", "data": track(&data) }),
        MediaFound::Search(list) => {
            json!({ "loadType": "search", "data": list.iter().map(track).collect::<Vec<_>>() })
        }
        MediaFound::List(name, list) => json!({ "loadType": "playlist", "data": {
            "info": { "name": name, "selectedTrack": -1 }, "pluginInfo": {},
            "tracks": list.iter().map(track).collect::<Vec<_>>() } }),
        MediaFound::Empty => json!({ "loadType": "empty", "data": null }),
        MediaFound::Error(message) => {
            let cause = format!("com.sedmelluq.discord.lavaplayer.tools.FriendlyException: {message}");
            json!({ "loadType": "error", "data": {
                "message": message, "severity": "fault", "cause": cause,
                "causeStackTrace": format!("{cause}\n\tat com.sedmelluq.discord.lavaplayer") } })
        }
    }
}

/// The body of `GET /v4/info`.
pub(super) fn info(version: &str, disabled: &[String]) -> Value {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    let on = |name: &&str| !disabled.iter().any(|off| off == name);
    let filters: Vec<&str> = FILTERS.into_iter().filter(on).collect();
    json!({
        "version": { "semver": version, "major": number(), "minor": number(), "patch": number(), "preRelease": "" },
        "buildTime": 0, "git": { "branch": "unknown", "commit": "unknown", "commitTime": 0 }, "jvm": "17",
        "lavaplayer": "2.2.6", "sourceManagers": ["local", "http"], "filters": filters, "plugins": [],
    })
}
