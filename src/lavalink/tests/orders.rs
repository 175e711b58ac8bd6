//! Orders and look-ups, against the stand-in node.

use std::time::Duration;

use ostinato_actors::ports::PortErrorKind;
use ostinato_machine::guild::{Loaded, PlayerOrder, Report};
use ostinato_machine::ids::NodeId;

use super::stage::{SHARD, Stage, act, stop, tag, until};

#[test]
fn one_order_connects_voice_and_plays_from_a_position() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        bot.order(1, stage.play(1, "long", 3, 30_000)).await.unwrap();
        until(|| stage.sound.sounding(1).is_some(), || "sound".into()).await;
        let (_, player) = stage.node.players().remove(0);
        assert!(player.position_ms >= 30_000, "{player:?}");
        assert_eq!(stage.sound.sounding(1).as_deref(), Some("long"));
        until(
            || bot.reports().contains(&(1, Report::Started { tag: tag(3) })),
            || "a start".into(),
        )
        .await;
        bot.order(
            1,
            PlayerOrder::Delete {
                node: NodeId::new("n1"),
            },
        )
        .await
        .unwrap();
        assert!(stage.node.players().is_empty());
        assert!(stage.findings.summary().violations.is_empty());
    });
}

#[test]
fn an_order_for_a_session_that_is_not_up_is_gone_at_once() {
    act(|| async {
        let stage = Stage::new().await;
        stage.node.kill();
        let bot = stage.bot(stage.settings(), None);
        let gone = bot.order(1, stop()).await.unwrap_err();
        assert_eq!(gone.kind, PortErrorKind::Gone);
        let elsewhere = PlayerOrder::Delete {
            node: NodeId::new("nobody"),
        };
        assert_eq!(bot.order(1, elsewhere).await.unwrap_err().kind, PortErrorKind::Gone);
    });
}

#[test]
fn a_track_that_the_node_can_t_read_is_refused_for_good() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        bot.hears("up").await;
        let mut order = stage.play(1, "long", 1, 0);
        if let PlayerOrder::Patch {
            track: Some(Some(track)),
            ..
        } = &mut order
        {
            track.encoded = std::sync::Arc::new(ostinato_machine::track::Track {
                encoded: "AAAA".into(),
                ..Default::default()
            });
        }
        let refused = bot.order(1, order).await.unwrap_err();
        assert_eq!((refused.kind, refused.is_retryable()), (PortErrorKind::Refused, false));
    });
}

#[test]
fn a_voice_order_that_hangs_takes_its_player_along_so_that_the_next_one_is_answered() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        settings.order = Duration::from_millis(200);
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        stage.node.hang_voice(true);
        let late = bot.order(1, stage.play(1, "long", 1, 0)).await.unwrap_err();
        assert_eq!(late.kind, PortErrorKind::Timeout);
        assert!(stage.node.players().is_empty());
        stage.node.hang_voice(false);
        bot.order(1, stage.play(1, "long", 2, 0)).await.unwrap();
        until(|| stage.sound.sounding(1).is_some(), || "sound".into()).await;
        assert_eq!(bot.words(), "up");
    });
}

#[test]
fn too_many_unanswered_voice_orders_drain_a_node_and_only_a_restart_brings_it_back() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        (settings.order, settings.ping) = (Duration::from_millis(60), Duration::from_millis(100));
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        stage.node.hang_voice(true);
        for guild in 1..=8 {
            let late = bot.order(guild, stage.play(guild, "long", 1, 0)).await.unwrap_err();
            assert_eq!(late.kind, PortErrorKind::Timeout);
        }
        stage.node.hang_voice(false);
        bot.hears("up lost").await;
        // Its other players can still be taken away.
        bot.order(
            1,
            PlayerOrder::Delete {
                node: NodeId::new("n1"),
            },
        )
        .await
        .unwrap();
        let nowhere = bot.audio.load(SHARD, "long way".into()).await.unwrap_err();
        assert_eq!(nowhere.kind, PortErrorKind::Gone);
        stage.node.abort();
        bot.hears("up lost resumed lost").await;
        stage.node.kill();
        stage.node.restart();
        until(|| bot.words().ends_with("lost up"), || bot.words()).await;
        let (_, figures) = bot.nodes.figures().next().unwrap();
        let timeouts = figures.orders().find(|(ending, _)| *ending == "timeout").unwrap().1;
        assert!(timeouts.count >= 8, "{timeouts:?}");
        let counted = (figures.fresh.get(), figures.resumed.get(), figures.unanswered.get());
        assert_eq!(
            counted,
            (2, 1, 0),
            "two lives of the node, and one session that went on"
        );
        assert!(figures.losses.get() >= 2 && figures.drops.get() >= 1);
        let nowhere = bot.nodes.searches().searches().next().unwrap();
        assert_eq!((nowhere.0, nowhere.1, nowhere.2.count), ("asked", "gone", 1));
    });
}

#[test]
fn look_ups_of_every_kind_are_told_apart() {
    act(|| async {
        let stage = Stage::new().await;
        let bot = stage.bot(stage.settings(), None);
        // The node is still being dialled.
        let early = bot.audio.load(SHARD, "long way".into()).await.unwrap();
        assert!(
            matches!(&early, Loaded::Found(tracks) if tracks.len() == 1),
            "{early:?}"
        );
        let load = |query: &str| bot.audio.load(SHARD, query.into());
        let Loaded::Track(track) = load("https://music.example/track/long").await.unwrap() else {
            panic!("no track")
        };
        assert_eq!(
            (&*track.title, track.length_ms),
            ("Long Way", Some(super::stage::LONG_MS))
        );
        let found = load("way").await.unwrap();
        assert!(
            matches!(&found, Loaded::Found(tracks) if tracks.len() == 3),
            "{found:?}"
        );
        let list = load("https://music.example/playlist/two").await.unwrap();
        assert!(
            matches!(&list, Loaded::Playlist { name, tracks, selected: None } if &**name == "Two of them" && tracks.len() == 2)
        );
        assert_eq!(load("nothing like it").await.unwrap(), Loaded::Empty);
        let broken = load("https://music.example/track/broken").await.unwrap();
        let message = "this one is broken".into();
        assert_eq!(broken, Loaded::Error { message });
        stage.node.garbage(true);
        assert_eq!(load("way").await.unwrap_err().kind, PortErrorKind::Unreachable);
        stage.node.kill();
        bot.hears("up away lost").await;
        assert_eq!(load("way").await.unwrap_err().kind, PortErrorKind::Gone);
    });
}

#[test]
fn an_order_or_a_look_up_that_nobody_answers_ends_at_its_deadline() {
    act(|| async {
        let stage = Stage::new().await;
        let mut settings = stage.settings();
        (settings.order, settings.load) = (Duration::from_millis(50), Duration::from_millis(50));
        let bot = stage.bot(settings, None);
        bot.hears("up").await;
        stage.node.mute_rest(true);
        assert_eq!(bot.order(1, stop()).await.unwrap_err().kind, PortErrorKind::Timeout);
        let late = bot.audio.load(SHARD, "way".into()).await.unwrap_err();
        assert_eq!(late.kind, PortErrorKind::Timeout);
    });
}
