//! How a shard starts: what is stored, the sockets, then the guilds that must be awake.

use std::cmp::Reverse;
use std::rc::Rc;

use ostinato_machine::ids::{GuildId, NodeId};

use super::doors::Door;
use crate::ports::StoredShard;
use crate::shard::{Greeting, Shard};
use crate::station::{Station, sleep_ms};

/// Guilds that are woken at a stretch.
const STRETCH: usize = 50;

/// Between two stretches, ms.
const PAUSE_MS: u64 = 10;

/// Starts the shard: loads side data, starts node sessions and gateway with the stored sessions, and wakes the guilds
/// that must be awake once players and seats are as well known as they will be.
pub(crate) async fn open(station: Rc<Station>, shard: Rc<Shard>) {
    let stored = stored(&station, &shard).await;
    let StoredShard {
        gateway,
        seats,
        awake,
        nodes,
        known: guilds,
    } = stored;
    tracing::info!(shard = %shard.id, resumes = gateway.is_some(), nodes = nodes.len(), awake = awake.len(), guilds = guilds.len(), "a shard starts");
    {
        let mut all = shard.seats.borrow_mut();
        all.known.restore(guilds);
        all.restore(seats);
    }
    shard.written.replace(gateway.clone());
    let tried: Vec<NodeId> = nodes.iter().map(|(node, _)| node.clone()).collect();
    shard.nodes.borrow_mut().sessions = nodes.iter().cloned().collect();
    let door = Door::of(&station, &shard);
    let (audio, total) = (&station.ports.audio, station.settings.total_shards);
    audio.start(shard.id, nodes, Rc::<Door>::clone(&door));
    station.ports.gateway.start(shard.id, total, gateway, door);
    tokio::select! {
        biased;
        () = known(&shard, &tried, &awake) => {}
        () = sleep_ms(station.settings.adopt_ms) => {
            tracing::info!(shard = %shard.id, "not every node or guild was heard of in time; guilds start with what is known");
        }
    }
    shard.opened.set(true);
    shard.known.notify_waiters();
    wake(&station, &shard, awake).await;
}

/// Reads what is stored of the shard, for as long as it takes: without it every session would be thrown away.
async fn stored(station: &Station, shard: &Shard) -> StoredShard {
    let policy = &station.settings.slots.store;
    let mut failures = 0_u32;
    loop {
        match station.ports.store.load_shard(shard.id, station.settings.epoch).await {
            Ok(stored) => return stored,
            Err(error) => {
                let in_ms = policy.delay_ms(failures, station.ports.clock.chance());
                tracing::error!(shard = %shard.id, %error, in_ms, "the shard can't be read; it waits for the store");
                failures = failures.saturating_add(1);
                sleep_ms(in_ms).await;
            }
        }
    }
}

/// Waits until every node with a stored session has said how it is, and, after a new gateway session, until the guilds
/// that must be awake were announced.
async fn known(shard: &Shard, tried: &[NodeId], awake: &[GuildId]) {
    loop {
        let more = shard.known.notified();
        let nodes = {
            let nodes = shard.nodes.borrow();
            tried.iter().all(|node| nodes.heard.contains(node))
        };
        let seats = match shard.greeted.get() {
            None => false,
            Some(Greeting::Resumed) => true,
            Some(Greeting::New) => {
                let seats = shard.seats.borrow();
                awake.iter().all(|guild| seats.knows(*guild))
            }
        };
        if nodes && seats {
            return;
        }
        more.await;
    }
}

/// Wakes guilds, those with listeners first, and never all at once.
async fn wake(station: &Rc<Station>, shard: &Rc<Shard>, mut awake: Vec<GuildId>) {
    {
        let seats = shard.seats.borrow();
        awake.extend(seats.seated());
        awake.sort_by_key(|guild| (Reverse(seats.listeners(*guild)), *guild));
        awake.dedup();
    }
    for some in awake.chunks(STRETCH) {
        for guild in some {
            station.activate(shard, *guild);
        }
        sleep_ms(PAUSE_MS).await;
    }
}
