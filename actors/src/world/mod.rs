//! The world: real actors, fake ports, virtual time, one thread. Ring 2 is built on it.
//!
//! [`World::run`] begins one; a *process* is a whole [`crate::root::Root`] that can be started, stopped in order or
//! killed, as often as a test likes. Store, audio nodes and Discord outlive it. Equal seeds give equal worlds.

mod audio;
mod books;
mod cards;
mod clock;
mod discord;
mod faults;
mod gateway;
mod nodes;
mod outage;
mod player;
mod rest;
mod sound;
mod store;
#[cfg(test)]
mod tests;
mod trace;

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor as _, Addr};
use ostinato_machine::guild::{Command, Input, Say, Where};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, UserId};
use ostinato_machine::slot::{Phase, Refused};

pub use self::audio::{FakeAudio, OrderFault, Sound};
pub use self::books::{Ledger, seeds};
pub use self::cards::Card;
pub use self::clock::{BEGIN_MS, VirtualClock};
pub use self::discord::FakeDiscord;
pub use self::faults::{Match, Note, Noted, Strike};
pub use self::rest::Interaction;
pub use self::store::{FakeStore, StoreMode};
pub use self::trace::{Line, What};
use crate::ingress::Ingress;
use crate::keeper::{Charge, Keeper};
use crate::operator::Operator;
use crate::ports::{Clock, Ports};
use crate::root::{Drained, Fatal, Root, StartError, Threads};
use crate::settings::Settings;
use crate::station::{Station, sleep_ms};

/// The text channel of every command.
pub const TEXT: ChannelId = ChannelId(1);

/// How often a condition is looked at, virtual ms.
const LOOK_MS: u64 = 5;

/// A world and the process that runs in it, if one does.
pub struct World {
    /// The seed that the world was begun with.
    pub seed: u64,
    /// Settings of processes that are started from now on.
    pub settings: RefCell<Settings>,
    /// The guild store.
    pub store: Rc<FakeStore>,
    /// The audio nodes: `n1` and `n2` are up.
    pub audio: Rc<FakeAudio>,
    /// Discord.
    pub discord: Rc<FakeDiscord>,
    clock: Rc<VirtualClock>,
    trace: trace::Trace,
    plan: faults::Plan,
    process: RefCell<Option<Process>>,
    choice: Cell<u64>,
}

struct Process {
    root: Root,
    life: store::Life,
    stations: Stations,
}

type Stations = Rc<RefCell<Vec<Rc<Station>>>>;

/// Keepers on the world's own thread.
struct ThisThread {
    ports: Rc<dyn Fn(Rc<dyn crate::ports::FleetPort>) -> Ports>,
    stations: Stations,
}

impl Threads for ThisThread {
    fn keep(&mut self, _: usize, charge: Charge) -> Addr<Keeper> {
        let ports = Rc::clone(&self.ports);
        let keeper = Keeper::new(charge, Box::new(move |fleet| Ok(ports(fleet))));
        keeper.shown_in(Rc::clone(&self.stations)).start()
    }

    fn end(&mut self) {}
}

impl World {
    /// Runs a world to the end of `play`.
    ///
    /// # Panics
    /// When `play` does, after printing the seed that replays it and the newest lines of the trace.
    pub fn run<F: Future<Output = ()>>(seed: u64, play: impl FnOnce(Rc<Self>) -> F) {
        let system = actix::System::with_tokio_rt(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .start_paused(true)
                .build();
            runtime.unwrap_or_else(|error| std::panic::panic_any(format!("no runtime for the world: {error}")))
        });
        system.block_on(async {
            let world = Self::begin(seed);
            let told = Telltale(Rc::clone(&world));
            play(world).await;
            drop(told);
        });
    }

    fn begin(seed: u64) -> Rc<Self> {
        let (clock, trace) = (Rc::new(VirtualClock::new(seed)), trace::Trace::default());
        let discord = FakeDiscord::new(Rc::clone(&clock), trace.clone());
        let audio = FakeAudio::new(Rc::clone(&clock), &discord, trace.clone());
        audio.add_node("n1");
        audio.add_node("n2");
        Rc::new(Self {
            seed,
            settings: RefCell::default(),
            store: FakeStore::new(Rc::clone(&clock), trace.clone()),
            audio,
            discord,
            plan: faults::Plan::new(clock.begin()),
            clock,
            trace,
            process: RefCell::new(None),
            choice: Cell::new(seed ^ 0x5EED),
        })
    }

    /// Starts a process. Its shards open by themselves within some virtual milliseconds.
    ///
    /// # Errors
    /// As [`Root::start`].
    pub async fn start(&self) -> Result<(), StartError> {
        let (life, stations) = (store::Life::new(Cell::new(true)), Stations::default());
        let audit = self.store.port(&life);
        let ports = {
            let (life, clock, store) = (Rc::clone(&life), Rc::clone(&self.clock), Rc::clone(&self.store));
            let (audio, discord) = (Rc::clone(&self.audio), Rc::clone(&self.discord));
            move |fleet| Ports {
                clock: Rc::<VirtualClock>::clone(&clock),
                store: store.port(&life),
                audio: Rc::new(nodes::Port {
                    audio: Rc::clone(&audio),
                    life: Rc::clone(&life),
                }),
                gateway: Rc::new(gateway::Port {
                    discord: Rc::clone(&discord),
                    life: Rc::clone(&life),
                }),
                discord: discord.rest(&life),
                fleet,
            }
        };
        let threads = ThisThread {
            ports: Rc::new(ports),
            stations: Rc::clone(&stations),
        };
        let begin = self.clock.begin();
        let now = Arc::new(move || BEGIN_MS.saturating_add(clock::since_ms(begin)));
        let settings = self.settings.borrow().clone();
        let root = Root::start_on(Box::new(threads), settings, || audit, now, Some(self.plan.hook())).await?;
        self.process.replace(Some(Process { root, life, stations }));
        Ok(())
    }

    /// Stops the process in order; `None` when none runs.
    pub async fn stop(&self) -> Option<Drained> {
        let process = self.process.take()?;
        let drained = process.root.drain().await;
        process.life.set(false);
        Some(drained)
    }

    /// Kills the process: nothing of it is finished, written or closed.
    pub async fn kill(&self) {
        if let Some(process) = self.process.take() {
            process.life.set(false);
            process.root.vanish().await;
        }
    }

    /// Why the process can't go on; `None` when nothing of the kind happens within `ms`.
    pub async fn fatal_within(&self, ms: u64) -> Option<Fatal> {
        let process = self.process.take()?;
        let fatal = tokio::time::timeout(std::time::Duration::from_millis(ms), process.root.fatal()).await;
        self.process.replace(Some(process));
        fatal.ok()
    }

    /// The way to the guilds of the process.
    pub fn ingress(&self) -> Option<Ingress> {
        self.process.borrow().as_ref().map(|process| process.root.ingress())
    }

    /// The operator's hand on the process.
    pub fn operator(&self) -> Option<Operator> {
        self.process.borrow().as_ref().map(|process| process.root.operator())
    }

    /// Offers an input straight at the guild's slot, as its own arbiter does.
    ///
    /// # Errors
    /// As the slot refuses it.
    pub fn push(&self, guild: GuildId, cause: CauseId, input: Input) -> Result<(), Refused> {
        let (station, _) = self.owner(guild).ok_or(Refused::NotHere)?;
        station.push(guild, cause, input, 0)
    }

    /// The phase of a guild's slot.
    pub fn phase(&self, guild: GuildId) -> Phase {
        if self.process.borrow().is_none() {
            return Phase::Stopped;
        }
        self.owner(guild).map_or(Phase::Cold, |(_, shard)| shard.phase(guild))
    }

    /// The incarnation of a guild that lives; `None`: none does.
    pub fn incarnation(&self, guild: GuildId) -> Option<u64> {
        self.owner(guild).and_then(|(_, shard)| shard.incarnation(guild))
    }

    /// Lays out a fault: at the next `times` matching inputs of the guild, or of any guild. A strike at the shard knows
    /// no input.
    pub fn strike(&self, at: Strike, guild: Option<GuildId>, times: u32, matches: Option<Match>) {
        self.plan.lay(at, guild, times, matches);
    }

    /// Takes back every fault that is still laid out inside guilds and shards or for an order.
    pub fn heal(&self) {
        self.plan.clear();
        self.audio.heal();
    }

    /// A user gives a command. Returns its interaction.
    pub fn say(&self, guild: GuildId, user: UserId, command: Command) -> u64 {
        self.discord.say(guild, user, TEXT, command)
    }

    /// A user asks for a track by its title, at the end of the queue.
    pub fn play(&self, guild: GuildId, user: UserId, title: &str) -> u64 {
        let command = Command::Play {
            query: title.into(),
            at: Where::End,
        };
        self.say(guild, user, command)
    }

    /// The newest thing that the caller of an interaction was told.
    pub fn answer(&self, interaction: u64) -> Option<Say> {
        self.discord
            .interaction(interaction)
            .and_then(|interaction| interaction.said().cloned())
    }

    /// The titles that a guild hears now; more than one is a fault.
    pub fn sounding(&self, guild: GuildId) -> Vec<String> {
        self.audio
            .sounding(guild)
            .iter()
            .map(|sound| sound.title.to_string())
            .collect()
    }

    /// Virtual ms since the world began.
    pub fn now_ms(&self) -> u64 {
        self.clock.monotonic_ms()
    }

    /// Lets virtual time go on.
    pub async fn wait_ms(&self, ms: u64) {
        sleep_ms(ms).await;
    }

    /// Waits until `there` holds, `within_ms` at most. Tells whether it does.
    pub async fn until(&self, within_ms: u64, there: impl Fn(&Self) -> bool) -> bool {
        let end_ms = self.now_ms().saturating_add(within_ms);
        loop {
            if there(self) {
                return true;
            }
            if self.now_ms() >= end_ms {
                return false;
            }
            sleep_ms(LOOK_MS).await;
        }
    }

    /// A number below `bound` from the world's seed; 0 for a bound of 0.
    pub fn choose(&self, bound: u64) -> u64 {
        crate::clock::mix(&self.choice).checked_rem(bound).unwrap_or(0)
    }

    /// Everything that left a process so far, in order.
    pub fn trace(&self) -> Vec<Line> {
        self.trace.lines()
    }

    /// What left for one guild.
    pub fn trace_of(&self, guild: GuildId) -> Vec<Line> {
        let lines = self.trace.lines().into_iter();
        lines.filter(|line| line.guild == Some(guild)).collect()
    }
}

/// Says how to replay a world that ends in a panic.
struct Telltale(Rc<World>);

impl Drop for Telltale {
    #[expect(clippy::print_stderr, reason = "a failing test says how it is replayed")]
    fn drop(&mut self) {
        if !std::thread::panicking() {
            return;
        }
        let lines = self.0.trace();
        let newest = std::env::var("WORLD_LINES").ok().and_then(|lines| lines.parse().ok());
        for line in lines.iter().skip(lines.len().saturating_sub(newest.unwrap_or(30))) {
            eprintln!("{line}");
        }
        let here = std::thread::current();
        let name = here.name().unwrap_or_default();
        let ring = if name.starts_with("world::tests") {
            "--lib"
        } else {
            "--test world"
        };
        eprintln!(
            "replay with: WORLD_SEED={} cargo test -p ostinato-actors --features world {ring} {name}",
            self.0.seed
        );
    }
}
