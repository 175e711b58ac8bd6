//! A tiny gateway on loopback: it greets, accepts what it is told to accept, and remembers everything.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value as Json, json};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

/// What came in.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Seen {
    Connect { uri: String },
    Identify { shard: u64, data: Json },
    Resume { session: String, sequence: u64 },
    Voice { guild: String, channel: Option<String> },
    Closed { code: Option<u16> },
}

/// What a connection is told to do.
enum Order {
    Say(String),
    Close(u16),
    Drop,
}

#[derive(Default)]
struct World {
    seen: Vec<Seen>,
    live: Option<mpsc::UnboundedSender<Order>>,
    sessions: HashMap<String, u64>,
    /// Answers to the next IDENTIFYs: a close code each.
    refuse_identify: Vec<u16>,
    /// Answers to the next RESUMEs: op 9 with this flag each.
    refuse_resume: Vec<bool>,
    /// What READY says instead of the own address.
    resume_url: Option<String>,
    mute: bool,
    interval_ms: u64,
}

/// The gateway.
pub(super) struct Server {
    address: SocketAddr,
    world: Arc<Mutex<World>>,
    changed: Arc<Notify>,
    reserved: Option<TcpSocket>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let world = World {
            interval_ms: 41_250,
            ..World::default()
        };
        let mut server = Self {
            address: listener.local_addr().unwrap(),
            world: Arc::new(Mutex::new(world)),
            changed: Arc::new(Notify::new()),
            reserved: None,
            accepting: None,
        };
        server.accept(listener);
        server
    }

    fn accept(&mut self, listener: TcpListener) {
        let (world, changed, address) = (Arc::clone(&self.world), Arc::clone(&self.changed), self.address);
        self.accepting = Some(tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, address, Arc::clone(&world), Arc::clone(&changed)));
            }
        }));
    }

    pub(super) fn url(&self) -> String {
        format!("ws://{}", self.address)
    }

    /// Nobody is there any more: the port is closed, and so is the connection.
    pub(super) async fn go_away(&mut self) {
        let accepting = self.accepting.take().unwrap();
        accepting.abort();
        let _ = accepting.await;
        // Bound and not listening: connects are refused, and nobody else on this machine gets the port meanwhile.
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(self.address).unwrap();
        self.reserved = Some(socket);
        self.drop_connection();
    }

    pub(super) async fn come_back(&mut self) {
        let listener = self.reserved.take().unwrap().listen(128).unwrap();
        self.accept(listener);
    }

    pub(super) fn beat_each(&self, interval: Duration) {
        self.world.lock().unwrap().interval_ms = u64::try_from(interval.as_millis()).unwrap();
    }

    pub(super) fn resume_at(&self, url: &str) {
        self.world.lock().unwrap().resume_url = Some(url.into());
    }

    pub(super) fn mute(&self, mute: bool) {
        self.world.lock().unwrap().mute = mute;
    }

    pub(super) fn refuse_identify(&self, code: u16) {
        self.world.lock().unwrap().refuse_identify.push(code);
    }

    pub(super) fn refuse_resume(&self, resumable: bool) {
        self.world.lock().unwrap().refuse_resume.push(resumable);
    }

    /// A dispatch in the newest session, with the next number.
    pub(super) fn dispatch(&self, name: &str, data: &Json) -> u64 {
        let mut world = self.world.lock().unwrap();
        let number = *world.sessions.values().max().unwrap() + 1;
        for sequence in world.sessions.values_mut() {
            *sequence = number;
        }
        drop(world);
        self.say(&json!({ "t": name, "s": number, "op": 0, "d": data }).to_string());
        number
    }

    pub(super) fn say(&self, text: &str) {
        self.order(Order::Say(text.into()));
    }

    pub(super) fn close(&self, code: u16) {
        self.order(Order::Close(code));
    }

    pub(super) fn drop_connection(&self) {
        self.order(Order::Drop);
    }

    fn order(&self, order: Order) {
        let live = self.world.lock().unwrap().live.clone();
        let _ = live.unwrap().send(order);
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.world.lock().unwrap().seen.clone()
    }

    pub(super) fn count(&self, of: impl Fn(&Seen) -> bool) -> usize {
        self.seen().iter().filter(|seen| of(seen)).count()
    }

    pub(super) fn connects(&self) -> usize {
        self.count(|seen| matches!(seen, Seen::Connect { .. }))
    }

    pub(super) fn identifies(&self) -> usize {
        self.count(|seen| matches!(seen, Seen::Identify { .. }))
    }

    pub(super) fn resumes(&self) -> usize {
        self.count(|seen| matches!(seen, Seen::Resume { .. }))
    }

    pub(super) async fn until(&self, what: &str, is_so: impl Fn(&Self) -> bool) {
        super::until(&self.changed, what, || is_so(self)).await;
    }
}

async fn serve(stream: TcpStream, address: SocketAddr, world: Arc<Mutex<World>>, changed: Arc<Notify>) {
    let mut uri = String::new();
    #[expect(clippy::result_large_err, reason = "the shape is the websocket library's")]
    let read = |request: &Request, response: Response| {
        uri = request.uri().to_string();
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, read).await else {
        return;
    };
    let (orders, mut ordered) = mpsc::unbounded_channel();
    let hello = {
        let mut world = world.lock().unwrap();
        world.live = Some(orders);
        world.seen.push(Seen::Connect { uri });
        json!({ "op": 10, "d": { "heartbeat_interval": world.interval_ms }, "s": null, "t": null })
    };
    changed.notify_one();
    if socket.send(Message::text(hello.to_string())).await.is_err() {
        return;
    }
    loop {
        let answers = tokio::select! {
            order = ordered.recv() => match order {
                Some(Order::Say(text)) => vec![Message::text(text)],
                Some(Order::Close(code)) => vec![close(code)],
                Some(Order::Drop) | None => return,
            },
            frame = socket.next() => match frame {
                Some(Ok(Message::Text(text))) => answer(&serde_json::from_str(&text).unwrap(), address, &world),
                Some(Ok(Message::Close(frame))) => {
                    let code = frame.map(|frame| u16::from(frame.code));
                    world.lock().unwrap().seen.push(Seen::Closed { code });
                    Vec::new()
                }
                Some(Ok(_)) => Vec::new(),
                Some(Err(_)) | None => return,
            },
        };
        changed.notify_one();
        for answer in answers {
            let _ = socket.send(answer).await;
        }
    }
}

fn close(code: u16) -> Message {
    Message::Close(Some(CloseFrame {
        code: code.into(),
        reason: "".into(),
    }))
}

fn answer(frame: &Json, address: SocketAddr, world: &Mutex<World>) -> Vec<Message> {
    let mut world = world.lock().unwrap();
    let data = &frame["d"];
    let dispatch =
        |name: &str, sequence: u64, data: Json| json!({ "op": 0, "d": data, "s": sequence, "t": name }).to_string();
    match frame["op"].as_u64().unwrap() {
        1 if world.mute => Vec::new(),
        1 => vec![Message::text(json!({ "op": 11 }).to_string())],
        2 => {
            let shard = data["shard"][0].as_u64().unwrap();
            world.seen.push(Seen::Identify {
                shard,
                data: data.clone(),
            });
            if let Some(code) = world.refuse_identify.pop() {
                return vec![close(code)];
            }
            let session = format!("session-{}", world.sessions.len());
            world.sessions.insert(session.clone(), 1);
            let own = || format!("ws://{address}/resume/");
            let ready = json!({ "session_id": session, "resume_gateway_url": world.resume_url.clone().unwrap_or_else(own),
                "user": { "id": "9" }, "guilds": [{ "id": "1", "unavailable": true }] });
            vec![Message::text(dispatch("READY", 1, ready))]
        }
        4 => {
            let guild = data["guild_id"].as_str().unwrap().to_owned();
            let channel = data["channel_id"].as_str().map(str::to_owned);
            world.seen.push(Seen::Voice { guild, channel });
            Vec::new()
        }
        6 => {
            let session = data["session_id"].as_str().unwrap().to_owned();
            let sequence = data["seq"].as_u64().unwrap();
            let known = world.sessions.get(&session).copied();
            world.seen.push(Seen::Resume { session, sequence });
            match (world.refuse_resume.pop(), known) {
                (None, Some(newest)) => vec![Message::text(dispatch("RESUMED", newest, Json::Null))],
                (refused, _) => vec![Message::text(
                    json!({ "op": 9, "d": refused == Some(true) }).to_string(),
                )],
            }
        }
        op => panic!("op {op} is nothing that a client sends"),
    }
}
