//! Orders of one guild.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use ostinato_actors::operator::{Operator, Unanswered};
use ostinato_machine::guild::Fault as GuildFault;
use ostinato_machine::ids::{GuildId, NodeId};
use ostinato_machine::slot::SlotOrder;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, Book, Said, allowed, body, refused};
use crate::config::Struck;
use crate::http::asked::{Asked, wrong_body};
use crate::http::door::problem;
use crate::recording::{LONGEST_S, NotRecorded, Recorder};

/// Does an order of one guild.
fn of_guild(asked: &Asked, verb: &str, order: SlotOrder, said: Said) -> Answer {
    let guild = match asked.number("guild").map(GuildId) {
        Ok(guild) => guild,
        Err(response) => return Box::pin(async { response }),
    };
    let book = Book::open(asked, format!("{verb} guild {guild}"), said);
    Box::pin(async move {
        let result = match book.operator() {
            Ok(operator) => refused(operator.order(guild, order, Arc::clone(&book.reference)).await),
            Err(response) => Err(response),
        };
        book.close(result.map(|()| json!({ "guild": guild.to_string() })))
    })
}

#[derive(Deserialize)]
struct Restart {
    #[serde(default)]
    cold: bool,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn restart_guild(asked: Asked) -> Answer {
    let Restart { cold, said } = body!(asked);
    let verb = if cold { "restart, cold," } else { "restart" };
    of_guild(&asked, verb, SlotOrder::Restart { cold }, said)
}

pub(in crate::http) fn release(asked: Asked) -> Answer {
    let said = body!(asked);
    of_guild(&asked, "release", SlotOrder::Release, said)
}

pub(in crate::http) fn park(asked: Asked) -> Answer {
    let said = body!(asked);
    of_guild(&asked, "park", SlotOrder::Park, said)
}

pub(in crate::http) fn passivate(asked: Asked) -> Answer {
    let said = body!(asked);
    of_guild(&asked, "put to sleep", SlotOrder::Passivate, said)
}

#[derive(Deserialize)]
struct Move {
    node: Option<String>,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn move_guild(asked: Asked) -> Answer {
    let Move { node, said } = body!(asked);
    let guild = match asked.number("guild").map(GuildId) {
        Ok(guild) => guild,
        Err(response) => return Box::pin(async { response }),
    };
    let to = node.as_deref().unwrap_or("another node").to_owned();
    let book = Book::open(&asked, format!("move guild {guild} to {to}"), said);
    Box::pin(async move {
        let node = node.map(|node| NodeId::new(&node));
        let result = match book.operator() {
            Ok(operator) => refused(operator.move_guild(guild, node).await),
            Err(response) => Err(response),
        };
        book.close(result.map(|()| json!({ "guild": guild.to_string() })))
    })
}

const fn a_minute() -> u64 {
    60
}

#[derive(Deserialize)]
struct Record {
    #[serde(default = "a_minute")]
    for_s: u64,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn record(asked: Asked) -> Answer {
    let Record { for_s, said } = body!(asked);
    let guild = match asked.number("guild").map(GuildId) {
        Ok(guild) => guild,
        Err(response) => return Box::pin(async { response }),
    };
    let book = Book::open(&asked, format!("record guild {guild} for {for_s} s"), said);
    let recorder = asked.door.steer.recorder().clone();
    Box::pin(async move {
        let result = match book.operator() {
            Ok(operator) => recorded(operator, &recorder, guild, for_s).await,
            Err(response) => Err(response),
        };
        book.close(result)
    })
}

async fn recorded(
    operator: &Operator,
    recorder: &Recorder,
    guild: GuildId,
    for_s: u64,
) -> Result<serde_json::Value, HttpResponse> {
    if !(1..=LONGEST_S).contains(&for_s) {
        let detail = format!("`for_s`: a recording takes from 1 to {LONGEST_S} s");
        return Err(wrong_body(Some("for_s"), &detail));
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let at_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
    let begun = recorder.begin(guild, at_ms, Duration::from_secs(for_s));
    let (tape, path) = begun.map_err(|error| {
        let status = match error {
            NotRecorded::Enough => StatusCode::CONFLICT,
            NotRecorded::File { .. } => StatusCode::SERVICE_UNAVAILABLE,
        };
        problem(status, "nothing is recorded", &error.to_string())
    })?;
    refused(operator.record(guild, tape).await)?;
    Ok(json!({ "guild": guild.to_string(), "file": path.display().to_string(), "for_s": for_s }))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Panic,
    Poison,
    Block,
}

#[derive(Deserialize)]
struct FaultBody {
    kind: Kind,
    #[serde(default)]
    ms: u64,
    #[serde(flatten)]
    said: Said,
}

pub(in crate::http) fn fault(asked: Asked) -> Answer {
    let FaultBody { kind, ms, said } = body!(asked);
    let guild = match asked.number("guild").map(GuildId) {
        Ok(guild) => guild,
        Err(response) => return Box::pin(async { response }),
    };
    let (fault, name) = match kind {
        Kind::Panic => (GuildFault::Panic, "panic"),
        Kind::Poison => (GuildFault::Poison, "poison"),
        Kind::Block => (GuildFault::BlockMs(ms), "block"),
    };
    let book = Book::open(&asked, format!("{name} guild {guild}"), said).of_fault(name);
    let allowed = allowed(&asked, Struck::by(fault, guild));
    Box::pin(async move {
        let result = match (allowed, book.operator()) {
            (Ok(()), Ok(operator)) => refused(strike(operator, guild, fault).await),
            (Err(response), _) | (Ok(()), Err(response)) => Err(response),
        };
        book.close(result.map(|()| json!({ "guild": guild.to_string() })))
    })
}

/// A guild that sleeps would never hear of it, which is said.
async fn strike(operator: &Operator, guild: GuildId, fault: GuildFault) -> Result<(), Unanswered> {
    operator.can_fail(guild).await?;
    operator.fault(guild, fault)
}
