//! Answers that need no guild.

use super::message::Message;
use super::text::{number, safe, span};
use super::{drill, help};
use crate::discord::commands::{COMMANDS, CommandSpec, Local, Problem};

/// Longest quotation, characters.
const QUOTE: usize = 40;

fn find(command: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|spec| spec.name == command)
}

/// Puts an answer that needs no guild into words.
pub(in crate::discord) fn local(local: &Local) -> Message {
    match local {
        Local::Help { command, table } => help::of(*command, *table),
        Local::Drill(drilled) => drill::words(drilled),
        Local::Ping { delivered_ms: Some(ms) } => {
            Message::plain(format!("I am here. Your command took {} to reach me.", span(*ms)))
        }
        Local::Ping { delivered_ms: None } => Message::plain("I am here."),
        Local::ServerOnly { command } => Message::plain(format!("/{command} works only in a server.")),
        Local::UnknownCommand { name } => Message::plain(format!(
            "There is no command \"{}\". /help lists all of them.",
            safe(name, QUOTE)
        )),
        Local::BadOption {
            command,
            option,
            problem,
            written,
        } => {
            let mut text = bad_option(command, &safe(option, QUOTE), problem);
            if let Some(spec) = find(command).filter(|_| *written) {
                text = format!("{text}\nIt is written `{}`.", spec.written_usage());
            }
            Message::plain(text)
        }
        Local::Greeting { prefix } => {
            let prefix = prefix
                .as_deref()
                .map(|prefix| format!(" or `{}play`", safe(prefix, QUOTE)));
            Message::plain(format!(
                "I play music. Type `/play`{}, or mention me and write `play` with what you want to hear. `/help` lists \
                 everything I can do.",
                prefix.unwrap_or_default()
            ))
        }
        Local::UnknownInteraction => {
            Message::plain("That belongs to another release and does nothing any more. /help lists what works.")
        }
    }
}

fn bad_option(command: &str, option: &str, problem: &Problem) -> String {
    match problem {
        Problem::Missing => format!("/{command} needs its option \"{option}\"."),
        Problem::Unknown => format!("/{command} has no option \"{option}\". /help {command} lists them."),
        Problem::Twice => format!("The option \"{option}\" of /{command} is given twice."),
        Problem::TooMany => format!("/{command} has no use for \"{option}\"."),
        Problem::NoText => format!("The option \"{option}\" of /{command} takes a text."),
        Problem::OutOfRange { min, max } => format!(
            "The option \"{option}\" of /{command} takes a whole number from {} to {}.",
            number(*min),
            number(*max)
        ),
        Problem::TooLong { max } => format!(
            "The option \"{option}\" of /{command} is too long: at most {} characters.",
            number(*max)
        ),
        Problem::NoChoice => format!("\"{option}\" of /{command} takes {}.", choices(command, option)),
        Problem::NoPlaces => {
            format!("\"{option}\" takes a place such as 3, or several such as 3-7. /queue shows them.")
        }
        Problem::NoPosition => format!("\"{option}\" takes a time such as 90, 1:30, 1:02:03 or 1m30s."),
    }
}

fn choices(command: &str, option: &str) -> String {
    find(command)
        .and_then(|spec| spec.options.iter().find(|declared| declared.name == option))
        .map_or_else(
            || "something else".into(),
            |declared| format!("one of {}", declared.takes()),
        )
}
