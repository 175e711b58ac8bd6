//! What users can meet is shown to them in a scenario, through the real bot: every command, and every refusal.

use std::path::Path;

use ostinato_machine::guild::Refusal;
use serde_json::Value;

use super::super::{drill, refusal};
use super::{drills, refusals};
use crate::discord::commands::{COMMANDS, CommandSpec, Rights};
use crate::discord::drill::Drilled;

/// Refusals that no scenario can bring about, each by words that it alone has, and the test that shows it instead.
const ELSEWHERE: &[(&str, &str)] = &[
    // Discord's client sends neither.
    (
        "nothing to search",
        "a_search_for_nothing_or_for_too_much_is_refused_and_asks_nobody",
    ),
    (
        "too long to search",
        "a_search_for_nothing_or_for_too_much_is_refused_and_asks_nobody",
    ),
    ("wait for an answer already", "more_commands_than_may_wait_are_refused"),
    (
        "The search took too long",
        "a_search_without_end_is_answered_after_its_deadline",
    ),
    (
        "\"View Channel\"",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "\"Connect\"",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "\"Speak\"",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "is full. Make room",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "That voice channel is gone",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "Discord gave no answer",
        "a_join_without_answer_is_explained_by_channel_roles_and_member",
    ),
    (
        "It took too long and was given up",
        "when_nobody_answers_the_lane_does_so_after_eleven_seconds",
    ),
    (
        "It arrived too late",
        "l3_an_old_command_that_is_replayed_gets_no_callback_and_no_second_word",
    ),
    (
        "Too many commands came at once",
        "a_flooded_guild_refuses_politely_and_answers_everybody",
    ),
    (
        "is being repaired",
        "a_guild_that_dies_too_often_is_parked_says_so_and_comes_back",
    ),
    (
        "A fault hit this command",
        "a_death_while_deciding_costs_one_input_and_no_sound",
    ),
    (
        "I am restarting",
        "a_command_during_the_drain_is_told_that_the_bot_restarts",
    ),
    (
        "What is saved of this server",
        "p10_a_load_that_never_ends_is_answered_in_two_seconds",
    ),
];

/// One `say` or `click` of a scenario with what is expected of the answer.
struct Said {
    text: String,
    parts: Vec<String>,
    private: bool,
}

impl Said {
    fn new(text: String, reply: Option<&Value>) -> Self {
        let contains = reply.and_then(|reply| reply.get("contains"));
        Self {
            text,
            parts: contains.map(parts).unwrap_or_default(),
            private: reply.and_then(|reply| reply.get("seen_by")) == Some(&Value::from("caller")),
        }
    }
}

fn scenarios() -> Vec<Said> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut said = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the scenarios can be listed") {
        let path = entry.expect("a scenario can be listed").path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let text = std::fs::read_to_string(&path).expect("a scenario can be read");
            let whole: Value = serde_saphyr::from_str(&text).expect("a scenario is YAML");
            collect(&whole, &mut said);
        }
    }
    said
}

/// Finds every `say`, also such as stand side by side under `together`.
fn collect(value: &Value, said: &mut Vec<Said>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| collect(one, said)),
        Value::Object(step) => {
            if step.contains_key("click") {
                said.push(Said::new(String::new(), step.get("reply")));
            }
            if let Some(text) = step.get("say").and_then(|say| say.get("text")).and_then(Value::as_str) {
                said.push(Said::new(text.to_owned(), step.get("reply")));
            }
            step.values().for_each(|one| collect(one, said));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn parts(contains: &Value) -> Vec<String> {
    match contains {
        Value::Array(all) => all.iter().flat_map(parts).collect(),
        Value::String(part) => vec![part.clone()],
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Object(_) => vec![contains.to_string()],
    }
}

/// Whether `part` can only come from `words`.
fn tells(part: &str, words: &str, all: &[String]) -> bool {
    words.contains(part) && all.iter().all(|other| other == words || !other.contains(part))
}

#[test]
fn every_refusal_is_shown_in_a_scenario_or_named_with_the_test_that_shows_it() {
    let said = scenarios();
    // A node that gives no reason is the same refusal.
    let is_known = |refusal: &Refusal| *refusal != Refusal::LoadError { message: "".into() };
    let every: Vec<Refusal> = refusals()
        .into_iter()
        .map(|(refusal, _)| refusal)
        .filter(is_known)
        .collect();
    let all: Vec<String> = every.iter().map(refusal::words).collect();
    let sources = sources();
    let mut missing = Vec::new();
    for (words, refusal) in all.iter().zip(every) {
        let shown = said
            .iter()
            .filter(|said| said.private)
            .any(|said| said.parts.iter().any(|part| tells(part, words, &all)));
        let elsewhere = ELSEWHERE.iter().find(|(part, _)| tells(part, words, &all));
        match (shown, elsewhere) {
            (false, None) => missing.push(format!("{refusal:?}: no scenario says it")),
            (false, Some((_, test))) if !sources.iter().any(|source| source.contains(&format!("fn {test}("))) => {
                missing.push(format!("{refusal:?}: there is no test {test}"));
            }
            (true, Some(_)) => missing.push(format!("{refusal:?}: a scenario says it; take it out of the list")),
            (true, None) | (false, Some(_)) => {}
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn every_command_is_used_in_a_scenario_and_refused_in_one_if_it_needs_a_right() {
    let said = scenarios();
    let mut refusals: Vec<String> = refusals().iter().map(|(refusal, _)| refusal::words(refusal)).collect();
    let of_drills = drills::refusals().into_iter();
    refusals.extend(of_drills.map(|(why, _)| drill::words(&Drilled::Refused(why)).text));
    let refuses = |said: &Said| {
        said.parts
            .iter()
            .any(|part| refusals.iter().any(|words| words.contains(part)))
    };
    let mut missing = Vec::new();
    for spec in COMMANDS {
        let mine = || said.iter().filter(|said| is(spec, &said.text));
        if !mine().any(|said| !said.parts.is_empty() && !refuses(said)) {
            missing.push(format!("/{} is answered in no scenario", spec.name));
        }
        let written = |said: &&Said| is_written(spec, &said.text);
        if !said
            .iter()
            .filter(written)
            .any(|said| !said.parts.is_empty() && !refuses(said))
        {
            missing.push(format!("!{} is answered in no scenario", spec.name));
        }
        if spec.rights != Rights::Anyone && !mine().any(|said| said.private && refuses(said)) {
            missing.push(format!("/{} is refused in no scenario", spec.name));
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn is(spec: &CommandSpec, text: &str) -> bool {
    text.strip_prefix('/')
        .is_some_and(|line| first_words(line, spec) == spec.name)
}

/// As many words of a line as the name of a command has.
fn first_words(line: &str, spec: &CommandSpec) -> String {
    let words = line.split_whitespace().take(spec.name.split(' ').count());
    words.collect::<Vec<_>>().join(" ")
}

/// Whether it is this command in a message, by any of its names.
fn is_written(spec: &CommandSpec, text: &str) -> bool {
    let line = text.strip_prefix('!');
    line.is_some_and(|line| {
        let name = first_words(line, spec).to_lowercase();
        spec.name == name || spec.aliases.contains(&name.as_str())
    })
}

/// Every source of the workspace's own packages.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders: Vec<_> = ["src", "actors", "tests"].iter().map(|name| root.join(name)).collect();
    let mut sources = Vec::new();
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder can be listed") {
            let path = entry.expect("a file can be listed").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                sources.push(std::fs::read_to_string(&path).expect("a source can be read"));
            }
        }
    }
    sources
}
