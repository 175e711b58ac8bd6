//! Snapshots and records that a disk or a stranger has spoiled: 20,000 of each.

use std::sync::Arc;

use ostinato_machine::guild::{Event, Guild, Kept, Record, Refusal, Said, Say, Snapshot};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId};
use ostinato_machine::limits::Limits;
use serde_json::{Value, json};

use crate::hostile::storm;
use crate::store::contract::{record, snapshot};

fn restored(snapshot: Option<Snapshot>, records: &[Record]) -> bool {
    Guild::restore(GuildId(1), 1, snapshot, records, Arc::new(Limits::default())).is_ok()
}

/// A snapshot of a guild that plays.
fn snapshots() -> Vec<Value> {
    let track = json!({ "encoded": "QAAA", "title": "First", "author": "Ann", "source": "http", "seekable": true, "length_ms": 5_000 });
    let mut whole = serde_json::to_value(snapshot(3, 40)).unwrap();
    whole["kept"]["current"] = json!({ "entry": { "id": 2, "track": track, "by": 1 }, "play": 1, "seek": 0,
        "position_ms": 5, "at_ms": 7, "began_ms": 7 });
    whole["kept"]["causes"] = json!([[7, { "interaction": 5 }], [8, { "order": "x" }]]);
    whole["said"] = json!([{ "id": 5, "at_ms": 7, "say": { "volume": { "percent": 80 } } }]);
    vec![whole, serde_json::to_value(snapshot(1, 10)).unwrap()]
}

fn records() -> Vec<Value> {
    let whole = |events: Vec<Event>| {
        let said = Said {
            id: 5,
            at_ms: 7,
            say: Say::Refused(Refusal::NothingPlaying),
        };
        let (cause, said) = (CauseId::Interaction(5), vec![said]);
        serde_json::to_value(Record {
            cause,
            events,
            said,
            ..record(1, 1)
        })
        .unwrap()
    };
    let kept: Kept = serde_json::from_value(snapshots()[0]["kept"].take()).unwrap();
    let queue = serde_json::to_value(&kept).unwrap()["queue"].take();
    vec![
        whole(vec![Event::Heard]),
        whole(vec![
            Event::Added {
                at: 0,
                entries: serde_json::from_value(queue).unwrap(),
            },
            Event::Paused {
                user: true,
                alone: false,
            },
        ]),
        whole(vec![
            Event::LeaveAt { at_ms: Some(9) },
            Event::Failures {
                count: 2,
                hold_until_ms: None,
            },
            Event::Channel {
                channel: Some(ChannelId(6)),
            },
            Event::Cleared,
        ]),
    ]
}

#[test]
fn hostile_snapshots_harm_nothing() {
    storm("snapshots", &snapshots(), |bytes| {
        serde_json::from_slice::<Snapshot>(bytes).is_ok_and(|snapshot| restored(Some(snapshot), &[]))
    });
}

#[test]
fn hostile_records_harm_nothing() {
    storm("records", &records(), |bytes| {
        serde_json::from_slice::<Record>(bytes).is_ok_and(|record| restored(None, &[record]))
    });
}
