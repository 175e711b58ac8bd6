//! The page's server: loopback only, and for pages of its own only.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::Context as _;
use futures_util::stream;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full, Limited, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};

use super::guard::guard;
use super::view::Look;
use super::{PORT, Playground, act};
use crate::audio;

/// Ports that are tried from [`PORT`] on.
const TRIES: u16 = 20;

/// Largest body, bytes.
const BODY: usize = 16 * 1_024;

/// Pages that are kept up to date at once.
const STREAMS: usize = 32;

/// How often a page is looked at for changes.
const TICK: Duration = Duration::from_millis(200);

/// Ticks after which the sound is told again though nothing changed.
const AGAIN: u64 = 5;

type Reply = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// Where the page is served.
pub(super) struct Door {
    listener: TcpListener,
    port: u16,
}

/// What a connection shares with all others.
struct House {
    playground: Arc<Playground>,
    port: u16,
    streams: Arc<AtomicUsize>,
}

impl Door {
    /// Listens on `port`, or on the first free one from the usual one on.
    ///
    /// # Errors
    /// When the port is taken.
    pub(super) async fn open(port: Option<u16>) -> anyhow::Result<Self> {
        let tries = port.map_or(PORT..=PORT + TRIES, |port| port..=port);
        let mut result = Err(anyhow::anyhow!("no port was tried"));
        for port in tries {
            let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
            match TcpListener::bind(address).await {
                Ok(listener) => {
                    let port = listener.local_addr()?.port();
                    return Ok(Self { listener, port });
                }
                Err(error) => {
                    result = Err(error).with_context(|| {
                        format!("the page can't be served on {address}; name a free port with --port")
                    });
                }
            }
        }
        result
    }

    pub(super) const fn port(&self) -> u16 {
        self.port
    }

    /// Serves until the runtime ends.
    pub(super) async fn serve(self, playground: Arc<Playground>) {
        let house = Arc::new(House {
            playground,
            port: self.port,
            streams: Arc::default(),
        });
        loop {
            match self.listener.accept().await {
                Ok((stream, _)) => drop(tokio::spawn(connection(Arc::clone(&house), stream))),
                Err(_) => tokio::time::sleep(TICK).await,
            }
        }
    }
}

async fn connection(house: Arc<House>, stream: TcpStream) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let house = Arc::clone(&house);
        async move { Ok::<_, Infallible>(answer(&house, request).await) }
    });
    let served = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    // A connection that breaks is the browser's affair.
    let _ = served.await;
}

async fn answer(house: &House, request: Request<Incoming>) -> Reply {
    if let Err(why) = guard(&request, house.port) {
        return plain(StatusCode::FORBIDDEN, why);
    }
    let path = request.uri().path().to_owned();
    match (request.method().clone(), path.as_str()) {
        (Method::GET, "/") => match look(house, &pairs(request.uri().query().unwrap_or_default())) {
            Some(look) => html(house.playground.page(look).await),
            None => plain(StatusCode::NOT_FOUND, "the playground has no server"),
        },
        (Method::GET, "/events") => events(house, &pairs(request.uri().query().unwrap_or_default())),
        (Method::GET, "/favicon.ico") => plain(StatusCode::NO_CONTENT, ""),
        (Method::GET, "/page.css") => file("text/css; charset=utf-8", include_str!("page.css")),
        (Method::GET, "/page.js") => file("text/javascript; charset=utf-8", include_str!("page.js")),
        (Method::GET, "/listen.js") => file("text/javascript; charset=utf-8", include_str!("listen.js")),
        (Method::GET, "/complete") => {
            let pairs = pairs(request.uri().query().unwrap_or_default());
            let text = pairs.get("text").map(String::as_str).unwrap_or_default();
            file(
                "application/json",
                &house.playground.offers(look(house, &pairs), text).await,
            )
        }
        (Method::GET, "/commands") => {
            let commands = serde_json::Value::from(house.playground.stage.at.chat.commands());
            file("application/json", &commands.to_string())
        }
        (Method::GET | Method::HEAD, path) if path.starts_with(audio::HOME) => sound(house, &request).await,
        (Method::POST, "/say" | "/press" | "/voice" | "/break") => order(house, &path, request).await,
        (Method::GET | Method::POST, _) => plain(StatusCode::NOT_FOUND, "there is nothing here; the page is /"),
        _ => plain(StatusCode::METHOD_NOT_ALLOWED, "GET and POST are understood"),
    }
}

fn pairs(text: &str) -> BTreeMap<String, String> {
    let url = reqwest::Url::parse(&format!("http://x/?{text}"));
    url.map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default()
}

fn look(house: &House, pairs: &BTreeMap<String, String>) -> Option<Look> {
    let number = |name: &str| pairs.get(name).and_then(|value| value.parse().ok());
    house.playground.look(number("guild"), number("as"))
}

/// An order of a user. A script gets an empty answer, a browser without one the page.
async fn order(house: &House, path: &str, request: Request<Incoming>) -> Reply {
    let by_script = request.headers().contains_key("x-page");
    let Ok(body) = Limited::new(request.into_body(), BODY).collect().await else {
        return plain(StatusCode::PAYLOAD_TOO_LARGE, "an order has at most 16 KiB");
    };
    let body = body.to_bytes();
    let pairs = pairs(&String::from_utf8_lossy(&body).replace('#', "%23"));
    let field = |name: &str| pairs.get(name).map(String::as_str).unwrap_or_default();
    let playground = &house.playground;
    let Some(look) = look(house, &pairs) else {
        return plain(StatusCode::NOT_FOUND, "the playground has no server");
    };
    let Some(guild) = playground.guild(look.guild) else {
        return plain(StatusCode::NOT_FOUND, "there is no such server");
    };
    match path {
        "/say" => act::say(playground, guild, look.user, field("text")),
        "/press" => {
            let message = field("message").parse().unwrap_or(0);
            act::press(playground, guild, look.user, message, field("id"));
        }
        "/voice" => {
            let to = field("to").parse().ok().filter(|to| *to != 0);
            act::walk(playground, guild, look.user, to);
        }
        _ => {
            let (playground, guild, what) = (Arc::clone(playground), guild.clone(), field("what").to_owned());
            tokio::spawn(async move {
                if let Err(error) = act::bring(&playground, &guild, &what).await {
                    playground.tell(&format!("{error:#}"));
                }
            });
        }
    }
    let mut reply = plain(StatusCode::NO_CONTENT, "");
    if !by_script {
        *reply.status_mut() = StatusCode::SEE_OTHER;
        if let Ok(place) = format!("/?guild={}&as={}", look.guild, look.user).parse() {
            reply.headers_mut().insert("location", place);
        }
    }
    reply
}

/// The page's pieces as they change, and what is to be heard.
fn events(house: &House, pairs: &BTreeMap<String, String>) -> Reply {
    let Some(look) = look(house, pairs) else {
        return plain(StatusCode::NOT_FOUND, "the playground has no server");
    };
    let Some(seat) = Seat::take(&house.streams) else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "32 pages are open already; close one");
    };
    let state = (
        Arc::clone(&house.playground),
        BTreeMap::new(),
        String::new(),
        0_u64,
        seat,
    );
    let pieces = stream::unfold(
        state,
        move |(playground, mut before, mut heard, tick, seat)| async move {
            if tick > 0 {
                tokio::time::sleep(TICK).await;
            }
            let mut out = String::new();
            for (id, html) in playground.pieces(look).await {
                if before.get(id) != Some(&html) {
                    let piece = serde_json::json!({ "id": id, "html": html });
                    out.push_str(&format!("event: piece\ndata: {piece}\n\n"));
                    before.insert(id, html);
                }
            }
            let sound = playground.sound(look.guild);
            let state = format!(
                "{} {} {} {}",
                sound["track"], sound["paused"], sound["volume"], sound["playing"]
            );
            if state != heard || tick % AGAIN == 0 {
                out.push_str(&format!("event: sound\ndata: {sound}\n\n"));
                heard = state;
            }
            let frame = Ok::<_, Infallible>(Frame::data(Bytes::from(out)));
            Some((frame, (playground, before, heard, tick + 1, seat)))
        },
    );
    let mut reply = Response::new(StreamBody::new(pieces).boxed_unsync());
    dress(&mut reply, "text/event-stream");
    reply
}

/// One of the places for pages that are kept up to date.
struct Seat(Arc<AtomicUsize>);

impl Seat {
    fn take(streams: &Arc<AtomicUsize>) -> Option<Self> {
        let taken = streams.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |count| {
            (count < STREAMS).then_some(count + 1)
        });
        taken.is_ok().then(|| Self(Arc::clone(streams)))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

async fn sound(house: &House, request: &Request<Incoming>) -> Reply {
    let playground = Arc::clone(&house.playground);
    let path = request.uri().path().to_owned();
    let head = request.method() == Method::HEAD;
    let range = request
        .headers()
        .get("range")
        .and_then(|range| range.to_str().ok())
        .map(str::to_owned);
    let work = move || {
        let song = |id: &str| playground.stage.at.catalogue().song(id).cloned();
        playground.audio.serve(&path, range.as_deref(), song)
    };
    let Ok(served) = tokio::task::spawn_blocking(work).await else {
        return plain(StatusCode::INTERNAL_SERVER_ERROR, "this track can't be rendered");
    };
    let body = if head { Vec::new() } else { served.body };
    let mut reply = Response::new(Full::from(body).boxed_unsync());
    *reply.status_mut() = StatusCode::from_u16(served.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in served.headers {
        if let Ok(value) = value.parse() {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

fn html(page: String) -> Reply {
    let mut reply = Response::new(Full::from(page).boxed_unsync());
    dress(&mut reply, "text/html; charset=utf-8");
    reply
}

fn file(kind: &'static str, text: &str) -> Reply {
    let mut reply = Response::new(Full::from(text.to_owned()).boxed_unsync());
    dress(&mut reply, kind);
    reply
}

fn plain(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = file("text/plain; charset=utf-8", text);
    *reply.status_mut() = status;
    reply
}

/// The headers of everything: nothing from elsewhere, nothing inline, nothing kept.
fn dress(reply: &mut Reply, kind: &'static str) {
    const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; media-src 'self'; \
                          form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
    let all = [
        ("content-type", kind),
        ("content-security-policy", POLICY),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
    ];
    for (name, value) in all {
        reply
            .headers_mut()
            .insert(name, hyper::header::HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_pages_are_kept_up_to_date_than_there_are_places() {
        let streams = Arc::default();
        let mut seats: Vec<_> = (0..STREAMS).map(|_| Seat::take(&streams)).collect();
        assert!(seats.iter().all(Option::is_some) && Seat::take(&streams).is_none());
        seats.pop();
        assert!(Seat::take(&streams).is_some());
    }

    #[test]
    fn a_form_is_read_with_its_signs() {
        let read = pairs("text=%2Fplay+query%3Aa%26b&as=5");
        assert_eq!(read["text"], "/play query:a&b");
        assert_eq!(read["as"], "5");
    }
}
