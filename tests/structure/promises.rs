//! What `docs/supervision.md` says: every promise stands there, every test and every alert that it names exists.

use std::collections::BTreeSet;
use std::path::Path;

use super::code::{functions, sources};
use super::house::PROMISES;

/// The page.
const PAGE: &str = "docs/supervision.md";

/// Where tests of promises are.
const TESTS: [&str; 4] = ["actors/", "tests/world/", "tests/live/", "src/"];

/// The name of a test of a promise: its number.
fn promise_of(name: &str) -> Option<u32> {
    name.strip_prefix('p')?.split_once('_')?.0.parse().ok()
}

/// What is wrong with the page.
pub(crate) fn wrong(root: &Path) -> Vec<String> {
    let page = std::fs::read_to_string(root.join(PAGE)).unwrap();
    let rules = std::fs::read_to_string(root.join(super::queries::RULES)).unwrap();
    let mut tests = BTreeSet::new();
    for source in sources(root) {
        if TESTS.iter().any(|place| source.path.starts_with(place)) {
            let names = functions(&source).into_iter().map(|function| function.name);
            tests.extend(names.filter(|name| promise_of(name).is_some()));
        }
    }
    let alerts = rules.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    faults(&page, &tests, &alerts.collect())
}

fn faults(page: &str, tests: &BTreeSet<String>, alerts: &BTreeSet<&str>) -> Vec<String> {
    let mut found = Vec::new();
    let quoted: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    for name in quoted.iter().filter(|name| promise_of(name).is_some()) {
        if !tests.contains(*name) {
            found.push(format!("{PAGE}: there is no test {name}"));
        }
    }
    for name in tests.iter().filter(|name| !quoted.contains(&name.as_str())) {
        found.push(format!("{PAGE}: {name} is not named"));
    }
    for name in quoted.iter().filter(|name| name.starts_with("Ostinato")) {
        if !alerts.contains(*name) {
            found.push(format!("{PAGE}: there is no alert {name}"));
        }
    }
    for promise in PROMISES {
        let row = page.lines().find(|line| line.starts_with(&format!("| P{promise} |")));
        match row {
            None => found.push(format!("{PAGE}: P{promise} has no row")),
            Some(row) if !row.contains(&format!("`p{promise}_")) => {
                found.push(format!("{PAGE}: P{promise} names no test of its own"));
            }
            Some(_) => {}
        }
    }
    let promised = page
        .lines()
        .filter_map(|line| line.strip_prefix("| P")?.split(' ').next()?.parse().ok());
    for promise in promised.filter(|promise: &u32| !PROMISES.contains(promise)) {
        found.push(format!("{PAGE}: P{promise} is not promised by this release"));
    }
    found
}

#[test]
fn a_page_that_promises_too_much_or_names_nothing_is_found_out() {
    let tests: BTreeSet<String> = PROMISES.iter().map(|promise| format!("p{promise}_holds")).collect();
    let alerts = BTreeSet::from(["OstinatoDown"]);
    let good: String = PROMISES
        .iter()
        .map(|promise| format!("| P{promise} | it holds | `p{promise}_holds` |\n"))
        .collect();
    assert_eq!(faults(&good, &tests, &alerts), [""; 0]);
    let spoiled = [
        good.replace("| P7 |", "| |"),
        good.replace("p7_holds", "p7_held"),
        good.replace("`p7_holds`", "a test"),
        format!("{good}| P99 | it holds | `p1_holds` |\n"),
        format!("{good}`OstinatoGone`"),
    ];
    for page in spoiled {
        assert!(!faults(&page, &tests, &alerts).is_empty(), "{page}");
    }
}
