//! A track: what can be played, as an audio node described it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::ids::{EntryId, UserId};

/// A track as an audio node described it. Shared, never changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Track {
    /// What the node is given to play it. Not an identity: nodes write positions into it.
    pub encoded: Box<str>,
    /// Title.
    pub title: Box<str>,
    /// Author or channel.
    pub author: Box<str>,
    /// Page of the track.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<Box<str>>,
    /// Address of a picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artwork: Option<Box<str>>,
    /// Name of the source, such as `http`.
    pub source: Box<str>,
    /// Length in ms; `None` for a live stream.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_ms: Option<u64>,
    /// Whether a position can be sought.
    pub seekable: bool,
}

/// A track in a queue: which one, and who asked for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Identity within the guild.
    pub id: EntryId,
    /// The track.
    pub track: Arc<Track>,
    /// Who asked for it; [`UserId::NOBODY`] where autoplay has chosen it.
    pub by: UserId,
}
