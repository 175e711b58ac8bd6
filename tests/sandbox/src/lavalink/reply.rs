//! What is answered to a request: status, headers and body, and the shape of a refusal.

use serde_json::{Value, json};

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

/// Status, headers and body.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The headers that the node sets itself.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Body,
}

/// What a request leads to.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// This reply.
    Now(Reply),
    /// Nothing before this time, ms; the request is to be made again then.
    Later(u64),
    /// Nothing, ever.
    Never,
}

impl Reply {
    /// A reply as the node's own code makes it, with the version of its interface.
    pub(super) fn new(status: u16, body: Body) -> Self {
        let mut headers = vec![("Lavalink-Api-Version", "4".to_owned())];
        match &body {
            Body::Empty => {}
            Body::Text(_) => headers.push(("Content-Type", "text/plain;charset=ISO-8859-1".into())),
            Body::Json(_) => headers.push(("Content-Type", "application/json".into())),
        }
        Self { status, headers, body }
    }

    pub(super) fn json(status: u16, value: Value) -> Self {
        Self::new(status, Body::Json(value))
    }

    pub(super) fn empty(status: u16) -> Self {
        Self::new(status, Body::Empty)
    }
}

/// A refusal.
#[derive(Clone, Debug)]
pub(super) struct Problem {
    status: u16,
    message: String,
    /// An error that nobody caught: the container reports it, without the node's own header.
    uncaught: bool,
    allow: Option<&'static str>,
}

impl Problem {
    pub(super) fn status(status: u16, message: &str) -> Self {
        Self {
            status,
            message: message.into(),
            uncaught: false,
            allow: None,
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

    pub(super) fn no_endpoint(method: &str, path: &str) -> Self {
        Self::status(404, &format!("No endpoint {method} {path}."))
    }

    pub(super) fn no_method(method: &str, allow: &'static str) -> Self {
        Self {
            allow: Some(allow),
            ..Self::status(405, &format!("Method '{method}' is not supported."))
        }
    }

    /// An error that nobody caught; `why` is its class and message, `None` for one without a message.
    pub(super) fn uncaught(why: Option<&str>) -> Self {
        let message = why.map_or_else(
            || "No message available".to_owned(),
            |why| format!("Request processing failed: {why}"),
        );
        Self {
            uncaught: true,
            ..Self::status(500, &message)
        }
    }

    pub(super) fn reply(&self, path: &str, trace: bool, now: u64) -> Reply {
        let error = match self.status {
            400 => "Bad Request",
            404 => "Not Found",
            405 => "Method Not Allowed",
            415 => "Unsupported Media Type",
            _ => "Internal Server Error",
        };
        let mut body =
            json!({ "timestamp": now, "status": self.status, "error": error, "message": self.message, "path": path });
        if trace {
            body["trace"] = json!(self.message);
        }
        let mut reply = Reply::json(self.status, body);
        if self.uncaught {
            reply.headers.retain(|(name, _)| *name != "Lavalink-Api-Version");
        }
        reply
            .headers
            .extend(self.allow.map(|allow| ("Allow", allow.to_owned())));
        reply
    }
}
