//! Rights, nodes, repeats, restarts.

use super::*;

#[test]
fn only_the_channel_controls_but_everybody_reads() {
    let mut world = World::playing(&["a", "b"]);
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    assert_eq!(
        world.say(BOB, Command::Skip),
        Some(Say::Refused(Refusal::OtherChannel { bot: LOUNGE }))
    );
    assert!(matches!(
        world.say(BOB, Command::Queue { page: 0 }),
        Some(Say::Queue(_))
    ));
    world.put(Input::Seat(seat(BOB, None)));
    assert_eq!(world.say(BOB, Command::Pause), Some(Say::Refused(Refusal::NotInVoice)));
}

#[test]
fn resume_takes_only_the_users_reason_away() {
    let mut world = World::playing(&["a"]);
    world.say(ANN, Command::Pause);
    world.put(Input::Seat(seat(BOB, None)));
    world.put(Input::Seat(seat(ANN, Some(ATTIC))));
    world.put(Input::Seat(seat(BOB, Some(ATTIC))));
    assert!(world.g.kept.paused_alone && world.g.kept.paused_by_user);
    assert!(matches!(
        world.say(BOB, Command::Resume),
        Some(Say::Resumed { alone: true, .. })
    ));
    assert!(wants(&world.g).player.expect("a player").paused);
}

#[test]
fn a_lost_node_moves_the_player_with_its_position() {
    let mut world = World::playing(&["a"]);
    world.orders.clear();
    world.now += 10_000;
    world.put(Input::Placed {
        node: Some(NodeId::new("n2")),
        generation: world.now,
    });
    let Some(PlayerOrder::Patch {
        node,
        voice: Some(_),
        position_ms: Some(position),
        ..
    }) = world.orders.first()
    else {
        panic!("{:?}", world.orders)
    };
    assert_eq!((node, *position), (&NodeId::new("n2"), 12_000 - 400));
}

#[test]
fn without_a_node_it_says_so_once_and_goes_on_a_second_earlier() {
    let mut world = World::playing(&["a"]);
    for _ in 0..2 {
        world.put(Input::Placed {
            node: None,
            generation: world.now,
        });
    }
    assert_eq!(world.said.iter().filter(|say| **say == Say::NoNode).count(), 1);
    world.now += 30_000;
    world.put(Input::Placed {
        node: Some(NodeId::new("n1")),
        generation: world.now,
    });
    assert_eq!(world.g.position(world.now), 600);
}

#[test]
fn l8_a_repeated_interaction_is_applied_once() {
    let mut world = World::playing(&["a", "b", "c"]);
    let id = (world.now - 1_420_070_400_000) << 22;
    let by = Caller {
        user: ANN,
        text: TEXT,
        manager: false,
    };
    for _ in 0..2 {
        let reply = Some(world.reply());
        let input = Input::Command {
            command: Command::Skip,
            by: by.clone(),
            reply,
        };
        world.put_caused(CauseId::Interaction(id), input);
    }
    assert_eq!(world.title().as_deref(), Some("b"));
    world.now += 60_000;
    let late = ReplyTo {
        made_ms: world.now - 60_000,
        ..world.reply()
    };
    let (before, reply) = (world.said.len(), Some(late));
    let id = id + 1;
    world.put_caused(
        CauseId::Interaction(id),
        Input::Command {
            command: Command::Skip,
            by,
            reply,
        },
    );
    assert_eq!(world.said.get(before), Some(&Say::Refused(Refusal::TooLate)));
}

#[test]
fn a_journal_gives_the_same_guild_back() {
    let mut world = World::playing(&["a", "b", "c", "d"]);
    world.say(ANN, Command::Shuffle);
    world.say(ANN, Command::Volume { percent: 50 });
    world.say(ANN, Command::Move { from: 1, to: 3 });
    world.say(ANN, Command::Seek { position_ms: 30_000 });
    world.say(
        ANN,
        Command::Play {
            query: "later".into(),
            at: Where::Next,
        },
    );
    let json: Vec<String> = world
        .records
        .iter()
        .map(|record| serde_json::to_string(record).unwrap())
        .collect();
    let records: Vec<Record> = json.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let again = Guild::restore(GuildId(1), 1, None, &records, Arc::new(Limits::default())).unwrap();
    assert_eq!(again.kept, world.g.kept);
    let (half, rest) = records.split_at(4);
    let snapshot = Guild::restore(GuildId(1), 1, None, half, Arc::new(Limits::default()))
        .unwrap()
        .snapshot();
    let snapshot = serde_json::from_str(&serde_json::to_string(&snapshot).unwrap()).unwrap();
    let again = Guild::restore(GuildId(1), 1, Some(snapshot), rest, Arc::new(Limits::default())).unwrap();
    assert_eq!(again.kept, world.g.kept);
}

#[test]
fn a_restart_adopts_the_player_and_sends_nothing() {
    let world = World::playing(&["a", "b"]);
    let player = wants(&world.g).player.expect("a player");
    let tag = world.tag();
    let mut guild = Guild::restore(GuildId(1), 1, None, &world.records, Arc::new(Limits::default())).expect("restored");
    let seen = Seen {
        node: NodeId::new("n1"),
        tag: Some(tag),
        position_ms: 9_000,
        at_ms: world.now,
        paused: false,
        volume: 100,
        voice: Some(player.voice),
        connected: true,
    };
    let told = WantedPlayer::from_seen(&seen);
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![seat(ANN, Some(LOUNGE))]),
        own: Some((LOUNGE, Hidden::new("s"))),
        player: Some(seen),
        cold: false,
    };
    let input = Input::Restored(Box::new(restored));
    let i = Stamped {
        at_ms: world.now,
        seed: 0,
        cause: CauseId::Internal,
        input,
    };
    let decision = decide(&guild, &i);
    apply_all(&mut guild, &i, &decision).expect("applied");
    let want = wants(&guild);
    assert!(differences(told.as_ref(), want.player.as_ref(), world.now).is_empty());
    assert_eq!(
        want.voice,
        Some(WantedVoice {
            channel: LOUNGE,
            join: 0
        })
    );
    assert_eq!(guild.position(world.now), 9_000);
}

#[test]
fn a_search_under_way_is_asked_again_after_a_restart() {
    let mut world = World::new();
    world.say(
        ANN,
        Command::Play {
            query: "x".into(),
            at: Where::End,
        },
    );
    let mut guild = Guild::restore(GuildId(1), 1, None, &world.records, Arc::new(Limits::default())).expect("restored");
    let restored = Restored {
        incarnation: 2,
        seats: Some(vec![]),
        ..Restored::default()
    };
    let input = Input::Restored(Box::new(restored));
    let i = Stamped {
        at_ms: world.now + 3_000,
        seed: 0,
        cause: CauseId::Internal,
        input,
    };
    let decision = decide(&guild, &i);
    apply_all(&mut guild, &i, &decision).expect("applied");
    assert_eq!(decision.ask.len(), 1);
    let late = Input::Done {
        ticket: world.asked[0].ticket,
        outcome: Outcome::Failed(AskError::Timeout),
    };
    let late = decide(
        &guild,
        &Stamped {
            at_ms: i.at_ms,
            seed: 0,
            cause: CauseId::Internal,
            input: late,
        },
    );
    assert_eq!(late.ignored, Some(Ignored::Late), "of another incarnation");
    let done = Input::Done {
        ticket: decision.ask[0].ticket,
        outcome: Outcome::Loaded(Loaded::Track(track("x"))),
    };
    let done = decide(
        &guild,
        &Stamped {
            at_ms: i.at_ms,
            seed: 0,
            cause: CauseId::Internal,
            input: done,
        },
    );
    assert!(matches!(
        done.say.first().map(|answer| &answer.say),
        Some(Say::Added { .. })
    ));
}

/// The next process: the journal as it was written, and seats.
fn killed(world: &mut World) {
    let seats = seats(&world.g);
    killed_with(world, seats);
}

fn killed_with(world: &mut World, seats: Option<Vec<Seat>>) {
    let limits = world.g.limits.clone();
    world.g = Guild::restore(GuildId(1), 1, None, &world.records, limits).expect("restored");
    world.told = None;
    world.put(Input::Restored(Box::new(Restored {
        incarnation: 2,
        seats,
        ..Restored::default()
    })));
}

/// A slash command with an identity of Discord's, made right now.
fn slash(world: &mut World, command: Command) -> (CauseId, Input) {
    let reply = world.reply();
    let cause = CauseId::Interaction(((world.now - 1_420_070_400_000) << 22) | reply.id);
    let by = Caller {
        user: ANN,
        text: TEXT,
        manager: false,
    };
    let reply = Some(reply);
    (cause, Input::Command { command, by, reply })
}

#[test]
fn l8_a_command_that_changed_nothing_is_not_decided_again_by_the_next_process() {
    let mut world = World::playing(&["a", "b"]);
    let (cause, off) = slash(&mut world, Command::Loop { mode: LoopMode::Off });
    world.put_caused(cause.clone(), off.clone());
    assert_eq!(world.said.last(), Some(&Say::Loop { mode: LoopMode::Off }));
    let track = Command::Loop { mode: LoopMode::Track };
    world.say(ANN, track);
    killed(&mut world);
    world.now += 1_000;
    let said = world.said.len();
    assert_eq!(world.put_caused(cause, off).ignored, Some(Ignored::Repeat));
    assert_eq!((world.g.kept.loop_mode, world.said.len()), (LoopMode::Track, said));
}

#[test]
fn l8_a_refused_command_is_not_done_by_the_next_process() {
    let mut world = World::new();
    let (cause, skip) = slash(&mut world, Command::Skip);
    let decision = world.put_caused(cause.clone(), skip.clone());
    assert_eq!(decision.events.as_slice(), [Event::Heard]);
    assert_eq!(world.said.last(), Some(&Say::Refused(Refusal::NothingPlaying)));
    world.play(&["a", "b"], Where::End);
    killed(&mut world);
    world.now += 1_000;
    assert_eq!(world.put_caused(cause, skip).ignored, Some(Ignored::Repeat));
    assert_eq!(world.title().as_deref(), Some("a"));
}

#[test]
fn two_skips_at_once_skip_one_track_even_when_the_process_dies_in_between() {
    let mut world = World::playing(&["a", "b", "c"]);
    world.say(ANN, Command::Skip);
    assert_eq!(world.title().as_deref(), Some("b"));
    killed(&mut world);
    world.now += 400;
    let said = world.say(BOB, Command::Skip);
    assert!(matches!(said, Some(Say::Skipped { track, .. }) if &*track.title == "a"));
    assert_eq!(world.title().as_deref(), Some("b"));
}

#[test]
fn seats_that_become_known_late_count_from_then_on() {
    let mut world = World::playing(&["a", "b"]);
    killed_with(&mut world, None);
    world.join();
    world.put(Input::Seat(seat(ANN, Some(LOUNGE))));
    assert_eq!(seats(&world.g), None, "one seat is not all of them");
    world.put(Input::Seats(vec![seat(BOB, Some(ATTIC))]));
    assert!(world.g.kept.paused_alone && wants(&world.g).wake_at_ms.is_some());
    world.put(Input::Seats(vec![seat(ANN, Some(LOUNGE)), seat(BOB, Some(ATTIC))]));
    assert!(!world.g.kept.paused_alone);
    let asked = world.asked.len();
    assert!(matches!(world.say(ANN, Command::Skip), Some(Say::Skipped { .. })));
    assert_eq!(world.asked.len(), asked, "nobody asks where she sits");
}
