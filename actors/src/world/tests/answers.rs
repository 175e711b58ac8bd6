//! The reply lane: one first callback in time, then edits; nobody waits for ever.

use super::*;
use crate::ports::First;

#[test]
fn a_quick_answer_is_the_first_callback_and_nothing_else() {
    playing(1, |world| async move {
        let asked = world.say(GUILD, ANN, Command::Pause);
        world.wait_ms(3_000).await;
        let told = world.discord.interaction(asked).expect("known");
        assert!(
            matches!(told.first, Some((_, First::Answer { public: true, .. }))),
            "{told:?}"
        );
        assert_eq!((told.answers, told.races), (1, 0));
    });
}

#[test]
fn work_that_takes_time_is_deferred_at_once_and_then_edited() {
    playing(2, |world| async move {
        world.audio.slow_search(3_000);
        let asked = world.play(GUILD, ANN, "b");
        world.wait_ms(5_000).await;
        let told = world.discord.interaction(asked).expect("known");
        let Some((at_ms, First::Defer { public: true })) = told.first else {
            panic!("{told:?}")
        };
        assert!(at_ms - told.made_ms < 100);
        assert!(matches!(told.shown, Some(Say::Added { .. })), "{told:?}");
        assert_eq!((told.answers, told.races), (1, 0));
    });
}

#[test]
fn a_refusal_after_a_public_deferral_is_for_the_caller_alone() {
    playing(3, |world| async move {
        let asked = world.play(GUILD, ANN, "nothing of that name");
        world.wait_ms(2_000).await;
        let told = world.discord.interaction(asked).expect("known");
        assert_eq!(told.shown, None);
        assert!(
            matches!(&*told.follow_ups, [(Say::Refused(Refusal::NothingFound { .. }), false)]),
            "{told:?}"
        );
    });
}

#[test]
fn a_search_without_end_is_answered_after_its_deadline() {
    playing(4, |world| async move {
        world.audio.slow_search(60_000);
        let asked = world.play(GUILD, ANN, "b");
        assert!(world.until(5_500, |w| w.answer(asked).is_some()).await);
        assert_eq!(refused(world.answer(asked).as_ref()), Some(&Refusal::SearchTimeout));
    });
}

#[test]
fn when_nobody_answers_the_lane_does_so_after_eleven_seconds() {
    playing(5, |world| async move {
        // The guild never hears of it: its shard dies before, and stays away.
        {
            let mut settings = world.settings.borrow_mut();
            settings.shard_restart.first_delay_ms = 60_000;
            settings.shard_restart.max_delay_ms = 60_000;
        }
        world.stop().await;
        world.start().await.expect("a process");
        world.wait_ms(1_000).await;
        world.strike(Strike::Shard, None, 1, None);
        let asked = world.say(GUILD, ANN, Command::Pause);
        assert!(!world.until(10_900, |w| w.answer(asked).is_some()).await);
        assert!(
            world
                .until(500, |w| refused(w.answer(asked).as_ref()) == Some(&Refusal::Expired))
                .await
        );
        let told = world.discord.interaction(asked).expect("known");
        let Some((at_ms, First::Defer { .. })) = told.first else {
            panic!("{told:?}")
        };
        assert!((400..500).contains(&(at_ms - told.made_ms)), "{told:?}");
    });
}

#[test]
fn an_interaction_that_came_too_late_gets_no_callback() {
    playing(6, |world| async move {
        world.discord.drop_gateway(ShardId(0), 4_000, false);
        let asked = world.say(GUILD, ANN, Command::Pause);
        world.wait_ms(10_000).await;
        assert_eq!(world.sounding(GUILD), ["a"]);
        let told = world.discord.interaction(asked).expect("known");
        assert!(told.first.is_none() && told.races == 1, "{told:?}");
    });
}

#[test]
fn answers_survive_a_rest_interface_that_is_away() {
    playing(7, |world| async move {
        world.audio.slow_search(1_000);
        let asked = world.play(GUILD, ANN, "b");
        world.wait_ms(500).await;
        world.discord.rest_down(true);
        world.wait_ms(1_500).await;
        world.discord.rest_down(false);
        assert!(
            world
                .until(5_000, |w| matches!(w.answer(asked), Some(Say::Added { .. })))
                .await
        );
    });
}

#[test]
fn a_message_gets_one_answer_that_shows_first_that_somebody_is_at_work() {
    playing(8, |world| async move {
        world.audio.slow_search(3_000);
        let (query, at) = ("b".into(), Where::End);
        let asked = world.discord.write(GUILD, ANN, TEXT, Command::Play { query, at });
        world.wait_ms(5_000).await;
        let told = world.discord.interaction(asked).expect("known");
        assert!(matches!(told.first, Some((_, First::Defer { .. }))), "{told:?}");
        assert!(matches!(told.shown, Some(Say::Added { .. })), "{told:?}");
        assert_eq!((told.answers, told.races), (1, 0));
    });
}

#[test]
fn a_message_whose_process_dies_in_mid_search_is_answered_once_by_the_next_one() {
    playing(9, |world| async move {
        world.audio.slow_search(3_000);
        let (query, at) = ("b".into(), Where::End);
        let asked = world.discord.write(GUILD, ANN, TEXT, Command::Play { query, at });
        world.wait_ms(500).await;
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(30_000).await;
        let told = world.discord.interaction(asked).expect("known");
        assert!(told.shown.is_some(), "{told:?}");
        assert_eq!((told.answers, told.races), (1, 0), "{told:?}");
    });
}
