//! `/pause`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "pause",
    aliases: &[],
    description: "Pause the music",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Holds the track where it is until /resume.",
    interpret: |_| Ok(Meaning::Guild(Command::Pause)),
};
