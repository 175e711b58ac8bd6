//! Commands in messages: the table's options, as people write them without Discord's help. Pure.
//!
//! Words fill the options in their declared order; the last option that takes a text takes all words that are left.
//! `name:value` gives an option by its name, wherever it stands, and is the only way to give those behind that text.
//! Quotation marks keep words together and make them plain: `"where:is my mind"` is no option.

use super::given::Fault;
use super::spec::{CommandSpec, Family, Kind, OptionSpec, Problem};
use super::{FAMILIES, Table};
use crate::discord::interaction::{GivenOption, Value};

/// The command that `text` begins with, by its name or another name of it, and what follows.
pub(super) fn command(table: Table, text: &str) -> Option<(&'static CommandSpec, &str)> {
    let (one, rest) = first_word(text);
    let (two, behind) = first_word(rest);
    // A command of two words goes before one that has only the first of them.
    let pair = table.find(&format!("{one} {two}").to_lowercase());
    let pair = pair.map(|spec| (spec, behind));
    pair.or_else(|| by_name(table, &one.to_lowercase()).map(|spec| (spec, rest)))
}

/// The command that has `name`, which is written small, as its name or another one.
pub(super) fn by_name(table: Table, name: &str) -> Option<&'static CommandSpec> {
    let mut specs = table.specs();
    table
        .find(name)
        .or_else(|| specs.find(|spec| spec.aliases.contains(&name)))
}

/// The family called `name`, which is written small, if there are commands of it.
pub(super) fn family(table: Table, name: &str) -> Option<&'static Family> {
    let found = FAMILIES.iter().find(|family| family.name == name)?;
    table.family(name).next().map(|_| found)
}

/// The first word of `text`, and what follows it.
pub(super) fn first_word(text: &str) -> (&str, &str) {
    let text = text.trim_start();
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (word, rest) = text.split_at(end);
    (word, rest.trim_start())
}

/// The option that takes the words that are left.
pub(super) fn tail(spec: &CommandSpec) -> Option<usize> {
    let takes_rest = |option: &OptionSpec| match option.kind {
        Kind::Text { .. } | Kind::Search { .. } | Kind::CommandName => true,
        Kind::Whole { .. } | Kind::Choice(_) => false,
    };
    spec.options.iter().rposition(takes_rest)
}

/// The options in `text`, which stands behind the command's name.
///
/// # Errors
/// A word too many, or an option twice. Whether the values fit is checked as for options from elsewhere.
pub(super) fn options(spec: &CommandSpec, text: &str) -> Result<Vec<GivenOption>, Fault> {
    let tail = tail(spec);
    let mut values: Vec<Option<String>> = vec![None; spec.options.len()];
    // The option that an empty `name:` waits for.
    let mut awaited = None;
    for word in words(text) {
        if let Some((index, value)) = named(spec, &word) {
            let value = value.to_owned();
            awaited = value.is_empty().then_some(index);
            let place = values.get_mut(index).filter(|place| place.is_none());
            let name = || spec.options.get(index).map_or("", |option| option.name);
            *place.ok_or_else(|| (name().into(), Problem::Twice))? = Some(value);
            continue;
        }
        let index = awaited.take().or_else(|| next(&values, tail));
        let Some(place) = index.and_then(|index| values.get_mut(index)) else {
            return Err((word.text.into(), Problem::TooMany));
        };
        match place {
            Some(value) if !value.is_empty() => {
                value.push(' ');
                value.push_str(&word.text);
            }
            Some(_) | None => *place = Some(word.text),
        }
    }
    let given = spec.options.iter().zip(values).filter_map(|(option, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some(GivenOption {
            name: option.name.into(),
            value: read(option, value),
        })
    });
    Ok(given.collect())
}

/// The option that the next word belongs to: the first without a value up to the one that takes the rest, then that.
fn next(values: &[Option<String>], tail: Option<usize>) -> Option<usize> {
    let free = values.iter().position(Option::is_none);
    match (free, tail) {
        (Some(free), Some(tail)) => Some(free.min(tail)),
        (None, tail) => tail,
        (free, None) => free,
    }
}

fn named<'a>(spec: &CommandSpec, word: &'a Word) -> Option<(usize, &'a str)> {
    let (name, value) = word.text.split_once(':').filter(|_| !word.quoted)?;
    let index = spec
        .options
        .iter()
        .position(|option| option.name.eq_ignore_ascii_case(name))?;
    Some((index, value))
}

fn read(option: &OptionSpec, value: String) -> Value {
    match option.kind {
        Kind::Whole { .. } => {
            let digits = value.trim_end_matches('%').trim_start_matches('#');
            digits
                .parse()
                .map_or_else(|_| Value::Text(value.into()), Value::Integer)
        }
        Kind::Choice(_) => Value::Text(value.to_lowercase().into()),
        Kind::Text { .. } | Kind::Search { .. } | Kind::CommandName => Value::Text(value.into()),
    }
}

/// A word, or several in quotation marks.
#[derive(Debug, PartialEq, Eq)]
struct Word {
    text: String,
    /// It began with a quotation mark.
    quoted: bool,
}

fn words(text: &str) -> Vec<Word> {
    let mut words = Vec::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (word, behind) = word(rest);
        words.push(word);
        rest = behind.trim_start();
    }
    words
}

/// The first word of `text`. A quotation mark counts at the word's beginning or behind its first colon, and only where
/// another one ends it before a space or the end.
fn word(text: &str) -> (Word, &str) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let colon = text.get(..end).and_then(|word| word.find(":\"")).map(|at| at + 1);
    let mark = if text.starts_with('"') { Some(0) } else { colon };
    if let Some((mark, inner)) = mark.and_then(|mark| Some((mark, text.get(mark + 1..)?)))
        && let Some(length) = closing(inner)
    {
        let (head, behind) = (text.get(..mark).unwrap_or_default(), mark + length + 2);
        let inner = inner.get(..length).unwrap_or_default();
        let word = Word {
            text: format!("{head}{inner}"),
            quoted: mark == 0,
        };
        return (word, text.get(behind..).unwrap_or_default());
    }
    let (word, behind) = text.split_at(end);
    // Who does not want Discord to show a preview puts an address in angle brackets.
    let bare = word.strip_prefix('<').and_then(|word| word.strip_suffix('>'));
    let address = bare.filter(|bare| bare.starts_with("http://") || bare.starts_with("https://"));
    let text = address.unwrap_or(word).to_owned();
    (Word { text, quoted: false }, behind)
}

/// Where the quotation mark is that ends `inner`, bytes.
fn closing(inner: &str) -> Option<usize> {
    let marks = inner.match_indices('"').map(|(at, _)| at);
    marks.into_iter().find(|at| {
        let behind = inner.get(at + 1..).unwrap_or_default();
        behind.chars().next().is_none_or(char::is_whitespace)
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::discord::commands::COMMANDS;

    const ALL: Table = Table { drills: true };

    fn given(text: &str) -> Result<Vec<(String, Value)>, Fault> {
        let (spec, rest) = command(ALL, text).unwrap();
        let all = options(spec, rest)?;
        Ok(all.into_iter().map(|given| (given.name.into(), given.value)).collect())
    }

    fn texts(text: &str) -> Vec<(String, String)> {
        let all = given(text).unwrap().into_iter();
        all.map(|(name, value)| match value {
            Value::Text(text) => (name, text.into()),
            Value::Integer(number) => (name, number.to_string()),
            other @ (Value::Number(_) | Value::Bool(_)) => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn words_fill_the_options_in_order_and_the_last_text_takes_the_rest() {
        let table: &[(&str, &[(&str, &str)])] = &[
            ("play Blue in  Green", &[("query", "Blue in Green")]),
            (
                "PLAY Blue where:next in Green",
                &[("query", "Blue in Green"), ("where", "next")],
            ),
            ("play where:NOW Blue", &[("query", "Blue"), ("where", "now")]),
            ("play where: next Blue", &[("query", "Blue"), ("where", "next")]),
            (
                "p query:Blue in Green where:end",
                &[("query", "Blue in Green"), ("where", "end")],
            ),
            ("play re:zero opening 2", &[("query", "re:zero opening 2")]),
            ("play \"where:is my\" mind", &[("query", "where:is my mind")]),
            ("play query:\"a  b\" c", &[("query", "a  b c")]),
            ("play 12\" mix", &[("query", "12\" mix")]),
            ("play \"unended words", &[("query", "\"unended words")]),
            (
                "play <https://music.example/a?b=c>",
                &[("query", "https://music.example/a?b=c")],
            ),
            ("play https://music.example/a", &[("query", "https://music.example/a")]),
            ("seek 1:30", &[("position", "1:30")]),
            ("seek 1m 30s", &[("position", "1m 30s")]),
            ("volume 80%", &[("level", "80")]),
            ("vol level:80", &[("level", "80")]),
            ("move 3 1", &[("src", "3"), ("dest", "1")]),
            ("move dest:1 3", &[("src", "3"), ("dest", "1")]),
            ("remove 3 - 7", &[("index", "3 - 7")]),
            ("loop Queue", &[("mode", "queue")]),
            ("queue 2", &[("page", "2")]),
            ("help volume-info", &[("command", "volume-info")]),
            ("Chaos Run Block ms:300", &[("fault", "block"), ("ms", "300")]),
            ("chaos status", &[]),
            ("skip", &[]),
            ("play", &[]),
            ("play where:", &[]),
        ];
        for (text, expected) in table {
            let expected: Vec<(String, String)> = expected
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()))
                .collect();
            assert_eq!(texts(text), expected, "{text}");
        }
    }

    #[test]
    fn a_word_too_many_and_an_option_twice_are_faults() {
        assert_eq!(given("clear 3"), Err(("3".into(), Problem::TooMany)));
        assert_eq!(given("move 3 1 2"), Err(("2".into(), Problem::TooMany)));
        assert_eq!(
            given("play where:next where:now x"),
            Err(("where".into(), Problem::Twice))
        );
        assert_eq!(
            given("volume loud").unwrap(),
            [("level".into(), Value::Text("loud".into()))]
        );
    }

    #[test]
    fn every_name_leads_to_one_command() {
        let mut names: Vec<&str> = COMMANDS
            .iter()
            .flat_map(|spec| spec.aliases.iter().copied().chain([spec.name]))
            .collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), all, "two commands share a name");
        for spec in COMMANDS {
            for name in spec.aliases.iter().chain([&spec.name]) {
                let text = format!("{} rest of it", name.to_uppercase());
                let (found, rest) = command(ALL, &text).unwrap();
                assert_eq!((found.name, rest), (spec.name, "rest of it"));
            }
        }
        for (family, _) in COMMANDS.iter().filter_map(CommandSpec::sub) {
            let found = super::family(ALL, family).unwrap();
            assert!((1..=100).contains(&found.description.chars().count()));
            assert!(by_name(ALL, family).is_none(), "{family} is a command and a family");
        }
        assert!(command(ALL, "nosuch thing").is_none());
        assert!(command(ALL, "").is_none());
    }

    proptest! {
        #[test]
        fn no_line_is_too_strange(index in 0..COMMANDS.len(), text in "[a-z:\" <>0-9\\PC]{0,60}") {
            let spec = COMMANDS.get(index).unwrap();
            if let Ok(given) = options(spec, &text) {
                for option in given {
                    prop_assert!(spec.options.iter().any(|declared| declared.name == &*option.name));
                }
            }
        }

        #[test]
        fn what_is_written_by_name_is_what_is_written_in_order(src in 1_u32..9_999, dest in 1_u32..9_999) {
            let in_order = given(&format!("move {src} {dest}"));
            prop_assert_eq!(given(&format!("move dest:{dest} src:{src}")), in_order.clone());
            prop_assert_eq!(given(&format!("mv {src} dest:{dest}")), in_order);
        }

        #[test]
        fn the_words_of_a_search_all_arrive(words in proptest::collection::vec("[a-z]{1,8}", 1..8)) {
            let expected = vec![("query".to_owned(), words.join(" "))];
            prop_assert_eq!(texts(&format!("play {}", words.join("  "))), expected);
        }
    }
}
