//! `/replay`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "replay",
    aliases: &[],
    description: "Play the current track from its start",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Begins the current track again. Queue and history stay as they are.",
    interpret: |_| Ok(Meaning::Guild(Command::Replay)),
};
