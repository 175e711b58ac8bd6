//! Random calls against a model of what a store is: for each guild a snapshot and the records after it.

use std::collections::BTreeMap;

use ostinato_actors::ports::{GuildStore as _, Stored};
use ostinato_machine::ids::GuildId;
use proptest::prelude::*;

use super::super::contract::{Bench as _, SHARD, append, record, save, snapshot};
use super::Files;

#[derive(Clone, Debug)]
enum Call {
    Append { guild: u64, weight: usize, awake: bool },
    Repeat { guild: u64 },
    Gap { guild: u64 },
    Snapshot { guild: u64, back: u64, weight: usize },
    Ahead { guild: u64, by: u64 },
    Load { guild: u64 },
    Reopen,
}

fn weight() -> impl Strategy<Value = usize> {
    prop_oneof![8 => 0..500_usize, 2 => 60_000..70_000_usize, 1 => 100_000..400_000_usize]
}

fn call() -> impl Strategy<Value = Call> {
    let guild = || 1..=3_u64;
    prop_oneof![
        12 => (guild(), weight(), any::<bool>()).prop_map(|(guild, weight, awake)| Call::Append { guild, weight, awake }),
        1 => guild().prop_map(|guild| Call::Repeat { guild }),
        1 => guild().prop_map(|guild| Call::Gap { guild }),
        4 => (guild(), 0..4_u64, weight()).prop_map(|(guild, back, weight)| Call::Snapshot { guild, back, weight }),
        1 => (guild(), 1..4_u64).prop_map(|(guild, by)| Call::Ahead { guild, by }),
        2 => guild().prop_map(|guild| Call::Load { guild }),
        1 => Just(Call::Reopen),
    ]
}

/// One guild as it should be.
#[derive(Default)]
struct Guild {
    revision: u64,
    stored: Stored,
    awake: bool,
}

impl Guild {
    fn snapped(&mut self, revision: u64, weight: usize) {
        self.awake = true;
        if self.stored.snapshot.as_ref().is_none_or(|old| old.revision < revision) {
            self.stored.snapshot = Some(snapshot(revision, weight));
            self.stored.records.retain(|record| record.revision > revision);
            self.revision = self.revision.max(revision);
        }
    }
}

async fn play(calls: Vec<Call>) {
    let files = Files::new();
    let mut store = files.open();
    let mut model: BTreeMap<u64, Guild> = (1..=3).map(|guild| (guild, Guild::default())).collect();
    // Nobody waits for one call before the next is made.
    let mut calls_of: Vec<ostinato_actors::ports::Work<bool>> = Vec::new();
    for call in calls {
        match call {
            Call::Append { guild, weight, awake } => {
                let one = model.get_mut(&guild).unwrap();
                one.revision += 1;
                one.awake = awake;
                one.stored.records.push(record(one.revision, weight));
                let work = store.append(append(GuildId(guild), record(one.revision, weight), awake));
                calls_of.push(Box::pin(async { work.await.map(|_| true) }));
            }
            Call::Repeat { guild } => {
                let Some(last) = model[&guild].stored.records.last().cloned() else {
                    continue;
                };
                let awake = model[&guild].awake;
                let work = store.append(append(GuildId(guild), last, awake));
                calls_of.push(Box::pin(async { work.await.map(|_| true) }));
            }
            Call::Gap { guild } => {
                let work = store.append(append(GuildId(guild), record(model[&guild].revision + 2, 5), false));
                calls_of.push(Box::pin(async { Ok(work.await.is_err()) }));
            }
            Call::Snapshot { guild, back, weight } => {
                let one = model.get_mut(&guild).unwrap();
                let Some(revision) = one.revision.checked_sub(back).filter(|revision| *revision > 0) else {
                    continue;
                };
                one.snapped(revision, weight);
                let work = store.snapshot(save(GuildId(guild), snapshot(revision, weight), true));
                calls_of.push(Box::pin(async { work.await.map(|()| true) }));
            }
            Call::Ahead { guild, by } => {
                let one = model.get_mut(&guild).unwrap();
                let revision = one.revision + by;
                one.snapped(revision, 10);
                let work = store.snapshot(save(GuildId(guild), snapshot(revision, 10), true));
                calls_of.push(Box::pin(async { work.await.map(|()| true) }));
            }
            Call::Load { guild } => assert_eq!(store.load(GuildId(guild), 1).await.unwrap(), model[&guild].stored),
            Call::Reopen => {
                files.close(store);
                store = files.open();
            }
        }
    }
    for (guild, one) in &model {
        assert_eq!(
            store.load(GuildId(*guild), 1).await.unwrap(),
            one.stored,
            "guild {guild}"
        );
    }
    let awake: Vec<GuildId> = model
        .iter()
        .filter(|(_, one)| one.awake)
        .map(|(guild, _)| GuildId(*guild))
        .collect();
    assert_eq!(store.load_shard(SHARD, 1).await.unwrap().awake, awake);
    for call in calls_of {
        assert!(call.await.unwrap());
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, max_shrink_iters: 200, ..ProptestConfig::default() })]
    #[test]
    fn any_calls_leave_what_a_list_in_memory_would_have(calls in prop::collection::vec(call(), 1..60)) {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(play(calls));
    }
}
