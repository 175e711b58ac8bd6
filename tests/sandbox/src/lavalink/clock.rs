//! What the clock brings: reports, ends, failures, load figures, sessions whose time has run out.

use serde_json::{Value, json};

use super::core::Core;
use super::player::{Due, Player};
use crate::catalogue::Behaviour;

/// Distance of a playing player's reports, ms.
pub(super) const UPDATE_MS: u64 = 5_000;

/// Distance of load figures, ms.
pub(super) const STATS_MS: u64 = 60_000;

impl Core {
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
        let due: Vec<String> = self
            .sessions
            .iter()
            .filter(|(_, s)| s.stats_ms <= at)
            .map(|(id, _)| id.clone())
            .collect();
        for id in due {
            let stats = self.stats(at, Some(&id));
            if let Some(session) = self.sessions.get_mut(&id) {
                session.stats_ms = at + STATS_MS;
            }
            self.send(&id, stats);
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
            Due::End => {
                let Some(track) = self.player(id, guild).and_then(|player| player.track.as_mut()) else {
                    return;
                };
                track.cut_short();
                let loaded = track.behaviour != Behaviour::FailsToLoad;
                self.end_track(at, id, guild, if loaded { "finished" } else { "loadFailed" });
            }
            Due::Cleanup => self.end_track(at, id, guild, "cleanup"),
            Due::LoadFailed | Due::Broke => self.fail_track(at, id, guild),
            Due::Dry => {
                if let Some(player) = self.player(id, guild) {
                    if let Some(track) = &mut player.track {
                        track.dry_ms = Some(at);
                    }
                    player.settle(at);
                }
            }
            Due::Stuck => self.stick_track(at, id, guild),
        }
        self.account(at, id, guild);
    }

    fn stick_track(&mut self, at: u64, id: &str, guild: u64) {
        let Some(player) = self.player(id, guild) else { return };
        let track = player.track_json(at);
        if let Some(track) = &mut player.track {
            track.stuck_told = true;
        }
        let fields = [("track", track), ("thresholdMs", json!(10_000))];
        self.event(id, guild, "TrackStuckEvent", &fields);
        self.update(at, id, guild);
    }

    fn fail_track(&mut self, at: u64, id: &str, guild: u64) {
        let Some(Player { track: Some(track), .. }) = self.player(id, guild) else {
            return;
        };
        track.failed_ms = Some(at);
        let told = track.data.json(track.position_at(at), &track.user_data);
        let broken = track.broken.as_ref().map(|broken| broken.cause.clone());
        let (message, cause) = match broken {
            Some(cause) => ("Something went wrong when decoding the track.", cause),
            None => {
                let data = track.data.clone();
                ("Something broke when playing the track.", self.media.failure(&data))
            }
        };
        let trace = format!("{cause}\n\tat com.sedmelluq.discord.lavaplayer");
        let exception = json!({ "message": message, "severity": "fault", "cause": cause, "causeStackTrace": trace });
        let fields = [("track", told), ("exception", exception)];
        self.event(id, guild, "TrackExceptionEvent", &fields);
    }

    /// Takes the track out and says why.
    pub(super) fn end_track(&mut self, at: u64, id: &str, guild: u64, reason: &str) {
        let Some(player) = self.player(id, guild) else { return };
        if player.track.is_none() {
            return;
        }
        let track = player.track_json(at);
        player.unload(at);
        self.event(
            id,
            guild,
            "TrackEndEvent",
            &[("track", track), ("reason", json!(reason))],
        );
        self.account(at, id, guild);
    }

    /// The running track of `guild` goes dry where it is: it is reported as stuck and never ends by itself.
    pub fn stick(&mut self, now: u64, guild: u64) {
        for id in self.sessions_with(guild) {
            if let Some(player) = self.player(&id, guild) {
                if let Some(track) = player.track.as_mut().filter(|track| track.dry_ms.is_none()) {
                    track.dry_ms = Some(now);
                }
                player.settle(now);
            }
            self.account(now, &id, guild);
        }
    }

    /// Brings the sound account up to date for one player.
    pub(super) fn account(&mut self, now: u64, id: &str, guild: u64) {
        let media = &self.media;
        let sound = self
            .sessions
            .get(id)
            .and_then(|session| session.players.get(&guild))
            .filter(|player| player.sounds())
            .and_then(|player| player.track.as_ref().map(|track| media.name(&track.data)));
        let key = (id.to_owned(), guild);
        let before = self.sounding.get(&key).cloned();
        if before.as_ref().map(|(_, name)| name) == sound.as_ref() {
            return;
        }
        self.silence(now, id, guild);
        if let Some(name) = sound {
            self.sources += 1;
            self.sounding.insert(key, (self.sources, name.clone()));
            self.out.push(super::Out::Sound(guild, self.sources, Some(name), now));
        }
    }

    pub(super) fn silence(&mut self, now: u64, id: &str, guild: u64) {
        if let Some((source, _)) = self.sounding.remove(&(id.to_owned(), guild)) {
            self.out.push(super::Out::Sound(guild, source, None, now));
        }
    }

    /// Load figures, with the frames of a session where one is given.
    pub(super) fn stats(&self, now: u64, id: Option<&str>) -> Value {
        let open = self.sessions.values().filter(|session| session.socket.is_some());
        let players: Vec<&Player> = open.flat_map(|session| session.players.values()).collect();
        let playing = players
            .iter()
            .filter(|player| player.track.is_some() && !player.paused)
            .count();
        let session = id.and_then(|id| self.sessions.get(id));
        let full = session.is_some_and(|session| session.players.values().any(|player| player.played_a_minute(now)));
        let frames = full.then(|| json!({ "sent": 3_000, "nulled": 0, "deficit": 0 }));
        json!({
            "op": "stats", "players": players.len(), "playingPlayers": playing, "uptime": now,
            "memory": { "free": 1, "used": 1, "allocated": 1, "reservable": 1 },
            "cpu": { "cores": 2, "systemLoad": 0.1, "lavalinkLoad": 0.05 }, "frameStats": frames,
        })
    }
}
