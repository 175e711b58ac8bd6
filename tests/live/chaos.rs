//! What a seed chooses happens to the real bot, and every guild dies once: the books must be as promised.

use std::time::Duration;

use sandbox::chaos::{self, Chaos};
use sandbox::crash::{self, Crash};

use crate::{SEED, block_on, program};

#[test]
fn whatever_a_seed_breaks_no_command_is_lost_done_twice_or_answered_twice() {
    let chaos = Chaos {
        program: program(),
        length: Duration::from_secs(25),
        guilds: 6,
        seed: SEED,
        log: None,
        tell: |line| println!("{line}"),
    };
    let books = block_on(chaos::run(&chaos)).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{}", serde_json::to_string(&books).unwrap());
    let sum = books.applied + books.refused + books.dead_lettered + books.held;
    assert_eq!(books.accepted, sum, "{books:#?}");
    assert_eq!([books.lost, books.doubled, books.answered_twice], [0; 3], "{books:#?}");
    assert!(books.converged_ms.is_some(), "{books:#?}");
    assert!(books.deaths > 0 && books.restarts > 0, "{books:#?}");
    assert!(books.is_good(), "{books:#?}");
}

#[test]
fn every_guild_dies_once_and_nobody_else_notices() {
    let crash = Crash {
        program: program(),
        guilds: 30,
        rate: 15,
        load: 20,
        restarts: 20,
        seed: SEED,
        log: None,
        tell: |line| println!("{line}"),
    };
    let figures = block_on(crash::run(&crash)).unwrap_or_else(|error| panic!("{error:#}"));
    println!("{}", serde_json::to_string(&figures).unwrap());
    assert_eq!((figures.deaths, figures.restarts), (30, 30), "{figures:#?}");
    assert_eq!(
        (figures.ordered_restarts, figures.ordered_counted),
        (20, 0),
        "{figures:#?}"
    );
    // How soon they are back is a figure of a release build on a quiet machine.
    assert!(figures.is_good(), "{figures:#?}");
}
