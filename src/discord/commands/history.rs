//! `/history`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "history",
    aliases: &[],
    description: "Show what was played",
    options: &[OptionSpec {
        name: "page",
        description: "Which page of ten; the newest if not said",
        required: false,
        kind: Kind::Whole { min: 1, max: 100_000 },
    }],
    visibility: Visibility::Private,
    rights: Rights::Anyone,
    scope: Scope::Server,
    help: "Shows ten tracks a page, the newest first. The last fifty are remembered unless whoever runs the bot chose \
           otherwise.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let page = given.whole("page").unwrap_or(1).saturating_sub(1);
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    Ok(Meaning::Guild(Command::History { page }))
}
