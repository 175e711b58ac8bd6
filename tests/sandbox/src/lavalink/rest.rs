//! The REST routes, and what each refuses.

use serde_json::{Value, json};

use super::core::Core;
use super::voice::MediaFound;
use super::{DecodeError, TrackData};

/// One request.
#[derive(Clone, Debug, Default)]
pub struct Call {
    /// `GET`, `PATCH` …
    pub method: String,
    /// Path without the query.
    pub path: String,
    /// Query, decoded.
    pub query: Vec<(String, String)>,
    /// The header `Authorization`.
    pub authorization: Option<String>,
    /// Whether the body is declared as JSON.
    pub is_json: bool,
    /// The body.
    pub body: Vec<u8>,
}

/// A body.
#[derive(Clone, Debug, PartialEq)]
pub enum Body {
    /// None.
    Empty,
    /// Plain text.
    Text(String),
    /// JSON.
    Json(Value),
}

/// What is answered.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Status and body.
    Now(u16, Body),
    /// Nothing, ever.
    Never,
}

impl Answer {
    pub(super) const fn json(status: u16, value: Value) -> Self {
        Self::Now(status, Body::Json(value))
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: u16,
    message: String,
}

impl Problem {
    pub(super) fn status(status: u16, message: &str) -> Self {
        Self {
            status,
            message: message.into(),
        }
    }

    pub(super) fn bad(message: &str) -> Self {
        Self::status(400, message)
    }

    /// What does not decode.
    pub(super) fn undecodable() -> Self {
        Self::bad("Bad Request")
    }

    pub(super) fn no_session() -> Self {
        Self::status(404, "Session not found")
    }

    pub(super) fn internal(why: &str) -> Self {
        Self::status(500, &format!("Request processing failed: {why}"))
    }

    fn answer(&self, path: &str, now: u64) -> Answer {
        let error = match self.status {
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            415 => "Unsupported Media Type",
            _ => "Internal Server Error",
        };
        let body =
            json!({ "timestamp": now, "status": self.status, "error": error, "message": self.message, "path": path });
        Answer::json(self.status, body)
    }
}

impl Core {
    /// Answers one request.
    pub fn call(&mut self, now: u64, call: &Call) -> Answer {
        let parts: Vec<&str> = call.path.split('/').skip(1).collect();
        let Some(methods) = methods(&parts) else {
            let message = format!("No endpoint {} {}.", call.method, call.path);
            return Problem::status(404, &message).answer(&call.path, now);
        };
        match call.authorization.as_deref() {
            None => return Answer::Now(401, Body::Empty),
            Some(password) if password != self.config.password => return Answer::Now(403, Body::Empty),
            Some(_) => {}
        }
        if !methods.contains(&call.method.as_str()) {
            let message = format!("Method '{}' is not supported.", call.method);
            return Problem::status(405, &message).answer(&call.path, now);
        }
        self.route(now, call, &parts)
            .unwrap_or_else(|problem| problem.answer(&call.path, now))
    }

    fn route(&mut self, now: u64, call: &Call, parts: &[&str]) -> Result<Answer, Problem> {
        let query = |name: &str| {
            call.query
                .iter()
                .find(|(key, _)| key == name)
                .map(|(_, value)| value.as_str())
        };
        match parts {
            [""] => Ok(Answer::Now(200, Body::Empty)),
            ["version"] => Ok(Answer::Now(200, Body::Text(self.config.version.clone()))),
            ["v4", "info"] => Ok(Answer::json(200, info(&self.config.version))),
            ["v4", "stats"] => {
                let mut stats = self.stats();
                if let Some(stats) = stats.as_object_mut() {
                    stats.remove("op");
                }
                Ok(Answer::json(200, stats))
            }
            ["v4", "loadtracks"] => {
                let identifier = query("identifier")
                    .ok_or_else(|| Problem::bad("Required parameter 'identifier' is not present."))?;
                Ok(Answer::json(200, load_result(self.media.find(identifier))))
            }
            ["v4", "decodetrack"] => {
                let encoded = query("encodedTrack").or_else(|| query("track"));
                let encoded = encoded.ok_or_else(|| Problem::bad("No track to decode provided"))?;
                Ok(Answer::json(200, decode(encoded)?))
            }
            ["v4", "decodetracks"] => {
                let body = json_body(call)?;
                let list = body.as_array().ok_or_else(Problem::undecodable)?;
                if list.is_empty() {
                    return Err(Problem::bad("No tracks to decode provided"));
                }
                let tracks = list
                    .iter()
                    .map(|one| one.as_str().ok_or_else(Problem::undecodable).and_then(decode));
                Ok(Answer::json(200, Value::Array(tracks.collect::<Result<_, _>>()?)))
            }
            ["v4", "routeplanner", "status"] => Ok(Answer::Now(204, Body::Empty)),
            ["v4", "routeplanner", ..] => Err(Problem::status(500, "Can't access disabled route planner")),
            ["v4", "sessions", id] => self.patch_session(id, &json_body(call)?),
            ["v4", "sessions", id, "players"] => {
                let session = self.open_session(id)?;
                let players = session.players.values().map(|player| player.json(now)).collect();
                Ok(Answer::json(200, Value::Array(players)))
            }
            ["v4", "sessions", id, "players", guild] => self.player_route(now, call, id, guild),
            _ => Err(Problem::status(
                404,
                &format!("No endpoint {} {}.", call.method, call.path),
            )),
        }
    }

    fn player_route(&mut self, now: u64, call: &Call, id: &str, guild: &str) -> Result<Answer, Problem> {
        let guild: u64 = guild.parse().map_err(|_| Problem::undecodable())?;
        match call.method.as_str() {
            "GET" => {
                let player = self.open_session(id)?.players.get(&guild);
                let player = player.ok_or_else(|| Problem::status(404, "Player not found"))?;
                Ok(Answer::json(200, player.json(now)))
            }
            "DELETE" => {
                self.open_session(id)?;
                self.delete(now, id, guild);
                Ok(Answer::Now(204, Body::Empty))
            }
            _ => {
                let body = json_body(call)?;
                let no_replace = call
                    .query
                    .iter()
                    .any(|(key, value)| key == "noReplace" && value == "true");
                self.patch(now, id, guild, no_replace, &body)
            }
        }
    }

    fn open_session(&self, id: &str) -> Result<&super::core::Session, Problem> {
        self.sessions
            .get(id)
            .filter(|session| session.socket.is_some())
            .ok_or_else(Problem::no_session)
    }

    fn delete(&mut self, now: u64, id: &str, guild: u64) {
        self.end_track(now, id, guild, "stopped");
        if let Some(player) = self.player(id, guild)
            && player.connection.take().is_some()
        {
            let fields = [("code", json!(1000)), ("reason", json!("")), ("byRemote", json!(false))];
            self.event(id, guild, "WebSocketClosedEvent", &fields);
            self.update(now, id, guild);
        }
        self.account(now, id, guild);
        if let Some(session) = self.sessions.get_mut(id) {
            session.players.remove(&guild);
        }
    }

    fn patch_session(&mut self, id: &str, body: &Value) -> Result<Answer, Problem> {
        let body = body.as_object().ok_or_else(Problem::undecodable)?;
        let resuming = match body.get("resuming") {
            None => None,
            Some(value) => Some(value.as_bool().ok_or_else(Problem::undecodable)?),
        };
        let timeout = match body.get("timeout") {
            None => None,
            Some(value) => Some(value.as_i64().ok_or_else(Problem::undecodable)?),
        };
        let session = self.sessions.get_mut(id).filter(|session| session.socket.is_some());
        let session = session.ok_or_else(Problem::no_session)?;
        session.resuming = resuming.unwrap_or(session.resuming);
        session.timeout_s = timeout.unwrap_or(session.timeout_s);
        Ok(Answer::json(
            200,
            json!({ "resuming": session.resuming, "timeout": session.timeout_s }),
        ))
    }
}

/// The methods of a path; `None` for paths that do not exist.
fn methods(parts: &[&str]) -> Option<&'static [&'static str]> {
    Some(match parts {
        ["" | "version"] | ["v4", "info" | "stats" | "loadtracks" | "decodetrack"] => &["GET"],
        ["v4", "decodetracks"] => &["POST"],
        ["v4", "routeplanner", "status"] => &["GET"],
        ["v4", "routeplanner", "free", "address" | "all"] => &["POST"],
        ["v4", "sessions", _] => &["PATCH"],
        ["v4", "sessions", _, "players"] => &["GET"],
        ["v4", "sessions", _, "players", _] => &["GET", "PATCH", "DELETE"],
        _ => return None,
    })
}

fn json_body(call: &Call) -> Result<Value, Problem> {
    if !call.is_json {
        return Err(Problem::status(415, "Content-Type is not supported."));
    }
    serde_json::from_slice(&call.body).map_err(|_| Problem::undecodable())
}

fn decode(encoded: &str) -> Result<Value, Problem> {
    let track = TrackData::decode(encoded).map_err(|error| match error {
        DecodeError::Short => Problem::status(500, "No message available"),
        DecodeError::Bad(why) => Problem::internal(&format!("java.lang.IllegalStateException: {why}")),
    })?;
    Ok(track.json(track.position, &json!({})))
}

fn load_result(found: MediaFound) -> Value {
    let track = |data: &TrackData| data.json(0, &json!({}));
    match found {
        MediaFound::Track(data) => json!({ "loadType": "track", "data": track(&data) }),
        MediaFound::Search(list) => {
            json!({ "loadType": "search", "data": list.iter().map(track).collect::<Vec<_>>() })
        }
        MediaFound::List(name, list) => json!({ "loadType": "playlist", "data": {
            "info": { "name": name, "selectedTrack": -1 }, "pluginInfo": {},
            "tracks": list.iter().map(track).collect::<Vec<_>>() } }),
        MediaFound::Empty => json!({ "loadType": "empty", "data": null }),
        MediaFound::Error(message) => json!({ "loadType": "error", "data": {
            "message": message, "severity": "fault", "cause": "com.sedmelluq.discord.lavaplayer.tools.FriendlyException",
            "causeStackTrace": "" } }),
    }
}

fn info(version: &str) -> Value {
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let mut number = || numbers.next().unwrap_or(0);
    json!({
        "version": { "semver": version, "major": number(), "minor": number(), "patch": number(), "preRelease": null },
        "buildTime": 0, "git": { "branch": "unknown", "commit": "unknown", "commitTime": 0 }, "jvm": "17",
        "lavaplayer": "2.2.6", "sourceManagers": ["http", "local"],
        "filters": ["volume", "equalizer", "karaoke", "timescale", "tremolo", "vibrato", "distortion", "rotation",
                    "channelMix", "lowPass"],
        "plugins": [],
    })
}
