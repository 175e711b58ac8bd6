//! What a listener can order a guild to do, already parsed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, EntryId, UserId};

/// A command for a guild. What needs no guild (`help`, `ping`) never becomes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Join the caller's voice channel.
    Connect,
    /// Leave the voice channel; queue and position are kept.
    Disconnect,
    /// Find something and add it.
    Play {
        /// Address or search text, trimmed.
        query: Arc<str>,
        /// Where in the queue.
        at: Where,
    },
    /// Pause for the reason *user*.
    Pause,
    /// Take the reason *user* away; other reasons to pause stay.
    Resume,
    /// Leave the current track, looped or not.
    Skip,
    /// Stop playing and clear the queue; stay in the channel.
    Stop,
    /// Go to a position in the current track.
    Seek {
        /// From the start of the track, ms.
        position_ms: u64,
    },
    /// Play the current track from its start.
    Replay,
    /// Set the volume.
    Volume {
        /// Percent.
        percent: u16,
    },
    /// Set the loop mode.
    Loop {
        /// The mode.
        mode: LoopMode,
    },
    /// Switch autoplay on or off.
    Autoplay {
        /// On.
        on: bool,
    },
    /// Take one entry out of the queue, or several that follow each other.
    Remove {
        /// Shown position, 1 = next.
        index: usize,
        /// Shown position of the other end of a range; `None` for one entry alone. Which end is named first is all the
        /// same.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        last: Option<usize>,
    },
    /// Move one entry of the queue.
    Move {
        /// Shown position, 1 = next.
        from: usize,
        /// Shown position it has afterwards.
        to: usize,
    },
    /// Shuffle the queue with the seed of the input.
    Shuffle,
    /// Empty the queue; the current track plays on.
    Clear,
    /// Show a page of the queue.
    Queue {
        /// From 0.
        page: usize,
    },
    /// Show what is playing.
    NowPlaying,
    /// Show a page of what was played, the newest first.
    History {
        /// From 0.
        page: usize,
    },
    /// Show where the bot is in voice.
    VoiceInfo,
    /// Show how loud the music is.
    VolumeInfo,
    /// Given at sight of a track, with a button of its card: done only while that one is the current track, and answered
    /// with the card as it is afterwards.
    Of {
        /// The track that was seen.
        entry: EntryId,
        /// The command.
        command: Box<Command>,
    },
}

impl Command {
    /// Whether the command only reads: such commands are free to everybody and never change the guild.
    pub fn reads_only(&self) -> bool {
        if let Self::Of { command, .. } = self {
            return command.reads_only();
        }
        matches!(
            self,
            Self::Queue { .. } | Self::NowPlaying | Self::History { .. } | Self::VoiceInfo | Self::VolumeInfo
        )
    }
}

/// The name that a refused or waiting command goes by in logs.
pub fn command_name(command: &Command) -> &'static str {
    match command {
        Command::Connect => "connect",
        Command::Disconnect => "disconnect",
        Command::Play { .. } => "play",
        Command::Pause => "pause",
        Command::Resume => "resume",
        Command::Skip => "skip",
        Command::Stop => "stop",
        Command::Seek { .. } => "seek",
        Command::Replay => "replay",
        Command::Volume { .. } => "volume",
        Command::Loop { .. } => "loop",
        Command::Autoplay { .. } => "autoplay",
        Command::Remove { .. } => "remove",
        Command::Move { .. } => "move",
        Command::Shuffle => "shuffle",
        Command::Clear => "clear",
        Command::Queue { .. } => "queue",
        Command::NowPlaying => "nowplaying",
        Command::History { .. } => "history",
        Command::VoiceInfo => "voiceinfo",
        Command::VolumeInfo => "volume-info",
        Command::Of { command, .. } => command_name(command),
    }
}

/// Where new tracks go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Where {
    /// Behind everything.
    #[default]
    End,
    /// Right after the current track.
    Next,
    /// At once; the current track is left.
    Now,
}

/// What happens when a track has ended by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LoopMode {
    /// The next one plays.
    #[default]
    Off,
    /// The same one plays again.
    Track,
    /// It goes to the end of the queue and the next one plays.
    Queue,
}

/// Who gave a command, and from where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Caller {
    /// The user.
    pub user: UserId,
    /// The text channel of the command: where notices go afterwards.
    pub text: ChannelId,
    /// Whether the user may manage the guild.
    pub manager: bool,
}
