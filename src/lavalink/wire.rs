//! The messages between us and a node: strict out, lenient in. Nothing here fails on what it does not know, nor on a
//! `null` where something was expected.

use lavalink_rs::model::ChannelId as WireChannel;
use lavalink_rs::model::http::{UpdatePlayer, UpdatePlayerTrack};
use lavalink_rs::model::player::ConnectionInfo;
use ostinato_machine::guild::{EndReason, Report, Tag, VoiceCredentials, WantedTrack};
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::found::WireTrack;

// ------------------------------------------------------------------------------------------------------------ out

/// The body of a PATCH.
pub(super) fn patch(
    voice: Option<&VoiceCredentials>,
    track: Option<&Option<WantedTrack>>,
    tag: Option<Tag>,
    position_ms: Option<u64>,
    paused: Option<bool>,
    volume: Option<u16>,
) -> Result<Value, serde_json::Error> {
    let playing = track.and_then(Option::as_ref);
    let tag = playing.map(|track| track.tag).or(tag);
    let user_data = tag.map(serde_json::to_value).transpose()?;
    let track_part = (playing.is_some() || user_data.is_some()).then(|| UpdatePlayerTrack {
        encoded: playing.map(|track| track.encoded.encoded.to_string()),
        identifier: None,
        user_data,
    });
    let body = UpdatePlayer {
        track: track_part,
        end_time: None,
        volume,
        position: position_ms,
        paused,
        filters: None,
        voice: voice.map(|voice| ConnectionInfo {
            endpoint: voice.endpoint.to_string(),
            token: voice.token.reveal().to_owned(),
            session_id: voice.session_id.reveal().to_owned(),
            channel_id: Some(WireChannel(voice.channel.0)),
        }),
    };
    let mut body = serde_json::to_value(body)?;
    if track == Some(&None)
        && let Some(object) = body.as_object_mut()
    {
        // The model can't say that a track is to be stopped.
        object.insert("track".into(), json!({ "encoded": null }));
    }
    Ok(body)
}

// ------------------------------------------------------------------------------------------------------------- in

/// One message of the websocket.
#[derive(Debug, Deserialize)]
#[serde(tag = "op", rename_all = "camelCase")]
pub(super) enum Message {
    #[serde(rename_all = "camelCase")]
    Ready {
        resumed: bool,
        session_id: String,
    },
    #[serde(rename_all = "camelCase")]
    PlayerUpdate {
        guild_id: Id,
        #[serde(default, deserialize_with = "or_default")]
        state: State,
    },
    Stats(Stats),
    Event(Box<Event>),
    #[serde(other)]
    Unknown,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct State {
    #[serde(deserialize_with = "clamped")]
    pub(super) position: u64,
    #[serde(deserialize_with = "or_default")]
    pub(super) connected: bool,
}

/// What a node says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Stats {
    #[serde(deserialize_with = "or_default")]
    pub(super) players: u32,
    #[serde(deserialize_with = "or_default")]
    pub(super) playing_players: u32,
    #[serde(deserialize_with = "or_default")]
    pub(super) cpu: Cpu,
    #[serde(deserialize_with = "or_default")]
    pub(super) memory: Memory,
    pub(super) frame_stats: Option<Frames>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Cpu {
    #[serde(deserialize_with = "or_default")]
    system_load: f64,
    #[serde(deserialize_with = "or_default")]
    lavalink_load: f64,
}

impl Cpu {
    /// Load of the machine, 0 to 1000.
    pub(super) fn system_permille(&self) -> u32 {
        permille(self.system_load)
    }

    /// What of it is the node's own, 0 to 1000.
    pub(super) fn own_permille(&self) -> u32 {
        permille(self.lavalink_load)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is meant"
)]
fn permille(load: f64) -> u32 {
    (load * 1_000.0).clamp(0.0, 1_000.0) as u32
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Memory {
    #[serde(deserialize_with = "clamped")]
    pub(super) used: u64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Frames {
    #[serde(deserialize_with = "or_default")]
    nulled: i64,
    #[serde(deserialize_with = "or_default")]
    deficit: i64,
}

impl Frames {
    /// Frames short or empty, average per player.
    pub(super) fn missing(&self) -> u32 {
        u32::try_from(self.nulled.max(0).saturating_add(self.deficit.max(0))).unwrap_or(u32::MAX)
    }

    /// Frames short, and frames empty.
    pub(super) fn parts(&self) -> (u64, u64) {
        let part = |frames: i64| u64::try_from(frames).unwrap_or(0);
        (part(self.deficit), part(self.nulled))
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    #[serde(rename = "type")]
    kind: String,
    /// Some events of plugins are about no guild.
    #[serde(default)]
    pub(super) guild_id: Option<Id>,
    #[serde(default)]
    track: Option<WireTrack>,
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    exception: Option<Exception>,
    #[serde(default)]
    code: Option<i64>,
    #[serde(default, deserialize_with = "or_default")]
    by_remote: bool,
}

impl Event {
    /// What the event means for the guild; `None` for events of plugins, of strangers' tracks, or without their parts.
    pub(super) fn report(&self) -> Option<Report> {
        if self.kind == "WebSocketClosedEvent" {
            let code = u16::try_from(self.code?).ok()?;
            return Some(Report::VoiceClosed {
                code,
                by_remote: self.by_remote,
            });
        }
        let tag = self.track.as_ref().and_then(WireTrack::tag)?;
        match self.kind.as_str() {
            "TrackStartEvent" => Some(Report::Started { tag }),
            "TrackEndEvent" => Some(Report::Ended {
                tag,
                reason: end_reason(self.reason.as_deref()?)?,
            }),
            "TrackExceptionEvent" => {
                let message = self.exception.as_ref().map(Exception::text).unwrap_or_default();
                Some(Report::Failed { tag, message })
            }
            "TrackStuckEvent" => Some(Report::Stuck { tag }),
            _ => None,
        }
    }
}

fn end_reason(reason: &str) -> Option<EndReason> {
    match reason {
        "finished" => Some(EndReason::Finished),
        "loadFailed" => Some(EndReason::LoadFailed),
        "stopped" => Some(EndReason::Stopped),
        "replaced" => Some(EndReason::Replaced),
        "cleanup" => Some(EndReason::Cleanup),
        _ => None,
    }
}

#[derive(Debug, Deserialize)]
pub(super) struct Exception {
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    cause: Option<String>,
}

impl Exception {
    /// What went wrong, in a length that fits anywhere.
    pub(super) fn text(&self) -> Box<str> {
        let text = self.message.as_deref().or(self.cause.as_deref()).unwrap_or_default();
        text.chars().take(200).collect::<String>().into()
    }
}

/// A Discord id, as text or as a number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Id(pub(super) u64);

impl<'de> Deserialize<'de> for Id {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Text(String),
            Number(u64),
        }
        match Form::deserialize(deserializer)? {
            Form::Text(text) => text.parse().map(Self).map_err(serde::de::Error::custom),
            Form::Number(number) => Ok(Self(number)),
        }
    }
}

/// A value that may be `null`.
pub(super) fn or_default<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: Default + Deserialize<'de>,
    D: Deserializer<'de>,
{
    Option::<T>::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// A number that should not be negative, but may be, or may have a fraction.
pub(super) fn clamped<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let value = Option::<Value>::deserialize(deserializer)?;
    Ok(value.map_or(0, |value| {
        value.as_u64().or_else(|| value.as_f64().map(whole)).unwrap_or(0)
    }))
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the cast saturates, which is meant"
)]
fn whole(number: f64) -> u64 {
    number.max(0.0) as u64
}
