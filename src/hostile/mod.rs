//! What strangers send, spoiled in every way that comes to mind, for the tests of the adapters.
//!
//! A test gives the shapes that it knows and a door; [`storm`] sends 20,000 spoiled ones through it, from a seed that is
//! printed. `HOSTILE_SEED` replays one, `HOSTILE_INPUTS` sends more of them. Each storm has a process of its own: the
//! memory that is measured is that of this test, whatever runs beside it.

mod classes;

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::Command;

use classes::CLASSES;
use serde_json::Value;

/// Is set in a process that has one storm and nothing else.
const ALONE: &str = "HOSTILE_ALONE";

/// How many inputs go through each door.
const INPUTS: u64 = 20_000;

/// So much may memory grow between a quarter of the inputs and their end, kB: caches and arenas, not a leak.
const GROWTH_KB: u64 = 16 * 1_024;

/// Sends spoiled `shapes` through `door`. `what` names them in messages.
///
/// Asserts that none of them panics, that every class of harm was done, and that memory is flat. `door` tells whether it
/// found any sense in an input: some must have been understood and some not, or the test would prove nothing.
pub(crate) fn storm(what: &str, shapes: &[Value], door: impl FnMut(&[u8]) -> bool) {
    // A test's thread has its name; where tests run one after the other it has not, and nothing runs beside it.
    let thread = std::thread::current();
    match thread.name().filter(|name| name.contains("::")) {
        Some(test) if std::env::var_os(ALONE).is_none() => apart(test),
        Some(_) | None => rage(what, shapes, door),
    }
}

/// Runs a test of this program again, in a process of its own.
fn apart(test: &str) {
    let mut program = Command::new(std::env::current_exe().unwrap());
    let arguments = ["--exact", test, "--nocapture", "--test-threads=1"];
    let done = program.args(arguments).env(ALONE, "yes").output().unwrap();
    let said = [done.stdout, done.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    println!("{}", said.concat());
    let ran = said.iter().any(|said| said.contains("test result: ok. 1 passed"));
    assert!(done.status.success() && ran, "{test}: {}", done.status);
}

fn rage(what: &str, shapes: &[Value], mut door: impl FnMut(&[u8]) -> bool) {
    let seed = number("HOSTILE_SEED").unwrap_or_else(|| fastrand::u64(1..1_000_000));
    let inputs = number("HOSTILE_INPUTS").unwrap_or(INPUTS);
    println!("{what}: HOSTILE_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let mut counts: BTreeMap<&str, u64> = CLASSES.iter().map(|(name, _)| (*name, 0)).collect();
    let (mut understood, mut panics, mut early_kb) = (0, Vec::new(), 0);
    for input in 0..inputs {
        let (class, harm) = CLASSES[usize::try_from(input).unwrap() % CLASSES.len()];
        let shape = &shapes[random.usize(..shapes.len())];
        let bytes = harm(&mut random, shape, shapes);
        *counts.entry(class).or_default() += 1;
        match catch_unwind(AssertUnwindSafe(|| door(&bytes))) {
            Ok(sense) => understood += u64::from(sense),
            Err(_) => panics.push((input, class, excerpt(&bytes))),
        }
        if input == inputs / 4 {
            early_kb = resident_kb();
        }
    }
    let grown_kb = resident_kb().saturating_sub(early_kb);
    println!(
        "{what}: {inputs} inputs of {} classes, {understood} understood, panics {}, {grown_kb} kB more",
        counts.len(),
        panics.len()
    );
    assert!(panics.is_empty(), "{what}, HOSTILE_SEED={seed}: {panics:#?}");
    assert!(
        counts.len() >= 30 && counts.values().all(|count| *count > 0),
        "{counts:?}"
    );
    assert!(
        understood > 0 && understood < inputs,
        "{what}: {understood} of {inputs} were understood; the shapes or the door are wrong"
    );
    assert!(
        grown_kb <= GROWTH_KB,
        "{what}, HOSTILE_SEED={seed}: memory grew by {grown_kb} kB"
    );
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn excerpt(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(400)]).into_owned()
}

/// Resident memory of this process, kB; 0 where the system does not tell.
fn resident_kb() -> u64 {
    let pages = std::fs::read_to_string("/proc/self/statm").ok();
    let pages = pages.and_then(|text| text.split_whitespace().nth(1)?.parse::<u64>().ok());
    pages.map_or(0, |pages| pages * 4)
}

/// The websocket messages and answers of a real node, where `LAVALINK_TRACES` names a folder of them: every JSON object
/// in the lines of its files that stands under one of `keys`.
pub(crate) fn traced(keys: &[&str]) -> Vec<Value> {
    let Some(folder) = std::env::var_os("LAVALINK_TRACES") else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|end| end == "jsonl") {
            for line in std::fs::read_to_string(path).unwrap().lines() {
                let line: Value = serde_json::from_str(line).unwrap();
                found.extend(
                    keys.iter()
                        .filter_map(|key| line.pointer(key))
                        .filter(|value| value.is_object() || value.is_array())
                        .cloned(),
                );
            }
        }
    }
    found
}
