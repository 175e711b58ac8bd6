//! The REST routes, and what each refuses.

use serde_json::{Value, json};

use super::core::Core;
use super::describe::{info, load_result};
use super::patch::decoded;
use super::reply::{Answer, Body, Problem, Reply};

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
    /// The header `Content-Type`.
    pub content_type: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Call {
    /// A value of the query.
    pub(super) fn query(&self, name: &str) -> Option<&str> {
        let mut pairs = self.query.iter();
        pairs.find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Core {
    /// Answers one request.
    pub fn call(&mut self, now: u64, call: &Call) -> Answer {
        let parts: Vec<&str> = call.path.split('/').skip(1).collect();
        let trace = call.query("trace") == Some("true");
        let Some(methods) = methods(&parts) else {
            return Answer::Now(Problem::no_endpoint(&call.method, &call.path).reply(&call.path, trace, now));
        };
        match call.authorization.as_deref() {
            None => return Answer::Now(Reply::empty(401)),
            Some(password) if password != self.config.password => return Answer::Now(Reply::empty(403)),
            Some(_) => {}
        }
        if !methods.split(", ").any(|method| method == call.method) {
            return Answer::Now(Problem::no_method(&call.method, methods).reply(&call.path, trace, now));
        }
        self.route(now, call, &parts)
            .unwrap_or_else(|problem| Answer::Now(problem.reply(&call.path, trace, now)))
    }

    fn route(&mut self, now: u64, call: &Call, parts: &[&str]) -> Result<Answer, Problem> {
        match parts {
            [""] => Ok(Answer::Now(Reply::empty(200))),
            ["version"] => Ok(Answer::Now(Reply::new(200, Body::Text(self.config.version.clone())))),
            ["v4", "info"] => Ok(json_answer(info(&self.config.version, &self.config.disabled_filters))),
            ["v4", "stats"] => {
                let mut stats = self.stats(now, None);
                if let Some(stats) = stats.as_object_mut() {
                    stats.remove("op");
                }
                Ok(json_answer(stats))
            }
            ["v4", "loadtracks"] => {
                let identifier = call
                    .query("identifier")
                    .ok_or_else(|| Problem::bad("Required parameter 'identifier' is not present."))?;
                Ok(json_answer(load_result(self.media.find(identifier))))
            }
            ["v4", "decodetrack"] => {
                let encoded = call.query("encodedTrack").or_else(|| call.query("track"));
                let encoded = encoded.ok_or_else(|| Problem::bad("No track to decode provided"))?;
                Ok(json_answer(decode(encoded)?))
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
                Ok(json_answer(Value::Array(tracks.collect::<Result<_, _>>()?)))
            }
            ["v4", "routeplanner", "status"] => Ok(Answer::Now(Reply::empty(204))),
            ["v4", "routeplanner", ..] => Err(Problem::status(500, "Can't access disabled route planner")),
            ["v4", "sessions", id] => self.patch_session(id, &json_body(call)?),
            ["v4", "sessions", id, "players"] => {
                let session = self.open_session(id)?;
                let players = session.players.values().map(|player| player.json(now)).collect();
                Ok(json_answer(Value::Array(players)))
            }
            ["v4", "sessions", id, "players", guild] => self.player_route(now, call, id, guild),
            _ => Err(Problem::no_endpoint(&call.method, &call.path)),
        }
    }

    fn player_route(&mut self, now: u64, call: &Call, id: &str, guild: &str) -> Result<Answer, Problem> {
        let guild: u64 = guild.parse().map_err(|_| Problem::undecodable())?;
        match call.method.as_str() {
            "GET" => {
                let player = self.open_session(id)?.players.get(&guild);
                let player = player.ok_or_else(|| Problem::status(404, "Player not found"))?;
                Ok(json_answer(player.json(now)))
            }
            "DELETE" => {
                self.open_session(id)?;
                self.delete(now, id, guild);
                Ok(Answer::Now(Reply::empty(204)))
            }
            _ => {
                let body = json_body(call)?;
                let no_replace = match call.query("noReplace") {
                    None | Some("false") => false,
                    Some("true") => true,
                    Some(_) => return Err(Problem::undecodable()),
                };
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
        self.discard(now, id, guild);
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
        Ok(json_answer(
            json!({ "resuming": session.resuming, "timeout": session.timeout_s }),
        ))
    }
}

/// The methods of a path; `None` for paths that do not exist.
fn methods(parts: &[&str]) -> Option<&'static str> {
    Some(match parts {
        ["" | "version"] | ["v4", "info" | "stats" | "loadtracks" | "decodetrack"] => "GET",
        ["v4", "decodetracks"] => "POST",
        ["v4", "routeplanner", "status"] => "GET",
        ["v4", "routeplanner", "free", "address" | "all"] => "POST",
        ["v4", "sessions", _] => "PATCH",
        ["v4", "sessions", _, "players"] => "GET",
        ["v4", "sessions", _, "players", _] => "DELETE, PATCH, GET",
        _ => return None,
    })
}

fn json_answer(value: Value) -> Answer {
    Answer::Now(Reply::json(200, value))
}

fn json_body(call: &Call) -> Result<Value, Problem> {
    let kind = call.content_type.as_deref().unwrap_or("application/octet-stream");
    if !call.body.is_empty() && !kind.starts_with("application/json") {
        let charset = if kind.starts_with("text/") && !kind.contains("charset") {
            ";charset=UTF-8"
        } else {
            ""
        };
        let message = format!("Content-Type '{kind}{charset}' is not supported.");
        return Err(Problem::status(415, &message));
    }
    serde_json::from_slice(&call.body).map_err(|_| Problem::undecodable())
}

fn decode(encoded: &str) -> Result<Value, Problem> {
    let track = decoded(encoded)?;
    let mut json = track.json(track.position, &json!({}));
    // Given back as it came, in whatever version.
    json["encoded"] = encoded.into();
    Ok(json)
}
