//! `/disconnect`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "disconnect",
    aliases: &["dc", "leave"],
    description: "Leave the voice channel",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Leaves the voice channel. Queue and position are kept; /connect goes on with them.",
    interpret: |_| Ok(Meaning::Guild(Command::Disconnect)),
};
