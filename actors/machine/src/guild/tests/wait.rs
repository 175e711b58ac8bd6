//! Pauses, full queues, commands that wait, restarts in between.

use super::*;

fn restore(world: &World, at_ms: u64, restored: Restored) -> (Guild, Decision) {
    let limits = Arc::new(Limits::default());
    let mut guild = Guild::restore(GuildId(1), 1, None, &world.records, limits).expect("restored");
    let i = Stamped {
        at_ms,
        seed: 0,
        cause: CauseId::Internal,
        input: Input::Restored(Box::new(restored)),
    };
    let decision = decide(&guild, &i);
    apply_all(&mut guild, &i, &decision).expect("applied");
    (guild, decision)
}

fn finals(decision: &Decision) -> Vec<&Say> {
    let last = decision.say.iter().filter(|answer| answer.stage == Stage::Final);
    last.map(|answer| &answer.say).collect()
}

fn seen(world: &World, position_ms: u64) -> Seen {
    let player = wants(&world.g).player.expect("a player");
    Seen {
        node: player.node,
        tag: player.track.map(|track| track.tag),
        position_ms,
        at_ms: world.now,
        paused: player.paused,
        volume: player.volume,
        voice: Some(player.voice),
        connected: true,
    }
}

#[test]
fn a_pause_ends_with_the_music_so_that_the_next_play_sounds() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Pause);
    world.say(ANN, Command::Skip);
    assert_eq!(world.title(), None);
    world.play(&["b"], Where::End);
    assert!(!wants(&world.g).player.expect("a player").paused);
}

#[test]
fn a_skip_in_a_pause_stays_paused_and_play_now_does_not() {
    let mut world = World::playing(&["a", "b"]);
    world.say(ANN, Command::Pause);
    world.say(ANN, Command::Skip);
    assert!(wants(&world.g).player.expect("a player").paused);
    world.play(&["c"], Where::Now);
    assert_eq!(world.title().as_deref(), Some("c"));
    assert!(!wants(&world.g).player.expect("a player").paused);
}

#[test]
fn a_full_queue_still_takes_what_plays_now() {
    let mut world = World::playing(&vec!["t"; 5_001]);
    assert_eq!(world.g.kept.queue.len(), 5_000);
    let said = world.play(&["now"], Where::Now);
    assert!(
        matches!(
            said,
            Say::Added {
                count: 1,
                left_out: 0,
                position: 0,
                ..
            }
        ),
        "{said:?}"
    );
    assert_eq!(
        (world.title().as_deref(), world.g.kept.queue.len()),
        (Some("now"), 5_000)
    );
    let said = world.play(&["x", "y"], Where::Now);
    assert!(
        matches!(
            said,
            Say::Added {
                count: 1,
                left_out: 1,
                ..
            }
        ),
        "{said:?}"
    );
}

#[test]
fn what_cannot_sound_yet_is_not_promised_a_time() {
    let mut world = World::new();
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    world.say(ANN, Command::Disconnect);
    let ticket = world.asked.pop().expect("a search").ticket;
    let outcome = Outcome::Loaded(Loaded::Track(track("a")));
    world.put(Input::Done { ticket, outcome });
    let Some(Say::Added { starts_in_ms: None, .. }) = world.said.last() else {
        panic!("{:?}", world.said)
    };
    world.say(ANN, Command::Connect);
    world.join();
    assert_eq!(world.title().as_deref(), Some("a"), "a kept queue goes on");
    assert!(wants(&world.g).player.is_some());
}

#[test]
fn a_search_that_outlives_a_long_restart_is_finished() {
    let mut world = World::new();
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let at_ms = world.now + 60_000;
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(LOUNGE))]),
        ..Restored::default()
    };
    let (guild, decision) = restore(&world, at_ms, restored);
    assert_eq!(decision.ask.len(), 1);
    let wake = Stamped {
        at_ms: wants(&guild).wake_at_ms.expect("a deadline").min(at_ms + 5_000),
        seed: 0,
        cause: CauseId::Internal,
        input: Input::Wake,
    };
    assert!(
        finals(&decide(&guild, &wake)).is_empty(),
        "it has its time from the restart on"
    );
}

#[test]
fn after_parking_everybody_who_waits_is_answered_once() {
    let mut world = World::new();
    world.say(ANN, Command::Connect);
    world.say(
        BOB,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![]),
        cold: true,
        ..Restored::default()
    };
    let (guild, decision) = restore(&world, world.now + 3_000, restored);
    assert_eq!(finals(&decision).len(), 2, "{decision:?}");
    let want = wants(&guild);
    assert_eq!((want.voice, want.player, want.awake), (None, None, false));
}

#[test]
fn an_expiry_and_a_leaving_at_once_answer_once() {
    let mut world = World::new();
    world.say(ANN, Command::Connect);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    world.now += 130_000;
    let before = world.said.len();
    world.put(Input::Wake);
    let answers = world
        .said
        .iter()
        .skip(before)
        .filter(|say| matches!(say, Say::Refused(_)));
    assert_eq!(answers.count(), 1, "{:?}", world.said);
}

#[test]
fn sixteen_may_wait_and_the_sixteenth_gets_its_search() {
    let mut world = World::new();
    world.put(Input::Restored(Box::new(Restored {
        incarnation: 2,
        ..Restored::default()
    })));
    for _ in 0..16 {
        world.say(
            ANN,
            Command::Play {
                query: "x".into(),
                at: Where::End,
            },
        );
    }
    assert_eq!(world.asked.len(), 16);
    let ask = world.asked.pop().expect("a question");
    let channel = Some(LOUNGE);
    let outcome = Outcome::SeatIs { user: ANN, channel };
    world.put(Input::Done {
        ticket: ask.ticket,
        outcome,
    });
    assert!(matches!(
        world.asked.last().map(|ask| &ask.question),
        Some(Question::Search { .. })
    ));
}

#[test]
fn listeners_who_left_while_nobody_looked_are_missed_at_the_start() {
    let world = World::playing(&["a"]);
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(ATTIC))]),
        own: Some((LOUNGE, Hidden::new("s"))),
        player: Some(seen(&world, 9_000)),
        cold: false,
    };
    let at_ms = world.now + 20_000;
    let (guild, _) = restore(&world, at_ms, restored);
    let want = wants(&guild);
    assert!(want.player.expect("a player").paused);
    assert_eq!(want.wake_at_ms, Some(at_ms + 120_000));
    assert_eq!(guild.position(at_ms), 9_000);
}

#[test]
fn listeners_who_came_back_while_nobody_looked_hear_it_again() {
    let mut world = World::playing(&["a"]);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(LOUNGE))]),
        own: Some((LOUNGE, Hidden::new("s"))),
        player: Some(seen(&world, 2_000)),
        cold: false,
    };
    let (guild, _) = restore(&world, world.now + 20_000, restored);
    let want = wants(&guild);
    assert!(!want.player.expect("a player").paused);
    assert_eq!(want.wake_at_ms, None);
}

#[test]
fn while_seats_are_unknown_nobody_is_called_alone() {
    let mut world = World::playing(&["a"]);
    for user in [ANN, BOB] {
        world.put(Input::Seat(seat(user, None)));
    }
    let restored = Restored {
        incarnation: 2,
        seats: None,
        own: Some((LOUNGE, Hidden::new("s"))),
        player: Some(seen(&world, 2_000)),
        cold: false,
    };
    world.put(Input::Restored(Box::new(restored)));
    assert_eq!(wants(&world.g).wake_at_ms, None, "the time to leave rests");
    world.say(ANN, Command::Resume);
    let ticket = world.asked.pop().expect("where ann is").ticket;
    let channel = Some(LOUNGE);
    world.put(Input::Done {
        ticket,
        outcome: Outcome::SeatIs { user: ANN, channel },
    });
    assert!(matches!(world.said.last(), Some(Say::Resumed { alone: false, .. })));
    assert!(!wants(&world.g).player.expect("a player").paused);
}

#[test]
fn a_player_of_an_older_voice_session_gets_voice_anew() {
    let world = World::playing(&["a"]);
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(LOUNGE))]),
        own: Some((LOUNGE, Hidden::new("s2"))),
        player: Some(seen(&world, 9_000)),
        cold: false,
    };
    let (guild, _) = restore(&world, world.now, restored);
    let want = wants(&guild);
    assert_eq!(
        want.voice,
        Some(WantedVoice {
            channel: LOUNGE,
            join: 1
        })
    );
    assert!(want.wake_at_ms.is_some(), "and not for ever");
}

#[test]
fn a_bot_that_was_moved_while_nobody_looked_plays_where_it_is() {
    let world = World::playing(&["a"]);
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(BOB, Some(ATTIC))]),
        own: Some((ATTIC, Hidden::new("s"))),
        player: Some(seen(&world, 9_000)),
        cold: false,
    };
    let (guild, _) = restore(&world, world.now, restored);
    let want = wants(&guild);
    let player = want.player.expect("a player");
    assert_eq!((player.voice.channel, player.paused), (ATTIC, false));
    assert_eq!(want.voice.map(|voice| voice.channel), Some(ATTIC));
}

#[test]
fn the_audible_track_wins_if_it_stands_later_in_the_queue() {
    let world = World::playing(&["a", "b", "c"]);
    let mut later = seen(&world, 4_000);
    let tag = later.tag.as_mut().expect("a tag");
    (tag.entry, tag.play) = (EntryId(3), tag.play + 2);
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(LOUNGE))]),
        own: Some((LOUNGE, Hidden::new("s"))),
        player: Some(later.clone()),
        cold: false,
    };
    let (guild, _) = restore(&world, world.now, restored);
    let want = wants(&guild).player;
    let told = WantedPlayer::from_seen(&later);
    assert!(differences(told.as_ref(), want.as_ref(), world.now).is_empty());
    assert_eq!((guild.held(), guild.position(world.now)), (1, 4_000));
}
