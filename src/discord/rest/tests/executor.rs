//! The executor over a real socket.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use ostinato_actors::ports::PortErrorKind;
use ostinato_machine::ids::Hidden;
use serde_json::json;
use tokio::time::Instant;

use super::server::{Reply, Server};
use super::{body, callback, edit, post, rest};
use crate::discord::rest::{Operation, RestSettings};

/// Settings with waits before a retry that are longer than any call.
fn patient(mut settings: RestSettings) -> RestSettings {
    settings.backoff_min = Duration::from_secs(600);
    settings.backoff_max = Duration::from_secs(600);
    settings
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(200)
}

#[tokio::test]
async fn trouble_on_the_way_is_tried_again_inside_the_deadline() {
    let retry = Reply::json(429, &json!({ "retry_after": 0.01, "message": "slow", "global": false }));
    let server = Server::scripted(vec![
        Reply::dropped(),
        Reply::status(502),
        retry.header("retry-after", &1),
        Reply::json(200, &json!({ "id": "1" })),
    ])
    .await;
    let settings = server.settings();
    rest(&settings).call(edit("tok"), body()).await.unwrap();
    assert_eq!(server.asked().len(), 4);
    let endings: Vec<_> = settings.figures.requests().filter(|(_, _, count)| *count > 0).collect();
    let expected = [
        ("answer", "2xx", 1),
        ("answer", "429", 1),
        ("answer", "5xx", 1),
        ("answer", "none", 1),
    ];
    assert_eq!(endings, expected);
    assert!(settings.figures.retries().any(|retries| retries == ("answer", 3)));
    let bodies: Vec<_> = server.asked().into_iter().map(|asked| asked.body).collect();
    assert!(bodies.iter().all(|body| *body == json!({ "content": "x" })));
}

#[tokio::test]
async fn no_call_outlives_its_deadline() {
    let server = Server::answering(|_| Reply::silence()).await;
    let error = rest(&server.settings())
        .call_until(callback(1), body(), soon())
        .await
        .unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Timeout);

    // The wait before the next try would end behind the deadline: then the failure is told at once.
    let server = Server::answering(|_| Reply::status(503)).await;
    let error = rest(&patient(server.settings()))
        .call(edit("tok"), body())
        .await
        .unwrap_err();
    assert_eq!((error.kind, server.asked().len()), (PortErrorKind::Unreachable, 1));

    let server = Server::answering(|_| Reply::json(429, &json!({ "retry_after": 60.0 }))).await;
    let error = rest(&server.settings()).call(edit("tok"), body()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Overloaded);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn nobody_there_is_unreachable_and_tells_no_secret() {
    let settings = RestSettings::new("http://127.0.0.1:1", Hidden::new("secret"));
    let error = rest(&patient(settings)).call(edit("hush"), body()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable);
    assert!(
        !error.message.contains("hush") && !error.message.contains("secret"),
        "{error}"
    );
}

#[tokio::test]
async fn a_callback_whose_first_try_got_through_is_a_success() {
    let acknowledged = json!({ "code": 40_060, "message": "Interaction has already been acknowledged." });
    let server = Server::scripted(vec![Reply::dropped(), Reply::json(400, &acknowledged)]).await;
    rest(&server.settings()).call(callback(1), body()).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_follow_up_that_may_have_got_through_is_not_said_twice() {
    let server = Server::scripted(vec![Reply::dropped(), Reply::status(200)]).await;
    let follow_up = Operation::FollowUp {
        application: 7,
        token: Hidden::new("tok"),
    };
    let error = rest(&server.settings()).call(follow_up, body()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Unreachable);
    assert_eq!(server.asked().len(), 1);
}

#[tokio::test]
async fn callbacks_wait_behind_nothing() {
    // Every bucket is empty for an hour, there are no permits, and the breaker is open.
    let server = Server::answering(|asked| {
        let reply = if asked.line.contains("/callback") {
            Reply::status(204)
        } else {
            Reply::json(200, &json!({}))
        };
        reply.limited("all", 1, 0, 3_600.0)
    })
    .await;
    let settings = server.settings();
    settings.permits.hold(Duration::from_secs(3_600));
    let rest = rest(&settings);
    rest.call(edit("tok"), body()).await.unwrap();
    let stuck = rest.call_until(edit("tok"), body(), soon()).await.unwrap_err();
    assert_eq!(stuck.kind, PortErrorKind::Overloaded);
    settings.permits.unauthorized();
    let all = (1..50).map(|interaction| rest.call(callback(interaction), body()));
    assert!(join_all(all).await.iter().all(Result::is_ok));
}

#[tokio::test]
async fn one_interaction_never_waits_for_anothers_bucket() {
    let server = Server::answering(|_| Reply::json(200, &json!({})).limited("edit", 1, 0, 3_600.0)).await;
    let rest = rest(&server.settings());
    for token in ["a", "b", "c"] {
        rest.call(edit(token), body()).await.unwrap();
    }
    assert_eq!(server.asked().len(), 3);
    let stuck = rest.call_until(edit("b"), body(), soon()).await.unwrap_err();
    assert_eq!(stuck.kind, PortErrorKind::Overloaded);
    assert_eq!(server.asked().len(), 3);
}

#[tokio::test]
async fn a_full_bucket_is_waited_for_and_never_overrun() {
    // Two a window of 60 ms, counted as Discord counts.
    let refused = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&refused);
    let mut window: Option<(Instant, u32)> = None;
    let server = Server::answering(move |_| {
        let now = Instant::now();
        let period = Duration::from_millis(60);
        let (end, used) = match window {
            Some((end, used)) if now < end => (end, used + 1),
            _ => (now + period, 1),
        };
        window = Some((end, used));
        let reset_after = (end - now).as_secs_f64();
        if used > 2 {
            counted.fetch_add(1, Ordering::Relaxed);
            return Reply::json(429, &json!({ "retry_after": reset_after })).limited("post", 2, 0, reset_after);
        }
        Reply::json(200, &json!({ "id": "1" })).limited("post", 2, 2 - used, reset_after)
    })
    .await;
    let rest = rest(&server.settings());
    let results = join_all((0..9).map(|_| rest.call(post(5), body()))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((server.asked().len(), refused.load(Ordering::Relaxed)), (9, 0));
}

#[tokio::test]
async fn a_global_limit_stops_the_bot_but_not_its_interactions() {
    let server = Server::scripted(vec![
        Reply::json(429, &json!({ "retry_after": 60.0, "global": true })).header("x-ratelimit-scope", &"global"),
        Reply::json(200, &json!({})),
    ])
    .await;
    let rest = rest(&server.settings());
    assert!(rest.call(post(1), body()).await.is_err());
    let held = rest.call(post(2), body()).await.unwrap_err();
    assert_eq!(held.kind, PortErrorKind::Overloaded);
    rest.call(edit("tok"), body()).await.unwrap();
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_refused_token_stops_everything_but_callbacks() {
    let server = Server::answering(|_| Reply::json(401, &json!({ "code": 0, "message": "401: Unauthorized" }))).await;
    let rest = rest(&server.settings());
    let first = rest.call(Operation::CurrentUser, None).await.unwrap_err();
    assert_eq!(first.kind, PortErrorKind::Refused);
    let second = rest.call(post(1), body()).await.unwrap_err();
    assert!(second.message.contains("DISCORD_TOKEN"), "{second}");
    assert_eq!(server.asked().len(), 1);
    assert!(rest.call(callback(1), body()).await.is_err());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_channel_that_forbids_is_left_alone() {
    let server =
        Server::answering(|_| Reply::json(403, &json!({ "code": 50_013, "message": "Missing Permissions" }))).await;
    let rest = rest(&server.settings());
    for _ in 0..5 {
        let error = rest.call(post(1), body()).await.unwrap_err();
        assert_eq!(error.kind, PortErrorKind::Refused);
    }
    assert_eq!(server.asked().len(), 1);
    assert!(rest.call(post(2), body()).await.is_err());
    assert_eq!(server.asked().len(), 2);
}

#[tokio::test]
async fn a_thousand_invalid_requests_stop_the_rest() {
    let server = Server::answering(|_| Reply::status(200)).await;
    let settings = server.settings();
    for _ in 0..1_000 {
        settings.permits.invalid();
    }
    let rest = rest(&settings);
    let error = rest.call(edit("tok"), body()).await.unwrap_err();
    assert_eq!(error.kind, PortErrorKind::Overloaded);
    assert!(server.asked().is_empty());
}

#[tokio::test]
async fn the_line_has_a_bound() {
    let server = Server::answering(|_| Reply::json(200, &json!({})).limited("edit", 1, 0, 3_600.0)).await;
    let mut settings = server.settings();
    settings.queue = 3;
    let rest = rest(&settings);
    rest.call(edit("tok"), body()).await.unwrap();
    let results = join_all((0..5).map(|_| rest.call_until(edit("tok"), body(), soon()))).await;
    let full = results.iter().filter(|result| {
        result
            .as_ref()
            .is_err_and(|error| error.message.contains("too many requests wait"))
    });
    assert_eq!(full.count(), 2);
    assert_eq!(server.asked().len(), 1);
}
