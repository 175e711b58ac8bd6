//! `/resume`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "resume",
    aliases: &["unpause"],
    description: "Go on after a pause",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Ends a pause that somebody asked for. While nobody listens, the music waits for listeners all the same.",
    interpret: |_| Ok(Meaning::Guild(Command::Resume)),
};
