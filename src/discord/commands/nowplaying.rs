//! `/nowplaying`

use ostinato_machine::guild::Command;

use super::Meaning;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "nowplaying",
    aliases: &["np"],
    description: "Show what is playing",
    options: &[],
    visibility: Visibility::Public,
    rights: Rights::Anyone,
    scope: Scope::Server,
    help: "Shows the track, how far it is, who asked for it and what comes next.",
    interpret: |_| Ok(Meaning::Guild(Command::NowPlaying)),
};
