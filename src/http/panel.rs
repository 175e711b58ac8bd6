//! What a control panel orders. It speaks in one breath with operators: the same orders, written down alike.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use futures_util::future::LocalBoxFuture;
use ostinato_actors::operator::Unanswered;
use ostinato_machine::ids::GuildId;
use serde::{Deserialize, Deserializer};
use serde_json::{Value, json};

use super::asked::{Asked, answered};
use super::door::problem;
use super::orders::{Book, Said, body, field, unanswered};
use super::routes::Field;
use super::steer::Leave;

type Answer = LocalBoxFuture<'static, HttpResponse>;

/// What concerns one guild names it.
pub(super) const GUILD: [Field; 1] = [field("guildId", "string", "The guild, as a text or a number.")];

#[derive(Deserialize)]
struct OfGuild {
    #[serde(rename = "guildId", deserialize_with = "guild_id")]
    guild: GuildId,
    #[serde(flatten)]
    said: Said,
}

/// Panels write ids as texts, some as numbers.
fn guild_id<'de, D: Deserializer<'de>>(from: D) -> Result<GuildId, D::Error> {
    let id = match Value::deserialize(from)? {
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    };
    id.map(GuildId)
        .ok_or_else(|| serde::de::Error::custom("it is no guild's id"))
}

pub(super) fn routing(asked: Asked) -> Answer {
    let OfGuild { guild, said } = body!(asked);
    let book = Book::open(&asked, format!("look again which audio node plays guild {guild}"), said).about(guild);
    Box::pin(async move {
        let result = match book.operator() {
            Ok(operator) => operator.place_again(guild).map_err(|why: Unanswered| unanswered(&why)),
            Err(response) => Err(response),
        };
        book.close(result.map(|()| json!({})))
    })
}

/// There is no control panel that settings could come from.
fn no_panel() -> HttpResponse {
    problem(
        StatusCode::SERVICE_UNAVAILABLE,
        "there is no control panel",
        "this bot was not told of one, so there are no settings to take; its own come from config.yml and the environment",
    )
}

pub(super) fn settings(asked: Asked) -> Answer {
    let OfGuild { guild, said } = body!(asked);
    let book = Book::open(&asked, format!("take the settings of guild {guild} again"), said).about(guild);
    answered(book.close(Err(no_panel())))
}

pub(super) fn defaults(asked: Asked) -> Answer {
    let said = body!(asked);
    let book = Book::open(&asked, "take the settings of all guilds again".into(), said);
    answered(book.close(Err(no_panel())))
}

pub(super) fn action(asked: Asked) -> Answer {
    let action = asked.named("action").to_ascii_lowercase().replace('_', "-");
    let said = body!(asked);
    let book = Book::open(&asked, format!("panel: {action}"), said);
    let steer = &asked.door.steer;
    let result = match action.as_str() {
        // Whoever asks a process to start, and is heard, has what they want.
        "start" | "start-bot" => Ok(()),
        "stop" | "stop-bot" => {
            steer.leave(Leave::Stop);
            Ok(())
        }
        "restart" | "restart-bot" => {
            steer.leave(Leave::Restart);
            Ok(())
        }
        "reload-commands" | "hot-patch" => {
            steer.register();
            Ok(())
        }
        "reload" | "reload-config" => Err(no_panel()),
        "restart-frontend" => Err(problem(
            StatusCode::NOT_IMPLEMENTED,
            "the control panel is no part of this process",
            "restart it where it runs",
        )),
        _ => Err(problem(
            StatusCode::BAD_REQUEST,
            "unknown_action",
            "there is start, stop, restart, reload, reload-commands, hot-patch, restart-frontend",
        )),
    };
    answered(book.close(result.map(|()| json!({ "action": action }))))
}
