//! What users are told, as data. The words are made elsewhere, in one place.

use serde::{Deserialize, Serialize};

use super::{HistoryView, JoinBlock, LoopMode, NowView, QueueView, VoiceView, VolumeView};
use crate::ids::{ChannelId, ReplyTo, UserId};
use crate::track::{Entry, Track};

/// Something to tell somebody.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// Whom.
    pub to: To,
    /// Whether more follows.
    pub stage: Stage,
    /// What. A [`Say::Refused`] is for the caller alone, whatever the command's visibility.
    pub say: Say,
}

/// Whom to tell.
#[derive(Clone, Debug, PartialEq)]
pub enum To {
    /// The interaction that waits.
    Reply(ReplyTo),
    /// A notice in a text channel.
    Channel(ChannelId),
}

/// Whether more follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The work has begun; a final answer follows.
    Working,
    /// The one final answer (L3).
    Final,
}

/// What is said. Written beside the change that it tells of, so that the next process can say it too.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Say {
    /// It is being worked on.
    Working,
    /// Joined a voice channel.
    Joined {
        /// The channel.
        channel: ChannelId,
    },
    /// Left the voice channel.
    Left {
        /// The channel.
        channel: ChannelId,
        /// Entries kept in the queue, the current one counted.
        kept: usize,
    },
    /// Tracks were added.
    Added {
        /// The first of them.
        first: Brief,
        /// How many were added.
        count: usize,
        /// Shown position of the first one; 0 when it plays now.
        position: usize,
        /// How many did not fit.
        left_out: usize,
        /// The queue's limit.
        limit: usize,
        /// Name of the playlist.
        playlist: Option<Box<str>>,
        /// When the first one plays, from now, ms; `None` when nobody can tell (a live stream, a pause).
        starts_in_ms: Option<u64>,
    },
    /// Paused.
    Paused {
        /// The track.
        track: Brief,
    },
    /// Plays again.
    Resumed {
        /// The track.
        track: Brief,
        /// Other reasons to stay silent remain: nobody listens.
        alone: bool,
    },
    /// The current track was left.
    Skipped {
        /// Which.
        track: Brief,
        /// What plays now.
        next: Option<Brief>,
    },
    /// Stopped and cleared.
    Stopped {
        /// How many queued entries were dropped.
        cleared: usize,
    },
    /// The position changed.
    Sought {
        /// The track.
        track: Brief,
        /// The new position, ms.
        position_ms: u64,
    },
    /// The volume is set.
    Volume {
        /// Percent.
        percent: u16,
    },
    /// The loop mode is set.
    Loop {
        /// The mode.
        mode: LoopMode,
    },
    /// Autoplay is switched.
    Autoplay {
        /// It is on.
        on: bool,
    },
    /// Entries that follow each other were removed.
    Removed {
        /// The first of them.
        track: Brief,
        /// Shown position it had.
        index: usize,
        /// How many, at least 1.
        count: usize,
    },
    /// An entry was moved.
    Moved {
        /// Which.
        track: Brief,
        /// Shown position it had.
        from: usize,
        /// Shown position it has.
        to: usize,
    },
    /// The queue was shuffled.
    Shuffled {
        /// How many entries.
        count: usize,
    },
    /// The queue was emptied.
    Cleared {
        /// How many entries.
        count: usize,
    },
    /// A page of the queue.
    Queue(Box<QueueView>),
    /// What is playing.
    NowPlaying(Box<NowView>),
    /// A page of what was played.
    History(Box<HistoryView>),
    /// Where the bot is in voice.
    VoiceInfo(VoiceView),
    /// How loud the music is, and why.
    VolumeInfo(VolumeView),
    /// What a button of the card did: what plays afterwards, `None` when nothing does. Filled in once the change is
    /// applied, by [`super::fill`].
    Pressed(Option<Box<NowView>>),
    /// Not done, and why.
    Refused(Refusal),
    /// Done, but not saved: the store is slow or down, and a crash now would forget it. Made by the gate, never by a rule.
    Unsaved(Box<Say>),
    /// Notice: no audio node is there; the position is kept and it goes on by itself.
    NoNode,
    /// Notice: a track could not be played and was passed over.
    TrackFailed {
        /// Which.
        track: Brief,
        /// What the node says.
        message: Box<str>,
    },
    /// Notice: so many tracks failed in a row that the queue is held.
    FailuresHeld {
        /// How many in a row.
        count: u32,
    },
    /// Notice: left because nobody listened.
    LeftAlone {
        /// Entries kept, the current one counted.
        kept: usize,
    },
    /// Notice: the queue is over.
    QueueEnded {
        /// When the bot leaves if nothing is added, from now, ms.
        leaves_in_ms: Option<u64>,
    },
    /// Notice: the queue is over, and autoplay has found nothing to go on with.
    AutoplayOver {
        /// When the bot leaves if nothing is added, from now, ms.
        leaves_in_ms: Option<u64>,
    },
    /// Notice: on a stage the bot is in the audience and can't be heard; it goes on by itself when it may speak.
    Suppressed {
        /// The stage.
        channel: ChannelId,
    },
    /// Notice: the voice channel was deleted.
    ChannelGone {
        /// Entries kept, the current one counted.
        kept: usize,
    },
    /// Notice: left because nothing played.
    LeftIdle,
    /// Notice: somebody took the bot out of voice; the queue is kept.
    TakenOut {
        /// Entries kept, the current one counted.
        kept: usize,
    },
    /// Notice: Discord closed the voice connection for a reason that trying again can't mend.
    VoiceRefused {
        /// Close code.
        code: u16,
    },
    /// Notice: the channel can't be joined.
    JoinFailed {
        /// The channel.
        channel: ChannelId,
        /// Why.
        why: JoinBlock,
    },
}

/// Why something was not done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The caller is in no voice channel.
    NotInVoice,
    /// The caller is not where the bot plays.
    OtherChannel {
        /// Where the bot plays.
        bot: ChannelId,
    },
    /// The bot is in no voice channel.
    BotNotInVoice,
    /// Nothing is playing.
    NothingPlaying,
    /// The button belongs to a track that is not the current one any more.
    OtherTrack,
    /// The queue is empty.
    QueueEmpty,
    /// The bot is already in the caller's channel.
    AlreadyHere {
        /// The channel.
        channel: ChannelId,
    },
    /// Already paused by a user.
    AlreadyPaused,
    /// Not paused by a user.
    NotPaused {
        /// It is silent because nobody listens.
        alone: bool,
    },
    /// The bot is in the audience of a stage.
    Suppressed {
        /// The stage.
        channel: ChannelId,
    },
    /// The queue is full.
    QueueFull {
        /// Its limit.
        limit: usize,
    },
    /// The search text is empty.
    EmptyQuery,
    /// The search text is too long.
    QueryTooLong {
        /// Most characters.
        limit: usize,
    },
    /// Nothing was found.
    NothingFound {
        /// The search text.
        query: Box<str>,
    },
    /// The source failed.
    LoadError {
        /// What the node says.
        message: Box<str>,
    },
    /// The search took too long.
    SearchTimeout,
    /// No audio node is there.
    NoNode,
    /// The track can't be sought.
    NotSeekable,
    /// The position is behind the end.
    BehindEnd {
        /// Length of the track, ms.
        length_ms: u64,
    },
    /// The volume is out of bounds.
    VolumeRange {
        /// Highest, percent.
        max: u16,
    },
    /// No such position in the queue.
    NoSuchEntry {
        /// What was asked.
        index: usize,
        /// How many there are.
        count: usize,
    },
    /// Fewer than two entries are queued: there is no other order.
    TooFewToShuffle,
    /// Nothing was played yet.
    NoHistory,
    /// Too many commands wait already.
    TooManyPending {
        /// The limit.
        limit: usize,
    },
    /// The channel can't be joined.
    CannotJoin {
        /// The channel.
        channel: ChannelId,
        /// Why.
        why: JoinBlock,
    },
    /// It took too long and was given up.
    Expired,
    /// It arrived too late to be done.
    TooLate,
    /// This guild is overloaded.
    Busy,
    /// This guild is being repaired.
    Parked {
        /// For the operator.
        reference: Box<str>,
    },
    /// A fault hit this command.
    Fault {
        /// For the operator.
        reference: Box<str>,
    },
    /// The bot is restarting.
    ShuttingDown,
    /// The saved state can't be read now.
    StoreDown,
}

/// A track in few words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brief {
    /// Title.
    pub title: Box<str>,
    /// Author.
    pub author: Box<str>,
    /// Its page.
    pub uri: Option<Box<str>>,
    /// A picture.
    pub artwork: Option<Box<str>>,
    /// Length in ms; `None` for a live stream.
    pub length_ms: Option<u64>,
    /// Who asked for it.
    pub by: UserId,
}

impl Brief {
    /// Of a track that `by` asked for.
    pub fn of(track: &Track, by: UserId) -> Self {
        Self {
            title: track.title.clone(),
            author: track.author.clone(),
            uri: track.uri.clone(),
            artwork: track.artwork.clone(),
            length_ms: track.length_ms,
            by,
        }
    }

    /// Of a queue entry.
    pub fn entry(entry: &Entry) -> Self {
        Self::of(&entry.track, entry.by)
    }
}
