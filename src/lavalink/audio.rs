//! The port: sessions by (shard, node), orders and searches.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use futures_util::future::join_all;
use ostinato_actors::ports::{Audio, AudioSink, PortError, PortErrorKind, Work};
use ostinato_machine::guild::{Loaded, PlayerOrder, Related};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use ostinato_machine::track::Track;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::figures::{NodeFigures, Purpose, SearchFigures};
use super::related;
use super::rest::Rest;
use super::session::{Driver, Session};
use super::{LavalinkSettings, Shared, sources};
use crate::board::Board;

/// How long a session may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// How long an unused HTTP connection is kept; nodes close theirs later.
const POOL_IDLE: Duration = Duration::from_secs(15);

/// The audio nodes of a process. May cross threads; each arbiter makes its own port of it.
#[derive(Clone)]
pub struct Nodes {
    settings: Shared,
    figures: AllFigures,
    searches: Arc<SearchFigures>,
    standings: Board<(NodeId, ShardId)>,
}

impl std::fmt::Debug for Nodes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Nodes")
            .field("standings", &self.standings)
            .finish_non_exhaustive()
    }
}

/// What is known of each node by all shards.
type AllFigures = Arc<BTreeMap<NodeId, Arc<NodeFigures>>>;

impl Nodes {
    /// The nodes of `settings`.
    pub fn new(settings: LavalinkSettings) -> Self {
        let figures = settings.nodes.iter().map(|node| (node.id.clone(), Arc::default()));
        Self {
            figures: Arc::new(figures.collect()),
            searches: Arc::default(),
            settings: Arc::new(settings),
            standings: Board::default(),
        }
    }

    /// How each shard's session with each node stands.
    pub fn standings(&self) -> Board<(NodeId, ShardId)> {
        self.standings.clone()
    }

    /// What each node says of itself and how it does what it is asked.
    pub fn figures(&self) -> impl Iterator<Item = (&NodeId, &NodeFigures)> {
        self.figures.iter().map(|(node, figures)| (node, &**figures))
    }

    /// How searches went.
    pub fn searches(&self) -> &SearchFigures {
        &self.searches
    }

    /// The port of this arbiter.
    ///
    /// # Errors
    /// When no HTTP client can be made, which only a broken TLS set-up does.
    pub fn port(&self) -> Result<Rc<dyn Audio>, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(self.settings.connect)
            .pool_idle_timeout(POOL_IDLE)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        Ok(Rc::new(Port {
            settings: Arc::clone(&self.settings),
            figures: Arc::clone(&self.figures),
            searches: Arc::clone(&self.searches),
            standings: self.standings.clone(),
            http,
            sessions: Rc::default(),
            turned: Rc::default(),
        }))
    }
}

struct Port {
    settings: Shared,
    figures: AllFigures,
    searches: Arc<SearchFigures>,
    standings: Board<(NodeId, ShardId)>,
    http: reqwest::Client,
    sessions: Rc<RefCell<Sessions>>,
    /// Rings when a session comes up or is lost.
    turned: Rc<Notify>,
}

/// The sessions of one arbiter.
type Sessions = BTreeMap<(ShardId, NodeId), Rc<Session>>;

impl Port {
    fn session(&self, shard: ShardId, node: &NodeId) -> Option<Rc<Session>> {
        self.sessions.borrow().get(&(shard, node.clone())).cloned()
    }

    /// Asks a healthy node.
    fn look_up(&self, shard: ShardId, identifier: String, purpose: Purpose) -> Work<Loaded> {
        let (began, searches) = (Instant::now(), Arc::clone(&self.searches));
        let times = (
            self.settings.ping.saturating_mul(2),
            Instant::now() + self.settings.load,
        );
        let sessions = patiently(Rc::clone(&self.sessions), Rc::clone(&self.turned), shard, times);
        async move {
            let mut result = Err(PortError::new(PortErrorKind::Gone, "no audio node is up"));
            for session in sessions.await {
                result = session.rest().load(&identifier).await;
                // Another node helps against one that is just going away; a slow one has used the time up.
                if !matches!(&result, Err(error) if error.kind == PortErrorKind::Unreachable) {
                    break;
                }
            }
            searches.searched(purpose, &result, began.elapsed());
            result
        }
        .boxed_local()
    }
}

/// What is said of an address that no node is sent to.
const PRIVATE: &str = "addresses inside a private network are not played; who runs the bot can allow them";

fn of(sessions: &Sessions, shard: ShardId) -> impl Iterator<Item = &Rc<Session>> {
    let all = sessions.iter().filter(move |((of, _), _)| *of == shard);
    all.map(|(_, session)| session)
}

/// The sessions of the shard whose nodes can look something up, in an order that changes from call to call: those that
/// showed life of late come first.
fn healthy(sessions: &Sessions, shard: ShardId, lately: Duration) -> Vec<Rc<Session>> {
    let mut up: Vec<_> = of(sessions, shard)
        .filter(|session| session.is_healthy())
        .map(Rc::clone)
        .collect();
    fastrand::shuffle(&mut up);
    up.sort_by_key(|session| session.heard().elapsed() > lately);
    up
}

/// The healthy sessions. While one may still come up it is waited for: a search that comes with the first breath of the
/// process, or between two connections, is no reason to refuse.
async fn patiently(
    sessions: Rc<RefCell<Sessions>>,
    turned: Rc<Notify>,
    shard: ShardId,
    (lately, until): (Duration, Instant),
) -> Vec<Rc<Session>> {
    loop {
        let ring = turned.notified();
        let found = healthy(&sessions.borrow(), shard, lately);
        let is_hopeless = !of(&sessions.borrow(), shard).any(|session| session.is_awaited());
        if !found.is_empty() || is_hopeless || tokio::time::timeout_at(until, ring).await.is_err() {
            return found;
        }
    }
}

fn node_of(order: &PlayerOrder) -> &NodeId {
    match order {
        PlayerOrder::Patch { node, .. } | PlayerOrder::Delete { node } => node,
    }
}

impl Audio for Port {
    fn start(&self, shard: ShardId, stored: Vec<(NodeId, String)>, sink: Rc<dyn AudioSink>) {
        for node in &self.settings.nodes {
            let rest = Rest::new(self.http.clone(), Arc::clone(&self.settings), node.clone());
            let figures = self.figures.get(&node.id).cloned().unwrap_or_default();
            let session = Rc::new(Session::new(rest, figures, Rc::clone(&self.turned)));
            let place = (shard, node.id.clone());
            if let Some(old) = self.sessions.borrow_mut().insert(place, Rc::clone(&session)) {
                old.stop();
            }
            let last = stored.iter().find(|(id, _)| *id == node.id);
            let last = last.map(|(_, session)| session.clone());
            let common = (Arc::clone(&self.settings), node.clone(), self.standings.clone());
            let driver = Driver::new(session, common, shard, Rc::clone(&sink), last);
            tokio::task::spawn_local(driver.run());
        }
    }

    fn order(&self, shard: ShardId, guild: GuildId, order: PlayerOrder) -> Work<()> {
        let session = self.session(shard, node_of(&order));
        async move {
            let Some(session) = session else {
                return Err(PortError::new(PortErrorKind::Gone, "no such audio node"));
            };
            session.order(guild, &order).await
        }
        .boxed_local()
    }

    fn load(&self, shard: ShardId, query: Arc<str>) -> Work<Loaded> {
        if sources::is_address(&query) && !self.settings.private_addresses && sources::is_private(&query) {
            let message = PRIVATE.into();
            return std::future::ready(Ok(Loaded::Error { message })).boxed_local();
        }
        let identifier = sources::identifier(&query, &self.settings.search_prefix);
        self.look_up(shard, identifier, Purpose::Asked)
    }

    fn related(&self, shard: ShardId, seed: Arc<Track>) -> Work<Related> {
        let nothing = || -> Work<Loaded> { std::future::ready(Ok(Loaded::Empty)).boxed_local() };
        let mix = related::mix(&seed).map_or_else(nothing, |mix| self.look_up(shard, mix, Purpose::Related));
        let artist = related::artist(&seed).map(|artist| format!("{}:{artist}", self.settings.search_prefix));
        let artist = artist.map_or_else(nothing, |artist| self.look_up(shard, artist, Purpose::Related));
        async move {
            match futures_util::future::join(mix, artist).await {
                // What one of them finds is worth having, whatever became of the other.
                (Err(error), Err(_)) => Err(error),
                (mix, artist) => Ok(Related {
                    seed,
                    mix: related::tracks(mix.unwrap_or(Loaded::Empty)),
                    artist: related::tracks(artist.unwrap_or(Loaded::Empty)),
                }),
            }
        }
        .boxed_local()
    }

    fn reconnect(&self, shard: ShardId, node: &NodeId) {
        if let Some(session) = self.session(shard, node) {
            session.reconnect();
        }
    }

    fn close(&self, shard: ShardId) -> Work<()> {
        let mut sessions = Vec::new();
        self.sessions.borrow_mut().retain(|(of, _), session| {
            let stays = *of != shard;
            if !stays {
                session.stop();
                sessions.push(Rc::clone(session));
            }
            stays
        });
        async move {
            let closed = sessions.iter().map(|session| session.over());
            let in_time = tokio::time::timeout(CLOSE_WITHIN, join_all(closed)).await;
            in_time.map(|_| ()).map_err(|_| {
                let message = format!("not every session was closed within {} ms", CLOSE_WITHIN.as_millis());
                PortError::new(PortErrorKind::Timeout, message)
            })
        }
        .boxed_local()
    }
}
