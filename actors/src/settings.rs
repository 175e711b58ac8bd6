//! What the actor system is told at its start. Values come from configuration; nothing here reads it.

use std::sync::Arc;

use ostinato_machine::ids::ShardId;
use ostinato_machine::limits::Limits;
use ostinato_machine::restart::RestartPolicy;
use ostinato_machine::slot::SlotPolicy;

/// Settings of one process.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Arbiters, each a thread with its shards; at least 1.
    pub threads: usize,
    /// The shards that this process serves.
    pub shards: Vec<ShardId>,
    /// Shards of the whole bot; at least 1.
    pub total_shards: u32,
    /// Ownership epoch that records are written under; 1 with an embedded store.
    pub epoch: u64,
    /// Limits of a guild.
    pub limits: Arc<Limits>,
    /// Bounds, budgets and deadlines of a slot.
    pub slots: SlotPolicy,
    /// Restarts of a shard's actor.
    pub shard_restart: RestartPolicy,
    /// Repeats of orders to an audio node.
    pub order_retry: RestartPolicy,
    /// Repeats of answers and notices.
    pub answer_retry: RestartPolicy,
    /// Restart tokens of a shard: so many a second, and as many at once.
    pub restarts_per_second: u32,
    /// Commands that a guild takes a second, and at once; who gives more is told that it is busy.
    pub commands: (u32, u32),
    /// A guild that has rested for so long is put to sleep, ms.
    pub passivate_ms: u64,
    /// Most live guilds of a shard; beyond, those that have rested longest are put to sleep.
    pub live_guilds: usize,
    /// A guild that has been parked for so long loses its player and leaves its channel, ms.
    pub parked_leave_ms: u64,
    /// How often side data is written, ms.
    pub checkpoint_ms: u64,
    /// How long a starting shard waits for players and seats before it wakes its guilds, ms.
    pub adopt_ms: u64,
    /// When effects stop waiting for the store.
    pub gate: GateTimes,
    /// When an interaction is deferred and given up.
    pub reply: ReplyTimes,
    /// When cards are written.
    pub card: CardTimes,
    /// Longest search, ms.
    pub search_ms: u64,
    /// Longest question to Discord, ms.
    pub question_ms: u64,
    /// Longest order to an audio node, ms; a port's own deadline should come first.
    pub order_ms: u64,
    /// Longest drain, ms.
    pub drain_ms: u64,
}

/// When effects stop waiting for the store, and how much waits for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateTimes {
    /// Audio, voice and questions, ms.
    pub audio_ms: u64,
    /// Answers, ms.
    pub answers_ms: u64,
    /// Records that wait for the store, bytes a guild; beyond, one snapshot is written when it returns.
    pub backlog_bytes: usize,
}

/// When an interaction is deferred and given up. The time after which the guild is asked to give up is
/// [`Limits::expire_ms`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReplyTimes {
    /// Deferred after so long without an answer, ms.
    pub defer_ms: u64,
    /// No first callback after so long, ms.
    pub first_ms: u64,
    /// So long after the guild was asked to give up, the lane answers by itself, ms.
    pub patience_ms: u64,
    /// Longest call, ms; a port's own deadline should come first.
    pub call_ms: u64,
    /// Most interactions that may be open on one arbiter.
    pub open: usize,
}

/// Whether and when the cards of what plays are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardTimes {
    /// Whether there are cards at all.
    pub enabled: bool,
    /// Changes within so long are one, ms.
    pub settle_ms: u64,
    /// A card is written at most once in so long, ms.
    pub every_ms: u64,
    /// When a track begins, a card that is older is posted anew, ms.
    pub old_ms: u64,
    /// When a track begins, a card with so many newer messages below it is posted anew; 100 at most.
    pub newer: u8,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threads: 1,
            shards: vec![ShardId(0)],
            total_shards: 1,
            epoch: 1,
            limits: Arc::default(),
            slots: SlotPolicy::default(),
            shard_restart: RestartPolicy::shard(),
            order_retry: RestartPolicy::node(),
            answer_retry: RestartPolicy {
                first_delay_ms: 200,
                max_delay_ms: 3_000,
                ..RestartPolicy::store()
            },
            restarts_per_second: 20,
            commands: (200, 256),
            passivate_ms: 900_000,
            live_guilds: 2_500,
            parked_leave_ms: 600_000,
            checkpoint_ms: 1_000,
            adopt_ms: 1_500,
            gate: GateTimes {
                audio_ms: 250,
                answers_ms: 2_000,
                backlog_bytes: 64 * 1024,
            },
            reply: ReplyTimes {
                defer_ms: 400,
                first_ms: 2_500,
                patience_ms: 1_000,
                call_ms: 5_000,
                open: 16_384,
            },
            card: CardTimes {
                enabled: true,
                settle_ms: 400,
                every_ms: 5_000,
                old_ms: 30 * 60_000,
                newer: 20,
            },
            search_ms: 5_000,
            question_ms: 3_000,
            order_ms: 10_000,
            drain_ms: 10_000,
        }
    }
}
