//! Users act: slash commands checked against what the bot registered, as Discord's client does before it sends one.

use serde_json::{Value, json};

use super::DiscordStandIn;
use super::interactions::{Interaction, InteractionHandle, Original};
use super::model::rights;
use super::render;
use super::state::State;

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
    /// The place or the user is not there.
    #[error("{0} is not there")]
    NotThere(String),
    /// The user may not use commands, or this one, in this channel.
    #[error("the user has no right to use /{0} here")]
    NotAllowed(String),
}

/// What was found for a typed command: the registered one, and the options on its last level.
struct Known {
    command: Value,
    /// Subcommand group and subcommand, as registered.
    path: Vec<Value>,
}

impl Known {
    fn options(&self) -> &[Value] {
        let last = self.path.last().unwrap_or(&self.command);
        last["options"].as_array().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Finds a command among `commands`, and the subcommands that its further words name.
fn find(commands: &[Value], words: &[&str]) -> Result<Known, CannotAct> {
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
fn options(name: &str, known: &Known, given: &[(String, String)]) -> Result<Vec<Value>, CannotAct> {
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

impl State {
    /// All chat-input commands that a user of `guild` has.
    pub(super) fn commands_in(&self, guild: u64) -> Vec<Value> {
        let own = self.guild_commands.get(&guild).into_iter().flatten();
        own.chain(&self.commands).cloned().collect()
    }

    fn say(&mut self, user: u64, guild: u64, channel: u64, typed: &SlashCommand) -> Result<u64, CannotAct> {
        let words: Vec<&str> = typed.name.split_whitespace().collect();
        let known = find(&self.commands_in(guild), &words)?;
        let mut options = options(&typed.name, &known, &typed.options)?;
        for sub in known.path.iter().rev() {
            options = vec![json!({ "name": sub["name"], "type": sub["type"], "options": options })];
        }
        let data = json!({
            "id": known.command["id"], "name": known.command["name"], "type": 1, "options": options,
        });
        let place = self
            .world
            .guilds
            .get(&guild)
            .ok_or_else(|| CannotAct::NotThere(format!("guild {guild}")))?;
        if !place.channels.contains_key(&channel) {
            return Err(CannotAct::NotThere(format!("channel {channel}")));
        }
        if !place.members.contains_key(&user) {
            return Err(CannotAct::NotThere(format!("member {user}")));
        }
        let own = self.world.rights_in(place, user, channel);
        let asked = known.command["default_member_permissions"]
            .as_str()
            .and_then(|bits| bits.parse::<u64>().ok())
            .unwrap_or(0);
        let needed = rights::USE_APPLICATION_COMMANDS | asked;
        if own & needed != needed {
            return Err(CannotAct::NotAllowed(typed.name.clone()));
        }
        Ok(self.interact(&typed.name, (user, guild, channel), 2, &data))
    }

    /// Sends an interaction to the bot, if it has a session.
    fn interact(&mut self, name: &str, (user, guild, channel): (u64, u64, u64), kind: u8, data: &Value) -> u64 {
        let id = self.world.ids.next();
        let token = self.hex(64);
        let went_to = self
            .session_for(guild)
            .map(|session| (session.id.clone(), session.generation));
        let event = self.interaction_event(id, &token, (user, guild, channel), kind, data);
        self.summary.interactions_sent += 1;
        match &went_to {
            Some((session, _)) => self.dispatch_to(&session.clone(), "INTERACTION_CREATE", &event),
            None => self.summary.interactions_undelivered += 1,
        }
        self.by_token.insert(token.clone(), id);
        let interaction = Interaction {
            id,
            token,
            name: name.to_owned(),
            guild,
            channel,
            user,
            made_ms: self.now(),
            went_to,
            faulted: false,
            first: None,
            original: Original::None,
            answers: Vec::new(),
            deleted: Vec::new(),
            callbacks: 0,
            late: false,
        };
        self.interactions.insert(id, interaction);
        id
    }

    fn interaction_event(
        &self,
        id: u64,
        token: &str,
        (user, guild, channel): (u64, u64, u64),
        kind: u8,
        data: &Value,
    ) -> Value {
        let bot = self.world.bot;
        let Some(place) = self.world.guilds.get(&guild) else {
            return Value::Null;
        };
        let mut member = render::member(&self.world, place, user);
        member["permissions"] = json!(self.world.rights_in(place, user, channel).to_string());
        let room = place
            .channels
            .get(&channel)
            .map(|it| render::channel(&self.world, place, it));
        json!({
            "id": id.to_string(), "application_id": bot.to_string(), "type": kind, "data": data,
            "guild": { "id": guild.to_string(), "locale": "en-US", "features": [] }, "guild_id": guild.to_string(),
            "channel": room, "channel_id": channel.to_string(), "member": member, "token": token, "version": 1,
            "app_permissions": self.world.rights_in(place, bot, channel).to_string(), "locale": "en-US",
            "guild_locale": "en-US", "entitlements": [], "entitlement_sku_ids": [], "context": 0,
            "authorizing_integration_owners": { "0": guild.to_string() }, "attachment_size_limit": 10_485_760,
        })
    }
}

impl DiscordStandIn {
    /// Reads a typed command against what the bot registered for `guild`, see [`parse_slash`].
    ///
    /// # Errors
    /// As [`parse_slash`].
    pub fn parse_slash(&self, guild: u64, text: &str) -> Result<SlashCommand, CannotAct> {
        parse_slash(text, &self.0.lock().commands_in(guild))
    }

    /// `user` uses a slash command in `channel` of `guild`.
    ///
    /// # Errors
    /// When Discord's client would not send it.
    pub fn say(
        &self,
        user: u64,
        guild: u64,
        channel: u64,
        command: &SlashCommand,
    ) -> Result<InteractionHandle, CannotAct> {
        let (id, said_at_ms) = self.0.change(|state| {
            let said_at_ms = state.now();
            state.say(user, guild, channel, command).map(|id| (id, said_at_ms))
        })?;
        let shared = std::sync::Arc::clone(&self.0);
        Ok(InteractionHandle { shared, id, said_at_ms })
    }
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
