//! Slash commands as typed, checked against what the bot registered, as Discord's client does before it sends one.

use serde_json::{Value, json};

/// A slash command as typed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SlashCommand {
    /// Its name, with subcommands after spaces: `playlist save`.
    pub name: String,
    /// Options by name, as text.
    pub options: Vec<(String, String)>,
}

/// What a user cannot do: a mistake of the scenario or of the registered commands, not of the bot's requests.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CannotAct {
    /// The text is no slash command.
    #[error("{0:?} is no slash command; write /name option:value")]
    NoCommand(String),
    /// The bot did not register it.
    #[error("no command /{0} is registered; registered are {1}")]
    UnknownCommand(String, String),
    /// The command has no such option.
    #[error("/{0} has no option {1:?}; it has {2}")]
    UnknownOption(String, String, String),
    /// A required option is missing.
    #[error("/{0} needs the option {1:?}")]
    Missing(String, String),
    /// The value is not one that Discord's client sends.
    #[error("/{0} does not take {2:?} as {1:?}: {3}")]
    BadValue(String, String, String, String),
    /// The button is there but can't be pressed.
    #[error("the button {0} can't be pressed")]
    Disabled(String),
    /// The place or the user is not there.
    #[error("{0} is not there")]
    NotThere(String),
    /// The user may not use commands, or this one, in this channel.
    #[error("the user has no right to use /{0} here")]
    NotAllowed(String),
}

/// What was found for a typed command: the registered one, and the options on its last level.
pub(super) struct Known {
    pub(super) command: Value,
    /// Subcommand group and subcommand, as registered.
    pub(super) path: Vec<Value>,
}

impl Known {
    fn options(&self) -> &[Value] {
        let last = self.path.last().unwrap_or(&self.command);
        last["options"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// What an interaction says of the command: subcommands come as options that have options.
    pub(super) fn data(&self, mut options: Vec<Value>) -> Value {
        for sub in self.path.iter().rev() {
            options = vec![json!({ "name": sub["name"], "type": sub["type"], "options": options })];
        }
        json!({ "id": self.command["id"], "name": self.command["name"], "type": 1, "options": options })
    }
}

/// Finds a command among `commands`, and the subcommands that its further words name.
pub(super) fn find(commands: &[Value], words: &[&str]) -> Result<Known, CannotAct> {
    let names = || {
        commands
            .iter()
            .filter_map(|it| it["name"].as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    let name = words.first().copied().unwrap_or_default();
    let command = commands
        .iter()
        .find(|it| it["name"] == name && it["type"].as_u64().unwrap_or(1) == 1)
        .ok_or_else(|| CannotAct::UnknownCommand(name.to_owned(), names()))?;
    let mut path: Vec<Value> = Vec::new();
    for word in &words[1..] {
        let inside = path.last().unwrap_or(command)["options"].as_array();
        let sub = inside
            .into_iter()
            .flatten()
            .find(|option| option["name"] == *word && matches!(option["type"].as_u64(), Some(1 | 2)))
            .ok_or_else(|| CannotAct::UnknownCommand(words.join(" "), names()))?;
        path.push(sub.clone());
    }
    Ok(Known {
        command: command.clone(),
        path,
    })
}

/// Reads `/play query:First where:next`: a value goes on until the next option that the command knows.
///
/// # Errors
/// When it is no slash command, or names one that is not among `commands`.
pub fn parse_slash(text: &str, commands: &[Value]) -> Result<SlashCommand, CannotAct> {
    let line = text
        .trim()
        .strip_prefix('/')
        .ok_or_else(|| CannotAct::NoCommand(text.to_owned()))?;
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return Err(CannotAct::NoCommand(text.to_owned()));
    }
    let names = words.iter().take_while(|word| !word.contains(':')).count();
    let known = find(commands, &words[..names.max(1)])?;
    let options: Vec<&str> = known.options().iter().filter_map(|it| it["name"].as_str()).collect();
    let mut command = SlashCommand {
        name: words[..names.max(1)].join(" "),
        options: Vec::new(),
    };
    for word in &words[names.max(1)..] {
        match (word.split_once(':'), command.options.last_mut()) {
            // Something that looks like an option belongs to the value before it unless the command knows it.
            (Some((name, value)), last) if last.is_none() || options.contains(&name) => {
                command.options.push((name.to_owned(), value.to_owned()));
            }
            (_, Some((_, value))) => {
                value.push(' ');
                value.push_str(word);
            }
            (_, None) => return Err(CannotAct::NoCommand(text.to_owned())),
        }
    }
    Ok(command)
}

/// The value as Discord's client sends it, if it sends it at all.
fn value(option: &Value, text: &str) -> Result<Value, String> {
    let choices = option["choices"].as_array().filter(|list| !list.is_empty());
    if let Some(choices) = choices {
        let chosen = choices
            .iter()
            .find(|choice| choice["name"] == text || choice["value"].to_string().trim_matches('"') == text);
        return chosen
            .map(|choice| choice["value"].clone())
            .ok_or_else(|| "it is none of the choices".to_owned());
    }
    let bounds = |number: f64| {
        let low = option["min_value"].as_f64().is_some_and(|min| number < min);
        let high = option["max_value"].as_f64().is_some_and(|max| number > max);
        if low || high {
            return Err("it is out of bounds".to_owned());
        }
        Ok(())
    };
    match option["type"].as_u64() {
        Some(3) => {
            let length = text.chars().count() as u64;
            let long = length > option["max_length"].as_u64().unwrap_or(6_000);
            if long || length < option["min_length"].as_u64().unwrap_or(0) {
                return Err("it is too short or too long".to_owned());
            }
            Ok(json!(text))
        }
        Some(4) => {
            let number: i64 = text.parse().map_err(|_| "it is no whole number".to_owned())?;
            #[expect(clippy::cast_precision_loss, reason = "bounds of options lie within 2^53")]
            bounds(number as f64)?;
            Ok(json!(number))
        }
        Some(5) => text
            .parse::<bool>()
            .map(Value::from)
            .map_err(|_| "it is neither true nor false".to_owned()),
        Some(10) => {
            let number: f64 = text.parse().map_err(|_| "it is no number".to_owned())?;
            bounds(number)?;
            Ok(json!(number))
        }
        Some(6..=9 | 11) => text
            .parse::<u64>()
            .map(|id| json!(id.to_string()))
            .map_err(|_| "it is no id".to_owned()),
        Some(_) | None => Err("the option's type is unknown".to_owned()),
    }
}

/// The options of an interaction.
pub(super) fn options(name: &str, known: &Known, given: &[(String, String)]) -> Result<Vec<Value>, CannotAct> {
    let registered = known.options();
    if registered
        .iter()
        .any(|option| matches!(option["type"].as_u64(), Some(1 | 2)))
    {
        return Err(CannotAct::Missing(name.to_owned(), "a subcommand".into()));
    }
    let names = || {
        let names: Vec<&str> = registered.iter().filter_map(|it| it["name"].as_str()).collect();
        if names.is_empty() {
            "none".to_owned()
        } else {
            names.join(", ")
        }
    };
    let mut out = Vec::new();
    for (option, text) in given {
        let found = registered
            .iter()
            .find(|it| it["name"] == option.as_str())
            .ok_or_else(|| CannotAct::UnknownOption(name.to_owned(), option.clone(), names()))?;
        let value = value(found, text)
            .map_err(|why| CannotAct::BadValue(name.to_owned(), option.clone(), text.clone(), why))?;
        out.push(json!({ "name": option, "type": found["type"], "value": value }));
    }
    for option in registered.iter().filter(|option| option["required"] == true) {
        if !given.iter().any(|(name, _)| option["name"] == name.as_str()) {
            let option = option["name"].as_str().unwrap_or_default().to_owned();
            return Err(CannotAct::Missing(name.to_owned(), option));
        }
    }
    Ok(out)
}

/// The options while the last of them is being typed: what is not whole yet is sent as it is, and nothing is required.
pub(super) fn completing(name: &str, known: &Known, given: &[(String, String)]) -> Result<Vec<Value>, CannotAct> {
    let mut out = Vec::new();
    for (at, (option, text)) in given.iter().enumerate() {
        let found = known.options().iter().find(|it| it["name"] == option.as_str());
        let found = found
            .ok_or_else(|| CannotAct::UnknownOption(name.to_owned(), option.clone(), "other options".to_owned()))?;
        let mut value = json!({ "name": option, "type": found["type"], "value": text });
        if at + 1 == given.len() {
            if found["autocomplete"] != true {
                let why = "the option offers nothing while it is typed".to_owned();
                return Err(CannotAct::BadValue(name.to_owned(), option.clone(), text.clone(), why));
            }
            value["focused"] = json!(true);
        }
        out.push(value);
    }
    if out.is_empty() {
        return Err(CannotAct::NoCommand(format!("/{name} without an option")));
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands() -> Vec<Value> {
        vec![
            json!({ "name": "play", "type": 1, "options": [
                { "name": "query", "type": 3, "required": true },
                { "name": "where", "type": 3, "choices": [{ "name": "next", "value": "next" }] },
            ] }),
            json!({ "name": "volume", "options": [{ "name": "level", "type": 4, "min_value": 0, "max_value": 150 }] }),
            json!({ "name": "playlist", "options": [
                { "name": "save", "type": 1, "options": [{ "name": "name", "type": 3, "required": true }] },
            ] }),
        ]
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn a_value_goes_on_until_the_next_option_of_the_command() {
        let command = parse_slash("/play query:a song: part two where:next", &commands()).expect("a command");
        assert_eq!(
            command.options,
            [pair("query", "a song: part two"), pair("where", "next")]
        );
        let url = parse_slash("/play query:https://music.example/1", &commands()).expect("a command");
        assert_eq!(url.options, [pair("query", "https://music.example/1")]);
        let sub = parse_slash("/playlist save name:my list", &commands()).expect("a command");
        assert_eq!(
            (sub.name.as_str(), sub.options),
            ("playlist save", vec![pair("name", "my list")])
        );
        assert!(parse_slash("play query:x", &commands()).is_err());
        assert!(matches!(
            parse_slash("/dance", &commands()),
            Err(CannotAct::UnknownCommand(..))
        ));
    }

    #[test]
    fn a_subcommand_is_an_option_with_options() {
        let known = find(&commands(), &["playlist", "save"]).expect("a command");
        let given = options("playlist save", &known, &[pair("name", "x")]).expect("good options");
        let data = known.data(given);
        assert_eq!(data["name"], "playlist");
        let name = json!({ "name": "name", "type": 3, "value": "x" });
        assert_eq!(
            data["options"],
            json!([{ "name": "save", "type": 1, "options": [name] }])
        );
    }

    #[test]
    fn what_discords_client_would_not_send_is_a_mistake_of_the_scenario() {
        let check = |name: &str, given: &[(String, String)]| {
            let words: Vec<&str> = name.split(' ').collect();
            options(name, &find(&commands(), &words)?, given)
        };
        assert!(matches!(check("play", &[]), Err(CannotAct::Missing(..))));
        let unknown = [pair("query", "x"), pair("what", "y")];
        assert!(matches!(check("play", &unknown), Err(CannotAct::UnknownOption(..))));
        for level in ["151", "-1", "loud"] {
            assert!(matches!(
                check("volume", &[pair("level", level)]),
                Err(CannotAct::BadValue(..))
            ));
        }
        assert!(matches!(check("playlist", &[]), Err(CannotAct::Missing(..))));
        let level = check("volume", &[pair("level", "150")]).expect("a good one");
        assert_eq!(level, [json!({ "name": "level", "type": 4, "value": 150 })]);
        let place = check("play", &[pair("query", "x"), pair("where", "next")]).expect("a good one");
        assert_eq!(place[1]["value"], "next");
        assert!(matches!(
            check("play", &[pair("query", "x"), pair("where", "now")]),
            Err(CannotAct::BadValue(..))
        ));
    }
}
