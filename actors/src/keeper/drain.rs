//! Leaving in order: accept nothing more, finish what is held, write, close so that the next process goes on.

use std::rc::Rc;
use std::time::Duration;

use futures_util::future::{join, join_all};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::SlotInput;

use crate::messages::Work;
use crate::ports::{PortError, PortErrorKind};
use crate::shard::Shard;
use crate::shard_actor;
use crate::station::{Station, sleep_ms};

/// How often it is looked whether everything is finished, ms.
const LOOK_MS: u64 = 10;

/// Longest write of side data, and longest close.
const CLOSE_WITHIN: Duration = Duration::from_millis(1_500);

/// The part of the drain's time that may be spent on finishing; the rest is for writing and closing. In percent.
const FINISH_PERCENT: u64 = 60;

/// Drains the shards of one arbiter; tells whether all that was held was finished. The caller keeps the deadline.
pub(super) async fn drain(station: &Rc<Station>) -> bool {
    let started_ms = station.ports.clock.monotonic_ms();
    let patience_ms = station.settings.drain_ms.saturating_mul(FINISH_PERCENT) / 100;
    let shards = station.shards();
    for shard in &shards {
        stop(shard);
    }
    let finished = loop {
        let stopped = shards.iter().all(|shard| shard.is_stopped());
        if stopped && station.gate.is_empty() && station.lanes.is_quiet() {
            break true;
        }
        if station.ports.clock.monotonic_ms().saturating_sub(started_ms) >= patience_ms {
            break false;
        }
        sleep_ms(LOOK_MS).await;
    };
    if !finished {
        tracing::warn!("not everything was finished in time; the next process goes on from the journal");
    }
    join_all(shards.iter().map(|shard| close(station, shard))).await;
    station.end();
    finished
}

fn stop(shard: &Shard) {
    let all: Vec<GuildId> = {
        let mut table = shard.table.borrow_mut();
        table.stopping = true;
        table.entries().map(|(guild, _)| guild).collect()
    };
    for guild in all {
        shard.put(guild, Work::Slot(SlotInput::Stop));
    }
}

/// Writes side data and closes the sessions resumably; players play on.
async fn close(station: &Rc<Station>, shard: &Rc<Shard>) {
    let id = shard.id;
    // From here on what the gateway says is left to the next process: the session is written as it is now.
    shard.deaf.set(true);
    if let Err(error) = soon(shard_actor::checkpoint(station, shard)).await {
        tracing::error!(shard = %id, %error, "side data could not be written; the next process asks Discord for more");
    }
    let (gateway, audio) = (station.ports.gateway.close(id), station.ports.audio.close(id));
    let (gateway, audio) = join(soon(gateway), soon(audio)).await;
    if let Err(error) = gateway {
        tracing::warn!(shard = %id, %error, "the gateway could not be closed in order");
    }
    if let Err(error) = audio {
        tracing::warn!(shard = %id, %error, "the audio sessions could not be closed in order");
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
