use super::*;

fn model(tracks: &[&str]) -> Model {
    let mut model = Model::default();
    let tracks: Vec<String> = tracks.iter().map(ToString::to_string).collect();
    model.asked(&tracks);
    model.added(&tracks, Place::End);
    model
}

fn queue(model: &Model) -> Vec<&str> {
    model.queue().collect()
}

#[test]
fn a_queue_plays_through_and_is_empty() {
    let mut model = model(&["a", "b"]);
    model.heard("a", true);
    model.ended("a");
    model.heard("b", true);
    assert!(!model.is_empty());
    model.ended("b");
    assert!(model.is_empty());
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
}

#[test]
fn next_goes_in_front_and_now_leaves_the_current_track() {
    let mut model = model(&["a", "b"]);
    model.added(&["c".into()], Place::Next);
    assert_eq!((model.current(), queue(&model)), (Some("a"), vec!["c", "b"]));
    model.added(&["d".into()], Place::Now);
    assert_eq!((model.current(), queue(&model)), (Some("d"), vec!["c", "b"]));
}

#[test]
fn two_skips_at_once_leave_one_track() {
    let mut model = model(&["a", "b", "c"]);
    model.skipped("a");
    model.skipped("a");
    assert_eq!((model.current(), queue(&model)), (Some("b"), vec!["c"]));
}

#[test]
fn a_track_that_was_added_twice_is_doubled_when_heard_and_when_shown() {
    let mut heard = model(&["a", "b"]);
    heard.ended("a");
    heard.ended("b");
    heard.heard("a", true);
    assert_eq!(heard.doubled().len(), 1);
    let mut shown = model(&["a", "b"]);
    shown.shown(&["b".into(), "b".into()]);
    assert_eq!((shown.doubled().len(), shown.lost().len()), (1, 0));
}

#[test]
fn an_added_track_that_is_neither_heard_nor_shown_is_lost() {
    let mut shown = model(&["a", "b"]);
    shown.shown(&[]);
    assert_eq!(shown.lost().len(), 1);
    let mut passed = model(&["a", "b", "c"]);
    passed.ended("a");
    passed.heard("c", true);
    assert_eq!(passed.lost().len(), 1);
}

#[test]
fn a_skip_that_leaves_two_tracks_is_doubled() {
    let mut model = model(&["a", "b", "c"]);
    model.asked_to_skip();
    model.heard("c", true);
    assert_eq!((model.doubled().len(), model.lost().len()), (1, 0));
}

#[test]
fn a_track_whose_answer_never_came_may_appear_and_may_not() {
    let mut appears = model(&["a"]);
    appears.asked(&["m".into()]);
    appears.ended("a");
    appears.heard("m", true);
    assert_eq!(appears.doubled().len(), 0);
    let mut queued = model(&["a"]);
    queued.asked(&["m".into()]);
    queued.shown(&["m".into()]);
    assert_eq!((queued.doubled().len(), queued.lost().len()), (0, 0));
}

#[test]
fn a_track_put_in_front_may_be_heard_before_its_answer_is_read() {
    let mut model = model(&["a", "b"]);
    model.heard("a", true);
    model.asked(&["n".into()]);
    model.ended("a");
    model.heard("n", true);
    model.added(&["n".into()], Place::Next);
    assert_eq!((model.current(), queue(&model)), (Some("n"), vec!["b"]));
    model.ended("n");
    model.heard("b", true);
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
}

#[test]
fn while_a_loop_mode_is_not_known_neither_going_on_nor_repeating_is_wrong() {
    let mut repeats = model(&["a", "b"]);
    repeats.heard("a", true);
    repeats.asked_to_loop();
    let mut goes_on = repeats.clone();
    repeats.ended("a");
    repeats.heard("a", true);
    goes_on.ended("a");
    goes_on.heard("b", true);
    for model in [repeats, goes_on] {
        assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
    }
}

#[test]
fn tracks_that_fail_are_passed_over_and_are_nothing_to_wait_for() {
    let mut model = model(&["a", "x", "b"]);
    model.fails("x");
    model.ended("a");
    model.heard("b", true);
    assert_eq!((model.current(), model.lost().len()), (Some("b"), 0));
    let mut only = Model::default();
    only.fails("x");
    only.added(&["x".into()], Place::End);
    assert!(only.is_empty());
}

#[test]
fn a_looped_queue_goes_round_and_a_looped_track_stays() {
    let mut model = model(&["a", "b"]);
    model.set_loop(Looping::Queue);
    model.ended("a");
    assert_eq!((model.current(), queue(&model)), (Some("b"), vec!["a"]));
    model.set_loop(Looping::Track);
    model.ended("b");
    assert_eq!(model.current(), Some("b"));
    model.skipped("b");
    assert_eq!((model.current(), queue(&model)), (Some("a"), vec![]));
}

#[test]
fn the_rest_of_a_track_that_was_taken_for_ended_is_not_doubled() {
    let mut model = model(&["a", "b"]);
    model.heard("a", true);
    model.ended("a");
    model.heard("a", false);
    assert_eq!((model.current(), queue(&model)), (Some("a"), vec!["b"]));
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
}
