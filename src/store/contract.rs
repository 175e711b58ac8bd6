//! What every guild store must do. A backend is added with one line at the end.

use std::path::Path;
use std::sync::Arc;

use ostinato_actors::ports::{Append, GatewaySession, GuildSeats, GuildStore, PortErrorKind, ShardCheckpoint, Stored};
use ostinato_machine::guild::{Event, RECORD_VERSION, Record, Seat, Snapshot};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ShardId, UserId};

use super::{Durability, SqliteStore, StoreSettings};

const SHARD: ShardId = ShardId(0);
const GUILD: GuildId = GuildId(0xF000_0000_0000_0001);

fn open(dir: &Path, limit_bytes: Option<u64>) -> SqliteStore {
    let settings = StoreSettings {
        data_dir: dir.to_path_buf(),
        durability: Durability::Process,
        limit_bytes,
    };
    SqliteStore::open(&settings).unwrap()
}

fn record(revision: u64, weight: usize) -> Record {
    let cause = CauseId::Order("x".repeat(weight).into());
    Record {
        v: RECORD_VERSION,
        epoch: 1,
        revision,
        at_ms: 7,
        cause,
        events: Vec::<Event>::new(),
    }
}

fn append(guild: GuildId, record: Record, awake: bool) -> Append {
    Append {
        shard: SHARD,
        guild,
        record: Arc::new(record),
        awake,
    }
}

fn revisions(stored: &Stored) -> Vec<u64> {
    stored.records.iter().map(|record| record.revision).collect()
}

#[tokio::test]
async fn an_unknown_guild_is_empty_and_no_error() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(open(dir.path(), None).load(GUILD).await.unwrap(), Stored::default());
}

#[tokio::test]
async fn a_load_sees_every_append_called_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    let appended: Vec<_> = (1..=20)
        .map(|n| store.append(append(GUILD, record(n, 10), true)))
        .collect();
    let loaded = store.load(GUILD).await.unwrap();
    assert_eq!(revisions(&loaded), (1..=20).collect::<Vec<_>>());
    for one in appended {
        one.await.unwrap();
    }
}

#[tokio::test]
async fn what_is_committed_is_there_for_the_next_process() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    store.close();
    drop(store);
    let store = open(dir.path(), None);
    assert_eq!(revisions(&store.load(GUILD).await.unwrap()), [1]);
    assert_eq!(store.load_shard(SHARD).await.unwrap().awake, [GUILD]);
}

#[tokio::test]
async fn a_gap_is_refused_and_a_repeat_is_harmless() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    let gap = store.append(append(GUILD, record(3, 10), true)).await.unwrap_err();
    assert_eq!(gap.kind, PortErrorKind::Refused);
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    assert_eq!(revisions(&store.load(GUILD).await.unwrap()), [1]);
}

#[tokio::test]
async fn a_stale_owner_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    store
        .append(append(
            GUILD,
            Record {
                epoch: 5,
                ..record(1, 10)
            },
            true,
        ))
        .await
        .unwrap();
    let stale = store
        .append(append(
            GUILD,
            Record {
                epoch: 4,
                ..record(2, 10)
            },
            true,
        ))
        .await
        .unwrap_err();
    assert_eq!(stale.kind, PortErrorKind::Gone);
}

#[tokio::test]
async fn a_large_record_keeps_its_place_and_others_pass_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    let other = GuildId(2);
    let mut all = vec![store.append(append(GUILD, record(1, 10), true))];
    all.push(store.append(append(GUILD, record(2, 900_000), true)));
    all.push(store.append(append(other, record(1, 10), true)));
    all.push(store.append(append(GUILD, record(3, 300_000), true)));
    all.push(store.append(append(GUILD, record(4, 10), true)));
    all.push(store.append(append(other, record(2, 200_000), true)));
    let loaded = store.load(GUILD).await.unwrap();
    assert_eq!(revisions(&loaded), [1, 2, 3, 4]);
    assert_eq!(loaded.records[1], record(2, 900_000));
    for one in all {
        one.await.unwrap();
    }
    assert_eq!(revisions(&store.load(other).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn a_snapshot_replaces_the_journal_before_it() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    let mut wants = false;
    for n in 1..=10 {
        wants |= store
            .append(append(GUILD, record(n, 10_000), true))
            .await
            .unwrap()
            .wants_snapshot;
    }
    assert!(wants, "100 kB of journal want a snapshot");
    let snapshot = Snapshot {
        v: RECORD_VERSION,
        revision: 9,
        kept: serde_json::from_str("{\"revision\":9}").unwrap_or_default(),
    };
    store.snapshot(GUILD, SHARD, snapshot.clone(), false).await.unwrap();
    let loaded = store.load(GUILD).await.unwrap();
    assert_eq!(
        (loaded.snapshot.as_ref(), revisions(&loaded)),
        (Some(&snapshot), vec![10])
    );
    assert!(store.load_shard(SHARD).await.unwrap().awake.is_empty());
}

#[tokio::test]
async fn a_newer_release_refuses_the_guild_and_a_damaged_one_is_set_aside() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    store
        .append(append(
            GUILD,
            Record {
                v: RECORD_VERSION + 1,
                ..record(1, 10)
            },
            true,
        ))
        .await
        .unwrap();
    assert_eq!(store.load(GUILD).await.unwrap_err().kind, PortErrorKind::Refused);

    let damaged = GuildId(3);
    store.append(append(damaged, record(1, 10), true)).await.unwrap();
    let other = rusqlite::Connection::open(dir.path().join("guilds.db")).unwrap();
    other
        .execute("UPDATE log SET data = x'7b' WHERE guild = 3", [])
        .unwrap();
    assert_eq!(store.load(damaged).await.unwrap(), Stored::default());
    let aside: i64 = other
        .query_row("SELECT count(*) FROM aside WHERE guild = 3", [], |row| row.get(0))
        .unwrap();
    assert_eq!(aside, 1);
    store.append(append(damaged, record(1, 10), true)).await.unwrap();
}

#[tokio::test]
async fn a_full_disk_is_said_and_what_was_committed_stays() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), Some(200_000));
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    let full = store.append(append(GUILD, record(2, 500_000), true)).await.unwrap_err();
    assert!(full.is_retryable(), "{full}");
    assert_eq!(revisions(&store.load(GUILD).await.unwrap()), [1]);
    store.append(append(GUILD, record(2, 10), true)).await.unwrap();
    assert_eq!(revisions(&store.load(GUILD).await.unwrap()), [1, 2]);
}

#[tokio::test]
async fn side_data_comes_back_and_is_forgotten_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path(), None);
    let session = GatewaySession {
        id: Hidden::new("abc"),
        sequence: 41,
        resume_url: Some("ws://127.0.0.1:1".into()),
    };
    let seats = GuildSeats {
        guild: GUILD.0,
        seats: vec![Seat {
            user: UserId(1),
            channel: Some(ChannelId(2)),
            bot: false,
        }],
        own: Some((ChannelId(2), Hidden::new("voice"))),
    };
    let nodes = vec![(NodeId::new("n1"), Some("session".to_owned()))];
    let checkpoint = ShardCheckpoint {
        gateway: Some(Some(session.clone())),
        seats: vec![seats.clone()],
        nodes,
    };
    store.checkpoint(SHARD, checkpoint).await.unwrap();
    let found = store.load_shard(SHARD).await.unwrap();
    assert_eq!((found.gateway, found.seats), (Some(session), vec![seats]));
    assert_eq!(found.nodes, [(NodeId::new("n1"), "session".to_owned())]);
    let empty = GuildSeats {
        guild: GUILD.0,
        ..GuildSeats::default()
    };
    let checkpoint = ShardCheckpoint {
        gateway: Some(None),
        seats: vec![empty],
        nodes: vec![(NodeId::new("n1"), None)],
    };
    store.checkpoint(SHARD, checkpoint).await.unwrap();
    assert_eq!(
        store.load_shard(SHARD).await.unwrap(),
        ostinato_actors::ports::StoredShard::default()
    );
}
