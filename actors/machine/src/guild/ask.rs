//! Questions to the outside, and what can come back.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Related;
use crate::ids::{ChannelId, Ticket, UserId};
use crate::track::Track;

/// A question to the outside. It ends in exactly one [`super::Input::Done`] before its deadline.
#[derive(Clone, Debug, PartialEq)]
pub struct Ask {
    /// What the answer must carry.
    pub ticket: Ticket,
    /// The question.
    pub question: Question,
}

/// What can be asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What does a node find for this address or search text?
    Search {
        /// Address or text, as the listener wrote it.
        query: Arc<str>,
    },
    /// In which voice channel is this user? Asked when seats are unknown.
    SeatOf {
        /// The user.
        user: UserId,
    },
    /// What is related to this track? Asked by autoplay.
    Related {
        /// The track.
        seed: Arc<Track>,
    },
    /// Why does a voice join get no answer?
    WhyNoVoice {
        /// The channel that was tried.
        channel: ChannelId,
    },
}

/// What came out of a question.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Of [`Question::Search`].
    Loaded(Loaded),
    /// Of [`Question::SeatOf`].
    SeatIs {
        /// The user.
        user: UserId,
        /// The channel; `None` when not in voice.
        channel: Option<ChannelId>,
    },
    /// Of [`Question::Related`].
    Related(Related),
    /// Of [`Question::WhyNoVoice`].
    JoinBlocked(JoinBlock),
    /// No answer.
    Failed(AskError),
}

/// What a node found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Loaded {
    /// One track.
    Track(Arc<Track>),
    /// A playlist.
    Playlist {
        /// Its name.
        name: Box<str>,
        /// Which of its tracks the address named.
        selected: Option<usize>,
        /// Its tracks; may be empty.
        tracks: Vec<Arc<Track>>,
    },
    /// Results of a search, best first; may be empty.
    Found(Vec<Arc<Track>>),
    /// Nothing there.
    Empty,
    /// The source refused or failed.
    Error {
        /// What the node says.
        message: Box<str>,
    },
}

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AskError {
    /// The deadline passed.
    Timeout,
    /// No audio node is there.
    NoNode,
    /// The other side can't be reached or answers garbage.
    Unreachable,
    /// The other side refused.
    Refused,
}

/// Why a voice join gets no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinBlock {
    /// The right to see the channel is missing.
    View,
    /// The right to connect is missing.
    Connect,
    /// The right to speak is missing.
    Speak,
    /// The channel is full.
    Full,
    /// The channel is gone.
    Gone,
    /// No reason was found.
    Unknown,
}
