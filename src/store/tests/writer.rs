//! One batch of the writer: who is told what when a commit fails.

use crate::store::StoreFaults;
use std::sync::{Arc, mpsc};

use ostinato_actors::ports::{PortError, Stored};
use ostinato_machine::ids::GuildId;
use tokio::sync::oneshot;

use super::super::contract::{OTHER, append, record, revisions};
use super::super::job::Job;
use super::super::writer::Writer;
use super::super::{StoreFigures, StoreSettings, schema};
use super::Files;

type Answer<T> = oneshot::Receiver<Result<T, PortError>>;

fn append_job(guild: GuildId, revision: u64, weight: usize) -> (Job, Answer<ostinato_actors::ports::Appended>) {
    let (done, answer) = oneshot::channel();
    let append = append(guild, record(revision, weight), true);
    (Job::Append { append, done }, answer)
}

fn load_job(guild: GuildId) -> (Job, Answer<Stored>) {
    let (done, answer) = oneshot::channel();
    (Job::Load { guild, epoch: 1, done }, answer)
}

/// Works off `jobs` as if all had come at once, in files that may grow to `limit_bytes`. Tells what was counted.
fn work_off(files: &Files, limit_bytes: u64, jobs: Vec<Job>) -> Arc<StoreFigures> {
    let settings = StoreSettings {
        limit_bytes: Some(limit_bytes),
        ..files.settings()
    };
    let connection = schema::open(&files.path().join("guilds.db"), &settings).unwrap();
    let (sender, inbox) = mpsc::channel();
    for job in jobs {
        sender.send(job).unwrap();
    }
    drop(sender);
    let figures = Arc::new(StoreFigures::default());
    Writer::new(connection, Arc::clone(&figures), StoreFaults::default()).run(&inbox);
    figures
}

#[test]
fn a_commit_that_fails_is_told_to_everybody_in_it_and_wakes_nobody_wrongly() {
    let files = Files::new();
    let (first, mut told_first) = append_job(OTHER, 1, 10);
    let (full, mut told_full) = append_job(GuildId(3), 1, 60_000);
    let (alike, mut told_alike) = append_job(GuildId(4), 1, 60_000);
    let figures = work_off(&files, 100_000, vec![first, full, alike]);
    assert_eq!(
        (figures.errors.get(), figures.bytes.get(), figures.commits.read()),
        (1, 0, None)
    );
    assert!(figures.failure().unwrap().contains("full"), "{:?}", figures.failure());
    for told in [told_first.try_recv(), told_full.try_recv(), told_alike.try_recv()] {
        assert!(told.unwrap().unwrap_err().is_retryable());
    }
    let rows: i64 = files
        .database()
        .query_row("SELECT count(*) FROM guild", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 0);
}

#[test]
fn a_record_of_one_row_is_there_without_a_word_in_its_guilds_row_and_takes_the_place_of_a_torn_one() {
    let files = Files::new();
    let first = append_job(OTHER, 1, 10).0;
    work_off(&files, 1_000_000, vec![first]);
    let rows = "SELECT id, epoch, revision, snap_revision, snap_bytes FROM guild";
    let said = || -> Vec<[i64; 5]> {
        let database = files.database();
        let mut said = database.prepare(rows).unwrap();
        let said = said.query_map([], |row| {
            Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?])
        });
        said.unwrap().collect::<Result<_, _>>().unwrap()
    };
    let before = said();
    // Parts 0 and 1 of the second revision, and part 0 of the third.
    for key in [
        (1 << 42) + (2 << 10) + 1,
        (1 << 42) + (2 << 10) + 2,
        (1_i64 << 42) + (3 << 10) + 1,
    ] {
        let torn = "INSERT INTO log (at, data) VALUES (?1, x'7b')";
        files.database().execute(torn, [key]).unwrap();
    }
    let jobs: Vec<_> = (2..=3).map(|revision| append_job(OTHER, revision, 10)).collect();
    let (load, mut loaded) = load_job(OTHER);
    let (jobs, mut answers): (Vec<_>, Vec<_>) = jobs.into_iter().unzip();
    work_off(&files, 1_000_000, jobs.into_iter().chain([load]).collect());
    for answer in &mut answers {
        answer.try_recv().unwrap().unwrap();
    }
    assert_eq!(revisions(&loaded.try_recv().unwrap().unwrap()), [1, 2, 3]);
    assert_eq!((before.len(), said()), (1, before));
}

#[test]
fn what_is_committed_is_counted_and_what_only_reads_is_not() {
    let files = Files::new();
    let (first, _told_first) = append_job(OTHER, 1, 10);
    let (second, _told_second) = append_job(GuildId(3), 1, 10);
    let (again, _told_again) = append_job(OTHER, 1, 10);
    let figures = work_off(&files, 1_000_000, vec![first, second, again]);
    let together = figures.together.read().unwrap();
    let bytes: i64 = files
        .database()
        .query_row("SELECT sum(length(data)) FROM log", [], |row| row.get(0))
        .unwrap();
    assert_eq!((together.count, together.sum), (1, 2.0), "a repeat writes nothing");
    assert_eq!(figures.commits.read().unwrap().count, 1);
    assert_eq!(figures.failure(), None);
    assert_eq!((figures.bytes.get(), figures.errors.get()), (bytes.unsigned_abs(), 0));
    let (load, _loaded) = load_job(OTHER);
    assert_eq!(work_off(&files, 1_000_000, vec![load]).commits.read(), None);
}

#[test]
fn a_guild_is_not_called_empty_when_setting_its_damage_aside_was_rolled_back() {
    let files = Files::new();
    let (written, mut told) = append_job(OTHER, 1, 10);
    work_off(&files, 1_000_000, vec![written]);
    told.try_recv().unwrap().unwrap();
    files.database().execute("UPDATE log SET data = x'7b'", []).unwrap();
    let (load, mut loaded) = load_job(OTHER);
    let (alike, mut told_alike) = append_job(GuildId(3), 1, 60_000);
    let (full, mut told_full) = append_job(GuildId(4), 1, 60_000);
    work_off(&files, 100_000, vec![load, alike, full]);
    for told in [told_alike.try_recv(), told_full.try_recv()] {
        assert!(told.unwrap().is_err());
    }
    assert!(loaded.try_recv().unwrap().unwrap_err().is_retryable());
    let (load, mut loaded) = load_job(OTHER);
    work_off(&files, 1_000_000, vec![load]);
    assert_eq!(loaded.try_recv().unwrap().unwrap(), Stored::default());
}

#[test]
fn a_large_record_that_fails_takes_no_younger_one_with_it_into_the_journal() {
    let files = Files::new();
    let (large, mut told_large) = append_job(OTHER, 1, 900_000);
    let (younger, mut told_younger) = append_job(OTHER, 2, 10);
    let (other, mut told_other) = append_job(GuildId(3), 1, 10);
    let (load, mut loaded) = load_job(OTHER);
    work_off(&files, 400_000, vec![large, younger, other, load]);
    assert!(told_large.try_recv().unwrap().unwrap_err().is_retryable());
    assert!(told_younger.try_recv().unwrap().is_err());
    told_other.try_recv().unwrap().unwrap();
    assert_eq!(loaded.try_recv().unwrap().unwrap(), Stored::default());
}

#[test]
fn a_stop_waits_for_all_that_is_under_way() {
    let files = Files::new();
    let (large, mut told_large) = append_job(OTHER, 1, 900_000);
    let (younger, mut told_younger) = append_job(OTHER, 2, 10);
    let (late, mut told_late) = append_job(GuildId(3), 1, 10);
    work_off(&files, 10_000_000, vec![large, younger, Job::Stop, late]);
    for told in [told_large.try_recv(), told_younger.try_recv(), told_late.try_recv()] {
        told.unwrap().unwrap();
    }
}
