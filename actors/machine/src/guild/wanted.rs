//! What the outside world should look like.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{Tag, WantedCard};
use crate::ids::{ChannelId, EntryId, Hidden, NodeId};

/// What the outside world should look like for one guild. Cheap to make and to compare.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wanted {
    /// Revision that this follows from.
    pub revision: u64,
    /// The wanted voice channel.
    pub voice: Option<WantedVoice>,
    /// The wanted player; `None` also while voice or node are missing.
    pub player: Option<WantedPlayer>,
    /// The card of what plays; `None`: there is none, and none is wanted.
    pub card: Option<Box<WantedCard>>,
    /// The stage on which the bot should ask to be heard.
    pub speak: Option<ChannelId>,
    /// Whether the fleet should find a node for this guild.
    pub needs_node: bool,
    /// When the guild wants [`super::Input::Wake`], wall-clock ms.
    pub wake_at_ms: Option<u64>,
    /// Whether a process that starts must load this guild: it has a wanted player, a pending answer or a kept timer.
    pub awake: bool,
    /// Whether nothing is going on: the actor may be put to sleep.
    pub restful: bool,
}

/// A voice channel to be in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WantedVoice {
    /// The channel.
    pub channel: ChannelId,
    /// Rises when the same channel must be asked for again. 0 in every new incarnation.
    pub join: u32,
}

/// A player to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WantedPlayer {
    /// Where.
    pub node: NodeId,
    /// Placement time, ms.
    pub generation: u64,
    /// What it connects to voice with.
    pub voice: VoiceCredentials,
    /// Rises when that connection is to be opened anew, with the same credentials too; `None` of a player that a node
    /// reported: it is as it is.
    pub dial: Option<u32>,
    /// What it plays.
    pub track: Option<WantedTrack>,
    /// The play that has ended by itself: a player that was told this one needs no stop.
    pub ended: Option<(EntryId, u32)>,
    /// Whether it rests.
    pub paused: bool,
    /// Percent.
    pub volume: u16,
}

/// A track to play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WantedTrack {
    /// Identity, sent as user data.
    pub tag: Tag,
    /// What the node is given.
    pub encoded: Arc<crate::track::Track>,
    /// Position, ms: as it is, or as it was at `runs_since_ms`.
    pub position_ms: u64,
    /// Since when the position runs on, wall-clock ms; `None`: it rests.
    pub runs_since_ms: Option<u64>,
}

/// The four values that open a voice connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VoiceCredentials {
    /// Voice token.
    pub token: Hidden,
    /// Voice server, `host:port`.
    pub endpoint: Box<str>,
    /// Voice session.
    pub session_id: Hidden,
    /// The channel.
    pub channel: ChannelId,
}

/// One order to one node: a PATCH whose absent parts stay as they are, or a DELETE.
#[derive(Clone, Debug, PartialEq)]
pub enum PlayerOrder {
    /// Change the player, creating it if needed.
    Patch {
        /// Where.
        node: NodeId,
        /// New voice.
        voice: Option<VoiceCredentials>,
        /// Play this from `position_ms`; `Some(None)` stops.
        track: Option<Option<WantedTrack>>,
        /// New user data for the playing track alone (with a seek).
        tag: Option<Tag>,
        /// Position to start at or to seek to, ms.
        position_ms: Option<u64>,
        /// Pause or un-pause.
        paused: Option<bool>,
        /// Volume, percent.
        volume: Option<u16>,
    },
    /// Take the player away.
    Delete {
        /// Where.
        node: NodeId,
    },
}
