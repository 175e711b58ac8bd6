//! `/autoplay`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "autoplay",
    aliases: &["ap"],
    description: "Go on with related tracks when the queue has run out",
    options: &[OptionSpec {
        name: "mode",
        description: "Whether the music goes on by itself",
        required: true,
        kind: Kind::Choice(&[("on", "on"), ("off", "off")]),
    }],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "With `on`, a related track is looked for while the last one plays: from the mix of its source, or by the same \
           artist. Nothing of the last tracks comes again, what you skip counts against its kind, and whatever somebody \
           asks for goes first. It stays on until somebody switches it off.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    match given.text("mode") {
        Some("on") => Ok(Meaning::Guild(Command::Autoplay { on: true })),
        Some("off") => Ok(Meaning::Guild(Command::Autoplay { on: false })),
        _ => Err(("mode".into(), Problem::NoChoice)),
    }
}
