//! `/seek`

use ostinato_machine::guild::Command;

use super::given::{Fault, Given};
use super::spec::{CommandSpec, Kind, OptionSpec, Problem, Rights, Scope, Visibility};
use super::{Meaning, position};

/// Its options, which `/timeshift` shares.
pub(super) const OPTIONS: &[OptionSpec] = &[OptionSpec {
    name: "position",
    description: "From the start of the track: 90, 1:30, 1:02:03 or 1m30s",
    required: true,
    kind: Kind::Text { max_chars: 32 },
}];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "seek",
    aliases: &[],
    description: "Go to a position in the current track",
    options: OPTIONS,
    visibility: Visibility::Private,
    rights: Rights::Control,
    scope: Scope::Server,
    help: "Seconds alone (`90`), with colons (`1:30`, `1:02:03`) or with units (`1m30s`). Live streams can't be sought.",
    interpret,
};

/// What a position means, under either name.
pub(super) fn interpret(given: &Given<'_>) -> Result<Meaning, Fault> {
    let text = given.text("position").unwrap_or_default();
    match position::parse(text) {
        Some(position_ms) => Ok(Meaning::Guild(Command::Seek { position_ms })),
        None => Err(("position".into(), Problem::NoPosition)),
    }
}
