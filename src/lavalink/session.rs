//! One websocket to one node for one shard: connect, resume, keep alive, hand events over in order.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use http::header::{AUTHORIZATION, HeaderValue};
use ostinato_actors::ports::{AudioEvent, AudioSink, PortError};
use ostinato_machine::guild::Report;
use ostinato_machine::ids::{GuildId, ShardId};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::rest::Rest;
use super::wire::Message;
use super::{NodeSettings, Shared};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Messages that may wait for the list of players.
const BUFFER: usize = 10_000;

/// How long the socket may take to close.
const CLOSE_WITHIN: Duration = Duration::from_millis(500);

/// What the lanes may ask of a session.
pub(super) struct Session {
    pub(super) rest: Rest,
    /// The session that orders go to; `None` while it is not up.
    pub(super) live: RefCell<Option<String>>,
    /// Voice orders that the node never answered: each costs it a thread for good.
    pub(super) unanswered: Cell<u32>,
    pub(super) stop: Cell<bool>,
    pub(super) wake: Notify,
    pub(super) over: Notify,
    /// The guilds of this node were told to move; it is tried further, but nobody waits for it.
    pub(super) given_up: Cell<bool>,
    /// Rings when this session comes up or is given up.
    pub(super) turned: Rc<Notify>,
}

/// Drives one session until it is stopped.
pub(super) struct Driver {
    pub(super) session: Rc<Session>,
    pub(super) settings: Shared,
    pub(super) node: NodeSettings,
    pub(super) shard: ShardId,
    pub(super) sink: Rc<dyn AudioSink>,
    /// The session to resume.
    pub(super) last: Option<String>,
}

impl Driver {
    pub(super) async fn run(mut self) {
        let mut failures = 0_u32;
        let mut within = self.settings.connect;
        while !self.session.stop.get() {
            let why = match tokio::time::timeout(within, self.connect()).await {
                Ok(Ok(socket)) => {
                    failures = 0;
                    let why = self.attend(socket).await;
                    self.session.live.replace(None);
                    if self.session.stop.get() {
                        break;
                    }
                    tracing::warn!(node = %self.node.id, shard = %self.shard, why, "the audio node's connection ended");
                    self.say(AudioEvent::Down {
                        node: self.node.id.clone(),
                        lost: false,
                        why: why.clone(),
                    });
                    within = self.settings.reconnect;
                    continue;
                }
                Ok(Err(why)) => why,
                Err(_) => format!("no connection within {} ms", within.as_millis()),
            };
            within = self.settings.connect;
            failures = failures.saturating_add(1);
            if !self.session.given_up.replace(true) {
                tracing::warn!(node = %self.node.id, shard = %self.shard, why, "the audio node can't be reached");
                self.say(AudioEvent::Down {
                    node: self.node.id.clone(),
                    lost: true,
                    why,
                });
                self.session.turned.notify_waiters();
            }
            tokio::select! {
                biased;
                () = self.session.wake.notified() => {}
                () = tokio::time::sleep(self.delay(failures)) => {}
            }
        }
        self.session.over.notify_one();
    }

    fn say(&self, event: AudioEvent) {
        self.sink.event(event);
    }

    /// The wait before the next connect: doubling, with a fifth of jitter.
    fn delay(&self, failures: u32) -> Duration {
        let doubled = self
            .settings
            .backoff_min
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        doubled
            .min(self.settings.backoff_max)
            .mul_f64(0.8 + 0.4 * fastrand::f64())
    }

    async fn connect(&self) -> Result<Socket, String> {
        let mut request = self
            .node
            .url("ws", "/v4/websocket")
            .into_client_request()
            .map_err(|error| error.to_string())?;
        let headers = request.headers_mut();
        let value =
            |text: &str| HeaderValue::from_str(text).map_err(|_| "a header has characters it may not have".to_owned());
        let mut password = value(self.node.password.reveal())?;
        password.set_sensitive(true);
        headers.insert(AUTHORIZATION, password);
        headers.insert("User-Id", value(&self.settings.user.to_string())?);
        headers.insert("Client-Name", value(concat!("Ostinato/", env!("CARGO_PKG_VERSION")))?);
        if let Some(last) = &self.last {
            headers.insert("Session-Id", value(last)?);
        }
        let size = Some(self.settings.body_bytes);
        let config = WebSocketConfig::default().max_message_size(size).max_frame_size(size);
        match tokio_tungstenite::connect_async_with_config(request, Some(config), true).await {
            Ok((socket, _)) => Ok(socket),
            Err(tungstenite::Error::Http(response)) if matches!(response.status().as_u16(), 401 | 403) => {
                tracing::error!(node = %self.node.id, "the audio node refuses the password; set `password` of this node in LAVALINK_NODES or lavalink_nodes");
                Err(format!("the node refuses the password ({})", response.status()))
            }
            Err(error) => Err(error.to_string()),
        }
    }

    /// Reads the socket until it ends; tells why.
    async fn attend(&mut self, socket: Socket) -> String {
        let (mut out, mut frames) = socket.split();
        let mut ping = tokio::time::interval(self.settings.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let begun = Instant::now();
        let mut heard = begun;
        let mut waiting: VecDeque<Message> = VecDeque::new();
        let session = Rc::clone(&self.session);
        let mut setup = None;
        loop {
            tokio::select! {
                biased;
                () = session.wake.notified(), if session.stop.get() => {
                    // Without a farewell the node keeps the session too; with one it notices at once.
                    let _ = tokio::time::timeout(CLOSE_WITHIN, out.close()).await;
                    return "we are leaving".into();
                }
                ready = async { match setup.as_mut() { Some(work) => work.await, None => std::future::pending().await } } => {
                    setup = None;
                    if let Err(error) = self.ready(ready) {
                        return format!("the session can't be used: {error}");
                    }
                    for message in waiting.drain(..) {
                        self.hand_over(message);
                    }
                }
                frame = frames.next() => {
                    heard = Instant::now();
                    let message = match frame {
                        Some(Ok(Frame::Text(text))) => self.read(text.as_str()),
                        Some(Ok(Frame::Close(frame))) => {
                            return frame.map_or_else(|| "closed".into(), |frame| format!("closed with {}", frame.code));
                        }
                        Some(Ok(_)) => None,
                        Some(Err(error)) => return error.to_string(),
                        None => return "the connection was dropped".into(),
                    };
                    match message {
                        Some(Message::Ready { resumed, session_id }) => {
                            self.last = Some(session_id.clone());
                            setup = Some(set_up(session.rest.clone(), session_id, resumed).boxed_local());
                        }
                        Some(message) if setup.is_some() || session.live.borrow().is_none() => {
                            if waiting.len() >= BUFFER {
                                return "the node sent too much before it was ready".into();
                            }
                            waiting.push_back(message);
                        }
                        Some(message) => self.hand_over(message),
                        None => {}
                    }
                }
                _ = ping.tick() => {
                    if session.live.borrow().is_none() && begun.elapsed() >= self.settings.connect + self.settings.order {
                        return "the node did not become ready".into();
                    }
                    if heard.elapsed() >= self.settings.dead {
                        return format!("no frame for {} ms", heard.elapsed().as_millis());
                    }
                    let sent = tokio::time::timeout(self.settings.ping, out.send(Frame::Ping(tungstenite::Bytes::new()))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return "a ping could not be sent".into();
                    }
                }
            }
        }
    }

    fn read(&self, text: &str) -> Option<Message> {
        serde_json::from_str(text)
            .inspect_err(|error| {
                tracing::warn!(node = %self.node.id, shard = %self.shard, %error, "the audio node sent what makes no sense; it is ignored");
            })
            .ok()
    }

    fn ready(&mut self, setup: SetUp) -> Result<(), PortError> {
        let SetUp {
            session,
            resumed,
            players,
            version,
        } = setup;
        let players = players?;
        if let Some(version) = version.filter(|version| is_old(version)) {
            tracing::warn!(node = %self.node.id, version, "the audio node is older than 4.2; voice will not work on it, upgrade it");
        }
        let now = now_ms();
        let players: Vec<_> = players.iter().map(|player| player.seen(&self.node.id, now)).collect();
        self.session.live.replace(Some(session.clone()));
        self.session.unanswered.set(0);
        self.session.given_up.set(false);
        self.session.turned.notify_waiters();
        self.say(AudioEvent::Up {
            node: self.node.id.clone(),
            session,
            resumed,
            players,
        });
        Ok(())
    }

    fn hand_over(&self, message: Message) {
        let node = self.node.id.clone();
        match message {
            Message::Ready { .. } | Message::Unknown => {}
            Message::Stats {
                playing_players,
                cpu,
                frame_stats,
            } => {
                let cpu_permille = permille(cpu.system_load);
                let frame_deficit = frame_stats.map_or(0, |frames| frames.missing());
                self.say(AudioEvent::Stats {
                    node,
                    playing: playing_players,
                    cpu_permille,
                    frame_deficit,
                });
            }
            Message::PlayerUpdate { guild_id, state } => {
                let report = Report::Update {
                    position_ms: state.position,
                    at_ms: now_ms(),
                    connected: state.connected,
                };
                self.say(AudioEvent::Guild {
                    node,
                    guild: GuildId(guild_id.0),
                    report,
                });
            }
            Message::Event(event) => {
                if let Some(report) = event.report() {
                    self.say(AudioEvent::Guild {
                        node,
                        guild: GuildId(event.guild_id.0),
                        report,
                    });
                }
            }
        }
    }
}

/// What must be known before a session is used.
struct SetUp {
    session: String,
    resumed: bool,
    players: Result<Vec<super::wire::Player>, PortError>,
    version: Option<String>,
}

async fn set_up(rest: Rest, session: String, resumed: bool) -> SetUp {
    let players = if resumed {
        rest.players(&session).await
    } else {
        rest.enable_resuming(&session).await.map(|()| Vec::new())
    };
    let version = if resumed { None } else { rest.version().await.ok() };
    SetUp {
        session,
        resumed,
        players,
        version,
    }
}

fn is_old(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < (4, 2),
        _ => false,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is meant"
)]
fn permille(load: f64) -> u32 {
    (load * 1_000.0).clamp(0.0, 1_000.0) as u32
}

pub(super) fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
