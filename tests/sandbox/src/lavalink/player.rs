//! One player: its track, its voice connection and what its own clock brings.

use serde_json::{Map, Value, json};

use super::link::{Link, Opening};
use super::playing::Playing;
use crate::catalogue::Behaviour;
use crate::voices::Grant;

/// What is in the node's buffer while a track runs: the position is ahead of what is heard by this, ms.
const LEAD_MS: u64 = 350;

/// A track that is not asked for frames is given up after this time, ms.
const CLEANUP_MS: u64 = 64_000;

/// A track is stuck after so much silence, ms.
const STUCK_MS: u64 = 10_000;

/// One player.
#[derive(Clone, Debug)]
pub(super) struct Player {
    pub(super) guild: u64,
    pub(super) track: Option<Playing>,
    pub(super) volume: i64,
    pub(super) paused: bool,
    pub(super) filters: Map<String, Value>,
    pub(super) voice: Option<Grant>,
    pub(super) link: Option<Link>,
    /// A voice connection that the server holds back.
    pub(super) opening: Option<Opening>,
    /// A voice connection never came up: no further one of this player will be answered.
    pub(super) hung: bool,
    /// The buffer is empty then; it is full while a track runs.
    drained_ms: u64,
    /// Since when it runs without a break.
    steady_ms: Option<u64>,
    /// Since when it is not asked for frames, or is.
    settled_ms: u64,
}

/// What a test sees of a player.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlayerView {
    /// The node.
    pub node: String,
    /// Identifier of the track.
    pub track: Option<String>,
    /// Title of the track.
    pub title: Option<String>,
    /// Paused.
    pub paused: bool,
    /// Position, ms.
    pub position_ms: u64,
    /// Volume, percent.
    pub volume: i64,
    /// Whether its voice connection is open.
    pub connected: bool,
}

/// What a player's own clock brings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    Update,
    End,
    LoadFailed,
    Broke,
    Dry,
    Stuck,
    Cleanup,
}

impl Player {
    pub(super) fn new(guild: u64, now: u64) -> Self {
        Self {
            guild,
            track: None,
            volume: 100,
            paused: false,
            filters: Map::new(),
            voice: None,
            link: None,
            opening: None,
            hung: false,
            drained_ms: 0,
            steady_ms: None,
            settled_ms: now,
        }
    }

    /// Whether the node believes its voice connection open.
    pub(super) fn connected(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.open)
    }

    /// Whether frames are asked for: from the session description on, also after the server closed the connection.
    fn polled(&self) -> bool {
        self.link.as_ref().is_some_and(|link| link.described)
    }

    /// Puts a track in.
    pub(super) fn load(&mut self, track: Playing, now: u64) {
        self.settled_ms = now;
        self.track = Some(track);
        self.settle(now);
    }

    /// Takes the track out.
    pub(super) fn unload(&mut self, now: u64) {
        self.halt(now);
        self.track = None;
    }

    /// Starts or stops the position's run after anything changed.
    pub(super) fn settle(&mut self, now: u64) {
        let polled = self.polled();
        let able = polled && !self.paused;
        let Some(track) = &mut self.track else { return };
        let able = able && track.behaviour != Behaviour::FailsToLoad && track.dry_ms.is_none();
        if able && !track.running {
            let queued = self.drained_ms.saturating_sub(now).min(LEAD_MS);
            track.start(now, super::playing::signed(LEAD_MS - queued));
            if queued == 0 {
                self.steady_ms = None;
            }
            self.steady_ms.get_or_insert(now);
            self.settled_ms = now;
        } else if !able {
            self.halt(now);
        }
    }

    fn halt(&mut self, now: u64) {
        if let Some(track) = &mut self.track
            && track.running
        {
            track.stop(now);
            self.drained_ms = now + LEAD_MS;
            self.settled_ms = now;
        }
    }

    /// A voice connection is open.
    pub(super) fn linked(&mut self, link: Link, now: u64) {
        self.link = Some(link);
        self.settled_ms = now;
        self.settle(now);
    }

    /// The voice connection is given up with what is in its buffer.
    pub(super) fn unlink(&mut self, now: u64) -> Option<Link> {
        let link = self.link.take();
        self.settle(now);
        self.drained_ms = 0;
        link
    }

    /// Whether something is heard.
    pub(super) fn sounds(&self) -> bool {
        self.track.as_ref().is_some_and(|track| track.running) && self.link.as_ref().is_some_and(Link::carries)
    }

    /// Whether it has played for the whole of the last minute.
    pub(super) fn played_a_minute(&self, now: u64) -> bool {
        self.track.as_ref().is_some_and(|track| track.running)
            && self.steady_ms.is_some_and(|since| since + 60_000 <= now)
    }

    /// The next thing that this player's clock brings, and when.
    pub(super) fn due(&self) -> Option<(u64, Due)> {
        let track = self.track.as_ref()?;
        let fails = track.behaviour == Behaviour::FailsToLoad;
        let mut due = vec![(track.next_update_ms, Due::Update)];
        if fails && track.failed_ms.is_none() {
            due.push((track.begun_ms + 2, Due::LoadFailed));
        } else if let Some(failed) = track.failed_ms.filter(|_| fails && self.polled() && !self.paused) {
            due.push(((failed + 20).max(self.settled_ms), Due::End));
        }
        if !self.polled() {
            due.push((track.begun_ms.max(self.settled_ms) + CLEANUP_MS, Due::Cleanup));
        }
        if let Some(broken) = track.broken.as_ref().filter(|_| track.failed_ms.is_none()) {
            if broken.at_once {
                due.push((track.begun_ms + 2, Due::Broke));
            } else if track.running {
                due.push((track.reaches(broken.told_at), Due::Broke));
            }
        }
        if track.running {
            due.push((track.reaches(track.limit()), Due::End));
            due.extend(track.over.map(|(at, _)| (at.max(self.settled_ms), Due::End)));
            if track.dry_at() < track.limit() {
                due.push((track.reaches(track.dry_at()), Due::Dry));
            }
        }
        due.extend(
            track
                .dry_ms
                .filter(|_| !track.stuck_told)
                .map(|at| (at + STUCK_MS, Due::Stuck)),
        );
        due.into_iter().min_by_key(|(at, _)| *at)
    }

    pub(super) fn position(&self, now: u64) -> i64 {
        self.track.as_ref().map_or(0, |track| track.position_at(now))
    }

    pub(super) fn state(&self, now: u64) -> Value {
        let ping = if self.link.is_some() { 12 } else { -1 };
        json!({ "time": now, "position": self.position(now), "connected": self.connected(), "ping": ping })
    }

    pub(super) fn track_json(&self, now: u64) -> Value {
        self.track.as_ref().map_or(Value::Null, |track| {
            track.data.json(track.position_at(now), &track.user_data)
        })
    }

    pub(super) fn json(&self, now: u64) -> Value {
        let voice = self.voice.as_ref().map_or_else(
            || json!({ "token": "", "endpoint": "", "sessionId": "", "channelId": null }),
            |grant| {
                json!({ "token": grant.token, "endpoint": grant.endpoint, "sessionId": grant.session_id,
                        "channelId": grant.channel_id.to_string() })
            },
        );
        json!({
            "guildId": self.guild.to_string(), "track": self.track_json(now), "volume": self.volume,
            "paused": self.paused, "state": self.state(now), "voice": voice, "filters": self.filters,
        })
    }

    pub(super) fn view(&self, node: &str, now: u64) -> PlayerView {
        PlayerView {
            node: node.to_owned(),
            track: self.track.as_ref().map(|track| track.data.identifier.clone()),
            title: self.track.as_ref().map(|track| track.data.title.clone()),
            paused: self.paused,
            position_ms: u64::try_from(self.position(now)).unwrap_or(0),
            volume: self.volume,
            connected: self.connected(),
        }
    }
}
