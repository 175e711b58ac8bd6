//! The socket shell of a node: REST and websocket on one loopback port, in real time, with its faults.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::core::{Core, CoreConfig, Out};
use super::rest::{Answer, Body, Call};
use super::{MediaFound, PlayerView};
use crate::catalogue::Catalogue;
use crate::findings::Findings;
use crate::sound::SoundLedger;
use crate::voices::Voices;

/// How a node is started.
#[derive(Clone, Debug)]
pub struct NodeConfig {
    /// Its name.
    pub name: String,
    /// Its password.
    pub password: String,
    /// Seed of its session ids.
    pub seed: u64,
    /// Where the run's clock starts.
    pub origin: Instant,
}

/// A running node. Cloning shares it.
#[derive(Clone)]
pub struct LavalinkNode(Arc<Node>);

struct Node {
    config: NodeConfig,
    addr: SocketAddr,
    core: Mutex<Core>,
    sockets: Mutex<HashMap<u64, mpsc::UnboundedSender<Message>>>,
    next_socket: AtomicU64,
    catalogue: Arc<Mutex<Catalogue>>,
    sound: SoundLedger,
    findings: Findings,
    /// Raised when every connection must end at once.
    cut: watch::Sender<u64>,
    down: AtomicBool,
    frozen: watch::Sender<bool>,
    garbage: AtomicBool,
    mute_rest: AtomicBool,
}

/// The catalogue, shared with whoever adds tracks while the node runs.
struct Shared(Arc<Mutex<Catalogue>>);

impl super::Media for Shared {
    fn find(&self, identifier: &str) -> MediaFound {
        super::Media::find(&*lock(&self.0), identifier)
    }
    fn find_ms(&self, identifier: &str) -> u64 {
        super::Media::find_ms(&*lock(&self.0), identifier)
    }
    fn behaviour(&self, track: &super::TrackData) -> crate::catalogue::Behaviour {
        super::Media::behaviour(&*lock(&self.0), track)
    }
    fn name(&self, track: &super::TrackData) -> String {
        super::Media::name(&*lock(&self.0), track)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl LavalinkNode {
    /// Starts a node on a free loopback port.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(
        config: NodeConfig,
        catalogue: Arc<Mutex<Catalogue>>,
        voices: Voices,
        sound: SoundLedger,
        findings: Findings,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, 0)).await?;
        let core_config = CoreConfig {
            name: config.name.clone(),
            password: config.password.clone(),
            version: "4.2.2".into(),
            seed: config.seed,
        };
        let core = Core::new(
            core_config,
            Box::new(Shared(Arc::clone(&catalogue))),
            Box::new(voices.clone()),
        );
        let node = Arc::new(Node {
            addr: listener.local_addr()?,
            config,
            core: Mutex::new(core),
            sockets: Mutex::default(),
            next_socket: AtomicU64::new(1),
            catalogue,
            sound,
            findings,
            cut: watch::channel(0).0,
            down: AtomicBool::new(false),
            frozen: watch::channel(false).0,
            garbage: AtomicBool::new(false),
            mute_rest: AtomicBool::new(false),
        });
        tokio::spawn(accept(Arc::clone(&node), listener));
        tokio::spawn(clock(Arc::clone(&node), voices));
        Ok(Self(node))
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.0.addr
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.0.config.name
    }

    /// Its password.
    pub fn password(&self) -> &str {
        &self.0.config.password
    }

    /// The players it has, with their guild.
    pub fn players(&self) -> Vec<(u64, PlayerView)> {
        lock(&self.0.core).players(self.0.now())
    }

    /// Whether a bot is connected.
    pub fn is_connected(&self) -> bool {
        lock(&self.0.core).open_sessions() > 0
    }

    /// The process dies: connections are reset, memory is gone, nothing is accepted.
    pub fn kill(&self) {
        self.0.down.store(true, Ordering::SeqCst);
        self.cut();
        let now = self.0.now();
        self.0.with_core(|core| core.die(now));
    }

    /// It is started again, with nothing in memory.
    pub fn restart(&self) {
        self.0.down.store(false, Ordering::SeqCst);
    }

    /// Every connection is dropped without a farewell; sessions stay as they were set up.
    pub fn abort(&self) {
        self.cut();
    }

    /// Reads and writes nothing until it is thawed; connections stay open.
    pub fn freeze(&self, frozen: bool) {
        self.0.frozen.send_replace(frozen);
    }

    /// Every second REST answer and some websocket messages make no sense while this is on.
    pub fn garbage(&self, on: bool) {
        self.0.garbage.store(on, Ordering::SeqCst);
        if on {
            let sockets: Vec<_> = lock(&self.0.sockets).values().cloned().collect();
            for socket in sockets {
                let _ = socket.send(Message::text("{\"op\":\"event\",\"type\":"));
                let _ = socket.send(Message::text("not even JSON"));
                let _ = socket.send(Message::text("{\"op\":\"surprise\",\"guildId\":\"1\"}"));
            }
        }
    }

    /// REST requests are taken and never answered while this is on.
    pub fn mute_rest(&self, on: bool) {
        self.0.mute_rest.store(on, Ordering::SeqCst);
    }

    /// The voice server closes the connection of `guild`'s player with `code`.
    pub fn close_voice(&self, guild: u64, code: u16) {
        let now = self.0.now();
        self.0.with_core(|core| {
            for id in core.sessions_with(guild) {
                core.close_voice(now, &id, guild, code);
            }
        });
    }

    fn cut(&self) {
        self.0.cut.send_modify(|cut| *cut += 1);
    }
}

impl Node {
    fn now(&self) -> u64 {
        u64::try_from(self.config.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Changes the core and sends what leaves it.
    fn with_core<T>(&self, change: impl FnOnce(&mut Core) -> T) -> T {
        let mut core = lock(&self.core);
        let result = change(&mut core);
        let sockets = lock(&self.sockets);
        for out in core.drain() {
            match out {
                Out::Send(socket, message) => {
                    if let Some(socket) = sockets.get(&socket) {
                        // A socket that has ended reads no more.
                        let _ = socket.send(Message::text(message.to_string()));
                    }
                }
                Out::Sound(guild, source, Some(track), at) => self.sound.sounds(guild, self.source(source), &track, at),
                Out::Sound(guild, source, None, at) => self.sound.silent(guild, self.source(source), at),
            }
        }
        result
    }

    /// Sources are numbered over all nodes.
    fn source(&self, source: u64) -> u64 {
        u64::from(self.addr.port()) << 32 | source
    }
}

async fn clock(node: Arc<Node>, voices: Voices) {
    let mut voices = voices.watch();
    let mut cut = node.cut.subscribe();
    loop {
        let now = node.now();
        let next = node.with_core(|core| {
            core.tick(now);
            core.deadline()
        });
        let wait = next.map_or(50, |next| next.saturating_sub(node.now()).clamp(1, 50));
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(wait)) => {}
            _ = cut.changed() => {}
            changed = voices.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = node.now();
                node.with_core(|core| core.check_voice(now));
            }
        }
    }
}

async fn accept(node: Arc<Node>, listener: TcpListener) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        if node.down.load(Ordering::SeqCst) {
            reset(&stream);
            continue;
        }
        // Small answers must not wait for more.
        let _ = stream.set_nodelay(true);
        tokio::spawn(serve(Arc::clone(&node), stream));
    }
}

/// Closing it resets the connection, as the system does for a process that is gone.
fn reset(stream: &TcpStream) {
    let _ = stream.set_zero_linger();
}

async fn serve(node: Arc<Node>, stream: TcpStream) {
    let mut cut = node.cut.subscribe();
    let service = {
        let node = Arc::clone(&node);
        service_fn(move |request| {
            let node = Arc::clone(&node);
            async move { Ok::<_, Infallible>(answer(node, request).await) }
        })
    };
    reset(&stream);
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        _ = connection.with_upgrades() => {}
        _ = cut.changed() => {}
    }
}

async fn thawed(node: &Node) {
    let mut frozen = node.frozen.subscribe();
    // The sender lives as long as the node.
    let _ = frozen.wait_for(|frozen| !*frozen).await;
}

async fn answer(node: Arc<Node>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    thawed(&node).await;
    let path = request.uri().path().to_owned();
    if path == "/v4/websocket" {
        return upgrade(&node, &mut request);
    }
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    let mut call = Call {
        method: request.method().to_string(),
        path: path.clone(),
        query: query(request.uri().query().unwrap_or_default()),
        authorization: header("authorization"),
        is_json: header("content-type").is_some_and(|kind| kind.starts_with("application/json")),
        body: Vec::new(),
    };
    call.body = request
        .body_mut()
        .collect()
        .await
        .map(|body| body.to_bytes().to_vec())
        .unwrap_or_default();
    node.findings
        .count(format!("lavalink.{} {}", call.method, route_name(&path)));
    if node.mute_rest.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    if node.garbage.load(Ordering::SeqCst) {
        return respond(502, Bytes::from_static(b"<html>bad gateway</html>"), "text/html");
    }
    if path == "/v4/loadtracks"
        && let Some((_, identifier)) = call.query.iter().find(|(key, _)| key == "identifier")
    {
        let wait = super::Media::find_ms(&*lock(&node.catalogue), identifier);
        tokio::time::sleep(Duration::from_millis(wait)).await;
    }
    let now = node.now();
    let answer = node.with_core(|core| {
        core.tick(now);
        core.call(now, &call)
    });
    judge(&node, &call, &answer);
    match answer {
        Answer::Never => std::future::pending().await,
        Answer::Now(status, Body::Empty) => respond(status, Bytes::new(), ""),
        Answer::Now(status, Body::Text(text)) => respond(status, text.into(), "text/plain;charset=UTF-8"),
        Answer::Now(status, Body::Json(json)) => respond(status, json.to_string().into(), "application/json"),
    }
}

/// Whether a refusal is the client's mistake.
fn judge(node: &Node, call: &Call, answer: &Answer) {
    let Answer::Now(status @ 400.., body) = answer else {
        return;
    };
    let message = match body {
        Body::Json(json) => json["message"].as_str().unwrap_or_default().to_owned(),
        Body::Text(text) => text.clone(),
        Body::Empty => String::new(),
    };
    let once_there = call
        .path
        .split('/')
        .nth(3)
        .is_some_and(|id| lock(&node.core).known.contains(id));
    if *status == 404 && (once_there || message == "Player not found") {
        node.findings.race("lavalink session gone");
    } else {
        node.findings.violation(format!(
            "{} {} to {}: {status} {message}",
            call.method, call.path, node.config.name
        ));
    }
}

fn route_name(path: &str) -> String {
    let part = |(place, part): (usize, &str)| {
        if matches!(place, 2 | 4) && path.contains("/sessions/") {
            "…".to_owned()
        } else {
            part.to_owned()
        }
    };
    path.split('/')
        .skip(1)
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("/")
}

fn query(text: &str) -> Vec<(String, String)> {
    reqwest::Url::parse(&format!("http://x/?{text}"))
        .map(|url| {
            url.query_pairs()
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect()
        })
        .unwrap_or_default()
}

fn respond(status: u16, body: Bytes, kind: &str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert("Lavalink-Api-Version", http::HeaderValue::from_static("4"));
    if let Ok(kind) = http::HeaderValue::from_str(kind)
        && !kind.is_empty()
    {
        headers.insert("Content-Type", kind);
    }
    response
}

fn upgrade(node: &Arc<Node>, request: &mut Request<Incoming>) -> Response<Full<Bytes>> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .and_then(|value| value.to_str().ok())
            .map(str::to_owned)
    };
    if header("authorization").as_deref() != Some(&node.config.password) {
        node.findings.violation(format!(
            "websocket of {} opened with a wrong password",
            node.config.name
        ));
        return respond(401, Bytes::new(), "");
    }
    let Some(user) = header("user-id")
        .and_then(|id| id.parse::<u64>().ok())
        .filter(|id| *id != 0)
    else {
        node.findings
            .violation(format!("websocket of {} opened without a User-Id", node.config.name));
        return respond(400, Bytes::new(), "");
    };
    let session = header("session-id");
    let key = header("sec-websocket-key").unwrap_or_default();
    let resumed = lock(&node.core).resumes(session.as_deref());
    let upgraded = hyper::upgrade::on(request);
    let task = Arc::clone(node);
    let cut = node.cut.subscribe();
    tokio::spawn(async move {
        if let Ok(upgraded) = upgraded.await {
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            attend(task, socket, user, session, cut).await;
        }
    });
    let mut response = respond(101, Bytes::new(), "");
    let headers = response.headers_mut();
    headers.insert(
        "Session-Resumed",
        http::HeaderValue::from_static(if resumed { "true" } else { "false" }),
    );
    headers.insert("Upgrade", http::HeaderValue::from_static("websocket"));
    headers.insert("Connection", http::HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = http::HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert("Sec-WebSocket-Accept", accept);
    }
    response
}

async fn attend<S>(
    node: Arc<Node>,
    socket: WebSocketStream<S>,
    user: u64,
    session: Option<String>,
    mut cut: watch::Receiver<u64>,
) where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let (mut sink, mut stream) = socket.split();
    let (send, mut outbox) = mpsc::unbounded_channel();
    let number = node.next_socket.fetch_add(1, Ordering::SeqCst);
    lock(&node.sockets).insert(number, send);
    let now = node.now();
    node.with_core(|core| core.open(now, number, user, session.as_deref()));
    loop {
        thawed(&node).await;
        tokio::select! {
            biased;
            _ = cut.changed() => break,
            message = outbox.recv() => {
                let Some(message) = message else { break };
                if sink.send(message).await.is_err() {
                    break;
                }
            }
            frame = stream.next() => {
                // Pings are answered below us; text of the client means nothing.
                if matches!(frame, None | Some(Err(_) | Ok(Message::Close(_)))) {
                    break;
                }
            }
        }
    }
    lock(&node.sockets).remove(&number);
    let now = node.now();
    node.with_core(|core| core.close(now, number));
}
