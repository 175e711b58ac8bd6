//! The audio lane: one order in flight a guild, the newest wanted player wins.

use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

pub(super) use super::order::Told;

use ostinato_machine::guild::Input;

use super::Lane;
use super::order::{Sending, Step, node_of};
use crate::ports::{PortError, PortErrorKind};
use crate::station::{Station, sleep_ms};

/// Sends what differs, unless an order is in flight already: then it looks again when that one ends.
pub(super) fn kick(station: &Rc<Station>, lane: &Rc<Lane>) {
    lane.changed.notify_one();
    if lane.busy.get() {
        return;
    }
    let step = next(station, lane);
    if matches!(step, Step::Nothing) {
        return;
    }
    lane.busy.set(true);
    let busy = Busy(Rc::clone(lane));
    let (here, lane) = (Rc::clone(station), Rc::clone(lane));
    station.spawn(async move {
        run(&here, &lane, step).await;
        drop(busy);
        here.lanes.let_go(&lane);
    });
}

/// Marks a lane as busy until it is dropped, whatever ends the task.
struct Busy(Rc<Lane>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.set(false);
    }
}

fn next(station: &Station, lane: &Lane) -> Step {
    let clock = &station.ports.clock;
    lane.audio.borrow_mut().next(clock.now_ms(), clock.monotonic_ms())
}

async fn run(station: &Rc<Station>, lane: &Rc<Lane>, first: Step) {
    let mut step = first;
    loop {
        match step {
            Step::Nothing => return,
            Step::Wait(ms) => {
                tokio::select! {
                    biased;
                    () = lane.changed.notified() => {}
                    () = sleep_ms(ms) => {}
                }
            }
            Step::Send(sending) => send(station, lane, *sending).await,
        }
        step = next(station, lane);
    }
}

/// Sends one order and learns how it ended. It is abandoned when the guild has a node elsewhere meanwhile: the old one
/// may never answer.
async fn send(station: &Rc<Station>, lane: &Lane, sending: Sending) {
    let (guild, shard, clock) = (lane.guild, lane.shard.id, &station.ports.clock);
    tracing::debug!(%guild, %shard, order = ?sending.order, "an order goes to an audio node");
    let deadline = Duration::from_millis(station.settings.order_ms);
    let work = station.ports.audio.order(shard, guild, sending.order.clone());
    let mut work = pin!(tokio::time::timeout(deadline, work));
    let result = loop {
        tokio::select! {
            biased;
            result = &mut work => break result,
            () = lane.changed.notified() => {
                if lane.audio.borrow().outranks(&sending.order, clock.now_ms()) {
                    return lane.audio.borrow_mut().abandon(&sending.order);
                }
            }
        }
    };
    let late = |_| {
        Err(PortError::new(
            PortErrorKind::Timeout,
            "no answer within the order's deadline",
        ))
    };
    let result = result.unwrap_or_else(late);
    match &result {
        Ok(()) => {}
        // Said once for the whole node when its session went away.
        Err(error) if error.kind == PortErrorKind::Gone => {
            tracing::debug!(%guild, %shard, %error, "an order waits for its audio node");
        }
        Err(error) => tracing::warn!(%guild, %shard, %error, "an order to an audio node failed"),
    }
    let (now, retry) = (
        (clock.now_ms(), clock.monotonic_ms()),
        (&station.settings.order_retry, clock.chance()),
    );
    let node = node_of(&sending.order).clone();
    let report = lane.audio.borrow_mut().done(sending, result, now, retry);
    if let Some(report) = report {
        station.fact(&lane.shard, guild, Input::Player { node, report }, 0);
    }
}
