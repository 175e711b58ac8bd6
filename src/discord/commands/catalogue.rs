//! The table as a page for people and as data for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::spec::{Kind, OptionSpec, Rights, Scope, Visibility};
use super::{COMMANDS, CommandSpec, grammar};

impl Visibility {
    /// Its word in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Public => "everybody",
            Self::Private => "the caller",
        }
    }
}

impl Rights {
    /// Its words in tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Anyone => "everybody",
            Self::InVoice => "who is in voice, where the bot plays if somebody listens there",
            Self::Control => "who is where the bot plays, or in voice while nobody listens to it",
            Self::Operator => "who runs the bot: the owner of its application, or a member of its team",
        }
    }
}

impl Scope {
    /// Its words in tables.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Server => "in a server",
            Self::Anywhere => "in a server and in direct messages",
        }
    }
}

impl OptionSpec {
    /// What the option takes, in words.
    pub fn takes(&self) -> String {
        match self.kind {
            Kind::Text { max_chars } => format!("text, at most {max_chars} characters"),
            Kind::Search { max_chars } => {
                format!("text, at most {max_chars} characters; what is found is offered while you type")
            }
            Kind::Whole { min, max } => format!("whole number, {min} to {max}"),
            Kind::Choice(choices) => {
                let values: Vec<String> = choices.iter().map(|(value, _)| format!("`{value}`")).collect();
                values.join(", ")
            }
            Kind::CommandName => "name of a command".into(),
        }
    }
}

impl CommandSpec {
    /// How it is typed: options that may be left out stand in brackets.
    pub fn usage(&self) -> String {
        let mut line = format!("/{}", self.name);
        for option in self.options {
            // Writing to a text never fails.
            let _ = if option.required {
                write!(line, " {}", option.name)
            } else {
                write!(line, " [{}]", option.name)
            };
        }
        line
    }

    /// How it is written in a message, behind a mention or the prefix: what may be left out stands in brackets, and what
    /// can only be given by its name has it.
    pub fn written_usage(&self) -> String {
        let mut line = self.name.to_owned();
        let tail = grammar::tail(self);
        for (index, option) in self.options.iter().enumerate() {
            let by_name = tail.is_some_and(|tail| index > tail);
            let name = if by_name {
                format!("{0}:{0}", option.name)
            } else {
                option.name.to_owned()
            };
            let shown = match option.kind {
                Kind::Choice(choices) => {
                    let values: Vec<&str> = choices.iter().map(|(value, _)| *value).collect();
                    let values = values.join("|");
                    if by_name {
                        format!("{}:{values}", option.name)
                    } else {
                        values
                    }
                }
                Kind::Text { .. } | Kind::Search { .. } | Kind::Whole { .. } | Kind::CommandName => name,
            };
            // Writing to a text never fails.
            let _ = if option.required {
                write!(line, " <{shown}>")
            } else {
                write!(line, " [{shown}]")
            };
        }
        line
    }

    /// The ways to write it in a message, for a page.
    fn ways(&self) -> String {
        let aliases: Vec<String> = self.aliases.iter().map(|alias| format!("`{alias}`")).collect();
        let usage = format!("`{}`", self.written_usage().replace('|', "\\|"));
        if aliases.is_empty() {
            return usage;
        }
        format!("{usage}, also {}", aliases.join(", "))
    }
}

/// What the page says of commands for operators.
const OPERATORS: &str = "Commands for who runs the bot are there only where `chaos.enabled` is on: elsewhere they are \
     neither registered nor known. Discord shows them to who may manage the server; who runs the bot and may not writes \
     them in a message.\n";

/// What the page says of commands in messages.
const MESSAGES: &str = "\n## In messages\n\n\
     Every command works in a message too, behind a mention of the bot (`@bot play Blue in Green`) or the prefix \
     (`!play Blue in Green`), as far as Discord lets the bot read messages: see the keys `prefix` in \
     [configuration.md](configuration.md).\n\n\
     - Names of commands and options may be written large or small; some commands have shorter names.\n\
     - Words fill the options in their order. The last one that takes a text takes all words that are left.\n\
     - `name:value` gives an option by its name, wherever it stands: `!play where:next Blue in Green`. Options behind \
     the one that takes the rest can only be given so.\n\
     - Quotation marks keep words together and make them plain: `!play \"where:is my mind\"`.\n\
     - An address in angle brackets is an address.\n\
     - A mention alone is answered with what to type. What is no command is answered behind a mention and ignored \
     behind the prefix, which other bots may share.\n\
     - The answer refers to the message, pings nobody and is seen by everybody in the channel. Messages of bots and \
     webhooks are ignored, and so are messages in direct messages.\n";

/// What the page says of buttons.
const BUTTONS: &str = "\n## Buttons\n\n\
     Below the card of what plays stand Pause or Resume, Skip, Stop, Loop, Shuffle and Queue; below the queue and the \
     history, where they have several pages, Back and Next. A button asks for the same rights as its command. Those of \
     a card are for the track that it shows: once another one plays they do nothing and say so to the one who pressed. \
     Pages are made when they are turned, from the queue as it is then.\n\n\
     A card is posted by itself when a track starts, in the channel where music was asked for last, and is changed in \
     place from then on: see the keys `cards` in [configuration.md](configuration.md).\n";

/// The page `docs/commands.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Commands\n\n\
         Generated by `ostinato commands --markdown`; change the files in `src/discord/commands` instead.\n\n\
         | command | in a message | does | who may | who sees the answer |\n\
         |---|---|---|---|---|\n",
    );
    for spec in COMMANDS {
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} | {} |",
            spec.usage(),
            spec.ways(),
            spec.description,
            spec.rights.words(),
            spec.visibility.word()
        );
    }
    page.push_str("\nA refusal is for the caller alone in any case, but where the command was a message.\n\n");
    page.push_str(OPERATORS);
    page.push_str(MESSAGES);
    page.push_str(BUTTONS);
    for spec in COMMANDS {
        let _ = write!(
            page,
            "\n## /{}\n\n{}. {}\n\nWorks {}.\n",
            spec.name,
            spec.description,
            spec.help,
            spec.scope.words()
        );
        if !spec.options.is_empty() {
            page.push_str("\n| option | is | takes | required |\n|---|---|---|---|\n");
        }
        for option in spec.options {
            let required = if option.required { "yes" } else { "no" };
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {required} |",
                option.name,
                option.description,
                option.takes()
            );
        }
    }
    page
}

/// The table as JSON: an array with one object a command.
pub fn json() -> String {
    let commands: Vec<Value> = COMMANDS.iter().map(command).collect();
    format!("{:#}\n", Value::Array(commands))
}

fn command(spec: &CommandSpec) -> Value {
    json!({
        "name": spec.name,
        "aliases": spec.aliases,
        "written": spec.written_usage(),
        "description": spec.description,
        "options": spec.options.iter().map(option).collect::<Vec<Value>>(),
        "visibility": match spec.visibility { Visibility::Public => "public", Visibility::Private => "private" },
        "rights": match spec.rights { Rights::Anyone => "anyone", Rights::InVoice => "in_voice", Rights::Control => "control",
            Rights::Operator => "operator",
        },
        "scope": match spec.scope { Scope::Server => "server", Scope::Anywhere => "anywhere" },
        "help": spec.help,
    })
}

fn option(option: &OptionSpec) -> Value {
    let mut value = json!({
        "name": option.name,
        "description": option.description,
        "required": option.required,
    });
    match option.kind {
        Kind::Search { max_chars } => {
            value["kind"] = "search".into();
            value["max_chars"] = max_chars.into();
        }
        Kind::Text { max_chars } => {
            value["kind"] = "text".into();
            value["max_chars"] = max_chars.into();
        }
        Kind::Whole { min, max } => {
            value["kind"] = "whole".into();
            value["min"] = min.into();
            value["max"] = max.into();
        }
        Kind::Choice(choices) => {
            value["kind"] = "choice".into();
            value["choices"] = choices.iter().map(|(value, _)| *value).collect();
        }
        Kind::CommandName => value["kind"] = "command".into(),
    }
    value
}
