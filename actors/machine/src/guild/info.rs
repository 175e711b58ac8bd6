//! What the commands show that only read.

use serde::{Deserialize, Serialize};

use super::{Brief, LoopMode, Why};
use crate::ids::{ChannelId, EntryId};

/// A page of what was played.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryView {
    /// The page, from 0.
    pub page: usize,
    /// Number of pages, at least 1.
    pub pages: usize,
    /// How long ago the first of `entries` was left, counted in tracks: 1 = the last one.
    pub first: usize,
    /// The tracks of the page, the newest first, ten at most.
    pub entries: Vec<Brief>,
    /// How many tracks are remembered.
    pub total: usize,
}

/// Where the bot is in voice, and how it stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceView {
    /// The channel.
    pub channel: ChannelId,
    /// Whether Discord has let it in and named a voice server.
    pub connected: bool,
    /// Whether an audio node plays for it, or stands ready to.
    pub node: bool,
    /// People who listen there; `None` while that is unknown.
    pub listeners: Option<usize>,
    /// What it does there.
    pub player: PlayerView,
    /// How many entries are queued.
    pub queued: usize,
    /// When it leaves by itself, from now, ms; `None` when nothing makes it leave.
    pub leaves_in_ms: Option<u64>,
}

/// What a player does, in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlayerView {
    /// There is no current track.
    Idle,
    /// A user paused it.
    Paused,
    /// It is silent because nobody listens.
    Alone,
    /// It is silent because the bot is in the audience of a stage.
    Suppressed,
    /// It is about to sound.
    Waiting,
    /// It plays.
    Playing,
}

/// How loud the music is, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VolumeView {
    /// What holds now, percent.
    pub percent: u16,
    /// Whether it was set in this guild; otherwise it is the default.
    pub is_set: bool,
    /// What a guild has that never set one, percent.
    pub default: u16,
    /// Highest that may be set, percent.
    pub max: u16,
}

/// A page of the queue.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct QueueView {
    /// What is playing.
    pub now: Option<NowView>,
    /// The page, from 0.
    pub page: usize,
    /// Number of pages, at least 1.
    pub pages: usize,
    /// Shown position of the first of `entries`.
    pub first: usize,
    /// The entries of the page, ten at most.
    pub entries: Vec<Brief>,
    /// How many entries the whole queue has.
    pub total: usize,
    /// Playing time of the whole queue and the rest of the current track, ms; `None` with a live stream in it.
    pub total_ms: Option<u64>,
    /// The loop mode.
    pub loop_mode: LoopMode,
    /// What autoplay has chosen for when the queue has run out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub autoplay: Option<Brief>,
}

/// What is playing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NowView {
    /// Which entry it is: what buttons refer to.
    pub entry: EntryId,
    /// The track.
    pub track: Brief,
    /// Position now, ms.
    pub position_ms: u64,
    /// Paused by a user.
    pub paused: bool,
    /// Silent because nobody listens.
    pub alone: bool,
    /// Silent because the bot is in the audience of a stage.
    pub suppressed: bool,
    /// Not audible yet or just now: joining, loading, waiting for a node.
    pub waiting: bool,
    /// Volume, percent.
    pub volume: u16,
    /// The loop mode.
    pub loop_mode: LoopMode,
    /// Why autoplay has chosen it, if it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Why>,
    /// What plays after it: asked for, or chosen by autoplay.
    pub next: Option<Brief>,
    /// How many entries are queued behind it.
    pub queued: usize,
    /// When the bot leaves by itself, from now, ms.
    pub leaves_in_ms: Option<u64>,
}
