//! What is heard: frames from state changes on the node's clock.

use serde_json::json;

use super::{BOT, Bench, GUILD, grant, voice};
use crate::sound::SoundLedger;
use crate::voices::Voices;

#[test]
fn frames_are_the_time_in_which_a_track_ran() {
    let mut bench = Bench::connected();
    bench.play(1_000, "long");
    bench.patch(3_000, &json!({ "paused": true }));
    bench.patch(8_000, &json!({ "paused": false }));
    bench.patch(9_000, &json!({ "track": { "encoded": null } }));
    bench.tick(20_000);
    assert_eq!(bench.heard(20_000), (2_000 + 1_000) / 20);
    assert_eq!(bench.sound.sounding(GUILD), None);
}

#[test]
fn nothing_is_heard_without_a_voice_state_that_was_issued() {
    let mut bench = Bench::new(1, &Voices::default(), &SoundLedger::default());
    bench.voices.issue(GUILD, BOT, grant(1));
    bench.patch(0, &json!({ "voice": voice(&grant(2)) }));
    bench.play(100, "long");
    bench.tick(4_000);
    assert_eq!(bench.events(), ["WebSocketClosed 4006", "TrackStart"]);
    assert_eq!(bench.heard(4_000), 0);
    bench.patch(4_000, &json!({ "voice": voice(&grant(1)) }));
    bench.tick(6_000);
    assert_eq!(bench.heard(6_000), 100);
}

#[test]
fn nothing_is_heard_once_discord_takes_the_voice_state_away() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.voices.revoke(GUILD, BOT);
    bench.core.check_voice(1_000);
    bench.collect();
    let before = bench.core.players(1_000)[0].1.position_ms;
    bench.tick(9_000);
    assert_eq!(bench.events(), ["TrackStart", "WebSocketClosed 4014"]);
    assert_eq!(bench.heard(9_000), 50);
    let view = &bench.core.players(9_000)[0].1;
    assert!(!view.connected && view.position_ms >= before + 8_000, "{view:?}");
}

#[test]
fn a_newer_voice_connection_of_another_node_closes_the_older_one() {
    let (voices, sound) = (Voices::default(), SoundLedger::default());
    voices.issue(GUILD, BOT, grant(1));
    let mut first = Bench::new(1, &voices, &sound);
    let mut second = Bench::new(2, &voices, &sound);
    first.patch(0, &json!({ "voice": voice(&grant(1)) }));
    first.play(0, "long");
    second.patch(1_000, &json!({ "voice": voice(&grant(1)) }));
    second.play(1_000, "long");
    first.core.check_voice(1_000);
    first.collect();
    assert_eq!(first.events(), ["TrackStart", "WebSocketClosed 4006"]);
    assert_eq!(second.events(), ["TrackStart"]);
    let report = sound.report(GUILD, 3_000);
    assert_eq!(
        (report.frames_heard, report.doubled_ms, report.longest_gap_ms),
        (150, 0, 0)
    );
}

#[test]
fn a_voice_server_that_vanished_is_unheard_and_unreported() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.core.lose_voice(1_000, GUILD);
    let (_, same) = bench.patch(2_000, &json!({ "voice": voice(&grant(1)) }));
    assert_eq!(same["state"]["connected"], true);
    bench.tick(3_000);
    assert_eq!(bench.events(), ["TrackStart"]);
    assert_eq!(bench.heard(3_000), 50);
}

#[test]
fn a_track_that_goes_dry_is_silent_from_there_on_and_never_ends() {
    let mut bench = Bench::connected();
    bench.play(0, "dry");
    bench.tick(40_000);
    assert_eq!(bench.events(), ["TrackStart", "TrackStuck"]);
    let heard = bench.heard(40_000) * 20;
    assert!((2_600..=3_000).contains(&heard), "{heard} ms were heard");
    assert_eq!(bench.core.players(40_000)[0].1.position_ms, 3_000);
}

#[test]
fn a_node_that_dies_is_silent_at_once() {
    let mut bench = Bench::connected();
    bench.play(0, "long");
    bench.core.die(500);
    bench.collect();
    assert_eq!((bench.heard(5_000), bench.sound.sounding(GUILD)), (25, None));
}
