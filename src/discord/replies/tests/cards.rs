//! Cards and stages as requests.

use std::rc::Rc;

use ostinato_actors::ports::{CardOrder, Clock, Discord as _, PortErrorKind};
use ostinato_machine::guild::{Brief, LoopMode, NowView};
use ostinato_machine::ids::{ChannelId, EntryId, GuildId, UserId};
use serde_json::json;

use crate::discord::replies::Replies;
use crate::discord::rest::Rest;
use crate::discord::rest::tests::TestClock;
use crate::discord::rest::tests::server::{Asked, Reply, Server};

const GUILD: GuildId = GuildId(2);
const TEXT: ChannelId = ChannelId(3);

fn replies(server: &Server) -> Replies {
    let clock: Rc<dyn Clock> = TestClock::at(1_000_000_000_000);
    let rest = Rest::new(&server.settings(), Rc::clone(&clock)).unwrap();
    Replies::new(rest, clock, UserId(9))
}

fn view() -> NowView {
    NowView {
        entry: EntryId(17),
        why: None,
        track: Brief {
            title: "First".into(),
            author: "Ann".into(),
            uri: None,
            artwork: None,
            length_ms: Some(60_000),
            by: UserId(4),
        },
        position_ms: 0,
        paused: false,
        alone: false,
        suppressed: false,
        waiting: false,
        volume: 100,
        loop_mode: LoopMode::Off,
        next: None,
        queued: 0,
        leaves_in_ms: None,
    }
}

fn newest(server: &Server) -> Asked {
    server.asked().pop().unwrap()
}

#[tokio::test]
async fn a_card_is_posted_silently_and_once() {
    let server = Server::answering(|_| Reply::json(200, &json!({ "id": "77" }))).await;
    let order = CardOrder::Post {
        nonce: "1-2".into(),
        view: view(),
    };
    assert_eq!(replies(&server).card(GUILD, TEXT, order).await, Ok(77));
    let Asked { line, body, .. } = newest(&server);
    assert_eq!(line, "POST /api/v10/channels/3/messages");
    assert_eq!(
        (&body["flags"], &body["nonce"], &body["enforce_nonce"]),
        (&json!(4096), &json!("1-2"), &json!(true))
    );
    assert_eq!(body["components"][0]["components"][1]["custom_id"], "o1:skip:17");
    assert_eq!(body["allowed_mentions"]["parse"], json!([]));
}

#[tokio::test]
async fn a_card_is_edited_ended_and_taken_away_by_its_message() {
    let server = Server::answering(|_| Reply::json(200, &json!({ "id": "77" }))).await;
    let replies = replies(&server);
    let message = 77;
    let edit = CardOrder::Edit { message, view: view() };
    assert_eq!(replies.card(GUILD, TEXT, edit).await, Ok(77));
    assert_eq!(newest(&server).line, "PATCH /api/v10/channels/3/messages/77");
    assert_eq!(newest(&server).body["components"].as_array().unwrap().len(), 2);
    assert_eq!(replies.card(GUILD, TEXT, CardOrder::End { message }).await, Ok(77));
    assert_eq!(newest(&server).body["components"], json!([]));
    assert_eq!(replies.card(GUILD, TEXT, CardOrder::Delete { message }).await, Ok(77));
    assert_eq!(newest(&server).line, "DELETE /api/v10/channels/3/messages/77");
}

#[tokio::test]
async fn newer_messages_are_counted_up_to_a_bound() {
    let server = Server::answering(|_| Reply::json(200, &json!([{ "id": "80" }, { "id": "79" }]))).await;
    assert_eq!(replies(&server).newer(TEXT, 77, 20).await, Ok(2));
    assert_eq!(
        newest(&server).line,
        "GET /api/v10/channels/3/messages?after=77&limit=20"
    );
}

#[tokio::test]
async fn an_answer_that_names_no_message_is_malformed() {
    let server = Server::answering(|_| Reply::json(200, &json!({}))).await;
    let order = CardOrder::Post {
        nonce: "1-2".into(),
        view: view(),
    };
    let error = replies(&server).card(GUILD, TEXT, order).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Malformed);
}

#[tokio::test]
async fn who_may_not_speak_at_once_raises_the_hand() {
    let server = Server::answering(|asked| {
        let speaks = asked.body.get("suppress").is_some();
        if speaks {
            Reply::json(403, &json!({ "code": 50_013, "message": "Missing Permissions" }))
        } else {
            Reply::status(204)
        }
    })
    .await;
    replies(&server).speak(GUILD, TEXT).await.unwrap();
    let asked = server.asked();
    assert_eq!(asked.len(), 2);
    assert!(
        asked
            .iter()
            .all(|asked| asked.line == "PATCH /api/v10/guilds/2/voice-states/@me")
    );
    assert_eq!(asked[0].body, json!({ "channel_id": "3", "suppress": false }));
    assert_eq!(
        asked[1].body,
        json!({ "channel_id": "3", "request_to_speak_timestamp": "2001-09-09T01:46:40Z" })
    );
}
