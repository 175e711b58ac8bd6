//! One session with one node for one shard: when it is connected, when it is given up, what is said about that.
//!
//! A session that drops has [`reconnect`](super::LavalinkSettings::reconnect) to be resumed, players listed and all;
//! until then its guilds wait, because a resumed player was never silent. A node that refuses, or is not back by then,
//! is lost: said once, and its guilds are moved.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{AudioEvent, AudioSink, PortError, PortErrorKind};
use ostinato_machine::guild::PlayerOrder;
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use tokio::sync::Notify;
use tokio::time::Instant;

use super::attend::End;
use super::connect::connect;
use super::figures::NodeFigures;
use super::rest::Rest;
use super::standing::{Standing, at};
use super::{NodeSettings, Shared};
use crate::board::Board;

/// Voice orders without an answer after which a node is left alone: at sixteen a real one answers nobody any more.
const UNANSWERED_MOST: u64 = 8;

/// Orders in a row without an answer of the node's own after which its REST interface counts as dead.
const UNHEARD_MOST: u32 = 3;

/// A session that was up for less than this counts as one more failure to connect.
const LASTED: Duration = Duration::from_secs(1);

/// What the lanes may ask of a session.
pub(super) struct Session {
    rest: Rest,
    /// The session that orders go to; `None` while it is not up.
    live: RefCell<Option<String>>,
    /// What is known of the node over all its sessions. A voice order that it never answers costs it a thread for good.
    pub(super) figures: Arc<NodeFigures>,
    /// Orders in a row that the node did not answer itself.
    unheard: Cell<u32>,
    /// When the socket was last heard.
    heard: Cell<Instant>,
    up_since: Cell<Instant>,
    standing: Cell<Standing>,
    stop: Cell<bool>,
    /// The connection is to be built anew.
    pub(super) again: Cell<bool>,
    /// There is something that the driver should look at.
    woken: Notify,
    over: Notify,
    /// Rings when a session of this arbiter comes up or is lost.
    turned: Rc<Notify>,
}

impl Session {
    pub(super) fn new(rest: Rest, figures: Arc<NodeFigures>, turned: Rc<Notify>) -> Self {
        Self {
            rest,
            live: RefCell::new(None),
            figures,
            unheard: Cell::new(0),
            heard: Cell::new(Instant::now()),
            up_since: Cell::new(Instant::now()),
            standing: Cell::new(Standing::Away),
            stop: Cell::new(false),
            again: Cell::new(false),
            woken: Notify::new(),
            over: Notify::new(),
            turned,
        }
    }

    pub(super) fn rest(&self) -> &Rest {
        &self.rest
    }

    pub(super) fn is_up(&self) -> bool {
        self.live.borrow().is_some()
    }

    /// Whether it is up and its node good for new work.
    pub(super) fn is_healthy(&self) -> bool {
        self.is_up() && !self.is_drained()
    }

    /// Whether it is not up but may be soon.
    pub(super) fn is_awaited(&self) -> bool {
        self.standing.get() == Standing::Away && !self.is_stopped()
    }

    /// When the node last showed life.
    pub(super) fn heard(&self) -> Instant {
        self.heard.get()
    }

    pub(super) fn hear(&self) {
        self.heard.set(Instant::now());
    }

    /// Asks the driver to leave; [`Self::over`] tells when it has.
    pub(super) fn stop(&self) {
        self.stop.set(true);
        self.woken.notify_one();
    }

    /// Asks the driver for a new connection with the same session.
    pub(super) fn reconnect(&self) {
        self.again.set(true);
        self.woken.notify_one();
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stop.get()
    }

    pub(super) async fn woken(&self) {
        self.woken.notified().await;
    }

    pub(super) async fn over(&self) {
        self.over.notified().await;
    }

    /// Whether the node left so many voice orders unanswered that it must get no more.
    pub(super) fn is_drained(&self) -> bool {
        self.figures.unanswered.get() >= UNANSWERED_MOST
    }

    /// Why orders have no effect although the socket is open.
    pub(super) fn useless(&self) -> Option<String> {
        (self.is_up() && self.unheard.get() >= UNHEARD_MOST)
            .then(|| format!("{UNHEARD_MOST} orders in a row were not answered"))
    }

    fn begin(&self, id: String, resumed: bool) {
        self.live.replace(Some(id));
        self.up_since.set(Instant::now());
        self.unheard.set(0);
        if resumed {
            self.figures.resumed.one();
        } else {
            self.figures.fresh.one();
            // Only a process that has started again gives lost threads back, and that one resumes nothing.
            self.figures.unanswered.set(0);
        }
    }

    /// Sends one order.
    pub(super) async fn order(&self, guild: GuildId, order: &PlayerOrder) -> Result<(), PortError> {
        let Some(id) = self.live.borrow().clone() else {
            return Err(PortError::new(
                PortErrorKind::Gone,
                "the audio node's session is not up",
            ));
        };
        let result = self.send(&id, guild, order).await;
        if let (
            Err(error),
            PlayerOrder::Patch {
                node, voice: Some(_), ..
            },
        ) = (&result, order)
            && error.kind == PortErrorKind::Timeout
            && self.shows_life()
        {
            self.figures.unanswered.rise();
            let unanswered = self.figures.unanswered.get();
            tracing::warn!(%node, %guild, unanswered, "the audio node does not answer a voice order");
            self.woken.notify_one();
            // It may never answer this guild's voice again unless its player goes.
            let _ = self.send(&id, guild, &PlayerOrder::Delete { node: node.clone() }).await;
        }
        result
    }

    async fn send(&self, id: &str, guild: GuildId, order: &PlayerOrder) -> Result<(), PortError> {
        let sent = Instant::now();
        let result = self.rest.order(id, guild, order).await;
        let ending = result.as_ref().map_err(|failure| failure.error.kind);
        self.figures.ordered(ending, sent.elapsed());
        match result {
            Err(failure) if !failure.answered => {
                if sent >= self.up_since.get() && self.is_up() {
                    self.unheard.set(self.unheard.get().saturating_add(1));
                    self.woken.notify_one();
                }
                Err(failure.error)
            }
            result => {
                self.unheard.set(0);
                result.map_err(|failure| failure.error)
            }
        }
    }

    /// Whether the socket was heard of late: then a missing answer is not the connection's fault.
    fn shows_life(&self) -> bool {
        self.heard.get().elapsed() < self.rest.settings().ping.saturating_mul(2)
    }
}

/// Drives one session until it is stopped.
pub(super) struct Driver {
    pub(super) session: Rc<Session>,
    pub(super) settings: Shared,
    pub(super) node: NodeSettings,
    standings: Board<(NodeId, ShardId)>,
    pub(super) shard: ShardId,
    sink: Rc<dyn AudioSink>,
    /// The session to resume.
    pub(super) last: Option<String>,
    /// Sessions that a younger one took the place of: the node may still play for them.
    pub(super) left: Vec<String>,
    /// When the node is lost unless it is up by then.
    pub(super) lost_at: Option<Instant>,
    failures: u32,
    pub(super) is_version_known: bool,
    /// Why the node is lost, as it was told last.
    complaint: Option<String>,
}

impl Driver {
    pub(super) fn new(
        session: Rc<Session>,
        (settings, node, standings): (Shared, NodeSettings, Board<(NodeId, ShardId)>),
        shard: ShardId,
        sink: Rc<dyn AudioSink>,
        last: Option<String>,
    ) -> Self {
        Self {
            session,
            settings,
            node,
            standings,
            shard,
            sink,
            last,
            left: Vec::new(),
            lost_at: None,
            failures: 0,
            is_version_known: false,
            complaint: None,
        }
    }

    pub(super) async fn run(mut self) {
        self.lost_at = Some(Instant::now() + self.settings.connect);
        let mut within = self.settings.connect;
        loop {
            let attempt = connect(Arc::clone(&self.settings), self.node.clone(), self.last.clone());
            let Some(attempt) = self.patiently(tokio::time::timeout(within, attempt)).await else {
                break;
            };
            match attempt {
                Ok(Ok(socket)) => match self.attend(socket).await {
                    End::Stopped => break,
                    End::Dropped(why) => self.dropped(&why),
                    End::Useless(why) => self.lose(&why),
                },
                Ok(Err(why)) => self.lose(&why),
                Err(_) => self.lose(&format!("no connection within {} ms", within.as_millis())),
            }
            self.session.live.replace(None);
            let wait = self.wait();
            if self.patiently(tokio::time::sleep(wait)).await.is_none() {
                break;
            }
            within = match self.session.standing.get() {
                Standing::Away => self.settings.reconnect,
                Standing::Up | Standing::Lost => self.settings.connect,
            };
        }
        self.session.live.replace(None);
        self.session.over.notify_one();
    }

    /// Does `work` and keeps an eye on the clock meanwhile; `None` when it is time to leave.
    async fn patiently<T>(&mut self, work: impl Future<Output = T>) -> Option<T> {
        let session = Rc::clone(&self.session);
        let mut work = pin!(work);
        loop {
            if session.is_stopped() {
                return None;
            }
            tokio::select! {
                biased;
                () = session.woken() => {}
                done = &mut work => return Some(done),
                () = at(self.lost_at) => self.lose("it is not back in time"),
            }
        }
    }

    /// The wait before the next connect: none after a session that lasted, then doubling, with a fifth of jitter. It
    /// never uses up the time in which a session may come back.
    fn wait(&mut self) -> Duration {
        let failures = self.failures;
        self.failures = failures.saturating_add(1);
        if failures == 0 && self.session.standing.get() == Standing::Away {
            return Duration::ZERO;
        }
        let doubled = self
            .settings
            .backoff_min
            .saturating_mul(1 << failures.saturating_sub(1).min(16));
        let most = match self.session.standing.get() {
            Standing::Away => self.settings.reconnect / 2,
            Standing::Up | Standing::Lost => self.settings.backoff_max,
        };
        doubled.min(most).mul_f64(0.8 + 0.4 * fastrand::f64())
    }

    pub(super) fn say(&self, event: AudioEvent) {
        self.sink.event(event);
    }

    /// The session is up. Its guilds are told before anything else of it.
    pub(super) fn rise(&mut self, id: String, resumed: bool, up: AudioEvent) {
        tracing::info!(node = %self.node.id, shard = %self.shard, resumed, "an audio node is connected");
        self.complaint = None;
        self.standings.up((self.node.id.clone(), self.shard));
        self.session.begin(id, resumed);
        self.session.standing.set(Standing::Up);
        self.lost_at = None;
        self.say(up);
        self.session.turned.notify_waiters();
    }

    /// The connection is gone; the session may be resumed.
    fn dropped(&mut self, why: &str) {
        tracing::warn!(node = %self.node.id, shard = %self.shard, why, "the audio node's connection ended");
        if self.session.is_up() && self.session.up_since.get().elapsed() >= LASTED {
            self.failures = 0;
        }
        self.session.figures.drops.one();
        if self.session.standing.get() == Standing::Up {
            self.session.standing.set(Standing::Away);
            self.lost_at = Some(Instant::now() + self.settings.reconnect);
            self.down(false, why);
        }
    }

    /// Its guilds do not wait for the node any longer.
    pub(super) fn lose(&mut self, why: &str) {
        self.lost_at = None;
        if self.session.standing.get() == Standing::Lost {
            if self.complaint.as_deref() == Some(why) {
                tracing::debug!(node = %self.node.id, shard = %self.shard, why, "the audio node is still lost");
            } else {
                // Not the reason that was told: a wrong password shows only when the node can be reached.
                tracing::warn!(node = %self.node.id, shard = %self.shard, why, "the audio node is still lost, for another reason");
                self.standings.down((self.node.id.clone(), self.shard), why);
                self.complaint = Some(why.to_owned());
            }
            return;
        }
        self.complaint = Some(why.to_owned());
        self.session.standing.set(Standing::Lost);
        self.session.figures.losses.one();
        // Others take its guilds over; that none is left is said by the fleet's shell.
        tracing::warn!(node = %self.node.id, shard = %self.shard, why, "the audio node is lost");
        self.down(true, why);
    }

    fn down(&self, lost: bool, why: &str) {
        self.standings.down((self.node.id.clone(), self.shard), why);
        // No order may find the session while its guilds hear that it is gone.
        if !(lost && self.session.is_drained()) {
            self.session.live.replace(None);
        }
        self.say(AudioEvent::Down {
            node: self.node.id.clone(),
            lost,
            why: why.to_owned(),
        });
        self.session.turned.notify_waiters();
    }

    /// Says once that the node must get no more, although its session is up.
    pub(super) fn drain(&mut self) {
        if self.session.standing.get() == Standing::Up && self.session.is_drained() {
            self.lose("it left too many voice orders unanswered and gets no more; restart it");
        }
    }
}
