//! What an operator orders. Every order is written down with who and why, done or not.

mod guild;
mod process;
mod wide;

use std::sync::Arc;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use futures_util::future::LocalBoxFuture;
use ostinato_actors::chronicle::{DONE, Ordered};
use ostinato_actors::clock::wall_ms;
use ostinato_actors::operator::{Operator, Unanswered, reference};
use ostinato_machine::ids::GuildId;
use serde::Deserialize;
use serde_json::json;

use super::asked::{Asked, data};
use super::door::problem;
use super::routes::Field;
use crate::audit;
use crate::config::{NotAllowed, Struck};

pub(super) use guild::{fault, move_guild, park, passivate, record, release, restart_guild};
pub(super) use process::{drain_process, log, register, restart_process, store_fault};
pub(super) use wide::{drain_node, reconnect_node, restart_shard, undrain_node};

type Answer = LocalBoxFuture<'static, HttpResponse>;

const WHO: Field = field("who", "string", "Who orders it, for the books.");
const WHY: Field = field("why", "string", "Why, for the books.");

pub(super) const fn field(name: &'static str, kind: &'static str, about: &'static str) -> Field {
    Field { name, kind, about }
}

/// What [`Said`] goes by in the words of control panels.
pub(super) const ALIASES: [&str; 3] = ["actor", "discordId", "reason"];

/// What every order may say.
pub(super) const WHO_AND_WHY: [Field; 2] = [WHO, WHY];
pub(super) const RESTART: [Field; 3] = [
    field("cold", "boolean", "Whether the player goes: queue and settings only."),
    WHO,
    WHY,
];
pub(super) const MOVE: [Field; 3] = [
    field("node", "string", "The audio node; left out: the best other one."),
    WHO,
    WHY,
];
pub(super) const RECORD: [Field; 3] = [
    field("for_s", "integer", "For how long, s: 60 unless said, 600 at most."),
    WHO,
    WHY,
];
pub(super) const FAULT: [Field; 4] = [
    field("kind", "string", "panic, poison or block."),
    field("ms", "integer", "For block: how long its thread is blocked, ms."),
    WHO,
    WHY,
];
pub(super) const SHARD: [Field; 3] = [
    field(
        "how",
        "string",
        "actor (the default), resume or identify: the last two build the gateway connection anew.",
    ),
    WHO,
    WHY,
];
pub(super) const LOG: [Field; 3] = [
    field(
        "filter",
        "string",
        "Levels, as RUST_LOG has them, such as info,ostinato::lavalink=debug.",
    ),
    WHO,
    WHY,
];
pub(super) const STORE_FAULT: [Field; 5] = [
    field("slow_ms", "integer", "How much longer each commit takes, ms."),
    field("full", "boolean", "Whether no commit succeeds."),
    field("for_ms", "integer", "For how long, ms."),
    WHO,
    WHY,
];

/// Who orders, and why. A control panel says the same in its own words.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Said {
    #[serde(default, alias = "actor", alias = "discordId")]
    who: String,
    #[serde(default, alias = "reason")]
    why: String,
}

/// An order that is being written down.
pub(super) struct Book {
    operator: Option<Operator>,
    said: Said,
    what: String,
    guild: Option<GuildId>,
    at_ms: u64,
    reference: Arc<str>,
    fault: Option<String>,
}

impl Book {
    pub(super) fn open(asked: &Asked, what: String, said: Said) -> Self {
        Self {
            operator: asked.door.facts.operator().cloned(),
            said,
            what,
            guild: asked.named("guild").parse().ok().map(GuildId),
            at_ms: wall_ms(),
            reference: reference(fastrand::u64(..)),
            fault: None,
        }
    }

    /// It is about a guild that stands in its body.
    pub(super) fn about(self, guild: GuildId) -> Self {
        Self {
            guild: Some(guild),
            ..self
        }
    }

    /// It is a fault in the guild that it is about.
    pub(super) fn of_fault(self, fault: &str) -> Self {
        let fault = Some(fault.to_owned());
        Self { fault, ..self }
    }

    /// What came of it: for the books, the log and the caller.
    pub(super) fn close(self, result: Result<serde_json::Value, HttpResponse>) -> HttpResponse {
        let outcome = match &result {
            Ok(_) => DONE.to_owned(),
            Err(response) => format!("not done ({})", response.status()),
        };
        let ordered = Ordered {
            at_ms: self.at_ms,
            who: self.said.who,
            why: self.said.why,
            what: self.what,
            guild: self.guild,
            reference: Arc::clone(&self.reference),
            outcome,
            fault: self.fault,
        };
        audit::note(self.operator.as_ref().map(Operator::chronicle), ordered);
        match result {
            Ok(mut more) => {
                if let Some(fields) = more.as_object_mut() {
                    fields.insert("ok".into(), json!(true));
                    fields.insert("reference".into(), json!(*self.reference));
                }
                data(&more)
            }
            Err(response) => response,
        }
    }

    pub(super) fn operator(&self) -> Result<&Operator, HttpResponse> {
        self.operator.as_ref().ok_or_else(not_yet)
    }
}

/// Nobody is there to be ordered or looked at.
pub(super) fn not_yet() -> HttpResponse {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "the bot is not up yet",
        "Discord has not answered yet; /ready says what is missing",
    )
}

/// Why nothing came of it, for the caller.
pub(super) fn unanswered(why: &Unanswered) -> HttpResponse {
    let status = match why {
        Unanswered::NotHere | Unanswered::Unknown => StatusCode::NOT_FOUND,
        Unanswered::NotNow(_) | Unanswered::Recorded => StatusCode::CONFLICT,
        Unanswered::Stuck => StatusCode::SERVICE_UNAVAILABLE,
    };
    problem(status, "nothing came of it", &why.to_string())
}

/// Whether a fault may be ordered that strikes these: the rule that holds in Discord too.
fn allowed(asked: &Asked, struck: Struck) -> Result<(), HttpResponse> {
    let fix = |why| match why {
        NotAllowed::NotNamed => "name it in CHAOS_GUILD_ALLOWLIST",
        NotAllowed::Shared => "let CHAOS_GUILD_ALLOWLIST be *, where every guild can be spared",
    };
    let refuse = |why: NotAllowed| problem(StatusCode::FORBIDDEN, &why.to_string(), fix(why));
    asked.door.chaos.allows(struck).map_err(refuse)
}

fn refused<T>(result: Result<T, Unanswered>) -> Result<T, HttpResponse> {
    result.map_err(|why| unanswered(&why))
}

/// The body, or the answer that says what is wrong with it.
macro_rules! body {
    ($asked:expr) => {
        match $asked.body() {
            Ok(body) => body,
            Err(response) => return Box::pin(async { response }),
        }
    };
}
pub(super) use body;
