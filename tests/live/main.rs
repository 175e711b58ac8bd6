//! Ring 3: the real program, real sockets, in front of the sandbox.
//!
//! Each failing scenario is named with its file, line and step. The tests take turns: two demos at once would measure
//! the machine.

mod ask;
mod audit;
mod browser;
mod cdp;
mod chaos;
mod console;
mod operator;
mod prometheus;
mod replay;
mod status;

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use sandbox::demo::{Books, Demo, DemoFault};
use sandbox::run::{self, Options, Run};
use sandbox::scenario::{self, Scenario};

static TURN: Mutex<()> = Mutex::new(());

const SEED: u64 = 1;

fn program() -> PathBuf {
    env!("CARGO_BIN_EXE_ostinato").into()
}

/// A port that is free now.
fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

fn scenarios(wanted: impl Fn(&Scenario) -> bool) -> Vec<Scenario> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    files.sort();
    let all = files
        .iter()
        .map(|file| scenario::read(file).unwrap_or_else(|problems| panic!("{problems}")));
    all.filter(wanted).collect()
}

fn run_all(scenarios: &[Scenario]) -> Run {
    assert!(!scenarios.is_empty());
    let options = Options {
        program: program(),
        seed: SEED,
        at_once: 4,
        tell: |outcome| println!("{}", run::human(outcome)),
    };
    block_on(run::run(scenarios, &options))
}

fn assert_good(run: &Run) {
    let failed: Vec<String> = run
        .outcomes
        .iter()
        .filter(|outcome| outcome.failure.is_some())
        .map(run::human)
        .collect();
    assert!(
        failed.is_empty(),
        "{} of {}:\n{}",
        failed.len(),
        run.outcomes.len(),
        failed.join("\n")
    );
    assert!(run.violations.is_empty(), "violations:\n{}", run.violations.join("\n"));
}

#[test]
fn what_listeners_do_every_day_works_as_the_scenarios_say() {
    assert_good(&run_all(&scenarios(|scenario| !scenario.needs_its_own())));
}

#[test]
fn what_breaks_is_mended_as_the_scenarios_say() {
    assert_good(&run_all(&scenarios(Scenario::needs_its_own)));
}

fn demo(length_s: u64, faults: Vec<(Duration, DemoFault)>) -> Books {
    let demo = Demo {
        program: program(),
        length: Duration::from_secs(length_s),
        guilds: 10,
        idle_guilds: 0,
        seed: SEED,
        faults,
        log: None,
    };
    let books = block_on(sandbox::demo::run(&demo)).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{}", serde_json::to_string(&books).unwrap());
    books
}

#[test]
fn ten_guilds_hear_what_is_due() {
    let books = demo(20, Vec::new());
    assert!(books.is_good(), "{books:#?}");
}

#[test]
fn kill_9_costs_no_sound_and_no_command() {
    let books = demo(20, vec![(Duration::from_secs(8), DemoFault::Kill9)]);
    assert!(books.is_good(), "{books:#?}");
    assert_eq!(books.restarts, 1);
    assert_eq!(books.identifies, 1, "the gateway session is resumed");
}

#[test]
fn a_clean_restart_costs_no_sound_and_no_command() {
    let books = demo(15, vec![(Duration::from_secs(6), DemoFault::Sigterm)]);
    assert!(books.is_good(), "{books:#?}");
    assert_eq!((books.restarts, books.identifies), (1, 1));
}
