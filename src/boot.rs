//! The composition root: adapters become ports, the tree is started, and it is drained again.
//!
//! Nothing is decided here but the order: store → Discord's facts → shards → signals or a fault → drain → store. What
//! can't be had yet is asked for again, what is refused ends the process with the code that says so.

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

use crate::cli::Exit;
use crate::config::{Config, PrefixMode};
use crate::discord::answers::AnswerFigures;
use crate::discord::door::Door;
use crate::discord::gateway::{Gateways, IdentifyGate, SessionStartLimit};
use crate::discord::register::{Registered, register};
use crate::discord::replies::Replies;
use crate::discord::rest::{Application, CurrentUser, GatewayBot, Rest, RestSettings};
use crate::http::{self, Leave, Servers, Steer, Steered};
use crate::lavalink::Nodes;
use crate::logging::Levels;
use crate::recording::Recorder;
use crate::store::SqliteStore;

/// Guilds and who is in voice: all that slash commands need.
const GUILDS_AND_VOICE: u64 = (1 << 0) | (1 << 7);
/// That messages were written in guilds; without the next one, the words of those alone that mention the bot.
const MESSAGES: u64 = 1 << 9;
/// The words of all messages, which Discord must have granted.
const CONTENT: u64 = 1 << 15;
/// Flags of an application that was granted them: a large one, and one in fewer than a hundred guilds.
const GRANTED: u64 = (1 << 18) | (1 << 19);

/// What the gateway is asked for, given what is wanted of messages and the application's flags.
fn intents(wanted: PrefixMode, flags: u64) -> u64 {
    let granted = flags & GRANTED != 0;
    match wanted {
        PrefixMode::Off => GUILDS_AND_VOICE,
        PrefixMode::Auto | PrefixMode::Full if granted => GUILDS_AND_VOICE | MESSAGES | CONTENT,
        PrefixMode::Auto | PrefixMode::Mention => GUILDS_AND_VOICE | MESSAGES,
        PrefixMode::Full => {
            tracing::warn!(
                "prefix.mode is full, but the application was not granted the Message Content Intent, so commands in messages \
                 work by mention alone: switch it on in Discord's developer portal, page Bot, and start again"
            );
            GUILDS_AND_VOICE | MESSAGES
        }
    }
}

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
        facts = facts(&rest, clock.as_ref()) => facts,
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
    told.supervise(root.operator(), root.pulses());
    let watchdog = watch(config, &root);
    let (application, register) = (facts.application.id, Arc::clone(&steered.register));
    tokio::task::spawn_local(keep_registered(rest, application, clock, Arc::clone(told), register));
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
async fn facts(rest: &Rest, clock: &dyn Clock) -> Result<Facts, PortError> {
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
            Err(error) => tracing::warn!(%error, wait_ms, "Discord does not answer yet; it is asked again"),
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
    application: u64,
    clock: Rc<dyn Clock>,
    told: Arc<http::Facts>,
    again: Arc<Notify>,
) {
    let mut wait_ms = ASK_AGAIN_MS.0;
    loop {
        match register(&rest, application).await {
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
    let store = store.clone();
    let make: MakePorts = Arc::new(move |_, fleet: Rc<dyn FleetPort>| {
        let clock: Rc<dyn Clock> = Rc::new(SystemClock::new());
        let skew = rest.skew.clone();
        let rest = Rest::new(&rest, Rc::clone(&clock))?;
        let replies = Replies::new(rest, Rc::clone(&clock), user).counted_by(Arc::clone(&answers));
        let replies = Rc::new(replies);
        let audio = nodes
            .port()
            .map_err(|error| PortError::new(PortErrorKind::Refused, error.to_string()))?;
        let door = Door::new(
            Rc::clone(&replies),
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
    Ok(Root::start(config.actors((0..total).map(ShardId).collect(), total), make).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_for_that_was_not_granted() {
        let granted = 1 << 19;
        let table = [
            (PrefixMode::Off, granted, 129),
            (PrefixMode::Mention, granted, 641),
            (PrefixMode::Auto, 0, 641),
            (PrefixMode::Auto, granted, 33_409),
            (PrefixMode::Auto, 1 << 18, 33_409),
            (PrefixMode::Full, granted, 33_409),
            (PrefixMode::Full, 0, 641),
        ];
        for (mode, flags, expected) in table {
            assert_eq!(intents(mode, flags), expected, "{mode:?} with {flags}");
        }
    }
}
