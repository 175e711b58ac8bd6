//! The node without sockets: sessions, players and their clock. Time is passed in, in ms.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde_json::{Value, json};

use super::PlayerView;
use super::player::{Due, Player};
use super::voice::{Media, VoiceNet};

/// Distance of a playing player's reports, ms.
pub(super) const UPDATE_MS: u64 = 5_000;

/// Distance of load figures, ms.
const STATS_MS: u64 = 60_000;

/// How the node is set up.
#[derive(Clone, Debug)]
pub struct CoreConfig {
    /// Its name in reports.
    pub name: String,
    /// Password of REST and websocket.
    pub password: String,
    /// What `GET /version` says.
    pub version: String,
    /// Seed of the session ids.
    pub seed: u64,
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
    random: fastrand::Rng,
    sounding: BTreeMap<(String, u64), (u64, String)>,
    sources: u64,
}

/// One session.
pub(super) struct Session {
    pub(super) user: u64,
    /// The websocket; `None` while the session is paused.
    pub(super) socket: Option<u64>,
    pub(super) resuming: bool,
    pub(super) timeout_s: i64,
    pub(super) players: BTreeMap<u64, Player>,
    queued: VecDeque<Value>,
    expires_ms: Option<u64>,
    stats_ms: u64,
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
            random,
            sounding: BTreeMap::new(),
            sources: 0,
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
            queued: VecDeque::new(),
            expires_ms: None,
            stats_ms: now + STATS_MS,
        };
        self.sessions.insert(id.clone(), session);
        self.known.insert(id.clone());
        self.out.push(Out::Send(
            socket,
            json!({ "op": "ready", "resumed": false, "sessionId": id }),
        ));
        let stats = self.stats();
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
        for player in session.players.values() {
            let update =
                json!({ "op": "playerUpdate", "guildId": player.guild.to_string(), "state": player.state(now) });
            self.out.push(Out::Send(socket, update));
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

    /// When the clock next brings something.
    pub fn deadline(&self) -> Option<u64> {
        let sessions = self.sessions.values().flat_map(|session| {
            let players = session
                .players
                .values()
                .filter_map(|player| player.due().map(|(at, _)| at));
            players.chain(session.expires_ms).chain([session.stats_ms])
        });
        sessions.min()
    }

    /// Does everything that is due until `now`, in order.
    pub fn tick(&mut self, now: u64) {
        while let Some(at) = self.deadline().filter(|at| *at <= now) {
            self.expire(at);
            let due: Vec<_> = self
                .sessions
                .iter()
                .flat_map(|(id, session)| session.players.values().map(move |player| (id, player)))
                .filter_map(|(id, player)| {
                    player
                        .due()
                        .filter(|(when, _)| *when <= at)
                        .map(|(_, due)| (id.clone(), player.guild, due))
                })
                .collect();
            for (id, guild, due) in due {
                self.bring(at, &id, guild, due);
            }
        }
    }

    fn expire(&mut self, at: u64) {
        let over: Vec<String> = self
            .sessions
            .iter()
            .filter(|(_, session)| session.expires_ms.is_some_and(|expires| expires <= at))
            .map(|(id, _)| id.clone())
            .collect();
        for id in over {
            self.end_session(at, &id);
        }
        let stats = self.stats();
        let due: Vec<String> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.stats_ms <= at)
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.stats_ms = at + STATS_MS;
            }
            self.send(&id, stats.clone());
        }
    }

    fn bring(&mut self, at: u64, id: &str, guild: u64, due: Due) {
        match due {
            Due::Update => {
                if let Some(track) = self.player(id, guild).and_then(|player| player.track.as_mut()) {
                    track.next_update_ms = at + UPDATE_MS;
                }
                self.update(at, id, guild);
            }
            Due::End | Due::BrokeEnd => self.end_track(at, id, guild, "finished"),
            Due::Cleanup => self.end_track(at, id, guild, "cleanup"),
            Due::LoadFailed => {
                self.fail_track(at, id, guild);
                if self.player(id, guild).is_some_and(|player| player.connected()) {
                    self.end_track(at, id, guild, "loadFailed");
                }
            }
            Due::Broke => self.fail_track(at, id, guild),
            Due::Stuck => {
                let Some(player) = self.player(id, guild) else { return };
                let track = player.track_json(at);
                if let Some(track) = &mut player.track {
                    track.stuck_told = true;
                }
                self.event(
                    id,
                    guild,
                    "TrackStuckEvent",
                    &[("track", track), ("thresholdMs", json!(10_000))],
                );
                self.update(at, id, guild);
            }
        }
        self.account(at, id, guild);
    }

    fn fail_track(&mut self, at: u64, id: &str, guild: u64) {
        let Some(player) = self.player(id, guild) else { return };
        let track = player.track_json(at);
        if let Some(track) = &mut player.track {
            track.failed_ms = Some(at);
        }
        let exception = json!({ "message": "Something broke when playing the track.", "severity": "fault",
            "cause": "java.io.IOException: the media connection broke", "causeStackTrace": "java.io.IOException" });
        self.event(
            id,
            guild,
            "TrackExceptionEvent",
            &[("track", track), ("exception", exception)],
        );
    }

    /// Takes the track out and says why.
    pub(super) fn end_track(&mut self, at: u64, id: &str, guild: u64, reason: &str) {
        let Some(player) = self.player(id, guild) else { return };
        if player.track.is_none() {
            return;
        }
        let track = player.track_json(at);
        player.track = None;
        self.event(
            id,
            guild,
            "TrackEndEvent",
            &[("track", track), ("reason", json!(reason))],
        );
        self.account(at, id, guild);
    }

    /// Voice connections that Discord has closed meanwhile.
    pub fn check_voice(&mut self, now: u64) {
        let closed: Vec<(String, u64, u16)> = self
            .sessions
            .iter()
            .flat_map(|(id, session)| session.players.values().map(move |player| (id, session.user, player)))
            .filter_map(|(id, user, player)| {
                let code = self
                    .net
                    .closed(player.guild, user, player.voice.as_ref()?, player.connection?)?;
                Some((id.clone(), player.guild, code))
            })
            .collect();
        for (id, guild, code) in closed {
            self.close_voice(now, &id, guild, code);
        }
    }

    /// The voice server closes a player's connection with `code`.
    pub fn close_voice(&mut self, now: u64, id: &str, guild: u64, code: u16) {
        let Some(player) = self.player(id, guild) else { return };
        player.connection = None;
        player.settle(now);
        let reason = if code == 4014 {
            "Disconnected."
        } else {
            "Session is no longer valid."
        };
        let fields = [
            ("code", json!(code)),
            ("reason", json!(reason)),
            ("byRemote", json!(true)),
        ];
        self.event(id, guild, "WebSocketClosedEvent", &fields);
        self.update(now, id, guild);
        self.account(now, id, guild);
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

    pub(super) fn update(&mut self, now: u64, id: &str, guild: u64) {
        let Some(session) = self.sessions.get(id) else { return };
        let (Some(socket), Some(player)) = (session.socket, session.players.get(&guild)) else {
            return;
        };
        let update = json!({ "op": "playerUpdate", "guildId": guild.to_string(), "state": player.state(now) });
        self.out.push(Out::Send(socket, update));
    }

    fn send(&mut self, id: &str, message: Value) {
        let Some(session) = self.sessions.get_mut(id) else {
            return;
        };
        match session.socket {
            Some(socket) => self.out.push(Out::Send(socket, message)),
            None => session.queued.push_back(message),
        }
    }

    /// Brings the sound account up to date for one player.
    pub(super) fn account(&mut self, now: u64, id: &str, guild: u64) {
        let media = &self.media;
        let sound = self
            .sessions
            .get(id)
            .and_then(|session| session.players.get(&guild))
            .and_then(|player| {
                player
                    .sounds(now)
                    .then(|| player.track.as_ref().map(|track| media.name(&track.data)))
                    .flatten()
            });
        let key = (id.to_owned(), guild);
        let before = self.sounding.get(&key).cloned();
        if before.as_ref().map(|(_, name)| name) == sound.as_ref() {
            return;
        }
        if let Some((source, _)) = before {
            self.sounding.remove(&key);
            self.out.push(Out::Sound(guild, source, None, now));
        }
        if let Some(name) = sound {
            self.sources += 1;
            self.sounding.insert(key, (self.sources, name.clone()));
            self.out.push(Out::Sound(guild, self.sources, Some(name), now));
        }
    }

    fn silence(&mut self, now: u64, id: &str, guild: u64) {
        if let Some((source, _)) = self.sounding.remove(&(id.to_owned(), guild)) {
            self.out.push(Out::Sound(guild, source, None, now));
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

    pub(super) fn stats(&self) -> Value {
        let open = self.sessions.values().filter(|session| session.socket.is_some());
        let players: Vec<&Player> = open.flat_map(|session| session.players.values()).collect();
        let playing = players
            .iter()
            .filter(|player| player.track.is_some() && !player.paused)
            .count();
        json!({
            "op": "stats", "players": players.len(), "playingPlayers": playing, "uptime": 1,
            "memory": { "free": 1, "used": 1, "allocated": 1, "reservable": 1 },
            "cpu": { "cores": 2, "systemLoad": 0.1, "lavalinkLoad": 0.05 }, "frameStats": null,
        })
    }
}
