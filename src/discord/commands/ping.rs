//! `/ping`

use super::Meaning;
use super::spec::{CommandSpec, Local, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ping",
    aliases: &[],
    description: "Ask whether the bot is there",
    options: &[],
    visibility: Visibility::Public,
    rights: Rights::Anyone,
    scope: Scope::Anywhere,
    help: "Answers with the time that the command took to arrive.",
    interpret: |given| {
        Ok(Meaning::Here(Local::Ping {
            delivered_ms: given.delivered_ms,
        }))
    },
};
