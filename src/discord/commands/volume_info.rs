//! `/volume-info`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "volume-info",
    aliases: &[],
    description: "Show how loud the music is",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Anyone,
    scope: Scope::Server,
    help: "Tells the volume that holds now, whether it was set in this server, and how far it may go.",
    interpret: |_| Ok(Meaning::Guild(Command::VolumeInfo)),
};
