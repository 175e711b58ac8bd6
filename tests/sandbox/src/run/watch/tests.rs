use super::*;

struct Run {
    watch: Watch,
    sound: SoundLedger,
    catalogue: Catalogue,
}

impl Run {
    fn new() -> Self {
        let mut catalogue = Catalogue::default();
        catalogue.add(Song::new("a", "First", 3_000));
        catalogue.add(Song::new("b", "Second", 3_000));
        let run = Self {
            watch: Watch::default(),
            sound: SoundLedger::default(),
            catalogue,
        };
        run.say("/play query:First", "Added First", 0);
        run.sound.sounds(1, 1, "a", 100);
        run.beat(110, Some((0, false)));
        run
    }

    fn say(&self, text: &str, answer: &str, now_ms: u64) {
        let typed = Typed::read(text);
        self.watch.typed(1, &typed, &self.catalogue, now_ms);
        self.watch.answered(1, &typed, answer, &self.catalogue, now_ms);
    }

    fn beat(&self, now_ms: u64, playing: Option<(u64, bool)>) {
        let players = playing.map(|(position_ms, paused)| PlayerView {
            node: "n1".into(),
            track: Some("https://music.example/track/a".into()),
            title: None,
            paused,
            position_ms,
            volume: 100,
            connected: true,
        });
        let beat = Beat {
            now_ms,
            players: players.into_iter().collect(),
            listeners: Some(1),
            bot_runs: true,
        };
        self.watch.beat(1, &beat, &self.sound, &self.catalogue);
    }
}

#[test]
fn a_queue_that_has_run_out_excuses_silence_until_something_is_due() {
    let run = Run::new();
    run.beat(3_095, Some((2_990, false)));
    run.sound.silent(1, 1, 3_100);
    run.beat(3_105, None);
    assert_eq!(run.sound.report(1, 9_000).longest_gap_ms, 0);
    // Added, and never heard: due from 1.5 s after the answer.
    run.say("/play query:Second", "Added Second", 9_000);
    run.beat(10_500, None);
    assert_eq!(run.sound.report(1, 12_500).longest_gap_ms, 2_000);
}

#[test]
fn a_seek_shortly_before_the_end_is_no_end() {
    let run = Run::new();
    run.say("/play query:Second", "Added Second", 200);
    run.say("/loop mode:queue", "The queue repeats.", 300);
    run.beat(2_890, Some((2_790, false)));
    // One order: silent here and heard from elsewhere at the same time.
    run.sound.sounds(1, 1, "a", 2_900);
    run.beat(2_910, Some((1_000, false)));
    let model = run.watch.model(1);
    assert_eq!(
        (model.current(), model.queue().collect::<Vec<_>>()),
        (Some("a"), vec!["b"])
    );
    assert!(model.lost().is_empty());
}

#[test]
fn a_track_that_stops_half_way_is_a_gap() {
    let run = Run::new();
    run.beat(1_095, Some((990, false)));
    run.sound.silent(1, 1, 1_100);
    run.beat(1_105, None);
    assert_eq!(run.sound.report(1, 2_100).longest_gap_ms, 1_000);
}

#[test]
fn silence_after_stop_is_excused_and_the_queue_is_empty() {
    let run = Run::new();
    run.say("/stop", "Stopped", 1_000);
    run.sound.silent(1, 1, 1_050);
    run.beat(1_055, None);
    assert_eq!(run.sound.report(1, 5_000).longest_gap_ms, 0);
    assert!(run.watch.model(1).is_empty());
}

#[test]
fn a_pause_excuses_silence_as_long_as_a_user_wants_it() {
    let run = Run::new();
    run.say("/pause", "Paused First", 1_000);
    run.sound.silent(1, 1, 1_020);
    run.beat(1_030, Some((900, true)));
    run.say("/resume", "First goes on", 4_000);
    run.beat(4_010, Some((900, true)));
    assert_eq!(run.sound.report(1, 4_510).longest_gap_ms, 500);
}

#[test]
fn a_pause_that_nobody_asked_for_is_a_gap() {
    let run = Run::new();
    run.sound.silent(1, 1, 1_000);
    run.beat(1_010, Some((900, true)));
    assert_eq!(run.sound.report(1, 2_000).longest_gap_ms, 1_000);
}

#[test]
fn the_skip_of_the_last_track_excuses_silence() {
    let run = Run::new();
    run.say("/skip", "Skipped First", 1_000);
    run.sound.silent(1, 1, 1_050);
    run.beat(1_055, None);
    assert!(run.watch.model(1).is_empty());
    assert_eq!(run.sound.report(1, 5_000).longest_gap_ms, 0);
}

#[test]
fn a_track_that_is_paused_as_it_begins_has_not_ended() {
    let run = Run::new();
    run.say("/play query:Second", "Added Second", 500);
    run.beat(3_095, Some((2_990, false)));
    run.sound.silent(1, 1, 3_100);
    run.sound.sounds(1, 1, "b", 3_102);
    run.say("/pause", "Paused Second", 3_103);
    run.sound.silent(1, 1, 3_106);
    run.beat(3_110, Some((0, true)));
    assert_eq!(run.watch.model(1).current(), Some("b"));
}

#[test]
fn a_track_that_is_paused_just_before_its_end_has_not_ended() {
    let run = Run::new();
    run.say("/play query:Second", "Added Second", 500);
    run.beat(3_000, Some((2_900, false)));
    run.say("/pause", "Paused First", 3_005);
    run.sound.silent(1, 1, 3_006);
    run.beat(3_010, Some((2_906, true)));
    assert_eq!(run.watch.model(1).current(), Some("a"));
}

#[test]
fn silence_is_excused_when_the_last_tracks_were_taken_out_in_time() {
    for (command, answer) in [
        ("/clear", "Dropped 1 track from the queue; the current track plays on."),
        ("/remove index:1", "Removed **Second** from place 1."),
    ] {
        let run = Run::new();
        run.say("/play query:Second", "Added Second", 200);
        run.beat(3_095, Some((2_990, false)));
        run.sound.silent(1, 1, 3_100);
        run.beat(3_105, None);
        run.say(command, answer, 3_110);
        run.beat(3_115, None);
        assert!(run.watch.model(1).is_empty(), "{command}");
        assert_eq!(run.sound.report(1, 5_000).longest_gap_ms, 0, "{command}");
    }
}

#[test]
fn a_refused_order_changes_nothing() {
    let run = Run::new();
    run.say("/play query:Second", "Added Second", 200);
    for (command, answer) in [
        ("/remove index:9", "There is no place 9: the queue has 1 track."),
        ("/move src:1 dest:4", "There is no place 4: the queue has 1 track."),
        ("/clear", "Join Lounge to control the music."),
        ("/shuffle", "There is nothing to shuffle: that needs two queued tracks."),
    ] {
        run.say(command, answer, 300);
        let model = run.watch.model(1);
        assert_eq!(model.queue().collect::<Vec<_>>(), ["b"], "{command}");
    }
}
