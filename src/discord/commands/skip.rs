//! `/skip`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "skip",
    aliases: &["s", "next"],
    description: "Leave the current track",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Plays the next track at once, also when the current one is on repeat.",
    interpret: |_| Ok(Meaning::Guild(Command::Skip)),
};
