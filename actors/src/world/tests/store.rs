//! A store that is slow, silent or down.

use super::*;

#[test]
fn a_silent_store_holds_audio_a_quarter_of_a_second_and_answers_two() {
    playing(1, |world| async move {
        world.adds("b").await;
        world.store.set(StoreMode::Silent);
        let begun_ms = world.now_ms();
        let asked = world.say(GUILD, ANN, Command::Skip);
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
        let heard_ms = world.now_ms() - begun_ms;
        assert!((250..400).contains(&heard_ms), "{heard_ms}");
        assert!(
            world
                .until(4_000, |w| matches!(done(w.answer(asked)), Some(Say::Skipped { .. })))
                .await
        );
        assert!(is_unsaved(&world.answer(asked)), "it says that it is not saved");
        let told_ms = world.now_ms() - begun_ms;
        assert!((2_000..2_300).contains(&told_ms), "{told_ms}");
    });
}

#[test]
fn a_store_that_is_down_stops_nothing_and_gets_everything_at_its_return() {
    playing(2, |world| async move {
        world.store.set(StoreMode::Down);
        for title in ["b", "c"] {
            world.adds(title).await;
        }
        let skipped = world.asks(Command::Skip).await;
        assert!(is_unsaved(&skipped) && matches!(done(skipped), Some(Say::Skipped { .. })));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["b"]).await);
        let before = world.store.revision(GUILD);
        world.store.set(StoreMode::Up(1));
        world.wait_ms(40_000).await;
        assert!(world.store.revision(GUILD) > before);
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(2_000).await;
        assert_eq!((world.sounding(GUILD), world.begins("b")), (vec!["b".to_owned()], 1));
        assert!(matches!(
            world.asks(Command::Skip).await,
            Some(Say::Skipped { next: Some(_), .. })
        ));
    });
}

#[test]
fn too_much_for_the_backlog_becomes_one_snapshot() {
    playing(3, |world| async move {
        world.settings.borrow_mut().gate.backlog_bytes = 1;
        world.stop().await;
        world.start().await.expect("a process");
        world.wait_ms(1_000).await;
        world.store.set(StoreMode::Down);
        world.adds("b").await;
        world.asks(Command::Volume { percent: 30 }).await;
        world.store.set(StoreMode::Up(1));
        world.wait_ms(40_000).await;
        assert!(world.store.stored(GUILD).snapshot.is_some());
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(2_000).await;
        assert!(world.audio.players(GUILD).iter().all(|player| player.volume == 30));
    });
}

#[test]
fn p10_a_load_that_never_ends_is_answered_in_two_seconds() {
    world(4, |world| async move {
        world.store.set(StoreMode::Silent);
        let asked = world.play(GUILD, ANN, "a");
        assert!(world.until(100, |w| w.phase(GUILD) == Phase::Loading).await);
        assert!(world.until(2_100, |w| w.phase(GUILD) != Phase::Loading).await);
        assert!(
            world
                .until(1_000, |w| refused(w.answer(asked).as_ref())
                    == Some(&Refusal::StoreDown))
                .await
        );
        world.store.set(StoreMode::Up(1));
        world.wait_ms(1_000).await;
        world.adds("a").await;
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["a"]).await);
    });
}

#[test]
fn a_drain_ends_in_ten_seconds_whatever_hangs() {
    playing(5, |world| async move {
        world.store.set(StoreMode::Silent);
        world.discord.slow_rest(60_000);
        world.say(GUILD, ANN, Command::Pause);
        world.wait_ms(10).await;
        let begun_ms = world.now_ms();
        assert_eq!(world.stop().await, Some(Drained::CutShort));
        assert!(world.now_ms() - begun_ms <= 10_100);
    });
}

#[test]
fn what_was_acknowledged_before_a_drain_is_there_after_it() {
    playing(6, |world| async move {
        world.store.set(StoreMode::Up(100));
        let asked = world.say(GUILD, ANN, Command::Volume { percent: 42 });
        world.wait_ms(1).await;
        assert_eq!(world.stop().await, Some(Drained::Finished));
        assert!(matches!(world.answer(asked), Some(Say::Volume { percent: 42 })));
        let late = world.say(GUILD, ANN, Command::Pause);
        world.store.set(StoreMode::Up(1));
        world.start().await.expect("a process");
        world.wait_ms(2_000).await;
        assert!(
            matches!(world.answer(late), Some(Say::Paused { .. })),
            "{:?}",
            world.answer(late)
        );
        assert!(
            world
                .audio
                .players(GUILD)
                .iter()
                .all(|player| player.volume == 42 && player.paused)
        );
    });
}

#[test]
fn a_command_during_the_drain_is_told_that_the_bot_restarts() {
    playing(7, |world| async move {
        world.store.set(StoreMode::Up(400));
        world.say(GUILD, ANN, Command::Volume { percent: 42 });
        let late = async {
            world.wait_ms(50).await;
            world.say(GUILD, ANN, Command::Pause)
        };
        let (drained, late) = futures_util::future::join(world.stop(), late).await;
        assert_eq!(drained, Some(Drained::Finished));
        assert_eq!(refused(world.answer(late).as_ref()), Some(&Refusal::ShuttingDown));
        assert_eq!(world.sounding(GUILD), ["a"]);
    });
}

#[test]
fn a_command_after_the_last_word_of_a_drain_is_left_to_the_next_process() {
    playing(8, |world| async move {
        // The last side checkpoint hangs long enough for somebody to speak meanwhile.
        world.store.set(StoreMode::Up(300));
        let late = async {
            world.wait_ms(100).await;
            world.say(GUILD, ANN, Command::Volume { percent: 33 })
        };
        let (drained, late) = futures_util::future::join(world.stop(), late).await;
        assert_eq!((drained, world.answer(late)), (Some(Drained::Finished), None));
        world.store.set(StoreMode::Up(1));
        world.start().await.expect("a process");
        assert!(
            world
                .until(2_000, |w| matches!(w.answer(late), Some(Say::Volume { percent: 33 })))
                .await
        );
    });
}
