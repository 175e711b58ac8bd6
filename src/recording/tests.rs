//! What ends a recording, and what none is made of.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ostinato_actors::record::{Take, tape};
use ostinato_machine::guild::{Guild, Input, Stamped};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::limits::Limits;

use super::roll::Roll;
use super::{NotRecorded, Recorder};

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
        largest: 3_000,
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
