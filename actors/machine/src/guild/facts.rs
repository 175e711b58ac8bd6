//! What an operator is told of a guild, and why it is silent.

use std::sync::Arc;

use super::LoopMode;
use super::state::Guild;
use crate::ids::{ChannelId, NodeId};
use crate::track::Track;

/// Tracks of the queue that are shown.
const NEXT: usize = 10;

/// How a guild stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GuildFacts {
    /// Number of records so far.
    pub revision: u64,
    /// Tracks that wait.
    pub queue: usize,
    /// The first of them.
    pub next: Vec<Arc<Track>>,
    /// Tracks that were played, as far as they are kept.
    pub history: usize,
    /// The track that plays or would play.
    pub track: Option<TrackFacts>,
    /// Volume in percent.
    pub volume: u16,
    /// What is repeated.
    pub loop_mode: LoopMode,
    /// Whether autoplay goes on when the queue ends.
    pub autoplay: bool,
    /// The wanted voice channel.
    pub channel: Option<ChannelId>,
    /// The channel that is told what happens.
    pub text: Option<ChannelId>,
    /// Human listeners in that channel; `None` while seats are unknown or nothing is wanted.
    pub listeners: Option<usize>,
    /// The node, and the placement time of the player, ms.
    pub placed: Option<(NodeId, u64)>,
    /// Commands that wait for an answer from outside.
    pub pending: usize,
    /// When it wants to be woken, wall-clock ms.
    pub wake_at_ms: Option<u64>,
    /// Why nothing is heard; `None`: a node says that it plays.
    pub silence: Option<Silence>,
}

/// The track that plays or would play.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackFacts {
    /// The track.
    pub track: Arc<Track>,
    /// Position, ms.
    pub position_ms: u64,
}

/// Why a guild is silent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// Nothing is queued.
    NothingQueued,
    /// Too many tracks failed in a row; it waits before the next one.
    Failures,
    /// No voice channel is wanted.
    NotInVoice,
    /// A user paused.
    PausedByUser,
    /// Nobody listens.
    Alone,
    /// The bot sits in the audience of a stage.
    Audience,
    /// Discord has not let the bot into the channel yet.
    Joining,
    /// Discord names no voice server yet.
    NoVoiceServer,
    /// There is no audio node.
    NoNode,
    /// The track's decoder failed; its end is awaited.
    Failing,
    /// The node was told and has not begun yet.
    Starting,
}

impl Silence {
    /// One sentence for an operator.
    pub const fn why(self) -> &'static str {
        match self {
            Self::NothingQueued => "nothing is queued",
            Self::Failures => "too many tracks failed in a row; it waits before it tries the next one",
            Self::NotInVoice => "it is in no voice channel",
            Self::PausedByUser => "a user paused it",
            Self::Alone => "nobody listens; it goes on when somebody comes back",
            Self::Audience => "it sits in the audience of a stage; a moderator must invite it to speak",
            Self::Joining => "Discord has not let it into the voice channel yet",
            Self::NoVoiceServer => "Discord has not named a voice server yet",
            Self::NoNode => "there is no audio node for it",
            Self::Failing => "the track failed at the audio node; the next one follows in a moment",
            Self::Starting => "the audio node was told and has not begun yet",
        }
    }
}

impl Guild {
    /// How the guild stands at `now_ms`.
    pub fn facts(&self, now_ms: u64) -> GuildFacts {
        let (kept, passing) = (&self.kept, &self.passing);
        GuildFacts {
            revision: kept.revision,
            queue: kept.queue.len(),
            next: kept
                .queue
                .iter()
                .take(NEXT)
                .map(|entry| Arc::clone(&entry.track))
                .collect(),
            history: kept.history.len(),
            track: kept.current.as_ref().map(|current| TrackFacts {
                track: Arc::clone(&current.entry.track),
                position_ms: self.position(now_ms),
            }),
            volume: self.volume(),
            loop_mode: kept.loop_mode,
            autoplay: kept.autoplay.as_ref().is_some_and(|autoplay| autoplay.on),
            channel: kept.channel,
            text: kept.text,
            listeners: kept.channel.and_then(|channel| self.listeners(channel)),
            placed: passing.placed.clone(),
            pending: kept.pending.len(),
            wake_at_ms: super::wants(self).wake_at_ms,
            silence: self.silence(),
        }
    }

    /// Why nothing is heard, by what must happen first.
    pub fn silence(&self) -> Option<Silence> {
        let (kept, passing) = (&self.kept, &self.passing);
        if kept.channel.is_none() {
            return Some(Silence::NotInVoice);
        }
        if kept.current.is_none() {
            return Some(match kept.hold_until_ms {
                Some(_) => Silence::Failures,
                None => Silence::NothingQueued,
            });
        }
        if kept.paused_by_user {
            return Some(Silence::PausedByUser);
        }
        if kept.paused_alone {
            return Some(Silence::Alone);
        }
        if kept.suppressed {
            return Some(Silence::Audience);
        }
        if passing.own.is_none() {
            return Some(Silence::Joining);
        }
        if passing.voice.is_none() {
            return Some(Silence::NoVoiceServer);
        }
        if passing.placed.is_none() {
            return Some(Silence::NoNode);
        }
        if passing.failing.is_some() {
            return Some(Silence::Failing);
        }
        (!self.audible()).then_some(Silence::Starting)
    }
}
