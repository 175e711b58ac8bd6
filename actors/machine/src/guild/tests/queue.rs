//! The commands that change the order of the queue, play a track again, or only read.

use super::*;

fn titles(world: &World) -> Vec<String> {
    world
        .g
        .kept
        .queue
        .iter()
        .map(|entry| entry.track.title.to_string())
        .collect()
}

fn refused(world: &mut World, command: Command) -> Refusal {
    let (before, asked) = (world.g.kept.queue.clone(), format!("{command:?}"));
    let said = world.say(ANN, command);
    assert_eq!(world.g.kept.queue, before, "{asked}");
    match said {
        Some(Say::Refused(why)) => why,
        other => panic!("{asked}: {other:?}"),
    }
}

fn remove(index: usize, last: Option<usize>) -> Command {
    Command::Remove { index, last }
}

#[test]
fn a_range_is_removed_whole_in_one_record() {
    let mut world = World::playing(&["now", "a", "b", "c", "d", "e"]);
    let records = world.records.len();
    let Some(Say::Removed { track, index, count }) = world.say(ANN, remove(2, Some(4))) else {
        panic!("{:?}", world.said)
    };
    assert_eq!((&*track.title, index, count), ("b", 2, 3));
    assert_eq!(titles(&world), ["a", "e"]);
    assert_eq!(world.records.len(), records + 1);
    assert_eq!(world.records[records].events, [Event::Removed { index: 1, count: 3 }]);
    assert_eq!(world.g.kept.queue_ms, 120_000);
    let again = Guild::restore(GuildId(1), 1, None, &world.records, world.g.limits.clone()).expect("restored");
    assert_eq!(again.kept, world.g.kept);
}

#[test]
fn one_place_and_a_range_named_from_its_end_are_removed_too() {
    let mut world = World::playing(&["now", "a", "b", "c", "d"]);
    assert!(matches!(
        world.say(ANN, remove(2, None)),
        Some(Say::Removed { index: 2, count: 1, .. })
    ));
    assert_eq!(titles(&world), ["a", "c", "d"]);
    assert!(matches!(
        world.say(ANN, remove(3, Some(2))),
        Some(Say::Removed { index: 2, count: 2, .. })
    ));
    assert_eq!(titles(&world), ["a"]);
    assert!(matches!(
        world.say(ANN, remove(1, Some(1))),
        Some(Say::Removed { index: 1, count: 1, .. })
    ));
    assert_eq!(refused(&mut world, remove(1, None)), Refusal::QueueEmpty);
}

#[test]
fn a_place_that_is_not_there_is_refused_and_nothing_goes() {
    let mut world = World::playing(&["now", "a", "b"]);
    let none = |index| Refusal::NoSuchEntry { index, count: 2 };
    for (command, why) in [
        (remove(0, None), none(0)),
        (remove(3, None), none(3)),
        (remove(2, Some(9)), none(9)),
        (remove(1, Some(usize::MAX)), none(usize::MAX)),
        (remove(0, Some(2)), none(0)),
        (Command::Move { from: 3, to: 1 }, none(3)),
        (Command::Move { from: 1, to: 3 }, none(3)),
        (Command::Move { from: 0, to: 1 }, none(0)),
        (Command::Move { from: 1, to: 0 }, none(0)),
    ] {
        assert_eq!(refused(&mut world, command), why);
    }
}

#[test]
fn a_record_that_does_not_say_how_many_removed_one() {
    let read: Event = serde_json::from_str(r#"{"e":"removed","index":4}"#).expect("an event");
    assert_eq!(read, Event::Removed { index: 4, count: 1 });
    let read: Command = serde_json::from_str(r#"{"remove":{"index":4}}"#).expect("a command");
    assert_eq!(read, remove(4, None));
}

#[test]
fn a_move_counts_the_places_as_they_are_shown() {
    let mut world = World::playing(&["now", "a", "b", "c", "d"]);
    for (from, to, expected) in [
        (1, 3, ["b", "c", "a", "d"]),
        (4, 1, ["d", "b", "c", "a"]),
        (2, 2, ["d", "b", "c", "a"]),
    ] {
        let said = world.say(ANN, Command::Move { from, to });
        assert!(matches!(said, Some(Say::Moved { from: was, to: is, .. }) if (was, is) == (from, to)));
        assert_eq!(titles(&world), expected);
    }
}

#[test]
fn a_queue_is_shuffled_and_cleared_while_the_track_plays_on() {
    let mut world = World::playing(&["now", "a", "b", "c", "d", "e", "f"]);
    let (orders, before) = (world.orders.len(), titles(&world));
    assert_eq!(world.say(ANN, Command::Shuffle), Some(Say::Shuffled { count: 6 }));
    let mut after = titles(&world);
    assert_ne!(after, before);
    after.sort_unstable();
    assert_eq!(after, before);
    assert_eq!(world.say(ANN, Command::Clear), Some(Say::Cleared { count: 6 }));
    assert!(titles(&world).is_empty());
    assert_eq!(world.title().as_deref(), Some("now"));
    assert_eq!(world.orders.len(), orders, "the player is told nothing");
    assert_eq!(refused(&mut world, Command::Clear), Refusal::QueueEmpty);
    assert_eq!(
        refused(&mut world, Command::Move { from: 1, to: 1 }),
        Refusal::QueueEmpty
    );
}

#[test]
fn fewer_than_two_have_no_other_order() {
    for queue in [&["now"][..], &["now", "a"]] {
        let mut world = World::playing(queue);
        assert_eq!(refused(&mut world, Command::Shuffle), Refusal::TooFewToShuffle);
    }
}

#[test]
fn a_replay_begins_the_current_track_again() {
    let mut world = World::playing(&["a", "b"]);
    world.now += 20_000;
    world.say(ANN, Command::Replay);
    world.started();
    assert_eq!((world.title().as_deref(), world.g.position(world.now)), (Some("a"), 0));
    world.say(ANN, Command::Stop);
    assert_eq!(refused(&mut world, Command::Replay), Refusal::NothingPlaying);
}

#[test]
fn order_is_changed_only_by_who_may_control() {
    let mut world = World::playing(&["now", "a", "b"]);
    let commands = [
        Command::Replay,
        Command::Shuffle,
        Command::Clear,
        remove(1, Some(2)),
        Command::Move { from: 1, to: 2 },
    ];
    for (at, why) in [
        (Some(ATTIC), Refusal::OtherChannel { bot: LOUNGE }),
        (None, Refusal::NotInVoice),
    ] {
        world.put(Input::Seat(seat(ANN, at)));
        for command in &commands {
            assert_eq!(refused(&mut world, command.clone()), why);
        }
    }
}

#[test]
fn the_history_shows_the_newest_first_ten_a_page() {
    let many: Vec<String> = (0..13).map(|n| n.to_string()).collect();
    let mut world = World::playing(&many.iter().map(String::as_str).collect::<Vec<_>>());
    for _ in 0..12 {
        world.now += 1_000;
        world.say(ANN, Command::Skip);
    }
    // Reading is free, from anywhere.
    world.put(Input::Seat(seat(BOB, None)));
    let mut page = |page| match world.say(BOB, Command::History { page }) {
        Some(Say::History(view)) => *view,
        other => panic!("{other:?}"),
    };
    let names = |view: &HistoryView| {
        view.entries
            .iter()
            .map(|track| track.title.to_string())
            .collect::<Vec<_>>()
    };
    let newest = page(0);
    assert_eq!((newest.page, newest.pages, newest.first, newest.total), (0, 2, 1, 12));
    assert_eq!(names(&newest), ["11", "10", "9", "8", "7", "6", "5", "4", "3", "2"]);
    let older = page(1);
    assert_eq!((older.page, older.first), (1, 11));
    assert_eq!(names(&older), ["1", "0"]);
    assert_eq!(page(usize::MAX), older, "a page too far is the last one");
}

#[test]
fn without_a_past_there_is_no_history() {
    let mut world = World::playing(&["a", "b"]);
    assert_eq!(refused(&mut world, Command::History { page: 0 }), Refusal::NoHistory);
}

#[test]
fn voice_is_shown_as_it_is() {
    let mut world = World::new();
    assert_eq!(refused(&mut world, Command::VoiceInfo), Refusal::BotNotInVoice);
    world.play(&["a", "b"], Where::End);
    let view = |world: &mut World| match world.say(BOB, Command::VoiceInfo) {
        Some(Say::VoiceInfo(view)) => view,
        other => panic!("{other:?}"),
    };
    let joining = view(&mut world);
    assert_eq!(
        joining,
        VoiceView {
            channel: LOUNGE,
            connected: false,
            node: false,
            listeners: Some(2),
            player: PlayerView::Waiting,
            queued: 1,
            leaves_in_ms: None,
        }
    );
    world.join();
    world.started();
    let playing = VoiceView {
        connected: true,
        node: true,
        player: PlayerView::Playing,
        ..joining
    };
    assert_eq!(view(&mut world), playing);
    world.say(ANN, Command::Pause);
    assert_eq!(view(&mut world).player, PlayerView::Paused);
    world.say(ANN, Command::Resume);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    world.now += 20_000;
    let alone = VoiceView {
        listeners: Some(0),
        player: PlayerView::Alone,
        leaves_in_ms: Some(100_000),
        ..playing
    };
    assert_eq!(view(&mut world), alone);
    world.put(Input::Seat(seat(ANN, Some(LOUNGE))));
    world.say(ANN, Command::Stop);
    let idle = view(&mut world);
    assert_eq!(
        (idle.player, idle.queued, idle.leaves_in_ms),
        (PlayerView::Idle, 0, Some(300_000))
    );
}

#[test]
fn the_volume_is_shown_with_where_it_comes_from() {
    let mut world = World::new();
    let view = |percent, is_set| VolumeView {
        percent,
        is_set,
        default: 100,
        max: 200,
    };
    assert_eq!(
        world.say(BOB, Command::VolumeInfo),
        Some(Say::VolumeInfo(view(100, false)))
    );
    world.say(ANN, Command::Volume { percent: 40 });
    assert_eq!(
        world.say(BOB, Command::VolumeInfo),
        Some(Say::VolumeInfo(view(40, true)))
    );
}
