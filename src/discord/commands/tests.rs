use ostinato_machine::guild::{LoopMode, Where};
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};
use proptest::prelude::*;

use super::*;
use crate::discord::interaction::{GivenOption, Value};

pub(super) const ALL: Table = Table { drills: true };

/// A command as Discord tells of it.
pub(super) fn interaction(guild: Option<u64>, name: &str, options: Vec<(&str, Value)>) -> Interaction {
    let given = |(name, value): (&str, Value)| GivenOption {
        name: name.into(),
        value,
    };
    Interaction {
        id: 1 << 40,
        application: 7,
        token: Hidden::new("token"),
        arrived_ms: 1_420_070_400_000 + (1 << 18) + 42,
        guild: guild.map(GuildId),
        channel: Some(ChannelId(3)),
        user: UserId(4),
        user_permissions: 0,
        app_permissions: 0,
        data: Data::Command {
            name: name.into(),
            options: options.into_iter().map(given).collect(),
        },
    }
}

fn text(text: &str) -> Value {
    Value::Text(text.into())
}

fn of(name: &str, options: Vec<(&str, Value)>) -> Interpreted {
    interpret(ALL, &interaction(Some(1), name, options))
}

fn private(command: Command) -> Interpreted {
    Interpreted::Guild { command, public: false }
}

fn public(command: Command) -> Interpreted {
    Interpreted::Guild { command, public: true }
}

#[test]
fn every_command_means_what_its_name_says() {
    let play = |at, options| {
        (
            public(Command::Play {
                query: "a song".into(),
                at,
            }),
            of("play", options),
        )
    };
    let table = [
        play(Where::End, vec![("query", text("  a song "))]),
        play(Where::Next, vec![("query", text("a song")), ("where", text("next"))]),
        play(Where::Now, vec![("where", text("now")), ("query", text("a song"))]),
        (public(Command::Connect), of("connect", vec![])),
        (private(Command::Disconnect), of("disconnect", vec![])),
        (private(Command::Pause), of("pause", vec![])),
        (private(Command::Resume), of("resume", vec![])),
        (private(Command::Skip), of("skip", vec![])),
        (private(Command::Stop), of("stop", vec![])),
        (
            private(Command::Seek { position_ms: 90_000 }),
            of("seek", vec![("position", text("1:30"))]),
        ),
        (
            private(Command::Volume { percent: 80 }),
            of("volume", vec![("level", Value::Integer(80))]),
        ),
        (
            private(Command::Volume { percent: 0 }),
            of("volume", vec![("level", Value::Number(0.0))]),
        ),
        (
            private(Command::Loop { mode: LoopMode::Queue }),
            of("loop", vec![("mode", text("queue"))]),
        ),
        (private(Command::Queue { page: 0 }), of("queue", vec![])),
        (
            private(Command::Queue { page: 2 }),
            of("queue", vec![("page", Value::Integer(3))]),
        ),
        (public(Command::NowPlaying), of("nowplaying", vec![])),
    ];
    for (expected, got) in table {
        assert_eq!(got, expected);
    }
}

#[test]
fn the_queue_and_what_only_reads_mean_what_their_names_say() {
    let table = [
        (private(Command::Replay), of("replay", vec![])),
        (private(Command::Shuffle), of("shuffle", vec![])),
        (private(Command::Clear), of("clear", vec![])),
        (private(Command::VoiceInfo), of("voiceinfo", vec![])),
        (private(Command::VolumeInfo), of("volume-info", vec![])),
        (private(Command::History { page: 0 }), of("history", vec![])),
        (
            private(Command::History { page: 4 }),
            of("history", vec![("page", Value::Integer(5))]),
        ),
        (
            private(Command::Seek { position_ms: 90_000 }),
            of("timeshift", vec![("position", text("1m30s"))]),
        ),
        (
            private(Command::Move { from: 4, to: 1 }),
            of("move", vec![("src", Value::Integer(4)), ("dest", Value::Integer(1))]),
        ),
        (
            private(Command::Remove { index: 3, last: None }),
            of("remove", vec![("index", text("3"))]),
        ),
        (
            private(Command::Remove {
                index: 3,
                last: Some(7),
            }),
            of("remove", vec![("index", text(" 3 - 7 "))]),
        ),
    ];
    for (expected, got) in table {
        assert_eq!(got, expected);
    }
}

#[test]
fn what_needs_no_guild_is_answered_here() {
    let help = |command| Interpreted::Here(Local::Help { command, table: ALL });
    assert_eq!(of("help", vec![]), help(None));
    assert_eq!(of("help", vec![("command", text("/Play "))]), help(Some("play")));
    let ping = Interpreted::Here(Local::Ping { delivered_ms: Some(42) });
    assert_eq!(of("ping", vec![]), ping);
    assert_eq!(interpret(ALL, &interaction(None, "ping", vec![])), ping);
    assert_eq!(interpret(ALL, &interaction(None, "help", vec![])), help(None));
}

#[test]
fn a_guild_command_in_a_direct_message_says_that_it_needs_a_server() {
    for spec in COMMANDS.iter().filter(|spec| spec.scope == Scope::Server) {
        let answer = interpret(ALL, &interaction(None, spec.name, vec![]));
        assert_eq!(answer, Interpreted::Here(Local::ServerOnly { command: spec.name }));
    }
}

#[test]
fn a_bad_option_is_answered_with_what_is_wrong() {
    let table = [
        ("play", vec![], "query", Problem::Missing),
        ("play", vec![("query", Value::Integer(5))], "query", Problem::NoText),
        (
            "play",
            vec![("query", text(&"x".repeat(501)))],
            "query",
            Problem::TooLong { max: 500 },
        ),
        (
            "play",
            vec![("query", text("a")), ("where", text("there"))],
            "where",
            Problem::NoChoice,
        ),
        ("skip", vec![("count", Value::Integer(2))], "count", Problem::Unknown),
        (
            "seek",
            vec![("position", text("soon"))],
            "position",
            Problem::NoPosition,
        ),
        (
            "volume",
            vec![("level", Value::Integer(201))],
            "level",
            Problem::OutOfRange { min: 0, max: 200 },
        ),
        (
            "volume",
            vec![("level", Value::Integer(-1))],
            "level",
            Problem::OutOfRange { min: 0, max: 200 },
        ),
        (
            "volume",
            vec![("level", Value::Number(f64::NAN))],
            "level",
            Problem::OutOfRange { min: 0, max: 200 },
        ),
        (
            "volume",
            vec![("level", Value::Bool(true))],
            "level",
            Problem::OutOfRange { min: 0, max: 200 },
        ),
        ("loop", vec![("mode", text("both"))], "mode", Problem::NoChoice),
        (
            "queue",
            vec![("page", Value::Integer(0))],
            "page",
            Problem::OutOfRange { min: 1, max: 100_000 },
        ),
    ];
    all_bad(table);
}

#[test]
fn a_bad_place_position_or_page_is_answered_with_what_is_wrong() {
    let table = [
        ("remove", vec![("index", text("first"))], "index", Problem::NoPlaces),
        ("remove", vec![("index", text("0"))], "index", Problem::NoPlaces),
        ("remove", vec![("index", Value::Integer(3))], "index", Problem::NoText),
        (
            "timeshift",
            vec![("position", text("soon"))],
            "position",
            Problem::NoPosition,
        ),
        ("move", vec![("src", Value::Integer(1))], "dest", Problem::Missing),
        (
            "move",
            vec![("src", Value::Integer(0)), ("dest", Value::Integer(1))],
            "src",
            Problem::OutOfRange { min: 1, max: 100_000 },
        ),
        (
            "history",
            vec![("page", Value::Integer(0))],
            "page",
            Problem::OutOfRange { min: 1, max: 100_000 },
        ),
    ];
    all_bad(table);
}

/// A command, the options that came with it, the one at fault, and what is wrong with it.
type Bad = (&'static str, Vec<(&'static str, Value)>, &'static str, Problem);

fn all_bad<const N: usize>(table: [Bad; N]) {
    for (command, options, option, problem) in table {
        let expected = Interpreted::Here(Local::BadOption {
            command,
            option: option.into(),
            problem,
            written: false,
        });
        assert_eq!(of(command, options), expected);
    }
}

#[test]
fn what_is_unknown_gets_a_private_answer() {
    let unknown = |name: &str| Interpreted::Here(Local::UnknownCommand { name: name.into() });
    assert_eq!(of("dance", vec![]), unknown("dance"));
    assert_eq!(of("help", vec![("command", text("dance"))]), unknown("dance"));
    let mut pressed = interaction(Some(1), "play", vec![]);
    pressed.data = Data::Other(3);
    assert_eq!(interpret(ALL, &pressed), Interpreted::Here(Local::UnknownInteraction));
    for local in [Local::UnknownInteraction, Local::UnknownCommand { name: "x".into() }] {
        assert!(!local.is_public());
    }
}

#[test]
fn a_clock_that_disagrees_tells_no_time() {
    for arrived_ms in [0, u64::MAX] {
        let mut ping = interaction(None, "ping", vec![]);
        ping.arrived_ms = arrived_ms;
        assert_eq!(
            interpret(ALL, &ping),
            Interpreted::Here(Local::Ping { delivered_ms: None })
        );
    }
}

#[test]
fn the_table_keeps_discords_limits() {
    let is_name = |name: &str| {
        (1..=32).contains(&name.len())
            && name
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte == b'-' || byte == b'_')
    };
    let fits = |text: &str| (1..=100).contains(&text.chars().count());
    let offered = Table::default().specs().count();
    assert!(offered <= 25, "the option of /help offers all of them as choices");
    for (at, spec) in COMMANDS.iter().enumerate() {
        assert!(spec.name.split(' ').all(is_name), "{}", spec.name);
        assert!(fits(spec.description), "{}", spec.name);
        assert!(
            !spec.help.is_empty() && !spec.description.ends_with('.'),
            "{}",
            spec.name
        );
        assert!(
            COMMANDS[..at].iter().all(|other| other.name != spec.name),
            "{} twice",
            spec.name
        );
        assert!(spec.options.len() <= 25);
        assert!(
            spec.options.is_sorted_by_key(|option| !option.required),
            "{}",
            spec.name
        );
        for option in spec.options {
            assert!(
                is_name(option.name) && fits(option.description),
                "{} {}",
                spec.name,
                option.name
            );
            match option.kind {
                Kind::Text { max_chars } | Kind::Search { max_chars } => assert!((1..=6_000).contains(&max_chars)),
                Kind::Whole { min, max } => assert!(min < max),
                Kind::Choice(choices) => {
                    assert!((1..=25).contains(&choices.len()));
                    assert!(choices.iter().all(|(value, words)| fits(value) && fits(words)));
                }
                Kind::CommandName => {}
            }
        }
    }
}

#[test]
fn only_what_everybody_should_know_is_public() {
    let public: Vec<&str> = COMMANDS
        .iter()
        .filter(|spec| spec.visibility == Visibility::Public)
        .map(|spec| spec.name)
        .collect();
    assert_eq!(public, ["play", "nowplaying", "connect", "ping"]);
}

#[test]
fn the_page_and_the_data_hold_every_command_and_option() {
    let page = markdown();
    let data: serde_json::Value = serde_json::from_str(&json()).unwrap();
    let data = data.as_array().unwrap();
    assert_eq!(data.len(), COMMANDS.len());
    for (spec, value) in COMMANDS.iter().zip(data) {
        assert!(page.contains(&format!("\n## /{}\n", spec.name)));
        assert!(page.contains(spec.description) && page.contains(spec.help));
        assert_eq!(value["name"], spec.name);
        assert_eq!(value["help"], spec.help);
        let options = value["options"].as_array().unwrap();
        assert_eq!(options.len(), spec.options.len());
        for (option, value) in spec.options.iter().zip(options) {
            assert_eq!(value["name"], option.name);
            assert_eq!(value["required"], option.required);
            assert!(page.contains(&format!("| `{}` | {} |", option.name, option.description)));
        }
    }
}

proptest! {
    #[test]
    fn no_interaction_is_too_strange(
        id in any::<u64>(),
        arrived_ms in any::<u64>(),
        command in proptest::sample::select(COMMANDS.iter().map(|spec| spec.name).chain(["x"]).collect::<Vec<_>>()),
        option in proptest::sample::select(vec!["query", "where", "position", "level", "page", "mode", "command", "src", "dest", "index"]),
        value in prop_oneof![
            any::<String>().prop_map(|text| Value::Text(text.into())),
            any::<i64>().prop_map(Value::Integer),
            any::<f64>().prop_map(Value::Number),
            any::<bool>().prop_map(Value::Bool),
        ],
    ) {
        let mut given = interaction(Some(1), command, vec![(option, value)]);
        given.id = id;
        given.arrived_ms = arrived_ms;
        let _ = interpret(ALL, &given);
    }
}

#[test]
fn what_is_offered_follows_the_table() {
    let names = |typed: &str| match completes(ALL, "help", "command", typed) {
        Completes::Names(names) => names,
        other @ (Completes::Tracks | Completes::Nothing) => panic!("{other:?}"),
    };
    assert_eq!(names("").len(), COMMANDS.len().min(25));
    assert_eq!(names("/VOL"), ["volume", "volume-info"]);
    assert_eq!(names("info"), ["volume-info", "voiceinfo"]);
    assert!(names("no such thing").is_empty());
    assert_eq!(completes(ALL, "play", "query", "x"), Completes::Tracks);
    for (name, option) in [("play", "where"), ("play", "nothing"), ("nothing", "query")] {
        assert_eq!(completes(ALL, name, option, "x"), Completes::Nothing, "{name} {option}");
    }
}
