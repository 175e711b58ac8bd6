//! What must hold even where there are no recordings to compare with.

use serde_json::{Value, json};

use super::{BOT, Bench, GUILD, encoded, grant, voice};
use crate::lavalink::{Call, Door, Knock, Verdict};

fn door(bench: &Bench, authorization: Option<&str>, user: Option<&str>) -> u16 {
    let knock = Knock {
        authorization: authorization.map(str::to_owned),
        user_id: user.map(str::to_owned),
        session_id: None,
    };
    match bench.core.knock(&knock) {
        Door::Shut(reply) => reply.status,
        Door::Open(reply, _) => {
            assert!(reply.headers.contains(&("Session-Resumed", "false".to_owned())));
            reply.status
        }
        Door::Slammed(_, code) => code,
    }
}

#[test]
fn a_handshake_needs_the_password_and_a_user() {
    let bench = Bench::connected();
    let tried = [
        (None, Some("42")),
        (Some("wrong"), Some("42")),
        (Some("pw"), None),
        (Some("pw"), Some("0")),
        (Some("pw"), Some("me")),
        (Some("pw"), Some("42")),
    ];
    let codes = tried.map(|(authorization, user)| door(&bench, authorization, user));
    assert_eq!(codes, [401, 401, 400, 400, 1011, 101]);
}

#[test]
fn a_refusal_is_a_violation_unless_the_session_was_there_once() {
    let mut bench = Bench::connected();
    let call = |session: &str, body: &str| Call {
        method: "PATCH".into(),
        path: format!("/v4/sessions/{session}/players/{GUILD}"),
        authorization: Some("pw".into()),
        content_type: Some("application/json".into()),
        body: body.as_bytes().to_vec(),
        ..Call::default()
    };
    let mut judge = |session: &str, body: &str| {
        let call = call(session, body);
        let answer = bench.core.call(0, &call);
        bench.core.judge(&call, &answer)
    };
    let session = bench.session.clone();
    assert_eq!(judge(&session, "{}"), Verdict::Fine);
    assert!(matches!(judge(&session, "{\"volume\":null}"), Verdict::Violation(_)));
    assert!(matches!(judge("never-there", "{}"), Verdict::Violation(_)));
    bench.core.close(0, 1);
    let gone = call(&session, "{}");
    let answer = bench.core.call(0, &gone);
    assert_eq!(bench.core.judge(&gone, &answer), Verdict::Race("lavalink session gone"));
}

#[test]
fn a_track_is_replaced_stopped_and_finished_with_its_reason() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.play(1_000, "short");
    bench.tick(4_000);
    bench.play(5_000, "long");
    bench.patch(6_000, &json!({ "track": { "encoded": null } }));
    assert_eq!(
        bench.events(),
        [
            "TrackStart",
            "TrackEnd replaced",
            "TrackStart",
            "TrackEnd finished",
            "TrackStart",
            "TrackEnd stopped"
        ]
    );
}

#[test]
fn a_resumed_session_hears_what_happened_and_then_where_its_players_are() {
    let mut bench = Bench::connected();
    bench.play(0, "short");
    bench.core.sessions.get_mut(&bench.session).unwrap().resuming = true;
    bench.core.close(500, 1);
    bench.tick(3_000);
    bench.messages.clear();
    bench.core.open(4_000, 2, BOT, Some(&bench.session.clone()));
    bench.collect();
    let kinds: Vec<&Value> = bench.messages.iter().map(|message| &message["op"]).collect();
    assert_eq!(kinds, ["ready", "event", "playerUpdate"]);
    assert_eq!(bench.messages[0]["resumed"], true);
    assert_eq!(bench.events(), ["TrackEnd finished"]);
}

#[test]
fn a_seek_near_the_end_is_lost() {
    let mut bench = Bench::connected();
    bench.play(0, "short");
    bench.patch(1_000, &json!({ "position": 100 }));
    assert_eq!(bench.core.players(1_400)[0].1.position_ms, 100);
    bench.tick(1_800);
    assert_eq!(bench.events(), ["TrackStart", "TrackEnd finished"]);
}

#[test]
fn one_request_moves_a_track_with_all_that_belongs_to_it() {
    let mut bench = Bench::connected();
    bench.voices.issue(GUILD, BOT, grant(2));
    let (status, player) = bench.patch(
        0,
        &json!({ "voice": voice(&grant(2)), "track": { "encoded": encoded("long"), "userData": { "id": 1 } },
                 "position": 30_000, "volume": 80, "filters": { "timescale": { "speed": 2 } }, "paused": false }),
    );
    assert_eq!(status, 200);
    assert_eq!(player["state"]["position"], 30_000);
    assert_eq!(player["track"]["userData"], json!({ "id": 1 }));
    assert_eq!(
        player["filters"]["timescale"],
        json!({ "speed": 2.0, "pitch": 1.0, "rate": 1.0 })
    );
    // 90 s are left, at twice the speed.
    bench.tick(44_000);
    assert_eq!(bench.events(), ["WebSocketClosed 1000", "TrackStart"]);
    bench.tick(45_000);
    assert_eq!(bench.events(), ["TrackEnd finished"]);
}
