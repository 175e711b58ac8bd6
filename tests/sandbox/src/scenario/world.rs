//! What exists before the first step of a scenario.

use std::collections::BTreeMap;

/// What exists before the first step.
#[derive(Clone, Debug)]
pub struct World {
    /// Guilds by name.
    pub guilds: BTreeMap<String, GuildSpec>,
    /// Names of the audio nodes.
    pub nodes: Vec<String>,
    /// Tracks by id, copies written out.
    pub tracks: BTreeMap<String, TrackSpec>,
    /// Playlists by id, copies written out.
    pub playlists: BTreeMap<String, ListSpec>,
    /// Names of voice channels that are stages: the bot comes into the audience there.
    pub stages: Vec<String>,
    /// Users who run the bot: its owner, or a team with its owner first.
    pub operators: Vec<String>,
    /// Users who may manage the guilds that they are in.
    pub managers: Vec<String>,
    /// Whether the bot is granted the words of all messages.
    pub message_content: bool,
    /// Settings of the bot that differ from its defaults.
    pub config: BTreeMap<String, serde_json::Value>,
}

impl Default for World {
    fn default() -> Self {
        Self {
            guilds: BTreeMap::new(),
            nodes: Vec::new(),
            tracks: BTreeMap::new(),
            playlists: BTreeMap::new(),
            stages: Vec::new(),
            operators: Vec::new(),
            managers: Vec::new(),
            message_content: true,
            config: BTreeMap::new(),
        }
    }
}

/// A guild.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuildSpec {
    /// Text channels; commands are typed in the first one unless said otherwise.
    pub text: Vec<String>,
    /// Voice channels.
    pub voice: Vec<String>,
    /// Users.
    pub members: Vec<String>,
}

/// A track.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackSpec {
    /// Title: what a search finds.
    pub title: String,
    /// Author.
    pub author: Option<String>,
    /// Length, ms; three minutes unless given.
    pub length_ms: Option<u64>,
    /// A live stream: it has no length.
    #[serde(default)]
    pub live: bool,
    /// It fails before its first frame.
    #[serde(default)]
    pub fails: bool,
    /// It breaks at this position, ms.
    pub breaks_at_ms: Option<u64>,
    /// It goes silent at this position for good, ms.
    pub sticks_at_ms: Option<u64>,
    /// Looking it up fails with this message.
    pub load_error: Option<String>,
    /// Looking it up takes this long, ms.
    #[serde(default)]
    pub load_ms: u64,
    /// Ids of the tracks of its mix list; one that has such a list is of a source that makes them.
    #[serde(default)]
    pub mix: Vec<String>,
    /// So many of them: `x1`, `x2` … with the number behind the title.
    pub copies: Option<u32>,
}

/// A playlist.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSpec {
    /// Its name.
    pub name: String,
    /// Ids of its tracks, in order.
    pub tracks: Vec<String>,
}

impl TrackSpec {
    /// Length, ms; `None` for a live stream.
    pub fn length(&self) -> Option<u64> {
        (!self.live).then(|| self.length_ms.unwrap_or(180_000))
    }
}
