//! The card of what plays: which message it is, and what it should show.

use super::*;

fn post(message: u64) -> CardPost {
    CardPost {
        channel: TEXT,
        message,
        at_ms: 1_700_000_000_000,
    }
}

fn card(world: &World) -> Option<WantedCard> {
    wants(&world.g).card.map(|card| *card)
}

fn title(world: &World) -> Option<String> {
    let face = card(world)?.face?;
    Some(face.entry.track.title.to_string())
}

#[test]
fn a_card_is_wanted_where_music_was_asked_for_while_something_plays() {
    let mut world = World::new();
    assert_eq!(card(&world), None);
    world.play(&["a", "b"], Where::End);
    let face = card(&world).expect("a card").face.expect("a face");
    assert!(face.waiting);
    world.join();
    world.started();
    let wanted = card(&world).expect("a card");
    assert_eq!((wanted.channel, wanted.post), (TEXT, None));
    let face = wanted.face.expect("a face");
    assert!(!face.waiting && face.runs_since_ms.is_some());
    assert_eq!(face.next.map(|next| next.track.title.to_string()).as_deref(), Some("b"));
    world.say(ANN, Command::Stop);
    assert_eq!(card(&world), None);
}

#[test]
fn a_posted_card_is_journalled_and_ends_with_the_music() {
    let mut world = World::playing(&["a"]);
    world.put(Input::Card(CardNews::Posted(post(5))));
    let again = Guild::restore(GuildId(1), 1, None, &world.records, world.g.limits.clone()).expect("restored");
    assert_eq!(wants(&again).card.expect("a card").post, Some(post(5)));
    let snapshot = serde_json::to_string(&world.g.snapshot()).expect("written");
    let snapshot: Snapshot = serde_json::from_str(&snapshot).expect("read");
    assert_eq!(snapshot, world.g.snapshot());
    world.say(ANN, Command::Disconnect);
    let wanted = card(&world).expect("it is to be ended");
    assert_eq!((wanted.post, wanted.face), (Some(post(5)), None));
    assert!(wants(&world.g).awake && !wants(&world.g).restful);
    world.put(Input::Card(CardNews::Ended { message: 5 }));
    assert_eq!(card(&world), None);
    assert!(wants(&world.g).restful);
}

#[test]
fn whoever_deletes_a_card_gets_none_for_the_same_track() {
    let mut world = World::playing(&["a", "b"]);
    world.put(Input::Card(CardNews::Posted(post(5))));
    world.put(Input::Card(CardNews::Gone { message: 5 }));
    assert_eq!(card(&world), None);
    world.say(ANN, Command::Skip);
    assert_eq!(title(&world).as_deref(), Some("b"));
}

#[test]
fn where_no_cards_are_shown_an_older_one_ends() {
    let mut world = World::playing(&["a"]);
    assert_eq!(card(&world).and_then(|card| card.or_end(false)), None);
    world.put(Input::Card(CardNews::Posted(post(5))));
    let ended = card(&world).and_then(|card| card.or_end(false)).expect("it ends");
    assert_eq!((ended.post, ended.face), (Some(post(5)), None));
    assert_eq!(card(&world).and_then(|card| card.or_end(true)), card(&world));
}

#[test]
fn news_of_another_message_are_late() {
    let mut world = World::playing(&["a"]);
    world.put(Input::Card(CardNews::Posted(post(5))));
    for news in [
        CardNews::Ended { message: 4 },
        CardNews::Gone { message: 4 },
        CardNews::Posted(post(5)),
    ] {
        let decision = world.put(Input::Card(news));
        assert_eq!(decision.ignored, Some(Ignored::Late));
        assert!(decision.events.is_empty());
    }
}

#[test]
fn a_card_looks_the_same_while_only_time_passes() {
    let mut world = World::playing(&["a"]);
    let before = card(&world).and_then(|card| card.face).expect("a face");
    world.now += 30_000;
    world.update(32_000);
    let after = card(&world).and_then(|card| card.face).expect("a face");
    assert!(before.looks_like(&after), "{before:?} {after:?}");
    assert_eq!(after.view(world.now).position_ms, 32_000);
    world.say(ANN, Command::Seek { position_ms: 5_000 });
    let sought = card(&world).and_then(|card| card.face).expect("a face");
    assert!(!after.looks_like(&sought));
    world.say(ANN, Command::Pause);
    let paused = card(&world).and_then(|card| card.face).expect("a face");
    assert!(!sought.looks_like(&paused));
}
