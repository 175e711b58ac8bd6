//! Joining, losing and keeping voice.

use super::*;

pub(super) fn own(world: &mut World, channel: Option<ChannelId>, session: &str) -> Decision {
    world.put(Input::OwnVoice {
        channel,
        session_id: Hidden::new(session),
        suppressed: false,
    })
}

pub(super) fn server(world: &mut World, token: &str, endpoint: Option<&str>) -> Decision {
    world.put(Input::VoiceServer {
        token: Hidden::new(token),
        endpoint: endpoint.map(Box::from),
    })
}

fn closed(world: &mut World, code: u16) -> Decision {
    world.report(Report::VoiceClosed { code, by_remote: true })
}

#[test]
fn connected_without_music_it_leaves_after_five_minutes() {
    let mut world = World::new();
    world.say(ANN, Command::Connect);
    world.join();
    assert_eq!(world.said.last(), Some(&Say::Joined { channel: LOUNGE }));
    assert_eq!(wants(&world.g).wake_at_ms, Some(world.now + 300_000));
    world.now += 300_000;
    world.put(Input::Wake);
    assert_eq!(world.said.last(), Some(&Say::LeftIdle));
    assert_eq!(wants(&world.g).voice, None);
}

#[test]
fn a_search_that_finds_nothing_leaves_no_bot_behind_for_ever() {
    let mut world = World::new();
    world.play(&[], Where::End);
    assert!(matches!(
        world.said.last(),
        Some(Say::Refused(Refusal::NothingFound { .. }))
    ));
    world.join();
    assert!(wants(&world.g).wake_at_ms.is_some());
}

#[test]
fn a_disconnect_keeps_queue_and_position_to_the_millisecond() {
    let mut world = World::playing(&["a", "b"]);
    let tag = world.tag();
    assert_eq!(
        world.say(ANN, Command::Disconnect),
        Some(Say::Left {
            channel: LOUNGE,
            kept: 2
        })
    );
    world.now += 700;
    assert_eq!(world.ended(tag, EndReason::Stopped).ignored, Some(Ignored::Late));
    own(&mut world, None, "s");
    world.now += 60_000;
    assert_eq!(world.g.position(world.now), 2_000);
    world.say(ANN, Command::Connect);
    world.join();
    let player = wants(&world.g).player.expect("a player");
    assert_eq!(player.track.expect("a track").position_ms, 2_000);
    assert!(!player.paused);
}

#[test]
fn coming_back_before_discord_confirmed_the_leaving_is_not_being_taken_out() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Disconnect);
    world.now += 5;
    world.say(ANN, Command::Connect);
    let voice = wants(&world.g).voice.expect("wanted");
    assert!(
        voice.join > 0,
        "asked for although nobody has confirmed the leaving yet"
    );
    own(&mut world, None, "s");
    assert_eq!(wants(&world.g).voice, Some(voice));
    own(&mut world, Some(LOUNGE), "s2");
    server(&mut world, "v2", Some("127.0.0.1:2"));
    assert_eq!(world.said.last(), Some(&Say::Joined { channel: LOUNGE }));
    assert!(!world.said.iter().any(|say| matches!(say, Say::TakenOut { .. })));
}

#[test]
fn a_new_voice_session_waits_for_its_own_server() {
    let mut world = World::playing(&["a"]);
    let before = wants(&world.g).player;
    own(&mut world, Some(LOUNGE), "s2");
    assert_eq!(
        wants(&world.g).player,
        before,
        "no token of one session with the other session"
    );
    server(&mut world, "v2", Some("127.0.0.1:2"));
    let voice = wants(&world.g).player.expect("a player").voice;
    assert_eq!((voice.session_id, voice.token), (Hidden::new("s2"), Hidden::new("v2")));
}

#[test]
fn a_missing_voice_server_keeps_its_deadline_whatever_else_is_said() {
    let mut world = World::playing(&["a"]);
    server(&mut world, "v", None);
    let deadline = world.now + 5_000;
    own(&mut world, Some(LOUNGE), "s");
    assert_eq!(wants(&world.g).wake_at_ms, Some(deadline));
    world.now = deadline;
    let join = wants(&world.g).voice.expect("wanted").join;
    world.put(Input::Wake);
    assert_eq!(
        wants(&world.g).voice.expect("wanted").join,
        join + 1,
        "asked for once more"
    );
    world.now += 5_000;
    world.put(Input::Wake);
    assert_eq!(
        world.asked.last().map(|ask| &ask.question),
        Some(&Question::WhyNoVoice { channel: LOUNGE })
    );
}

#[test]
fn a_closed_voice_connection_is_asked_for_again_without_stopping_the_player() {
    let mut world = World::playing(&["a"]);
    world.orders.clear();
    closed(&mut world, 4006);
    assert!(
        world.orders.is_empty(),
        "it may be an older connection's end: {:?}",
        world.orders
    );
    assert_eq!(wants(&world.g).voice.map(|voice| voice.join), Some(1));
    closed(&mut world, 4006);
    assert_eq!(
        wants(&world.g).voice.map(|voice| voice.join),
        Some(1),
        "asked for already"
    );
    server(&mut world, "v2", Some("127.0.0.1:2"));
    assert!(matches!(
        world.orders.as_slice(),
        [PlayerOrder::Patch {
            voice: Some(_),
            track: None,
            ..
        }]
    ));
}

#[test]
fn a_closed_voice_connection_is_opened_again_with_the_same_credentials_too() {
    let mut world = World::playing(&["a"]);
    closed(&mut world, 4006);
    world.orders.clear();
    own(&mut world, Some(LOUNGE), "s");
    server(&mut world, "v", Some("127.0.0.1:1"));
    assert!(matches!(
        world.orders.as_slice(),
        [PlayerOrder::Patch {
            voice: Some(_),
            track: None,
            ..
        }]
    ));
    world.orders.clear();
    server(&mut world, "v", Some("127.0.0.1:1"));
    assert!(world.orders.is_empty(), "said twice: {:?}", world.orders);
}

#[test]
fn a_voice_connection_that_never_holds_is_given_up_and_said() {
    let mut world = World::playing(&["a"]);
    let (mut asked, began) = (0, world.now);
    for _ in 0..30 {
        let join = wants(&world.g).voice.map(|voice| voice.join);
        closed(&mut world, 4006);
        if wants(&world.g).voice.is_none() {
            break;
        }
        if wants(&world.g).voice.map(|voice| voice.join) == join {
            world.now = wants(&world.g).wake_at_ms.expect("a time to try again");
            world.put(Input::Wake);
        }
        asked += 1;
        own(&mut world, Some(LOUNGE), "s");
        server(&mut world, "v", Some("127.0.0.1:2"));
        world.now += 300;
    }
    assert_eq!(asked, 8);
    assert!(world.now - began > 20_000, "not all of it at once");
    assert_eq!(world.said.last(), Some(&Say::VoiceRefused { code: 4006 }));
    assert_eq!(world.g.held(), 1, "the queue is kept");
}

#[test]
fn a_voice_connection_that_breaks_now_and_then_is_always_mended() {
    let mut world = World::playing(&["a"]);
    for _ in 0..20 {
        closed(&mut world, 4006);
        server(&mut world, "v", Some("127.0.0.1:2"));
        world.now += 120_000;
    }
    assert!(wants(&world.g).voice.is_some());
}

#[test]
fn refused_encryption_is_said_and_not_tried_again() {
    let mut world = World::playing(&["a"]);
    closed(&mut world, 4017);
    assert_eq!(world.said.last(), Some(&Say::VoiceRefused { code: 4017 }));
    let want = wants(&world.g);
    assert_eq!((want.voice, want.player), (None, None));
}

#[test]
fn a_kick_keeps_the_queue_and_a_close_4014_waits_for_the_voice_state() {
    let mut world = World::playing(&["a", "b"]);
    closed(&mut world, 4014);
    assert_eq!(world.g.revision(), world.records.len() as u64);
    assert!(wants(&world.g).voice.is_some());
    own(&mut world, None, "s");
    assert_eq!(world.said.last(), Some(&Say::TakenOut { kept: 2 }));
    assert_eq!(wants(&world.g).voice, None);
}

#[test]
fn being_moved_follows_and_counts_the_new_listeners() {
    let mut world = World::playing(&["a"]);
    world.orders.clear();
    own(&mut world, Some(ATTIC), "s");
    let want = wants(&world.g);
    assert_eq!(want.voice.map(|voice| voice.channel), Some(ATTIC));
    let player = want.player.expect("a player");
    assert_eq!(
        (player.voice.channel, player.paused),
        (ATTIC, true),
        "nobody listens there"
    );
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    assert!(!wants(&world.g).player.expect("a player").paused);
}

#[test]
fn a_refused_move_leaves_the_bot_where_it_is() {
    let mut world = World::playing(&["a"]);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, Some(ATTIC))));
    }
    world.say(ANN, Command::Connect);
    assert_eq!(wants(&world.g).voice.map(|voice| voice.channel), Some(ATTIC));
    world.now += 5_000;
    world.put(Input::Wake);
    let ticket = world.asked.pop().expect("why").ticket;
    let said = world.said.len();
    world.put(Input::Done {
        ticket,
        outcome: Outcome::JoinBlocked(JoinBlock::Full),
    });
    let refused = Say::Refused(Refusal::CannotJoin {
        channel: ATTIC,
        why: JoinBlock::Full,
    });
    assert_eq!(world.said.get(said..), Some([refused].as_slice()));
    let want = wants(&world.g);
    assert_eq!(want.voice.map(|voice| voice.channel), Some(LOUNGE));
    assert!(want.player.expect("a player").paused, "nobody listens there any more");
}

#[test]
fn a_bot_that_is_put_elsewhere_while_it_joins_still_joins_or_stays_there() {
    let mut world = World::new();
    world.play(&["a"], Where::End);
    own(&mut world, Some(ATTIC), "s");
    server(&mut world, "v", Some("127.0.0.1:1"));
    let want = wants(&world.g);
    assert_eq!(want.voice.map(|voice| voice.channel), Some(LOUNGE), "it is on its way");
    assert_eq!(want.wake_at_ms, Some(world.now + 5_000), "and does not wait for ever");
    world.now += 5_000;
    world.put(Input::Wake);
    let ticket = world.asked.pop().expect("why").ticket;
    world.put(Input::Done {
        ticket,
        outcome: Outcome::JoinBlocked(JoinBlock::Connect),
    });
    let want = wants(&world.g);
    assert_eq!(want.voice.map(|voice| voice.channel), Some(ATTIC));
}

#[test]
fn whoever_waits_for_a_channel_that_lets_nobody_in_is_told_once() {
    let mut world = World::new();
    world.say(ANN, Command::Connect);
    world.now += 5_000;
    world.put(Input::Wake);
    let ticket = world.asked.pop().expect("why").ticket;
    world.put(Input::Done {
        ticket,
        outcome: Outcome::JoinBlocked(JoinBlock::Connect),
    });
    let refused = Say::Refused(Refusal::CannotJoin {
        channel: LOUNGE,
        why: JoinBlock::Connect,
    });
    assert_eq!(world.said, [refused]);
    assert_eq!(wants(&world.g).voice, None);
}

#[test]
fn a_new_gateway_session_asks_for_voice_again_and_goes_on_where_it_was() {
    let mut world = World::playing(&["a"]);
    let tag = world.tag();
    world.put(Input::VoiceLost);
    assert_eq!(
        world.ended(tag, EndReason::Stopped).ignored,
        Some(Ignored::Late),
        "our own order"
    );
    world.now += 1_500;
    own(&mut world, Some(LOUNGE), "s2");
    server(&mut world, "v2", Some("127.0.0.1:2"));
    let track = wants(&world.g).player.expect("a player").track.expect("a track");
    assert_eq!((track.tag.play, track.position_ms), (tag.play, 2_000));
}

#[test]
fn a_play_from_elsewhere_moves_a_bot_that_nobody_hears() {
    let mut world = World::playing(&["a"]);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    world.say(
        BOB,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let want = wants(&world.g);
    assert_eq!(want.voice.map(|voice| voice.channel), Some(ATTIC));
    assert!(!want.player.expect("a player").paused);
}
