//! Audio nodes in the world: sessions that outlive processes, players, and what is heard of them.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use ostinato_machine::guild::{Loaded, PlayerOrder, Report, Seen};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use ostinato_machine::track::Track;

use super::clock::VirtualClock;
use super::discord::FakeDiscord;
use super::player::Player;
pub use super::player::Sound;
use super::store::Life;
use super::trace::Trace;
use crate::ports::{AudioEvent, AudioSink, Clock as _, PortError, PortErrorKind};
use crate::station::sleep_ms;

/// How often a node reports positions, ms.
const UPDATE_MS: u64 = 5_000;

/// A fault of the next order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OrderFault {
    /// The session is said to be away.
    Gone,
    /// No answer; the order was not obeyed.
    Unheard,
    /// No answer; the order was obeyed.
    Unanswered,
    /// The node will never do this.
    Refused,
}

/// All audio nodes of a world. They outlive its processes.
pub struct FakeAudio {
    pub(super) clock: Rc<VirtualClock>,
    pub(super) trace: Trace,
    pub(super) search_ms: Cell<u64>,
    pub(super) connect_ms: Cell<u64>,
    pub(super) hangs: Cell<bool>,
    pub(super) discord: Rc<FakeDiscord>,
    pub(super) sounds: RefCell<Vec<Sound>>,
    pub(super) nodes: RefCell<BTreeMap<NodeId, Node>>,
    links: RefCell<BTreeMap<(NodeId, ShardId), Link>>,
    results: RefCell<BTreeMap<String, Loaded>>,
    next: Cell<u64>,
}

#[derive(Default)]
pub(super) struct Node {
    pub(super) up: bool,
    pub(super) sessions: BTreeMap<ShardId, Session>,
    pub(super) faults: VecDeque<OrderFault>,
}

pub(super) struct Session {
    pub(super) id: String,
    pub(super) players: BTreeMap<GuildId, Player>,
    /// What was said while nobody listened.
    unheard: Vec<AudioEvent>,
    /// Whether somebody listens.
    pub(super) heard: bool,
}

/// A process that listens to a node.
#[derive(Clone)]
pub(super) struct Link {
    pub(super) sink: Rc<dyn AudioSink>,
    pub(super) life: Life,
}

impl FakeAudio {
    pub(super) fn new(clock: Rc<VirtualClock>, discord: &Rc<FakeDiscord>, trace: Trace) -> Rc<Self> {
        let audio = Rc::new(Self {
            clock,
            trace,
            search_ms: Cell::new(50),
            connect_ms: Cell::new(10),
            hangs: Cell::new(false),
            discord: Rc::clone(discord),
            sounds: RefCell::default(),
            nodes: RefCell::default(),
            links: RefCell::default(),
            results: RefCell::default(),
            next: Cell::new(1),
        });
        let weak = Rc::downgrade(&audio);
        discord.on_voice(Rc::new(move |guild| {
            if let Some(audio) = weak.upgrade() {
                audio.settle(guild);
            }
        }));
        let weak = Rc::downgrade(&audio);
        actix_rt::spawn(async move {
            loop {
                sleep_ms(UPDATE_MS).await;
                let Some(audio) = weak.upgrade() else { return };
                audio.update();
            }
        });
        audio
    }

    /// Adds a node that is up.
    pub fn add_node(&self, name: &str) {
        let node = Node {
            up: true,
            ..Node::default()
        };
        self.nodes.borrow_mut().insert(NodeId::new(name), node);
    }

    /// Adds a track that is found by its title; without a length it is a stream.
    pub fn add_track(&self, title: &str, length_ms: Option<u64>) {
        let track = Track {
            encoded: format!("encoded {title}").into(),
            title: title.into(),
            author: "author".into(),
            source: "http".into(),
            length_ms,
            seekable: length_ms.is_some(),
            ..Track::default()
        };
        self.add_result(title, Loaded::Found(vec![Arc::new(track)]));
    }

    /// What a search for `query` finds.
    pub fn add_result(&self, query: &str, loaded: Loaded) {
        self.results.borrow_mut().insert(query.to_owned(), loaded);
    }

    /// Everything that was heard so far.
    pub fn sounds(&self) -> Vec<Sound> {
        self.sounds.borrow().clone()
    }

    /// What a guild hears now: one sound a player.
    pub fn sounding(&self, guild: GuildId) -> Vec<Sound> {
        let sounds = self.sounds.borrow();
        let now = sounds
            .iter()
            .filter(|sound| sound.guild == guild && sound.until_ms.is_none());
        now.cloned().collect()
    }

    /// The players that a guild has, over all nodes.
    pub fn players(&self, guild: GuildId) -> Vec<Seen> {
        let nodes = self.nodes.borrow();
        let mut players = Vec::new();
        for (id, node) in nodes.iter() {
            let mine = node.sessions.values().filter_map(|session| session.players.get(&guild));
            players.extend(mine.map(|player| player.seen(id, self.now_ms(), self.clock.now_ms())));
        }
        players
    }

    pub(super) fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    pub(super) fn with<T>(&self, node: &NodeId, shard: ShardId, act: impl FnOnce(&mut Session) -> T) -> Option<T> {
        let mut nodes = self.nodes.borrow_mut();
        nodes
            .get_mut(node)
            .and_then(|node| node.sessions.get_mut(&shard))
            .map(act)
    }

    pub(super) fn listeners(&self, node: &NodeId) -> Vec<ShardId> {
        let links = self.links.borrow();
        links
            .keys()
            .filter(|(of, _)| of == node)
            .map(|(_, shard)| *shard)
            .collect()
    }

    pub(super) fn say_to(&self, node: &NodeId, shard: ShardId, event: AudioEvent) {
        let link = self.links.borrow().get(&(node.clone(), shard)).cloned();
        if let Some(link) = link.filter(|link| link.life.get()) {
            link.sink.event(event);
        }
    }

    /// Says something in a session, or keeps it for whoever resumes it.
    fn say(&self, node: &NodeId, shard: ShardId, event: AudioEvent) {
        let alive = self
            .links
            .borrow()
            .get(&(node.clone(), shard))
            .is_some_and(|link| link.life.get());
        let kept = self.with(node, shard, |session| {
            session.heard &= alive;
            let kept = !session.heard;
            if kept {
                session.unheard.push(event.clone());
            }
            kept
        });
        if kept == Some(false) {
            self.say_to(node, shard, event);
        }
    }

    pub(super) fn report(&self, node: &NodeId, shard: ShardId, guild: GuildId, report: Report) {
        let event = AudioEvent::Guild {
            node: node.clone(),
            guild,
            report,
        };
        self.say(node, shard, event);
    }

    pub(super) fn node_ids(&self) -> Vec<NodeId> {
        self.nodes.borrow().keys().cloned().collect()
    }

    pub(super) fn link(&self, node: &NodeId, shard: ShardId, link: Link) {
        self.links.borrow_mut().insert((node.clone(), shard), link);
    }

    pub(super) fn unlink(&self, shard: ShardId) {
        self.links.borrow_mut().retain(|(_, of), _| *of != shard);
        for node in self.nodes.borrow_mut().values_mut() {
            if let Some(session) = node.sessions.get_mut(&shard) {
                session.heard = false;
            }
        }
    }

    /// A process connects to a node; `wanted` is the session that it would like to resume.
    pub(super) fn connect(&self, shard: ShardId, id: &NodeId, wanted: Option<&str>) {
        let up = self.nodes.borrow().get(id).is_some_and(|node| node.up);
        if !up {
            let (node, lost, why) = (id.clone(), true, "connection refused".to_owned());
            return self.say_to(id, shard, AudioEvent::Down { node, lost, why });
        }
        let resumed = self.with(id, shard, |session| {
            session.heard = true;
            (wanted == Some(session.id.as_str())).then(|| session.id.clone())
        });
        let resumed = resumed.flatten();
        let session = resumed.clone().unwrap_or_else(|| self.new_session(id, shard));
        let players: Vec<(GuildId, Seen)> = self
            .with(id, shard, |session| {
                let (now_ms, wall_ms) = (self.now_ms(), self.clock.now_ms());
                let players = session.players.iter();
                players
                    .map(|(guild, player)| (*guild, player.seen(id, now_ms, wall_ms)))
                    .collect()
            })
            .unwrap_or_default();
        let event = AudioEvent::Up {
            node: id.clone(),
            session,
            resumed: resumed.is_some(),
            players,
        };
        self.say_to(id, shard, event);
        let unheard = self.with(id, shard, |session| std::mem::take(&mut session.unheard));
        for event in unheard.unwrap_or_default() {
            self.say_to(id, shard, event);
        }
    }

    fn new_session(&self, id: &NodeId, shard: ShardId) -> String {
        let number = self.next.replace(self.next.get() + 1);
        let session = Session {
            id: format!("{id}-{number}"),
            players: BTreeMap::new(),
            unheard: Vec::new(),
            heard: true,
        };
        let name = session.id.clone();
        let old = self
            .nodes
            .borrow_mut()
            .get_mut(id)
            .and_then(|node| node.sessions.insert(shard, session));
        for (guild, mut player) in old.into_iter().flat_map(|old| old.players) {
            player.settle((guild, id), false, self.now_ms(), &mut self.sounds.borrow_mut());
        }
        name
    }

    /// Whether a search can be made for the shard.
    pub(super) fn any_up(&self, shard: ShardId) -> bool {
        let nodes = self.nodes.borrow();
        nodes.values().any(|node| node.up && node.sessions.contains_key(&shard))
    }

    pub(super) fn result(&self, query: &str) -> Loaded {
        self.results.borrow().get(query).cloned().unwrap_or(Loaded::Empty)
    }

    /// The fault that is laid out for the next order.
    pub(super) fn fault(&self, node: &NodeId) -> Option<OrderFault> {
        self.nodes
            .borrow_mut()
            .get_mut(node)
            .and_then(|node| node.faults.pop_front())
    }

    /// Obeys an order.
    pub(super) fn obey(self: &Rc<Self>, shard: ShardId, guild: GuildId, order: &PlayerOrder) -> Result<(), PortError> {
        let (PlayerOrder::Patch { node, .. } | PlayerOrder::Delete { node }) = order;
        let now_ms = self.now_ms();
        let done = self.with(node, shard, |session| match order {
            PlayerOrder::Patch { .. } => {
                let player = session.players.entry(guild).or_insert_with(Player::new);
                Ok(player.obey(order, now_ms))
            }
            PlayerOrder::Delete { .. } => Err(session.players.remove(&guild).map(Box::new)),
        });
        let gone = || PortError::new(PortErrorKind::Gone, "the audio node's session is not up");
        match done.ok_or_else(gone)? {
            Ok(reports) => {
                for report in reports {
                    self.report(node, shard, guild, report);
                }
                self.settle(guild);
            }
            Err(Some(mut player)) => {
                player.settle((guild, node), false, now_ms, &mut self.sounds.borrow_mut());
            }
            Err(None) => return Err(gone()),
        }
        Ok(())
    }
}
