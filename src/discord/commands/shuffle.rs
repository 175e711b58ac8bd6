//! `/shuffle`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "shuffle",
    aliases: &[],
    description: "Put the queue into a random order",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Needs two queued tracks at least. The current track plays on.",
    interpret: |_| Ok(Meaning::Guild(Command::Shuffle)),
};
