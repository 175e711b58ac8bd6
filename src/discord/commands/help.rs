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
    let table = given.table;
    let help = |command| Ok(Meaning::Here(Local::Help { command, table }));
    let Some(asked) = given.text("command") else {
        return help(None);
    };
    let name = asked.trim().trim_start_matches('/').to_lowercase();
    if let Some(spec) = grammar::by_name(table, &name) {
        return help(Some(spec.name));
    }
    match grammar::family(table, &name) {
        Some(family) => help(Some(family.name)),
        None => Ok(Meaning::Here(Local::UnknownCommand { name: name.into() })),
    }
}
