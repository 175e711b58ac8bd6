//! The page's server: files, events, tracks, deeds.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::room::{Deed, Room};
use crate::audio;

/// Connections at a time; more wait.
const CONNECTIONS: usize = 64;

/// The longest deed, bytes.
const BODY: usize = 16 << 10;

/// How often the page hears where the player is.
const BEAT: Duration = Duration::from_millis(100);

/// Nothing but what this server sends may run in the page.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; media-src 'self'; \
                      form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

const FILES: [(&str, &str, &str); 4] = [
    ("/", "text/html; charset=utf-8", include_str!("page.html")),
    ("/page.css", "text/css; charset=utf-8", include_str!("page.css")),
    ("/page.js", "text/javascript; charset=utf-8", include_str!("page.js")),
    (
        "/listen.js",
        "text/javascript; charset=utf-8",
        include_str!("listen.js"),
    ),
];

type Body = UnsyncBoxBody<Bytes, Infallible>;

pub(super) async fn open(room: Arc<Room>) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let addr = listener.local_addr()?;
    tokio::spawn(accept(room, listener, addr));
    Ok(addr)
}

async fn accept(room: Arc<Room>, listener: TcpListener, addr: SocketAddr) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    while let Ok(place) = Arc::clone(&places).acquire_owned().await {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of descriptors: others close soon.
            tokio::time::sleep(BEAT).await;
            continue;
        };
        let room = Arc::clone(&room);
        tokio::spawn(async move {
            serve(room, stream, addr).await;
            drop(place);
        });
    }
}

async fn serve(room: Arc<Room>, stream: TcpStream, addr: SocketAddr) {
    let service = service_fn(move |request| {
        let room = Arc::clone(&room);
        async move { Ok::<_, Infallible>(answer(room, request, addr).await) }
    });
    // A connection that breaks is the browser's affair.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

async fn answer(room: Arc<Room>, request: Request<Incoming>, addr: SocketAddr) -> Response<Body> {
    let head = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    // Another site's name that leads to this machine is not this page.
    if !is_own(head("host"), addr) {
        return plain(
            403,
            "This page is for this machine alone; open it under the address that was printed.\n",
        );
    }
    let path = request.uri().path().to_owned();
    match *request.method() {
        Method::GET | Method::HEAD if path == "/events" => events(room),
        Method::GET | Method::HEAD if path.starts_with(audio::HOME) => {
            let range = head("range").map(str::to_owned);
            let served = tokio::task::spawn_blocking(move || room.hear(&path, range.as_deref())).await;
            served.map_or_else(|_| plain(500, "This track can't be rendered.\n"), heard)
        }
        Method::GET | Method::HEAD => {
            let file = FILES.iter().find(|(name, _, _)| *name == path);
            file.map_or_else(
                || plain(404, "There is nothing here.\n"),
                |(_, kind, text)| response(200, kind, text.as_bytes().to_vec()),
            )
        }
        // A foreign site can't send this type without asking, and is not answered.
        Method::POST if path == "/do" && head("content-type") == Some("application/json") => deed(&room, request).await,
        _ => plain(405, "Not like that.\n"),
    }
}

fn is_own(host: Option<&str>, addr: SocketAddr) -> bool {
    host.is_some_and(|host| host == addr.to_string() || host == format!("localhost:{}", addr.port()))
}

async fn deed(room: &Room, request: Request<Incoming>) -> Response<Body> {
    let Ok(body) = Limited::new(request.into_body(), BODY).collect().await else {
        return told(413, &json!({ "problem": "that is too long" }));
    };
    let deed: Deed = match serde_json::from_slice(&body.to_bytes()) {
        Ok(deed) => deed,
        Err(error) => return told(400, &json!({ "problem": error.to_string() })),
    };
    match room.act(deed).await {
        Ok(answer) => told(200, &answer),
        Err(problem) => told(422, &json!({ "problem": problem })),
    }
}

/// Where the player is, with every beat, and what everybody sees, whenever it has changed.
fn events(room: Arc<Room>) -> Response<Body> {
    let mut interval = tokio::time::interval(BEAT);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let frames = stream::unfold(
        (room, interval, Value::Null),
        |(room, mut interval, before)| async move {
            interval.tick().await;
            let mut text = format!("event: sound\ndata: {}\n\n", room.sound());
            let view = room.view();
            if view != before {
                text.push_str(&format!("event: room\ndata: {view}\n\n"));
            }
            let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(text)));
            Some((frame, (room, interval, view)))
        },
    );
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    set(&mut response, "content-type", "text/event-stream");
    set(&mut response, "cache-control", "no-store");
    response
}

fn heard(served: audio::Served) -> Response<Body> {
    let mut response = response(served.status, "application/octet-stream", served.body);
    for (name, value) in served.headers {
        set(&mut response, name, &value);
    }
    response
}

fn told(status: u16, value: &Value) -> Response<Body> {
    response(status, "application/json", value.to_string().into_bytes())
}

fn plain(status: u16, text: &str) -> Response<Body> {
    response(status, "text/plain; charset=utf-8", text.as_bytes().to_vec())
}

fn response(status: u16, kind: &str, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(body)).boxed_unsync());
    if let Ok(status) = hyper::StatusCode::from_u16(status) {
        *response.status_mut() = status;
    }
    set(&mut response, "content-type", kind);
    set(&mut response, "content-security-policy", POLICY);
    set(&mut response, "x-content-type-options", "nosniff");
    set(&mut response, "cache-control", "no-store");
    response
}

fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = hyper::header::HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_other_name_leads_to_the_page() {
        let addr: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        assert!(is_own(Some("127.0.0.1:4000"), addr) && is_own(Some("localhost:4000"), addr));
        for other in [
            None,
            Some("127.0.0.1"),
            Some("evil.example:4000"),
            Some("127.0.0.1:4001"),
        ] {
            assert!(!is_own(other, addr), "{other:?}");
        }
    }
}
