//! Playing, skipping, ending, listening.

use super::*;

#[test]
fn a_play_joins_searches_and_then_sounds() {
    let mut world = World::new();
    let said = world.play(&["First"], Where::End);
    assert!(
        matches!(
            said,
            Say::Added {
                count: 1,
                position: 0,
                ..
            }
        ),
        "{said:?}"
    );
    assert_eq!(wants(&world.g).voice.map(|voice| voice.channel), Some(LOUNGE));
    assert!(world.orders.is_empty());
    world.join();
    let Some(PlayerOrder::Patch {
        track: Some(Some(track)),
        position_ms: Some(0),
        paused: Some(false),
        ..
    }) = world.orders.first()
    else {
        panic!("{:?}", world.orders)
    };
    assert_eq!(&*track.encoded.title, "First");
    assert_eq!(world.orders.len(), 1);
}

#[test]
fn a_start_that_is_heard_again_moves_no_position() {
    let mut world = World::playing(&["a", "b"]);
    world.now += 30_000;
    let before = world.g.position(world.now);
    world.started();
    assert_eq!(world.g.position(world.now), before);
    world.now += 5_000;
    assert_eq!(world.g.position(world.now), before + 5_000);
}

#[test]
fn two_skips_at_once_skip_one_track() {
    let mut world = World::playing(&["a", "b", "c"]);
    assert!(matches!(world.say(ANN, Command::Skip), Some(Say::Skipped { .. })));
    world.now += 20;
    assert!(matches!(world.say(BOB, Command::Skip), Some(Say::Skipped { .. })));
    assert_eq!(world.title().as_deref(), Some("b"));
    world.now += 1_000;
    world.say(BOB, Command::Skip);
    assert_eq!(world.title().as_deref(), Some("c"));
}

#[test]
fn a_skip_leaves_a_looped_track_and_an_end_repeats_it() {
    let mut world = World::playing(&["a", "b"]);
    world.say(ANN, Command::Loop { mode: LoopMode::Track });
    let tag = world.tag();
    world.ended(tag, EndReason::Finished);
    assert_eq!(world.title().as_deref(), Some("a"));
    world.say(ANN, Command::Skip);
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn a_looped_queue_goes_round() {
    let mut world = World::playing(&["a", "b"]);
    world.say(ANN, Command::Loop { mode: LoopMode::Queue });
    for expected in ["b", "a", "b"] {
        let tag = world.tag();
        world.now += 60_000;
        world.ended(tag, EndReason::Finished);
        assert_eq!(world.title().as_deref(), Some(expected));
        world.started();
    }
    assert_eq!(world.g.kept.queue.len(), 1);
}

#[test]
fn the_end_of_an_older_play_changes_nothing() {
    let mut world = World::playing(&["a", "b"]);
    let old = world.tag();
    world.say(ANN, Command::Skip);
    let decision = world.ended(old, EndReason::Replaced);
    assert_eq!(decision.ignored, Some(Ignored::Late));
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn a_hundred_tracks_that_end_at_once_do_not_spin() {
    let titles: Vec<String> = (0..100).map(|n| n.to_string()).collect();
    let mut world = World::new();
    world.play(&titles.iter().map(String::as_str).collect::<Vec<_>>(), Where::End);
    world.join();
    let (mut plays, end) = (0, world.now + 60_000);
    while world.now < end {
        if let Some(tag) = wants(&world.g)
            .player
            .and_then(|player| player.track)
            .map(|track| track.tag)
        {
            plays += 1;
            world.ended(tag, EndReason::LoadFailed);
        }
        world.now += 10;
        if wants(&world.g).wake_at_ms.is_some_and(|at| at <= world.now) {
            world.put(Input::Wake);
        }
    }
    assert!(plays <= 6, "{plays} plays in a minute");
    let held = world
        .said
        .iter()
        .filter(|say| matches!(say, Say::FailuresHeld { .. }))
        .count();
    assert_eq!(held, 1);
    assert_eq!(world.g.kept.queue.len(), 100 - plays);
}

#[test]
fn a_long_playlist_is_cut_and_said() {
    let mut world = World::new();
    let titles = vec!["t"; 10_000];
    let said = world.play(&titles, Where::End);
    assert!(
        matches!(
            said,
            Say::Added {
                count: 5_001,
                left_out: 4_999,
                ..
            }
        ),
        "{said:?}"
    );
    assert_eq!(world.g.kept.queue.len(), 5_000);
    let refused = world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    assert_eq!(refused, Some(Say::Refused(Refusal::QueueFull { limit: 5_000 })));
}

#[test]
fn alone_pauses_at_once_resumes_on_return_and_leaves_after_two_minutes() {
    let mut world = World::playing(&["a", "b"]);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    assert!(wants(&world.g).player.expect("a player").paused);
    world.now += 60_000;
    world.put(Input::Seat(seat(BOB, Some(LOUNGE))));
    assert!(!wants(&world.g).player.expect("a player").paused);
    assert_eq!(world.g.position(world.now), 2_000);
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    world.now = wants(&world.g).wake_at_ms.expect("a time to leave");
    world.put(Input::Wake);
    assert_eq!(world.said.last(), Some(&Say::LeftAlone { kept: 2 }));
    let want = wants(&world.g);
    assert_eq!((want.voice, want.player, world.g.held()), (None, None, 2));
}

#[test]
fn a_search_for_nothing_or_for_too_much_is_refused_and_asks_nobody() {
    let mut world = World::playing(&["a"]);
    let limit = world.g.limits.query_chars;
    for (query, refusal) in [
        (" \n ".to_owned(), Refusal::EmptyQuery),
        ("x".repeat(limit + 1), Refusal::QueryTooLong { limit }),
    ] {
        let query = query.into();
        let at = Where::End;
        let said = world.say(ANN, Command::Play { query, at });
        assert_eq!(said, Some(Say::Refused(refusal)));
    }
}

#[test]
fn more_commands_than_may_wait_are_refused() {
    let mut world = World::playing(&["a"]);
    let limit = world.g.limits.pending;
    let play = |number: usize| Command::Play {
        query: format!("slow {number}").into(),
        at: Where::End,
    };
    for number in 0..limit {
        world.say(ANN, play(number));
    }
    let said = world.say(ANN, play(limit));
    assert_eq!(said, Some(Say::Refused(Refusal::TooManyPending { limit })));
}
