//! `/help`

use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, Local, OptionSpec, Rights, Scope, Visibility};
use super::{Meaning, grammar};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "help",
    aliases: &["h", "commands"],
    description: "Show what the commands do",
    options: &[OptionSpec {
        name: "command",
        description: "The command to explain; all of them if not said",
        required: false,
        kind: Kind::CommandName,
    }],
    visibility: Visibility::Private,
    rights: Rights::Anyone,
    scope: Scope::Anywhere,
    help: "Lists all commands, or explains one with its options.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let Some(asked) = given.text("command") else {
        return Ok(Meaning::Here(Local::Help { command: None }));
    };
    let name = asked.trim().trim_start_matches('/').to_lowercase();
    Ok(Meaning::Here(match grammar::by_name(&name) {
        Some(spec) => Local::Help {
            command: Some(spec.name),
        },
        None => Local::UnknownCommand { name: name.into() },
    }))
}
