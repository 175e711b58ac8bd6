//! `/voiceinfo`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "voiceinfo",
    aliases: &[],
    description: "Show where the bot is in voice",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Anyone,
    scope: Scope::Server,
    help: "Tells the channel, who listens, what the player does and when the bot leaves by itself.",
    interpret: |_| Ok(Meaning::Guild(Command::VoiceInfo)),
};
