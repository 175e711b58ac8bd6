//! The parts of a command.

use super::given::{Fault, Given};
use super::{Meaning, Table};
use crate::discord::answers::Outcome;
use crate::discord::drill::Drilled;

/// A command, as people see it and as Discord is told of it.
pub struct CommandSpec {
    /// Its name, without the slash. One of two words is a subcommand: the first is the name of its family.
    pub name: &'static str,
    /// Other names that it has where it is written in a message.
    pub aliases: &'static [&'static str],
    /// What it does, in at most 100 characters.
    pub description: &'static str,
    /// Its options, those that are required first.
    pub options: &'static [OptionSpec],
    /// Who sees the ordinary answer.
    pub visibility: Visibility,
    /// Who may use it.
    pub rights: Rights,
    /// Where it works.
    pub scope: Scope,
    /// What `/help` says of it.
    pub help: &'static str,
    /// What it means, given options that were checked against `options`.
    pub(super) interpret: fn(&Given<'_>) -> Result<Meaning, Fault>,
}

/// Commands that share their first word. Discord shows them below it.
pub struct Family {
    /// The word.
    pub name: &'static str,
    /// What they do together, in at most 100 characters.
    pub description: &'static str,
}

impl CommandSpec {
    /// The name of its family, and its own within it.
    pub fn sub(&self) -> Option<(&'static str, &'static str)> {
        self.name.split_once(' ')
    }
}

/// An option of a command.
pub struct OptionSpec {
    /// Its name.
    pub name: &'static str,
    /// What it is, in at most 100 characters.
    pub description: &'static str,
    /// Whether it must be given.
    pub required: bool,
    /// What it takes.
    pub kind: Kind,
}

/// What an option takes.
pub enum Kind {
    /// A text.
    Text {
        /// Most characters.
        max_chars: u16,
    },
    /// Words to search for, or an address. What is found is offered while it is typed.
    Search {
        /// Most characters.
        max_chars: u16,
    },
    /// A whole number.
    Whole {
        /// Lowest.
        min: u32,
        /// Highest.
        max: u32,
    },
    /// One of these values; each with the words that people see.
    Choice(&'static [(&'static str, &'static str)]),
    /// The name of a command. Names are offered while it is typed.
    CommandName,
}

/// Who sees the ordinary answer. A refusal is for the caller alone in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visibility {
    /// Everybody in the channel.
    Public,
    /// The caller.
    Private,
}

/// Who may use a command. The guild machine decides, but about operators; this is what people are told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Everybody.
    Anyone,
    /// Who is in a voice channel: the bot's, if it is in one with listeners.
    InVoice,
    /// Who is in the bot's voice channel; everybody in a voice channel while nobody listens there.
    Control,
    /// Who runs the bot. Such commands are there only where faults may be ordered.
    Operator,
}

/// Where a command works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// In a server only.
    Server,
    /// In direct messages too.
    Anywhere,
}

/// An answer that needs no guild.
#[derive(Clone, Debug, PartialEq)]
pub enum Local {
    /// What commands there are, or how one is used.
    Help {
        /// Which one, or which family; `None` for all.
        command: Option<&'static str>,
        /// Those that there are.
        table: Table,
    },
    /// What came of a fault that somebody ordered, or may order.
    Drill(Box<Drilled>),
    /// The bot is there.
    Ping {
        /// How long the command took to arrive, ms; `None` when the clocks disagree.
        delivered_ms: Option<u64>,
    },
    /// The command works in a server only.
    ServerOnly {
        /// The command.
        command: &'static str,
    },
    /// There is no such command.
    UnknownCommand {
        /// What was asked for.
        name: Box<str>,
    },
    /// An option can't be understood.
    BadOption {
        /// The command.
        command: &'static str,
        /// The option.
        option: Box<str>,
        /// What is wrong with it.
        problem: Problem,
        /// It was written in a message: how the command is written there is told with it.
        written: bool,
    },
    /// Somebody called the bot and said nothing more.
    Greeting {
        /// What commands in messages begin with besides a mention; `None` where nothing else is read.
        prefix: Option<Box<str>>,
    },
    /// Something was pressed that this release does not know.
    UnknownInteraction,
}

impl Local {
    /// Whether everybody in the channel sees the answer.
    pub fn is_public(&self) -> bool {
        matches!(self, Self::Ping { .. } | Self::Greeting { .. })
    }

    /// Whether it gives what was asked for, for the metrics.
    pub(in crate::discord) fn outcome(&self) -> Outcome {
        match self {
            Self::Help { .. } | Self::Ping { .. } | Self::Greeting { .. } => Outcome::Answered,
            Self::Drill(drilled) => drilled.outcome(),
            Self::ServerOnly { .. }
            | Self::UnknownCommand { .. }
            | Self::BadOption { .. }
            | Self::UnknownInteraction => Outcome::Refused,
        }
    }
}

/// What is wrong with an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Problem {
    /// It must be given.
    Missing,
    /// The command has no such option.
    Unknown,
    /// It is given twice.
    Twice,
    /// It is a word that the command has no use for.
    TooMany,
    /// It takes a text.
    NoText,
    /// It takes a whole number between these.
    OutOfRange {
        /// Lowest.
        min: u32,
        /// Highest.
        max: u32,
    },
    /// It has too many characters.
    TooLong {
        /// Most characters.
        max: u16,
    },
    /// It is none of the values that the option takes.
    NoChoice,
    /// It is no position in a track.
    NoPosition,
    /// It is neither a place in the queue nor a range of places.
    NoPlaces,
}
