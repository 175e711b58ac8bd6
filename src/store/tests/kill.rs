//! `kill -9` at any time. The victim is this test binary, started again to write and nothing else.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use futures_util::future::join_all;
use ostinato_actors::ports::{GuildStore as _, Stored};
use ostinato_machine::guild::Record;
use ostinato_machine::ids::GuildId;

use super::super::contract::{Bench as _, SHARD, append, record, revisions, save, snapshot};
use super::super::{DataDirLock, LockError, SqliteStore};
use super::Files;

/// Set in the victim: the directory that it writes to.
const VICTIM: &str = "OSTINATO_TEST_VICTIM_DIR";

const GUILDS: std::ops::RangeInclusive<u64> = 1..=4;

const KILLS: u64 = 20;

/// What a guild writes at a revision: now and then something large.
fn of(guild: u64, revision: u64) -> Record {
    let chance = guild.wrapping_mul(31).wrapping_add(revision.wrapping_mul(7)) % 10;
    let weight = match chance {
        0 => 300_000,
        1 => 65_000,
        _ => 200,
    };
    record(revision, weight)
}

fn weight_of_snapshot(revision: u64) -> usize {
    if revision.is_multiple_of(2) { 250_000 } else { 100 }
}

/// Writes until it is killed, and says what was acknowledged.
async fn write_for_ever(files: &Files) {
    let store = files.open();
    join_all(GUILDS.map(|guild| {
        let store = store.clone();
        async move {
            let stored = store.load(GuildId(guild), 1).await.unwrap();
            let mut revision = newest(&stored);
            loop {
                revision += 1;
                store
                    .append(append(GuildId(guild), of(guild, revision), true))
                    .await
                    .unwrap();
                say(guild, revision);
                if revision % 5 == guild {
                    let snapshot = snapshot(revision, weight_of_snapshot(revision));
                    // Twice: the same state may be written again, by a guild that is put to sleep.
                    for snapshot in [snapshot.clone(), snapshot] {
                        store.snapshot(save(GuildId(guild), snapshot, true)).await.unwrap();
                    }
                }
            }
        }
    }))
    .await;
}

fn say(guild: u64, revision: u64) {
    // Past the test harness, which would hold it back.
    let mut out = std::io::stdout().lock();
    writeln!(out, "ack {guild} {revision}")
        .and_then(|()| out.flush())
        .unwrap();
}

fn newest(stored: &Stored) -> u64 {
    let snapshot = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.revision);
    stored.records.last().map_or(snapshot, |record| record.revision)
}

fn victim(test: &str, directory: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(VICTIM, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

/// A victim whose files may not grow beyond about `kilobytes`: writing more is an error, not a death.
fn cramped_victim(test: &str, directory: &Path, kilobytes: u32) -> Child {
    let script = format!(r#"trap "" XFSZ; ulimit -f {kilobytes}; exec "$0" "$@""#);
    Command::new("sh")
        .args(["-c", &script])
        .arg(std::env::current_exe().unwrap())
        .args([test, "--exact", "--nocapture", "--test-threads=1"])
        .env(VICTIM, directory)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

fn acknowledged(line: &str) -> Option<(u64, u64)> {
    let (guild, revision) = line.strip_prefix("ack ")?.split_once(' ')?;
    Some((guild.parse().ok()?, revision.parse().ok()?))
}

/// The directory to write to, in a victim.
fn role() -> Option<Files> {
    let directory = std::env::var_os(VICTIM)?;
    Some(Files::at(Path::new(&directory)))
}

#[tokio::test]
async fn everything_acknowledged_survives_a_kill_at_any_time() {
    if let Some(files) = role() {
        return write_for_ever(&files).await;
    }
    let seed = std::env::var("OSTINATO_TEST_SEED")
        .ok()
        .and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    println!("OSTINATO_TEST_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let files = Files::new();
    let mut last: BTreeMap<u64, u64> = BTreeMap::new();
    for round in 0..KILLS {
        let mut child = victim(
            "store::tests::kill::everything_acknowledged_survives_a_kill_at_any_time",
            files.path(),
        );
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut left = random.u32(1..60);
        while let Some(Ok(line)) = lines.next() {
            let Some((guild, revision)) = acknowledged(&line) else {
                continue;
            };
            last.insert(guild, revision);
            left = left.saturating_sub(1);
            if left == 0 {
                // Somewhere within the next commits.
                std::thread::sleep(Duration::from_micros(random.u64(0..3_000)));
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        check(&files, &last, &format!("seed {seed}, kill {round}")).await;
    }
}

async fn check(files: &Files, last: &BTreeMap<u64, u64>, at: &str) {
    let store = files.open();
    for (guild, revision) in last {
        let stored = store.load(GuildId(*guild), 1).await.unwrap();
        assert!(
            newest(&stored) >= *revision,
            "{at}: guild {guild} lost {revision}: {:?}",
            revisions(&stored)
        );
        let first = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.revision);
        if let Some(found) = &stored.snapshot {
            assert_eq!(
                *found,
                snapshot(first, weight_of_snapshot(first)),
                "{at}: guild {guild}"
            );
        }
        for (expected, found) in (first + 1..).zip(&stored.records) {
            assert_eq!(*found, of(*guild, expected), "{at}: guild {guild}");
        }
    }
    let awake = store.load_shard(SHARD, 1).await.unwrap().awake;
    assert!(
        last.keys().all(|guild| awake.contains(&GuildId(*guild))),
        "{at}: {awake:?}"
    );
    let sql = "SELECT count(*) FROM aside";
    let aside: i64 = files.database().query_row(sql, [], |row| row.get(0)).unwrap();
    assert_eq!(aside, 0, "{at}: something was set aside");
    files.close(store);
}

#[tokio::test]
async fn a_second_process_is_kept_out_and_named_its_holder_until_the_holder_dies() {
    if let Some(files) = role() {
        return write_for_ever(&files).await;
    }
    let files = Files::new();
    let test = "store::tests::kill::a_second_process_is_kept_out_and_named_its_holder_until_the_holder_dies";
    let mut child = victim(test, files.path());
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.is_ok_and(|line| acknowledged(&line).is_some())));
    let error = DataDirLock::take(files.path(), Duration::ZERO).unwrap_err();
    let LockError::Held { holder, .. } = &error else {
        panic!("{error}")
    };
    assert_eq!(*holder, child.id().to_string());
    assert!(error.to_string().contains("DATA_DIR"), "{error}");
    child.kill().unwrap();
    child.wait().unwrap();
    // The store of the next process waits for the one before it, and not for ever.
    let store = SqliteStore::open(&files.settings()).unwrap();
    assert!(newest(&store.load(GuildId(1), 1).await.unwrap()) + newest(&store.load(GuildId(2), 1).await.unwrap()) > 0);
}

/// Writes until the files may not grow any more, and a little beyond.
async fn write_until_full(files: &Files) {
    let store = files.open();
    let (mut revision, mut failures) = (0, 0);
    while failures < 5 {
        match store
            .append(append(GuildId(1), record(revision + 1, 20_000), true))
            .await
        {
            Ok(_) => {
                revision += 1;
                say(1, revision);
            }
            Err(error) => {
                assert!(error.is_retryable(), "{error}");
                failures += 1;
            }
        }
    }
    store.load(GuildId(1), 1).await.unwrap();
    // The harness would count it as a test that passed.
    writeln!(std::io::stdout().lock(), "it was said {failures} times").unwrap();
}

#[tokio::test]
async fn a_disk_that_takes_no_more_is_said_and_loses_nothing() {
    if let Some(files) = role() {
        return write_until_full(&files).await;
    }
    let files = Files::new();
    let test = "store::tests::kill::a_disk_that_takes_no_more_is_said_and_loses_nothing";
    let mut child = cramped_victim(test, files.path(), 3_000);
    let lines: Vec<String> = BufReader::new(child.stdout.take().unwrap())
        .lines()
        .map_while(Result::ok)
        .collect();
    assert!(child.wait().unwrap().success(), "{lines:?}");
    assert!(
        lines.iter().any(|line| line.contains("it was said 5 times")),
        "{lines:?}"
    );
    let last = lines.iter().filter_map(|line| acknowledged(line)).next_back();
    let (_, last) = last.unwrap();
    // There is space again.
    let store = files.open();
    let stored = store.load(GuildId(1), 1).await.unwrap();
    assert!(
        newest(&stored) >= last,
        "{last} was acknowledged: {:?}",
        revisions(&stored)
    );
    assert!(
        stored
            .records
            .iter()
            .zip(1..)
            .all(|(found, n)| *found == record(n, 20_000))
    );
    store
        .append(append(GuildId(1), record(newest(&stored) + 1, 20_000), true))
        .await
        .unwrap();
}
