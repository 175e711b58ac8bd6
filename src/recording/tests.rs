//! What ends a recording, and what none is made of.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostinato_actors::record::{Take, tape};
use ostinato_machine::guild::{Guild, Input, Stamped};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::limits::Limits;

use super::roll::Roll;
use super::{Bounds, NotRecorded, Recorder};

const GUILD: GuildId = GuildId(7);

fn guild() -> Guild {
    Guild::new(GUILD, 1, Arc::new(Limits::default()))
}

fn step() -> Take {
    let stamped = Stamped {
        at_ms: 5,
        seed: 6,
        cause: CauseId::Internal,
        input: Input::Wake,
    };
    Take::step(&stamped, Vec::new(), &guild())
}

/// The file's last line, once it is there.
fn end(path: &Path) -> String {
    let until = Instant::now() + Duration::from_secs(10);
    loop {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let last = text.lines().last().unwrap_or_default();
        if last.starts_with("{\"end\":") && text.ends_with('\n') {
            return last.to_owned();
        }
        assert!(Instant::now() < until, "{text}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn the_time_ends_a_recording_and_the_guild_hears_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::new(directory.path());
    let (tape, path) = recorder.begin(GUILD, 1, Duration::from_millis(50)).unwrap();
    assert!(tape.put(Take::Begin(Box::new(guild()))) && tape.put(step()));
    assert!(end(&path).contains("the time is over"));
    let until = Instant::now() + Duration::from_secs(5);
    while tape.put(step()) {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(1));
    }
}

#[test]
fn its_size_ends_a_recording() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder {
        bounds: Bounds {
            largest: 3_000,
            ..Bounds::default()
        },
        ..Recorder::new(directory.path())
    };
    let (tape, path) = recorder.begin(GUILD, 1, Duration::from_secs(60)).unwrap();
    assert!(tape.put(Take::Begin(Box::new(guild()))));
    while tape.put(step()) {
        std::thread::sleep(Duration::from_millis(1));
    }
    assert!(end(&path).contains("as large as it may be"));
    assert!(std::fs::metadata(&path).unwrap().len() < 4_000);
}

#[test]
fn what_does_not_fit_ends_a_recording_and_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("full.jsonl");
    let file = std::fs::File::create(&path).unwrap();
    let (tape, reel) = tape();
    assert!(tape.put(Take::Begin(Box::new(guild()))));
    let fit = (0..1_000).take_while(|_| tape.put(step())).count();
    assert_eq!(fit, 63, "nobody waits for a writer that is slow");
    drop(tape);
    Roll::new(file, path.clone(), (GUILD, 1), 1 << 20).write(&reel, Duration::from_secs(60));
    assert!(end(&path).contains("did not fit"));
    assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 65);
}

#[test]
fn few_at_once_and_none_that_never_begins() {
    let directory = tempfile::tempdir().unwrap();
    let recorder = Recorder::new(directory.path());
    let minute = Duration::from_secs(60);
    let begun: Vec<_> = (1..=3).map(|at| recorder.begin(GUILD, at, minute).unwrap()).collect();
    assert!(matches!(recorder.begin(GUILD, 4, minute), Err(NotRecorded::Enough)));
    let paths: Vec<_> = begun.iter().map(|(_, path)| path.clone()).collect();
    drop(begun);
    let until = Instant::now() + Duration::from_secs(10);
    let again = loop {
        match recorder.begin(GUILD, 5, minute) {
            Ok(again) => break again,
            Err(error) => assert!(Instant::now() < until, "{error}"),
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    drop(again);
    while paths.iter().any(|path| path.exists()) {
        assert!(Instant::now() < until, "an empty recording is left");
        std::thread::sleep(Duration::from_millis(2));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let (_tape, path) = recorder.begin(GUILD, 6, minute).unwrap();
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

/// What lies in the folder of recordings.
fn names(recorder: &Recorder) -> Vec<String> {
    let entries = std::fs::read_dir(recorder.folder()).unwrap();
    let mut all: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    all.sort();
    all
}

#[test]
fn the_oldest_make_room_and_what_runs_or_is_somebody_elses_stays() {
    let directory = tempfile::tempdir().unwrap();
    let bounds = Bounds {
        largest: 100,
        kept: 4,
        bytes: 1_000,
    };
    let recorder = Recorder {
        bounds,
        ..Recorder::new(directory.path())
    };
    let minute = Duration::from_secs(60);
    // The oldest of all, and it runs.
    let (_running, path) = recorder.begin(GUILD, 1, minute).unwrap();
    let put = |name: &str, bytes: usize| std::fs::write(recorder.folder().join(name), vec![b'x'; bytes]).unwrap();
    put("notes.jsonl", 5_000);
    put("9-10.jsonl", 10);
    put("8-9.jsonl", 10);
    put("8-11.jsonl", 10);
    let (tape, _) = recorder.begin(GUILD, 12, minute).unwrap();
    assert_eq!(
        names(&recorder),
        ["7-1.jsonl", "7-12.jsonl", "8-11.jsonl", "9-10.jsonl", "notes.jsonl"],
        "four, the newest"
    );
    drop(tape);
    put("8-11.jsonl", 795);
    let until = Instant::now() + Duration::from_secs(10);
    while recorder.running.lock().unwrap().len() > 1 {
        assert!(Instant::now() < until);
        std::thread::sleep(Duration::from_millis(2));
    }
    let (_tape, _) = recorder.begin(GUILD, 13, minute).unwrap();
    assert_eq!(
        names(&recorder),
        ["7-1.jsonl", "7-13.jsonl", "8-11.jsonl", "notes.jsonl"],
        "two that may become as large as they may, and what is left of the bytes"
    );
    assert!(path.exists());
}
