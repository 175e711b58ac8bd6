//! What goes out and what comes in.

use std::sync::Arc;

use ostinato_machine::guild::{EndReason, Loaded, Report, Tag, VoiceCredentials, WantedTrack};
use ostinato_machine::ids::{ChannelId, EntryId, Hidden};
use ostinato_machine::track::Track;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::wire::{self, LoadResult, Message};

fn tag() -> Tag {
    Tag {
        entry: EntryId(7),
        play: 3,
        seek: 1,
        generation: 99,
    }
}

#[test]
fn a_whole_player_is_one_patch() {
    let track = Arc::new(Track {
        encoded: "QAAA".into(),
        ..Track::default()
    });
    let wanted = WantedTrack {
        tag: tag(),
        encoded: track,
        position_ms: 5,
        runs_since_ms: None,
    };
    let voice = VoiceCredentials {
        token: Hidden::new("t"),
        endpoint: "127.0.0.1:1".into(),
        session_id: Hidden::new("s"),
        channel: ChannelId(42),
    };
    let body = wire::patch(
        Some(&voice),
        Some(&Some(wanted)),
        None,
        Some(1_000),
        Some(false),
        Some(80),
    )
    .unwrap();
    let expected = json!({
        "voice": { "token": "t", "endpoint": "127.0.0.1:1", "sessionId": "s", "channelId": "42" },
        "track": { "encoded": "QAAA", "userData": { "qid": 7, "play": 3, "seek": 1, "gen": 99 } },
        "position": 1000, "paused": false, "volume": 80,
    });
    assert_eq!(body, expected);
}

#[test]
fn a_stop_says_null_and_a_seek_only_what_changed() {
    assert_eq!(
        wire::patch(None, Some(&None), None, None, None, None).unwrap(),
        json!({ "track": { "encoded": null } })
    );
    let seek = wire::patch(None, None, Some(tag()), Some(9), None, None).unwrap();
    assert_eq!(
        seek,
        json!({ "track": { "userData": { "qid": 7, "play": 3, "seek": 1, "gen": 99 } }, "position": 9 })
    );
}

fn report(value: Value) -> Option<Report> {
    let Message::Event(event) = serde_json::from_value(value).unwrap() else {
        panic!("no event")
    };
    event.report()
}

#[test]
fn events_are_read_and_strangers_ignored() {
    let track = json!({ "encoded": "Q", "info": {}, "userData": { "qid": 7, "play": 3, "seek": 1, "gen": 99 } });
    let ended =
        json!({ "op": "event", "type": "TrackEndEvent", "guildId": "1", "track": track, "reason": "loadFailed" });
    assert_eq!(
        report(ended),
        Some(Report::Ended {
            tag: tag(),
            reason: EndReason::LoadFailed
        })
    );
    let failed = json!({ "op": "event", "type": "TrackExceptionEvent", "guildId": 1, "track": track,
        "exception": { "message": null, "severity": "fault", "cause": "x" } });
    assert_eq!(
        report(failed),
        Some(Report::Failed {
            tag: tag(),
            message: "x".into()
        })
    );
    let stranger = json!({ "op": "event", "type": "TrackStartEvent", "guildId": "1", "track": { "encoded": "Q", "userData": {} } });
    assert_eq!(report(stranger), None);
    assert_eq!(
        report(json!({ "op": "event", "type": "SegmentSkipped", "guildId": "1" })),
        None
    );
    let closed = json!({ "op": "event", "type": "WebSocketClosedEvent", "guildId": "1", "code": 4006, "reason": "", "byRemote": true });
    assert_eq!(
        report(closed),
        Some(Report::VoiceClosed {
            code: 4006,
            by_remote: true
        })
    );
}

#[test]
fn load_results_of_every_type_are_read() {
    let load = |value: Value| serde_json::from_value::<LoadResult>(value).unwrap().loaded().unwrap();
    assert_eq!(load(json!({ "loadType": "empty", "data": null })), Loaded::Empty);
    assert_eq!(load(json!({ "loadType": "empty", "data": {} })), Loaded::Empty);
    let track = json!({ "encoded": "Q", "info": { "title": "T", "author": "", "length": 9223372036854775807_u64, "isStream": true } });
    let Loaded::Playlist {
        selected: None, tracks, ..
    } = load(
        json!({ "loadType": "playlist", "data": { "info": { "name": "L", "selectedTrack": -1 }, "tracks": [track] } }),
    )
    else {
        panic!("no playlist")
    };
    assert_eq!((tracks[0].length_ms, &*tracks[0].author), (None, "Unknown artist"));
    let error = load(json!({ "loadType": "error", "data": { "message": "no", "severity": "common", "cause": "c" } }));
    assert_eq!(error, Loaded::Error { message: "no".into() });
}

proptest! {
    #[test]
    fn no_frame_of_a_node_can_panic(mut bytes in Just(br#"{"op":"event","type":"TrackEndEvent","guildId":"1","track":{"encoded":"Q","info":{"length":5},"userData":{"qid":1,"play":1,"gen":1}},"reason":"finished"}"#.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6), cut in any::<prop::sample::Index>()) {
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        if let Ok(Message::Event(event)) = serde_json::from_slice::<Message>(&bytes) {
            let _ = event.report();
        }
    }
}
