mod defaults;
mod hostile;
mod nodes;

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

const TOKEN: (&str, &str) = ("DISCORD_TOKEN", "very-secret-token");
const HOST: (&str, &str) = ("LAVALINK_HOST", "127.0.0.1");
const PASSWORD: (&str, &str) = ("LAVALINK_PASSWORD", "very-secret-password");

fn reading(yaml: &str, environment: &[(&str, &str)]) -> Reading {
    read(&Sources::of(yaml, environment))
}

/// With what the bot does not start without.
fn with_needs(yaml: &str, more: &[(&str, &str)]) -> Reading {
    let mut environment = vec![TOKEN, HOST, PASSWORD];
    environment.extend_from_slice(more);
    reading(yaml, &environment)
}

fn config(yaml: &str, more: &[(&str, &str)]) -> Config {
    Config::from_reading(with_needs(yaml, more)).unwrap()
}

fn keys_of(reading: &Reading) -> Vec<&str> {
    reading.problems.iter().map(|problem| problem.key.as_str()).collect()
}

fn only_problem(reading: &Reading) -> Problem {
    let [problem] = reading.problems.as_slice() else {
        panic!("{:#?}", reading.problems)
    };
    problem.clone()
}

#[test]
fn the_table_is_sound() {
    let (mut paths, mut variables) = (BTreeSet::new(), BTreeSet::new());
    for key in keys() {
        assert!(paths.insert(key.path), "{} is there twice", key.path);
        assert!(variables.insert(key.env), "{} is there twice", key.env);
        assert!(key.doc.ends_with('.') && !key.doc.contains('|'), "{}", key.path);
        if !matches!(key.path, "log.filter" | "log.no_color") {
            let derived = key.path.to_uppercase().replace('.', "_");
            assert_eq!(
                derived, key.env,
                "the variable is the key in capitals, dots become underscores"
            );
        }
        let Kind::Number { unit, min, max } = key.kind else {
            continue;
        };
        assert!(min <= max, "{}", key.path);
        let ending = match unit {
            Unit::Count => continue,
            Unit::Ms => "_ms",
            Unit::Seconds => "_s",
            Unit::Bytes => "_bytes",
            Unit::Percent => "_percent",
        };
        assert!(
            key.path.ends_with(ending),
            "{} counts {}, so it ends in {ending}",
            key.path,
            unit.long()
        );
    }
}

#[test]
fn every_variable_reaches_its_key() {
    for key in keys() {
        let sample = match key.kind {
            Kind::Text | Kind::Secret | Kind::Host | Kind::Path => "sample".to_owned(),
            Kind::Flag => "true".into(),
            Kind::Number { max, .. } | Kind::Auto { max, .. } => max.to_string(),
            Kind::Choice(words) => words.last().copied().unwrap_or_default().to_owned(),
            Kind::Url => "https://example.org".into(),
            Kind::Nodes => r#"[{"host":"localhost","password":"sample"}]"#.into(),
        };
        let reading = reading("", &[(key.env, &sample)]);
        let effective = reading.get(key.path).unwrap();
        assert_eq!(effective.origin, Origin::Environment(key.env), "{}", key.path);
    }
}

#[test]
fn five_mistakes_are_told_at_once_with_key_origin_and_fix() {
    let yaml = "idle_leave: 5\nqueue_tracks: 0\nlavalink:\n  ping_ms: soon\n";
    let reading = with_needs(
        yaml,
        &[("LAVALINK_PORT", "http"), ("DISCORD_API_BASE_URL", "discord.com")],
    );
    assert_eq!(
        keys_of(&reading),
        [
            "idle_leave",
            "discord.api_base_url",
            "lavalink.port",
            "lavalink.ping_ms",
            "queue_tracks"
        ]
    );
    let told = Problems(reading.problems.clone()).to_string();
    assert!(told.starts_with("the configuration has 5 problems:"), "{told}");
    for part in [
        "did you mean `idle_leave_s` (1 to 86400 s)?",
        "0 is not within 1 to 100000",
        "`soon` is not a whole number of milliseconds",
        "lavalink.port  (LAVALINK_PORT)",
        "`http` is not a whole number",
        "`discord.com` has no http:// or https:// with a host",
        "(config.yml)",
    ] {
        assert!(told.contains(part), "{part} is not in {told}");
    }
    assert!(Config::from_reading(reading).is_err());
}

#[test]
fn what_the_bot_needs_is_asked_for() {
    let reading = reading("", &[]);
    assert_eq!(keys_of(&reading), ["discord.token", "lavalink_nodes"]);
    assert!(reading.problems.iter().all(|problem| problem.origin == "not set"));
    assert!(reading.problems[0].fix.contains("DISCORD_TOKEN") && reading.problems[1].fix.contains("LAVALINK_HOST"));
}

#[test]
fn the_environment_goes_before_the_file_and_empty_is_unset() {
    let yaml = "idle_leave_s: 10\nalone_leave_s: 20\nqueue_tracks:\nhistory_tracks: \"\"\n";
    let config = config(
        yaml,
        &[("IDLE_LEAVE_S", "30"), ("ALONE_LEAVE_S", "  "), ("QUEUE_TRACKS", "")],
    );
    assert_eq!(config.limits().idle_leave_ms, 30_000);
    assert_eq!(config.limits().alone_leave_ms, 20_000);
    assert_eq!(config.limits().queue, 5_000);
    assert_eq!(config.limits().history, 50);
    let origin = |path: &str| config.reading.get(path).unwrap().origin.to_string();
    assert_eq!(origin("idle_leave_s"), "IDLE_LEAVE_S");
    assert_eq!(origin("alone_leave_s"), "config.yml");
    assert_eq!(origin("queue_tracks"), "default");
}

#[test]
fn bounds_are_inclusive_and_numbers_are_read_as_people_write_them() {
    for (text, good) in [
        ("1", true),
        ("0", false),
        ("100_000", true),
        ("100001", false),
        ("-1", false),
    ] {
        assert_eq!(
            with_needs("", &[("QUEUE_TRACKS", text)]).problems.is_empty(),
            good,
            "{text}"
        );
    }
    for text in ["5m", "5.5", "_5", "5_", "", "99999999999999999999999999999999999999999"] {
        let reading = with_needs(&format!("queue_tracks: \"{text}\""), &[]);
        assert_eq!(reading.problems.is_empty(), text.is_empty(), "{text}");
    }
    assert_eq!(config("queue_tracks: 5_000", &[]).limits().queue, 5_000);
}

#[test]
fn auto_is_left_to_the_bot() {
    let config = config("threads: 3\nsharding: { total: auto }", &[]);
    assert_eq!((config.threads(), config.shards()), (3, None));
    let problem = only_problem(&with_needs("", &[("THREADS", "many")]));
    assert_eq!(problem.fix, "write auto, or 1 to 256");
}

#[test]
fn words_of_truth_are_read_and_others_are_refused() {
    for (text, meant) in [
        ("true", true),
        ("YES", true),
        ("1", true),
        ("off", false),
        ("False", false),
    ] {
        assert_eq!(
            config("", &[("ALLOW_PLAINTEXT", text)]).may_be_plain("node.example"),
            meant,
            "{text}"
        );
    }
    assert_eq!(
        only_problem(&with_needs("allow_plaintext: maybe", &[])).fix,
        "write true or false"
    );
}

#[test]
fn a_key_in_the_wrong_place_is_refused_with_the_right_one() {
    let fix = |yaml: &str| only_problem(&with_needs(yaml, &[])).fix;
    assert_eq!(
        fix("lavalink: { idle_leave_s: 1 }"),
        "did you mean `idle_leave_s` (1 to 86400 s)?"
    );
    assert_eq!(
        fix("lavalink: { host: here }"),
        "set LAVALINK_HOST, or describe the node under lavalink_nodes"
    );
    assert_eq!(fix("lavalink: 5"), "put its keys under it, two spaces in");
    assert_eq!(fix("carrots: 5"), "remove it; docs/configuration.md lists all keys");
    assert_eq!(fix("config_path: x"), "set CONFIG_PATH instead");
    assert_eq!(
        fix("lavalink.ping_ms: 100\nlavalink: { ping_ms: 200 }"),
        "keep one of the two"
    );
}

#[test]
fn keys_that_belong_together_are_compared() {
    let problem = only_problem(&with_needs("default_volume_percent: 300", &[]));
    assert_eq!(problem.problem, "300 is more than `max_volume_percent`, which is 200");
    let problem = only_problem(&with_needs("lavalink: { backoff_min_ms: 9000 }", &[]));
    assert_eq!(problem.key, "lavalink.backoff_min_ms");
}

#[test]
fn a_misspelt_variable_is_a_hint_and_no_more() {
    let reading = with_needs(
        "",
        &[
            ("LAVALINK_PROT", "1"),
            ("LAVALINK_SERVER_PASSWORD", "for somebody else"),
        ],
    );
    assert!(reading.problems.is_empty());
    let [hint] = reading.warnings.as_slice() else {
        panic!("{:?}", reading.warnings)
    };
    assert_eq!(
        (hint.key.as_str(), hint.fix.as_str()),
        ("LAVALINK_PROT", "did you mean LAVALINK_PORT?")
    );
}

#[test]
fn what_is_no_yaml_is_one_problem() {
    for yaml in [
        "a: [",
        "a: b: c",
        "\t- x",
        "a: 1\na: 2",
        &"[".repeat(100_000),
        &"- ".repeat(100_000),
        "- list",
        "word",
    ] {
        let reading = with_needs(yaml, &[]);
        let [problem] = reading.problems.as_slice() else {
            panic!("{yaml:.20}: {:?}", reading.problems)
        };
        assert_eq!(problem.origin, "config.yml");
    }
    assert!(with_needs("", &[]).problems.is_empty());
    assert!(with_needs("# nothing\n", &[]).problems.is_empty());
}

#[test]
fn the_example_file_says_the_defaults() {
    let defaults = with_needs("", &[]);
    let example = with_needs(&example_file(), &[]);
    assert_eq!(example.problems, []);
    for (one, other) in defaults.values.iter().zip(&example.values) {
        assert_eq!(one.value, other.value, "{}", one.key.path);
    }
}

proptest! {
    #[test]
    fn garbage_never_panics(text in "[\\PC\\n\\t]{0,200}", value in "\\PC{0,40}", which in 0..200_usize) {
        let _ = reading(&text, &[]);
        let all: Vec<_> = keys().collect();
        let key = all[which % all.len()];
        let found = reading("", &[(key.env, &value)]);
        let _ = (table(&found), json(&found), Problems(found.problems.clone()).to_string());
        let _ = Config::from_reading(found);
    }

    #[test]
    fn garbage_of_yaml_signs_never_panics(text in "[-a_:{}\\[\\],&*!|>'\"%@`? \\n\\t0-9~.#]{0,120}", key in 0..200_usize) {
        let all: Vec<_> = keys().filter(|key| key.place == Place::Both).collect();
        let path = all[key % all.len()].path;
        let _ = reading(&text, &[]);
        let _ = reading(&format!("{path}: {text}"), &[]);
    }
}

#[test]
fn a_prefix_that_nobody_could_use_is_refused() {
    for (prefix, what) in [
        ("toolong", "5 characters"),
        ("a b", "white space"),
        ("/", "something else"),
        ("<@", "something else"),
    ] {
        let problem = only_problem(&with_needs(&format!("prefix: {{ default: \"{prefix}\" }}"), &[]));
        assert_eq!(problem.key, "prefix.default");
        assert!(problem.problem.contains(what), "{}", problem.problem);
    }
    assert_eq!(&*config("prefix: { default: \"?!\" }", &[]).prefix(), "?!");
    assert_eq!(
        config("prefix: { mode: mention }", &[]).prefix_mode(),
        PrefixMode::Mention
    );
    assert_eq!(config("", &[]).prefix_mode(), PrefixMode::Auto);
}

#[test]
fn a_mark_of_the_encoding_is_not_part_of_the_first_key() {
    assert_eq!(
        config("\u{feff}drain_s: 7\r\n", &[]).actors(Vec::new(), 1).drain_ms,
        7_000
    );
}

#[test]
fn of_a_file_that_cannot_be_read_nothing_is_said_to_be_missing() {
    assert_eq!(keys_of(&reading("discord:\n\ttoken: a\n", &[])), ["the whole file"]);
    let mut sources = Sources::of("", &[]);
    sources.file = None;
    sources.unreadable(std::path::Path::new("away.yml"), "it is away");
    assert_eq!(keys_of(&read(&sources)), ["CONFIG_PATH"]);
}

#[test]
fn two_servers_do_not_share_a_port() {
    let one_port = [("STATUS_API_PORT", "4000"), ("METRICS_PORT", "4000")];
    let problem = only_problem(&with_needs("", &one_port));
    assert_eq!(
        (problem.key.as_str(), problem.origin.as_str()),
        ("metrics.port", "METRICS_PORT")
    );
    for apart in [("METRICS_HOST", "127.0.0.2"), ("METRICS_ENABLED", "false")] {
        let apart = [one_port[0], one_port[1], apart];
        assert!(with_needs("", &apart).problems.is_empty());
    }
}
