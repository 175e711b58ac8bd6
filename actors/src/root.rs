//! The root: one process of the bot. It spreads shards over arbiters, starts their keepers, hears of what can't go on,
//! and drains within one deadline.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor as _, Addr, Arbiter};
use futures_util::future::join_all;
use ostinato_machine::fleet::Placement;
use ostinato_machine::guild::Input;
use ostinato_machine::ids::{CauseId, ShardId};
use tokio::sync::{Mutex, mpsc, oneshot};

use crate::chronicle::Chronicle;
use crate::clock;
use crate::faults::Faults;
use crate::fleet_actor::{FleetHandle, Now};
use crate::ingress::{Ingress, Way};
use crate::keeper::{Charge, Drain, Keeper, Vanish};
use crate::obituary;
use crate::operator::Operator;
use crate::ports::{FleetPort, GuildStore, PortError, Ports};
use crate::settings::Settings;
use crate::shelf::Shelf;
use crate::watchdog::Pulses;

/// Builds the ports of one arbiter, on its thread. The number counts arbiters from 0; the fleet's port is to be passed on
/// as [`Ports::fleet`].
pub type MakePorts = Arc<dyn Fn(usize, Rc<dyn FleetPort>) -> Result<Ports, PortError> + Send + Sync>;

/// Words about what can't go on that may wait; one is enough.
const FATALS: usize = 8;

/// Why the process can't go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fatal {
    /// Discord refuses token, intents or shard count.
    #[error("discord refuses this bot for good (close code {code}): {fix}")]
    Gateway {
        /// Close code.
        code: u16,
        /// What to do.
        fix: String,
    },
    /// A shard's actor died more often than its budget allows.
    #[error("shard {shard} died too often")]
    Shard {
        /// The shard.
        shard: ShardId,
    },
}

impl Fatal {
    /// The exit code that says so: 77 for a refused token, 70 for a spent budget.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Gateway { .. } => 77,
            Self::Shard { .. } => 70,
        }
    }
}

/// Why the process did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The ports of an arbiter could not be made.
    #[error("the ports of arbiter {arbiter} could not be made: {source}")]
    Ports {
        /// Which arbiter.
        arbiter: usize,
        /// Why.
        source: PortError,
    },
    /// An arbiter ended before its ports were made.
    #[error("arbiter {0} ended while it was starting")]
    Arbiter(usize),
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drained {
    /// Everything that was held was finished.
    Finished,
    /// The deadline cut something short; the next process goes on from the journal.
    CutShort,
}

/// Where keepers run, and how they get their ports.
pub(crate) trait Threads {
    /// Starts the keeper with this number, from 0.
    fn keep(&mut self, index: usize, charge: Charge) -> Addr<Keeper>;
    /// Ends what was made for them.
    fn end(&mut self);
}

/// A thread of its own for each arbiter.
struct OwnThreads {
    make_ports: MakePorts,
    arbiters: Vec<Arbiter>,
}

impl Threads for OwnThreads {
    fn keep(&mut self, index: usize, charge: Charge) -> Addr<Keeper> {
        let arbiter = Arbiter::new();
        let make_ports = Arc::clone(&self.make_ports);
        let keeper = Keeper::start_in_arbiter(&arbiter.handle(), move |_| {
            Keeper::new(charge, Box::new(move |fleet| make_ports(index, fleet)))
        });
        self.arbiters.push(arbiter);
        keeper
    }

    fn end(&mut self) {
        for arbiter in self.arbiters.drain(..) {
            // A thread that does not end is left to the exit of the process.
            arbiter.stop();
        }
    }
}

/// A running process. It must be drained to close sessions resumably; dropped, its actors end with their arbiters.
pub struct Root {
    ingress: Ingress,
    keepers: Vec<Addr<Keeper>>,
    fatal: Mutex<mpsc::Receiver<Fatal>>,
    threads: Box<dyn Threads>,
    drain_ms: u64,
    operator: Operator,
    pulses: Pulses,
    shelf: Shelf,
}

impl Root {
    /// Starts a process with an arbiter on its own thread for each of [`Settings::threads`]. To be called inside an
    /// actix system. It returns when all ports are made; shards then start by themselves. `make_store` makes the
    /// store's port of this thread, for the audit.
    ///
    /// # Errors
    /// [`StartError`] when an arbiter's ports can't be made.
    pub async fn start(
        settings: Settings,
        make_ports: MakePorts,
        make_store: impl FnOnce() -> Rc<dyn GuildStore>,
    ) -> Result<Self, StartError> {
        let clock: Now = Arc::new(clock::wall_ms);
        let threads = OwnThreads {
            make_ports,
            arbiters: Vec::new(),
        };
        Self::start_on(Box::new(threads), settings, make_store, clock, None).await
    }

    pub(crate) async fn start_on(
        mut threads: Box<dyn Threads>,
        settings: Settings,
        make_store: impl FnOnce() -> Rc<dyn GuildStore>,
        clock: Now,
        faults: Option<Faults>,
    ) -> Result<Self, StartError> {
        obituary::install_hook();
        let ingress = Ingress::new(settings.total_shards);
        let fleet = FleetHandle::start(proposals(&ingress), Arc::clone(&clock));
        let (fatal, fatals) = mpsc::channel(FATALS);
        let count = settings.threads.clamp(1, settings.shards.len().max(1));
        let (chronicle, pulses) = (Arc::new(Chronicle::default()), Pulses::of(count));
        let mut hands = Vec::new();
        let mut ways = BTreeMap::new();
        let mut keepers = Vec::new();
        let mut starting = Vec::new();
        for index in 0..count {
            let shards: Vec<ShardId> = settings.shards.iter().skip(index).step_by(count).copied().collect();
            let (ready, started) = oneshot::channel();
            let charge = Charge {
                arbiter: index,
                settings: settings.clone(),
                shards: shards.clone(),
                fleet: fleet.clone(),
                faults: faults.clone(),
                chronicle: Arc::clone(&chronicle),
                pulses: pulses.clone(),
                fatal: fatal.clone(),
                ready,
            };
            let keeper = threads.keep(index, charge);
            hands.push((shards.iter().copied().collect(), keeper.clone()));
            let way = Arc::new(Way::to(keeper.clone()));
            ways.extend(shards.into_iter().map(|shard| (shard, Arc::clone(&way))));
            keepers.push(keeper);
            starting.push(started);
        }
        ingress.connect(ways);
        for (arbiter, started) in starting.into_iter().enumerate() {
            let result = started.await.map_err(|_| StartError::Arbiter(arbiter));
            if let Err(error) = result.and_then(|made| made.map_err(|source| StartError::Ports { arbiter, source })) {
                threads.end();
                return Err(error);
            }
        }
        let ways = (fleet, ingress.clone());
        let (shelf, reader) = Shelf::start(make_store(), &chronicle, settings.slots.store, clock);
        let operator = Operator::new(settings.total_shards, hands, ways, (chronicle, reader));
        Ok(Self {
            ingress,
            keepers,
            fatal: Mutex::new(fatals),
            threads,
            drain_ms: settings.drain_ms,
            operator,
            pulses,
            shelf,
        })
    }

    /// The way to every guild of this process.
    pub fn ingress(&self) -> Ingress {
        self.ingress.clone()
    }

    /// The signs of life of its arbiters.
    pub fn pulses(&self) -> Pulses {
        self.pulses.clone()
    }

    /// The operator's hand on this process.
    pub fn operator(&self) -> Operator {
        self.operator.clone()
    }

    /// Waits until the process can't go on, and says why.
    pub async fn fatal(&self) -> Fatal {
        match self.fatal.lock().await.recv().await {
            Some(fatal) => fatal,
            // Every keeper is gone: nobody can say anything any more.
            None => std::future::pending().await,
        }
    }

    /// Drains within [`Settings::drain_ms`]: accepts nothing more, finishes what is held, writes side data, closes the
    /// gateway resumably and leaves the players playing. Ends the arbiters.
    pub async fn drain(mut self) -> Drained {
        let all = join_all(self.keepers.iter().map(|keeper| keeper.send(Drain)));
        let end = tokio::time::Instant::now() + Duration::from_millis(self.drain_ms);
        let finished = tokio::time::timeout_at(end, all).await;
        // Whether the last of the audit is stored decides nothing about how the drain went.
        let _ = tokio::time::timeout_at(end, self.shelf.finish()).await;
        let finished = finished.is_ok_and(|all| all.iter().all(|one| matches!(one, Ok(true))));
        for keeper in &self.keepers {
            keeper.do_send(Vanish);
        }
        self.threads.end();
        if finished { Drained::Finished } else { Drained::CutShort }
    }

    /// Ends at once, as `kill -9` does.
    #[cfg(feature = "world")]
    pub(crate) async fn vanish(self) {
        // A keeper that is gone has vanished already.
        let _ = join_all(self.keepers.iter().map(|keeper| keeper.send(Vanish))).await;
    }
}

/// Carries the fleet's proposals to the guilds.
fn proposals(ingress: &Ingress) -> crate::fleet_actor::Exit {
    let ingress = ingress.clone();
    Arc::new(move |placement: Placement| {
        let Placement {
            guild,
            node,
            generation,
            ..
        } = placement;
        let input = Input::Placed { node, generation };
        if let Err(why) = ingress.push(guild, CauseId::Internal, input) {
            tracing::debug!(%guild, %why, "a placement was refused; the guild asks again at its next start");
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::PortErrorKind;

    #[test]
    fn ports_that_can_not_be_made_are_said_with_their_arbiter() {
        actix::System::new().block_on(async {
            let settings = Settings {
                threads: 2,
                shards: vec![ShardId(0), ShardId(1)],
                total_shards: 2,
                ..Settings::default()
            };
            let make: MakePorts = Arc::new(|_, _| Err(PortError::new(PortErrorKind::Refused, "no such adapter")));
            let no_store = || -> Rc<dyn GuildStore> { panic!("no store is asked for") };
            match Root::start(settings, make, no_store).await {
                Err(StartError::Ports { arbiter: 0, source }) => assert_eq!(source.message, "no such adapter"),
                Err(other) => panic!("{other}"),
                Ok(_) => panic!("it started without ports"),
            }
        });
    }

    #[test]
    fn exit_codes_say_what_can_not_go_on() {
        let fix = "use another token".to_owned();
        assert_eq!(Fatal::Gateway { code: 4004, fix }.exit_code(), 77);
        assert_eq!(Fatal::Shard { shard: ShardId(0) }.exit_code(), 70);
    }
}
