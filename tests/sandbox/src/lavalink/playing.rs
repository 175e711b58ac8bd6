//! A track in a player: how its position runs and what its decoder does ahead of it.
//!
//! Positions are in output time, as the node reports them: one second per second at any speed.

use serde_json::Value;

use super::TrackData;
use crate::catalogue::Behaviour;

/// The last frame of a track begins this long before its end, ms.
const LAST_FRAME_MS: i64 = 20;

/// What a decoder loses of the end of an mp3, ms.
const MP3_TAIL_MS: i64 = 104;

/// The decoder is ahead of the position by this much, ms.
const AHEAD_MS: i64 = 5_000;

/// A filter that the decoder refuses is refused after this much of the running position, ms.
const REFUSED_AFTER_MS: i64 = 75;

/// A position beyond the end ends a track after this time, ms.
const BEYOND_MS: u64 = 15;

/// A track in a player.
#[derive(Clone, Debug)]
pub(super) struct Playing {
    pub(super) data: TrackData,
    pub(super) user_data: Value,
    pub(super) behaviour: Behaviour,
    pub(super) begun_ms: u64,
    pub(super) next_update_ms: u64,
    /// When its exception was reported.
    pub(super) failed_ms: Option<u64>,
    pub(super) stuck_told: bool,
    /// When it went dry: its sound stopped and nothing more will come.
    pub(super) dry_ms: Option<u64>,
    pub(super) broken: Option<Broken>,
    /// It ends at this time with this position, whatever is left of it.
    pub(super) over: Option<(u64, i64)>,
    /// Whether its position runs.
    pub(super) running: bool,
    /// Position at `at_ms`; it runs from there while the player does, ms.
    position: i64,
    at_ms: u64,
    /// Shown in the moment in which it begins to run: where it stood, ms.
    stood: i64,
    /// Added once the position runs: what fills the node's buffer at once, ms.
    lead: i64,
    /// Shown instead of the position: the target of a seek that was lost, or of one beyond the end.
    shown: Option<i64>,
    /// Where it goes on once it runs: a seek while it stood still.
    seek_to: Option<i64>,
    end_time: Option<i64>,
    speed: f64,
    /// Track time and position since which `speed` holds, ms.
    speed_from: (i64, i64),
}

/// Where a decoder fails and what is heard until then.
#[derive(Clone, Debug)]
pub(super) struct Broken {
    /// Reported as soon as the track is there: the decoder never got further than what it reads ahead.
    pub(super) at_once: bool,
    /// Reported when the position is here, ms.
    pub(super) told_at: i64,
    /// The end of what was decoded, ms.
    pub(super) ends_at: i64,
    pub(super) cause: String,
}

impl Playing {
    /// A track that starts at `position`, standing still.
    pub(super) fn new(data: TrackData, behaviour: Behaviour, position: i64, cause: &str, now: u64) -> Self {
        let from = position.max(0);
        let (behaviour, broken) = match behaviour {
            // Not one frame comes of it.
            Behaviour::BreaksAt(at) if signed(at) <= from => (Behaviour::FailsToLoad, None),
            Behaviour::BreaksAt(at) => {
                let told_at = signed(at).saturating_sub(AHEAD_MS + REFUSED_AFTER_MS);
                let (at_once, ends_at) = (told_at <= from, signed(at));
                let cause = cause.to_owned();
                (
                    behaviour,
                    Some(Broken {
                        at_once,
                        told_at,
                        ends_at,
                        cause,
                    }),
                )
            }
            Behaviour::Plays | Behaviour::FailsToLoad | Behaviour::SticksAt(_) => (behaviour, None),
        };
        let beyond = !data.is_stream && position >= data.length;
        Self {
            behaviour,
            begun_ms: now,
            next_update_ms: now + super::clock::UPDATE_MS,
            failed_ms: None,
            stuck_told: false,
            dry_ms: None,
            broken,
            over: beyond.then_some((now + BEYOND_MS, 0)),
            running: false,
            position: if beyond { 0 } else { from },
            at_ms: now,
            stood: if beyond { 0 } else { from },
            lead: 0,
            shown: beyond.then_some(position),
            seek_to: None,
            end_time: None,
            speed: 1.0,
            speed_from: (from, from),
            data,
            user_data: serde_json::json!({}),
        }
    }

    /// Its position begins to run, with `lead` of it at once.
    pub(super) fn start(&mut self, now: u64, lead: i64) {
        let stood = self.position;
        if let Some(target) = self.seek_to.take() {
            self.rebase(target);
        }
        self.stood = stood;
        self.at_ms = now;
        self.lead = lead;
        self.running = true;
    }

    /// Its position stops.
    pub(super) fn stop(&mut self, now: u64) {
        if now > self.at_ms {
            self.position = self.run_to(now);
        }
        self.at_ms = now;
        self.lead = 0;
        self.running = false;
    }

    /// The position that is reported.
    pub(super) fn position_at(&self, now: u64) -> i64 {
        self.shown.unwrap_or_else(|| self.run_to(now))
    }

    fn run_to(&self, now: u64) -> i64 {
        let elapsed = signed(now.saturating_sub(self.at_ms));
        if !self.running {
            return self.position;
        }
        if elapsed == 0 {
            return self.stood;
        }
        let position = self.position.saturating_add(self.lead).saturating_add(elapsed);
        let last = self.limit().saturating_sub(LAST_FRAME_MS).max(self.position);
        position.min(last).min(self.dry_at().max(self.position))
    }

    /// When the running position reaches `target`; not before it began to run.
    pub(super) fn reaches(&self, target: i64) -> u64 {
        let left = target.saturating_sub(self.position).saturating_sub(self.lead).max(0);
        self.at_ms.saturating_add(left.unsigned_abs())
    }

    /// The position at which it ends.
    pub(super) fn limit(&self) -> i64 {
        let broken = self.broken.as_ref().map(|broken| broken.ends_at);
        [Some(self.natural_end()), self.end_time, broken]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(i64::MAX)
    }

    fn natural_end(&self) -> i64 {
        if self.data.is_stream {
            return i64::MAX;
        }
        let tail = if self.data.probe_info.as_deref() == Some("mp3") {
            MP3_TAIL_MS
        } else {
            0
        };
        let (track, position) = self.speed_from;
        position.saturating_add(scaled(self.data.length - tail - track, 1.0 / self.speed))
    }

    /// The position at which nothing more comes.
    pub(super) fn dry_at(&self) -> i64 {
        match self.behaviour {
            Behaviour::SticksAt(at) => signed(at),
            Behaviour::Plays | Behaviour::FailsToLoad | Behaviour::BreaksAt(_) => i64::MAX,
        }
    }

    /// It ends at `end`; a position that has passed already never ends it.
    pub(super) fn end_at(&mut self, end: i64, now: u64) {
        self.end_time = Some(end).filter(|end| *end > self.run_to(now));
    }

    /// Goes to `target`. A seek after the decoder has finished is lost: its target is shown and nothing else happens.
    pub(super) fn seek(&mut self, target: i64, now: u64) {
        if self.data.is_stream {
            return;
        }
        let target = target.max(0);
        if self.running && self.run_to(now).saturating_add(AHEAD_MS) >= self.natural_end() {
            self.shown = Some(target);
        } else if target >= self.data.length {
            self.over = Some((now + BEYOND_MS, self.run_to(now)));
        } else if self.running {
            self.rebase(target);
            self.at_ms = now;
            self.lead = 0;
        } else {
            self.seek_to = Some(target);
        }
    }

    /// Its last position, when it ends before its time.
    pub(super) fn cut_short(&mut self) {
        self.shown = self.over.map(|(_, position)| position).or(self.shown);
    }

    fn rebase(&mut self, target: i64) {
        self.position = target;
        self.stood = target;
        self.speed_from = (target, target);
        self.shown = None;
    }

    /// Filters were set: their speed, and why the decoder refuses them.
    pub(super) fn filter(&mut self, speed: f64, refused: Option<&str>, now: u64) {
        let position = self.run_to(now);
        let (track, since) = self.speed_from;
        self.speed_from = (track + scaled(position - since, self.speed), position);
        self.speed = speed;
        if let Some(cause) = refused
            && self.broken.is_none()
        {
            self.broken = Some(Broken {
                at_once: false,
                told_at: position + REFUSED_AFTER_MS,
                ends_at: position + AHEAD_MS + REFUSED_AFTER_MS,
                cause: cause.to_owned(),
            });
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "lengths of tracks, ms"
)]
fn scaled(ms: i64, by: f64) -> i64 {
    (ms as f64 * by) as i64
}

pub(super) fn signed(ms: u64) -> i64 {
    i64::try_from(ms).unwrap_or(i64::MAX)
}
