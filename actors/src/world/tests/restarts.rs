//! Deaths: of guilds, shards and processes.

use ostinato_machine::guild::{Loaded, PlayerOrder};

use super::*;
use crate::about::About;
use crate::ports::{GatewayEvent, GuildSeats};

fn skips(input: &Input) -> bool {
    matches!(
        input,
        Input::Command {
            command: Command::Skip,
            ..
        }
    )
}

#[test]
fn a_death_while_deciding_costs_one_input_and_no_sound() {
    playing(1, |world| async move {
        world.adds("b").await;
        world.strike(Strike::Decide, Some(GUILD), 1, Some(Arc::new(skips)));
        let told = world.asks(Command::Skip).await;
        assert!(
            matches!(refused(told.as_ref()), Some(Refusal::Fault { .. })),
            "{told:?}"
        );
        world.wait_ms(1_000).await;
        assert_eq!((world.sounding(GUILD), world.begins("a")), (vec!["a".to_owned()], 1));
        assert!(matches!(world.asks(Command::Skip).await, Some(Say::Skipped { .. })));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
    });
}

#[test]
fn a_death_while_applying_rebuilds_the_guild_and_costs_no_sound() {
    playing(2, |world| async move {
        world.adds("b").await;
        world.strike(Strike::Apply, Some(GUILD), 1, Some(Arc::new(skips)));
        let told = world.asks(Command::Skip).await;
        assert!(
            matches!(refused(told.as_ref()), Some(Refusal::Fault { .. })),
            "{told:?}"
        );
        world.wait_ms(1_000).await;
        assert_eq!((world.sounding(GUILD), world.begins("a")), (vec!["a".to_owned()], 1));
        assert!(matches!(world.asks(Command::Skip).await, Some(Say::Skipped { .. })));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
    });
}

#[test]
fn a_shards_actor_that_dies_loses_nothing_of_its_guilds() {
    playing(3, |world| async move {
        world.adds("b").await;
        world.strike(Strike::Shard, None, 1, None);
        let told = world.asks(Command::Skip).await;
        assert!(matches!(told, Some(Say::Skipped { .. })), "{told:?}");
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
        assert_eq!(world.fatal_within(1_000).await, None);
    });
}

#[test]
fn a_shard_that_dies_too_often_ends_the_process_with_70() {
    playing(4, |world| async move {
        world.strike(Strike::Shard, None, 4, None);
        world.say(GUILD, ANN, Command::Pause);
        let fatal = world.fatal_within(60_000).await;
        assert_eq!(fatal.map(|fatal| fatal.exit_code()), Some(70));
    });
}

#[test]
fn a_guild_that_dies_too_often_is_parked_says_so_and_comes_back() {
    playing(5, |world| async move {
        world.strike(Strike::Decide, Some(GUILD), 7, None);
        for _ in 0..7 {
            world.say(GUILD, ANN, Command::NowPlaying);
            world.wait_ms(40_000).await;
            if world.phase(GUILD) == Phase::Parked {
                break;
            }
        }
        world.heal();
        assert_eq!(world.phase(GUILD), Phase::Parked);
        let told = world.asks(Command::Skip).await;
        assert!(
            matches!(refused(told.as_ref()), Some(Refusal::Parked { .. })),
            "{told:?}"
        );
        assert!(
            world.until(301_000, |w| w.phase(GUILD) == Phase::Live).await,
            "a probe brings it back"
        );
        assert!(matches!(
            world.asks(Command::Queue { page: 0 }).await,
            Some(Say::Queue(_))
        ));
    });
}

#[test]
fn an_orderly_restart_plays_on_and_resumes_every_session() {
    playing(6, |world| async move {
        world.adds("b").await;
        assert_eq!(world.stop().await, Some(Drained::Finished));
        world.wait_ms(2_000).await;
        world.start().await.expect("a process");
        world.wait_ms(5_000).await;
        assert_eq!((world.sounding(GUILD), world.begins("a")), (vec!["a".to_owned()], 1));
        assert_eq!(world.lines(|what| matches!(what, What::Identify(_))), 1);
        assert!(matches!(world.asks(Command::Skip).await, Some(Say::Skipped { .. })));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
    });
}

#[test]
fn a_search_that_a_kill_interrupts_is_finished_by_the_next_process() {
    playing(7, |world| async move {
        world.audio.slow_search(400);
        let asked = world.play(GUILD, ANN, "b");
        world.wait_ms(200).await;
        world.kill().await;
        world.start().await.expect("a process");
        let added = |w: &World| matches!(w.answer(asked), Some(Say::Added { .. }));
        assert!(world.until(5_000, added).await, "{:?}", world.answer(asked));
        assert_eq!(world.begins("a"), 1);
        assert!(matches!(world.asks(Command::Skip).await, Some(Say::Skipped { .. })));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
    });
}

#[test]
fn a_command_that_the_gateway_replays_is_applied_and_answered_once() {
    playing(8, |world| async move {
        for title in ["b", "c"] {
            world.adds(title).await;
        }
        // The side checkpoint lags: what came after it is replayed to the next process.
        world.wait_ms(1_500).await;
        let asked = world.say(GUILD, ANN, Command::Skip);
        assert!(
            world
                .until(500, |w| w.sounding(GUILD) == ["b"] && w.answer(asked).is_some())
                .await
        );
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(15_000).await;
        assert_eq!(world.sounding(GUILD), ["b"]);
        let interaction = world.discord.interaction(asked).expect("known");
        assert!(
            matches!(interaction.said(), Some(Say::Skipped { .. })),
            "{interaction:?}"
        );
        assert_eq!(world.begins("c"), 0);
    });
}

#[test]
fn a_replay_of_seats_that_people_have_left_since_pauses_nothing() {
    World::run(12, |world| async move {
        world.discord.add_guild(GUILD);
        world.audio.add_track("a", Some(180_000));
        world.start().await.expect("a process");
        world.wait_ms(1_050).await;
        // What is replayed begins with a guild in which nobody sits.
        let seats = GuildSeats {
            guild: GUILD.0,
            ..GuildSeats::default()
        };
        let about = About::default();
        world.discord.dispatch(GUILD, GatewayEvent::GuildUp { seats, about });
        world.discord.sit(GUILD, ANN, Some(LOUNGE));
        world.play(GUILD, ANN, "a");
        assert!(world.until(800, |w| w.sounding(GUILD) == ["a"]).await);
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(3_000).await;
        assert_eq!(world.sounding(GUILD), ["a"]);
        let paused = |what: &What| matches!(what, What::Order(PlayerOrder::Patch { paused: Some(true), .. }));
        assert_eq!(world.lines(paused), 0);
    });
}

#[test]
fn a_guild_that_rests_sleeps_and_wakes_with_its_queue() {
    playing(9, |world| async move {
        world.adds("b").await;
        assert!(matches!(
            world.asks(Command::Disconnect).await,
            Some(Say::Left { kept: 2, .. })
        ));
        assert!(world.until(2_000, |w| w.sounding(GUILD).is_empty()).await);
        assert!(
            world.until(910_000, |w| w.phase(GUILD) == Phase::Cold).await,
            "{:?}",
            world.phase(GUILD)
        );
        match world.asks(Command::Queue { page: 0 }).await {
            Some(Say::Queue(view)) => assert_eq!(view.total, 1),
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_flooded_guild_refuses_politely_and_answers_everybody() {
    playing(10, |world| async move {
        let asked: Vec<u64> = (0..400)
            .map(|_| world.say(GUILD, ANN, Command::Queue { page: 0 }))
            .collect();
        world.wait_ms(15_000).await;
        let told: Vec<_> = asked.iter().map(|asked| world.answer(*asked)).collect();
        let busy = told
            .iter()
            .filter(|told| refused(told.as_ref()) == Some(&Refusal::Busy))
            .count();
        let shown = told.iter().filter(|told| matches!(told, Some(Say::Queue(_)))).count();
        assert_eq!(busy + shown, 400);
        assert!(shown >= 256 && busy > 0, "{shown} shown, {busy} refused");
    });
}

#[test]
fn a_track_that_ends_while_no_process_runs_is_not_heard_again() {
    for orderly in [true, false] {
        world(11, |world| async move {
            world.audio.add_track("short", Some(2_500));
            world.adds("short").await;
            world.adds("b").await;
            world.wait_ms(1_000).await;
            if orderly {
                world.stop().await;
            } else {
                world.kill().await;
            }
            world.wait_ms(3_000).await;
            assert!(world.sounding(GUILD).is_empty());
            world.start().await.expect("a process");
            assert!(
                world.until(2_000, |w| w.sounding(GUILD) == ["b"]).await,
                "{:?}",
                world.sounding(GUILD)
            );
            assert_eq!(world.begins("short"), 1);
        });
    }
}

#[test]
fn a_track_that_ends_while_the_process_drains_is_not_heard_again() {
    world(12, |world| async move {
        world.audio.add_track("short", Some(2_500));
        world.adds("short").await;
        world.adds("b").await;
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["short"]).await);
        let ends_ms = world.audio.sounding(GUILD)[0].from_ms + 2_500;
        world.store.set(StoreMode::Up(500));
        world.wait_ms(ends_ms - 100 - world.now_ms()).await;
        world.say(GUILD, ANN, Command::Volume { percent: 80 });
        world.wait_ms(5).await;
        world.stop().await;
        world.store.set(StoreMode::Up(1));
        world.start().await.expect("a process");
        assert!(
            world.until(2_000, |w| w.sounding(GUILD) == ["b"]).await,
            "{:?}",
            world.sounding(GUILD)
        );
        assert_eq!(world.begins("short"), 1);
    });
}

#[test]
fn a_command_that_waited_for_the_process_meets_the_track_that_plays_by_then() {
    world(13, |world| async move {
        world.audio.add_track("short", Some(2_500));
        world.adds("short").await;
        world.adds("b").await;
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["short"]).await);
        let ends_ms = world.audio.sounding(GUILD)[0].from_ms + 2_500;
        world.wait_ms(1_500).await;
        world.kill().await;
        world.wait_ms(ends_ms + 300 - world.now_ms()).await;
        let asked = world.say(GUILD, ANN, Command::Skip);
        // Discord speaks first.
        world.audio.slow_connect(300);
        world.start().await.expect("a process");
        assert!(world.until(5_000, |w| w.answer(asked).is_some()).await);
        match world.answer(asked) {
            Some(Say::Skipped { track, .. }) => assert_eq!(&*track.title, "b"),
            other => panic!("{other:?}"),
        }
        assert_eq!(world.begins("short"), 1);
    });
}

#[test]
fn a_refusal_that_the_gateway_replays_is_said_once_and_left_as_it_is() {
    playing(14, |world| async move {
        world.wait_ms(1_500).await;
        let asked = world.say(GUILD, ANN, Command::Remove { index: 99, last: None });
        assert!(world.until(500, |w| w.answer(asked).is_some()).await);
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(15_000).await;
        // It is replayed, for the stored sequence lags, and said again in vain.
        let interaction = world.discord.interaction(asked).expect("known");
        assert_eq!((interaction.races, interaction.looked), (1, 1), "{interaction:?}");
        assert_eq!(interaction.answers, 1, "{interaction:?}");
        assert!(interaction.follow_ups.is_empty(), "{interaction:?}");
        assert!(
            refused(interaction.shown.as_ref()).is_some_and(|refusal| *refusal != Refusal::TooLate),
            "{interaction:?}"
        );
    });
}

#[test]
fn what_was_given_up_for_a_guild_that_could_not_speak_is_not_answered_again_by_the_next_process() {
    playing(15, |world| async move {
        world.audio.slow_search(3_000);
        let asked = world.play(GUILD, ANN, "b");
        world.wait_ms(500).await;
        world.strike(Strike::Decide, Some(GUILD), 20, None);
        assert!(world.until(20_000, |w| w.answer(asked).is_some()).await);
        assert!(refused(world.answer(asked).as_ref()).is_some());
        // Long enough for the gateway's sequence to be stored: nothing is replayed.
        world.wait_ms(3_000).await;
        world.kill().await;
        world.heal();
        world.audio.add_result("b", Loaded::Empty);
        world.start().await.expect("a process");
        world.wait_ms(10_000).await;
        let interaction = world.discord.interaction(asked).expect("known");
        assert_eq!(
            (interaction.answers, interaction.follow_ups.len()),
            (1, 1),
            "{interaction:?}"
        );
    });
}
