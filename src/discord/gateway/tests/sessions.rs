//! What happens to a session when connections come and go.

use std::rc::Rc;
use std::time::Duration;

use ostinato_actors::ports::{GatewayEvent, GatewaySession, GatewaySink};
use ostinato_machine::guild::{Input, Seat};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, ShardId, UserId};
use serde_json::json;

use super::server::{Seen, Server};
use super::{Bot, Interactions, SHARD, gate, limit, local};
use crate::discord::interaction::Interaction;
use crate::discord::written::Written;

fn seat_of(user: u64) -> GatewayEvent {
    let seat = Seat {
        user: UserId(user),
        channel: Some(ChannelId(50)),
        bot: false,
    };
    GatewayEvent::Input {
        guild: GuildId(1),
        cause: CauseId::Internal,
        input: Input::Seat(seat),
    }
}

fn join(server: &Server, user: u64) -> u64 {
    let data = json!({ "guild_id": "1", "user_id": user.to_string(), "channel_id": "50" });
    server.dispatch("VOICE_STATE_UPDATE", &data)
}

#[tokio::test]
async fn dispatches_come_in_order_with_their_numbers() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |settings| settings.listening_to = Some("/play".into())).await;
        for user in 10..60 {
            join(&server, user);
            server.dispatch("TYPING_START", &json!({}));
        }
        let sink = &bot.sink;
        sink.until("all seats", |sink| sink.events.borrow().len() == 51).await;
        let mut expected = vec![(
            1,
            GatewayEvent::Ready {
                guilds: vec![GuildId(1)],
            },
        )];
        expected.extend((10..60).map(|user| (2 + 2 * (user - 10), seat_of(user))));
        assert_eq!(*sink.events.borrow(), expected);
        server.dispatch("TYPING_START", &json!({}));
        let newest = join(&server, 60);
        sink.until("the last seat", |sink| sink.events.borrow().len() == 52)
            .await;
        let session = bot.gateway.session(SHARD).unwrap();
        assert_eq!((session.id.reveal(), session.sequence), ("session-0", newest));
        assert_eq!(session.resume_url, Some(format!("{}/resume", server.url())));
        let seen = server.seen();
        assert_eq!(
            seen[0],
            Seen::Connect {
                uri: "/?v=10&encoding=json&compress=zlib-stream".into()
            }
        );
        let Seen::Identify { shard: 0, data } = &seen[1] else {
            panic!("no IDENTIFY: {seen:?}")
        };
        assert_eq!((&data["intents"], &data["token"]), (&json!(129), &json!("Bot token")));
        assert_eq!(data["presence"]["activities"][0]["name"], "/play");
    })
    .await;
}

#[tokio::test]
async fn a_dropped_connection_is_resumed_at_the_sessions_address() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        let newest = join(&server, 10);
        bot.sink.until("the seat", |sink| sink.events.borrow().len() == 2).await;
        server.drop_connection();
        bot.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        let resume = Seen::Resume {
            session: "session-0".into(),
            sequence: newest,
        };
        assert!(server.seen().contains(&resume));
        assert_eq!(server.identifies(), 1);
        let resumed_at = |seen: &Seen| matches!(seen, Seen::Connect { uri } if uri.starts_with("/resume/?v=10"));
        assert_eq!(server.count(resumed_at), 1);
        let away = |event: &GatewayEvent| matches!(event, GatewayEvent::Away { .. });
        assert_eq!(bot.sink.count(away), 1);
    })
    .await;
}

#[tokio::test]
async fn a_connection_that_was_good_is_replaced_in_place() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |settings| settings.stable = Duration::ZERO).await;
        for times in 1..4 {
            server.drop_connection();
            bot.sink.until("RESUMED", |sink| sink.resumes() == times).await;
            join(&server, 10);
            bot.sink
                .until("a seat", |sink| sink.count(|event| *event == seat_of(10)) == times)
                .await;
        }
        assert_eq!((server.identifies(), server.resumes(), server.connects()), (1, 3, 4));
        let counts = bot.gateways.counts();
        assert_eq!((counts.resumes(), counts.connects()), (3, 4));
        let shard = counts.of(SHARD);
        assert!(shard.is_active() && shard.sequence.get() > 0 && shard.dispatches.get() >= 7);
        assert_eq!(bot.gateways.identifies(SHARD), 1);
    })
    .await;
}

#[tokio::test]
async fn an_away_gateway_costs_no_session() {
    local(async {
        let mut server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        server.go_away().await;
        let connects = bot.gateways.counts();
        // Each failed connect is followed by another; nothing else happens to be waited for here.
        let failed = async {
            while connects.connects() < 8 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), failed).await.unwrap();
        assert_eq!(bot.gateway.session(SHARD).unwrap().id, Hidden::new("session-0"));
        server.come_back().await;
        bot.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        assert_eq!((server.identifies(), server.resumes(), bot.sink.readies()), (1, 1, 1));
    })
    .await;
}

#[tokio::test]
async fn an_invalid_session_begins_a_new_one() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        server.refuse_resume(false);
        server.say(r#"{"op":7,"d":null}"#);
        bot.sink.until("a second READY", |sink| sink.readies() == 2).await;
        assert_eq!((server.identifies(), server.resumes(), bot.sink.resumes()), (2, 1, 0));
        assert_eq!(bot.gateway.session(SHARD).unwrap().id, Hidden::new("session-1"));
        let polite = Seen::Closed { code: Some(4000) };
        assert!(
            server.seen().contains(&polite),
            "op 7 is answered by a close that keeps the session"
        );
    })
    .await;
}

#[tokio::test]
async fn an_invalid_session_that_is_resumable_is_resumed() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |_| {}).await;
        server.refuse_resume(true);
        server.refuse_resume(true);
        server.close(4000);
        bot.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        assert_eq!((server.identifies(), server.resumes()), (1, 3));
    })
    .await;
}

#[tokio::test]
async fn close_codes_of_a_lost_session_identify_without_a_resume() {
    for code in [4007, 4009] {
        local(async {
            let server = Server::start().await;
            let bot = Bot::ready(&server, |_| {}).await;
            server.close(code);
            bot.sink.until("a second READY", |sink| sink.readies() == 2).await;
            assert_eq!((server.identifies(), server.resumes()), (2, 0), "{code}");
        })
        .await;
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_said_once_and_never_tried_again() {
    // 4014 with no intent that needs leave is beyond mending too.
    for code in [4004, 4010, 4011, 4012, 4013, 4014] {
        local(async {
            let server = Server::start().await;
            server.refuse_identify(code);
            let bot = Bot::new(&server, |_| {});
            bot.start(None);
            let fatal = |event: &GatewayEvent| matches!(event, GatewayEvent::Fatal { code: of, .. } if *of == code);
            bot.sink.until("Fatal", |sink| sink.count(fatal) == 1).await;
            // The task is over: there is nobody left who could connect.
            bot.gateway.close(SHARD).await.unwrap();
            assert_eq!(
                (server.identifies(), bot.gateways.counts().connects()),
                (1, 1),
                "{code}"
            );
            assert_eq!((bot.sink.events.borrow().len(), bot.gateway.session(SHARD)), (1, None));
        })
        .await;
    }
}

#[tokio::test]
async fn a_heartbeat_without_acknowledgement_ends_the_connection_but_not_the_session() {
    local(async {
        let server = Server::start().await;
        server.beat_each(Duration::from_millis(100));
        server.mute(true);
        let bot = Bot::new(&server, |_| {});
        bot.start(None);
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        // It talks all the time, and acknowledges nothing.
        while server.resumes() == 0 {
            join(&server, 10);
            let before = bot.sink.events.borrow().len();
            bot.sink
                .until("an event", |sink| sink.events.borrow().len() > before)
                .await;
        }
        server.mute(false);
        bot.sink.until("RESUMED", |sink| sink.resumes() > 0).await;
        assert_eq!(server.identifies(), 1);
        let latencies = bot.gateways.latencies();
        let acknowledged = async {
            while latencies.of(SHARD).is_none() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), acknowledged)
            .await
            .unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_close_leaves_a_session_that_another_process_resumes() {
    local(async {
        let server = Server::start().await;
        let first = Bot::ready(&server, |_| {}).await;
        let newest = join(&server, 10);
        first
            .sink
            .until("the seat", |sink| sink.events.borrow().len() == 2)
            .await;
        first.gateway.close(SHARD).await.unwrap();
        let closed = Seen::Closed { code: Some(4000) };
        server
            .until("a close that keeps the session", |server| {
                server.seen().contains(&closed)
            })
            .await;
        let session = first.gateway.session(SHARD).unwrap();
        let stored = serde_json::to_string(&session).unwrap();
        assert_eq!(first.gateways.counts().connects(), 1);

        let second = Bot::new(&server, |_| {});
        second.start(Some(serde_json::from_str(&stored).unwrap()));
        second.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        let resume = Seen::Resume {
            session: "session-0".into(),
            sequence: newest,
        };
        assert!(server.seen().contains(&resume));
        assert_eq!((server.identifies(), second.sink.readies()), (1, 0));
        // Nothing but the settings tells the second process who the bot is.
        server.dispatch(
            "VOICE_STATE_UPDATE",
            &json!({ "guild_id": "1", "user_id": "9", "channel_id": "50", "session_id": "v" }),
        );
        let own = |event: &GatewayEvent| {
            matches!(
                event,
                GatewayEvent::Input {
                    input: Input::OwnVoice { .. },
                    ..
                }
            )
        };
        second
            .sink
            .until("its own voice state", |sink| sink.count(own) == 1)
            .await;
    })
    .await;
}

#[tokio::test]
async fn an_unknown_session_and_a_dead_address_still_lead_to_a_session() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::new(&server, |_| {});
        let session = GatewaySession {
            id: Hidden::new("of another day"),
            sequence: 7,
            resume_url: Some("ws://127.0.0.1:1".into()),
            intents: 129,
        };
        bot.start(Some(session));
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        assert_eq!((server.identifies(), server.resumes()), (1, 1));
    })
    .await;
}

#[tokio::test]
async fn a_spent_budget_is_said_and_waited_for() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::new(&server, |settings| settings.identify = gate(limit(0, 1)));
        bot.start(None);
        let spent = |event: &GatewayEvent| matches!(event, GatewayEvent::Away { why } if why.contains("60 min"));
        bot.sink.until("the spent budget", |sink| sink.count(spent) == 1).await;
        assert_eq!(server.identifies(), 0);
        bot.gateway.close(SHARD).await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn an_address_of_another_kind_is_never_dialled() {
    for url in ["wss://gateway.example", "ws://bad address", "https://127.0.0.1"] {
        local(async {
            let server = Server::start().await;
            server.resume_at(url);
            let bot = Bot::ready(&server, |settings| settings.stable = Duration::ZERO).await;
            assert_eq!(bot.gateway.session(SHARD).unwrap().resume_url, None);
            server.say(r#"{"op":7,"d":null}"#);
            bot.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
            let own = |seen: &Seen| matches!(seen, Seen::Connect { uri } if uri.starts_with("/?v=10"));
            assert_eq!((server.count(own), server.identifies()), (2, 1), "{url}");
        })
        .await;
    }
}

struct Panics;

impl Interactions for Panics {
    fn interaction(&self, _: ShardId, _: u64, _: Interaction, _: &dyn GatewaySink) {
        panic!("an interaction that nobody can handle");
    }

    fn written(&self, _: ShardId, _: u64, _: &Written, _: UserId, _: &dyn GatewaySink) {
        panic!("a message that nobody can handle");
    }
}

#[tokio::test]
async fn a_panic_over_one_event_costs_a_reconnect_and_nothing_else() {
    local(async {
        let server = Server::start().await;
        let mut bot = Bot::new(&server, |_| {});
        bot.gateway = bot.gateways.port(Rc::new(Panics));
        bot.start(None);
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        let data = json!({ "id": "5", "application_id": "6", "token": "t", "type": 5, "user": { "id": "2" } });
        let sequence = server.dispatch("INTERACTION_CREATE", &data);
        bot.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        let session = "session-0".into();
        assert!(
            server.seen().contains(&Seen::Resume { session, sequence }),
            "the event is not replayed"
        );
    })
    .await;
}

#[tokio::test]
async fn a_greeting_that_makes_no_sense_is_outlived() {
    local(async {
        let server = Server::start().await;
        server.beat_each(Duration::ZERO);
        let bot = Bot::new(&server, |_| {});
        bot.start(None);
        server.until("two connects", |server| server.connects() >= 2).await;
        server.beat_each(Duration::from_secs(41));
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        assert_eq!(server.identifies(), 1);
    })
    .await;
}
