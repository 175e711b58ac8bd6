//! `/connect`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "connect",
    aliases: &["join"],
    description: "Join your voice channel",
    options: &[],
    visibility: Visibility::Public,
    rights: Rights::InVoice,
    scope: Scope::Server,
    help: "Joins the voice channel you are in. A queue that was kept goes on where it was left.",
    interpret: |_| Ok(Meaning::Guild(Command::Connect)),
};
