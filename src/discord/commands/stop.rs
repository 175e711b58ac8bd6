//! `/stop`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stop",
    aliases: &[],
    description: "Stop the music and clear the queue",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Ends the current track and drops everything that is queued. The bot stays in the voice channel.",
    interpret: |_| Ok(Meaning::Guild(Command::Stop)),
};
