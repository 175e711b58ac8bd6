//! Tracks that fail, nodes that lie, orders that come back.

use super::*;

#[test]
fn our_own_play_from_near_the_end_is_not_taken_for_a_loss() {
    let mut world = World::playing(&["a", "b"]);
    let old = world.tag();
    world.say(ANN, Command::Seek { position_ms: 57_000 });
    let want = world.tag();
    assert_eq!(
        (want.entry, want.play),
        (old.entry, old.play + 1),
        "a seek there is lost"
    );
    assert_eq!(world.ended(old, EndReason::Replaced).ignored, Some(Ignored::Late));
    assert_eq!(world.tag(), want);
}

#[test]
fn an_end_that_crosses_a_seek_goes_on_from_where_the_listener_wants() {
    let mut world = World::playing(&["a"]);
    let old = world.tag();
    world.now += 57_900;
    world.say(ANN, Command::Seek { position_ms: 10_000 });
    world.ended(old, EndReason::Finished);
    assert_eq!(world.title().as_deref(), Some("a"));
    assert_eq!(world.g.position(world.now), 10_000);
    let Some(PlayerOrder::Patch {
        track: Some(Some(_)),
        position_ms: Some(10_000),
        ..
    }) = world.orders.last()
    else {
        panic!("{:?}", world.orders)
    };
}

#[test]
fn a_stranger_that_takes_the_player_is_answered_once_and_then_passed_over() {
    let mut world = World::playing(&["a", "b"]);
    let first = world.tag();
    world.ended(first, EndReason::Replaced);
    let again = world.tag();
    assert_eq!((again.entry, again.play), (first.entry, first.play + 1));
    assert_eq!(world.g.position(world.now), 2_000);
    world.now += 100;
    world.ended(again, EndReason::Replaced);
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn a_node_that_loses_every_player_does_not_spin() {
    let titles: Vec<String> = (0..50).map(|n| n.to_string()).collect();
    let mut world = World::playing(&titles.iter().map(String::as_str).collect::<Vec<_>>());
    let (revision, end) = (world.g.revision(), world.now + 60_000);
    while world.now < end {
        world.report(Report::Missing);
        world.now += 20;
        if wants(&world.g).wake_at_ms.is_some_and(|at| at <= world.now) {
            world.put(Input::Wake);
        }
    }
    let spent = world.g.revision() - revision;
    assert!(spent < 30, "{spent} records in a minute");
}

#[test]
fn a_missing_player_is_no_news_while_none_is_wanted() {
    let mut world = World::playing(&["a"]);
    world.put(Input::VoiceLost);
    let tag = world.g.kept.current.clone();
    assert_eq!(world.report(Report::Missing).ignored, Some(Ignored::Late));
    assert_eq!(world.g.kept.current, tag);
}

#[test]
fn a_stuck_last_track_is_stopped_at_its_node() {
    let mut world = World::playing(&["a"]);
    let tag = world.tag();
    world.orders.clear();
    world.report(Report::Stuck { tag });
    assert!(
        matches!(world.orders.as_slice(), [PlayerOrder::Patch { track: Some(None), .. }]),
        "{:?}",
        world.orders
    );
}

#[test]
fn an_ended_last_track_needs_no_stop() {
    let mut world = World::playing(&["a"]);
    let tag = world.tag();
    world.orders.clear();
    world.now += 58_000;
    world.ended(tag, EndReason::Finished);
    assert!(world.orders.is_empty(), "{:?}", world.orders);
    assert_eq!(wants(&world.g).wake_at_ms, Some(world.now + 300_000));
}

#[test]
fn a_player_given_up_in_a_pause_goes_on_where_it_was() {
    let mut world = World::playing(&["a", "b"]);
    world.say(ANN, Command::Pause);
    let said = world.said.len();
    let tag = world.tag();
    world.now += 70_000;
    world.ended(tag, EndReason::Cleanup);
    assert_eq!(world.title().as_deref(), Some("a"));
    assert_eq!(world.g.position(world.now), 2_000);
    assert_eq!(world.said.len(), said, "nobody is told of it");
    let want = wants(&world.g);
    assert_eq!(
        want.voice.map(|voice| voice.join),
        Some(1),
        "its voice was not connected"
    );
    assert!(want.player.expect("a player").paused);
}

#[test]
fn a_short_track_that_ends_at_once_does_not_spin_in_its_loop() {
    let mut world = World::new();
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let ticket = world.asked.pop().expect("a search").ticket;
    let short = Track {
        length_ms: Some(1_500),
        ..(*track("short")).clone()
    };
    let outcome = Outcome::Loaded(Loaded::Track(Arc::new(short)));
    world.put(Input::Done { ticket, outcome });
    world.join();
    world.say(ANN, Command::Loop { mode: LoopMode::Track });
    let mut plays = 0;
    while let Some(track) = wants(&world.g).player.and_then(|player| player.track) {
        plays += 1;
        world.started();
        world.now += 10;
        world.ended(track.tag, EndReason::Finished);
        assert!(plays < 5, "it spins");
    }
    let mut world = World::playing(&["fine"]);
    world.say(ANN, Command::Loop { mode: LoopMode::Track });
    for _ in 0..5 {
        world.now += 60_000;
        let tag = world.tag();
        world.ended(tag, EndReason::Finished);
    }
    assert_eq!(world.title().as_deref(), Some("fine"));
}

#[test]
fn an_exception_is_said_once_and_waits_six_seconds_for_its_end() {
    let mut world = World::playing(&["a", "b"]);
    let tag = world.tag();
    let said = world.said.len();
    for _ in 0..2 {
        let message = "broken".into();
        world.report(Report::Failed { tag, message });
    }
    assert_eq!(world.said.len(), said + 1);
    assert_eq!(world.title().as_deref(), Some("a"));
    world.orders.clear();
    world.now += 6_000;
    world.put(Input::Wake);
    assert_eq!(world.title().as_deref(), Some("b"));
    assert_eq!(world.ended(tag, EndReason::Replaced).ignored, Some(Ignored::Late));
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn a_position_said_before_a_seek_arrived_is_not_believed() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Seek { position_ms: 30_000 });
    world.now += 40;
    world.update(2_100);
    assert_eq!(world.g.position(world.now), 30_040);
    world.now += 4_960;
    world.update(34_900);
    assert_eq!(world.g.position(world.now), 34_900);
}

#[test]
fn an_idle_player_keeps_its_node_and_the_next_track_starts_once() {
    let mut world = World::playing(&["a"]);
    let tag = world.tag();
    world.now += 58_000;
    world.ended(tag, EndReason::Finished);
    assert!(wants(&world.g).needs_node, "its player is still there");
    world.orders.clear();
    world.play(&["b"], Where::End);
    assert_eq!(world.orders.len(), 1);
    world.say(ANN, Command::Disconnect);
    assert!(!wants(&world.g).needs_node);
}

#[test]
fn a_proposal_that_comes_after_leaving_is_late() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Disconnect);
    let node = Some(NodeId::new("n2"));
    let generation = world.now + 1;
    let decision = world.put(Input::Placed { node, generation });
    assert_eq!(decision.ignored, Some(Ignored::Late));
}

#[test]
fn a_player_of_an_older_placement_does_not_take_the_guild_back() {
    let mut world = World::playing(&["a"]);
    let (older, player) = (world.tag(), wants(&world.g).player.expect("a player"));
    world.now += 1_000;
    world.put(Input::Placed {
        node: Some(NodeId::new("n1")),
        generation: world.now,
    });
    world.report(Report::Whole(Seen {
        node: NodeId::new("n1"),
        tag: Some(older),
        position_ms: 3_400,
        at_ms: world.now,
        paused: false,
        volume: 100,
        voice: Some(player.voice),
        connected: true,
    }));
    assert_eq!(world.tag().generation, world.now);
}

#[test]
fn a_held_queue_that_is_emptied_rests_and_leaves() {
    let mut world = World::playing(&["a", "b", "c"]);
    for _ in 0..2 {
        let tag = world.tag();
        world.ended(tag, EndReason::LoadFailed);
    }
    assert_eq!((world.title(), world.g.kept.queue.len()), (None, 1));
    world.say(ANN, Command::Clear);
    world.now = wants(&world.g).wake_at_ms.expect("the end of the hold");
    world.put(Input::Wake);
    assert_eq!(wants(&world.g).wake_at_ms, Some(world.now + 300_000));
}

#[test]
fn a_failing_track_leaves_the_loop() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Loop { mode: LoopMode::Queue });
    let tag = world.tag();
    world.ended(tag, EndReason::LoadFailed);
    assert_eq!((world.title(), world.g.held()), (None, 0));
}
