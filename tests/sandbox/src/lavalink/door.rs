//! What the socket shell decides, without sockets: who may open a websocket, what a frame is answered with, and which
//! refusals are the client's mistake.

use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::core::Core;
use super::reply::{Answer, Body, Reply};
use super::rest::Call;

/// The headers of a websocket handshake.
#[derive(Clone, Debug, Default)]
pub struct Knock {
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `User-Id`.
    pub user_id: Option<String>,
    /// `Session-Id`.
    pub session_id: Option<String>,
}

/// What a handshake leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Door {
    /// It is refused.
    Shut(Reply),
    /// It is upgraded for this user.
    Open(Reply, u64),
    /// It is upgraded and closed at once with this code.
    Slammed(Reply, u16),
}

/// What a reply says about the client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Fine,
    /// A refusal that no client can avoid, by kind.
    Race(&'static str),
    /// The client's mistake, in a sentence.
    Violation(String),
}

impl Core {
    /// Decides on a websocket handshake.
    pub fn knock(&self, knock: &Knock) -> Door {
        if knock.authorization.as_deref() != Some(&self.config.password) {
            return Door::Shut(Reply::empty(401));
        }
        let Some(user) = knock.user_id.as_deref().filter(|user| !matches!(*user, "" | "0")) else {
            return Door::Shut(Reply::empty(400));
        };
        let mut reply = Reply::empty(101);
        let resumed = self.resumes(knock.session_id.as_deref());
        reply.headers.push(("Session-Resumed", resumed.to_string()));
        match user.parse::<i64>() {
            Ok(user) => Door::Open(reply, user.cast_unsigned()),
            Err(_) => Door::Slammed(reply, 1011),
        }
    }

    /// Judges the answer to a request: a refusal is a violation, unless the session was there once and is paused or
    /// gone, or the player is.
    pub fn judge(&self, call: &Call, answer: &Answer) -> Verdict {
        let Answer::Now(Reply {
            status: status @ 400..,
            body,
            ..
        }) = answer
        else {
            return Verdict::Fine;
        };
        let message = match body {
            Body::Json(json) => json["message"].as_str().unwrap_or_default().to_owned(),
            Body::Text(text) => text.clone(),
            Body::Empty => String::new(),
        };
        let session = call.path.strip_prefix("/v4/sessions/");
        let id = session.and_then(|rest| rest.split('/').next());
        let known = id.is_some_and(|id| self.knew(id));
        match (*status, message.as_str()) {
            (404, "Session not found") if known => Verdict::Race("lavalink session gone"),
            (404, "Player not found") if known => Verdict::Race("lavalink player gone"),
            (_, message) => {
                let (method, path, name) = (&call.method, &call.path, &self.config.name);
                Verdict::Violation(format!("{method} {path} to {name}: {status} {message}"))
            }
        }
    }
}

/// What a frame of the client is answered with. Text means nothing to the node; pings are answered by the websocket
/// layer beneath, in just this way.
pub fn answer_frame(frame: &Message) -> Option<Message> {
    match frame {
        Message::Ping(payload) => Some(Message::Pong(payload.clone())),
        Message::Close(frame) => Some(Message::Close(frame.clone())),
        Message::Text(_) | Message::Binary(_) | Message::Pong(_) | Message::Frame(_) => None,
    }
}

/// The frame with which the node closes a websocket.
pub fn farewell(code: u16) -> Message {
    Message::Close(Some(CloseFrame {
        code: code.into(),
        reason: "".into(),
    }))
}
