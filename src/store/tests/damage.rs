//! What can't be read is set aside and reported; what can be read is never lost with it.

use ostinato_actors::ports::{GuildStore as _, PortErrorKind, ShardCheckpoint, Stored};
use ostinato_machine::ids::NodeId;

use super::super::aside::{OF_ALL, OF_ONE};
use super::super::contract::{Bench as _, GUILD, OTHER, SHARD, append, record, revisions, save, snapshot};
use super::Files;

fn aside(files: &Files) -> Vec<(String, i64)> {
    let database = files.database();
    let mut rows = database
        .prepare("SELECT kind, revision FROM aside ORDER BY kind, revision, part")
        .unwrap();
    let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

#[tokio::test]
async fn a_damaged_record_is_set_aside_with_all_after_it_and_the_guild_goes_on_before_it() {
    let files = Files::new();
    let store = files.open();
    store.snapshot(save(OTHER, snapshot(3, 10), true)).await.unwrap();
    for n in 4..=7 {
        store.append(append(OTHER, record(n, 10), true)).await.unwrap();
    }
    let broken = "UPDATE log SET data = x'7b' WHERE ordinal = 1 AND revision = 6";
    files.database().execute(broken, []).unwrap();
    for _ in 0..2 {
        let loaded = store.load(OTHER, 1).await.unwrap();
        assert_eq!(
            (loaded.snapshot.as_ref(), revisions(&loaded)),
            (Some(&snapshot(3, 10)), vec![4, 5])
        );
    }
    assert_eq!(aside(&files), [("log".into(), 6), ("log".into(), 7)]);
    store.append(append(OTHER, record(6, 99), true)).await.unwrap();
    assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [4, 5, 6]);
}

#[tokio::test]
async fn a_damaged_snapshot_is_set_aside_whole_and_the_guild_starts_empty() {
    let files = Files::new();
    let store = files.open();
    store.snapshot(save(OTHER, snapshot(3, 100_000), true)).await.unwrap();
    store.append(append(OTHER, record(4, 10), true)).await.unwrap();
    let broken = "DELETE FROM snap WHERE ordinal = 1 AND part = 1";
    files.database().execute(broken, []).unwrap();
    assert_eq!(store.load(OTHER, 1).await.unwrap(), Stored::default());
    assert_eq!(aside(&files), [("log".into(), 4), ("snapshot".into(), 3)]);
    store.append(append(OTHER, record(1, 10), true)).await.unwrap();
    assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1]);
}

/// Rows and bytes that lie aside: of `OTHER`, and in all.
fn lies(files: &Files) -> [(i64, i64); 2] {
    let of = |whose: &str| {
        let sql = format!("SELECT count(*), coalesce(sum(length(data)), 0) FROM aside {whose}");
        let row = files.database();
        row.query_row(&sql, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
    };
    [of(&format!("WHERE guild = {OTHER}")), of("")]
}

/// Puts `rows` of so many bytes aside, of the guild or of one that is somebody else's.
fn fill(files: &Files, guild: &str, rows: i64, bytes: i64) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) \
         INSERT INTO aside SELECT {guild}, 1, 'earlier', 'log', i, 0, zeroblob({bytes}) FROM n"
    );
    files.database().execute(&sql, []).unwrap();
}

#[tokio::test]
async fn the_oldest_that_was_set_aside_makes_room_by_rows_and_by_bytes_for_one_guild_and_for_all() {
    let (other, stranger) = (OTHER.to_string(), "77");
    let mib = 1_024 * 1_024;
    for (guild, rows, bytes) in [
        (&*other, OF_ONE.0 + 9, 1),
        (&*other, 20, mib),
        (stranger, OF_ALL.0 + 9, 1),
        (stranger, 70, mib),
    ] {
        let files = Files::new();
        let store = files.open();
        store.append(append(OTHER, record(1, 10), true)).await.unwrap();
        store.append(append(OTHER, record(2, 10), true)).await.unwrap();
        fill(&files, guild, rows, bytes);
        let broken = "UPDATE log SET data = x'7b' WHERE ordinal = 1 AND revision = 2";
        files.database().execute(broken, []).unwrap();
        assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1]);
        let [one, all] = lies(&files);
        assert!(
            one.0 <= OF_ONE.0 && one.1 <= OF_ONE.1,
            "{guild} {rows} {bytes}: {one:?}"
        );
        assert!(
            all.0 <= OF_ALL.0 && all.1 <= OF_ALL.1,
            "{guild} {rows} {bytes}: {all:?}"
        );
        assert!(all.0 >= 16, "not more than that goes: {all:?}");
        let newest = "SELECT why <> 'earlier' FROM aside ORDER BY rowid DESC LIMIT 1";
        let newest: bool = files.database().query_row(newest, [], |row| row.get(0)).unwrap();
        assert!(newest, "what was just set aside is there");
    }
}

#[tokio::test]
async fn a_record_that_is_missing_or_stands_in_a_strange_place_is_damage() {
    for broken in [
        "DELETE FROM log WHERE ordinal = 1 AND revision = 2",
        "UPDATE log SET data = (SELECT data FROM log WHERE ordinal = 1 AND revision = 1) WHERE revision = 2",
    ] {
        let files = Files::new();
        let store = files.open();
        for n in 1..=3 {
            store.append(append(OTHER, record(n, 10), true)).await.unwrap();
        }
        files.database().execute(broken, []).unwrap();
        assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1], "{broken}");
        store.append(append(OTHER, record(2, 10), true)).await.unwrap();
    }
}

#[tokio::test]
async fn a_record_with_unknown_words_is_refused_and_kept_and_not_guessed_at() {
    let files = Files::new();
    let store = files.open();
    store.append(append(OTHER, record(1, 10), true)).await.unwrap();
    let unknown = r#"UPDATE log SET data = CAST('{"v":1,"epoch":1,"revision":1,"at_ms":7,"cause":"internal",
        "events":[{"e":"transposed","by":2}]}' AS BLOB) "#;
    files.database().execute(unknown, []).unwrap();
    for _ in 0..2 {
        assert_eq!(store.load(OTHER, 1).await.unwrap_err().kind, PortErrorKind::Refused);
    }
    assert!(aside(&files).is_empty());
    // Nor is it written over by a guild that starts empty.
    let over = store.append(append(OTHER, record(1, 10), true)).await.unwrap_err();
    assert_eq!(over.kind, PortErrorKind::Refused);
}

#[tokio::test]
async fn side_data_that_can_t_be_read_hide_nothing_else() {
    let files = Files::new();
    let store = files.open();
    let nodes = vec![(NodeId::new("n1"), Some("session".to_owned()))];
    let checkpoint = ShardCheckpoint {
        nodes,
        ..ShardCheckpoint::default()
    };
    store.checkpoint(SHARD, 1, checkpoint).await.unwrap();
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    let database = files.database();
    database
        .execute("INSERT INTO gateway (shard, data) VALUES (0, '{')", [])
        .unwrap();
    database
        .execute("INSERT INTO seats (shard, guild, data) VALUES (0, 1, 'x')", [])
        .unwrap();
    let known = r#"INSERT INTO known (shard, guild, data) VALUES (0, 1, '{"name":7}'), (0, 2, '{"name":"Home"}')"#;
    database.execute(known, []).unwrap();
    let found = store.load_shard(SHARD, 1).await.unwrap();
    assert_eq!((found.gateway, found.seats.len(), found.awake), (None, 0, vec![GUILD]));
    assert_eq!(found.nodes.len(), 1);
    let names: Vec<_> = found
        .known
        .iter()
        .map(|(guild, about)| (guild.0, &*about.name))
        .collect();
    assert_eq!(names, [(2, "Home")]);
}
