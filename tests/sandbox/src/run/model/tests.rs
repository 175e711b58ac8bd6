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

#[test]
fn shuffled_tracks_may_come_in_any_order_and_each_of_them_must_come() {
    let mut model = model(&["a", "b", "c", "d"]);
    model.heard("a", true);
    model.shuffled();
    model.ended("a");
    for track in ["d", "b"] {
        model.heard(track, true);
        model.ended(track);
    }
    assert_eq!((model.current(), model.lost().len()), (Some("c"), 0));
    model.shown(&[]);
    assert!(
        model.lost().is_empty(),
        "the last one is the current one: {:?}",
        model.lost()
    );
    // What was put behind them must not come before them.
    let mut passed = self::model(&["a", "b", "c"]);
    passed.heard("a", true);
    passed.shuffled();
    passed.added(&["e".into()], Place::End);
    passed.ended("a");
    passed.heard("e", true);
    assert_eq!(passed.lost().len(), 2, "{:?}", passed.lost());
}

#[test]
fn an_order_is_learnt_from_what_the_bot_shows() {
    let mut model = model(&["a", "b", "c", "d"]);
    model.heard("a", true);
    model.shuffled();
    assert!(model.is_sure());
    model.learn(&["d".into(), "b".into()]);
    assert_eq!(queue(&model), ["b", "c", "d"], "not the same tracks");
    model.learn(&["d".into(), "b".into(), "c".into()]);
    model.ended("a");
    assert_eq!((model.current(), queue(&model)), (Some("d"), vec!["b", "c"]));
    model.heard("b", true);
    assert_eq!(model.lost().len(), 1, "the order was known: {:?}", model.lost());
}

#[test]
fn a_shuffled_track_that_comes_twice_is_doubled() {
    let mut model = model(&["a", "b", "c"]);
    model.heard("a", true);
    model.shuffled();
    model.ended("a");
    for track in ["c", "b", "c"] {
        model.heard(track, true);
        model.ended(track);
    }
    assert_eq!(model.doubled().len(), 1);
}

#[test]
fn removed_tracks_are_no_loss_and_must_not_come() {
    let mut model = model(&["a", "b", "c", "d", "e"]);
    model.heard("a", true);
    model.asked_to_remove(2, 3);
    model.removed("c", 2);
    assert_eq!(queue(&model), ["b", "e"]);
    model.shown(&["b".into(), "e".into()]);
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
    model.heard("c", true);
    assert_eq!(model.doubled().len(), 1, "a final success without its effect");
}

#[test]
fn a_track_is_removed_though_the_one_before_it_ended_before_the_answer() {
    let mut model = model(&["a", "b", "c"]);
    model.heard("a", true);
    model.asked_to_remove(1, 1);
    model.ended("a");
    assert_eq!(model.current(), Some("b"));
    model.removed("b", 1);
    assert_eq!((model.current(), queue(&model).len()), (Some("c"), 0));
    model.heard("c", true);
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
}

#[test]
fn an_unanswered_removal_may_have_happened_and_may_not() {
    for shown in [vec!["c".to_owned()], vec!["b".to_owned(), "c".to_owned()]] {
        let mut model = model(&["a", "b", "c"]);
        model.heard("a", true);
        model.asked_to_remove(1, 1);
        model.asked_to_remove(9, 9);
        model.not_removed();
        model.shown(&shown);
        assert_eq!((model.lost().len(), model.doubled().len()), (0, 0), "{shown:?}");
    }
}

#[test]
fn a_cleared_queue_is_empty_and_the_current_track_plays_on() {
    let mut cleared = model(&["a", "b", "c"]);
    cleared.heard("a", true);
    cleared.asked_to_clear();
    cleared.cleared(2);
    assert_eq!((cleared.current(), queue(&cleared).len()), (Some("a"), 0));
    cleared.ended("a");
    assert!(cleared.is_empty() && cleared.lost().is_empty());
    // The current track ended behind the clearing and before its answer.
    let mut late = model(&["a", "b", "c"]);
    late.heard("a", true);
    late.asked_to_clear();
    late.ended("a");
    late.cleared(2);
    assert!(late.is_empty());
}

#[test]
fn a_moved_track_has_the_place_that_was_named() {
    let mut model = model(&["a", "b", "c", "d"]);
    model.heard("a", true);
    model.asked_to_reorder();
    model.moved("d", 1);
    assert_eq!(queue(&model), ["d", "b", "c"]);
    model.asked_to_reorder();
    model.moved("d", 3);
    assert_eq!(queue(&model), ["b", "c", "d"]);
    model.heard("c", true);
    assert_eq!(model.lost().len(), 1, "`b` was passed over: {:?}", model.lost());
}

#[test]
fn a_move_that_is_heard_before_its_answer_loses_nothing() {
    let mut model = model(&["a", "b", "c"]);
    model.heard("a", true);
    model.asked_to_reorder();
    model.ended("a");
    model.heard("c", true);
    model.moved("c", 1);
    assert_eq!((model.current(), queue(&model)), (Some("c"), vec!["b"]));
    assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
}

#[test]
fn a_track_that_was_asked_for_twice_may_be_heard_twice() {
    let mut model = Model::default();
    let first = [String::from("a")];
    for _ in 0..3 {
        model.asked(&first);
        model.added(&first, Place::End);
        model.heard("a", true);
        model.skipped("a");
    }
    model.asked(&first);
    model.asked(&first);
    model.added(&first, Place::End);
    model.added(&first, Place::End);
    for _ in 0..2 {
        model.heard("a", true);
        model.ended("a");
    }
    assert_eq!((model.lost(), model.doubled()), (&[][..], &[][..]));
    assert!(model.is_empty());
}
