//! Tells Discord which commands there are, if it does not know already.
//!
//! One question, and one bulk write only if something differs. Commands of other kinds, such as the entry point of an
//! activity, are not ours: they are written back as they are.

use ostinato_actors::ports::{PortError, PortErrorKind};
use serde_json::{Map, Number, Value};
use serenity::all::{CommandOptionType, InstallationContext, InteractionContext};
use serenity::builder::{CreateCommand, CreateCommandOption};
use serenity::model::permissions::Permissions;

use super::commands::{CommandSpec, FAMILIES, Family, Kind, OptionSpec, Rights, Scope, Table};
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

/// Makes Discord's list of the global commands of `application` equal to `table`.
///
/// # Errors
/// As every call; [`PortErrorKind::Malformed`] when Discord's list makes no sense.
pub async fn register(rest: &Rest, application: u64, table: Table) -> Result<Registered, PortError> {
    let known: Vec<Value> = rest.read(Operation::Commands { application }).await?;
    let ours = commands(table)?;
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
fn commands(table: Table) -> Result<Vec<Value>, PortError> {
    let single = table.specs().filter(|spec| spec.sub().is_none()).map(command);
    let families = FAMILIES.iter().filter_map(|of| family(of, table));
    let all = single.chain(families).map(|command| {
        serde_json::to_value(command)
            .map(|value| canonical(&value))
            .map_err(malformed)
    });
    all.collect()
}

fn command(spec: &CommandSpec) -> CreateCommand {
    placed(spec, spec.name, spec.description).set_options(spec.options.iter().map(option).collect())
}

/// A family with its members as subcommands; `None` if there are none. Discord has one place and one right for all of
/// them: the first one's.
fn family(of: &Family, table: Table) -> Option<CreateCommand> {
    let members = || table.family(of.name);
    let subs = members().map(|spec| {
        let name = spec.sub().map_or(spec.name, |(_, name)| name);
        let options: Vec<_> = spec.options.iter().map(option).collect();
        CreateCommandOption::new(CommandOptionType::SubCommand, name, spec.description).set_sub_options(options)
    });
    Some(placed(members().next()?, of.name, of.description).set_options(subs.collect()))
}

/// A command where `spec` works, and shown to who may use it as far as Discord can tell.
fn placed(spec: &CommandSpec, name: &str, description: &str) -> CreateCommand {
    let contexts = match spec.scope {
        Scope::Server => vec![InteractionContext::Guild],
        Scope::Anywhere => vec![InteractionContext::Guild, InteractionContext::BotDm],
    };
    let command = CreateCommand::new(name)
        .kind(serenity::all::CommandType::ChatInput)
        .description(description)
        .contexts(contexts)
        .integration_types(vec![InstallationContext::Guild]);
    match spec.rights {
        // Discord does not know who runs the bot. This spares most others the sight of what they may not use.
        Rights::Operator => command.default_member_permissions(Permissions::MANAGE_GUILD),
        Rights::Anyone | Rights::InVoice | Rights::Control => command,
    }
}

fn option(spec: &OptionSpec) -> CreateCommandOption {
    let of = |kind| CreateCommandOption::new(kind, spec.name, spec.description).required(spec.required);
    let text = |max_chars| {
        let option = of(CommandOptionType::String).max_length(max_chars);
        if spec.required { option.min_length(1) } else { option }
    };
    match spec.kind {
        Kind::Text { max_chars } => text(max_chars),
        Kind::Search { max_chars } => text(max_chars).set_autocomplete(true),
        Kind::Whole { min, max } => of(CommandOptionType::Integer)
            .min_int_value(min.into())
            .max_int_value(max.into()),
        Kind::Choice(choices) => choices
            .iter()
            .fold(of(CommandOptionType::String), |option, (value, words)| {
                option.add_string_choice(*words, *value)
            }),
        Kind::CommandName => of(CommandOptionType::String).set_autocomplete(true),
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::discord::rest::tests::TestClock;
    use crate::discord::rest::tests::server::{Reply, Server};

    #[tokio::test]
    async fn one_question_and_one_write_at_most() {
        let server = Server::scripted(vec![
            Reply::json(200, &json!([entry_point()])),
            Reply::json(200, &json!([])),
            Reply::json(200, &Value::Array(given_back())),
        ])
        .await;
        let rest = Rest::new(&server.settings(), TestClock::at(0)).unwrap();
        let commands = Table::default().specs().count();
        assert_eq!(
            register(&rest, 7, Table::default()).await,
            Ok(Registered::Written { commands, kept: 1 })
        );
        assert_eq!(register(&rest, 7, Table::default()).await, Ok(Registered::Unchanged));
        let lines: Vec<String> = server.asked().into_iter().map(|asked| asked.line).collect();
        assert_eq!(lines.len(), 3);
        assert_eq!(lines[1], "PUT /api/v10/applications/7/commands");
        assert_eq!(server.asked()[1].body.as_array().unwrap().len(), commands + 1);
    }

    /// The table as Discord gives it back: with ids, versions, and a value for everything that was not said.
    fn given_back() -> Vec<Value> {
        let mut list = commands(Table::default()).unwrap();
        for (at, command) in list.iter_mut().enumerate() {
            command["id"] = (100 + at).to_string().into();
            command["version"] = "9".into();
            command["application_id"] = "7".into();
            command["default_member_permissions"] = Value::Null;
            command["dm_permission"] = true.into();
            command["nsfw"] = false.into();
            command["name_localizations"] = Value::Null;
            for option in command["options"].as_array_mut().into_iter().flatten() {
                if option["autocomplete"].is_null() {
                    option["autocomplete"] = false.into();
                }
                option["name_localizations"] = Value::Null;
            }
        }
        list
    }

    fn entry_point() -> Value {
        json!({
            "id": "500", "application_id": "7", "version": "3", "type": 4, "name": "launch", "description": "",
            "handler": 2, "contexts": [0, 1], "integration_types": [0], "nsfw": false,
            "default_member_permissions": "32", "name_localizations": { "de": "starten" },
        })
    }

    #[test]
    fn what_discord_knows_already_is_not_written() {
        let mut known = given_back();
        assert_eq!(difference(&commands(Table::default()).unwrap(), &known), None);
        known.push(entry_point());
        known.reverse();
        assert_eq!(difference(&commands(Table::default()).unwrap(), &known), None);
    }

    #[test]
    fn every_difference_is_written() {
        let ours = commands(Table::default()).unwrap();
        let changes: [fn(&mut Vec<Value>); 6] = [
            |known| drop(known.pop()),
            |known| known[0]["description"] = "something else".into(),
            |known| known[0]["options"][0]["required"] = false.into(),
            |known| known[0]["nsfw"] = true.into(),
            |known| known[0]["contexts"] = json!([0, 1, 2]),
            |known| known.push(json!({ "id": "1", "type": 1, "name": "old", "description": "is gone" })),
        ];
        for change in changes {
            let mut known = given_back();
            change(&mut known);
            assert_eq!(difference(&ours, &known).as_ref(), Some(&ours));
        }
    }

    #[test]
    fn commands_of_other_kinds_are_written_back_as_they_are() {
        let ours = commands(Table::default()).unwrap();
        let list = difference(&ours, &[entry_point()]).unwrap();
        assert_eq!(list.len(), ours.len() + 1);
        let kept = list.last().unwrap();
        let expected = json!({
            "id": "500", "type": 4, "name": "launch", "description": "", "handler": 2, "contexts": [0, 1],
            "integration_types": [0], "default_member_permissions": 32, "name_localizations": { "de": "starten" },
        });
        assert_eq!(kept, &expected);
    }

    #[test]
    fn bounds_and_choices_reach_discord() {
        let list = commands(Table::default()).unwrap();
        let named = |name: &str| list.iter().find(|command| command["name"] == name).unwrap();
        let level = &named("volume")["options"][0];
        assert_eq!(
            (level["type"].as_u64(), level["min_value"].as_u64()),
            (Some(4), Some(0))
        );
        assert_eq!(
            (level["max_value"].as_u64(), &level["required"]),
            (Some(200), &json!(true))
        );
        let query = &named("play")["options"][0];
        assert_eq!(
            (query["min_length"].as_u64(), query["max_length"].as_u64()),
            (Some(1), Some(500))
        );
        assert_eq!(named("loop")["options"][0]["choices"].as_array().unwrap().len(), 3);
        for name in ["help", "play"] {
            assert_eq!(named(name)["options"][0]["autocomplete"], true);
        }
        assert_eq!(named("help")["contexts"], json!([0, 1]));
        assert_eq!(named("skip")["contexts"], json!([0]));
    }

    #[test]
    fn commands_of_two_words_are_one_with_subcommands_and_only_where_they_are_wanted() {
        let with = commands(Table { drills: true }).unwrap();
        let without = commands(Table::default()).unwrap();
        assert_eq!(with.len(), without.len() + 1);
        let chaos = with.last().unwrap();
        assert_eq!(
            (&chaos["name"], &chaos["default_member_permissions"]),
            (&json!("chaos"), &json!(32))
        );
        let subs: Vec<(&Value, &Value)> = chaos["options"]
            .as_array()
            .unwrap()
            .iter()
            .map(|sub| (&sub["name"], &sub["type"]))
            .collect();
        assert_eq!(subs, [(&json!("run"), &json!(1)), (&json!("status"), &json!(1))]);
        let fault = &chaos["options"][0]["options"][0];
        assert_eq!(
            (&fault["name"], fault["choices"].as_array().unwrap().len()),
            (&json!("fault"), 5)
        );
        assert!(without.iter().all(|command| command["name"] != "chaos"));
    }
}
