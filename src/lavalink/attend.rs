//! Reading one connection: pings, deadlines, the list of players first, then every message in its order.

use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{FutureExt as _, SinkExt as _, StreamExt as _};
use ostinato_actors::ports::{AudioEvent, PortError};
use ostinato_machine::guild::{PlayerOrder, Report};
use ostinato_machine::ids::GuildId;
use tokio::time::{Instant, MissedTickBehavior};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message as Frame};

use super::NodeSettings;
use super::connect::Socket;
use super::found::Player;
use super::rest::Rest;
use super::session::Driver;
use super::standing::at;
use super::wire::Message;

/// Messages that may wait for the list of players.
const BUFFER: usize = 10_000;

/// How long a farewell may take.
const FAREWELL: Duration = Duration::from_millis(500);

/// Players of a session that was left are taken away after this time: until then they are heard, while the new session
/// gets its own.
const EMPTY_AFTER: Duration = Duration::from_secs(2);

/// Frames that make no sense are reported so many times a connection; the rest is noise.
const NONSENSE_MOST: u32 = 3;

/// How a connection ended.
pub(super) enum End {
    /// We left.
    Stopped,
    /// It is gone; the session may be resumed.
    Dropped(String),
    /// It is of no use; the session is given up.
    Useless(String),
}

/// A message, and when it came, wall-clock ms.
type Dated = (u64, Message);

/// What is known of one connection.
#[derive(Default)]
struct Connection {
    /// Messages that wait for the list of players.
    waiting: VecDeque<Dated>,
    setup: Option<LocalBoxFuture<'static, SetUp>>,
    nonsense: u32,
}

impl Driver {
    /// Reads the socket until it ends.
    pub(super) async fn attend(&mut self, socket: Socket) -> End {
        let (mut out, mut frames) = socket.split();
        let mut ping = tokio::time::interval(self.settings.ping);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let session = Rc::clone(&self.session);
        session.hear();
        let ready_by = Instant::now() + self.settings.connect + self.settings.order;
        let mut connection = Connection::default();
        loop {
            if session.is_stopped() {
                // Without a farewell the node would keep the session too; with one it notices at once.
                let _ = tokio::time::timeout(FAREWELL, farewell(&mut out, &mut frames)).await;
                return End::Stopped;
            }
            if session.again.take() {
                let _ = tokio::time::timeout(FAREWELL, farewell(&mut out, &mut frames)).await;
                return End::Dropped("an operator ordered a new connection".into());
            }
            if let Some(why) = session.useless() {
                return End::Useless(why);
            }
            self.drain();
            tokio::select! {
                biased;
                () = session.woken() => {}
                ready = finished(&mut connection.setup) => {
                    connection.setup = None;
                    if let Err(error) = self.ready(ready) {
                        return End::Dropped(format!("the session can't be used: {error}"));
                    }
                    for (at_ms, message) in connection.waiting.drain(..) {
                        self.hand_over(at_ms, message);
                    }
                }
                frame = frames.next() => {
                    session.hear();
                    if let Err(why) = self.take(frame, &mut connection) {
                        return End::Dropped(why);
                    }
                }
                () = at(self.lost_at) => self.lose("it is not back in time"),
                () = tokio::time::sleep_until(session.heard() + self.settings.dead) => {
                    return End::Dropped(format!("no frame for {} ms", self.settings.dead.as_millis()));
                }
                () = tokio::time::sleep_until(ready_by), if !session.is_up() => {
                    return End::Dropped("the node did not become ready".into());
                }
                _ = ping.tick() => {
                    let sent = tokio::time::timeout(self.settings.ping, out.send(Frame::Ping(Bytes::new()))).await;
                    if !matches!(sent, Ok(Ok(()))) {
                        return End::Dropped("a ping could not be sent".into());
                    }
                }
            }
        }
    }

    /// Takes one frame; the error says why it was the last.
    fn take(&mut self, frame: Option<Result<Frame, Error>>, connection: &mut Connection) -> Result<(), String> {
        let text = match frame {
            Some(Ok(Frame::Text(text))) => text,
            Some(Ok(Frame::Close(Some(frame)))) => return Err(format!("closed with {}", frame.code)),
            Some(Ok(Frame::Close(None))) => return Err("closed".into()),
            Some(Ok(Frame::Binary(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => return Ok(()),
            Some(Err(error)) => return Err(error.to_string()),
            None => return Err("the connection was dropped".into()),
        };
        let at_ms = now_ms();
        match serde_json::from_str(text.as_str()) {
            Ok(Message::Ready { resumed, session_id }) => {
                let before = self.last.replace(session_id.clone());
                self.left.extend(before.filter(|before| *before != session_id));
                connection.setup = Some(set_up(self.session.rest().clone(), session_id, resumed).boxed_local());
            }
            Ok(message) if connection.setup.is_some() || !self.session.is_up() => {
                if connection.waiting.len() >= BUFFER {
                    return Err("the node sent too much before it was ready".into());
                }
                connection.waiting.push_back((at_ms, message));
            }
            Ok(message) => self.hand_over(at_ms, message),
            Err(error) => {
                connection.nonsense = connection.nonsense.saturating_add(1);
                if connection.nonsense <= NONSENSE_MOST {
                    tracing::warn!(node = %self.node.id, shard = %self.shard, %error, "the audio node sent what makes no sense; it is ignored");
                }
            }
        }
        Ok(())
    }

    /// Makes the session known, with its players.
    fn ready(&mut self, setup: SetUp) -> Result<(), PortError> {
        let SetUp {
            session,
            resumed,
            players,
        } = setup;
        let now = now_ms();
        let players: Vec<_> = players?.iter().map(|player| player.seen(&self.node.id, now)).collect();
        let up = AudioEvent::Up {
            node: self.node.id.clone(),
            session: session.clone(),
            resumed,
            players,
        };
        self.rise(session, resumed, up);
        for left in self.left.drain(..) {
            tokio::task::spawn_local(empty(self.session.rest().clone(), self.node.clone(), left));
        }
        if !self.is_version_known {
            self.is_version_known = true;
            tokio::task::spawn_local(look_at_version(self.session.rest().clone(), self.node.clone()));
        }
        Ok(())
    }

    fn hand_over(&self, at_ms: u64, message: Message) {
        let node = self.node.id.clone();
        match message {
            Message::Ready { .. } | Message::Unknown => {}
            Message::Stats(stats) => {
                self.session.figures.hear(&stats);
                self.say(AudioEvent::Stats {
                    node,
                    playing: stats.playing_players,
                    cpu_permille: stats.cpu.system_permille(),
                    frame_deficit: stats.frame_stats.map_or(0, |frames| frames.missing()),
                });
            }
            Message::PlayerUpdate { guild_id, state } => self.say(AudioEvent::Guild {
                node,
                guild: GuildId(guild_id.0),
                report: Report::Update {
                    position_ms: state.position,
                    at_ms,
                    connected: state.connected,
                },
            }),
            Message::Event(event) => {
                let guild = event.guild_id.map(|id| GuildId(id.0));
                if let (Some(guild), Some(report)) = (guild, event.report()) {
                    self.say(AudioEvent::Guild { node, guild, report });
                }
            }
        }
    }
}

/// Closes the websocket and waits until the node has seen it: from then on the session can be resumed.
async fn farewell(out: &mut SplitSink<Socket, Frame>, frames: &mut SplitStream<Socket>) {
    if out.close().await.is_ok() {
        while let Some(Ok(_)) = frames.next().await {}
    }
}

/// What `work` gives; never without work.
async fn finished<T>(work: &mut Option<LocalBoxFuture<'static, T>>) -> T {
    match work {
        Some(work) => work.await,
        None => std::future::pending().await,
    }
}

/// What must be known before a session is used.
struct SetUp {
    session: String,
    resumed: bool,
    players: Result<Vec<Player>, PortError>,
}

async fn set_up(rest: Rest, session: String, resumed: bool) -> SetUp {
    let players = if resumed {
        rest.players(&session).await
    } else {
        rest.enable_resuming(&session).await.map(|()| Vec::new())
    };
    SetUp {
        session,
        resumed,
        players,
    }
}

/// Takes away the players of a session that was left. A node that still believes the old connection open does not
/// resume it, but answers for it; for one that it has paused it answers nothing and ends it by itself.
async fn empty(rest: Rest, node: NodeSettings, session: String) {
    tokio::time::sleep(EMPTY_AFTER).await;
    let Ok(players) = rest.players(&session).await else {
        return;
    };
    let mut taken = 0_u32;
    for player in players {
        let (guild, order) = (
            GuildId(player.guild_id.0),
            PlayerOrder::Delete { node: node.id.clone() },
        );
        if let Err(failure) = rest.order(&session, guild, &order).await {
            tracing::warn!(node = %node.id, error = %failure.error, "players of a session that was left could not be taken away");
            return;
        }
        taken = taken.saturating_add(1);
    }
    if taken > 0 {
        tracing::info!(node = %node.id, taken, "players of a session that was left are taken away");
    }
}

async fn look_at_version(rest: Rest, node: NodeSettings) {
    match rest.version().await {
        Ok(version) if is_old(&version) => {
            tracing::warn!(node = %node.id, version, "the audio node is older than 4.2; voice will not work on it, upgrade it");
        }
        Ok(_) | Err(_) => {}
    }
}

pub(super) fn is_old(version: &str) -> bool {
    let mut parts = version.split(['.', '-']).map(|part| part.parse::<u32>().ok());
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(major), Some(minor)) => (major, minor) < (4, 2),
        _ => false,
    }
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
