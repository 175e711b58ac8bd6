//! A replay says what was: its hashes are those of the guild that lived, and it tells no secrets.

mod recorded;
mod session;

use std::path::Path;

use ostinato_machine::guild::{Command, LoopMode, Where};
use ostinato_machine::ids::GuildId;
use proptest::prelude::*;
use serde_json::Value;

use super::{Fault, Order, run};
pub(crate) use session::{GUILD, QUERY, Session, store};
use session::{LOUNGE, TOKEN, limits};

pub(crate) fn order(path: &Path, guild: Option<GuildId>, from: u64, json: bool) -> Order {
    Order {
        path: path.into(),
        guild,
        from,
        audit: false,
        json,
        limits: limits(),
    }
}

/// What is printed of the store in `path`, and what went wrong.
pub(crate) fn replay(path: &Path, guild: Option<GuildId>, from: u64, json: bool) -> (String, Option<Fault>) {
    let mut out = Vec::new();
    let fault = run(&order(path, guild, from, json), &mut out).err();
    (String::from_utf8(out).unwrap(), fault)
}

/// The object that is printed of a store that is good.
fn object(path: &Path) -> Value {
    let (text, fault) = replay(path, Some(GUILD), 0, true);
    assert!(fault.is_none(), "{fault:?}");
    serde_json::from_str(&text).unwrap()
}

#[derive(Clone, Debug)]
enum Act {
    Say(Command),
    Found(usize),
    Joined,
    Reports(bool),
    Sits(bool),
    Wakes,
    Restarts,
    Saves,
    Snapshots,
}

fn act() -> impl Strategy<Value = Act> {
    let at = prop_oneof![3 => Just(Where::End), 1 => Just(Where::Next), 1 => Just(Where::Now)];
    let mode = prop_oneof![Just(LoopMode::Off), Just(LoopMode::Track), Just(LoopMode::Queue)];
    let place = || 0..9_usize;
    let command = prop_oneof![
        6 => at.prop_map(|at| Command::Play { query: QUERY.into(), at }),
        2 => mode.prop_map(|mode| Command::Loop { mode }),
        1 => any::<bool>().prop_map(|on| Command::Autoplay { on }),
        1 => (0..200_u16).prop_map(|percent| Command::Volume { percent }),
        1 => (0..200_000_u64).prop_map(|position_ms| Command::Seek { position_ms }),
        1 => (place(), place()).prop_map(|(from, to)| Command::Move { from, to }),
        1 => (place(), prop::option::of(place())).prop_map(|(index, last)| Command::Remove { index, last }),
        8 => prop::sample::select(vec![
            Command::Connect, Command::Disconnect, Command::Pause, Command::Resume, Command::Skip, Command::Stop,
            Command::Replay, Command::Shuffle, Command::Clear, Command::NowPlaying,
        ]),
    ];
    prop_oneof![
        10 => command.prop_map(Act::Say),
        6 => (0..6_usize).prop_map(Act::Found),
        3 => Just(Act::Joined),
        4 => any::<bool>().prop_map(Act::Reports),
        1 => any::<bool>().prop_map(Act::Sits),
        2 => Just(Act::Wakes),
        1 => Just(Act::Restarts),
        1 => Just(Act::Saves),
        1 => Just(Act::Snapshots),
    ]
}

pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(future)
}

async fn live(session: &mut Session, act: Act) {
    session.now += 700;
    match act {
        Act::Say(command) => session.say(command),
        Act::Found(count) => session.found(&["One", "Two\u{1b}[2J\u{9b}", "Three", "Four", "Five"][..count.min(5)]),
        Act::Joined => session.joined(),
        Act::Reports(ended) => session.reports(ended),
        Act::Sits(in_voice) => session.sits(in_voice.then_some(LOUNGE)),
        Act::Wakes => session.wakes(),
        Act::Restarts => session.restarts().await,
        Act::Saves => session.save().await,
        Act::Snapshots => session.snapshot().await,
    }
}

/// Lives through `acts` and compares the replay with what was, while the store is open.
async fn compare(acts: Vec<Act>) {
    let directory = tempfile::tempdir().unwrap();
    let mut session = Session::new(directory.path());
    for act in acts {
        live(&mut session, act).await;
    }
    session.save().await;
    let Some(last) = session.hashes.last() else { return };
    let shown = object(directory.path());
    assert_eq!(shown["state"]["hash"], last.as_str(), "{shown:#}");
    let base = usize::try_from(shown["snapshot"]["revision"].as_u64().unwrap_or(0)).unwrap();
    let steps = shown["records"].as_array().unwrap();
    assert_eq!(base + steps.len(), session.hashes.len());
    for (step, hash) in steps.iter().zip(&session.hashes[base..]) {
        assert_eq!(step["hash"], hash.as_str(), "{step:#}");
    }
    if base > 0 {
        assert_eq!(shown["snapshot"]["hash"], session.hashes[base - 1].as_str());
    }
    for json in [false, true] {
        let (text, _) = replay(directory.path(), Some(GUILD), 0, json);
        assert!(!text.chars().any(|sign| sign.is_control() && sign != '\n'), "{text:?}");
        for secret in [
            TOKEN,
            QUERY,
            "private",
            "voice-token",
            "voice-session",
            "\u{1b}",
            "QAAA",
        ] {
            assert!(!text.contains(secret), "{secret:?} in {text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64,
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn every_hash_of_a_replay_is_that_of_the_guild_that_lived(acts in prop::collection::vec(act(), 1..80)) {
        block_on(compare(acts));
    }
}

/// A guild that plays two tracks: the same every time.
async fn playing(directory: &Path) -> Session {
    let mut session = Session::new(directory);
    let at = Where::End;
    session.say(Command::Play {
        query: QUERY.into(),
        at,
    });
    session.found(&["First", "Second\n\u{1b}[2J"]);
    session.joined();
    session.reports(false);
    session.now += 5_000;
    session.say(Command::Pause);
    session.save().await;
    session
}

#[test]
fn a_replay_is_read_like_this() {
    let directory = tempfile::tempdir().unwrap();
    let session = block_on(playing(directory.path()));
    let (text, fault) = replay(directory.path(), Some(GUILD), 0, false);
    assert!(fault.is_none(), "{fault:?}");
    let masked: Vec<&str> = text.lines().skip(1).filter(|line| !line.contains("hash")).collect();
    println!("{text}");
    let expected = include_str!("replay.txt");
    assert_eq!(masked.join("\n"), expected.trim_end(), "{text}");
    assert!(text.contains(session.hashes.last().unwrap().as_str()));
}

#[test]
fn a_replay_can_begin_late_and_hides_nothing_of_the_end() {
    let directory = tempfile::tempdir().unwrap();
    let session = block_on(playing(directory.path()));
    let newest = session.g.revision();
    let whole = object(directory.path());
    let (text, _) = replay(directory.path(), Some(GUILD), newest, true);
    let late: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(late["records"].as_array().unwrap().len(), 1);
    assert_eq!(
        late["records"][0],
        *whole["records"].as_array().unwrap().last().unwrap()
    );
    assert_eq!(late["state"], whole["state"]);
    let (text, _) = replay(directory.path(), Some(GUILD), newest + 9, false);
    assert!(text.contains("0 records shown; the state at revision"), "{text}");
}

#[test]
fn guilds_are_listed_and_one_that_is_not_there_is_told_with_those_that_are() {
    let directory = tempfile::tempdir().unwrap();
    let (text, fault) = {
        store(directory.path()).close();
        replay(directory.path(), None, 0, false)
    };
    assert!(fault.is_none() && text.ends_with("guilds.db: 0 guilds\n"), "{text}");
    let mut session = block_on(playing(directory.path()));
    let (text, _) = replay(directory.path(), None, 0, false);
    let row = text.lines().nth(2).unwrap();
    let words: Vec<&str> = row.split_whitespace().collect();
    let revision = session.g.revision().to_string();
    assert_eq!(
        &words[..3],
        &[GUILD.to_string(), revision.clone(), revision.clone()],
        "{text}"
    );
    assert!(row.ends_with("Z none") || row.ends_with("none"), "{text}");
    block_on(async {
        session.snapshot().await;
        session.now += 1_000;
        session.say(Command::Resume);
        session.save().await;
    });
    let (text, _) = replay(&directory.path().join("guilds.db"), None, 0, false);
    assert!(
        text.contains(&format!("revision {revision}, ")) && text.contains(", before 2027-"),
        "{text}"
    );
    let (text, fault) = replay(directory.path(), Some(GuildId(5)), 0, false);
    let fault = fault.unwrap().to_string();
    assert!(
        text.is_empty() && fault.contains("no guild 5 in it; it has 1 guild (4000000000000000001)"),
        "{fault}"
    );
    session.close();
}
