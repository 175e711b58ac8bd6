//! P15: two owners of a guild at once, on one file.

use std::sync::{Arc, Barrier, mpsc};
use std::thread::JoinHandle;

use ostinato_actors::ports::{GuildStore as _, PortError, PortErrorKind, Save, ShardCheckpoint, Stored, StoredShard};
use ostinato_machine::guild::{Record, Snapshot};
use ostinato_machine::ids::{GuildId, NodeId};
use tokio::sync::oneshot;

use super::super::contract::{Bench as _, EVERY, GUILD, SHARD, append, record, revisions, save, snapshot};
use super::super::job::{Done, Job};
use super::super::schema::SCHEMA;
use super::super::writer::Writer;
use super::super::{OpenError, SqliteStore, StoreFaults, StoreFigures, StoreSettings, schema};
use super::Files;

/// Races in all.
const RACES: u64 = 1_000;

/// A process with a writer of its own on the file: what the lock on the directory keeps apart.
struct Process {
    jobs: Option<mpsc::Sender<Job>>,
    thread: Option<JoinHandle<()>>,
}

impl Process {
    fn on(files: &Files) -> Self {
        let path = files.path().join("guilds.db");
        let connection = schema::open(&path, &files.settings()).unwrap();
        connection.busy_timeout(std::time::Duration::from_secs(30)).unwrap();
        let (jobs, inbox) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            Writer::new(connection, Arc::new(StoreFigures::default()), StoreFaults::default()).run(&inbox);
        });
        Self {
            jobs: Some(jobs),
            thread: Some(thread),
        }
    }

    fn ask<T>(&self, job: impl FnOnce(Done<T>) -> Job) -> oneshot::Receiver<Result<T, PortError>> {
        let (done, answer) = oneshot::channel();
        self.jobs.as_ref().unwrap().send(job(done)).unwrap();
        answer
    }

    fn load(&self, guild: GuildId, epoch: u64) -> Result<Stored, PortError> {
        self.ask(|done| Job::Load { guild, epoch, done })
            .blocking_recv()
            .unwrap()
    }

    fn load_shard(&self, epoch: u64) -> Result<StoredShard, PortError> {
        let shard = SHARD;
        self.ask(|done| Job::LoadShard { shard, epoch, done })
            .blocking_recv()
            .unwrap()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.jobs.take();
        self.thread.take().unwrap().join().unwrap();
    }
}

/// What an owner writes in a race: small and large records, and snapshots. Its epoch stands in all of them.
enum Write {
    Record(Record),
    Snapshot(Box<Snapshot>),
}

fn write(random: &mut fastrand::Rng, epoch: u64, revision: u64) -> Write {
    let weight = *random.choice(&[20, 20, 20, 20, 20, 500, 500, 90_000]).unwrap() + usize::try_from(epoch % 2).unwrap();
    if random.u8(0..6) == 0 {
        return Write::Snapshot(Box::new(snapshot(revision, weight)));
    }
    Write::Record(Record {
        epoch,
        ..record(revision, weight)
    })
}

/// A revision, and what its write came to.
type Answered = (u64, Result<(), PortError>);

/// Writes `count` changes after `after` without waiting for any; tells what each came to.
fn run(
    process: &Process,
    guild: GuildId,
    epoch: u64,
    (after, count): (u64, u64),
    random: &mut fastrand::Rng,
) -> Vec<Answered> {
    let mut answers = Vec::new();
    for revision in after + 1..=after + count {
        let answer: Box<dyn FnOnce() -> Result<(), PortError>> = match write(random, epoch, revision) {
            Write::Record(record) => {
                let append = append(guild, record, true);
                let answer = process.ask(|done| Job::Append { append, done });
                Box::new(|| answer.blocking_recv().unwrap().map(drop))
            }
            Write::Snapshot(snapshot) => {
                let save = Save {
                    shard: SHARD,
                    guild,
                    epoch,
                    snapshot: *snapshot,
                    awake: true,
                };
                let save = Box::new(save);
                let answer = process.ask(|done| Job::Snapshot { save, done });
                Box::new(|| answer.blocking_recv().unwrap())
            }
        };
        answers.push((revision, answer));
    }
    answers
        .into_iter()
        .map(|(revision, answer)| (revision, answer()))
        .collect()
}

fn newest(stored: &Stored) -> u64 {
    let snapshot = stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.revision);
    stored.records.last().map_or(snapshot, |record| record.revision)
}

/// What one race came to.
#[derive(Default)]
struct Outcome {
    /// Writes of the owner before that were confirmed although the next one had read the guild without them.
    stale: u64,
    refused: u64,
    before: u64,
}

/// The owner before writes, while the next one takes the guild over and goes on from what it read.
fn race(old: &Process, new: &Process, guild: GuildId, seed: u64) -> Outcome {
    let (epoch, start) = (1 + seed % 3, Barrier::new(2));
    let (late, (read, mine)) = std::thread::scope(|scope| {
        let late = scope.spawn(|| {
            let mut random = fastrand::Rng::with_seed(seed);
            let after = newest(&old.load(guild, epoch).unwrap());
            start.wait();
            run(old, guild, epoch, (after, 10), &mut random)
        });
        let mine = scope.spawn(|| {
            let mut random = fastrand::Rng::with_seed(!seed);
            start.wait();
            std::thread::sleep(std::time::Duration::from_micros(random.u64(0..60)));
            let read = new.load(guild, epoch + 1).unwrap();
            let after = newest(&read);
            (read, run(new, guild, epoch + 1, (after, 6), &mut random))
        });
        (late.join().unwrap(), mine.join().unwrap())
    });
    let (taken, mut outcome) = (newest(&read), Outcome::default());
    for (revision, result) in late {
        match result {
            Ok(()) if revision <= taken => outcome.before += 1,
            Ok(()) => outcome.stale += 1,
            Err(error) => {
                assert_eq!(error.kind, PortErrorKind::Gone, "{error}");
                outcome.refused += 1;
            }
        }
    }
    for (revision, result) in &mine {
        assert_eq!(*result, Ok(()), "the owner's revision {revision}, seed {seed}");
    }
    let end = new.load(guild, epoch + 1).unwrap();
    assert_eq!(newest(&end), taken + 6, "seed {seed}");
    let strange = |record: &&Record| (record.epoch <= epoch) != (record.revision <= taken);
    outcome.stale += u64::try_from(end.records.iter().filter(strange).count()).unwrap();
    outcome
}

#[test]
fn p15_a_stale_owner_overwrites_nothing_in_a_thousand_races_on_one_file() {
    let files = Files::new();
    let (old, new) = (Process::on(&files), Process::on(&files));
    let mut sum = Outcome::default();
    for seed in 0..RACES {
        let one = race(&old, &new, GuildId(seed + 1), seed);
        sum.stale += one.stale;
        sum.before += one.before;
        sum.refused += one.refused;
    }
    println!(
        "p15: {RACES} races of two epochs: {} writes of the owner before in time, {} refused, stale writes: {}",
        sum.before, sum.refused, sum.stale
    );
    assert!(sum.before > 100 && sum.refused > 100, "it was a race");
    assert_eq!(sum.stale, 0);
}

#[test]
fn p15_a_stale_owner_of_a_shard_overwrites_no_session_in_a_hundred_races() {
    let files = Files::new();
    let (old, new) = (Process::on(&files), Process::on(&files));
    let session = |name: &str| ShardCheckpoint {
        nodes: vec![(NodeId::new("n1"), Some(name.to_owned()))],
        ..ShardCheckpoint::default()
    };
    for epoch in 1..=100 {
        let checkpoint = |process: &Process, epoch: u64, name: &str| {
            let checkpoint = Box::new(session(name));
            process.ask(|done| Job::Checkpoint {
                shard: SHARD,
                epoch,
                checkpoint,
                done,
            })
        };
        let late: Vec<_> = (0..5)
            .map(|n| checkpoint(&old, epoch, &format!("{epoch} {n}")))
            .collect();
        let read = new.load_shard(epoch + 1).unwrap().nodes;
        let after = checkpoint(&old, epoch, "late").blocking_recv().unwrap();
        assert_eq!(after.unwrap_err().kind, PortErrorKind::Gone);
        for late in late {
            drop(late.blocking_recv().unwrap());
        }
        assert_eq!(new.load_shard(epoch + 1).unwrap().nodes, read);
    }
}

/// Makes of what this release wrote what the release of `schema` would have written, with a record that it was killed in.
fn as_of(files: &Files, schema: i64) {
    let old = |table: &str| {
        format!(
            "ALTER TABLE {table} RENAME TO new_{table}; \
             CREATE TABLE {table} (guild INTEGER NOT NULL, revision INTEGER NOT NULL, part INTEGER NOT NULL, \
             data BLOB NOT NULL, PRIMARY KEY (guild, revision, part)) STRICT, WITHOUT ROWID; \
             INSERT INTO {table} SELECT guild.id, new.revision, max(new.part, 0), new.data FROM new_{table} AS new \
             JOIN guild USING (ordinal); DROP TABLE new_{table};"
        )
    };
    let (log, snap) = (old("log"), old("snap"));
    let without_owners = if schema < 2 { "DROP TABLE shard;" } else { "" };
    let script = format!(
        "{without_owners} DROP TABLE audit; {log} {snap} ALTER TABLE guild RENAME TO new_guild; \
         CREATE TABLE guild (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, revision INTEGER NOT NULL, \
         log_bytes INTEGER NOT NULL, snap_revision INTEGER NOT NULL, snap_bytes INTEGER NOT NULL) STRICT; \
         INSERT INTO guild SELECT id, epoch, (SELECT max(revision) FROM log WHERE guild = id), 9, snap_revision, \
         snap_bytes FROM new_guild; DROP TABLE new_guild; \
         INSERT INTO log (guild, revision, part, data) SELECT id, revision + 1, 0, x'7b' FROM guild; \
         PRAGMA user_version = {schema}"
    );
    files.database().execute_batch(&script).unwrap();
}

#[tokio::test]
async fn what_the_releases_before_wrote_is_kept_and_owned_from_then_on() {
    for schema in [1, 2] {
        let files = Files::new();
        let store = files.open();
        store.snapshot(save(GUILD, snapshot(1, 200_000), true)).await.unwrap();
        for (n, weight) in [(2, 10), (3, 200_000)] {
            store.append(append(GUILD, record(n, weight), true)).await.unwrap();
        }
        let before = store.load(GUILD, 1).await.unwrap();
        files.close(store);
        as_of(&files, schema);
        let looked = super::super::Look::open(files.path());
        assert!(looked.is_err_and(|error| error.to_string().contains("look with that one")));
        let store = files.open();
        assert_eq!(
            (&store.load(GUILD, 1).await.unwrap(), revisions(&before)),
            (&before, vec![2, 3])
        );
        assert_eq!(store.load_shard(SHARD, 2).await.unwrap().awake, [GUILD]);
        let late = store.checkpoint(SHARD, 1, ShardCheckpoint::default()).await;
        assert_eq!(late.unwrap_err().kind, PortErrorKind::Gone);
        for n in 4..=5 {
            store.append(append(GUILD, record(n, 10), true)).await.unwrap();
        }
        assert_eq!(revisions(&store.load(GUILD, 1).await.unwrap()), [2, 3, 4, 5]);
        let version: i64 = files
            .database()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, SCHEMA);
        assert_eq!(store.audited(EVERY).await, Ok(Vec::new()));
    }
}

#[tokio::test]
async fn an_upgrade_that_ends_in_its_midst_leaves_what_the_release_before_wrote() {
    let files = Files::new();
    let store = files.open();
    for n in 1..=20 {
        store.append(append(GUILD, record(n, 20_000), true)).await.unwrap();
    }
    let before = store.load(GUILD, 1).await.unwrap();
    files.close(store);
    as_of(&files, 2);
    files.database().execute_batch("VACUUM").unwrap();
    let number = |sql| -> i64 { files.database().query_row(sql, [], |row| row.get(0)).unwrap() };
    let bytes = number("SELECT page_count * page_size FROM pragma_page_count, pragma_page_size");
    // There is room for the tables and for some of the rows.
    let narrow = StoreSettings {
        limit_bytes: Some(bytes.unsigned_abs() + 200_000),
        ..files.settings()
    };
    assert!(matches!(SqliteStore::open(&narrow), Err(OpenError::Disk { .. })));
    assert_eq!(number("SELECT user_version FROM pragma_user_version"), 2);
    assert_eq!(number("SELECT count(*) FROM log"), 21, "the last one is torn");
    let store = files.open();
    assert_eq!(store.load(GUILD, 1).await.unwrap(), before);
}
