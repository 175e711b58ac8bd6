//! `/remove`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::places;
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "remove",
    aliases: &["rm"],
    description: "Take tracks out of the queue",
    options: &[OptionSpec {
        name: "index",
        description: "A place as /queue shows it, such as 3, or several, such as 3-7",
        required: true,
        kind: Kind::Text { max_chars: 32 },
    }],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "`3` takes out the track at that place, `3-7` all five from one place to the other. If one of the places is not \
           there, nothing is taken out.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    match places::parse(given.text("index").unwrap_or_default()) {
        Some((index, last)) => Ok(Meaning::Guild(Command::Remove { index, last })),
        None => Err(("index".into(), Problem::NoPlaces)),
    }
}
