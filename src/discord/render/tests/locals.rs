//! Answers that need no guild, each with words that must be in it.

use super::drills;
use crate::discord::commands::{Local, Problem, Table};

pub(super) fn locals() -> Vec<(Local, Vec<&'static str>)> {
    let bad = |problem| Local::BadOption {
        command: "loop",
        option: "mode".into(),
        problem,
        written: false,
    };
    let written = |command, problem| Local::BadOption {
        command,
        option: "x".into(),
        problem,
        written: true,
    };
    let help = |command| Local::Help {
        command,
        table: Table { drills: true },
    };
    let greeting = |prefix: Option<&str>| Local::Greeting {
        prefix: prefix.map(Into::into),
    };
    let mut all = vec![
        (help(None), vec!["/play query [where]", "/ping", "/chaos run [fault]"]),
        (help(Some("chaos")), vec!["/chaos run [fault]", "/chaos status"]),
        (help(Some("seek")), vec!["/seek position", "1m30s", "at most"]),
        (Local::Ping { delivered_ms: Some(52) }, vec!["52 ms"]),
        (Local::Ping { delivered_ms: None }, vec!["here"]),
        (Local::ServerOnly { command: "skip" }, vec!["/skip", "server"]),
        (
            Local::UnknownCommand { name: "dan_ce".into() },
            vec!["dan\\_ce", "/help"],
        ),
        (bad(Problem::Missing), vec!["/loop", "mode"]),
        (bad(Problem::Unknown), vec!["/loop", "mode", "/help loop"]),
        (bad(Problem::NoText), vec!["mode", "text"]),
        (bad(Problem::OutOfRange { min: 0, max: 200 }), vec!["0 to 200"]),
        (bad(Problem::TooLong { max: 500 }), vec!["500 characters"]),
        (bad(Problem::NoChoice), vec!["`off`, `track`, `queue`"]),
        (bad(Problem::NoPosition), vec!["1m30s"]),
        (bad(Problem::NoPlaces), vec!["3-7", "/queue"]),
        (
            written("play", Problem::Missing),
            vec!["/play", "`play <query> [where:end|next|now]`"],
        ),
        (written("loop", Problem::NoChoice), vec!["`loop <off|track|queue>`"]),
        (written("clear", Problem::TooMany), vec!["no use for \"x\"", "`clear`"]),
        (written("move", Problem::Twice), vec!["twice", "`move <src> <dest>`"]),
        (greeting(None), vec!["Type `/play`, or mention me", "/help"]),
        (greeting(Some("!")), vec!["`!play`", "mention me"]),
        (Local::UnknownInteraction, vec!["/help"]),
    ];
    all.extend(drills::locals());
    all
}
