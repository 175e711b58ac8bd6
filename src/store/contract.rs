//! What every guild store must do, whatever it stands on. A backend is added with one line at the end.

mod audit;
mod owners;

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;

use ostinato_actors::about::{About, Icon};
use ostinato_actors::ports::{
    Append, GatewaySession, GuildSeats, GuildStore, PortErrorKind, Save, ShardCheckpoint, Stored,
};
use ostinato_machine::guild::{Event, Kept, RECORD_VERSION, Record, Seat, Snapshot};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ShardId, UserId};
use serde_json::json;

pub(super) use audit::{EVERY, death, each};

pub(super) const SHARD: ShardId = ShardId(0);
/// Beyond what fits into a signed number.
pub(super) const GUILD: GuildId = GuildId(0xF000_0000_0000_0001);
pub(super) const OTHER: GuildId = GuildId(2);

/// A backend under test. What it holds outlives the stores that it opens.
pub(super) trait Bench {
    type Store: GuildStore;
    /// Opens the store as a process does that starts.
    fn open(&self) -> Self::Store;
    /// Leaves the store as a process does that ends in order.
    fn close(&self, store: Self::Store);
}

/// A record that weighs about `weight` bytes.
pub(super) fn record(revision: u64, weight: usize) -> Record {
    Record {
        v: RECORD_VERSION,
        epoch: 1,
        revision,
        at_ms: 7,
        cause: CauseId::Order("x".repeat(weight).into()),
        events: Vec::<Event>::new(),
        said: Vec::new(),
    }
}

pub(super) fn append(guild: GuildId, record: Record, awake: bool) -> Append {
    Append {
        shard: SHARD,
        guild,
        record: Arc::new(record),
        awake,
    }
}

/// A snapshot that weighs about `weight` bytes.
pub(super) fn snapshot(revision: u64, weight: usize) -> Snapshot {
    let track = json!({ "encoded": "x".repeat(weight), "title": "", "author": "", "source": "", "seekable": true });
    let kept = json!({ "revision": revision, "queue": [{ "id": 1, "track": track, "by": 1 }] });
    let kept: Kept = serde_json::from_value(kept).unwrap();
    Snapshot {
        v: RECORD_VERSION,
        revision,
        kept,
        said: Vec::new(),
    }
}

/// A snapshot on its way, of the first owner.
pub(super) fn save(guild: GuildId, snapshot: Snapshot, awake: bool) -> Save {
    Save {
        shard: SHARD,
        guild,
        epoch: 1,
        snapshot,
        awake,
    }
}

pub(super) fn revisions(stored: &Stored) -> Vec<u64> {
    stored.records.iter().map(|record| record.revision).collect()
}

/// The promises, each a function of the same name.
mod promises {
    pub(super) use super::audit::{
        audit_is_asked_for_by_guild_kind_time_and_page, audit_that_is_written_twice_is_there_once_and_as_it_was,
        each_owner_keeps_its_newest_audit_whatever_comes_to_the_others,
        every_kind_of_audit_comes_back_as_it_was_in_the_next_process,
    };
    pub(super) use super::owners::{
        a_stale_owner_is_refused, a_stale_owner_of_a_shard_is_refused,
        who_reads_with_a_higher_epoch_owns_it_from_then_on,
    };
    use super::*;

    pub(super) async fn an_unknown_guild_is_empty_and_no_error(bench: &impl Bench) {
        assert_eq!(bench.open().load(GUILD, 1).await.unwrap(), Stored::default());
    }

    pub(super) async fn a_load_sees_every_append_called_before_it(bench: &impl Bench) {
        let store = bench.open();
        let calls: Vec<_> = (1..=20)
            .map(|n| store.append(append(GUILD, record(n, 10), true)))
            .collect();
        let loaded = store.load(GUILD, 1).await.unwrap();
        assert_eq!(revisions(&loaded), (1..=20).collect::<Vec<_>>());
        for call in calls {
            call.await.unwrap();
        }
    }

    pub(super) async fn what_is_committed_is_there_for_the_next_process(bench: &impl Bench) {
        let store = bench.open();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        bench.close(store);
        let store = bench.open();
        assert_eq!(revisions(&store.load(GUILD, 1).await.unwrap()), [1]);
        assert_eq!(store.load_shard(SHARD, 1).await.unwrap().awake, [GUILD]);
    }

    pub(super) async fn calls_that_wait_at_a_close_are_worked_off(bench: &impl Bench) {
        let store = bench.open();
        let mut calls: Vec<_> = (1..=300)
            .map(|n| store.append(append(GUILD, record(n, 500), true)))
            .collect();
        calls.push(store.append(append(OTHER, record(1, 700_000), true)));
        calls.push(store.append(append(OTHER, record(2, 10), true)));
        bench.close(store);
        for call in calls {
            call.await.unwrap();
        }
        let store = bench.open();
        assert_eq!(store.load(GUILD, 1).await.unwrap().records.len(), 300);
        assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1, 2]);
    }

    pub(super) async fn a_gap_is_refused_and_a_repeat_is_harmless(bench: &impl Bench) {
        let store = bench.open();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        let gap = store.append(append(GUILD, record(3, 10), true)).await.unwrap_err();
        assert_eq!(gap.kind, PortErrorKind::Refused);
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        assert_eq!(revisions(&store.load(GUILD, 1).await.unwrap()), [1]);
        store.snapshot(save(GUILD, snapshot(1, 10), true)).await.unwrap();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
    }

    pub(super) async fn another_record_in_the_place_of_a_written_one_is_refused(bench: &impl Bench) {
        let store = bench.open();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        store.append(append(GUILD, record(2, 200_000), true)).await.unwrap();
        for (revision, weight) in [(1, 11), (2, 200_001), (2, 5)] {
            let twice = store
                .append(append(GUILD, record(revision, weight), true))
                .await
                .unwrap_err();
            assert_eq!(twice.kind, PortErrorKind::Refused);
        }
        let loaded = store.load(GUILD, 1).await.unwrap();
        assert_eq!(loaded.records, [record(1, 10), record(2, 200_000)]);
    }

    pub(super) async fn a_large_record_keeps_its_place_and_others_pass_it(bench: &impl Bench) {
        let store = bench.open();
        let mut calls = vec![store.append(append(GUILD, record(1, 10), true))];
        calls.push(store.append(append(GUILD, record(2, 3_700_000), true)));
        calls.push(store.append(append(OTHER, record(1, 10), true)));
        calls.push(store.append(append(GUILD, record(3, 300_000), true)));
        calls.push(store.append(append(GUILD, record(4, 10), true)));
        calls.push(store.append(append(OTHER, record(2, 200_000), true)));
        let first_of_other = calls.remove(2);
        let large = calls.remove(1);
        let order = futures_util::future::select(large, first_of_other).await;
        assert!(
            matches!(order, futures_util::future::Either::Right((Ok(_), _))),
            "nobody waits for a large record of another guild"
        );
        let loaded = store.load(GUILD, 1).await.unwrap();
        assert_eq!(revisions(&loaded), [1, 2, 3, 4]);
        assert_eq!(loaded.records[1], record(2, 3_700_000));
        for call in calls {
            call.await.unwrap();
        }
        assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1, 2]);
    }

    pub(super) async fn a_snapshot_replaces_the_journal_before_it(bench: &impl Bench) {
        let store = bench.open();
        let mut wants = false;
        for n in 1..=10 {
            let appended = store.append(append(GUILD, record(n, 10_000), true)).await.unwrap();
            wants |= appended.wants_snapshot;
        }
        assert!(wants, "100 kB of journal want a snapshot");
        store.snapshot(save(GUILD, snapshot(9, 10), false)).await.unwrap();
        let loaded = store.load(GUILD, 1).await.unwrap();
        assert_eq!(
            (loaded.snapshot.as_ref(), revisions(&loaded)),
            (Some(&snapshot(9, 10)), vec![10])
        );
        assert!(store.load_shard(SHARD, 1).await.unwrap().awake.is_empty());
        let next = store.append(append(GUILD, record(11, 10), true)).await.unwrap();
        assert!(!next.wants_snapshot, "what is left of the journal is small");
    }

    pub(super) async fn a_large_snapshot_makes_room_for_a_journal_of_its_size(bench: &impl Bench) {
        let store = bench.open();
        store.snapshot(save(GUILD, snapshot(1, 400_000), true)).await.unwrap();
        let mut wanted_at = 0;
        for n in 2..=60 {
            let appended = store.append(append(GUILD, record(n, 10_000), true)).await.unwrap();
            if appended.wants_snapshot && wanted_at == 0 {
                wanted_at = n;
            }
        }
        assert!((38..=44).contains(&wanted_at), "wanted at {wanted_at}");
    }

    pub(super) async fn a_snapshot_stands_for_records_that_were_never_written(bench: &impl Bench) {
        let store = bench.open();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        store.snapshot(save(GUILD, snapshot(7, 10), true)).await.unwrap();
        store.append(append(GUILD, record(8, 10), true)).await.unwrap();
        let loaded = store.load(GUILD, 1).await.unwrap();
        assert_eq!(
            (loaded.snapshot, loaded.records),
            (Some(snapshot(7, 10)), vec![record(8, 10)])
        );
    }

    pub(super) async fn what_is_visible_is_never_written_over(bench: &impl Bench) {
        let store = bench.open();
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        store.append(append(GUILD, record(2, 10), true)).await.unwrap();
        store.snapshot(save(GUILD, snapshot(2, 200_000), true)).await.unwrap();
        // The same state again, and older ones, up to the one of an empty guild: only `awake` follows.
        for revision in [2, 1, 0] {
            store
                .snapshot(save(GUILD, snapshot(revision, 100_000), false))
                .await
                .unwrap();
            let loaded = store.load(GUILD, 1).await.unwrap();
            assert_eq!((loaded.snapshot, loaded.records), (Some(snapshot(2, 200_000)), vec![]));
        }
        assert!(store.load_shard(SHARD, 1).await.unwrap().awake.is_empty());
    }

    pub(super) async fn awake_guilds_are_a_superset_at_any_time(bench: &impl Bench) {
        let store = bench.open();
        let awake = async || store.load_shard(SHARD, 1).await.unwrap().awake;
        store.append(append(GUILD, record(1, 10), true)).await.unwrap();
        store.append(append(OTHER, record(1, 10), false)).await.unwrap();
        assert_eq!(awake().await, [GUILD]);
        // While a large record that ends it is under way, the guild still is awake.
        let large = store.append(append(GUILD, record(2, 1_000_000), false));
        assert_eq!(awake().await, [GUILD]);
        large.await.unwrap();
        assert!(awake().await.is_empty());
        store.append(append(GUILD, record(3, 10), true)).await.unwrap();
        assert_eq!(awake().await, [GUILD]);
        assert!(store.load_shard(ShardId(1), 1).await.unwrap().awake.is_empty());
    }

    pub(super) async fn a_record_of_a_newer_release_refuses_the_guild_and_no_other(bench: &impl Bench) {
        let store = bench.open();
        let newer = Record {
            v: RECORD_VERSION + 1,
            ..record(1, 10)
        };
        store.append(append(GUILD, newer, true)).await.unwrap();
        store.append(append(OTHER, record(1, 10), true)).await.unwrap();
        for _ in 0..2 {
            assert_eq!(store.load(GUILD, 1).await.unwrap_err().kind, PortErrorKind::Refused);
        }
        assert_eq!(revisions(&store.load(OTHER, 1).await.unwrap()), [1]);
    }

    pub(super) async fn side_data_come_back_and_are_forgotten_when_told(bench: &impl Bench) {
        let store = bench.open();
        let session = GatewaySession {
            id: Hidden::new("abc"),
            sequence: 41,
            resume_url: Some("ws://127.0.0.1:1".into()),
            intents: 129,
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
        let about = About {
            name: "Café \"Näht\"".into(),
            members: NonZeroU32::new(u32::MAX),
            icon: Icon::read("a_00112233445566778899aabbccddeeff"),
        };
        let checkpoint = ShardCheckpoint {
            gateway: Some(Some(session.clone())),
            seats: vec![seats.clone()],
            nodes,
            known: vec![(GUILD, Some(about.clone())), (OTHER, Some(About::default()))],
        };
        store.checkpoint(SHARD, 1, checkpoint).await.unwrap();
        // What is not named stays.
        store.checkpoint(SHARD, 1, ShardCheckpoint::default()).await.unwrap();
        bench.close(store);
        let store = bench.open();
        let found = store.load_shard(SHARD, 1).await.unwrap();
        assert_eq!((found.gateway, found.seats), (Some(session), vec![seats]));
        assert_eq!(found.nodes, [(NodeId::new("n1"), "session".to_owned())]);
        let known: BTreeMap<GuildId, About> = found.known.into_iter().collect();
        assert_eq!(known, BTreeMap::from([(GUILD, about), (OTHER, About::default())]));
        assert_eq!(store.load_shard(ShardId(1), 1).await.unwrap(), Default::default());
        let empty = GuildSeats {
            guild: GUILD.0,
            ..GuildSeats::default()
        };
        let checkpoint = ShardCheckpoint {
            gateway: Some(None),
            seats: vec![empty],
            nodes: vec![(NodeId::new("n1"), None)],
            known: vec![(GUILD, None), (OTHER, None)],
        };
        store.checkpoint(SHARD, 1, checkpoint).await.unwrap();
        assert_eq!(store.load_shard(SHARD, 1).await.unwrap(), Default::default());
    }
}

/// Runs the promises against one backend.
macro_rules! contract {
    ($backend:ident: $bench:expr) => {
        contract!(@each $backend, $bench;
            an_unknown_guild_is_empty_and_no_error
            a_load_sees_every_append_called_before_it
            what_is_committed_is_there_for_the_next_process
            calls_that_wait_at_a_close_are_worked_off
            a_gap_is_refused_and_a_repeat_is_harmless
            another_record_in_the_place_of_a_written_one_is_refused
            a_stale_owner_is_refused
            who_reads_with_a_higher_epoch_owns_it_from_then_on
            a_stale_owner_of_a_shard_is_refused
            a_large_record_keeps_its_place_and_others_pass_it
            a_snapshot_replaces_the_journal_before_it
            a_large_snapshot_makes_room_for_a_journal_of_its_size
            a_snapshot_stands_for_records_that_were_never_written
            what_is_visible_is_never_written_over
            awake_guilds_are_a_superset_at_any_time
            a_record_of_a_newer_release_refuses_the_guild_and_no_other
            side_data_come_back_and_are_forgotten_when_told
            every_kind_of_audit_comes_back_as_it_was_in_the_next_process
            audit_that_is_written_twice_is_there_once_and_as_it_was
            audit_is_asked_for_by_guild_kind_time_and_page
            each_owner_keeps_its_newest_audit_whatever_comes_to_the_others
        );
    };
    (@each $backend:ident, $bench:expr; $($promise:ident)*) => {
        mod $backend {
            $(
                #[tokio::test]
                async fn $promise() {
                    super::promises::$promise(&$bench).await;
                }
            )*
        }
    };
}

contract!(sqlite: crate::store::tests::Files::new());
