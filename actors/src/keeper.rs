//! The keeper of one arbiter: it builds the ports there, opens the shards, starts their actors again when they die, takes
//! in what comes from other threads, and drains.

mod drain;
mod look;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler, Message, ResponseFuture};
use ostinato_machine::guild::Input;
use ostinato_machine::ids::ShardId;
use ostinato_machine::restart::{Budget, Verdict};
use tokio::sync::{mpsc, oneshot};

use crate::chronicle::{Chronicle, Count};
use crate::faults::Faults;
use crate::fleet_actor::FleetHandle;
use crate::ingress::{Crossed, shard_of};
use crate::obituary::Obituary;
use crate::ports::{FleetPort, PortError, Ports};
use crate::root::Fatal;
use crate::settings::Settings;
use crate::shard::Shard;
use crate::shard_actor::{self, ShardActor};
use crate::station::{Station, sleep_ms};
use crate::watchdog::{BEAT_MS, Pulses};

/// Inputs that may wait for the keeper; the ingress keeps its own bound.
const MAILBOX: usize = 16_384;

/// What a keeper is given. It crosses to the keeper's thread.
pub(crate) struct Charge {
    /// Which arbiter this is, from 0.
    pub(crate) arbiter: usize,
    pub(crate) settings: Settings,
    /// The shards of this arbiter.
    pub(crate) shards: Vec<ShardId>,
    pub(crate) fleet: FleetHandle,
    pub(crate) faults: Option<Faults>,
    pub(crate) chronicle: Arc<Chronicle>,
    pub(crate) pulses: Pulses,
    pub(crate) fatal: mpsc::Sender<Fatal>,
    /// Told once, when the ports are there or could not be made.
    pub(crate) ready: oneshot::Sender<Result<(), PortError>>,
}

/// Makes the ports, on the keeper's thread.
pub(crate) type Ported = Box<dyn FnOnce(Rc<dyn FleetPort>) -> Result<Ports, PortError>>;

/// One arbiter's keeper.
pub(crate) struct Keeper {
    charge: Option<(Charge, Ported)>,
    station: Option<Rc<Station>>,
    budgets: BTreeMap<ShardId, (Budget, u64)>,
    /// Shards whose actors end by order.
    ordered: BTreeSet<ShardId>,
    /// Which arbiter this is, from 0.
    arbiter: usize,
    #[cfg(feature = "world")]
    shown: Option<Rc<std::cell::RefCell<Vec<Rc<Station>>>>>,
}

/// A shard's actor is gone.
#[derive(Message)]
#[rtype(result = "()")]
struct ShardDied(ShardId);

/// Start the shard's actor.
#[derive(Message)]
#[rtype(result = "()")]
struct Serve(ShardId);

/// Finish what is held, write side data, close resumably. The answer: whether everything was finished.
#[derive(Message)]
#[rtype(result = "bool")]
pub(crate) struct Drain;

/// End at once, as a killed process does: nothing is finished, written or closed.
#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Vanish;

impl Keeper {
    pub(crate) fn new(charge: Charge, ported: Ported) -> Self {
        Self {
            charge: Some((charge, ported)),
            station: None,
            budgets: BTreeMap::new(),
            ordered: BTreeSet::new(),
            arbiter: 0,
            #[cfg(feature = "world")]
            shown: None,
        }
    }

    /// Shows the station to a world on the same thread.
    #[cfg(feature = "world")]
    pub(crate) fn shown_in(mut self, stations: Rc<std::cell::RefCell<Vec<Rc<Station>>>>) -> Self {
        self.shown = Some(stations);
        self
    }

    fn begin(&mut self, charge: Charge, ported: Ported, ctx: &mut Context<Self>) {
        self.arbiter = charge.arbiter;
        let ports = match ported(Rc::new(charge.fleet)) {
            Ok(ports) => ports,
            Err(error) => {
                let _ = charge.ready.send(Err(error));
                return;
            }
        };
        let station = Station::new(charge.settings, ports, charge.faults, charge.chronicle, charge.fatal);
        for id in charge.shards {
            let shard = Rc::new(Shard::new(id, &station.settings));
            station.add(Rc::clone(&shard));
            self.budgets.insert(id, (Budget::default(), 0));
            ctx.notify(Serve(id));
            let (here, its) = (Rc::clone(&station), Rc::clone(&shard));
            station.keep("timers", move || shard_actor::timers(Rc::clone(&here), Rc::clone(&its)));
            let (here, its) = (Rc::clone(&station), Rc::clone(&shard));
            station.keep("beat", move || shard_actor::beat(Rc::clone(&here), Rc::clone(&its)));
            station.spawn(shard_actor::open(Rc::clone(&station), shard));
        }
        let (pulses, arbiter) = (charge.pulses, self.arbiter);
        station.keep("pulse", move || {
            let pulses = pulses.clone();
            async move {
                loop {
                    pulses.beat(arbiter);
                    sleep_ms(BEAT_MS).await;
                }
            }
        });
        #[cfg(feature = "world")]
        if let Some(shown) = &self.shown {
            shown.borrow_mut().push(Rc::clone(&station));
        }
        self.station = Some(station);
        let _ = charge.ready.send(Ok(()));
    }
}

impl Actor for Keeper {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        if let Some((charge, ported)) = self.charge.take() {
            self.begin(charge, ported, ctx);
        }
    }
}

impl Handler<Crossed> for Keeper {
    type Result = ();

    fn handle(&mut self, crossed: Crossed, _: &mut Self::Context) {
        let Some(station) = &self.station else { return };
        let Crossed {
            guild, cause, input, ..
        } = crossed;
        if matches!(input, Input::Command { .. }) {
            // Whoever waits is told inside when it is refused.
            let _ = station.push(guild, cause, input, 0);
        } else if let Some(shard) = station.shard(shard_of(guild, station.settings.total_shards)) {
            station.fact(&shard, guild, input, 0);
        }
    }
}

impl Handler<Serve> for Keeper {
    type Result = ();

    fn handle(&mut self, Serve(id): Serve, ctx: &mut Self::Context) {
        let Some(station) = &self.station else { return };
        let Some(shard) = station.shard(id) else { return };
        if let Some((_, since_ms)) = self.budgets.get_mut(&id) {
            *since_ms = station.ports.clock.monotonic_ms();
        }
        let keeper = ctx.address().downgrade();
        let obituary = Obituary::new(move || {
            if let Some(keeper) = keeper.upgrade() {
                keeper.do_send(ShardDied(id));
            }
        });
        // It holds itself up by the address that its shard keeps.
        ShardActor::new(Rc::clone(station), shard, obituary).start();
    }
}

impl Handler<ShardDied> for Keeper {
    type Result = ();

    fn handle(&mut self, ShardDied(id): ShardDied, ctx: &mut Self::Context) {
        let Some(station) = self.station.clone() else { return };
        let Some(shard) = station.shard(id) else { return };
        shard.serve(None);
        if self.ordered.remove(&id) {
            tracing::info!(shard = %id, "the shard's actor is started anew by order");
            ctx.notify(Serve(id));
            return;
        }
        station.chronicle.count(Count::ShardDeaths);
        let Some((budget, since_ms)) = self.budgets.get_mut(&id) else {
            return;
        };
        let (policy, now_ms) = (&station.settings.shard_restart, station.ports.clock.monotonic_ms());
        let healthy = now_ms.saturating_sub(*since_ms) >= policy.healthy_ms;
        match budget.death(policy, now_ms, healthy) {
            Verdict::Restart { rung } => {
                let in_ms = policy.delay_ms(rung, station.ports.clock.chance());
                tracing::warn!(shard = %id, rung, in_ms, "the shard's actor will be started again");
                let keeper = ctx.address();
                station.spawn(async move {
                    sleep_ms(in_ms).await;
                    keeper.do_send(Serve(id));
                });
            }
            Verdict::Exhausted => {
                tracing::error!(shard = %id, "the shard's actor died too often; the process leaves");
                station.fatal(Fatal::Shard { shard: id });
            }
        }
    }
}

impl Handler<Drain> for Keeper {
    type Result = ResponseFuture<bool>;

    fn handle(&mut self, _: Drain, _: &mut Self::Context) -> Self::Result {
        let station = self.station.clone();
        Box::pin(async move {
            match station {
                Some(station) => drain::drain(&station).await,
                None => true,
            }
        })
    }
}

impl Handler<Vanish> for Keeper {
    type Result = ();

    fn handle(&mut self, _: Vanish, ctx: &mut Self::Context) {
        if let Some(station) = self.station.take() {
            station.vanish();
        }
        ctx.stop();
    }
}
