//! What goes over the wire, and what its answers mean.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use ostinato_actors::ports::PortErrorKind;
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};
use serde_json::json;
use tracing_subscriber::fmt::format::FmtSpan;

use super::server::{Reply, Server};
use super::{body, callback, edit, post, rest};
use crate::discord::rest::Operation;

#[tokio::test]
async fn every_operation_goes_to_its_place_with_the_token() {
    let server = Server::answering(|_| Reply::json(200, &json!({}))).await;
    let rest = rest(&server.settings());
    let (guild, user, channel) = (GuildId(2), UserId(3), ChannelId(4));
    let token = || Hidden::new("tok");
    let application = 7;
    let table = [
        (callback(1), "POST /api/v10/interactions/1/tok/callback"),
        (edit("tok"), "PATCH /api/v10/webhooks/7/tok/messages/@original"),
        (
            Operation::DeleteOriginal {
                application,
                token: token(),
            },
            "DELETE /api/v10/webhooks/7/tok/messages/@original",
        ),
        (
            Operation::FollowUp {
                application,
                token: token(),
            },
            "POST /api/v10/webhooks/7/tok",
        ),
        (post(4), "POST /api/v10/channels/4/messages"),
        (Operation::Channel { channel }, "GET /api/v10/channels/4"),
        (Operation::Guild { guild }, "GET /api/v10/guilds/2"),
        (Operation::Member { guild, user }, "GET /api/v10/guilds/2/members/3"),
        (
            Operation::VoiceState { guild, user },
            "GET /api/v10/guilds/2/voice-states/3",
        ),
        (
            Operation::Commands { application },
            "GET /api/v10/applications/7/commands?with_localizations=true",
        ),
        (
            Operation::SetCommands { application },
            "PUT /api/v10/applications/7/commands",
        ),
        (Operation::GatewayBot, "GET /api/v10/gateway/bot"),
        (Operation::Application, "GET /api/v10/applications/@me"),
        (Operation::CurrentUser, "GET /api/v10/users/@me"),
    ];
    for (operation, line) in table {
        rest.call(operation, None).await.unwrap();
        let asked = server.asked().pop().unwrap();
        assert_eq!(asked.line, line);
        assert_eq!(asked.authorization, "Bot secret");
    }
}

#[tokio::test]
async fn the_start_learns_what_it_must_know() {
    let server = Server::answering(|asked| match asked.line.as_str() {
        "GET /api/v10/gateway/bot" => Reply::json(
            200,
            &json!({ "url": "ws://127.0.0.1:1", "shards": 2, "session_start_limit":
                { "total": 1000, "remaining": 999, "reset_after": 5, "max_concurrency": 16 } }),
        ),
        "GET /api/v10/users/@me" => Reply::json(200, &json!({ "id": "9", "username": "Ostinato", "bot": true })),
        _ => Reply::json(200, &json!({ "id": "7", "name": "Ostinato", "flags": 262_144 })),
    })
    .await;
    let rest = rest(&server.settings());
    let gateway = rest.gateway_bot().await.unwrap();
    assert_eq!((gateway.shards, gateway.session_start_limit.max_concurrency), (2, 16));
    assert_eq!(rest.current_user().await.unwrap().id, 9);
    let application = rest.application().await.unwrap();
    assert_eq!((application.id, application.flags), (7, 262_144));
}

#[tokio::test]
async fn an_answer_that_makes_no_sense_is_malformed() {
    let server = Server::answering(|_| Reply::status(200)).await;
    let error = rest(&server.settings()).current_user().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Malformed);
    assert!(error.message.starts_with("get_my_user"), "{error}");
}

#[tokio::test]
async fn every_failure_has_its_kind() {
    let table = [
        (
            404,
            json!({ "code": 10_062, "message": "Unknown interaction" }),
            PortErrorKind::Gone,
        ),
        (
            400,
            json!({ "code": 40_060, "message": "Already acknowledged" }),
            PortErrorKind::Gone,
        ),
        (
            404,
            json!({ "code": 10_015, "message": "Unknown Webhook" }),
            PortErrorKind::Gone,
        ),
        (
            401,
            json!({ "code": 50_027, "message": "Invalid Webhook Token" }),
            PortErrorKind::Gone,
        ),
        (
            403,
            json!({ "code": 50_013, "message": "Missing Permissions" }),
            PortErrorKind::Refused,
        ),
        (
            400,
            json!({ "code": 50_035, "message": "Invalid Form Body" }),
            PortErrorKind::Refused,
        ),
        (302, json!({}), PortErrorKind::Malformed),
    ];
    for (status, complaint, kind) in table {
        let server = Server::scripted(vec![Reply::json(status, &complaint)]).await;
        let error = rest(&server.settings()).call(callback(1), body()).await.unwrap_err();
        assert_eq!(error.kind, kind, "{error}");
        assert_eq!(server.asked().len(), 1, "{status} is not asked again");
        assert!(!error.message.contains("tok"), "{error}");
    }
}

#[tokio::test]
async fn a_body_without_end_is_cut_off() {
    let server = Server::answering(|_| Reply::json(200, &json!({ "id": "x".repeat(10_000) }))).await;
    let mut settings = server.settings();
    settings.body_bytes = 1_000;
    settings.call = Duration::from_millis(200);
    let error = rest(&settings).current_user().await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Malformed);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn an_id_or_token_that_is_none_never_reaches_the_wire() {
    let server = Server::answering(|_| Reply::status(200)).await;
    let rest = rest(&server.settings());
    let bad = ["", "..", "a/b", "a?b", "a#b", "a%2f", "a b", "ä"];
    for token in bad {
        let error = rest.call(edit(token), body()).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Malformed, "{token}");
    }
    assert!(rest.call(post(0), body()).await.is_err());
    assert!(server.asked().is_empty());
}

/// Lines of a log, for a test to read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_ever_holds_a_token() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::DEBUG)
        .with_span_events(FmtSpan::FULL)
        .with_writer(move || writer.clone())
        .finish();
    let _guard = tracing::subscriber::set_default(subscriber);
    let server = Server::scripted(vec![Reply::dropped(), Reply::status(502), Reply::status(404)]).await;
    let error = rest(&server.settings()).call(edit("hush"), body()).await.unwrap_err();
    let lines = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(lines.contains("a request is sent again"), "the log is read: {lines}");
    for text in [lines, error.to_string()] {
        assert!(!text.contains("hush") && !text.contains("secret"), "{text}");
    }
}
