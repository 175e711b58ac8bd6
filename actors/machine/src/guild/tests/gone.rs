//! Channels that are deleted, and guilds that the bot is removed from.

use super::*;

fn card() -> CardPost {
    CardPost {
        channel: TEXT,
        message: 5,
        at_ms: 1_700_000_000_000,
    }
}

#[test]
fn with_its_voice_channel_it_leaves_keeps_the_queue_and_says_so_once() {
    let mut world = World::playing(&["a", "b"]);
    world.put(Input::ChannelGone { channel: ATTIC });
    assert_eq!(world.title().as_deref(), Some("a"));
    assert_eq!(wants(&world.g).voice.map(|voice| voice.channel), Some(LOUNGE));
    world.put(Input::ChannelGone { channel: LOUNGE });
    // Discord tells that it is out of voice, too.
    world.put(Input::OwnVoice {
        channel: None,
        session_id: Hidden::new("s"),
        suppressed: false,
    });
    assert_eq!(wants(&world.g).voice, None);
    let told: Vec<&Say> = world.said[1..].iter().collect();
    assert_eq!(told, [&Say::ChannelGone { kept: 2 }]);
    assert_eq!(world.g.held(), 2);
}

#[test]
fn with_its_text_channel_the_card_is_gone_and_the_music_goes_on() {
    let mut world = World::playing(&["a"]);
    world.put(Input::Card(CardNews::Posted(card())));
    world.put(Input::ChannelGone { channel: TEXT });
    assert_eq!(wants(&world.g).card, None);
    assert!(wants(&world.g).player.is_some());
}

#[test]
fn removed_from_a_guild_it_plays_nothing_says_nothing_and_keeps_the_queue() {
    let mut world = World::playing(&["a", "b"]);
    world.put(Input::Card(CardNews::Posted(card())));
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let said = world.said.len();
    world.put(Input::GuildGone);
    // Only who waits for an answer gets one.
    assert_eq!(world.said[said..], [Say::Refused(Refusal::Expired)]);
    let wanted = wants(&world.g);
    assert_eq!((wanted.voice, wanted.player, wanted.card), (None, None, None));
    assert!(wanted.restful || !world.g.passing.tickets.is_empty());
    assert_eq!(world.g.held(), 2);
    let ask = world.asked.pop().expect("a search");
    let decision = world.put(Input::Done {
        ticket: ask.ticket,
        outcome: Outcome::Loaded(Loaded::Track(track("c"))),
    });
    assert!(decision.say.is_empty());
    assert_eq!(wants(&world.g).voice, None);
    assert!(wants(&world.g).restful);
}

#[test]
fn the_end_of_the_queue_is_told_once_and_not_to_who_ended_it() {
    let mut world = World::playing(&["a"]);
    world.now += 58_000;
    let tag = world.tag();
    world.ended(tag, EndReason::Finished);
    let leaves_in_ms = Some(world.g.limits.idle_leave_ms);
    assert_eq!(world.said.last(), Some(&Say::QueueEnded { leaves_in_ms }));
    for command in [Command::Stop, Command::Skip] {
        let mut world = World::playing(&["a"]);
        world.say(ANN, command);
        assert!(!world.said.iter().any(|say| matches!(say, Say::QueueEnded { .. })));
    }
    let mut world = World::playing(&["a", "b"]);
    world.now += 58_000;
    let tag = world.tag();
    world.ended(tag, EndReason::Finished);
    assert!(!world.said.iter().any(|say| matches!(say, Say::QueueEnded { .. })));
}
