//! `/timeshift`: another name of `/seek`.

use super::seek;
use super::spec::{CommandSpec, Rights, Scope, Visibility};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "timeshift",
    aliases: &[],
    description: "Go to a position in the current track, as /seek does",
    options: seek::OPTIONS,
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Another name of /seek, which takes the same positions.",
    interpret: seek::interpret,
};
