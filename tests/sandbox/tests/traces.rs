//! The Lavalink stand-in against recordings of the real server: every trace is played to the pure core on a stepped
//! clock, and what comes back is compared by the rules that go with the recordings.
//!
//! The recordings are not part of the repository. `LAVALINK_TRACES` names their folder; without it the checkout's
//! neighbour `shared/data/lavalink-traces` is tried, and without that nothing is compared, which is said aloud.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "this is a test as a whole; a recording that can't be read fails it"
)]

#[path = "traces/compare.rs"]
mod compare;
#[path = "traces/play.rs"]
mod play;
#[path = "traces/trace.rs"]
mod trace;
#[path = "traces/verdict.rs"]
mod verdict;
#[path = "traces/world.rs"]
mod world;

use std::io::Write as _;
use std::path::{Path, PathBuf};

use sandbox::lavalink::TrackData;
use serde_json::Value;
use trace::Trace;

/// How many recordings there are.
const ALL: usize = 90;

/// Recordings that the stand-in does not follow, and why. One that begins to match fails the test as well.
const KNOWN: &[(&str, &str)] = &[];

/// Written past the capture of the test harness: whoever runs this has to see it.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("LAVALINK_TRACES").map(PathBuf::from);
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data/lavalink-traces");
    match named {
        Some(path) => {
            assert!(path.is_dir(), "LAVALINK_TRACES names no folder: {}", path.display());
            Some(path)
        }
        None if beside.is_dir() => Some(beside),
        None => {
            say("traces: SKIPPED, nothing was compared: set LAVALINK_TRACES to the folder of the recordings");
            None
        }
    }
}

#[test]
fn the_stand_in_answers_as_the_recorded_server_did() {
    let Some(folder) = folder() else { return };
    let mut names: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "jsonl"))
        .collect();
    names.sort();
    assert_eq!(names.len(), ALL, "the folder does not hold all recordings");
    let mut matching = 0;
    let mut surprises = Vec::new();
    for path in &names {
        let trace = Trace::read(path);
        let found = verdict::judge(&trace);
        let known = KNOWN.iter().find(|(name, _)| *name == trace.name);
        match (found.first(), known) {
            (None, None) => matching += 1,
            (None, Some(_)) => {
                matching += 1;
                surprises.push(format!("{} matches now: take it from the list", trace.name));
            }
            (Some(first), Some((_, why))) => say(&format!("traces: {} differs: {why} ({first})", trace.name)),
            (Some(_), None) => surprises.push(format!("{}:\n    {}", trace.name, found.join("\n    "))),
        }
    }
    say(&format!("traces: {matching} of {ALL} match"));
    assert!(surprises.is_empty(), "\n{}\n", surprises.join("\n"));
}

#[test]
fn recorded_tracks_are_encoded_and_decoded_byte_for_byte() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("encoded-vectors.json")).unwrap();
    let vectors: Vec<Value> = serde_json::from_str(&text).unwrap();
    assert!(vectors.len() > 50, "only {} vectors", vectors.len());
    for vector in vectors {
        let (encoded, decoded) = (vector["encoded"].as_str().unwrap(), &vector["decoded"]);
        let text = |name: &str| decoded[name].as_str().map(str::to_owned);
        let data = TrackData {
            title: text("title").unwrap(),
            author: text("author").unwrap(),
            length: decoded["length"].as_i64().unwrap(),
            identifier: text("identifier").unwrap(),
            is_stream: decoded["isStream"].as_bool().unwrap(),
            uri: text("uri"),
            artwork_url: text("artworkUrl"),
            isrc: text("isrc"),
            source_name: text("source").unwrap(),
            probe_info: text("probe"),
            position: decoded["position"].as_i64().unwrap(),
        };
        let version = u8::try_from(decoded["version"].as_u64().unwrap()).unwrap();
        assert_eq!(data.encode_version(version), encoded, "{vector}");
        // A source or container that the node does not have is refused, as the node refuses it.
        let name = vector["name"].as_str().unwrap();
        match TrackData::decode(encoded) {
            Ok(read) => assert_eq!(read, data, "{vector}"),
            Err(_) => assert!(
                name.starts_with("<encoded:U@") || name.starts_with("<encoded:K@"),
                "{vector}"
            ),
        }
    }
}
