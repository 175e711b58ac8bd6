//! Configuration files that nobody meant to write: 20,000 of them.

use serde_json::json;

use super::{HOST, PASSWORD, TOKEN};
use crate::config::{Config, Sources, read};
use crate::hostile::storm;

#[test]
fn hostile_config_files_harm_nothing() {
    // JSON is YAML. Every group of keys, and lists within.
    let shapes = [
        json!({ "queue_tracks": 5_000, "durability": "machine", "log": { "filter": "info", "format": "json" }, "threads": 2 }),
        json!({ "lavalink_nodes": [{ "name": "n1", "host": "127.0.0.1", "port": 2_333, "password": "p", "https": false }],
            "lavalink": { "resume_timeout_s": 60 }, "discord": { "shards": 2 } }),
        json!({ "idle_leave_s": 300, "alone_leave_s": 120, "drain_s": 15, "volume": { "default": 100, "max": 200 } }),
    ];
    storm("config files", &shapes, |bytes| {
        let text = String::from_utf8_lossy(bytes);
        let reading = read(&Sources::of(&text, &[TOKEN, HOST, PASSWORD]));
        for problem in &reading.problems {
            assert!(!problem.fix.is_empty(), "{problem:?}");
        }
        let (empty, problems) = (reading.problems.is_empty(), reading.problems.len());
        assert!(problems < 2_000, "{problems} problems");
        Config::from_reading(reading).is_ok() && empty
    });
}
