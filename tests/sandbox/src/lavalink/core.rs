//! The node without sockets: its sessions and what leaves it. Time is passed in, in ms.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::PlayerView;
use super::player::Player;
use super::voice::{Media, VoiceNet};

/// How the node is set up.
#[derive(Clone, Debug, Default)]
pub struct CoreConfig {
    /// Its name in reports.
    pub name: String,
    /// Password of REST and websocket.
    pub password: String,
    /// What `GET /version` says.
    pub version: String,
    /// Seed of the session ids.
    pub seed: u64,
    /// Filters that are switched off.
    pub disabled_filters: Vec<String>,
}

/// What leaves the node.
#[derive(Clone, Debug, PartialEq)]
pub enum Out {
    /// A websocket message on a connection.
    Send(u64, Value),
    /// A player sounds, or not, from a time on: guild, source, track.
    Sound(u64, u64, Option<String>, u64),
}

/// The node.
pub struct Core {
    pub(super) config: CoreConfig,
    pub(super) media: Box<dyn Media + Send>,
    pub(super) net: Box<dyn VoiceNet + Send>,
    pub(super) sessions: BTreeMap<String, Session>,
    /// Ids of sessions that were there once.
    pub(super) known: BTreeSet<String>,
    pub(super) out: Vec<Out>,
    pub(super) connections: u64,
    /// Guilds that lose the node's race when they next give a voice connection up.
    pub(super) lost_races: BTreeSet<u64>,
    pub(super) hang_voice: bool,
    pub(super) sounding: BTreeMap<(String, u64), (u64, String)>,
    pub(super) sources: u64,
    random: fastrand::Rng,
}

/// One session.
pub(super) struct Session {
    pub(super) user: u64,
    /// The websocket; `None` while the session is paused.
    pub(super) socket: Option<u64>,
    pub(super) resuming: bool,
    pub(super) timeout_s: i64,
    pub(super) players: BTreeMap<u64, Player>,
    /// Guilds with a voice connection that was given up and lives on.
    pub(super) zombies: BTreeSet<u64>,
    pub(super) expires_ms: Option<u64>,
    pub(super) stats_ms: u64,
    queued: VecDeque<Value>,
}

impl Core {
    /// A node that has just started.
    pub fn new(config: CoreConfig, media: Box<dyn Media + Send>, net: Box<dyn VoiceNet + Send>) -> Self {
        let random = fastrand::Rng::with_seed(config.seed);
        Self {
            config,
            media,
            net,
            sessions: BTreeMap::new(),
            known: BTreeSet::new(),
            out: Vec::new(),
            connections: 0,
            lost_races: BTreeSet::new(),
            hang_voice: false,
            sounding: BTreeMap::new(),
            sources: 0,
            random,
        }
    }

    /// What has left the node since the last call.
    pub fn drain(&mut self) -> Vec<Out> {
        std::mem::take(&mut self.out)
    }

    /// Whether `id` is a session that a handshake with it would resume.
    pub fn resumes(&self, id: Option<&str>) -> bool {
        id.and_then(|id| self.sessions.get(id))
            .is_some_and(|session| session.socket.is_none())
    }

    /// A websocket was opened. Returns the session's id.
    pub fn open(&mut self, now: u64, socket: u64, user: u64, resume: Option<&str>) -> String {
        if let Some(id) = resume.filter(|id| self.resumes(Some(id))) {
            let id = id.to_owned();
            self.resume(now, socket, &id);
            return id;
        }
        let id: String = (0..16)
            .map(|_| char::from_digit(self.random.u32(0..36), 36).unwrap_or('0'))
            .collect();
        let session = Session {
            user,
            socket: Some(socket),
            resuming: false,
            timeout_s: 60,
            players: BTreeMap::new(),
            zombies: BTreeSet::new(),
            queued: VecDeque::new(),
            expires_ms: None,
            stats_ms: now + super::clock::STATS_MS,
        };
        self.sessions.insert(id.clone(), session);
        self.known.insert(id.clone());
        self.out.push(Out::Send(
            socket,
            json!({ "op": "ready", "resumed": false, "sessionId": id }),
        ));
        let stats = self.stats(now, None);
        self.out.push(Out::Send(socket, stats));
        id
    }

    fn resume(&mut self, now: u64, socket: u64, id: &str) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        session.socket = Some(socket);
        session.expires_ms = None;
        self.out.push(Out::Send(
            socket,
            json!({ "op": "ready", "resumed": true, "sessionId": id }),
        ));
        self.out
            .extend(session.queued.drain(..).map(|message| Out::Send(socket, message)));
        let guilds: Vec<u64> = session.players.keys().copied().collect();
        for guild in guilds {
            self.update(now, id, guild);
        }
    }

    /// A websocket is gone.
    pub fn close(&mut self, now: u64, socket: u64) {
        let Some((id, session)) = self
            .sessions
            .iter_mut()
            .find(|(_, session)| session.socket == Some(socket))
        else {
            return;
        };
        session.socket = None;
        let keep = session.resuming && session.timeout_s > 0;
        session.expires_ms = Some(now + session.timeout_s.max(0).unsigned_abs() * 1_000);
        let id = id.clone();
        if !keep {
            self.end_session(now, &id);
        }
    }

    /// Ends a session and its players at once.
    pub fn end_session(&mut self, now: u64, id: &str) {
        if let Some(session) = self.sessions.remove(id) {
            for guild in session.players.keys() {
                self.silence(now, id, *guild);
            }
        }
    }

    /// Sessions that wait for their client, as if their time had run out.
    pub fn expire_paused(&mut self, now: u64) {
        let paused = self.sessions.iter().filter(|(_, session)| session.socket.is_none());
        let ids: Vec<String> = paused.map(|(id, _)| id.clone()).collect();
        for id in ids {
            self.end_session(now, &id);
        }
    }

    /// The node dies: everything is forgotten, nothing is said.
    pub fn die(&mut self, now: u64) {
        let ids: Vec<String> = self.sessions.keys().cloned().collect();
        for id in ids {
            self.end_session(now, &id);
        }
        self.out.retain(|out| matches!(out, Out::Sound(..)));
    }

    pub(super) fn player(&mut self, id: &str, guild: u64) -> Option<&mut Player> {
        self.sessions.get_mut(id)?.players.get_mut(&guild)
    }

    pub(super) fn event(&mut self, id: &str, guild: u64, kind: &str, fields: &[(&str, Value)]) {
        let mut message = json!({ "op": "event", "type": kind, "guildId": guild.to_string() });
        for (name, value) in fields {
            message[*name] = value.clone();
        }
        self.send(id, message);
    }

    /// Reports a player's state, or that of one that is gone. Nothing is kept for a paused session.
    pub(super) fn update(&mut self, now: u64, id: &str, guild: u64) {
        let Some(session) = self.sessions.get(id) else { return };
        let Some(socket) = session.socket else { return };
        let gone = || json!({ "time": now, "position": 0, "connected": false, "ping": -1 });
        let state = session
            .players
            .get(&guild)
            .map_or_else(gone, |player| player.state(now));
        let update = json!({ "op": "playerUpdate", "guildId": guild.to_string(), "state": state });
        self.out.push(Out::Send(socket, update));
    }

    pub(super) fn send(&mut self, id: &str, message: Value) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        match session.socket {
            Some(socket) => self.out.push(Out::Send(socket, message)),
            None => session.queued.push_back(message),
        }
    }

    /// The players of all sessions, with their guild.
    pub fn players(&self, now: u64) -> Vec<(u64, PlayerView)> {
        let name = &self.config.name;
        let all = self.sessions.values().flat_map(|session| session.players.values());
        all.map(|player| (player.guild, player.view(name, now))).collect()
    }

    /// Sessions with an open websocket.
    pub fn open_sessions(&self) -> usize {
        self.sessions
            .values()
            .filter(|session| session.socket.is_some())
            .count()
    }

    /// Session ids that have a player for `guild`.
    pub fn sessions_with(&self, guild: u64) -> Vec<String> {
        self.sessions
            .iter()
            .filter(|(_, s)| s.players.contains_key(&guild))
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// Whether a session of this id was there once.
    pub fn knew(&self, id: &str) -> bool {
        self.known.contains(id)
    }
}
