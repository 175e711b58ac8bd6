//! Leaving in order: accept nothing more, finish what is held, write, close so that the next process goes on.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::SlotInput;

use crate::marks::Mark;
use crate::messages::Work;
use crate::ports::{PortError, PortErrorKind};
use crate::shard::Shard;
use crate::shard_actor;
use crate::station::{Station, sleep_ms};

/// How often it is looked whether everything is finished, ms.
const LOOK_MS: u64 = 10;

/// Longest write of side data, and longest close.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_500);

/// Shortest time that slots have to stop, ms: nothing is held by then.
const STOP_MS: u64 = 500;

/// The part of the drain's time that may be spent on finishing; the rest is for writing and closing. In percent.
const FINISH_PERCENT: u64 = 60;

/// Drains the shards of one arbiter; tells whether all that was held was finished. The caller keeps the deadline.
pub(super) async fn drain(station: &Rc<Station>) -> bool {
    let started_ms = station.ports.clock.monotonic_ms();
    let patience_ms = station.settings.drain_ms.saturating_mul(FINISH_PERCENT) / 100;
    let left_ms = || {
        let spent_ms = station.ports.clock.monotonic_ms().saturating_sub(started_ms);
        patience_ms.saturating_sub(spent_ms)
    };
    let shards = station.shards();
    for shard in &shards {
        shard.table.borrow_mut().stopping = true;
    }
    // What nodes say is listened to until the last moment: nobody will say it again.
    let idle = || shards.iter().all(|shard| shard.is_idle());
    let quiet = || station.gate.is_empty() && station.lanes.is_quiet();
    let mut finished = until(left_ms(), || idle() && quiet()).await;
    // From here on what the gateway says is left to the next process: marks hold the stored session where it is now.
    let marks: Vec<_> = shards.iter().map(|shard| deafen(station, shard)).collect();
    let closing: Vec<_> = shards.iter().map(|shard| station.ports.audio.close(shard.id)).collect();
    for shard in &shards {
        stop(shard);
    }
    let stopped = || shards.iter().all(|shard| shard.is_stopped());
    finished &= until(left_ms().max(STOP_MS), || stopped() && quiet()).await;
    if !finished {
        tracing::warn!("not everything was finished in time; the next process goes on from the journal");
    }
    let audio = join_all(closing.into_iter().map(soon));
    let (_, audio) = join(join_all(shards.iter().map(|shard| close(station, shard))), audio).await;
    for error in audio.into_iter().filter_map(Result::err) {
        tracing::warn!(%error, "the audio sessions could not be closed in order");
    }
    drop(marks);
    station.end();
    finished
}

/// Hears the gateway no more.
fn deafen(station: &Station, shard: &Shard) -> Option<Mark> {
    shard.deaf.set(true);
    let session = station.ports.gateway.session(shard.id)?;
    shard.marks.open(session.sequence.saturating_add(1))
}

/// Waits until `there` holds, `ms` at most; tells whether it does.
async fn until(ms: u64, there: impl Fn() -> bool) -> bool {
    let mut left_ms = ms;
    while !there() {
        if left_ms == 0 {
            return false;
        }
        let look_ms = LOOK_MS.min(left_ms);
        sleep_ms(look_ms).await;
        left_ms = left_ms.saturating_sub(look_ms);
    }
    true
}

fn stop(shard: &Shard) {
    let all: Vec<GuildId> = shard.table.borrow().entries().map(|(guild, _)| guild).collect();
    for guild in all {
        shard.put(guild, Work::Slot(SlotInput::Stop));
    }
}

/// Writes side data and closes the gateway resumably.
async fn close(station: &Rc<Station>, shard: &Rc<Shard>) {
    let id = shard.id;
    if let Err(error) = soon(shard_actor::checkpoint(station, shard)).await {
        tracing::error!(shard = %id, %error, "side data could not be written; the next process asks Discord for more");
    }
    if let Err(error) = soon(station.ports.gateway.close(id)).await {
        tracing::warn!(shard = %id, %error, "the gateway could not be closed in order");
    }
}

/// What hangs must not keep the rest from being closed.
async fn soon(work: impl Future<Output = Result<(), PortError>>) -> Result<(), PortError> {
    let late = |_| {
        Err(PortError::new(
            PortErrorKind::Timeout,
            "it took too long for a process that leaves",
        ))
    };
    tokio::time::timeout(CLOSE_WITHIN, work).await.unwrap_or_else(late)
}
