//! The faults of the core, each by what a client sees of it.

use serde_json::json;

use super::{Bench, GUILD, grant, voice};
use crate::lavalink::Answer;

#[test]
fn a_voice_request_that_hangs_stays_unanswered_until_the_player_is_deleted() {
    let mut bench = Bench::connected();
    let other = json!({ "voice": voice(&grant(2)) });
    bench.voices.issue(GUILD, super::BOT, grant(2));
    bench.core.hang_voice(true);
    assert_eq!(bench.call(100, "PATCH", &other), Answer::Never);
    bench.core.hang_voice(false);
    assert_eq!(bench.call(200, "PATCH", &other), Answer::Never);
    assert_eq!(bench.patch(300, &json!({ "volume": 30 })).0, 200);
    bench.call(400, "DELETE", &json!({}));
    let (status, player) = bench.patch(500, &other);
    assert_eq!((status, &player["state"]["connected"]), (200, &json!(true)));
}

#[test]
fn a_zombie_is_reported_for_a_player_that_is_well() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.messages.clear();
    bench.core.close_zombie(1_000, GUILD, 4006);
    bench.collect();
    assert_eq!(bench.messages.len(), 2);
    assert_eq!(bench.messages[1]["state"]["connected"], true);
    assert_eq!(bench.events(), ["WebSocketClosed 4006"]);
    bench.tick(2_000);
    assert_eq!(bench.heard(2_000), 100);
}

#[test]
fn a_player_can_be_deleted_without_a_word_of_its_voice_connection() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.core.lose_race(GUILD);
    bench.call(1_000, "DELETE", &json!({}));
    assert_eq!(bench.events(), ["TrackStart", "TrackEnd stopped"]);
    bench.patch(2_000, &json!({ "voice": voice(&grant(1)) }));
    bench.call(3_000, "DELETE", &json!({}));
    assert_eq!(bench.events(), ["WebSocketClosed 1000"], "the race is lost once");
}

#[test]
fn a_session_that_waits_can_run_out_early() {
    let mut bench = Bench::connected();
    let open = bench.session.clone();
    let session = bench.core.open(0, 2, super::BOT, None);
    for id in [&open, &session] {
        bench.core.sessions.get_mut(id).unwrap().resuming = true;
    }
    bench.core.close(100, 2);
    assert!(bench.core.resumes(Some(&session)));
    bench.core.expire_paused(200);
    assert!(!bench.core.resumes(Some(&session)));
    assert_eq!(bench.core.open_sessions(), 1, "the one that is connected stays");
}

#[test]
fn a_running_track_can_be_stuck_without_an_end() {
    let mut bench = Bench::connected();
    bench.play(0, "short");
    bench.core.stick(1_000, GUILD);
    bench.tick(60_000);
    assert_eq!(bench.events(), ["TrackStart", "TrackStuck"]);
    assert_eq!(bench.heard(60_000), 50);
    bench.play(61_000, "short");
    bench.tick(70_000);
    assert_eq!(bench.events(), ["TrackEnd replaced", "TrackStart", "TrackEnd finished"]);
}
