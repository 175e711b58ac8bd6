//! What a node has and finds, read leniently: tracks, players, results of look-ups.

use std::sync::Arc;

use ostinato_machine::guild::{Loaded, Seen, Tag, VoiceCredentials};
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, NodeId};
use ostinato_machine::track::Track;
use serde::Deserialize;
use serde::de::{DeserializeOwned, Error as _};
use serde_json::Value;

use super::wire::{Exception, Id, State, clamped, or_default};

/// What a node calls the length of a live stream.
const ENDLESS: u64 = i64::MAX.unsigned_abs();

/// The elements of an array that make sense: a bad one must not hide the others.
pub(super) fn sensible<T: DeserializeOwned>(body: &[u8]) -> Result<Vec<T>, serde_json::Error> {
    let all: Vec<Value> = serde_json::from_slice(body)?;
    Ok(of_sense(all))
}

fn of_sense<T: DeserializeOwned>(all: Vec<Value>) -> Vec<T> {
    all.into_iter()
        .filter_map(|one| serde_json::from_value(one).ok())
        .collect()
}

/// A track.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct WireTrack {
    /// Nothing in it is needed to know the track again: that is what the user data are for.
    #[serde(default, deserialize_with = "or_default")]
    encoded: String,
    #[serde(default, deserialize_with = "or_default")]
    info: Info,
    #[serde(default)]
    user_data: Value,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    title: Option<String>,
    author: Option<String>,
    #[serde(deserialize_with = "clamped")]
    length: u64,
    #[serde(deserialize_with = "or_default")]
    is_stream: bool,
    #[serde(deserialize_with = "or_default")]
    is_seekable: bool,
    uri: Option<String>,
    artwork_url: Option<String>,
    source_name: Option<String>,
}

impl WireTrack {
    /// What we gave it when it was started; `None` for a stranger's.
    pub(super) fn tag(&self) -> Option<Tag> {
        serde_json::from_value(self.user_data.clone()).ok()
    }

    /// The track, if it can be played.
    fn track(&self) -> Option<Arc<Track>> {
        if self.encoded.is_empty() {
            return None;
        }
        let info = &self.info;
        let text = |field: &Option<String>, missing: &str| -> Box<str> {
            field
                .as_deref()
                .filter(|text| !text.is_empty())
                .unwrap_or(missing)
                .into()
        };
        let live = info.is_stream || info.length >= ENDLESS;
        Some(Arc::new(Track {
            encoded: self.encoded.as_str().into(),
            title: text(&info.title, "Unknown title"),
            author: text(&info.author, "Unknown artist"),
            uri: info.uri.as_deref().map(Into::into),
            artwork: info.artwork_url.as_deref().map(Into::into),
            source: text(&info.source_name, "unknown"),
            length_ms: (!live).then_some(info.length),
            seekable: info.is_seekable && !live,
        }))
    }
}

/// A player as the node describes it.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Player {
    pub(super) guild_id: Id,
    #[serde(default)]
    track: Option<WireTrack>,
    #[serde(default, deserialize_with = "or_default")]
    volume: u16,
    #[serde(default, deserialize_with = "or_default")]
    paused: bool,
    #[serde(default, deserialize_with = "or_default")]
    state: State,
    #[serde(default)]
    voice: Option<Voice>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Voice {
    #[serde(deserialize_with = "or_default")]
    token: String,
    #[serde(deserialize_with = "or_default")]
    endpoint: String,
    #[serde(deserialize_with = "or_default")]
    session_id: String,
    channel_id: Option<Id>,
}

impl Player {
    pub(super) fn seen(&self, node: &NodeId, now_ms: u64) -> (GuildId, Seen) {
        let voice = self
            .voice
            .as_ref()
            .filter(|voice| !voice.token.is_empty())
            .and_then(|voice| {
                Some(VoiceCredentials {
                    token: Hidden::new(&voice.token),
                    endpoint: voice.endpoint.as_str().into(),
                    session_id: Hidden::new(&voice.session_id),
                    channel: ChannelId(voice.channel_id?.0),
                })
            });
        let seen = Seen {
            node: node.clone(),
            tag: self.track.as_ref().and_then(WireTrack::tag),
            position_ms: self.state.position,
            at_ms: now_ms,
            paused: self.paused,
            volume: self.volume,
            voice,
            connected: self.state.connected,
        };
        (GuildId(self.guild_id.0), seen)
    }
}

/// What a look-up found.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LoadResult {
    load_type: String,
    #[serde(default)]
    data: Value,
}

#[derive(Debug, Deserialize)]
struct List {
    #[serde(default, deserialize_with = "or_default")]
    info: ListInfo,
    #[serde(default, deserialize_with = "or_default")]
    tracks: Vec<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ListInfo {
    #[serde(deserialize_with = "or_default")]
    name: String,
    selected_track: Option<i64>,
}

/// Reads the answer to a look-up. Tracks that can't be played are left out of lists.
pub(super) fn loaded(body: &[u8]) -> Result<Loaded, serde_json::Error> {
    let LoadResult { load_type, data } = serde_json::from_slice(body)?;
    let tracks = |all: Vec<Value>| -> Vec<Arc<Track>> {
        let all: Vec<WireTrack> = of_sense(all);
        all.iter().filter_map(WireTrack::track).collect()
    };
    Ok(match load_type.as_str() {
        // The data are `null`, or `{}`.
        "empty" => Loaded::Empty,
        "track" => {
            let track = serde_json::from_value::<WireTrack>(data)?.track();
            Loaded::Track(track.ok_or_else(|| serde_json::Error::custom("a track without `encoded`"))?)
        }
        "search" => Loaded::Found(tracks(serde_json::from_value(data)?)),
        "playlist" => {
            let List { info, tracks: all } = serde_json::from_value(data)?;
            let selected = info.selected_track.and_then(|place| usize::try_from(place).ok());
            // Those that are left out move the others up.
            let playable = |track: &Value| WireTrack::deserialize(track).is_ok_and(|track| track.track().is_some());
            let selected = selected.and_then(|place| {
                let chosen = all.get(place).filter(|track| playable(track));
                chosen.map(|_| all.iter().take(place).filter(|track| playable(track)).count())
            });
            Loaded::Playlist {
                name: info.name.into(),
                selected,
                tracks: tracks(all),
            }
        }
        "error" => Loaded::Error {
            message: serde_json::from_value::<Exception>(data)?.text(),
        },
        other => {
            let message = format!("load type `{other}` is unknown; nodes of version 4 are understood");
            return Err(serde_json::Error::custom(message));
        }
    })
}
