//! Who owns a guild, and a shard: nobody writes what another one came to own.

use super::*;

pub(in crate::store) async fn a_stale_owner_is_refused(bench: &impl Bench) {
    let store = bench.open();
    let by = |epoch, revision| {
        let record = Record {
            epoch,
            ..record(revision, 10)
        };
        store.append(append(GUILD, record, true))
    };
    by(5, 1).await.unwrap();
    assert_eq!(by(4, 2).await.unwrap_err().kind, PortErrorKind::Gone);
    by(6, 2).await.unwrap();
    assert_eq!(by(5, 3).await.unwrap_err().kind, PortErrorKind::Gone);
    let large = |epoch, revision| {
        let record = Record {
            epoch,
            ..record(revision, 300_000)
        };
        store.append(append(GUILD, record, true))
    };
    large(6, 3).await.unwrap();
    assert_eq!(large(5, 4).await.unwrap_err().kind, PortErrorKind::Gone);
    for weight in [10, 300_000] {
        let stale = Save {
            epoch: 5,
            ..save(GUILD, snapshot(9, weight), false)
        };
        assert_eq!(store.snapshot(stale).await.unwrap_err().kind, PortErrorKind::Gone);
    }
    assert_eq!(store.load(GUILD, 5).await.unwrap_err().kind, PortErrorKind::Gone);
    assert_eq!(revisions(&store.load(GUILD, 6).await.unwrap()), [1, 2, 3]);
    assert_eq!(store.load_shard(SHARD, 1).await.unwrap().awake, [GUILD]);
}

pub(in crate::store) async fn who_reads_with_a_higher_epoch_owns_it_from_then_on(bench: &impl Bench) {
    let store = bench.open();
    store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    assert_eq!(revisions(&store.load(GUILD, 2).await.unwrap()), [1]);
    // Of a guild that was never written, too.
    assert_eq!(store.load(OTHER, 2).await.unwrap(), Stored::default());
    bench.close(store);
    let store = bench.open();
    for (guild, revision) in [(GUILD, 2), (OTHER, 1)] {
        let late = store.append(append(guild, record(revision, 10), true)).await;
        assert_eq!(late.unwrap_err().kind, PortErrorKind::Gone);
        let late = store.snapshot(save(guild, snapshot(revision, 10), true)).await;
        assert_eq!(late.unwrap_err().kind, PortErrorKind::Gone);
        let mine = Record {
            epoch: 2,
            ..record(revision, 10)
        };
        store.append(append(guild, mine.clone(), true)).await.unwrap();
        assert_eq!(store.load(guild, 2).await.unwrap().records.last(), Some(&mine));
    }
    let mine = Save {
        epoch: 3,
        ..save(GUILD, snapshot(3, 10), true)
    };
    store.snapshot(mine).await.unwrap();
    assert_eq!(store.load(GUILD, 2).await.unwrap_err().kind, PortErrorKind::Gone);
}

pub(in crate::store) async fn a_stale_owner_of_a_shard_is_refused(bench: &impl Bench) {
    let store = bench.open();
    let session = |name: &str| ShardCheckpoint {
        nodes: vec![(NodeId::new("n1"), Some(name.to_owned()))],
        ..ShardCheckpoint::default()
    };
    store.checkpoint(SHARD, 1, session("first")).await.unwrap();
    assert_eq!(store.load_shard(SHARD, 3).await.unwrap().nodes[0].1, "first");
    bench.close(store);
    let store = bench.open();
    let late = store.checkpoint(SHARD, 2, session("late")).await.unwrap_err();
    assert_eq!(late.kind, PortErrorKind::Gone);
    assert_eq!(store.load_shard(SHARD, 2).await.unwrap_err().kind, PortErrorKind::Gone);
    store.checkpoint(SHARD, 4, session("mine")).await.unwrap();
    let late = store.checkpoint(SHARD, 3, session("late")).await.unwrap_err();
    assert_eq!(late.kind, PortErrorKind::Gone);
    assert_eq!(store.load_shard(SHARD, 4).await.unwrap().nodes[0].1, "mine");
    store.checkpoint(ShardId(1), 1, session("other")).await.unwrap();
}
