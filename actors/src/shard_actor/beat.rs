//! What a shard does as time goes by: its one timer, its side checkpoint, its cap on live guilds.

use std::rc::Rc;

use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::SlotInput;

use crate::messages::Work;
use crate::ports::{GatewaySession, PortError, PortErrorKind, ShardCheckpoint};
use crate::shard::Shard;
use crate::station::{Station, sleep_ms};

/// Most guilds of one write: others must not wait for all that a shard hears at its first start.
const PART: usize = 256;

/// Rings the shard's actor when its first timer is due. Lives as long as the station, whatever becomes of the actor.
pub(crate) async fn timers(station: Rc<Station>, shard: Rc<Shard>) {
    loop {
        let due_ms = shard.table.borrow().first_due_ms();
        let Some(due_ms) = due_ms else {
            shard.timer.notified().await;
            continue;
        };
        let now_ms = station.ports.clock.monotonic_ms();
        if due_ms > now_ms {
            tokio::select! {
                biased;
                () = shard.timer.notified() => {}
                () = sleep_ms(due_ms.saturating_sub(now_ms)) => {}
            }
            continue;
        }
        shard.call();
        // The actor takes what is due in its own turn; asking again at once would only spin.
        tokio::select! {
            biased;
            () = shard.timer.notified() => {}
            () = sleep_ms(10) => {}
        }
    }
}

/// Writes side data each second, new sessions at once, and keeps the cap on live guilds.
pub(crate) async fn beat(station: Rc<Station>, shard: Rc<Shard>) {
    let mut failures = 0_u32;
    loop {
        let rest_ms = match failures {
            0 => station.settings.checkpoint_ms,
            _ => {
                let policy = &station.settings.slots.store;
                policy
                    .delay_ms(failures, station.ports.clock.chance())
                    .max(station.settings.checkpoint_ms)
            }
        };
        tokio::select! {
            biased;
            () = shard.hurry.notified(), if failures == 0 => {}
            () = sleep_ms(rest_ms) => {}
        }
        let beyond = shard.table.borrow().beyond_cap(station.settings.live_guilds);
        for guild in beyond {
            shard.put(guild, Work::Slot(SlotInput::Passivate));
        }
        if shard.deaf.get() {
            return;
        }
        match checkpoint(&station, &shard).await {
            Ok(()) => failures = 0,
            Err(error) if error.kind == PortErrorKind::Gone => {
                tracing::error!(shard = %shard.id, %error, "another process owns this shard: its side data are written here no more");
                return;
            }
            Err(error) => {
                failures = failures.saturating_add(1);
                if failures == 1 {
                    tracing::warn!(shard = %shard.id, %error, "side data can't be written; a restart now would ask Discord for more");
                }
            }
        }
    }
}

/// Writes what changed: the gateway session with its low-water mark, seats, sessions of audio nodes, what Discord said of
/// guilds. What can't be written is written the next time.
pub(crate) async fn checkpoint(station: &Rc<Station>, shard: &Rc<Shard>) -> Result<(), PortError> {
    while write_part(station, shard).await? {}
    Ok(())
}

/// Writes a part of it. Tells whether there is more.
async fn write_part(station: &Rc<Station>, shard: &Rc<Shard>) -> Result<bool, PortError> {
    let (seats, known, more) = {
        let mut all = shard.seats.borrow_mut();
        (all.take_changed(PART), all.known.take_changed(PART), all.is_changed())
    };
    // The session comes last: who goes on with it is not told again what was before its mark.
    let gateway = if more { None } else { changed_session(station, shard) };
    let nodes: Vec<_> = {
        let mut nodes = shard.nodes.borrow_mut();
        let changed = std::mem::take(&mut nodes.changed);
        let session = |node| nodes.sessions.get(node).cloned();
        changed.iter().map(|node| (node.clone(), session(node))).collect()
    };
    if gateway.is_none() && seats.is_empty() && nodes.is_empty() && known.is_empty() {
        return Ok(false);
    }
    let written = ShardCheckpoint {
        gateway: gateway.clone().map(Some),
        seats,
        nodes,
        known,
    };
    let epoch = station.settings.epoch;
    let result = station.ports.store.checkpoint(shard.id, epoch, written.clone()).await;
    match &result {
        Ok(()) => {
            if let Some(session) = gateway {
                shard.written.replace(Some(session));
            }
        }
        Err(_) => {
            let guilds = written.seats.iter().map(|seats| GuildId(seats.guild));
            let told = written.known.iter().map(|(guild, _)| *guild);
            let mut all = shard.seats.borrow_mut();
            all.mark_changed(guilds);
            all.known.mark_changed(told);
            let nodes = written.nodes.into_iter().map(|(node, _)| node);
            shard.nodes.borrow_mut().changed.extend(nodes);
        }
    }
    result.map(|()| more)
}

/// The session to store, if it is another than the one that was written last.
fn changed_session(station: &Station, shard: &Shard) -> Option<GatewaySession> {
    let mut session = station.ports.gateway.session(shard.id)?;
    session.sequence = shard.marks.low_water(session.sequence);
    let same = shard.written.borrow().as_ref() == Some(&session);
    (!same).then_some(session)
}
