//! The shell of the fleet machine: one actor for all shards of the process.
//!
//! It never touches a node and never a guild: proposals leave through the exit it was given, which is the ingress.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use actix::{Actor, Addr, Context, Handler, MailboxError, Message, MessageResult};
use ostinato_machine::fleet::{Fleet, FleetInput, NodeFacts, Placement};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};

use crate::ports::{AudioEvent, FleetPort};

/// Where proposals go. Called on the fleet's arbiter; must not block.
pub type Exit = Arc<dyn Fn(Placement) + Send + Sync>;

/// The wall clock, ms since 1970.
pub type Now = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Inputs that may wait for the fleet at once; it works them off in microseconds. Sessions that come and go are taken
/// beyond it: nobody would tell of them again, and each comes from a connection with back-off.
const MAILBOX: usize = 16_384;

struct FleetActor {
    fleet: Fleet,
    exit: Exit,
    now: Now,
}

impl Actor for FleetActor {
    type Context = Context<Self>;
}

#[derive(Message)]
#[rtype(result = "()")]
struct Happened(FleetInput);

impl Handler<Happened> for FleetActor {
    type Result = ();

    fn handle(&mut self, Happened(input): Happened, _: &mut Self::Context) {
        let now_ms = (self.now)();
        let fleet = &mut self.fleet;
        let served = input.lost().filter(|shard| fleet.is_served(*shard));
        // The fleet must not fall with one input: whoever wanted a node asks again when the next one comes up.
        match catch_unwind(AssertUnwindSafe(|| fleet.step(now_ms, input))) {
            Ok(placements) => placements.into_iter().for_each(|placement| (self.exit)(placement)),
            Err(_) => tracing::error!("the fleet failed on an input; it goes on with what it knows"),
        }
        if let Some(shard) = served.filter(|shard| !fleet.is_served(*shard)) {
            tracing::error!(%shard, "no audio node is left; guilds wait for one, bring a node back");
        }
    }
}

#[derive(Message)]
#[rtype(result = "Vec<NodeFacts>")]
struct LookAtNodes;

impl Handler<LookAtNodes> for FleetActor {
    type Result = MessageResult<LookAtNodes>;

    fn handle(&mut self, _: LookAtNodes, _: &mut Self::Context) -> Self::Result {
        MessageResult(self.fleet.facts())
    }
}

/// The way to the fleet. Cloning shares it; it may cross threads.
#[derive(Clone)]
pub struct FleetHandle(Addr<FleetActor>);

impl FleetHandle {
    /// Starts the fleet on the current arbiter. Proposals leave through `exit`; `now` is the wall clock.
    pub fn start(exit: Exit, now: Now) -> Self {
        Self(FleetActor::create(|ctx| {
            ctx.set_mailbox_capacity(MAILBOX);
            FleetActor {
                fleet: Fleet::default(),
                exit,
                now,
            }
        }))
    }

    /// `false`: too much waits, and the fleet will not hear of it.
    pub(crate) fn tell(&self, input: FleetInput) -> bool {
        if matches!(input, FleetInput::Up { .. } | FleetInput::Down { .. }) {
            self.0.do_send(Happened(input));
            return true;
        }
        self.0.try_send(Happened(input)).is_ok()
    }

    /// How every node stands, by name.
    pub(crate) async fn facts(&self) -> Result<Vec<NodeFacts>, MailboxError> {
        self.0.send(LookAtNodes).await
    }
}

impl FleetPort for FleetHandle {
    fn want(&self, shard: ShardId, guild: GuildId) -> bool {
        self.tell(FleetInput::Want { shard, guild })
    }

    fn release(&self, shard: ShardId, guild: GuildId) -> bool {
        self.tell(FleetInput::Release { shard, guild })
    }

    fn audio_event(&self, shard: ShardId, event: &AudioEvent) {
        let input = match event {
            AudioEvent::Up { node, resumed, .. } => FleetInput::Up {
                shard,
                node: node.clone(),
                resumed: *resumed,
            },
            AudioEvent::Down { node, lost, .. } => FleetInput::Down {
                shard,
                node: node.clone(),
                lost: *lost,
            },
            AudioEvent::Stats {
                node,
                playing,
                cpu_permille,
                frame_deficit,
            } => FleetInput::Stats {
                node: node.clone(),
                playing: *playing,
                cpu_permille: *cpu_permille,
                frame_deficit: *frame_deficit,
            },
            AudioEvent::Guild { .. } => return,
        };
        // Load figures come again.
        self.tell(input);
    }

    fn adopted(&self, shard: ShardId, guild: GuildId, node: NodeId, generation: u64) {
        let input = FleetInput::Adopted {
            shard,
            guild,
            node,
            generation,
        };
        if !self.tell(input) {
            tracing::warn!(%guild, "the fleet does not know where this guild plays; it may be placed anew");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const SHARD: ShardId = ShardId(0);

    #[actix_rt::test]
    async fn what_waits_for_the_fleet_has_a_bound_and_a_node_that_comes_up_is_heard_of_beyond_it() {
        let placed = Arc::new(Mutex::new(0_usize));
        let count = Arc::clone(&placed);
        let exit: Exit = Arc::new(move |to| *count.lock().unwrap() += usize::from(to.node.is_some()));
        let fleet = FleetHandle::start(exit, Arc::new(|| 1));
        // On the fleet's own thread, which gets no turn meanwhile.
        let taken = (1..=100_000)
            .take_while(|guild| fleet.want(SHARD, GuildId(*guild)))
            .count();
        assert!((MAILBOX..=MAILBOX + 1).contains(&taken), "{taken}");
        assert!(!fleet.release(SHARD, GuildId(1)), "and nothing more");
        let up = AudioEvent::Up {
            node: NodeId::new("n1"),
            session: String::new(),
            resumed: false,
            players: Vec::new(),
        };
        fleet.audio_event(SHARD, &up);
        assert_eq!(fleet.facts().await.unwrap().len(), 1);
        assert_eq!(*placed.lock().unwrap(), taken);
        assert!(fleet.want(SHARD, GuildId(100_001)));
    }
}
