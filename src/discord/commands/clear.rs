//! `/clear`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "clear",
    aliases: &[],
    description: "Drop everything that is queued",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "The current track plays on; /stop ends it too.",
    interpret: |_| Ok(Meaning::Guild(Command::Clear)),
};
