//! The limits and times of a guild, from configuration (L6).

use serde::{Deserialize, Serialize};

/// Limits and times of one guild. The same for all guilds of a process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// Most entries in a queue, the current track not counted.
    pub queue: usize,
    /// Most entries in the history.
    pub history: usize,
    /// Most commands that may wait for an answer from outside at once.
    pub pending: usize,
    /// Most listeners that are remembered per guild.
    pub seats: usize,
    /// Longest search text, in characters.
    pub query_chars: usize,
    /// Alone in the channel for so long: leave, ms.
    pub alone_leave_ms: u64,
    /// Nothing to play for so long: leave, ms.
    pub idle_leave_ms: u64,
    /// Volume of a guild that never set one, percent.
    pub default_volume: u16,
    /// Highest volume that may be set, percent.
    pub max_volume: u16,
    /// How long a command may wait for its completion before it is answered as expired, ms.
    pub expire_ms: u64,
    /// How long a voice join may take before the reason is looked for, ms.
    pub join_ms: u64,
    /// An unknown interaction older than this on arrival is not applied, ms.
    pub stale_ms: u64,
    /// How long a cause is remembered at least, ms; at least 64 causes are kept in any case.
    pub cause_ms: u64,
    /// Tracks that may fail one after the other before the queue is held.
    pub failures_in_a_row: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            queue: 5_000,
            history: 50,
            pending: 16,
            seats: 1_024,
            query_chars: 500,
            alone_leave_ms: 120_000,
            idle_leave_ms: 300_000,
            default_volume: 100,
            max_volume: 200,
            expire_ms: 10_000,
            join_ms: 5_000,
            stale_ms: 2_500,
            cause_ms: 10_000,
            failures_in_a_row: 5,
        }
    }
}
