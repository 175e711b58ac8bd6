//! The body of `PATCH /v4/sessions/{s}/players/{g}`: how it is read and what is refused before anything is done.

use serde_json::{Map, Value};

use super::filters;
use super::reply::Problem;

/// The body, read.
#[derive(Debug, Default)]
pub(super) struct Update {
    /// `Some(None)`: stop.
    pub(super) encoded: Option<Option<String>>,
    pub(super) identifier: Option<String>,
    pub(super) user_data: Option<Value>,
    pub(super) position: Option<i64>,
    pub(super) end_time: Option<i64>,
    pub(super) volume: Option<i64>,
    pub(super) paused: Option<bool>,
    pub(super) filters: Option<Map<String, Value>>,
    pub(super) voice: Option<Map<String, Value>>,
}

const TEXT: fn(&Value) -> Option<String> = |value| value.as_str().map(str::to_owned);

/// An optional field: absent, or of the right type; anything else does not decode. `null` counts as absent where
/// `nullable`.
fn field<T>(
    body: &Map<String, Value>,
    name: &str,
    nullable: bool,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Problem> {
    match body.get(name) {
        None => Ok(None),
        Some(Value::Null) if nullable => Ok(None),
        Some(value) => read(value).map(Some).ok_or_else(Problem::undecodable),
    }
}

impl Update {
    pub(super) fn read(body: &Value) -> Result<Self, Problem> {
        let body = body.as_object().ok_or_else(Problem::undecodable)?;
        let mut update = Self {
            position: field(body, "position", false, Value::as_i64)?,
            end_time: field(body, "endTime", true, Value::as_i64)?,
            volume: field(body, "volume", false, Value::as_i64)?,
            paused: field(body, "paused", false, Value::as_bool)?,
            filters: field(body, "filters", false, |value| value.as_object().cloned())?
                .map(|given| filters::read(&given))
                .transpose()?,
            voice: field(body, "voice", false, |value| value.as_object().cloned())?,
            ..Self::default()
        };
        if let Some(voice) = &update.voice {
            for name in ["token", "endpoint", "sessionId"] {
                field(voice, name, false, TEXT)?.ok_or_else(Problem::undecodable)?;
            }
            if !voice.contains_key("channelId") {
                return Err(Problem::undecodable());
            }
            field(voice, "channelId", true, TEXT)?;
        }
        let old_encoded = body.get("encodedTrack");
        let old_identifier = field(body, "identifier", true, TEXT)?;
        if let Some(track) = field(body, "track", false, |value| value.as_object().cloned())? {
            if old_encoded.is_some() || old_identifier.is_some() {
                return Err(Problem::bad("Cannot specify both track and encodedTrack/identifier"));
            }
            update.encoded = optional_text(track.get("encoded"))?;
            update.identifier = field(&track, "identifier", true, TEXT)?;
            update.user_data = field(&track, "userData", false, |value| {
                value.is_object().then(|| value.clone())
            })?;
        } else {
            update.encoded = optional_text(old_encoded)?;
            update.identifier = old_identifier;
        }
        Ok(update)
    }

    /// Whether it changes the track itself, or stops it.
    pub(super) const fn is_track(&self) -> bool {
        self.encoded.is_some() || self.identifier.is_some()
    }

    pub(super) fn check(&self, disabled: &[String]) -> Result<(), Problem> {
        if let Some(given) = &self.filters {
            filters::check(given, disabled)?;
        }
        if self.encoded.is_some() && self.identifier.is_some() {
            return Err(Problem::bad("Cannot specify both encodedTrack and identifier"));
        }
        if self.end_time.is_some_and(|end| end <= 0) {
            return Err(Problem::bad("End time must be greater than 0"));
        }
        if let Some(voice) = &self.voice {
            let blank = ["token", "endpoint", "sessionId", "channelId"].iter().any(|name| {
                voice
                    .get(*name)
                    .and_then(Value::as_str)
                    .is_none_or(|text| text.trim().is_empty())
            });
            if blank {
                return Err(Problem::bad(
                    "token, endpoint, sessionId and channelId must be provided in voice state",
                ));
            }
        }
        Ok(())
    }
}

fn optional_text(value: Option<&Value>) -> Result<Option<Option<String>>, Problem> {
    match value {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => value
            .as_str()
            .map(|text| Some(Some(text.to_owned())))
            .ok_or_else(Problem::undecodable),
    }
}
