//! The commands: one table, one file each. Registration, help, the generated page and what an interaction means all
//! come from [`COMMANDS`].
//!
//! What a command does is decided by the guild machine; here stands only how it is called. To add one: a file with the
//! same parts, and a line in the table.

mod catalogue;
mod clear;
mod connect;
mod disconnect;
mod given;
mod help;
mod history;
mod loop_mode;
mod move_track;
mod nowplaying;
mod pause;
mod ping;
mod places;
mod play;
mod position;
mod pressed;
mod queue;
mod remove;
mod replay;
mod resume;
mod seek;
mod shuffle;
mod skip;
mod spec;
mod stop;
mod timeshift;
mod voiceinfo;
mod volume;
mod volume_info;

#[cfg(test)]
mod tests;

use ostinato_machine::guild::Command;

use super::interaction::{Data, Interaction};
use given::Given;

pub use catalogue::{json, markdown};
pub use spec::{CommandSpec, Kind, Local, OptionSpec, Problem, Rights, Scope, Visibility};

/// Every command, in the order in which people meet them.
pub static COMMANDS: &[CommandSpec] = &[
    play::SPEC,
    nowplaying::SPEC,
    queue::SPEC,
    history::SPEC,
    pause::SPEC,
    resume::SPEC,
    skip::SPEC,
    stop::SPEC,
    replay::SPEC,
    seek::SPEC,
    timeshift::SPEC,
    volume::SPEC,
    volume_info::SPEC,
    loop_mode::SPEC,
    shuffle::SPEC,
    move_track::SPEC,
    remove::SPEC,
    clear::SPEC,
    connect::SPEC,
    disconnect::SPEC,
    voiceinfo::SPEC,
    help::SPEC,
    ping::SPEC,
];

/// What an interaction asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Interpreted {
    /// Something for the guild.
    Guild {
        /// What.
        command: Command,
        /// Whether its ordinary answer is for everybody in the channel.
        public: bool,
    },
    /// Something that is answered without a guild.
    Here(Local),
}

/// What a command's own file makes of its options.
enum Meaning {
    Guild(Command),
    Here(Local),
}

/// The command called `name`.
pub fn find(name: &str) -> Option<&'static CommandSpec> {
    COMMANDS.iter().find(|spec| spec.name == name)
}

/// What an interaction means. Total: whatever can't be understood becomes a private answer that says so.
pub fn interpret(interaction: &Interaction) -> Interpreted {
    let (name, options) = match &interaction.data {
        Data::Command { name, options } => (name, options),
        Data::Component { id } => return pressed::pressed(id, interaction),
        Data::Other(_) => return Interpreted::Here(Local::UnknownInteraction),
    };
    let Some(spec) = find(name) else {
        return Interpreted::Here(Local::UnknownCommand { name: name.clone() });
    };
    if spec.scope == Scope::Server && interaction.guild.is_none() {
        return Interpreted::Here(Local::ServerOnly { command: spec.name });
    }
    let bad = |(option, problem)| {
        Interpreted::Here(Local::BadOption {
            command: spec.name,
            option,
            problem,
        })
    };
    let given = match Given::check(spec, options, interaction) {
        Ok(given) => given,
        Err(fault) => return bad(fault),
    };
    match (spec.interpret)(&given) {
        Ok(Meaning::Guild(command)) => Interpreted::Guild {
            command,
            public: spec.visibility == Visibility::Public,
        },
        Ok(Meaning::Here(local)) => Interpreted::Here(local),
        Err(fault) => bad(fault),
    }
}
