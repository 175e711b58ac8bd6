//! The port: sessions by (shard, node), orders and searches.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use lavalink_rs::model::search::SearchEngines;
use ostinato_actors::ports::{Audio, AudioEvent, AudioSink, PortError, PortErrorKind, Work};
use ostinato_machine::guild::{Loaded, PlayerOrder};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::rest::Rest;
use super::session::{Driver, Session};
use super::{LavalinkSettings, Shared};

/// Voice orders without an answer after which a node is left alone: at sixteen a real one answers nobody any more.
const UNANSWERED_MOST: u32 = 8;

/// How long a session may take to close.
const CLOSE_WITHIN: Duration = Duration::from_secs(1);

/// The audio nodes of a process. May cross threads; each arbiter makes its own port of it.
#[derive(Clone)]
pub struct Nodes {
    settings: Shared,
}

impl Nodes {
    /// The nodes of `settings`.
    pub fn new(settings: LavalinkSettings) -> Self {
        Self {
            settings: Arc::new(settings),
        }
    }

    /// The port of this arbiter.
    ///
    /// # Errors
    /// When no HTTP client can be made, which only a broken TLS set-up does.
    pub fn port(&self) -> Result<Rc<dyn Audio>, reqwest::Error> {
        let http = reqwest::Client::builder()
            .connect_timeout(self.settings.connect)
            .pool_idle_timeout(Duration::from_secs(60))
            .no_proxy()
            .build()?;
        Ok(Rc::new(Port {
            settings: Arc::clone(&self.settings),
            http,
            sessions: Rc::default(),
            turned: Rc::default(),
        }))
    }
}

/// A session and where its events go.
type Held = (Rc<Session>, Rc<dyn AudioSink>);

/// The sessions of one arbiter.
type Sessions = BTreeMap<(ShardId, NodeId), Held>;

struct Port {
    settings: Shared,
    http: reqwest::Client,
    sessions: Rc<RefCell<Sessions>>,
    /// Rings when a session comes up or is given up.
    turned: Rc<Notify>,
}

impl Port {
    fn session(&self, shard: ShardId, node: &NodeId) -> Option<Held> {
        self.sessions.borrow().get(&(shard, node.clone())).cloned()
    }

    /// An address as it is, a text with the prefix of its source.
    fn identifier(&self, query: &str) -> String {
        let is_address = query.starts_with("http://") || query.starts_with("https://");
        let has_prefix = query
            .split_once(':')
            .is_some_and(|(prefix, _)| prefix.ends_with("search"));
        if is_address || has_prefix {
            return query.to_owned();
        }
        let known = match self.settings.search_prefix.as_str() {
            "ytsearch" => SearchEngines::YouTube.to_query(query).ok(),
            "ytmsearch" => SearchEngines::YouTubeMusic.to_query(query).ok(),
            "scsearch" => SearchEngines::SoundCloud.to_query(query).ok(),
            _ => None,
        };
        known.unwrap_or_else(|| format!("{}:{query}", self.settings.search_prefix))
    }
}

/// Any session of the shard that is up; which one changes from call to call.
fn any(sessions: &Sessions, shard: ShardId) -> Option<Rc<Session>> {
    let up = of(sessions, shard).filter(|session| session.live.borrow().is_some());
    fastrand::choice(up.collect::<Vec<_>>()).map(Rc::clone)
}

fn of(sessions: &Sessions, shard: ShardId) -> impl Iterator<Item = &Rc<Session>> {
    let all = sessions.iter().filter(move |((of, _), _)| *of == shard);
    all.map(|(_, (session, _))| session)
}

/// A session that is up. While one may still come up it is waited for: a search that comes with the first breath of the
/// process, or in the moment between two connections, is no reason to refuse.
async fn patiently(
    sessions: Rc<RefCell<Sessions>>,
    turned: Rc<Notify>,
    shard: ShardId,
    until: Instant,
) -> Option<Rc<Session>> {
    loop {
        let ring = turned.notified();
        if let Some(session) = any(&sessions.borrow(), shard) {
            return Some(session);
        }
        if of(&sessions.borrow(), shard).all(|session| session.given_up.get()) {
            return None;
        }
        tokio::time::timeout_at(until, ring).await.ok()?;
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
            if let Some((old, _)) = self.session(shard, &node.id) {
                old.stop.set(true);
                old.wake.notify_one();
            }
            let session = Rc::new(Session {
                rest: Rest::new(self.http.clone(), Arc::clone(&self.settings), node.clone()),
                live: RefCell::new(None),
                unanswered: Cell::new(0),
                stop: Cell::new(false),
                wake: Notify::new(),
                over: Notify::new(),
                given_up: Cell::new(false),
                turned: Rc::clone(&self.turned),
            });
            self.sessions
                .borrow_mut()
                .insert((shard, node.id.clone()), (Rc::clone(&session), Rc::clone(&sink)));
            let last = stored
                .iter()
                .find(|(id, _)| *id == node.id)
                .map(|(_, session)| session.clone());
            let driver = Driver {
                session,
                settings: Arc::clone(&self.settings),
                node: node.clone(),
                shard,
                sink: Rc::clone(&sink),
                last,
            };
            tokio::task::spawn_local(driver.run());
        }
    }

    fn order(&self, shard: ShardId, guild: GuildId, order: PlayerOrder) -> Work<()> {
        let found = self.session(shard, node_of(&order));
        async move {
            let Some((session, sink)) = found else {
                return Err(PortError::new(PortErrorKind::Gone, "no such audio node"));
            };
            let live = session.live.borrow().clone();
            let Some(id) = live else {
                return Err(PortError::new(PortErrorKind::Gone, "the audio node's session is not up"));
            };
            let result = session.rest.order(&id, guild, &order).await;
            if let (Err(error), PlayerOrder::Patch { node, voice: Some(_), .. }) = (&result, &order)
                && error.kind == PortErrorKind::Timeout
            {
                // The node may never answer this guild's voice again unless its player goes.
                let unanswered = session.unanswered.get() + 1;
                session.unanswered.set(unanswered);
                tracing::warn!(%node, %guild, unanswered, "the audio node does not answer a voice order");
                let _ = session.rest.order(&id, guild, &PlayerOrder::Delete { node: node.clone() }).await;
                if unanswered == UNANSWERED_MOST {
                    tracing::error!(%node, "the audio node left too many voice orders unanswered and is given no more; restart it");
                    let why = "too many voice orders without an answer".to_owned();
                    sink.event(AudioEvent::Down { node: node.clone(), lost: true, why });
                }
            }
            result
        }
        .boxed_local()
    }

    fn load(&self, shard: ShardId, query: Arc<str>) -> Work<Loaded> {
        let until = Instant::now() + self.settings.load;
        let session = patiently(Rc::clone(&self.sessions), Rc::clone(&self.turned), shard, until);
        let identifier = self.identifier(&query);
        async move {
            let Some(session) = session.await else {
                return Err(PortError::new(PortErrorKind::Gone, "no audio node is up"));
            };
            session.rest.load(&identifier).await
        }
        .boxed_local()
    }

    fn close(&self, shard: ShardId) -> Work<()> {
        let sessions: Vec<_> = {
            let mut all = self.sessions.borrow_mut();
            let keys: Vec<_> = all.keys().filter(|(of, _)| *of == shard).cloned().collect();
            keys.iter()
                .filter_map(|key| all.remove(key))
                .map(|(session, _)| session)
                .collect()
        };
        for session in &sessions {
            session.stop.set(true);
            session.wake.notify_one();
        }
        async move {
            for session in sessions {
                let _ = tokio::time::timeout(CLOSE_WITHIN, session.over.notified()).await;
            }
            Ok(())
        }
        .boxed_local()
    }
}
