//! Nodes, gateway and voice that come and go.

use super::*;

#[test]
fn a_dead_node_hands_its_guild_to_another_within_half_a_second() {
    playing(1, |world| async move {
        let node = world.audio.sounding(GUILD)[0].node.to_string();
        let died_ms = world.now_ms();
        world.audio.kill_node(&node);
        assert!(world.until(500, |w| w.sounding(GUILD) == ["a"]).await);
        let sound = world.audio.sounding(GUILD).remove(0);
        assert_ne!(sound.node.to_string(), node);
        assert!(sound.position_ms >= 500, "it goes on where it was: {sound:?}");
        assert!(world.now_ms() - died_ms <= 500);
        world.audio.start_node(&node);
        world.wait_ms(5_000).await;
        assert_eq!(world.audio.players(GUILD).len(), 1);
    });
}

#[test]
fn a_socket_that_drops_and_resumes_is_not_heard() {
    playing(2, |world| async move {
        let node = world.audio.sounding(GUILD)[0].node.to_string();
        world.audio.blink_node(&node, 3_000);
        world.wait_ms(10_000).await;
        assert_eq!((world.sounding(GUILD), world.begins("a")), (vec!["a".to_owned()], 1));
    });
}

#[test]
fn without_any_node_it_says_so_once_and_goes_on_by_itself() {
    playing(3, |world| async move {
        world.audio.kill_node("n1");
        world.audio.kill_node("n2");
        world.wait_ms(20_000).await;
        assert_eq!(world.lines(|what| matches!(what, What::Post(_, Say::NoNode))), 1);
        world.audio.start_node("n2");
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["a"]).await);
        assert!(world.audio.sounding(GUILD)[0].position_ms < 3_000);
    });
}

#[test]
fn an_order_without_an_answer_is_repeated_until_it_is_obeyed() {
    for fault in [OrderFault::Unheard, OrderFault::Unanswered] {
        playing(4, |world| async move {
            let node = world.audio.sounding(GUILD)[0].node.to_string();
            world.audio.fail_next(&node, fault);
            assert!(matches!(world.asks(Command::Pause).await, Some(Say::Paused { .. })));
            assert!(world.until(10_000, |w| w.sounding(GUILD).is_empty()).await);
            world.wait_ms(10_000).await;
            assert!(world.audio.players(GUILD).iter().all(|player| player.paused));
            assert!(matches!(world.asks(Command::Resume).await, Some(Say::Resumed { .. })));
            assert!(world.until(1_000, |w| w.sounding(GUILD) == ["a"]).await);
        });
    }
}

#[test]
fn a_track_that_a_node_refuses_is_passed_over_and_said() {
    playing(5, |world| async move {
        for title in ["b", "c"] {
            world.adds(title).await;
        }
        let node = world.audio.sounding(GUILD)[0].node.to_string();
        world.audio.fail_next(&node, OrderFault::Refused);
        world.asks(Command::Skip).await;
        assert!(
            world.until(2_000, |w| w.sounding(GUILD) == ["c"]).await,
            "{:?}",
            world.sounding(GUILD)
        );
        assert_eq!(
            world.lines(|what| matches!(what, What::Post(_, Say::TrackFailed { .. }))),
            1
        );
    });
}

#[test]
fn a_gateway_that_comes_back_resumed_loses_no_command() {
    playing(6, |world| async move {
        world.adds("b").await;
        world.discord.drop_gateway(ShardId(0), 1_000, false);
        let asked = world.say(GUILD, ANN, Command::Skip);
        assert!(world.until(3_000, |w| w.sounding(GUILD) == ["b"]).await);
        assert!(
            world
                .until(3_000, |w| matches!(w.answer(asked), Some(Say::Skipped { .. })))
                .await
        );
        assert_eq!(world.lines(|what| matches!(what, What::Identify(_))), 1);
    });
}

#[test]
fn a_new_gateway_session_joins_again_and_plays_on() {
    playing(7, |world| async move {
        world.discord.drop_gateway(ShardId(0), 1_000, true);
        assert!(world.until(3_000, |w| w.sounding(GUILD).is_empty()).await);
        assert!(world.until(3_000, |w| w.sounding(GUILD) == ["a"]).await);
        assert_eq!(world.discord.own(GUILD), Some(LOUNGE));
        let bob = UserId(12);
        world.discord.sit(GUILD, bob, Some(ChannelId(22)));
        let told = world.say(GUILD, bob, Command::Skip);
        assert!(world.until(2_000, |w| w.answer(told).is_some()).await);
        assert!(matches!(
            refused(world.answer(told).as_ref()),
            Some(Refusal::OtherChannel { .. })
        ));
    });
}

#[test]
fn a_new_session_at_the_start_joins_again_and_plays_on() {
    playing(8, |world| async move {
        world.kill().await;
        world.discord.drop_gateway(ShardId(0), 0, true);
        world.start().await.expect("a process");
        assert!(
            world
                .until(5_000, |w| w.sounding(GUILD) == ["a"] && w.begins("a") == 2)
                .await
        );
        assert!(world.audio.sounding(GUILD)[0].position_ms >= 900);
    });
}

#[test]
fn a_player_that_nobody_wants_is_deleted_and_an_unwanted_seat_left() {
    playing(9, |world| async move {
        world.store.set(StoreMode::Down);
        let left = world.asks(Command::Disconnect).await;
        assert!(is_unsaved(&left) && matches!(done(left), Some(Say::Left { .. })));
        world.kill().await;
        world.store.set(StoreMode::Up(1));
        world.discord.move_bot(GUILD, Some(LOUNGE));
        world.wait_ms(1_000).await;
        world.start().await.expect("a process");
        world.wait_ms(5_000).await;
        assert_eq!(world.audio.players(GUILD).len(), world.sounding(GUILD).len());
    });
}

#[test]
fn a_listener_who_leaves_pauses_it_and_one_who_returns_resumes_it() {
    playing(10, |world| async move {
        world.discord.sit(GUILD, ANN, None);
        assert!(world.until(1_000, |w| w.sounding(GUILD).is_empty()).await);
        world.wait_ms(10_000).await;
        world.discord.sit(GUILD, ANN, Some(LOUNGE));
        assert!(world.until(1_000, |w| w.sounding(GUILD) == ["a"]).await);
        world.discord.sit(GUILD, ANN, None);
        assert!(
            world.until(121_000, |w| w.discord.own(GUILD).is_none()).await,
            "it leaves after two minutes"
        );
        assert!(world.audio.players(GUILD).is_empty());
    });
}

#[test]
fn a_join_without_an_answer_says_why() {
    world(11, |world| async move {
        world.discord.ignore_voice(true);
        let told = world.asks(Command::Connect).await;
        assert!(
            matches!(refused(told.as_ref()), Some(Refusal::CannotJoin { .. })),
            "{told:?}"
        );
    });
}

#[test]
fn guilds_of_several_shards_and_arbiters_play_side_by_side() {
    World::run(12, |world| async move {
        {
            let mut settings = world.settings.borrow_mut();
            settings.total_shards = 3;
            settings.shards = (0..3).map(ShardId).collect();
            settings.threads = 2;
        }
        let guilds: Vec<GuildId> = (0..6).map(|n| GuildId(n << 22)).collect();
        world.audio.add_track("a", Some(180_000));
        for guild in &guilds {
            world.discord.add_guild(*guild);
            world.discord.sit(*guild, ANN, Some(LOUNGE));
        }
        world.start().await.expect("a process");
        world.wait_ms(200).await;
        for guild in &guilds {
            world.play(*guild, ANN, "a");
        }
        let all = |w: &World| guilds.iter().all(|guild| w.sounding(*guild) == ["a"]);
        assert!(world.until(2_000, all).await);
        assert_eq!(world.lines(|what| matches!(what, What::Identify(_))), 3);
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(5_000).await;
        assert!(all(&world));
        assert_eq!(world.begins("a"), 6);
    });
}

#[test]
fn a_bot_that_is_moved_stays_there_whatever_was_under_way() {
    playing(13, |world| async move {
        let attic = ChannelId(22);
        world.discord.sit(GUILD, UserId(12), Some(attic));
        world.store.set(StoreMode::Up(100));
        world.say(GUILD, ANN, Command::Volume { percent: 70 });
        world.wait_ms(20).await;
        world.discord.move_bot(GUILD, Some(attic));
        world.wait_ms(3_000).await;
        assert_eq!(
            (world.discord.own(GUILD), world.sounding(GUILD)),
            (Some(attic), vec!["a".to_owned()])
        );
        assert_eq!(world.lines(|what| matches!(what, What::Voice(_))), 1);
    });
}
