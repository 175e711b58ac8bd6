//! The composition root: adapters become ports, the tree is started, and it is drained again.
//!
//! Nothing is decided here but the order: store → Discord's facts → shards → signals or a fault → drain → store. What
//! can't be had yet is asked for again, what is refused ends the process with the code that says so.

mod intents;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::clock::SystemClock;
use ostinato_actors::ports::{Clock, FleetPort, PortError, PortErrorKind, Ports};
use ostinato_actors::root::{Drained, Fatal, MakePorts, Root};
use ostinato_actors::watchdog::{Stuck, Watchdog};
use ostinato_machine::ids::{ShardId, UserId};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;

use self::intents::{CONTENT, intents};
use crate::cli::Exit;
use crate::config::Config;
use crate::discord::answers::AnswerFigures;
use crate::discord::commands::Table;
use crate::discord::door::Door;
use crate::discord::drill::{Drills, Range};
use crate::discord::gateway::{Gateways, IdentifyGate, SessionStartLimit};
use crate::discord::register::{Registered, register};
use crate::discord::replies::Replies;
use crate::discord::rest::{Application, CurrentUser, GatewayBot, Rest, RestSettings};
use crate::http::{self, Leave, Servers, Steer, Steered};
use crate::lavalink::Nodes;
use crate::logging::Levels;
use crate::recording::Recorder;
use crate::store::SqliteStore;

/// First and longest wait before Discord is asked again, ms.
const ASK_AGAIN_MS: (u64, u64) = (500, 30_000);

/// Runs the bot until it is told to stop or can't go on.
pub fn run(config: &Config, levels: Levels) -> Exit {
    let store = match SqliteStore::open(&config.store()) {
        Ok(store) => store,
        Err(error) => {
            tracing::error!("{error}");
            return Exit::Configuration;
        }
    };
    let facts = Arc::new(http::Facts::default());
    let recorder = Recorder::new(&config.store().data_dir);
    let (steer, steered) = Steer::new(levels, store.faults(), recorder);
    let servers = match Servers::start(config, &facts, &steer) {
        Ok(servers) => Some(servers),
        Err(error) => {
            tracing::error!(%error, "no thread can be had for the status interface; music plays without");
            None
        }
    };
    let exit = actix::System::new().block_on(live(config, &store, &facts, steered));
    store.close();
    drop(servers);
    exit
}

/// The signals that end the process in order.
struct Stops {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Stops {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "Ctrl-C",
            // The terminal that it was started from is gone.
            _ = self.hangup.recv() => "SIGHUP",
        }
    }
}

async fn live(config: &Config, store: &SqliteStore, told: &Arc<http::Facts>, mut steered: Steered) -> Exit {
    let mut stops = match Stops::listen() {
        Ok(stops) => stops,
        Err(error) => {
            tracing::error!(%error, "signals can't be heard");
            return Exit::Unexpected;
        }
    };
    let clock: Rc<dyn Clock> = Rc::new(SystemClock::new());
    let settings = config.rest();
    let answers = Arc::new(AnswerFigures::default());
    told.consist(http::Inside {
        store: store.figures(),
        rest: Arc::clone(&settings.figures),
        permits: Arc::clone(&settings.permits),
        answers: Arc::clone(&answers),
    });
    let rest = match Rest::new(&settings, Rc::clone(&clock)) {
        Ok(rest) => rest,
        Err(error) => {
            tracing::error!(%error, "no HTTP client can be made");
            return Exit::Unexpected;
        }
    };
    let facts = tokio::select! {
        biased;
        signal = stops.next() => {
            tracing::info!(signal, "stopped before Discord answered");
            return Exit::Done;
        }
        leave = steered.leaves() => return by_order(leave),
        facts = facts(&rest, config.api_base_url(), clock.as_ref()) => facts,
    };
    let facts = match facts {
        Ok(facts) => facts,
        Err(error) => {
            tracing::error!(%error, "Discord refuses the bot; set DISCORD_TOKEN to the token of the bot's page in Discord's developer portal");
            return Exit::Refused;
        }
    };
    let root = match start(config, store, (settings, answers), &facts, told).await {
        Ok(root) => root,
        Err(error) => {
            tracing::error!("{error:#}");
            return Exit::Unexpected;
        }
    };
    let watchdog = watch(config, &root);
    let table = Table {
        drills: config.chaos().enabled,
    };
    let commands = (facts.application.id, table);
    let register = Arc::clone(&steered.register);
    tokio::task::spawn_local(keep_registered(rest, commands, clock, Arc::clone(told), register));
    let exit = tokio::select! {
        biased;
        signal = stops.next() => {
            tracing::info!(signal, "stopping: what is held is finished, players play on");
            Exit::Done
        }
        leave = steered.leaves() => by_order(leave),
        fatal = root.fatal() => end_of(&fatal),
    };
    told.stop();
    // Threads that have finished show no life; the drain has a deadline of its own.
    drop(watchdog);
    drain(root).await;
    exit
}

async fn drain(root: Root) {
    match root.drain().await {
        Drained::Finished => tracing::info!("stopped in order"),
        Drained::CutShort => {
            tracing::warn!("the stop took too long and was cut short; the next start goes on from the journal")
        }
    }
}

fn by_order(leave: Leave) -> Exit {
    match leave {
        Leave::Stop => {
            tracing::info!("stopping by order: what is held is finished, players play on");
            Exit::Done
        }
        Leave::Restart => {
            tracing::info!("leaving by order, to be started again: what is held is finished, players play on");
            Exit::Restart
        }
    }
}

/// Watches over the arbiters. A process whose guilds are served by nobody leaves at once: nothing can be drained through
/// a thread that hangs, and what was answered is in the journal.
fn watch(config: &Config, root: &Root) -> Option<Watchdog> {
    let started = Watchdog::start(root.pulses(), config.watch(), |stuck| match stuck {
        Stuck::Alarm { arbiter } => {
            tracing::error!(
                arbiter,
                "a thread of shards hangs; its guilds wait, the process ends if it stays so"
            );
        }
        Stuck::Back { arbiter } => tracing::warn!(arbiter, "the thread that hung goes on"),
        Stuck::Exit { arbiter } => {
            tracing::error!(
                arbiter,
                "a thread of shards hangs for good; the process ends so that it is started anew"
            );
            std::process::exit(Exit::Wedged as i32);
        }
    });
    started
        .inspect_err(
            |error| tracing::error!(%error, "no thread can be had to watch over the others; music plays without"),
        )
        .ok()
}

fn end_of(fatal: &Fatal) -> Exit {
    match fatal {
        Fatal::Gateway { code, fix } => {
            tracing::error!(code, fix, "Discord's gateway refuses the bot for good");
            Exit::Refused
        }
        Fatal::Shard { shard } => {
            tracing::error!(%shard, "a shard died too often; the process ends so that it is started anew");
            Exit::ShardBudget
        }
    }
}

/// What Discord says about the bot.
struct Facts {
    user: CurrentUser,
    application: Application,
    gateway: GatewayBot,
}

/// Asks until Discord answers. An error is a refusal for good.
async fn facts(rest: &Rest, place: &str, clock: &dyn Clock) -> Result<Facts, PortError> {
    let mut wait_ms = ASK_AGAIN_MS.0;
    loop {
        let asked = futures_util::future::try_join3(rest.current_user(), rest.application(), rest.gateway_bot()).await;
        match asked {
            Ok((user, application, gateway)) => {
                return Ok(Facts {
                    user,
                    application,
                    gateway,
                });
            }
            Err(error) if error.kind == PortErrorKind::Refused => return Err(error),
            Err(error) => tracing::warn!(place, %error, wait_ms, "Discord does not answer yet; it is asked again"),
        }
        tokio::time::sleep(jittered(wait_ms, clock)).await;
        wait_ms = wait_ms.saturating_mul(2).min(ASK_AGAIN_MS.1);
    }
}

fn jittered(wait_ms: u64, clock: &dyn Clock) -> Duration {
    Duration::from_millis(wait_ms / 2 + clock.chance() % (wait_ms / 2).max(1))
}

/// Makes Discord's list of commands ours, sooner or later; music does not wait for it.
async fn keep_registered(
    rest: Rest,
    (application, table): (u64, Table),
    clock: Rc<dyn Clock>,
    told: Arc<http::Facts>,
    again: Arc<Notify>,
) {
    let mut wait_ms = ASK_AGAIN_MS.0;
    loop {
        match register(&rest, application, table).await {
            Ok(registered) => {
                told.commands_are_registered();
                match registered {
                    Registered::Unchanged => tracing::info!("commands are registered already"),
                    Registered::Written { commands, kept } => {
                        tracing::info!(commands, kept, "commands were registered");
                    }
                }
                again.notified().await;
                wait_ms = ASK_AGAIN_MS.0;
                continue;
            }
            Err(error) if error.is_retryable() => {
                tracing::warn!(%error, wait_ms, "commands could not be registered yet; it is tried again");
            }
            Err(error) => {
                tracing::error!(%error, "commands can't be registered; the ones that Discord knows still work");
                again.notified().await;
                wait_ms = ASK_AGAIN_MS.0;
                continue;
            }
        }
        tokio::time::sleep(jittered(wait_ms, clock.as_ref())).await;
        wait_ms = wait_ms.saturating_mul(2).min(ASK_AGAIN_MS.1);
    }
}

async fn start(
    config: &Config,
    store: &SqliteStore,
    (rest, answers): (RestSettings, Arc<AnswerFigures>),
    facts: &Facts,
    told: &http::Facts,
) -> anyhow::Result<Root> {
    let limit = facts.gateway.session_start_limit;
    let total = config.shards().unwrap_or(facts.gateway.shards).max(1);
    let user = UserId(facts.user.id);
    tracing::info!(
        bot = facts.user.username,
        shards = total,
        nodes = config.nodes.len(),
        "starting"
    );
    let identify = IdentifyGate::new(SessionStartLimit {
        total: limit.total,
        remaining: limit.remaining,
        reset_after_ms: limit.reset_after,
        max_concurrency: limit.max_concurrency,
    });
    let intents = intents(config.prefix_mode(), facts.application.flags);
    let gateways = Gateways::new(config.gateway(user, facts.gateway.url.clone(), intents, identify))?;
    let prefix = (intents & CONTENT != 0).then(|| config.prefix());
    let nodes = Nodes::new(config.lavalink(user));
    told.meet(http::Outside {
        gateways: gateways.clone(),
        nodes: nodes.clone(),
        shards: total,
        prefix: prefix.is_some(),
        regions: config.regions(),
    });
    let audit = store.clone();
    let range = Range::new(config.chaos(), store.faults());
    let (store, within) = (store.clone(), range.clone());
    let make: MakePorts = Arc::new(move |_, fleet: Rc<dyn FleetPort>| {
        let clock: Rc<dyn Clock> = Rc::new(SystemClock::new());
        let skew = rest.skew.clone();
        let rest = Rest::new(&rest, Rc::clone(&clock))?;
        let drills = Drills::new(within.clone(), rest.clone(), Rc::clone(&clock));
        let replies = Replies::new(rest, Rc::clone(&clock), user).counted_by(Arc::clone(&answers));
        let replies = Rc::new(replies);
        let audio = nodes
            .port()
            .map_err(|error| PortError::new(PortErrorKind::Refused, error.to_string()))?;
        let door = Door::new(
            (Rc::clone(&replies), drills),
            skew,
            (prefix.clone(), gateways.content()),
            (Rc::clone(&audio), Rc::clone(&clock)),
        );
        Ok(Ports {
            clock,
            store: Rc::new(store.clone()),
            audio,
            gateway: gateways.port(Rc::new(door)),
            discord: replies,
            fleet,
        })
    });
    let actors = config.actors((0..total).map(ShardId).collect(), total);
    let root = Root::start(actors, make, || Rc::new(audit)).await?;
    range.supervise(root.operator());
    told.supervise(root.operator(), root.pulses());
    Ok(root)
}
