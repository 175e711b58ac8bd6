//! Files, disks and directories: full, read-only, not ours, taken by another process.

use std::time::Duration;

use ostinato_actors::ports::GuildStore as _;

use super::super::contract::{Bench as _, EVERY, GUILD, OTHER, append, death, record, revisions, save, snapshot};
use super::super::{DataDirLock, Durability, OpenError, SqliteStore, StoreSettings, schema};
use super::Files;

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_committed_stays() {
    let files = Files::new();
    let store = files.limited(200_000);
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    let full = store.append(append(GUILD, record(2, 500_000), true)).await.unwrap_err();
    assert!(full.is_retryable(), "{full}");
    assert_eq!(revisions(&store.load(GUILD, 1).await.unwrap()), [1]);
    store.append(append(GUILD, record(2, 10), true)).await.unwrap();
    assert_eq!(revisions(&store.load(GUILD, 1).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn with_space_again_the_journal_goes_on_where_it_stood() {
    let files = Files::new();
    let store = files.limited(300_000);
    let mut last = 0;
    loop {
        match store.append(append(GUILD, record(last + 1, 20_000), true)).await {
            Ok(_) => last += 1,
            Err(full) => {
                assert!(full.is_retryable(), "{full}");
                break;
            }
        }
    }
    // Others are told the truth as well, and compaction makes space.
    assert!(
        store
            .snapshot(save(OTHER, snapshot(1, 200_000), true))
            .await
            .unwrap_err()
            .is_retryable()
    );
    store.snapshot(save(GUILD, snapshot(last, 10), true)).await.unwrap();
    store
        .append(append(GUILD, record(last + 1, 20_000), true))
        .await
        .unwrap();
    files.close(store);
    let store = files.open();
    store.snapshot(save(OTHER, snapshot(1, 200_000), true)).await.unwrap();
    let loaded = store.load(GUILD, 1).await.unwrap();
    assert_eq!(revisions(&loaded), [last + 1]);
    assert_eq!(loaded.snapshot, Some(snapshot(last, 10)));
}

#[tokio::test]
async fn audit_that_finds_the_disk_full_is_written_when_there_is_space_again_and_once() {
    let files = Files::new();
    let store = files.open();
    store.audit([death(GUILD, 1)].into()).await.unwrap();
    store.faults().full(60_000);
    let batch: std::sync::Arc<[_]> = [death(GUILD, 2), death(OTHER, 3)].into();
    let full = store.audit(std::sync::Arc::clone(&batch)).await.unwrap_err();
    assert!(full.is_retryable(), "{full}");
    assert_eq!(store.audited(EVERY).await.unwrap(), [death(GUILD, 1)]);
    store.faults().full(0);
    store.audit(batch).await.unwrap();
    let read = store.audited(EVERY).await.unwrap();
    assert_eq!(read, [death(OTHER, 3), death(GUILD, 2), death(GUILD, 1)]);
}

#[tokio::test]
async fn the_files_stay_bounded_however_much_is_written() {
    let files = Files::new();
    let store = files.open();
    let (mut written, mut snapshots) = (0, 0);
    for n in 1..=6_000 {
        written += 10_000;
        let appended = store.append(append(GUILD, record(n, 10_000), true)).await.unwrap();
        if appended.wants_snapshot {
            store.snapshot(save(GUILD, snapshot(n, 1_000), true)).await.unwrap();
            snapshots += 1;
        }
    }
    let sizes = ["guilds.db", "guilds.db-wal"].map(|name| {
        let path = files.path().join(name);
        path.metadata().map_or(0, |file| file.len())
    });
    // The write-ahead log is carried over at 4,096 frames, 16.9 MB; the rest is small.
    assert!(
        sizes.iter().sum::<u64>() < 20_000_000,
        "{sizes:?} after {written} bytes"
    );
    assert!((200..2_000).contains(&snapshots), "{snapshots} snapshots");
}

#[tokio::test]
async fn a_directory_that_can_t_be_written_is_named_with_the_fix() {
    let files = Files::new();
    let file = files.path().join("file");
    std::fs::write(&file, "no directory").unwrap();
    let settings = StoreSettings {
        data_dir: file.join("data"),
        ..files.settings()
    };
    let error = SqliteStore::open(&settings).err().unwrap();
    assert!(matches!(error, OpenError::Directory { .. }));
    let said = error.to_string();
    assert!(said.contains("DATA_DIR") && said.contains("name a directory"), "{said}");
}

#[test]
fn a_file_that_is_no_database_is_left_as_it_is() {
    let files = Files::new();
    let path = files.path().join("guilds.db");
    std::fs::write(
        &path,
        "these are not the guilds you are looking for, but they are long enough",
    )
    .unwrap();
    let error = SqliteStore::open(&files.settings()).err().unwrap();
    assert!(matches!(error, OpenError::Database { .. }), "{error}");
    assert!(error.to_string().contains("backup"), "{error}");
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("these are not"));
}

#[test]
fn a_full_disk_at_the_start_is_named_and_the_good_file_is_not_called_damaged() {
    let files = Files::new();
    let settings = StoreSettings {
        limit_bytes: Some(1),
        ..files.settings()
    };
    let error = SqliteStore::open(&settings).err().unwrap();
    assert!(matches!(error, OpenError::Disk { .. }), "{error}");
    let said = error.to_string();
    assert!(said.contains("make room") && !said.contains("move it away"), "{said}");
}

#[cfg(unix)]
#[test]
fn what_is_stored_is_for_this_user_alone() {
    use std::os::unix::fs::PermissionsExt as _;
    let files = Files::new();
    let settings = StoreSettings {
        data_dir: files.path().join("fresh"),
        ..files.settings()
    };
    let store = SqliteStore::open(&settings).unwrap();
    let rights = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(rights(&settings.data_dir), 0o700);
    for name in ["guilds.db", "guilds.db-wal", "guilds.db-shm"] {
        assert_eq!(rights(&settings.data_dir.join(name)), 0o600, "{name}");
    }
    store.close();
}

#[test]
fn a_newer_release_s_files_are_left_as_they_are() {
    let files = Files::new();
    files.close(files.open());
    files.database().pragma_update(None, "user_version", 99).unwrap();
    let error = SqliteStore::open(&files.settings()).err().unwrap();
    assert!(matches!(error, OpenError::Newer { found: 99, .. }), "{error}");
    let found: i64 = files
        .database()
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(found, 99);
}

#[test]
fn the_durability_of_a_machine_waits_for_the_disk_and_that_of_a_process_does_not() {
    let files = Files::new();
    let synchronous = |durability| {
        let settings = StoreSettings {
            durability,
            ..files.settings()
        };
        let connection = schema::open(&files.path().join("guilds.db"), &settings).unwrap();
        let pragma = |name: &str| {
            connection
                .pragma_query_value(None, name, |row| row.get::<_, i64>(0))
                .unwrap()
        };
        let mode: String = connection
            .pragma_query_value(None, "journal_mode", |row| row.get(0))
            .unwrap();
        (mode, pragma("synchronous"))
    };
    assert_eq!(synchronous(Durability::Process), ("wal".into(), 1));
    assert_eq!(synchronous(Durability::Machine), ("wal".into(), 2));
}

#[tokio::test]
async fn a_store_that_is_dropped_leaves_its_directory_only_when_all_is_written() {
    let files = Files::new();
    for round in 0..5 {
        let store = files.open();
        let begun = round * 200;
        for n in 1..=200 {
            drop(store.append(append(GUILD, record(begun + n, 2_000), true)));
        }
        drop(store);
        let _lock = DataDirLock::take(files.path(), Duration::from_secs(10)).unwrap();
        let sql = "SELECT max(revision) FROM log";
        let last: i64 = files.database().query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(last.cast_unsigned(), begun + 200);
    }
}

#[tokio::test]
async fn after_a_close_every_call_fails_at_once() {
    let files = Files::new();
    let store = files.open();
    let twin = store.clone();
    store.close();
    store.close();
    let late = twin.append(append(GUILD, record(1, 10), true)).await.unwrap_err();
    assert!(late.is_retryable(), "{late}");
}
