//! The console: one page that shows the tree of actors and gives orders. It asks this interface like everybody else.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::web::{Bytes, BytesMut};
use futures_util::future::LocalBoxFuture;
use ostinato_machine::ids::GuildId;
use serde_json::json;

use super::asked::{Asked, answered};
use super::seen;

type Answer = LocalBoxFuture<'static, HttpResponse>;

/// Between two messages of a stream.
const EVERY: Duration = Duration::from_secs(1);

/// Nothing from another place, no frame around it, no words of a user that act.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
                      form-action 'none'; frame-ancestors 'none'";

fn file(kind: &'static str, text: &'static str) -> Answer {
    answered(
        HttpResponse::Ok()
            .content_type(kind)
            .insert_header(("content-security-policy", POLICY))
            .insert_header(("x-content-type-options", "nosniff"))
            .insert_header(("referrer-policy", "no-referrer"))
            .insert_header(("cache-control", "no-cache"))
            .body(text),
    )
}

pub(super) fn page(_: Asked) -> Answer {
    file("text/html; charset=utf-8", include_str!("console/page.html"))
}

pub(super) fn style(_: Asked) -> Answer {
    file("text/css; charset=utf-8", include_str!("console/console.css"))
}

pub(super) fn script(_: Asked) -> Answer {
    file("text/javascript; charset=utf-8", include_str!("console/console.js"))
}

pub(super) fn timeline(_: Asked) -> Answer {
    file("text/javascript; charset=utf-8", include_str!("console/timeline.js"))
}

/// The tree once a second, until nobody reads it. Made once for all who look, and not at all when nobody does. Whoever
/// names a guild is told of it as well.
pub(super) fn stream(asked: Asked) -> Answer {
    let guild = match asked.asked_number("guild") {
        Ok(guild) => guild.map(GuildId),
        Err(response) => return answered(response),
    };
    let door = asked.door.clone();
    let messages = futures_util::stream::unfold((door, true), move |(door, first)| async move {
        if !first {
            tokio::time::sleep(EVERY).await;
        }
        let facts = &door.facts;
        let tree = match facts.operator() {
            Some(operator) => facts.tree(|| seen::tree(facts, operator)).await,
            None => Bytes::from(json!({ "ready": facts.readiness() }).to_string()),
        };
        let mut message = BytesMut::new();
        event(&mut message, "message", &tree);
        if let Some(guild) = guild {
            // Whoever is told of nothing asks why.
            let value = seen::look(&door, guild).await.unwrap_or_default();
            event(&mut message, "guild", value.to_string().as_bytes());
        }
        Some((Ok::<_, std::convert::Infallible>(message.freeze()), (door, false)))
    });
    answered(
        HttpResponse::Ok()
            .content_type("text/event-stream")
            .insert_header(("cache-control", "no-store"))
            .insert_header(("x-accel-buffering", "no"))
            .streaming(Box::pin(messages)),
    )
}

/// One event. Its data is JSON, in which no line ends.
fn event(message: &mut BytesMut, name: &str, data: &[u8]) {
    for part in [b"event: ", name.as_bytes(), b"\ndata: ", data, b"\n\n"] {
        message.extend_from_slice(part);
    }
}
