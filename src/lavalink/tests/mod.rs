//! What goes out and what comes in; against whole nodes in [`sessions`], [`orders`] and [`answers`].

mod answers;
mod hostile;
mod orders;
mod sessions;
mod stage;

use std::sync::Arc;

use ostinato_actors::ports::PortErrorKind;
use ostinato_machine::guild::{EndReason, Loaded, Report, Tag, VoiceCredentials, WantedTrack};
use ostinato_machine::ids::{ChannelId, EntryId, Hidden};
use ostinato_machine::track::Track;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::wire::{self, Message};
use super::{attend, found, rest};

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
fn what_is_null_or_missing_hides_nothing_else() {
    let over = json!({ "op": "event", "type": "TrackEndEvent", "guildId": "1", "reason": "finished", "byRemote": null,
        "track": { "encoded": null, "info": null, "userData": { "qid": 7, "play": 3, "seek": 1, "gen": 99 } } });
    assert_eq!(
        report(over),
        Some(Report::Ended {
            tag: tag(),
            reason: EndReason::Finished
        })
    );
    for stranger in [json!(null), json!({}), json!("x")] {
        let started = json!({ "op": "event", "type": "TrackStartEvent", "guildId": "1",
            "track": { "encoded": "Q", "userData": stranger } });
        assert_eq!(report(started), None);
    }
    let update = json!({ "op": "playerUpdate", "guildId": "1", "state": { "position": null, "connected": null } });
    assert!(serde_json::from_value::<Message>(update).is_ok());
    let stats = json!({ "op": "stats", "playingPlayers": null, "cpu": null, "frameStats": { "nulled": null } });
    assert!(serde_json::from_value::<Message>(stats).is_ok());
    let plugin = json!({ "op": "event", "type": "SomethingOfAPlugin" });
    assert_eq!(report(plugin), None);
}

fn load(value: &Value) -> Result<Loaded, serde_json::Error> {
    found::loaded(value.to_string().as_bytes())
}

#[test]
fn load_results_of_every_type_are_read() {
    for data in [json!(null), json!({})] {
        let empty = json!({ "loadType": "empty", "data": data });
        assert_eq!(load(&empty).unwrap(), Loaded::Empty);
    }
    assert_eq!(load(&json!({ "loadType": "empty" })).unwrap(), Loaded::Empty);
    let track = json!({ "encoded": "Q", "info": { "title": "T", "author": "", "length": 9223372036854775807_u64, "isStream": true } });
    let list =
        json!({ "loadType": "playlist", "data": { "info": { "name": "L", "selectedTrack": -1 }, "tracks": [track] } });
    let Loaded::Playlist {
        selected: None, tracks, ..
    } = load(&list).unwrap()
    else {
        panic!("no playlist")
    };
    assert_eq!((tracks[0].length_ms, &*tracks[0].author), (None, "Unknown artist"));
    let error = json!({ "loadType": "error", "data": { "message": "no", "severity": "common", "cause": "c" } });
    assert_eq!(load(&error).unwrap(), Loaded::Error { message: "no".into() });
}

#[test]
fn one_bad_track_does_not_hide_a_list_and_the_chosen_one_stays_chosen() {
    let good = |name: &str| json!({ "encoded": name, "info": { "title": name } });
    let bad = json!({ "encoded": 5 });
    let found = json!({ "loadType": "search", "data": [bad, good("a"), { "info": {} }] });
    assert!(matches!(load(&found).unwrap(), Loaded::Found(tracks) if tracks.len() == 1));
    let list = json!({ "loadType": "playlist",
        "data": { "info": { "name": null, "selectedTrack": 2 }, "tracks": [good("a"), bad, good("b")] } });
    let Loaded::Playlist { selected, tracks, .. } = load(&list).unwrap() else {
        panic!("no playlist")
    };
    assert_eq!((selected, tracks.len(), &*tracks[1].title), (Some(1), 2, "b"));
}

#[test]
fn a_load_result_of_another_protocol_is_an_error_and_not_nothing_found() {
    for strange in [
        json!({ "loadType": "TRACK_LOADED", "data": {} }),
        json!({ "loadType": "track", "data": null }),
    ] {
        assert!(load(&strange).is_err(), "{strange}");
    }
}

#[test]
fn only_what_an_order_is_to_blame_for_condemns_it() {
    let body = |message: &str| json!({ "message": message, "path": "/v4/sessions/s/players/1" }).to_string();
    let kind = |status: u16, body: &str| {
        let failure = rest::complaint(reqwest::StatusCode::from_u16(status).unwrap(), body.as_bytes());
        (failure.error.kind, failure.answered)
    };
    assert_eq!(kind(400, &body("Bad Request")), (PortErrorKind::Refused, true));
    assert_eq!(kind(500, &body("No message available")), (PortErrorKind::Refused, true));
    assert_eq!(kind(404, &body("Session not found")), (PortErrorKind::Gone, true));
    let voice = kind(500, &body("Failed to connect to voice server"));
    assert_eq!(voice, (PortErrorKind::Unreachable, true));
    for (status, body) in [
        (500, "<html>"),
        (502, "<html>"),
        (503, ""),
        (404, "gone"),
        (401, ""),
        (403, ""),
    ] {
        assert_eq!(kind(status, body), (PortErrorKind::Unreachable, false), "{status}");
    }
}

#[test]
fn versions_before_4_2_are_old_and_strange_ones_are_not() {
    let old = ["4.1.9", "4.0.0-beta.1", "3.7.0"].map(attend::is_old);
    let new = ["4.2.0", "4.2.2", "5.0", "e8503fdf", ""].map(attend::is_old);
    assert_eq!((old, new), ([true; 3], [false; 5]));
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
