//! The commands: one table, one file each. Registration, help, the generated page, what an interaction means and
//! what a message means all come from [`COMMANDS`].
//!
//! What a command does is decided by the guild machine; here stands only how it is called. To add one: a file with the
//! same parts, and a line in the table.

mod autoplay;
mod catalogue;
mod chaos;
mod clear;
mod connect;
mod disconnect;
mod given;
mod grammar;
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
#[cfg(test)]
mod written_tests;

use ostinato_machine::guild::Command;
use ostinato_machine::ids::UserId;

use super::interaction::{Data, GivenOption, Interaction};
use super::written::{Called, Written, called};
use given::{Fault, Given};

pub use catalogue::{json, markdown};
pub use chaos::{Drill, Fault as DrillFault};
pub use spec::{CommandSpec, Family, Kind, Local, OptionSpec, Problem, Rights, Scope, Visibility};

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
    autoplay::SPEC,
    move_track::SPEC,
    remove::SPEC,
    clear::SPEC,
    connect::SPEC,
    disconnect::SPEC,
    voiceinfo::SPEC,
    help::SPEC,
    ping::SPEC,
    chaos::RUN,
    chaos::STATUS,
];

/// The families of those commands that have two words.
pub static FAMILIES: &[Family] = &[chaos::FAMILY];

/// The commands that one process offers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Those for operators too: faults may be ordered.
    pub drills: bool,
}

impl Table {
    /// They, in the order in which people meet them.
    pub fn specs(self) -> impl Iterator<Item = &'static CommandSpec> {
        let there = move |spec: &&CommandSpec| self.drills || spec.rights != Rights::Operator;
        COMMANDS.iter().filter(there)
    }

    /// The one called `name`.
    pub fn find(self, name: &str) -> Option<&'static CommandSpec> {
        self.specs().find(|spec| spec.name == name)
    }

    /// Those whose first word is `name`, which is a family's.
    pub fn family(self, name: &str) -> impl Iterator<Item = &'static CommandSpec> {
        self.specs()
            .filter(move |spec| spec.sub().is_some_and(|(family, _)| family == name))
    }
}

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
    /// A fault, or a question about faults, in the guild where it is asked.
    Drill(Drill),
}

/// What a command's own file makes of its options.
enum Meaning {
    Guild(Command),
    Here(Local),
    Drill(Drill),
}

/// What an interaction means, of the commands that `table` has. Total: whatever can't be understood becomes a private
/// answer that says so.
pub fn interpret(table: Table, interaction: &Interaction) -> Interpreted {
    let (name, options) = match &interaction.data {
        Data::Command { name, options } => (name, options),
        Data::Component { id } => return pressed::pressed(id, interaction),
        Data::Complete { .. } | Data::Other(_) => return Interpreted::Here(Local::UnknownInteraction),
    };
    let Some(spec) = table.find(name) else {
        return Interpreted::Here(Local::UnknownCommand { name: name.clone() });
    };
    if spec.scope == Scope::Server && interaction.guild.is_none() {
        return Interpreted::Here(Local::ServerOnly { command: spec.name });
    }
    let place = (interaction.id, interaction.arrived_ms);
    understand(table, spec, options, place).unwrap_or_else(|fault| bad(spec, fault, false))
}

/// What is offered while an option is typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Completes {
    /// The names of these commands.
    Names(Vec<&'static str>),
    /// What a search for the text finds.
    Tracks,
    /// Nothing.
    Nothing,
}

/// Most that Discord shows.
const OFFERED: usize = 25;

/// What is offered for `option` of the command `name` when it is `typed` so far.
pub fn completes(table: Table, name: &str, option: &str, typed: &str) -> Completes {
    let options = table.find(name).map_or(&[][..], |spec| spec.options);
    match options
        .iter()
        .find(|declared| declared.name == option)
        .map(|declared| &declared.kind)
    {
        Some(Kind::Search { .. }) => Completes::Tracks,
        Some(Kind::CommandName) => {
            let typed = typed.trim().trim_start_matches('/').to_lowercase();
            let mut names: Vec<&str> = table.specs().map(|spec| spec.name).collect();
            names.retain(|name| name.contains(&typed));
            // What begins so comes before what only has it.
            names.sort_by_key(|name| !name.starts_with(&typed));
            names.truncate(OFFERED);
            Completes::Names(names)
        }
        Some(Kind::Text { .. } | Kind::Whole { .. } | Kind::Choice(_)) | None => Completes::Nothing,
    }
}

/// What a message means to the bot that is the user `own` and answers to `prefix` too; `None` when it is not for the bot.
/// Whoever mentions the bot is answered in any case; behind a prefix only what is a command is.
pub fn written(table: Table, message: &Written, own: UserId, prefix: &str) -> Option<Interpreted> {
    let (text, mentioned) = match called(&message.text, own, prefix)? {
        Called::ByMention("") => {
            let prefix = Some(prefix).filter(|prefix| !prefix.is_empty()).map(Into::into);
            return Some(Interpreted::Here(Local::Greeting { prefix }));
        }
        Called::ByMention(text) => (text, true),
        Called::ByPrefix(text) => (text, false),
    };
    let Some((spec, rest)) = grammar::command(table, text) else {
        let name = grammar::first_word(text).0.to_lowercase();
        if let Some(family) = grammar::family(table, &name) {
            let command = Some(family.name);
            return Some(Interpreted::Here(Local::Help { command, table }));
        }
        let name = grammar::first_word(text).0.into();
        return mentioned.then_some(Interpreted::Here(Local::UnknownCommand { name }));
    };
    let given = grammar::options(spec, rest);
    let meaning = given.and_then(|options| understand(table, spec, &options, (message.id, message.arrived_ms)));
    Some(meaning.unwrap_or_else(|fault| bad(spec, fault, true)))
}

/// What a command with these options means. `place`: Discord's id of what gave it, and when that came in.
fn understand(
    table: Table,
    spec: &CommandSpec,
    options: &[GivenOption],
    place: (u64, u64),
) -> Result<Interpreted, Fault> {
    let given = Given::check(table, spec, options, place)?;
    Ok(match (spec.interpret)(&given)? {
        Meaning::Guild(command) => Interpreted::Guild {
            command,
            public: spec.visibility == Visibility::Public,
        },
        Meaning::Here(local) => Interpreted::Here(local),
        Meaning::Drill(drill) => Interpreted::Drill(drill),
    })
}

fn bad(spec: &CommandSpec, (option, problem): Fault, written: bool) -> Interpreted {
    Interpreted::Here(Local::BadOption {
        command: spec.name,
        option,
        problem,
        written,
    })
}
