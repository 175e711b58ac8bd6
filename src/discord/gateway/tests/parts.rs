//! Voice wants, interactions, hostile frames, and the parts that need no socket.

use std::time::Duration;

use ostinato_actors::ports::GatewayEvent;
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};
use serde_json::json;
use tokio::time::Instant;
use twilight_gateway::queue::Queue as _;

use super::super::address::{address, resume_address};
use super::super::backoff::{Backoff, Ending};
use super::super::identify::Permits;
use super::super::pulse::Pulse;
use super::super::voice_wants::{SendWindow, VoiceWants};
use super::super::{GatewaySettings, Gateways, IdentifyGate, SessionStartLimit};
use super::server::{Seen, Server};
use super::{Bot, SHARD, limit, local};

fn voice(guild: u64, channel: Option<u64>) -> Seen {
    Seen::Voice {
        guild: guild.to_string(),
        channel: channel.map(|channel| channel.to_string()),
    }
}

fn voices(server: &Server) -> Vec<Seen> {
    let mut seen = server.seen();
    seen.retain(|seen| matches!(seen, Seen::Voice { .. }));
    seen
}

#[tokio::test]
async fn the_last_wanted_channel_wins_and_waits_for_the_session() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::new(&server, |_| {});
        bot.start(None);
        let want = |guild, channel: Option<u64>| bot.gateway.want_voice(SHARD, GuildId(guild), channel.map(ChannelId));
        want(1, Some(50));
        want(2, Some(60));
        want(1, None);
        want(1, Some(51));
        server.until("two wants", |server| voices(server).len() >= 2).await;
        want(3, None);
        server.until("a third want", |server| voices(server).len() >= 3).await;
        assert_eq!(
            voices(&server),
            [voice(1, Some(51)), voice(2, Some(60)), voice(3, None)]
        );
    })
    .await;
}

#[tokio::test]
async fn an_unconfirmed_want_is_sent_again_after_a_reconnect() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        bot.gateway.want_voice(SHARD, GuildId(1), Some(ChannelId(50)));
        bot.gateway.want_voice(SHARD, GuildId(2), Some(ChannelId(60)));
        server.until("both wants", |server| voices(server).len() == 2).await;
        let own = json!({ "guild_id": "1", "user_id": "9", "channel_id": "50", "session_id": "v" });
        server.dispatch("VOICE_STATE_UPDATE", &own);
        bot.sink
            .until("the confirmation", |sink| sink.events.borrow().len() == 2)
            .await;
        server.drop_connection();
        server.until("the want again", |server| voices(server).len() == 3).await;
        bot.gateway.want_voice(SHARD, GuildId(3), None);
        server.until("another want", |server| voices(server).len() == 4).await;
        assert_eq!(voices(&server)[2..], [voice(2, Some(60)), voice(3, None)]);
    })
    .await;
}

#[tokio::test]
async fn wants_leave_a_reserve_of_the_send_budget() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |settings| settings.send_reserve = 20).await;
        for guild in 1..=200 {
            bot.gateway.want_voice(SHARD, GuildId(guild), Some(ChannelId(50)));
        }
        server.until("the budget", |server| voices(server).len() >= 90).await;
        // Events on the same connection come later than every send that was made before.
        server.dispatch("GUILD_DELETE", &json!({ "id": "1" }));
        bot.sink.until("an event", |sink| sink.events.borrow().len() == 2).await;
        assert!(voices(&server).len() <= 98, "{}", voices(&server).len());
        assert_eq!(bot.gateways.counts().connects(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_interaction_keeps_its_number() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        let data = json!({ "id": "5", "application_id": "6", "token": "t", "type": 2, "guild_id": "1", "channel_id": "70",
            "member": { "user": { "id": "2" }, "permissions": "0" }, "data": { "name": "skip", "type": 1 } });
        let number = server.dispatch("INTERACTION_CREATE", &data);
        bot.sink.until("the interaction", |sink| sink.events.borrow().len() == 2).await;
        let kept = bot.interactions.0.borrow();
        assert_eq!((kept.len(), kept[0].0, kept[0].1.id), (1, number, 5));
        assert_eq!(kept[0].1.guild, Some(GuildId(1)));
    })
    .await;
}

#[tokio::test]
async fn frames_that_make_no_sense_are_counted_and_outlived() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        for frame in [
            "no JSON",
            "[]",
            "{}",
            r#"{"op":0,"d":{}}"#,
            r#"{"op":99,"d":{}}"#,
            r#"{"op":0,"t":"X","d":{}}"#,
        ] {
            server.say(frame);
        }
        server.dispatch("VOICE_STATE_UPDATE", &json!({ "guild_id": "1", "user_id": [] }));
        server.dispatch("GUILD_CREATE", &json!("a text"));
        let gone = server.dispatch("GUILD_DELETE", &json!({ "id": "1" }));
        let event = (gone, GatewayEvent::GuildGone { guild: GuildId(1) });
        bot.sink
            .until("what follows", |sink| sink.events.borrow().last() == Some(&event))
            .await;
        let malformed = bot.gateways.counts().malformed();
        assert_eq!(
            malformed,
            [("GUILD_CREATE", 1), ("VOICE_STATE_UPDATE", 1), ("frame", 4)]
        );
        assert_eq!(bot.gateways.counts().connects(), 1);
    })
    .await;
}

#[test]
fn only_addresses_of_the_gateways_own_kind_are_dialled() {
    assert_eq!(
        address("wss://gateway.discord.gg/"),
        Some("wss://gateway.discord.gg".into())
    );
    assert_eq!(
        address(" ws://127.0.0.1:5/resume/?v=9"),
        Some("ws://127.0.0.1:5/resume".into())
    );
    for bad in [
        "",
        "gateway.discord.gg",
        "https://gateway.discord.gg",
        "wss://",
        "/path",
        "wss:// x",
    ] {
        assert_eq!(address(bad), None, "{bad}");
    }
    assert_eq!(resume_address("wss://a.example", "ws://b.example"), None);
    assert_eq!(resume_address("ws://127.0.0.1:5", "wss://gateway.discord.gg"), None);
    assert_eq!(
        resume_address("wss://a.example", "wss://b.example/"),
        Some("wss://b.example".into())
    );
}

#[test]
fn both_addresses_are_tried_before_each_wait() {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    let mut waits = Vec::new();
    for _ in 0..16 {
        backoff.ended(Ending::Early, true);
        waits.push(backoff.delay(false, 0.0).as_millis());
    }
    assert_eq!(
        waits,
        [0, 50, 0, 100, 0, 200, 0, 400, 0, 800, 0, 1_600, 0, 2_000, 0, 2_000]
    );
    assert_eq!(backoff.delay(false, 1.0).as_millis(), 1_000);
    backoff.ended(Ending::Stable, true);
    assert_eq!(backoff.delay(false, 0.0), Duration::ZERO);
    backoff.ended(Ending::Short, true);
    assert_eq!(backoff.delay(false, 0.0).as_millis(), 50);
}

#[test]
fn identifies_that_lead_to_nothing_become_rare() {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_secs(2));
    let mut a_day = Duration::ZERO;
    let mut identifies = 0;
    while a_day < Duration::from_secs(86_400) {
        backoff.fruitless();
        backoff.ended(Ending::Early, false);
        a_day += backoff.delay(true, 0.5);
        identifies += 1;
    }
    assert!(identifies < 1_000, "{identifies} a day cost the token");
    assert!(backoff.delay(false, 0.0) <= Duration::from_secs(2), "a resume is free");
}

#[test]
fn a_late_acknowledgement_is_one() {
    let begin = std::time::Instant::now();
    let at = |ms| Some(begin + Duration::from_millis(ms));
    let mut pulse = Pulse::new(Duration::from_millis(100));
    assert!(!pulse.is_missed(None));
    assert!(!pulse.is_missed(at(0)));
    assert!(!pulse.is_missed(at(10)), "a heartbeat on request proves nothing");
    pulse.acknowledge(at(110));
    assert!(!pulse.is_missed(at(110)));
    assert!(!pulse.is_missed(at(210)), "the last one was acknowledged");
    assert!(pulse.is_missed(at(310)));
}

#[test]
fn wants_are_bounded_confirmed_and_forgotten() {
    let now = Instant::now();
    let mut wants = VoiceWants::new(2);
    assert!(wants.want(GuildId(1), None) && wants.want(GuildId(2), None));
    assert!(!wants.want(GuildId(3), None) && wants.want(GuildId(1), Some(ChannelId(5))));
    assert_eq!(wants.send(now), Some((GuildId(1), Some(ChannelId(5)))));
    wants.confirm(GuildId(1), None);
    wants.confirm(GuildId(2), None);
    wants.again();
    assert_eq!(wants.send(now), Some((GuildId(2), None)));
    assert_eq!(wants.send(now), Some((GuildId(1), Some(ChannelId(5)))));
    wants.confirm(GuildId(1), Some(ChannelId(5)));
    wants.expire(now + Duration::from_secs(10), Duration::from_secs(10));
    wants.again();
    assert_eq!(wants.send(now), None);
    assert!(!wants.is_waiting());
}

#[test]
fn a_minute_has_so_many_sends() {
    let begin = Instant::now();
    let mut window = SendWindow::default();
    assert_eq!((0..5).filter(|_| window.take(begin, 3)).count(), 3);
    assert!(!window.take(begin + Duration::from_millis(59_999), 3));
    assert!(window.take(begin + Duration::from_secs(60), 3));
}

/// Shards in the order in which a gate lets them through while time is stepped by 100 ms, with the time in ms.
async fn let_through(gate: &std::sync::Arc<IdentifyGate>, shards: &[u32], until_ms: u64) -> Vec<(u32, u64)> {
    let permits = Permits(std::sync::Arc::clone(gate));
    let begin = Instant::now();
    let mut waiting: Vec<_> = shards.iter().map(|shard| (*shard, permits.enqueue(*shard))).collect();
    waiting.sort_by_key(|(shard, _)| *shard);
    let mut through = Vec::new();
    for ms in (0..=until_ms).step_by(100) {
        let _ = gate.pump(0, begin + Duration::from_millis(ms));
        waiting.retain_mut(|(shard, permit)| {
            let granted = permit.try_recv().is_ok();
            if granted {
                through.push((*shard, ms));
            }
            !granted
        });
    }
    through
}

#[tokio::test]
async fn a_bucket_identifies_one_shard_in_five_seconds_in_order() {
    let gate = IdentifyGate::new(limit(10, 2));
    let through = let_through(&gate, &[0, 1, 4, 3, 2], 12_000).await;
    let shards: Vec<_> = through.iter().map(|(shard, _)| *shard).collect();
    assert_eq!(shards, [0, 1, 2, 3, 4]);
    assert!(
        through[1].1 == 0 && (5_000..5_500).contains(&through[2].1),
        "{through:?}"
    );
    assert!(
        (5_000..5_500).contains(&through[3].1) && through[4].1 >= 10_000,
        "{through:?}"
    );
    assert_eq!(gate.granted(), 5);
}

#[tokio::test]
async fn the_days_budget_is_kept_and_renewed() {
    let gate = IdentifyGate::new(limit(2, 16));
    assert_eq!(gate.allows(2), Ok(()));
    let spent = gate.allows(3).unwrap_err();
    assert_eq!((spent.remaining, spent.needed), (2, 3));
    let through = let_through(&gate, &[0, 1, 2], 3_700_000).await;
    assert!(through[1].1 == 0 && through[2].1 >= 3_590_000, "{through:?}");
}

#[tokio::test]
async fn a_shard_that_gave_up_takes_no_permit() {
    let gate = IdentifyGate::new(SessionStartLimit {
        remaining: 1,
        ..limit(1, 1)
    });
    let permits = Permits(std::sync::Arc::clone(&gate));
    gate.update(limit(0, 1));
    drop(permits.enqueue(0));
    let second = permits.enqueue(1);
    gate.update(limit(1, 1));
    tokio::time::timeout(Duration::from_secs(10), second)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(gate.granted(), 1);
}

#[test]
fn the_gateway_crosses_threads_and_hides_its_token() {
    fn crosses<T: Send + Sync>() {}
    crosses::<Gateways>();
    let settings = GatewaySettings::new(
        Hidden::new("abc.def"),
        UserId(9),
        "wss://gateway.example".into(),
        129,
        IdentifyGate::new(limit(1, 1)),
    );
    assert!(!format!("{:?}", Gateways::new(settings.clone()).unwrap()).contains("abc"));
    let url = "https://gateway.example".to_owned();
    assert!(Gateways::new(GatewaySettings { url, ..settings }).is_err());
}
