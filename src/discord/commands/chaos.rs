//! `/chaos`: faults by order, for whoever runs the bot.

use std::fmt;

use ostinato_actors::operator::LONGEST_BLOCK_MS;

use super::Meaning;
use super::given::{Fault as Bad, Given};
use super::spec::{CommandSpec, Family, Kind, OptionSpec, Problem, Rights, Scope, Visibility};
use crate::store::{LONGEST_S, SLOWEST_MS};

pub(super) const FAMILY: Family = Family {
    name: "chaos",
    description: "Order faults in this server, and see how they are borne",
};

pub(super) const RUN: CommandSpec = CommandSpec {
    name: "chaos run",
    aliases: &[],
    description: "Order a fault in this server",
    options: &[
        OptionSpec {
            name: "fault",
            description: "What is to fail; a panic if not said",
            required: false,
            kind: Kind::Choice(&[
                ("panic", "panic: die before anything is changed"),
                ("poison", "poison: die in the midst of a change"),
                ("block", "block: the thread of this server hangs"),
                ("store_slow", "store_slow: saving takes longer"),
                ("store_full", "store_full: nothing can be saved"),
            ]),
        },
        OptionSpec {
            name: "ms",
            description: "For block: how long, 2,000 ms if not said; for store_slow: how much longer, 500 ms if not said",
            required: false,
            kind: Kind::Whole {
                min: 1,
                max: LONGEST_BLOCK_MS,
            },
        },
        OptionSpec {
            name: "for_s",
            description: "For store_slow and store_full: how many seconds it lasts, 10 if not said",
            required: false,
            kind: Kind::Whole { min: 1, max: LONGEST_S },
        },
    ],
    visibility: Visibility::Private,
    rights: Rights::Operator,
    scope: Scope::Server,
    help: "Says that the fault was ordered, and then lets it happen, in servers that `chaos.guild_allowlist` names. A \
           blocked thread and the store are shared with other servers: those faults need the list to be `*`. Every order \
           is written down with who gave it.",
    interpret: run,
};

pub(super) const STATUS: CommandSpec = CommandSpec {
    name: "chaos status",
    aliases: &[],
    description: "Show which faults may be ordered here and what came of the last ones",
    options: &[],
    visibility: Visibility::Private,
    rights: Rights::Operator,
    scope: Scope::Server,
    help: "Shows the last faults that were ordered in this server, and what died of them.",
    interpret: |_| Ok(Meaning::Drill(Drill::Status)),
};

/// What somebody who runs the bot wants of `/chaos`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drill {
    /// A fault.
    Run(Fault),
    /// What may fail, and what did.
    Status,
}

/// What is to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The guild panics while it decides.
    Panic,
    /// The guild panics while it applies.
    Poison,
    /// The guild blocks its thread.
    Block {
        /// For so long, ms.
        ms: u32,
    },
    /// Each commit takes longer.
    StoreSlow {
        /// By so much, ms.
        ms: u32,
        /// For so long, s.
        for_s: u32,
    },
    /// No commit succeeds.
    StoreFull {
        /// For so long, s.
        for_s: u32,
    },
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panic => f.write_str("panic"),
            Self::Poison => f.write_str("poison"),
            Self::Block { ms } => write!(f, "block for {ms} ms"),
            Self::StoreSlow { ms, for_s } => write!(f, "store slower by {ms} ms for {for_s} s"),
            Self::StoreFull { for_s } => write!(f, "store full for {for_s} s"),
        }
    }
}

fn run(given: &Given<'_>) -> Result<Meaning, Bad> {
    let (ms, for_s) = (given.whole("ms"), given.whole("for_s"));
    let useless = |name: &str| Err((name.into(), Problem::TooMany));
    let fault = match (given.text("fault").unwrap_or("panic"), ms, for_s) {
        ("block" | "panic" | "poison", _, Some(_)) => return useless("for_s"),
        ("panic" | "poison" | "store_full", Some(_), _) => return useless("ms"),
        ("store_slow", Some(ms), _) if ms > SLOWEST_MS => {
            let max = SLOWEST_MS;
            return Err(("ms".into(), Problem::OutOfRange { min: 1, max }));
        }
        ("panic", ..) => Fault::Panic,
        ("poison", ..) => Fault::Poison,
        ("block", ..) => Fault::Block {
            ms: ms.unwrap_or(2_000),
        },
        ("store_slow", ..) => Fault::StoreSlow {
            ms: ms.unwrap_or(500),
            for_s: for_s.unwrap_or(10),
        },
        ("store_full", ..) => Fault::StoreFull {
            for_s: for_s.unwrap_or(10),
        },
        _ => return Err(("fault".into(), Problem::NoChoice)),
    };
    Ok(Meaning::Drill(Drill::Run(fault)))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{ALL, interaction};
    use super::super::written_tests::{OWN, message};
    use super::super::{Interpreted, Local, Table, interpret, written};
    use super::*;
    use crate::discord::interaction::Value;

    fn typed(table: Table, guild: Option<u64>, name: &str, options: &[(&str, Value)]) -> Interpreted {
        interpret(table, &interaction(guild, name, options.to_vec()))
    }

    fn said(table: Table, text: &str) -> Option<Interpreted> {
        written(table, &message(text), OWN, "!")
    }

    #[test]
    fn a_fault_has_its_figures_and_no_others() {
        let of = |text: &str| said(ALL, &format!("!chaos run {text}"));
        let fine = [
            ("", Fault::Panic),
            ("panic", Fault::Panic),
            ("Poison", Fault::Poison),
            ("block", Fault::Block { ms: 2_000 }),
            ("block 120000", Fault::Block { ms: 120_000 }),
            ("store_slow for_s:3", Fault::StoreSlow { ms: 500, for_s: 3 }),
            ("store_slow 10000 600", Fault::StoreSlow { ms: 10_000, for_s: 600 }),
            ("store_full", Fault::StoreFull { for_s: 10 }),
        ];
        for (text, fault) in fine {
            assert_eq!(of(text), Some(Interpreted::Drill(Drill::Run(fault))), "{text}");
        }
        for text in [
            "panic 5",
            "poison for_s:5",
            "block for_s:5",
            "block 120001",
            "store_slow 10001",
            "store_slow 1 601",
            "store_full 5",
            "flood",
            "block 0",
        ] {
            let bad = matches!(
                of(text),
                Some(Interpreted::Here(Local::BadOption {
                    command: "chaos run",
                    ..
                }))
            );
            assert!(bad, "{text}: {:?}", of(text));
        }
    }

    #[test]
    fn both_ways_to_call_it_mean_the_same() {
        let block = Interpreted::Drill(Drill::Run(Fault::Block { ms: 300 }));
        let options = [("fault", Value::Text("block".into())), ("ms", Value::Integer(300))];
        assert_eq!(typed(ALL, Some(1), "chaos run", &options), block);
        assert_eq!(said(ALL, "<@42> chaos run block 300"), Some(block));
        let status = Interpreted::Drill(Drill::Status);
        assert_eq!(typed(ALL, Some(1), "chaos status", &[]), status);
        assert_eq!(said(ALL, "!chaos STATUS"), Some(status));
        let elsewhere = typed(ALL, None, "chaos run", &[]);
        assert_eq!(elsewhere, Interpreted::Here(Local::ServerOnly { command: "chaos run" }));
    }

    #[test]
    fn one_word_alone_is_told_what_follows_it() {
        let family = Interpreted::Here(Local::Help {
            command: Some("chaos"),
            table: ALL,
        });
        assert_eq!(said(ALL, "!chaos").as_ref(), Some(&family));
        assert_eq!(said(ALL, "<@42> Chaos monkey").as_ref(), Some(&family));
        assert_eq!(said(ALL, "!help chaos").as_ref(), Some(&family));
    }

    #[test]
    fn where_no_faults_may_be_ordered_nothing_is_known_of_it() {
        let none = Table::default();
        let unknown = |name: &str| Interpreted::Here(Local::UnknownCommand { name: name.into() });
        assert_eq!(typed(none, Some(1), "chaos run", &[]), unknown("chaos run"));
        assert_eq!(said(none, "!chaos run"), None);
        assert_eq!(said(none, "<@42> chaos"), Some(unknown("chaos")));
        assert_eq!(said(none, "!help chaos"), Some(unknown("chaos")));
        assert_eq!(none.family("chaos").count(), 0);
    }
}
