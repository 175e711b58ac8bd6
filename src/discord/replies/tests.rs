mod cards;

use std::time::Duration;

use ostinato_machine::guild::Refusal;
use serde_json::{Value, json};

use super::*;
use crate::discord::rest::tests::TestClock;
use crate::discord::rest::tests::server::{Reply, Server};

const NOW_MS: u64 = 1_000_000_000_000;
const GUILD: GuildId = GuildId(2);

fn replies(server: &Server, age_ms: u64) -> (Replies, ReplyTo) {
    let clock: Rc<dyn Clock> = TestClock::at(NOW_MS);
    let rest = Rest::new(&server.settings(), Rc::clone(&clock)).unwrap();
    let reply = ReplyTo {
        id: 5,
        via: Via::Interaction {
            application: 7,
            token: Hidden::new("tok"),
            component: false,
        },
        arrived_ms: NOW_MS - age_ms,
        made_ms: NOW_MS - age_ms,
        public: true,
    };
    (Replies::new(rest, clock, UserId(9)), reply)
}

async fn accepting() -> Server {
    Server::answering(|_| Reply::json(200, &json!({ "id": "1" }))).await
}

fn line(server: &Server) -> String {
    server.asked().pop().unwrap().line
}

fn body(server: &Server) -> Value {
    server.asked().pop().unwrap().body
}

fn volume() -> Say {
    Say::Volume { percent: 80 }
}

fn refused() -> Say {
    Say::Refused(Refusal::NothingPlaying)
}

#[tokio::test]
async fn an_answer_is_one_callback_with_its_words_and_nobody_is_pinged() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    let first = First::Answer {
        say: volume(),
        public: true,
    };
    replies.first(&reply, GUILD, first).await.unwrap();
    assert_eq!(line(&server), "POST /api/v10/interactions/5/tok/callback");
    let body = body(&server);
    assert_eq!(body["type"], 4);
    assert_eq!(body["data"]["embeds"][0]["description"], "The volume is 80 %.");
    assert_eq!(body["data"]["allowed_mentions"]["parse"], json!([]));
    assert_eq!(body["data"]["flags"].as_u64().unwrap_or(0) & 64, 0);
    assert!(body["data"].get("content").is_none());
}

#[tokio::test]
async fn a_private_answer_and_every_refusal_are_for_the_caller_alone() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    for (say, public) in [(volume(), false), (refused(), true), (refused(), false)] {
        replies
            .first(
                &reply,
                GUILD,
                First::Answer {
                    say: say.clone(),
                    public,
                },
            )
            .await
            .unwrap();
        assert_eq!(body(&server)["data"]["flags"], 64, "{say:?}");
        replies.follow_up(&reply, GUILD, say, public).await.unwrap();
        assert_eq!(line(&server), "POST /api/v10/webhooks/7/tok");
        assert_eq!(body(&server)["flags"], 64);
    }
    replies.follow_up(&reply, GUILD, volume(), true).await.unwrap();
    assert!(body(&server).get("flags").is_none());
}

#[tokio::test]
async fn a_deferral_has_the_visibility_of_the_answer() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    for (public, flags) in [(true, 0), (false, 64)] {
        replies.first(&reply, GUILD, First::Defer { public }).await.unwrap();
        let body = body(&server);
        assert_eq!(body["type"], 5);
        assert_eq!(body["data"]["flags"].as_u64().unwrap_or(0), flags);
    }
}

#[tokio::test]
async fn an_edit_replaces_text_and_card() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    replies.edit(&reply, GUILD, volume()).await.unwrap();
    assert_eq!(line(&server), "PATCH /api/v10/webhooks/7/tok/messages/@original");
    assert_eq!(
        (
            &body(&server)["content"],
            body(&server)["embeds"].as_array().unwrap().len()
        ),
        (&json!(""), 1)
    );
    replies.edit(&reply, GUILD, refused()).await.unwrap();
    let body = body(&server);
    assert!(body["content"].as_str().unwrap().starts_with("Nothing is playing"));
    assert_eq!(
        (&body["embeds"], &body["allowed_mentions"]["parse"]),
        (&json!([]), &json!([]))
    );
}

#[tokio::test]
async fn an_old_interaction_is_gone_without_a_request() {
    let server = accepting().await;
    let (young, reply) = replies(&server, 500);
    young.local(&reply, &Local::UnknownInteraction).await.unwrap();
    assert_eq!(server.asked().len(), 1);

    let (old, reply) = replies(&server, 2_500);
    let error = old.local(&reply, &Local::UnknownInteraction).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Gone);
    old.edit(&reply, GUILD, volume()).await.unwrap();
    assert_eq!(server.asked().len(), 2);

    let (ancient, reply) = replies(&server, 14 * 60 * 1_000);
    for work in [
        ancient.edit(&reply, GUILD, volume()),
        ancient.delete(&reply),
        ancient.follow_up(&reply, GUILD, volume(), false),
    ] {
        assert_eq!(work.await.unwrap_err().kind, PortErrorKind::Gone);
    }
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_callback_leaves_before_2500_ms_or_never() {
    let server = Server::answering(|_| Reply::silence()).await;
    let (replies, reply) = replies(&server, 2_400);
    let work = replies.first(&reply, GUILD, First::Defer { public: true });
    let result = tokio::time::timeout(Duration::from_secs(2), work).await;
    assert_eq!(
        result.expect("it kept its own deadline").unwrap_err().kind,
        PortErrorKind::Timeout
    );
}

#[tokio::test]
async fn a_deletion_that_was_repeated_is_a_deletion() {
    let server = Server::scripted(vec![Reply::dropped(), Reply::status(404)]).await;
    let (replies, reply) = replies(&server, 10);
    replies.delete(&reply).await.unwrap();
    assert_eq!(line(&server), "DELETE /api/v10/webhooks/7/tok/messages/@original");
}

#[tokio::test]
async fn a_post_that_is_repeated_carries_the_same_nonce() {
    let server = Server::scripted(vec![Reply::dropped(), Reply::json(200, &json!({ "id": "1" }))]).await;
    let (replies, _) = replies(&server, 10);
    replies.post(GUILD, ChannelId(3), Say::NoNode).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].line, "POST /api/v10/channels/3/messages");
    assert_eq!(asked[0].body, asked[1].body);
    assert_eq!(asked[0].body["enforce_nonce"], true);
    assert!(
        asked[0].body["nonce"]
            .as_str()
            .is_some_and(|nonce| (1..=25).contains(&nonce.len()))
    );
    assert_eq!(asked[0].body["allowed_mentions"]["parse"], json!([]));
}

#[tokio::test]
async fn answers_without_a_guild_are_private_but_for_ping() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    replies.local(&reply, &Local::UnknownInteraction).await.unwrap();
    assert_eq!(body(&server)["data"]["flags"], 64);
    let ping = Local::Ping { delivered_ms: Some(52) };
    replies.local(&reply, &ping).await.unwrap();
    assert_eq!(body(&server)["data"]["flags"].as_u64().unwrap_or(0), 0);
    assert!(body(&server)["data"]["content"].as_str().unwrap().contains("52 ms"));
}

#[tokio::test]
async fn a_seat_is_a_channel_none_or_an_error() {
    let server = Server::scripted(vec![
        Reply::json(200, &json!({ "channel_id": "77", "user_id": "3", "session_id": "s" })),
        Reply::json(200, &json!({ "channel_id": null })),
        Reply::json(404, &json!({ "code": 10_065, "message": "Unknown Voice State" })),
        Reply::json(403, &json!({ "code": 50_001, "message": "Missing Access" })),
    ])
    .await;
    let (replies, _) = replies(&server, 10);
    let ask = || replies.seat_of(GUILD, UserId(3));
    assert_eq!(ask().await, Ok(Some(ChannelId(77))));
    assert_eq!(line(&server), "GET /api/v10/guilds/2/voice-states/3");
    assert_eq!(ask().await, Ok(None));
    assert_eq!(ask().await, Ok(None));
    assert_eq!(ask().await.unwrap_err().kind, PortErrorKind::Refused);
}

#[tokio::test]
async fn a_join_without_answer_is_explained_by_channel_roles_and_member() {
    let server = Server::answering(|asked| match asked.line.as_str() {
        "GET /api/v10/channels/3" => Reply::json(200, &json!({ "id": "3", "type": 2, "user_limit": 0 })),
        "GET /api/v10/channels/4" => Reply::json(404, &json!({ "code": 10_003, "message": "Unknown Channel" })),
        "GET /api/v10/channels/5" => Reply::json(403, &json!({ "code": 50_001, "message": "Missing Access" })),
        // May see and speak, but not connect.
        "GET /api/v10/guilds/2" => Reply::json(
            200,
            &json!({ "id": "2", "roles": [{ "id": "2", "permissions": (1_u64 << 10 | 1 << 21).to_string() }] }),
        ),
        _ => Reply::json(200, &json!({ "roles": [] })),
    })
    .await;
    let (replies, _) = replies(&server, 10);
    assert_eq!(replies.why_no_voice(GUILD, ChannelId(3)).await, Ok(JoinBlock::Connect));
    let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
    assert!(
        lines.contains(&"GET /api/v10/guilds/2/members/9".to_owned()),
        "{lines:?}"
    );
    assert_eq!(replies.why_no_voice(GUILD, ChannelId(4)).await, Ok(JoinBlock::Gone));
    assert_eq!(replies.why_no_voice(GUILD, ChannelId(5)).await, Ok(JoinBlock::View));
}

#[tokio::test]
async fn a_message_is_answered_beside_it_under_a_nonce_of_its_own_and_nobody_is_pinged() {
    let server = Server::scripted(vec![Reply::dropped(), Reply::json(200, &json!({ "id": "1" }))]).await;
    let (replies, reply) = replies(&server, 60_000);
    let reply = ReplyTo {
        via: Via::Message { channel: ChannelId(3) },
        ..reply
    };
    let first = First::Answer {
        say: refused(),
        public: true,
    };
    replies.first(&reply, GUILD, first).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2, "a lost answer is asked for again");
    assert_eq!(asked[1].line, "POST /api/v10/channels/3/messages");
    assert_eq!(asked[0].body, asked[1].body);
    let body = &asked[1].body;
    assert_eq!(body["message_reference"]["message_id"], "5");
    assert_eq!(body["message_reference"]["fail_if_not_exists"], false);
    assert_eq!((&body["nonce"], &body["enforce_nonce"]), (&json!("5"), &json!(true)));
    assert_eq!(
        body["allowed_mentions"],
        json!({ "parse": [], "users": [], "roles": [], "replied_user": false })
    );
    assert_eq!(body.get("flags"), None);
}

#[tokio::test]
async fn a_message_that_takes_longer_shows_that_the_bot_types_and_takes_no_edit() {
    let server = Server::answering(|_| Reply::status(204)).await;
    let (replies, reply) = replies(&server, 10);
    let reply = ReplyTo {
        via: Via::Message { channel: ChannelId(3) },
        ..reply
    };
    replies
        .first(&reply, GUILD, First::Defer { public: true })
        .await
        .unwrap();
    assert_eq!(line(&server), "POST /api/v10/channels/3/typing");
    let error = replies.edit(&reply, GUILD, volume()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Refused);
    assert_eq!(server.asked().len(), 1);
}

fn pressed(mut reply: ReplyTo, public: bool) -> ReplyTo {
    if let Via::Interaction { component, .. } = &mut reply.via {
        *component = true;
    }
    ReplyTo { public, ..reply }
}

#[tokio::test]
async fn a_button_updates_the_message_that_it_is_on_and_a_refusal_leaves_it_alone() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    let reply = pressed(reply, true);
    let first = |say, public| First::Answer { say, public };
    replies.first(&reply, GUILD, first(volume(), true)).await.unwrap();
    assert_eq!(body(&server)["type"], 7);
    // Every part is named: what is not named would stay.
    assert_eq!(body(&server)["data"]["content"], "");
    assert_eq!(body(&server)["data"]["components"], json!([]));
    assert_eq!(body(&server)["data"]["embeds"].as_array().unwrap().len(), 1);
    replies
        .first(&reply, GUILD, First::Defer { public: true })
        .await
        .unwrap();
    assert_eq!(body(&server), json!({ "type": 6 }));
    replies.first(&reply, GUILD, first(refused(), true)).await.unwrap();
    assert_eq!(
        (&body(&server)["type"], &body(&server)["data"]["flags"]),
        (&json!(4), &json!(64))
    );
}

#[tokio::test]
async fn a_button_with_a_private_answer_is_answered_in_a_message_of_its_own() {
    let server = accepting().await;
    let (replies, reply) = replies(&server, 10);
    let reply = pressed(reply, false);
    let first = First::Answer {
        say: volume(),
        public: false,
    };
    replies.first(&reply, GUILD, first).await.unwrap();
    assert_eq!(body(&server)["type"], 4);
    replies
        .first(&reply, GUILD, First::Defer { public: false })
        .await
        .unwrap();
    assert_eq!(
        (&body(&server)["type"], &body(&server)["data"]["flags"]),
        (&json!(5), &json!(64))
    );
}

#[tokio::test]
async fn what_stands_at_the_first_answer_is_told_by_its_flags() {
    for (status, said, shows) in [
        (200, json!({ "id": "1", "flags": 128 }), Shows::Thinking),
        (200, json!({ "id": "1", "flags": 192 }), Shows::Thinking),
        (200, json!({ "id": "1", "flags": 64 }), Shows::Words),
        (200, json!({ "id": "1" }), Shows::Words),
        (
            404,
            json!({ "code": 10_015, "message": "Unknown Webhook" }),
            Shows::Nothing,
        ),
        (
            404,
            json!({ "code": 10_008, "message": "Unknown Message" }),
            Shows::Nothing,
        ),
    ] {
        let server = Server::answering(move |_| Reply::json(status, &said)).await;
        let (replies, reply) = replies(&server, 5_000);
        assert_eq!(replies.shows(&reply).await, Ok(shows));
        assert_eq!(line(&server), "GET /api/v10/webhooks/7/tok/messages/@original");
    }
}

#[tokio::test]
async fn the_first_answer_is_measured_from_the_arrival_and_one_that_is_too_late_is_missed() {
    let people = tokio::task::LocalSet::new();
    people
        .run_until(async {
            let server = accepting().await;
            let figures = Arc::new(AnswerFigures::default());
            let (replies, reply) = replies(&server, 10);
            let replies = replies.counted_by(Arc::clone(&figures));
            replies.waiting().came(5, crate::discord::answers::Asker::Button);
            let first = |say| First::Answer { say, public: true };
            replies
                .first(&reply, GUILD, First::Defer { public: true })
                .await
                .unwrap();
            replies.first(&reply, GUILD, first(volume())).await.unwrap();
            let measured: Vec<_> = figures.first().map(|(who, what, all)| (who, what, all.count)).collect();
            assert_eq!(measured, [("button", "deferred", 1)]);
            replies.waiting().came(5, crate::discord::answers::Asker::Button);
            let late = ReplyTo {
                arrived_ms: NOW_MS - 2_600,
                ..reply
            };
            replies.first(&late, GUILD, first(refused())).await.unwrap_err();
            let mut missed = figures.missed().filter(|(_, _, count)| *count > 0);
            assert_eq!((missed.next(), missed.next()), (Some(("button", "late", 1)), None));
        })
        .await;
}
