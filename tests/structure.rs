//! The rules of the house as a test: who may know whom, how long things are, which tables and pages agree, and that
//! every promise has its test. Each rule is one function that returns what is wrong; nothing here needs a compiler.
#![expect(
    clippy::unwrap_used,
    reason = "this is a test as a whole; a file that can't be read fails it"
)]

#[path = "structure/code.rs"]
mod code;
#[path = "structure/containers.rs"]
mod containers;
#[path = "structure/house.rs"]
mod house;
#[path = "structure/pages.rs"]
mod pages;
#[path = "structure/promises.rs"]
mod promises;
#[path = "structure/queries.rs"]
mod queries;

use std::path::{Path, PathBuf};

use code::{Source, functions, sources};
use house::{BORDERS, FILE_LINES, FUNCTION_LINES, LONG_FILES, LONG_FUNCTIONS, MACHINE_NEVER, PROMISES, TABLES, TOP};

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn none(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn imports_point_one_way() {
    let mut found = Vec::new();
    for source in sources(&root()) {
        for border in &BORDERS {
            if border.allowed.iter().any(|prefix| source.path.starts_with(prefix)) {
                continue;
            }
            for line in source.lines_with_path(border.word) {
                found.push(format!("{}:{line}: {}: {}", source.path, border.word, border.why));
            }
        }
    }
    none(&found);
}

#[test]
fn the_machine_neither_ticks_nor_talks() {
    let mut found = Vec::new();
    for source in sources(&root())
        .iter()
        .filter(|source| source.path.starts_with("actors/machine/src/"))
    {
        // Tests may read a clock for their own deadlines.
        let is_test = source.path.contains("/tests");
        for word in MACHINE_NEVER.iter().filter(|_| !is_test) {
            found.extend(
                source
                    .lines_with_path(word)
                    .map(|line| format!("{}:{line}: {word}", source.path)),
            );
        }
    }
    none(&found);
}

#[test]
fn manifests_point_one_way() {
    let dependencies = |manifest: &str| {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let section = text.split("\n[dependencies]\n").nth(1).unwrap_or_default().to_owned();
        let own = section.split("\n[").next().unwrap_or_default().to_owned();
        own.lines()
            .filter_map(|line| Some(line.split(['.', ' ', '=']).next()?.to_owned()))
            .collect::<Vec<_>>()
    };
    let machine = dependencies("actors/machine/Cargo.toml");
    assert_eq!(
        machine,
        ["serde", "smallvec", "thiserror"],
        "the machine stands on data alone"
    );
    let actors = dependencies("actors/Cargo.toml");
    for vendor in [
        "serenity",
        "twilight-gateway",
        "lavalink-rs",
        "rusqlite",
        "reqwest",
        "ostinato",
    ] {
        assert!(
            !actors.iter().any(|name| name == vendor),
            "actors must not know {vendor}"
        );
    }
    let sandbox = dependencies("tests/sandbox/Cargo.toml");
    assert!(
        sandbox.iter().all(|name| !name.starts_with("ostinato")),
        "a shared type would hide a shared bug"
    );
}

#[test]
fn files_stay_readable() {
    let long: Vec<_> = sources(&root())
        .iter()
        .filter(|source| !TABLES.contains(&source.path.as_str()))
        .map(|source| (source.path.clone(), source.text.lines().count()))
        .filter(|(_, lines)| *lines > FILE_LINES)
        .collect();
    let mut found = Vec::new();
    for (path, lines) in &long {
        match LONG_FILES.iter().find(|(known, _)| known == path) {
            None => found.push(format!(
                "{path}: {lines} lines, {FILE_LINES} are the limit; split it by what it is about"
            )),
            Some((_, most)) if lines > most => found.push(format!("{path}: grew from {most} to {lines} lines")),
            Some(_) => {}
        }
    }
    for (path, _) in LONG_FILES
        .iter()
        .filter(|(path, _)| !long.iter().any(|(known, _)| known == path))
    {
        found.push(format!("{path}: is within the limit; take it from LONG_FILES"));
    }
    none(&found);
}

#[test]
fn functions_stay_readable() {
    let mut long = Vec::new();
    for source in sources(&root())
        .iter()
        .filter(|source| !TABLES.contains(&source.path.as_str()))
    {
        for function in functions(source) {
            if function.lines > FUNCTION_LINES {
                long.push((source.path.clone(), function.name, function.line, function.lines));
            }
        }
    }
    let mut found = Vec::new();
    for (path, name, line, lines) in &long {
        match LONG_FUNCTIONS
            .iter()
            .find(|(known, function, _)| known == path && function == name)
        {
            None => found.push(format!(
                "{path}:{line}: {name} has {lines} lines, {FUNCTION_LINES} are the limit"
            )),
            Some((_, _, most)) if lines > most => {
                found.push(format!("{path}:{line}: {name} grew from {most} to {lines}"))
            }
            Some(_) => {}
        }
    }
    let is_long = |path: &str, name: &str| {
        long.iter()
            .any(|(known, function, _, _)| known == path && function == name)
    };
    for (path, name, _) in LONG_FUNCTIONS.iter().filter(|(path, name, _)| !is_long(path, name)) {
        found.push(format!(
            "{path}: {name} is within the limit; take it from LONG_FUNCTIONS"
        ));
    }
    none(&found);
}

#[test]
fn the_top_level_holds_what_the_house_names() {
    let ignored = std::fs::read_to_string(root().join(".gitignore")).unwrap();
    let is_ignored = |name: &str| {
        let hit = |rule: &str| match rule.strip_prefix('*') {
            Some(end) => name.ends_with(end),
            None => rule.trim_matches('/') == name,
        };
        ignored
            .lines()
            .map(str::trim)
            .filter(|rule| !rule.is_empty() && !rule.starts_with('#'))
            .any(hit)
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(root()).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().into_owned();
        if !TOP.contains(&name.as_str()) && !is_ignored(&name) {
            found.push(format!("{name} is not part of the house"));
        }
    }
    found.extend(
        TOP.iter()
            .filter(|name| !root().join(name).exists())
            .map(|name| format!("{name} is missing")),
    );
    none(&found);
}

#[test]
fn every_promise_has_its_test() {
    let tests: Vec<Source> = sources(&root())
        .into_iter()
        .filter(|source| source.path.starts_with("actors/") || source.path.starts_with("tests/world/"))
        .collect();
    let has = |promise: u32| {
        let name = format!("p{promise}_");
        tests.iter().any(|source| {
            functions(source)
                .iter()
                .any(|function| function.is_test && function.name.starts_with(&name))
        })
    };
    none(
        &PROMISES
            .into_iter()
            .filter(|promise| !has(*promise))
            .map(|promise| format!("no test p{promise}_…"))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn nothing_is_left_undone_and_no_test_is_switched_off() {
    let mut found = Vec::new();
    for source in sources(&root()) {
        for sign in ["todo!", "unimplemented!", "#[ignore", "dbg!"] {
            found.extend(
                source
                    .lines_with(sign)
                    .map(|line| format!("{}:{line}: {sign}", source.path)),
            );
        }
    }
    none(&found);
}

#[test]
fn texts_speak_of_the_product_alone() {
    // Built from parts, so that this file does not find itself.
    let signs = [
        ["/ro", "ot/"],
        ["/wo", "rk/"],
        ["/tm", "p/"],
        ["/ho", "me/"],
        ["/Us", "ers/"],
    ]
    .map(|parts| parts.concat());
    let mut found = Vec::new();
    for path in code::all_files(&root()) {
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else {
            continue;
        };
        for (number, line) in text.lines().enumerate() {
            found.extend(
                signs
                    .iter()
                    .filter(|sign| line.contains(*sign))
                    .map(|sign| format!("{path}:{}: {sign}", number + 1)),
            );
        }
    }
    none(&found);
}

#[test]
fn pages_are_made_from_the_tables() {
    none(&pages::stale(&root()));
}

#[test]
fn the_container_files_fit_the_bot() {
    none(&containers::wrong(&root()));
}

#[test]
fn the_dashboard_and_the_alerts_ask_for_series_that_exist() {
    none(&queries::wrong(&root()));
}

#[test]
fn the_page_on_supervision_names_every_promise_and_tests_that_exist() {
    none(&promises::wrong(&root()));
}

#[test]
fn pages_name_files_that_exist() {
    none(&pages::dead_links(&root()));
}

/// The path as it stands in messages.
fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root)
        .unwrap_or(path)
        .to_string_lossy()
        .replace('\\', "/")
}
