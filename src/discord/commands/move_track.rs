//! `/move`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};

/// Highest place that can be asked for: no queue is longer.
const HIGHEST: u32 = 100_000;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "move",
    aliases: &["mv"],
    description: "Move a queued track to another place",
    options: &[
        OptionSpec {
            name: "src",
            description: "The place it has, as /queue shows it",
            required: true,
            kind: Kind::Whole { min: 1, max: HIGHEST },
        },
        OptionSpec {
            name: "dest",
            description: "The place it gets; 1 is next",
            required: true,
            kind: Kind::Whole { min: 1, max: HIGHEST },
        },
    ],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Takes a track out of the queue and puts it where it then has the place you name; the others close up.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let place = |name: &str| {
        let place = given.whole(name).and_then(|place| usize::try_from(place).ok());
        place.ok_or((name.into(), Problem::OutOfRange { min: 1, max: HIGHEST }))
    };
    Ok(Meaning::Guild(Command::Move {
        from: place("src")?,
        to: place("dest")?,
    }))
}
