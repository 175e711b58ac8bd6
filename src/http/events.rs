//! What happened: the newest of each kind as the process remembers it, and what is stored, asked for by guild, kind and
//! time.

use std::net::IpAddr;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use futures_util::future::LocalBoxFuture;
use ostinato_actors::chronicle::{Alarm, Barred, Chronicle, DeadLetter, Death, Had, Ordered};
use ostinato_actors::ports::{Audit, AuditFilter, AuditKind, Told};
use ostinato_machine::ids::{CauseId, GuildId};
use serde_json::{Value, json};

use super::asked::{Asked, answered, data, wrong_query};
use super::door::problem;
use super::orders::{field, not_yet};
use super::routes::Field;
use super::seen::gap;

type Answer = LocalBoxFuture<'static, HttpResponse>;

/// Entries of a page when nobody says how many, and at most.
const ENTRIES: (u64, u64) = (100, 500);

/// What `/events` may be asked for.
pub(super) const FILTERS: [Field; 5] = [
    field("guild", "string", "What is stored of this guild alone."),
    field("kind", "string", "death, dead_letter, alarm, order or barred."),
    field("since_ms", "integer", "What happened then or later, ms since 1970."),
    field(
        "before",
        "string",
        "The page before: the id of the last entry that came.",
    ),
    field("limit", "integer", "So many at most: 100 unless said, 500 at most."),
];

pub(super) fn events(asked: Asked) -> Answer {
    let filter = match filter(&asked) {
        Ok(filter) => filter,
        Err(response) => return answered(response),
    };
    Box::pin(async move {
        let Some(operator) = asked.door.facts.operator() else {
            return not_yet();
        };
        let began_ms = asked.door.facts.started_ms;
        let Some(filter) = filter else {
            return data(&newest(operator.chronicle(), began_ms));
        };
        match operator.audit(filter).await {
            Ok(entries) => {
                let entries: Vec<Value> = entries.iter().map(|entry| stored(entry, began_ms)).collect();
                data(&json!({ "audit": entries }))
            }
            Err(error) => problem(
                StatusCode::SERVICE_UNAVAILABLE,
                "what is stored can't be read now",
                &format!("{error}; without a query the newest come that the process remembers"),
            ),
        }
    })
}

/// What is asked for of the store; `None`: nothing of it.
fn filter(asked: &Asked) -> Result<Option<AuditFilter>, HttpResponse> {
    if FILTERS.iter().all(|field| !asked.query.contains_key(field.name)) {
        return Ok(None);
    }
    let kind = match asked.query.get("kind").filter(|name| !name.is_empty()) {
        Some(name) => Some(AuditKind::named(name).ok_or_else(|| {
            wrong_query(
                "kind",
                "there is no such kind; there are death, dead_letter, alarm, order and barred",
            )
        })?),
        None => None,
    };
    let limit = asked.asked_number("limit")?.unwrap_or(ENTRIES.0).clamp(1, ENTRIES.1);
    Ok(Some(AuditFilter {
        guild: asked.asked_number("guild")?.map(GuildId),
        kind,
        since_ms: asked.asked_number("since_ms")?.unwrap_or(0),
        before: asked.asked_number("before")?,
        limit: u32::try_from(limit).unwrap_or(u32::MAX),
    }))
}

/// The newest of each kind. `began_ms`: when this process began; what is older is marked.
fn newest(chronicle: &Chronicle, began_ms: u64) -> Value {
    let marked = |value, at_ms| marked(value, at_ms, began_ms);
    let letters = chronicle.dead_letters().into_iter().map(|(letter, place, times)| {
        let mut value = marked(one_letter(&letter), letter.at_ms);
        put(&mut value, "place", json!(place.as_deref()));
        put(&mut value, "deaths_there", json!(times));
        value
    });
    let deaths = chronicle.deaths().into_iter().map(|death| one_death(&death, began_ms));
    let alarms = chronicle
        .alarms()
        .into_iter()
        .map(|alarm| marked(one_alarm(&alarm), alarm.at_ms));
    let orders = chronicle
        .orders()
        .into_iter()
        .map(|order| marked(one_order(&order), order.at_ms));
    let barred = chronicle
        .barred()
        .into_iter()
        .map(|barred| marked(one_barred(&barred), barred.at_ms));
    json!({
        "deaths": deaths.collect::<Vec<_>>(),
        "dead_letters": letters.collect::<Vec<_>>(),
        "alarms": alarms.collect::<Vec<_>>(),
        "gaps": chronicle.gaps().iter().map(gap).collect::<Vec<_>>(),
        "orders": orders.collect::<Vec<_>>(),
        "barred": barred.collect::<Vec<_>>(),
    })
}

fn stored(entry: &Audit, began_ms: u64) -> Value {
    let value = match &entry.told {
        Told::Death(death) => death_alone(death),
        Told::DeadLetter(letter) => one_letter(letter),
        Told::Alarm(alarm) => one_alarm(alarm),
        Told::Order(order) => one_order(order),
        Told::Barred(barred) => one_barred(barred),
    };
    let mut value = marked(value, entry.told.at_ms(), began_ms);
    put(&mut value, "id", json!(entry.id.to_string()));
    put(&mut value, "kind", json!(entry.told.kind().name()));
    value
}

fn put(value: &mut Value, name: &str, field: Value) {
    if let Some(fields) = value.as_object_mut() {
        fields.insert(name.to_owned(), field);
    }
}

fn marked(mut value: Value, at_ms: u64, began_ms: u64) -> Value {
    put(&mut value, "earlier", json!(at_ms < began_ms));
    value
}

/// A death, marked if an earlier process saw it.
pub(super) fn one_death(death: &Death, began_ms: u64) -> Value {
    marked(death_alone(death), death.at_ms, began_ms)
}

fn death_alone(death: &Death) -> Value {
    json!({
        "at_ms": death.at_ms,
        "guild": death.guild.to_string(),
        "shard": death.shard.0,
        "incarnation": death.incarnation.to_string(),
        "cause": death.cause.name(),
        "place": *death.place,
        "input": death.input,
        "reference": *death.reference,
        "kept": death.kept,
        "before": death.before.iter().map(had).collect::<Vec<_>>(),
    })
}

/// An input that a guild had.
pub(super) fn had(had: &Had) -> Value {
    json!({ "at_ms": had.at_ms, "input": had.input })
}

fn one_letter(letter: &DeadLetter) -> Value {
    json!({
        "at_ms": letter.at_ms,
        "guild": letter.guild.to_string(),
        "shard": letter.shard.0,
        "input": letter.input,
        "cause": cause(&letter.cause),
        "reference": *letter.reference,
    })
}

fn one_alarm(alarm: &Alarm) -> Value {
    json!({ "at_ms": alarm.at_ms, "shard": alarm.shard.0, "guilds": alarm.guilds })
}

fn one_order(order: &Ordered) -> Value {
    json!({
        "at_ms": order.at_ms,
        "who": order.who,
        "why": order.why,
        "what": order.what,
        "guild": order.guild.map(|guild| guild.to_string()),
        "reference": *order.reference,
        "outcome": order.outcome,
    })
}

fn one_barred(barred: &Barred) -> Value {
    json!({
        "at_ms": barred.at_ms,
        "why": barred.why,
        "scope": barred.scope,
        "calls": barred.calls,
        "peer": barred.peer.map(|peer: IpAddr| peer.to_string()),
    })
}

/// What caused an input, in words that can be looked for in Discord.
fn cause(cause: &CauseId) -> String {
    match cause {
        CauseId::Internal => "internal".into(),
        CauseId::Interaction(id) => format!("interaction {id}"),
        CauseId::Message(id) => format!("message {id}"),
        CauseId::Order(key) => format!("order {key}"),
    }
}
