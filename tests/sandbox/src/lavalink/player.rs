//! One player: its track, its position, its voice connection.

use serde_json::{Map, Value, json};

use super::TrackData;
use crate::catalogue::Behaviour;
use crate::voices::Grant;

/// A running position is ahead of what is heard by the node's buffer, which a play fills at once, ms.
const LEAD_MS: i64 = 350;

/// The last frame of a track begins this long before its end, ms.
const LAST_FRAME_MS: i64 = 20;

/// A track without a voice connection is given up after this time, ms.
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
    /// Number of the open voice connection.
    pub(super) connection: Option<u64>,
    /// The position stands still for a reason of the node's own (a fault switch).
    pub(super) deaf: bool,
}

/// A track in a player.
#[derive(Clone, Debug)]
pub(super) struct Playing {
    pub(super) data: TrackData,
    pub(super) user_data: Value,
    pub(super) behaviour: Behaviour,
    pub(super) end_time: Option<i64>,
    /// Position at `at_ms`, ms; it runs from there while the player does.
    pub(super) position: i64,
    pub(super) at_ms: u64,
    /// Added once the position runs, ms.
    pub(super) lead: i64,
    pub(super) running: bool,
    pub(super) begun_ms: u64,
    pub(super) next_update_ms: u64,
    pub(super) failed_ms: Option<u64>,
    pub(super) stuck_told: bool,
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
    BrokeEnd,
    Stuck,
    Cleanup,
}

impl Player {
    pub(super) fn new(guild: u64) -> Self {
        Self {
            guild,
            track: None,
            volume: 100,
            paused: false,
            filters: Map::new(),
            voice: None,
            connection: None,
            deaf: false,
        }
    }

    pub(super) fn connected(&self) -> bool {
        self.connection.is_some()
    }

    /// Puts a track in.
    pub(super) fn load(&mut self, data: TrackData, behaviour: Behaviour, position: i64, replaced: bool, now: u64) {
        self.track = Some(Playing {
            data,
            user_data: json!({}),
            behaviour,
            end_time: None,
            position,
            at_ms: now,
            lead: if replaced { 0 } else { LEAD_MS },
            running: false,
            begun_ms: now,
            next_update_ms: now + 5_000,
            failed_ms: None,
            stuck_told: false,
        });
        self.settle(now);
    }

    /// Starts or stops the position's run after anything changed.
    pub(super) fn settle(&mut self, now: u64) {
        let runs = self.connected() && !self.paused && !self.deaf;
        if let Some(track) = &mut self.track {
            let able = runs && track.behaviour != Behaviour::FailsToLoad;
            if track.running != able {
                track.position = track.position_at(now);
                if track.running {
                    track.lead = 0;
                }
                track.at_ms = now;
                track.running = able;
            }
        }
    }

    /// Whether something is heard.
    pub(super) fn sounds(&self, now: u64) -> bool {
        self.track.as_ref().is_some_and(|track| {
            track.running && !matches!(track.behaviour, Behaviour::SticksAt(at) | Behaviour::BreaksAt(at) if track.position_at(now) >= signed(at))
        })
    }

    pub(super) fn seek(&mut self, position: i64, now: u64) {
        if let Some(track) = &mut self.track
            && !track.data.is_stream
        {
            track.position = position.max(0);
            track.at_ms = now;
            track.lead = 0;
        }
    }

    /// The next thing that this player's clock brings, and when.
    pub(super) fn due(&self) -> Option<(u64, Due)> {
        let track = self.track.as_ref()?;
        let mut due = vec![(track.next_update_ms, Due::Update)];
        if track.behaviour == Behaviour::FailsToLoad && track.failed_ms.is_none() {
            due.push((track.begun_ms + 20, Due::LoadFailed));
        }
        if !self.connected() {
            due.push((track.begun_ms + CLEANUP_MS, Due::Cleanup));
        }
        if track.running {
            if let Some(failed) = track.failed_ms {
                due.push((failed + 400, Due::BrokeEnd));
            } else {
                due.push((track.reaches(track.limit()), Due::End));
            }
            match track.behaviour {
                Behaviour::BreaksAt(at) if track.failed_ms.is_none() => {
                    due.push((track.reaches(signed(at)), Due::Broke))
                }
                Behaviour::SticksAt(at) if !track.stuck_told => {
                    due.push((track.reaches(signed(at)) + STUCK_MS, Due::Stuck));
                }
                Behaviour::Plays | Behaviour::FailsToLoad | Behaviour::BreaksAt(_) | Behaviour::SticksAt(_) => {}
            }
        }
        due.into_iter().min_by_key(|(at, _)| *at)
    }

    pub(super) fn position(&self, now: u64) -> i64 {
        self.track.as_ref().map_or(0, |track| track.position_at(now))
    }

    pub(super) fn state(&self, now: u64) -> Value {
        let ping = if self.connected() { 12 } else { -1 };
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

impl Playing {
    /// The position at which the track ends.
    fn limit(&self) -> i64 {
        let length = self.data.length;
        self.end_time
            .filter(|end| *end > self.position)
            .map_or(length, |end| end.min(length))
    }

    pub(super) fn position_at(&self, now: u64) -> i64 {
        let elapsed = signed(now.saturating_sub(self.at_ms));
        if !self.running || elapsed == 0 {
            return self.position;
        }
        let position = self.position.saturating_add(self.lead).saturating_add(elapsed);
        let frozen = match self.behaviour {
            Behaviour::SticksAt(at) | Behaviour::BreaksAt(at) => signed(at),
            Behaviour::Plays | Behaviour::FailsToLoad => i64::MAX,
        };
        position
            .min(self.limit().saturating_sub(LAST_FRAME_MS).max(self.position))
            .min(frozen.max(self.position))
    }

    /// When the position reaches `target`.
    fn reaches(&self, target: i64) -> u64 {
        let left = target.saturating_sub(self.position).saturating_sub(self.lead).max(0);
        self.at_ms.saturating_add(left.unsigned_abs())
    }
}

pub(super) fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
