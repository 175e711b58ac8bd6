//! What messages mean.

use ostinato_machine::guild::{LoopMode, Where};
use ostinato_machine::ids::{ChannelId, GuildId};
use proptest::prelude::*;

use super::tests::ALL;
use super::*;

pub(super) const OWN: UserId = UserId(42);

/// A message as Discord tells of it.
pub(super) fn message(text: &str) -> Written {
    Written {
        id: 1 << 40,
        guild: GuildId(1),
        channel: ChannelId(2),
        user: UserId(3),
        text: text.into(),
        arrived_ms: 5,
        replayed: false,
    }
}

fn read(text: &str) -> Option<Interpreted> {
    written(ALL, &message(text), OWN, "!")
}

#[test]
fn commands_mean_the_same_behind_a_mention_and_the_prefix() {
    let play = |query: &str, at| Command::Play {
        query: query.into(),
        at,
    };
    let table = [
        ("play Blue in Green", play("Blue in Green", Where::End)),
        ("p where:next Blue in Green", play("Blue in Green", Where::Next)),
        ("Skip", Command::Skip),
        ("loop track", Command::Loop { mode: LoopMode::Track }),
        ("seek 1:30", Command::Seek { position_ms: 90_000 }),
        (
            "rm 3 - 7",
            Command::Remove {
                index: 3,
                last: Some(7),
            },
        ),
        ("volume 80%", Command::Volume { percent: 80 }),
        ("move 3 1", Command::Move { from: 3, to: 1 }),
        ("q 2", Command::Queue { page: 1 }),
    ];
    for (text, expected) in table {
        for called in ["!", "<@42> ", "<@!42>"] {
            let read = read(&format!("{called}{text}"));
            assert!(
                matches!(&read, Some(Interpreted::Guild { command, .. }) if *command == expected),
                "{called}{text}: {read:?}"
            );
        }
    }
}

#[test]
fn a_bad_option_is_told_with_how_the_command_is_written() {
    let table = [
        ("!play", "play", "query", Problem::Missing),
        (
            "!volume loud",
            "volume",
            "level",
            Problem::OutOfRange { min: 0, max: 200 },
        ),
        ("!vol 201", "volume", "level", Problem::OutOfRange { min: 0, max: 200 }),
        ("!loop all", "loop", "mode", Problem::NoChoice),
        ("!clear 3", "clear", "3", Problem::TooMany),
        ("!seek soon", "seek", "position", Problem::NoPosition),
        ("!play where:now where:next x", "play", "where", Problem::Twice),
    ];
    for (text, command, option, problem) in table {
        let expected = Local::BadOption {
            command,
            option: option.into(),
            problem,
            written: true,
        };
        assert_eq!(read(text), Some(Interpreted::Here(expected)), "{text}");
    }
}

#[test]
fn who_mentions_the_bot_is_answered_and_who_uses_the_prefix_only_for_a_command() {
    let here = |local| Some(Interpreted::Here(local));
    let prefix = Some("!".into());
    assert_eq!(read("<@42>"), here(Local::Greeting { prefix }));
    assert_eq!(
        written(ALL, &message("<@42>"), OWN, ""),
        here(Local::Greeting { prefix: None })
    );
    let name = "Dance".into();
    assert_eq!(read("<@42> Dance now"), here(Local::UnknownCommand { name }));
    for text in ["!dance", "!!!", "!", "play x", "hello", "<@43> play x"] {
        assert_eq!(read(text), None, "{text}");
    }
    assert_eq!(
        written(ALL, &message("!skip"), OWN, ""),
        None,
        "words that may not be read call nobody"
    );
    let command = Some("nowplaying");
    assert_eq!(read("!help np"), here(Local::Help { command, table: ALL }));
}

proptest! {
    #[test]
    fn no_message_is_too_strange(text in "(!|<@42>)?[a-z: \"<>0-9]{0,12}\\PC{0,40}") {
        let _ = read(&text);
    }
}
