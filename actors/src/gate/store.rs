//! The gate's conversation with the store: appends with their patience, the store's return, snapshots.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::rc::Rc;

use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use ostinato_machine::guild::Snapshot;
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::SlotOrder;
use tokio::sync::oneshot;

use super::queue::{Looseness, Next};
use crate::chronicle::Count;
use crate::messages::{TakeSnapshot, Work as Task};
use crate::obituary;
use crate::operator::Saved;
use crate::ports::{Append, Appended, PortError, PortErrorKind, Save, Work};
use crate::shard::Shard;
use crate::station::{Station, sleep_ms};

/// Enqueues a record and attends to what becomes of it.
pub(super) fn append(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, append: Append) {
    let revision = append.record.revision;
    let work = station.ports.store.append(append);
    let (here, shard) = (Rc::clone(station), Rc::clone(shard));
    station.spawn(async move {
        let result = AssertUnwindSafe(patiently(&here, &shard, guild, revision, work))
            .catch_unwind()
            .await;
        let failed = |_| Err(PortError::new(PortErrorKind::Unreachable, "the store's port panicked"));
        match result.unwrap_or_else(failed) {
            Ok(Appended { wants_snapshot }) => {
                up(&here);
                here.gate.confirm(&here, &shard, guild, revision);
                if wants_snapshot {
                    save(&here, &shard, guild).await;
                }
            }
            Err(error) if error.kind == PortErrorKind::Gone => fence(&here, &shard, guild, &error),
            Err(error) => fall(&here, &shard, guild, &error),
        }
    });
}

/// Waits for a commit, and says when the wait gets long.
async fn patiently(
    station: &Rc<Station>,
    shard: &Rc<Shard>,
    guild: GuildId,
    revision: u64,
    work: Work<Appended>,
) -> Result<Appended, PortError> {
    let times = &station.settings.gate;
    let mut work = work;
    let waits = [
        (times.audio_ms, Looseness::Audio),
        (times.answers_ms.saturating_sub(times.audio_ms), Looseness::All),
    ];
    for (ms, to) in waits {
        match within(ms, &mut work).await {
            Some(result) => return result,
            None => station.gate.loosen(station, shard, guild, revision, to),
        }
    }
    tracing::warn!(%guild, shard = %shard.id, revision, "the store does not confirm a record; answers go out before it is saved");
    work.await
}

/// What comes out within `ms`, if anything does.
async fn within<T>(ms: u64, work: impl Future<Output = T> + Unpin) -> Option<T> {
    match select(work, pin!(sleep_ms(ms))).await {
        Either::Left((result, _)) => Some(result),
        Either::Right(_) => None,
    }
}

fn up(station: &Station) {
    if station.store_down.replace(false) {
        tracing::info!("the store is back");
    }
}

/// The store failed: nothing waits for it, and its return is tried for.
fn fall(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, error: &PortError) {
    let refused = !error.is_retryable();
    if refused {
        tracing::error!(%error, %guild, shard = %shard.id, "the store will never take a record; a snapshot is written instead");
    } else if !station.store_down.replace(true) {
        tracing::error!(%error, %guild, shard = %shard.id, "the store is down; music plays on, changes are not saved");
    }
    let news = {
        let mut queues = station.gate.queues.borrow_mut();
        let queue = queues.get_mut(&guild);
        queue.is_some_and(|queue| queue.fall(station.settings.gate.backlog_bytes, refused))
    };
    station.gate.pump(station, shard, guild);
    if news {
        let (here, shard) = (Rc::clone(station), Rc::clone(shard));
        station.spawn(async move { recover(&here, &shard, guild).await });
    }
}

/// Another process owns the guild. Nothing leaves here for it any more, and its actor ends without being saved; whoever
/// asks for something is told that the guild is paused. Its next start asks the store whether it is ours again.
fn fence(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, error: &PortError) {
    if !station.gate.fence(guild) {
        return;
    }
    let reference = obituary::reference(station.ports.clock.chance());
    tracing::error!(%error, %guild, shard = %shard.id, %reference, "another process owns this guild: it is parked here and nothing of it is saved");
    station.chronicle.count(Count::Fenced);
    // Nobody waits for what comes of it: a slot that can't be parked now is about to end.
    let (answer, _) = oneshot::channel();
    let order = SlotOrder::Park;
    shard.put(
        guild,
        Task::Order {
            order,
            reference,
            answer,
        },
    );
}

/// Writes what waited, oldest first, as soon as the store takes it.
async fn recover(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) {
    let policy = &station.settings.slots.store;
    let mut failures = 0_u32;
    loop {
        sleep_ms(policy.delay_ms(failures, station.ports.clock.chance())).await;
        failures = failures.saturating_add(1);
        loop {
            let next = station
                .gate
                .queues
                .borrow_mut()
                .get_mut(&guild)
                .map(super::queue::Queue::next);
            let done = match next {
                Some(Next::Record(record, awake)) => {
                    let revision = record.revision;
                    let append = Append {
                        shard: shard.id,
                        guild,
                        record,
                        awake,
                    };
                    let result = station.ports.store.append(append).await;
                    result.map(|_| revision)
                }
                Some(Next::Snapshot) => match take(station, shard, guild).await {
                    Some((snapshot, awake)) => {
                        let revision = snapshot.revision;
                        let result = write(station, shard, guild, snapshot, awake).await;
                        result.map(|()| revision)
                    }
                    // Between two incarnations; the next one has the value.
                    None => break,
                },
                Some(Next::Nothing) | None => {
                    station.gate.pump(station, shard, guild);
                    return;
                }
            };
            match done {
                Ok(revision) => {
                    failures = 0;
                    up(station);
                    station.gate.confirm(station, shard, guild, revision);
                }
                Err(error) if error.kind == PortErrorKind::Gone => return fence(station, shard, guild, &error),
                Err(error) => {
                    if !error.is_retryable() {
                        station.gate.stand_in(guild);
                    }
                    tracing::debug!(%guild, %error, "the store still does not take what waits");
                    break;
                }
            }
        }
    }
}

/// The guild's kept state from its actor, with the answers that belong to it and are not given yet: the records that held
/// them may be dropped for it.
async fn take(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) -> Option<(Snapshot, bool)> {
    let address = shard.guild(guild)?;
    let (mut snapshot, awake) = address.send(TakeSnapshot).await.ok().flatten()?;
    let now_ms = station.ports.clock.now_ms();
    snapshot.said = station.lanes.replies.unanswered(guild, now_ms);
    snapshot.said.extend(station.gate.unsaid(guild, now_ms));
    Some((snapshot, awake))
}

/// Hands a snapshot to the store and notes when it is durable.
async fn write(
    station: &Station,
    shard: &Shard,
    guild: GuildId,
    snapshot: Snapshot,
    awake: bool,
) -> Result<(), PortError> {
    let revision = snapshot.revision;
    let save = Save {
        shard: shard.id,
        guild,
        epoch: station.settings.epoch,
        snapshot,
        awake,
    };
    station.ports.store.snapshot(save).await?;
    let at_ms = station.ports.clock.monotonic_ms();
    shard.note_saved(guild, Saved { revision, at_ms });
    Ok(())
}

/// Writes a snapshot; tells whether everything of the guild is durable.
pub(super) async fn save(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) -> bool {
    if station.gate.is_fenced(guild) {
        // There is nothing of ours to save.
        return true;
    }
    let Some((snapshot, awake)) = take(station, shard, guild).await else {
        return false;
    };
    if snapshot.revision == 0 {
        // A guild that was never changed: there is nothing to keep, and nothing is written over what may be there.
        return true;
    }
    let revision = snapshot.revision;
    match write(station, shard, guild, snapshot, awake).await {
        Ok(()) => {
            station.gate.confirm(station, shard, guild, revision);
            true
        }
        Err(error) if error.kind == PortErrorKind::Gone => {
            fence(station, shard, guild, &error);
            true
        }
        Err(error) => {
            tracing::warn!(%guild, shard = %shard.id, %error, "a snapshot could not be written; the journal stands");
            false
        }
    }
}
