//! `/loop`

use ostinato_machine::guild::{Command, LoopMode};

use super::Meaning;
use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "loop",
    aliases: &["repeat"],
    description: "Repeat the current track or the whole queue",
    options: &[OptionSpec {
        name: "mode",
        description: "What is repeated",
        required: true,
        kind: Kind::Choice(&[("off", "off"), ("track", "the current track"), ("queue", "the queue")]),
    }],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "`track` plays the current track again and again, until /skip. `queue` puts every track that has ended back at \
           the end.",
    interpret,
};

fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let mode = match given.text("mode") {
        Some("off") => LoopMode::Off,
        Some("track") => LoopMode::Track,
        Some("queue") => LoopMode::Queue,
        _ => return Err(("mode".into(), Problem::NoChoice)),
    };
    Ok(Meaning::Guild(Command::Loop { mode }))
}
