//! What a node says late of a player that is no more.

use super::voice::{own, server};
use super::*;

#[test]
fn a_track_that_came_to_its_end_while_nobody_knew_its_player_is_over() {
    let mut world = World::playing(&["a", "b"]);
    let tag = world.tag();
    world.put(Input::Placed {
        node: None,
        generation: 0,
    });
    assert_eq!(world.ended(tag, EndReason::Stopped).ignored, Some(Ignored::Late));
    world.ended(tag, EndReason::Finished);
    assert_eq!(
        world.ended(tag, EndReason::Finished).ignored,
        Some(Ignored::Late),
        "once"
    );
    let current = world.g.kept.current.as_ref().expect("the next track");
    assert_ne!(current.entry.id, tag.entry);
}

#[test]
fn the_end_of_a_player_that_was_taken_away_is_no_loss_when_voice_is_back_before_it_is_told() {
    let mut world = World::playing(&["a", "b"]);
    let tag = world.tag();
    world.put(Input::VoiceLost);
    own(&mut world, Some(LOUNGE), "s2");
    server(&mut world, "v2", Some("127.0.0.1:2"));
    assert_eq!(world.ended(tag, EndReason::Stopped).ignored, Some(Ignored::Late));
    assert_eq!(world.tag(), tag, "neither passed over nor begun once more");
    world.started();
    world.now += 5_000;
    world.ended(tag, EndReason::Stopped);
    assert!(
        world.tag().entry == tag.entry && world.tag().play > tag.play,
        "a stop that nobody ordered"
    );
}

#[test]
fn the_end_of_a_player_that_was_taken_away_passes_nothing_over_however_late_it_is_told() {
    let mut world = World::playing(&["a", "b"]);
    let tag = world.tag();
    world.say(ANN, Command::Skip);
    let next = world.tag();
    assert_ne!(next.entry, tag.entry);
    world.put(Input::VoiceLost);
    own(&mut world, Some(LOUNGE), "s2");
    server(&mut world, "v2", Some("127.0.0.1:2"));
    // The node was mute for a while.
    world.now += 1_500;
    world.ended(next, EndReason::Stopped);
    let once_more = world.tag();
    assert_eq!(once_more.entry, next.entry, "it is not passed over");
    // A node that really does not keep it says so again.
    world.now += 300;
    world.ended(once_more, EndReason::Stopped);
    assert_ne!(world.title().as_deref(), Some("b"));
}
