//! REST: the routes that a music bot needs, with Discord's checks, limits and refusals.

mod channels;
mod check;
mod commands;
mod guilds;
mod limits;
mod out;
mod routes;
mod server;
mod validate;
mod webhooks;

pub(super) use limits::Limits;
pub(super) use server::accept;
pub(super) use validate::Spec;

use serde_json::{Value, json};

use routes::Route;

/// One request, read.
#[derive(Debug)]
struct Call {
    route: &'static Route,
    /// What stands in the path's places, in order.
    params: Vec<String>,
    query: Vec<(String, String)>,
    body: Value,
}

impl Call {
    /// The id in the path's place `n`; 0 if it is none.
    fn id(&self, n: usize) -> u64 {
        self.params.get(n).and_then(|id| id.parse().ok()).unwrap_or(0)
    }

    fn text(&self, n: usize) -> &str {
        self.params.get(n).map_or("", String::as_str)
    }

    /// A whole number in the query.
    fn number(&self, name: &str) -> Option<u64> {
        let found = self.query.iter().find(|(key, _)| key == name);
        found.and_then(|(_, value)| value.parse().ok())
    }

    fn asks(&self, name: &str) -> bool {
        self.query
            .iter()
            .any(|(key, value)| key == name && matches!(value.as_str(), "true" | "1"))
    }
}

/// Whose fault a refusal is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Blame {
    /// The bot's: it could have known.
    Bot,
    /// Nobody could have known.
    Race(&'static str),
    /// It was a question, and this is the answer.
    Nobody,
}

/// What is answered.
#[derive(Clone, Debug)]
enum Reply {
    /// A status and a body.
    Done(u16, Value),
    /// 204.
    Empty,
    /// A refusal with Discord's own code.
    Refused(u16, u32, String, Blame),
}

impl Reply {
    fn refused(status: u16, code: u32, message: &str, blame: Blame) -> Self {
        Self::Refused(status, code, message.to_owned(), blame)
    }

    /// Something that does not exist: a race if it was there once.
    fn unknown(code: u32, what: &str, once: bool) -> Self {
        let blame = if once { Blame::Race("gone") } else { Blame::Bot };
        Self::refused(404, code, &format!("Unknown {what}"), blame)
    }

    /// A body that Discord does not take.
    fn invalid(why: &str) -> Self {
        Self::refused(400, 50_035, &format!("Invalid Form Body: {why}"), Blame::Bot)
    }
}

/// A refusal's body.
fn problem(code: u32, message: &str) -> Value {
    json!({ "code": code, "message": message })
}
