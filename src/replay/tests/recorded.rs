//! A recording is played again with the same hashes, tells no secret, and what was changed in it is found.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use ostinato_actors::record::{Take, Tape};
use ostinato_machine::guild::{Command, Input};
use ostinato_machine::ids::CauseId;
use proptest::prelude::*;

use super::super::Fault;
use super::session::{GUILD, QUERY, Session, TOKEN};
use super::{Act, act, block_on, live, playing, replay};
use crate::recording::Recorder;

/// A tape for a guild, and the file.
pub(crate) fn tape(folder: &Path, at_ms: u64, length: Duration) -> (Tape, PathBuf) {
    Recorder::new(folder).begin(GUILD, at_ms, length).unwrap()
}

/// The file, once it has its last line.
pub(crate) fn finished(path: &Path) -> String {
    let until = Instant::now() + Duration::from_secs(20);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        if text.contains("\n{\"end\":") && text.ends_with('\n') {
            return text;
        }
        assert!(Instant::now() < until, "{text}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Records what `session` lives through.
fn record(session: &mut Session, folder: &Path, acts: Vec<Act>) -> PathBuf {
    let (tape, path) = tape(folder, session.now, Duration::from_secs(60));
    assert!(tape.put(Take::Begin(Box::new(session.g.clone()))));
    session.tape = Some(tape);
    for act in acts {
        block_on(live(session, act));
    }
    session.tape = None;
    finished(&path);
    path
}

fn outcome(path: &Path, json: bool) -> (String, Option<Fault>) {
    replay(path, None, 0, json)
}

fn hashes(path: &Path) -> Vec<String> {
    let (text, fault) = outcome(path, true);
    assert!(fault.is_none(), "{fault:?} {text}");
    let whole: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(whole["differences"], 0);
    let steps = whole["steps"].as_array().unwrap();
    let mut hashes = Vec::new();
    for step in steps {
        assert_eq!(
            (&step["hash"], &step["as_recorded"]),
            (&step["recorded_hash"], &true.into())
        );
        hashes.push(step["hash"].as_str().unwrap().to_owned());
    }
    hashes
}

/// Lives through `before` unrecorded and through `acts` recorded, and plays the recording again.
fn compare(before: Vec<Act>, acts: Vec<Act>) {
    let directory = tempfile::tempdir().unwrap();
    let mut session = Session::new(directory.path());
    for act in before {
        block_on(live(&mut session, act));
    }
    // With another value a recording ends.
    let acts = acts.into_iter().filter(|act| !matches!(act, Act::Restarts)).collect();
    let path = record(&mut session, directory.path(), acts);
    let file = std::fs::read_to_string(&path).unwrap();
    hashes(&path);
    let (text, fault) = outcome(&path, false);
    assert!(fault.is_none() && text.contains("differences: 0"), "{fault:?} {text}");
    assert!(!text.contains("!!!"), "{text}");
    assert!(!text.chars().any(|sign| sign.is_control() && sign != '\n'), "{text:?}");
    for secret in [TOKEN, QUERY, "private", "voice-token", "voice-session", "QAAA"] {
        assert!(!text.contains(secret), "{secret:?} in {text}");
        assert!(!file.contains(secret), "{secret:?} in {file}");
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
    fn a_recording_is_played_again_with_the_same_hashes_and_tells_no_secret(
        before in prop::collection::vec(act(), 0..30), acts in prop::collection::vec(act(), 0..40)
    ) {
        compare(before, acts);
    }
}

/// A recording of a guild that plays, pauses and goes on.
fn recorded(directory: &Path) -> (PathBuf, String) {
    let mut session = block_on(playing(directory));
    let acts = vec![
        Act::Say(Command::Resume),
        Act::Say(Command::Volume { percent: 40 }),
        Act::Say(Command::Play {
            query: format!(" {QUERY} ").into(),
            at: ostinato_machine::guild::Where::Next,
        }),
        Act::Found(3),
        Act::Sits(false),
        Act::Wakes,
    ];
    let path = record(&mut session, directory, acts);
    let text = std::fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn a_recording_says_what_came_in_and_what_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, _) = recorded(directory.path());
    let (text, _) = outcome(&path, false);
    println!("{text}");
    for said in [
        "input 1  resume  ",
        "  * paused    no",
        "  > volume    40 %  (was 100 %)",
        "input 3  play  ",
        "  * added     ",
        "input 5  (seat)  internal",
        "  * Sat       passing",
        "6 inputs, then the guild's actor ended; differences: 0",
    ] {
        assert!(text.contains(said), "{said:?} in {text}");
    }
}

#[test]
fn whatever_is_changed_in_a_recording_is_found() {
    let directory = tempfile::tempdir().unwrap();
    let (path, text) = recorded(directory.path());
    let other = directory.path().join("other.jsonl");
    let fault = |text: &[u8]| {
        std::fs::write(&other, text).unwrap();
        outcome(&other, false).1
    };
    assert!(fault(text.as_bytes()).is_none(), "a copy is as good");
    let lines: Vec<&str> = text.lines().collect();
    let mut found = 0;
    // A digit in each line: in its input, its events, its hash and its sum.
    for (number, line) in lines.iter().enumerate() {
        let digits: Vec<usize> = line
            .match_indices(|sign: char| sign.is_ascii_digit())
            .map(|(at, _)| at)
            .collect();
        for at in digits
            .iter()
            .step_by(digits.len().div_ceil(12).max(1))
            .chain(digits.last())
        {
            let mut changed: Vec<Vec<u8>> = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
            changed[number][*at] = if changed[number][*at] == b'1' { b'2' } else { b'1' };
            let changed = changed.join(&b'\n');
            assert!(
                fault(&[&changed[..], b"\n"].concat()).is_some(),
                "line {number}, sign {at}"
            );
            found += 1;
        }
    }
    // A line that is missing, one that stands twice, and an end that is cut off.
    for number in 0..lines.len() {
        let mut fewer = lines.clone();
        fewer.remove(number);
        assert!(
            fault(format!("{}\n", fewer.join("\n")).as_bytes()).is_some(),
            "without line {number}"
        );
        let mut more = lines.clone();
        more.insert(number, lines[number]);
        assert!(
            fault(format!("{}\n", more.join("\n")).as_bytes()).is_some(),
            "line {number} twice"
        );
    }
    assert!(fault(&text.as_bytes()[..text.len() - 30]).is_some());
    println!("{found} changed digits of {} lines: all found", lines.len());
    let said = {
        let sought = text.replacen("\"volume\":{\"percent\":40}", "\"volume\":{\"percent\":41}", 1);
        assert_ne!(sought, text);
        std::fs::write(&other, sought).unwrap();
        outcome(&other, false)
    };
    assert!(said.0.contains("!!! hash "), "{}", said.0);
    assert!(matches!(said.1, Some(Fault::Differs { .. })));
    drop(path);
}

#[test]
fn the_input_that_a_guild_died_of_is_the_last_one() {
    let directory = tempfile::tempdir().unwrap();
    let mut session = block_on(playing(directory.path()));
    let (tape, path) = tape(directory.path(), 1, Duration::from_secs(60));
    assert!(tape.put(Take::Begin(Box::new(session.g.clone()))));
    let stamped = ostinato_machine::guild::Stamped {
        at_ms: 5,
        seed: 6,
        cause: CauseId::Internal,
        input: Input::Wake,
    };
    tape.put(Take::Died(Box::new(stamped), "decide"));
    session.tape = None;
    finished(&path);
    let (text, fault) = outcome(&path, false);
    assert!(fault.is_none(), "{fault:?}");
    assert!(
        text.contains("the guild's actor died of this input: \"decide\""),
        "{text}"
    );
}
