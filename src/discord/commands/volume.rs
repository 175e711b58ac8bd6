//! `/volume`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};

/// Highest volume that can be asked for, percent. The guild's own limit may be lower.
const HIGHEST: u32 = 200;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "volume",
    aliases: &["vol", "v"],
    description: "Set how loud the music is",
    options: &[OptionSpec {
        name: "level",
        description: "Percent; 100 is as recorded",
        required: true,
        kind: Kind::Whole { min: 0, max: HIGHEST },
    }],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Holds for everybody in the voice channel and is kept for the next time.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    match given.whole("level").and_then(|level| u16::try_from(level).ok()) {
        Some(percent) => Ok(Meaning::Guild(Command::Volume { percent })),
        None => Err(("level".into(), Problem::OutOfRange { min: 0, max: HIGHEST })),
    }
}
