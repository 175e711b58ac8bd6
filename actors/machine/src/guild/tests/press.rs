//! Buttons of a card: done only at sight of the current track, answered with the card as it is then.

use super::*;

fn of(entry: EntryId, command: Command) -> Command {
    let command = Box::new(command);
    Command::Of { entry, command }
}

fn current(world: &World) -> EntryId {
    world.g.kept.current.as_ref().expect("a track").entry.id
}

fn pressed(world: &mut World, command: Command) -> Option<Box<NowView>> {
    let asked = of(current(world), command);
    match world.say(ANN, asked) {
        Some(Say::Pressed(view)) => view,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_button_shows_the_card_as_it_is_after_the_change() {
    let mut world = World::playing(&["a", "b", "c"]);
    let view = pressed(&mut world, Command::Pause).expect("a card");
    assert_eq!((&*view.track.title, view.paused), ("a", true));
    let view = pressed(&mut world, Command::Resume).expect("a card");
    assert!(!view.paused);
    let mode = LoopMode::Queue;
    assert_eq!(
        pressed(&mut world, Command::Loop { mode }).expect("a card").loop_mode,
        mode
    );
    let view = pressed(&mut world, Command::Skip).expect("a card");
    assert_eq!((&*view.track.title, view.position_ms, view.queued), ("b", 0, 2));
    assert_eq!(view.entry, current(&world));
    assert_eq!(pressed(&mut world, Command::Stop), None);
}

#[test]
fn a_button_of_a_track_that_is_over_changes_nothing() {
    let mut world = World::playing(&["a", "b", "c"]);
    let old = current(&world);
    world.say(ANN, Command::Skip);
    for command in [Command::Skip, Command::Stop, Command::Pause, Command::Shuffle] {
        let kept = (world.g.kept.current.clone(), world.g.kept.queue.clone());
        assert_eq!(
            world.say(ANN, of(old, command)),
            Some(Say::Refused(Refusal::OtherTrack))
        );
        assert_eq!(kept, (world.g.kept.current.clone(), world.g.kept.queue.clone()));
    }
    world.say(ANN, Command::Stop);
    assert_eq!(
        world.say(ANN, of(old, Command::Skip)),
        Some(Say::Refused(Refusal::NothingPlaying))
    );
}

#[test]
fn a_button_asks_for_the_same_rights_as_its_command() {
    let mut world = World::playing(&["a", "b"]);
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    let asked = of(current(&world), Command::Skip);
    assert_eq!(
        world.say(BOB, asked.clone()),
        Some(Say::Refused(Refusal::OtherChannel { bot: LOUNGE }))
    );
    world.put(Input::Seat(seat(BOB, None)));
    assert_eq!(world.say(BOB, asked), Some(Say::Refused(Refusal::NotInVoice)));
    assert_eq!(world.title().as_deref(), Some("a"));
}

#[test]
fn a_button_whose_commands_rule_refuses_says_so() {
    let mut world = World::playing(&["a"]);
    let asked = of(current(&world), Command::Resume);
    assert_eq!(
        world.say(ANN, asked),
        Some(Say::Refused(Refusal::NotPaused { alone: false }))
    );
    let asked = of(current(&world), Command::Shuffle);
    assert_eq!(world.say(ANN, asked), Some(Say::Refused(Refusal::TooFewToShuffle)));
}

#[test]
fn of_two_presses_of_skip_at_sight_of_one_track_the_second_leaves_the_next_one_alone() {
    let mut world = World::playing(&["a", "b", "c"]);
    world.now += 10_000;
    let entry = current(&world);
    assert!(matches!(
        world.say(ANN, of(entry, Command::Skip)),
        Some(Say::Pressed(Some(_)))
    ));
    world.now += 5_000;
    assert_eq!(
        world.say(BOB, of(entry, Command::Skip)),
        Some(Say::Refused(Refusal::OtherTrack))
    );
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn a_press_that_waits_for_its_callers_seat_is_done_when_that_is_known() {
    let mut world = World::playing(&["a", "b"]);
    let entry = current(&world);
    // After a RESUME nobody knows who sits where.
    world.put(Input::Restored(Box::new(Restored {
        incarnation: 2,
        seats: None,
        ..Restored::default()
    })));
    assert_eq!(world.say(ANN, of(entry, Command::Skip)), None);
    let written = serde_json::to_string(&world.records).expect("written");
    assert!(written.contains(r#""of":{"entry":1,"command":"skip"}"#), "{written}");
    let ask = world.asked.pop().expect("a question");
    world.put(Input::Done {
        ticket: ask.ticket,
        outcome: Outcome::SeatIs {
            user: ANN,
            channel: Some(LOUNGE),
        },
    });
    assert!(
        matches!(world.said.last(), Some(Say::Pressed(Some(_)))),
        "{:?}",
        world.said
    );
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn the_record_of_a_press_holds_the_card_as_it_was_answered() {
    let mut world = World::playing(&["a", "b"]);
    let view = pressed(&mut world, Command::Skip).expect("a card");
    let record = world.records.last().expect("a record");
    let said: Vec<&Say> = record.said.iter().map(|said| &said.say).collect();
    assert_eq!(said, [&Say::Pressed(Some(view))]);
}
