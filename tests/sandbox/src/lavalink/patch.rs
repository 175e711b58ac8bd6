//! `PATCH /v4/sessions/{s}/players/{g}`: what is checked, in which order, and what it does.

use serde_json::{Map, Value, json};

use super::core::Core;
use super::rest::{Answer, Problem};
use super::voice::{Connect, MediaFound};
use super::{DecodeError, TrackData};
use crate::voices::Grant;

/// The body, read.
#[derive(Debug, Default)]
struct Update {
    /// `Some(None)`: stop.
    encoded: Option<Option<String>>,
    identifier: Option<String>,
    user_data: Option<Value>,
    position: Option<i64>,
    end_time: Option<i64>,
    volume: Option<i64>,
    paused: Option<bool>,
    filters: Option<Map<String, Value>>,
    voice: Option<Map<String, Value>>,
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
    fn read(body: &Value) -> Result<Self, Problem> {
        let body = body.as_object().ok_or_else(Problem::undecodable)?;
        let mut update = Self {
            position: field(body, "position", true, Value::as_i64)?,
            end_time: field(body, "endTime", true, Value::as_i64)?,
            volume: field(body, "volume", false, Value::as_i64)?,
            paused: field(body, "paused", false, Value::as_bool)?,
            filters: field(body, "filters", false, |value| value.as_object().cloned())?,
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

    fn check(&self) -> Result<(), Problem> {
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

impl Core {
    /// Works a PATCH off. The session is known to be there unless `session` says otherwise by an error.
    pub(super) fn patch(
        &mut self,
        now: u64,
        id: &str,
        guild: u64,
        no_replace: bool,
        body: &Value,
    ) -> Result<Answer, Problem> {
        let update = Update::read(body)?;
        let Some(session) = self.sessions.get_mut(id).filter(|session| session.socket.is_some()) else {
            return Err(Problem::no_session());
        };
        update.check()?;
        session
            .players
            .entry(guild)
            .or_insert_with(|| super::player::Player::new(guild));
        if let Some(voice) = &update.voice
            && !self.connect(now, id, guild, voice)?
        {
            return Ok(Answer::Never);
        }
        self.settings(now, id, guild, no_replace, &update);
        self.track_part(now, id, guild, no_replace, update)?;
        if let Some(player) = self.player(id, guild) {
            player.settle(now);
        }
        self.account(now, id, guild);
        let player = self.player(id, guild).map_or(Value::Null, |player| player.json(now));
        Ok(Answer::json(200, player))
    }

    /// Opens a new voice connection if the values differ or the old one is closed. `false`: no answer, ever.
    fn connect(&mut self, now: u64, id: &str, guild: u64, voice: &Map<String, Value>) -> Result<bool, Problem> {
        let text = |name: &str| voice.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        let channel_id = text("channelId")
            .parse()
            .map_err(|_| Problem::internal("java.lang.NumberFormatException"))?;
        let endpoint = text("endpoint");
        if endpoint.contains(' ') {
            return Err(Problem::internal("java.lang.IllegalArgumentException"));
        }
        let grant = Grant {
            session_id: text("sessionId"),
            token: text("token"),
            endpoint,
            channel_id,
        };
        self.connections += 1;
        let connection = self.connections;
        let Some(session) = self.sessions.get_mut(id) else {
            return Err(Problem::no_session());
        };
        let user = session.user;
        let Some(player) = session.players.get_mut(&guild) else {
            return Err(Problem::no_session());
        };
        if player.voice.as_ref() == Some(&grant) && player.connected() {
            return Ok(true);
        }
        let had = player.connection.take();
        player.voice = Some(grant.clone());
        player.settle(now);
        if had.is_some() {
            let fields = [("code", json!(1000)), ("reason", json!("")), ("byRemote", json!(false))];
            self.event(id, guild, "WebSocketClosedEvent", &fields);
            self.update(now, id, guild);
        }
        match self.net.connect(guild, user, &grant, connection) {
            Connect::Hangs => return Ok(false),
            Connect::Open => {
                if let Some(player) = self.player(id, guild) {
                    player.connection = Some(connection);
                    player.settle(now);
                }
                self.update(now, id, guild);
                // An older connection of the same voice session is closed by the voice server now.
                self.check_voice(now);
            }
            Connect::Closed(code) => self.close_voice(now, id, guild, code),
        }
        Ok(true)
    }

    fn settings(&mut self, now: u64, id: &str, guild: u64, no_replace: bool, update: &Update) {
        let Some(player) = self.player(id, guild) else { return };
        if let Some(volume) = update.volume {
            player.volume = volume.clamp(0, 1_000);
        }
        let mut moved = false;
        if let Some(filters) = &update.filters {
            player.filters = filters
                .iter()
                .filter(|(_, value)| !value.is_null())
                .map(|(k, v)| (k.clone(), v.clone()))
                .collect();
            moved = player.track.is_some();
        }
        let new_track = matches!(update.encoded, Some(Some(_))) || update.identifier.is_some();
        let skipped = no_replace && player.track.is_some() && (new_track || update.encoded.is_some());
        if !skipped && !new_track {
            if let Some(paused) = update.paused {
                player.paused = paused;
            }
            if let Some(track) = &mut player.track {
                if let Some(user_data) = &update.user_data {
                    track.user_data = user_data.clone();
                }
                if let Some(end) = update.end_time {
                    track.end_time = Some(end);
                }
            }
            player.settle(now);
            if let Some(position) = update.position
                && player.track.is_some()
            {
                player.seek(position, now);
                moved = true;
            }
        }
        if moved {
            self.update(now, id, guild);
        }
    }

    fn track_part(&mut self, now: u64, id: &str, guild: u64, no_replace: bool, update: Update) -> Result<(), Problem> {
        let loaded = self.player(id, guild).is_some_and(|player| player.track.is_some());
        let data = match (update.encoded, update.identifier) {
            (None, None) => return Ok(()),
            _ if no_replace && loaded => return Ok(()),
            (Some(None), _) => {
                self.end_track(now, id, guild, "stopped");
                if let Some(player) = self.player(id, guild) {
                    player.paused = update.paused.unwrap_or(false);
                }
                return Ok(());
            }
            (Some(Some(encoded)), _) => TrackData::decode(&encoded).map_err(|error| match error {
                DecodeError::Short => Problem::status(500, "No message available"),
                DecodeError::Bad(why) => Problem::internal(&why),
            })?,
            (None, Some(identifier)) => match self.media.find(&identifier) {
                MediaFound::Track(data) => data,
                MediaFound::Empty => return Err(Problem::bad("No matches found for identifier")),
                MediaFound::Error(_) => return Err(Problem::bad("Something went wrong while looking up the track.")),
                MediaFound::List(..) | MediaFound::Search(_) => {
                    return Err(Problem::bad("Cannot play a playlist or search result"));
                }
            },
        };
        if loaded {
            self.end_track(now, id, guild, "replaced");
        }
        let behaviour = self.media.behaviour(&data);
        let position = update.position.unwrap_or(data.position);
        let Some(player) = self.player(id, guild) else {
            return Ok(());
        };
        player.paused = update.paused.unwrap_or(false);
        player.load(data, behaviour, position.max(0), loaded, now);
        if let Some(track) = &mut player.track {
            track.user_data = update.user_data.unwrap_or_else(|| json!({}));
            track.end_time = update.end_time;
        }
        let track = player
            .track
            .as_ref()
            .map_or(Value::Null, |track| track.data.json(position, &track.user_data));
        self.event(id, guild, "TrackStartEvent", &[("track", track)]);
        self.update(now, id, guild);
        self.update(now, id, guild);
        Ok(())
    }
}
