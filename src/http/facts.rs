//! What the servers tell, and whether the bot is ready.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use actix_web::web::Bytes;
use ostinato_actors::clock::wall_ms;
use ostinato_actors::operator::{Operator, ShardFacts};
use ostinato_actors::watchdog::Pulses;
use ostinato_machine::ids::ShardId;
use serde::Serialize;
use serde_json::Value;

use super::knocks::Knocks;
use super::samples::Samples;
use super::status::Newest;
use crate::discord::answers::AnswerFigures;
use crate::discord::gateway::Gateways;
use crate::discord::rest::{Permits, RestFigures};
use crate::lavalink::Nodes;
use crate::store::StoreFigures;

/// How long a tree is good for.
const TREE_FOR: Duration = Duration::from_millis(900);

/// Most shards that are named one by one.
const NAMED: usize = 20;

/// What is known once Discord has answered.
#[derive(Debug)]
pub struct Outside {
    /// The gateway.
    pub gateways: Gateways,
    /// The audio nodes.
    pub nodes: Nodes,
    /// How many shards there are.
    pub shards: u32,
    /// Whether commands with the prefix are wanted.
    pub prefix: bool,
    /// Where the audio nodes are, by name, as far as the configuration says.
    pub regions: BTreeMap<String, String>,
}

/// What is known before Discord has answered: the parts that the process is made of.
pub struct Inside {
    /// What the store did.
    pub store: Arc<StoreFigures>,
    /// What was sent to Discord.
    pub rest: Arc<RestFigures>,
    /// Whether anything may be sent to Discord.
    pub permits: Arc<dyn Permits>,
    /// How long people wait for their first answer.
    pub answers: Arc<AnswerFigures>,
}

impl std::fmt::Debug for Inside {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inside")
            .field("store", &self.store)
            .finish_non_exhaustive()
    }
}

/// What the servers tell.
#[derive(Debug)]
pub struct Facts {
    /// When the process began, wall-clock ms.
    pub started_ms: u64,
    inside: OnceLock<Inside>,
    outside: OnceLock<Outside>,
    operator: OnceLock<(Operator, Pulses)>,
    /// The shards as they were when somebody last looked.
    shards: Mutex<Arc<[ShardFacts]>>,
    pub(super) samples: Samples,
    /// Who was refused at the doors.
    pub(super) knocks: Knocks,
    /// The newest status.
    pub(super) newest: Newest,
    /// The newest tree.
    tree: Newest,
    registered: AtomicBool,
    stopping: AtomicBool,
}

impl Default for Facts {
    fn default() -> Self {
        Self {
            started_ms: wall_ms(),
            inside: OnceLock::new(),
            outside: OnceLock::new(),
            operator: OnceLock::new(),
            shards: Mutex::default(),
            samples: Samples::default(),
            knocks: Knocks::default(),
            newest: Newest::default(),
            tree: Newest::default(),
            registered: AtomicBool::new(false),
            stopping: AtomicBool::new(false),
        }
    }
}

/// Whether the bot can do what it is there for, and what it lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Readiness {
    /// Nothing is missing.
    pub ready: bool,
    /// What is missing, each with the reason.
    pub missing: Vec<String>,
    /// What is not as wanted, though the bot works.
    pub notes: Vec<String>,
}

impl Facts {
    /// The process has its parts.
    pub fn consist(&self, inside: Inside) {
        // They are made once.
        let _ = self.inside.set(inside);
    }

    /// The parts of the process; `None` until they are made.
    pub fn inside(&self) -> Option<&Inside> {
        self.inside.get()
    }

    /// Discord has answered.
    pub fn meet(&self, outside: Outside) {
        // A second answer says the same.
        let _ = self.outside.set(outside);
    }

    /// The actors are there.
    pub fn supervise(&self, operator: Operator, pulses: Pulses) {
        // A process has one.
        let _ = self.operator.set((operator, pulses));
    }

    /// The signs of life of the arbiters; `None` until there are any.
    pub fn pulses(&self) -> Option<&Pulses> {
        self.operator.get().map(|(_, pulses)| pulses)
    }

    /// Asks every shard how it stands, for [`Self::shards`].
    pub async fn look(&self) {
        if let Some(operator) = self.operator() {
            let (shards, _) = operator.shards().await;
            *self.shards.lock().unwrap_or_else(PoisonError::into_inner) = shards.into();
        }
    }

    /// The shards as they were at the last [`Self::look`]; those of a thread that does not answer are missing.
    pub fn shards(&self) -> Arc<[ShardFacts]> {
        Arc::clone(&self.shards.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The operator's hand; `None` until there are actors.
    pub fn operator(&self) -> Option<&Operator> {
        self.operator.get().map(|(operator, _)| operator)
    }

    /// Writes down who was refused at the doors since the last time. While there are no actors, that waits.
    pub(super) fn tell_knocks(&self) {
        if let Some(operator) = self.operator() {
            for barred in self.knocks.take() {
                operator.chronicle().bar(barred);
            }
        }
    }

    /// The tree of actors as text: however many look, it is made once a second.
    pub(super) async fn tree<T: Future<Output = Value>>(&self, make: impl FnOnce() -> T) -> Bytes {
        let mut newest = self.tree.lock().await;
        if let Some((_, tree)) = newest.as_ref().filter(|(at, _)| at.elapsed() < TREE_FOR) {
            return tree.clone();
        }
        let tree = Bytes::from(make().await.to_string());
        *newest = Some((Instant::now(), tree.clone()));
        tree
    }

    /// Discord knows the commands.
    pub fn commands_are_registered(&self) {
        self.registered.store(true, Ordering::Relaxed);
    }

    /// The process is about to end. Who was refused at the doors until now is written down with the last of the audit.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.tell_knocks();
    }

    /// What is known of the outside; `None` until Discord has answered.
    pub fn outside(&self) -> Option<&Outside> {
        self.outside.get()
    }

    /// Whether the bot is ready.
    pub fn readiness(&self) -> Readiness {
        let (mut missing, mut notes) = (Vec::new(), Vec::new());
        if self.stopping.load(Ordering::Relaxed) {
            missing.push("the process is stopping".to_owned());
        }
        match self.outside() {
            Some(outside) => {
                missing.extend(away(outside));
                silent(outside, &mut missing, &mut notes);
                if outside.prefix && outside.gateways.content().is_refused() {
                    notes.push(
                        "Discord refuses the words of messages: commands in messages work by mention alone".to_owned(),
                    );
                }
                if !self.registered.load(Ordering::Relaxed) {
                    notes.push("the commands are not registered yet".to_owned());
                }
            }
            None => missing.push("Discord has not answered yet".to_owned()),
        }
        let failure = self.inside().and_then(|inside| inside.store.failure());
        notes.extend(failure.map(|why| format!("changes are not saved: {why}")));
        Readiness {
            ready: missing.is_empty(),
            missing,
            notes,
        }
    }
}

/// Shards without a connection.
fn away(outside: &Outside) -> Vec<String> {
    let standings = outside.gateways.standings();
    let away = (0..outside.shards).filter_map(|shard| match standings.of(&ShardId(shard)) {
        Some(standing) => standing.why.map(|why| format!("shard {shard}: {why}")),
        None => Some(format!("shard {shard}: it is not connected yet")),
    });
    let mut away: Vec<String> = away.collect();
    let more = away.len().saturating_sub(NAMED);
    away.truncate(NAMED);
    if more > 0 {
        away.push(format!("and {more} more shards"));
    }
    away
}

/// Audio nodes without a session. One that works is enough to be ready.
fn silent(outside: &Outside, missing: &mut Vec<String>, notes: &mut Vec<String>) {
    let all = outside.nodes.standings().all();
    let works = all.iter().any(|(_, standing)| standing.is_up());
    let mut down: Vec<String> = Vec::new();
    for ((node, _), standing) in &all {
        if let Some(why) = &standing.why {
            let line = format!("audio node {node}: {why}");
            if !down.contains(&line) {
                down.push(line);
            }
        }
    }
    if works {
        notes.extend(down);
    } else if down.is_empty() {
        missing.push("no audio node is connected yet".to_owned());
    } else {
        missing.extend(down);
    }
}
