//! Sessions that come, drop, are resumed and are lost, against the stand-in node.

use std::time::Duration;

use ostinato_actors::ports::{AudioEvent, PortErrorKind};
use ostinato_machine::guild::{EndReason, Report};
use ostinato_machine::ids::{Hidden, NodeId};

use super::stage::{Bot, LONG_MS, SHARD, Stage, act, stop, tag, until};

#[test]
fn a_new_session_is_up_before_anything_else_is_said() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        until(|| bot.said().len() > 1, || "load figures".into()).await;
        assert!(matches!(bot.said()[0], AudioEvent::Up { resumed: false, .. }));
        assert!(stage.findings.summary().violations.is_empty());
    });
}

#[test]
fn a_dropped_connection_is_resumed_and_costs_no_frame() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 1, 2_000)).await.unwrap();
        let (session, _) = bot.session();
        stage.node.abort();
        bot.hears("up away resumed").await;
        let (again, players) = bot.session();
        assert_eq!(again, session);
        let (guild, seen) = &players[0];
        assert_eq!((guild.0, seen.tag, seen.connected), (1, Some(tag(1)), true));
        assert!(seen.position_ms >= 2_000 && seen.voice.is_some());
        assert_eq!(stage.sound.report(1, stage.now_ms()).longest_gap_ms, 0);
    });
}

#[test]
fn what_happened_while_away_follows_the_list_of_players_in_its_order() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.reconnect = Duration::from_secs(15);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        for guild in 1..=20 {
            bot.order(guild, stage.play(guild, "short", 1, 0)).await.unwrap();
        }
        bot.forget();
        stage.node.abort();
        stage.node.freeze(true);
        let all_over = || stage.node.players().iter().all(|(_, player)| player.track.is_none());
        until(all_over, || "the tracks to end".into()).await;
        stage.node.freeze(false);
        let ended = || {
            let is_end = |(_, report): &(u64, Report)| {
                matches!(
                    report,
                    Report::Ended {
                        reason: EndReason::Finished,
                        ..
                    }
                )
            };
            bot.reports().iter().filter(|said| is_end(said)).count()
        };
        until(|| ended() == 20, || format!("20 ends, heard {}", ended())).await;
        let said = bot.said();
        let up = said.iter().position(|event| matches!(event, AudioEvent::Up { .. }));
        let away = said.iter().position(|event| matches!(event, AudioEvent::Down { .. }));
        let guilds_between = |event: &AudioEvent| matches!(event, AudioEvent::Guild { .. });
        let (away, up) = (away.unwrap(), up.unwrap());
        assert!(away < up && !said[away..up].iter().any(guilds_between), "{said:?}");
    });
}

#[test]
fn events_of_a_guild_come_in_the_order_in_which_they_happened() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        for play in 1..=60 {
            bot.order(1, stage.play(1, "long", play, 0)).await.unwrap();
        }
        bot.order(1, stop()).await.unwrap();
        let plays = || {
            let play = |(_, report): (u64, Report)| match report {
                Report::Started { tag } => Some((tag.play, "start")),
                Report::Ended { tag, .. } => Some((tag.play, "end")),
                Report::Whole(_)
                | Report::Update { .. }
                | Report::Failed { .. }
                | Report::Stuck { .. }
                | Report::VoiceClosed { .. }
                | Report::Refused { .. }
                | Report::Missing => None,
            };
            bot.reports().into_iter().filter_map(play).collect::<Vec<_>>()
        };
        until(
            || plays().len() == 120,
            || format!("120 events, heard {}", plays().len()),
        )
        .await;
        let expected: Vec<_> = (1..=60).flat_map(|play| [(play, "start"), (play, "end")]).collect();
        assert_eq!(plays(), expected);
    });
}

#[test]
fn a_killed_node_is_lost_at_once_and_comes_back_as_a_new_session() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        stage.node.kill();
        bot.hears("up away lost").await;
        let gone = bot.order(1, stop()).await.unwrap_err();
        assert_eq!(gone.kind, PortErrorKind::Gone);
        stage.node.restart();
        bot.hears("up away lost up").await;
        assert!(bot.session().1.is_empty());
        bot.order(1, stage.play(1, "long", 2, 0)).await.unwrap();
    });
}

#[test]
fn a_node_that_is_shut_down_in_order_is_lost_at_once_too() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        stage.node.shut_down();
        bot.hears("up away lost").await;
        let closed = |event: &AudioEvent| matches!(event, AudioEvent::Down { why, .. } if why.contains("1001"));
        assert!(bot.said().iter().any(closed), "{:?}", bot.said());
    });
}

#[test]
fn a_session_that_ran_out_while_away_is_said_to_be_a_new_one() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.reconnect = Duration::from_secs(15);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        stage.node.freeze(true);
        stage.node.abort();
        until(|| bot.words() == "up away", || bot.words()).await;
        stage.node.expire_sessions();
        stage.node.freeze(false);
        until(
            || bot.words().ends_with("away up") || bot.words().ends_with("resumed"),
            || bot.words(),
        )
        .await;
        let (_, players) = bot.session();
        assert_eq!((bot.words().as_str(), players.len()), ("up away up", 0));
    });
}

#[test]
fn a_node_that_accepts_and_never_upgrades_is_lost() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.reconnect = Duration::from_millis(200);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        stage.node.never_upgrade(true);
        stage.node.abort();
        bot.hears("up away lost").await;
        stage.node.never_upgrade(false);
        bot.hears("up away lost resumed").await;
    });
}

#[test]
fn a_black_hole_is_away_when_silent_for_too_long_and_lost_when_it_does_not_answer() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        (settings.ping, settings.dead) = (Duration::from_millis(100), Duration::from_millis(300));
        settings.reconnect = Duration::from_millis(200);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        let (session, _) = bot.session();
        stage.node.freeze(true);
        bot.hears("up away lost").await;
        // It is back, and its players were told to go elsewhere: they are listed, so that they can be deleted.
        stage.node.freeze(false);
        bot.hears("up away lost resumed").await;
        assert_eq!(bot.session().0, session);
        assert_eq!(bot.session().1.len(), 1);
    });
}

#[test]
fn the_design_s_times_keep_a_black_hole_s_gap_below_six_seconds() {
    let settings = super::super::LavalinkSettings::new(Vec::new(), ostinato_machine::ids::UserId(1));
    assert!(settings.dead + settings.reconnect <= Duration::from_millis(5_500));
    assert!(settings.ping * 2 < settings.dead);
}

#[test]
fn a_node_whose_handshake_works_but_whose_answers_do_not_is_lost_and_not_stormed() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        (settings.reconnect, settings.order) = (Duration::from_millis(400), Duration::from_millis(300));
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        stage.node.garbage(true);
        stage.node.abort();
        bot.hears("up away lost").await;
        let asked = || {
            stage.findings.counted("lavalink.GET v4/sessions/…/players")
                + stage.findings.counted("lavalink.PATCH v4/sessions/…")
        };
        assert!((1..20).contains(&asked()), "asked {} times", asked());
        stage.node.garbage(false);
        until(
            || bot.words().ends_with("resumed") || bot.words().ends_with("lost up"),
            || bot.words(),
        )
        .await;
    });
}

#[test]
fn a_node_that_answers_no_order_is_lost_although_its_socket_is_alive() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.order = Duration::from_millis(200);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        stage.node.mute_rest(true);
        for _ in 0..3 {
            let late = bot.order(1, stop()).await.unwrap_err();
            assert_eq!(late.kind, PortErrorKind::Timeout);
        }
        bot.hears("up lost").await;
        stage.node.mute_rest(false);
        bot.hears("up lost resumed").await;
        assert_eq!(bot.session().1.len(), 1);
        assert_eq!(stage.sound.report(1, stage.now_ms()).longest_gap_ms, 0);
    });
}

#[test]
fn a_wrong_password_is_said_once_and_names_the_fix() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.nodes[0].password = Hidden::new("sesame open");
        settings.backoff_max = Duration::from_millis(20);
        settings.backoff_min = settings.backoff_max;
        let bot = stage.bot(settings, None);
        until(
            || stage.findings.summary().violations.len() >= 4,
            || "four attempts".into(),
        )
        .await;
        let [AudioEvent::Down { lost: true, why, .. }] = &bot.said()[..] else {
            panic!("{:?}", bot.said())
        };
        assert!(why.contains("LAVALINK_NODES") && !why.contains("sesame"), "{why}");
    });
}

#[test]
fn frames_that_make_no_sense_change_nothing() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        stage.node.garbage(true);
        stage.node.garbage(false);
        bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        until(|| !bot.reports().is_empty(), || "a report".into()).await;
        assert_eq!(bot.words(), "up");
    });
}

#[test]
fn after_a_close_players_play_on_and_the_next_process_adopts_them() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        // A close must not have to wait for a ping.
        (settings.ping, settings.dead) = (Duration::from_secs(3_600), Duration::from_secs(7_200));
        let first = stage.bot(settings.clone(), None);
        first.hears("up").await;
        first.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        let (session, _) = first.session();
        first.audio.close(SHARD).await.unwrap();
        assert_eq!(first.words(), "up");
        let late = first.order(1, stop()).await.unwrap_err();
        assert_eq!(late.kind, PortErrorKind::Gone);

        let second = stage.bot(settings, Some(&session));
        second.hears("resumed").await;
        let (again, players) = second.session();
        assert_eq!((again, players[0].1.tag), (session, Some(tag(1))));
        assert!(players[0].1.position_ms < LONG_MS);
        assert_eq!(stage.sound.report(1, stage.now_ms()).longest_gap_ms, 0);
    });
}

#[test]
fn a_close_does_not_wait_for_a_node_that_hangs() {
    act(|| async {
        let stage = Stage::new().await;
        stage.node.freeze(true);
        let bot = stage.bot(stage.settings(), None);
        tokio::task::yield_now().await;
        bot.audio.close(SHARD).await.unwrap();
        assert_eq!(bot.words(), "");
    });
}

#[test]
fn a_stored_session_that_is_no_more_gives_way_to_a_new_one() {
    act(|| async {
        let stage = Stage::new().await;
        for stored in ["0123456789abcdef", "not a\nheader"] {
            let bot = stage.bot(stage.settings(), Some(stored));
            bot.hears("up").await;
            bot.audio.close(SHARD).await.unwrap();
        }
    });
}

#[test]
fn a_session_that_the_node_still_believes_open_is_left_and_emptied() {
    act(|| async {
        let stage = Stage::new().await;
        let first = stage.bot(stage.settings(), None);
        first.hears("up").await;
        first.order(1, stage.play(1, "long", 1, 0)).await.unwrap();
        first.order(2, stage.play(2, "long", 1, 0)).await.unwrap();
        // The process is gone, and its node has not noticed.
        let (session, _) = first.session();
        let second = stage.bot(stage.settings(), Some(&session));
        second.hears("up").await;
        assert_eq!(stage.node.players().len(), 2);
        second.order(1, stage.play(1, "long", 2, 0)).await.unwrap();
        until(|| stage.node.players().len() == 1, || "one player to be left".into()).await;
        assert_eq!(stage.node.players()[0].0, 1);
        assert!(stage.sound.report(1, stage.now_ms()).longest_gap_ms < sandbox::sound::FRAME_MS);
    });
}

#[test]
fn nodes_are_independent_of_each_other() {
    act(|| async {
        let (here, there) = (Stage::new().await, Stage::new().await);
        let mut settings = here.settings();
        let mut other = there.settings().nodes.remove(0);
        other.id = NodeId::new("n2");
        settings.nodes.push(other);
        there.node.freeze(true);
        let bot = Bot::new(settings, None);
        bot.hears("up").await;
        here.node.kill();
        there.node.freeze(false);
        until(|| bot.words().ends_with("up"), || bot.words()).await;
    });
}
