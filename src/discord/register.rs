//! Tells Discord which commands there are, if it does not know already.
//!
//! One question, and one bulk write only if something differs. Commands of other kinds, such as the entry point of an
//! activity, are not ours: they are written back as they are.

use ostinato_actors::ports::{PortError, PortErrorKind};
use serde_json::{Map, Number, Value};
use serenity::all::{CommandOptionType, InstallationContext, InteractionContext};
use serenity::builder::{CreateCommand, CreateCommandOption};

use super::commands::{COMMANDS, CommandSpec, Kind, OptionSpec, Scope};
use super::rest::{Operation, Rest};

/// Discord's type of a command that is typed.
const CHAT_INPUT: u64 = 1;
/// What is said of a command, and so compared and written. Discord adds more.
const FIELDS: &[&str] = &[
    "contexts",
    "default_member_permissions",
    "description",
    "description_localizations",
    "handler",
    "integration_types",
    "name",
    "name_localizations",
    "nsfw",
    "options",
    "type",
];

/// What registration did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// Discord knew everything.
    Unchanged,
    /// The list was written.
    Written {
        /// How many commands of ours.
        commands: usize,
        /// How many of other kinds were kept.
        kept: usize,
    },
}

/// Makes Discord's list of the global commands of `application` equal to the table.
///
/// # Errors
/// As every call; [`PortErrorKind::Malformed`] when Discord's list makes no sense.
pub async fn register(rest: &Rest, application: u64) -> Result<Registered, PortError> {
    let known: Vec<Value> = rest.read(Operation::Commands { application }).await?;
    let ours = commands()?;
    let Some(list) = difference(&ours, &known) else {
        return Ok(Registered::Unchanged);
    };
    let body = serde_json::to_vec(&list).map_err(malformed)?;
    rest.call(Operation::SetCommands { application }, Some(body)).await?;
    Ok(Registered::Written {
        commands: ours.len(),
        kept: list.len() - ours.len(),
    })
}

/// The list to write; `None` when Discord's is the same.
fn difference(ours: &[Value], known: &[Value]) -> Option<Vec<Value>> {
    let (typed, foreign): (Vec<&Value>, Vec<&Value>) = known.iter().partition(|command| kind(command) == CHAT_INPUT);
    let is_known = |command: &Value| typed.iter().any(|known| canonical(known) == *command);
    if typed.len() == ours.len() && ours.iter().all(is_known) {
        return None;
    }
    let kept = foreign.into_iter().map(|command| {
        let mut kept = canonical(command);
        // With its id Discord knows that it is the same one.
        if let (Some(id), Some(kept)) = (command.get("id"), kept.as_object_mut()) {
            kept.insert("id".into(), id.clone());
        }
        kept
    });
    Some(ours.iter().cloned().chain(kept).collect())
}

fn kind(command: &Value) -> u64 {
    command.get("type").and_then(Value::as_u64).unwrap_or(CHAT_INPUT)
}

/// The table as Discord is told of it.
fn commands() -> Result<Vec<Value>, PortError> {
    COMMANDS
        .iter()
        .map(|spec| {
            serde_json::to_value(command(spec))
                .map(|value| canonical(&value))
                .map_err(malformed)
        })
        .collect()
}

fn command(spec: &CommandSpec) -> CreateCommand {
    let contexts = match spec.scope {
        Scope::Server => vec![InteractionContext::Guild],
        Scope::Anywhere => vec![InteractionContext::Guild, InteractionContext::BotDm],
    };
    CreateCommand::new(spec.name)
        .kind(serenity::all::CommandType::ChatInput)
        .description(spec.description)
        .contexts(contexts)
        .integration_types(vec![InstallationContext::Guild])
        .set_options(spec.options.iter().map(option).collect())
}

fn option(spec: &OptionSpec) -> CreateCommandOption {
    let of = |kind| CreateCommandOption::new(kind, spec.name, spec.description).required(spec.required);
    match spec.kind {
        Kind::Text { max_chars } => {
            let option = of(CommandOptionType::String).max_length(max_chars);
            if spec.required { option.min_length(1) } else { option }
        }
        Kind::Whole { min, max } => of(CommandOptionType::Integer)
            .min_int_value(min.into())
            .max_int_value(max.into()),
        Kind::Choice(choices) => choices
            .iter()
            .fold(of(CommandOptionType::String), |option, (value, words)| {
                option.add_string_choice(*words, *value)
            }),
        Kind::CommandName => COMMANDS.iter().fold(of(CommandOptionType::String), |option, command| {
            option.add_string_choice(command.name, command.name)
        }),
    }
}

/// A command with the fields that count and without those that say nothing, so that equal ones are equal.
fn canonical(command: &Value) -> Value {
    let Value::Object(fields) = command else {
        return Value::Null;
    };
    let mut out = Map::new();
    for name in FIELDS {
        if let Some(value) = fields.get(*name) {
            let value = if *name == "default_member_permissions" {
                rights(value)
            } else {
                plain(value)
            };
            if !is_nothing(&value) {
                out.insert((*name).into(), value);
            }
        }
    }
    out.entry("type").or_insert_with(|| CHAT_INPUT.into());
    Value::Object(out)
}

/// Discord tells rights as a text and wants them as a number.
fn rights(value: &Value) -> Value {
    match value.as_str().and_then(|text| text.parse::<u64>().ok()) {
        Some(bits) => bits.into(),
        None => value.clone(),
    }
}

fn plain(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            // What Discord translates for the one who asks is no part of the command.
            let is_ours = |name: &String| name != "name_localized" && name != "description_localized";
            let fields = fields
                .iter()
                .filter(|(name, _)| is_ours(name))
                .map(|(name, value)| (name.clone(), plain(value)));
            Value::Object(fields.filter(|(_, value)| !is_nothing(value)).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(plain).collect()),
        Value::Number(number) => Value::Number(whole(number)),
        Value::Null | Value::Bool(_) | Value::String(_) => value.clone(),
    }
}

/// `1.0` and `1` are the same bound.
fn whole(number: &Number) -> Number {
    match number.as_f64() {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "it is whole and far below the bounds of both types"
        )]
        Some(float) if number.is_f64() && float.fract() == 0.0 && float.abs() < 1e15 => Number::from(float as i64),
        _ => number.clone(),
    }
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(true) | Value::Number(_) | Value::String(_) => false,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn malformed(error: serde_json::Error) -> PortError {
    PortError::new(
        PortErrorKind::Malformed,
        format!("the list of commands makes no sense: {error}"),
    )
}
