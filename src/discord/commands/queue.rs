//! `/queue`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "queue",
    aliases: &["q"],
    description: "Show what is queued",
    options: &[OptionSpec {
        name: "page",
        description: "Which page of ten; the first if not said",
        required: false,
        kind: Kind::Whole { min: 1, max: 100_000 },
    }],
    visibility: Visibility::Private,
    rights: Rights::Anyone,
    scope: Scope::Server,
    help: "Shows ten tracks a page with their places, and how long everything takes.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let page = given.whole("page").unwrap_or(1).saturating_sub(1);
    let page = usize::try_from(page).unwrap_or(usize::MAX);
    Ok(Meaning::Guild(Command::Queue { page }))
}
