//! The command line of a load.

use std::path::PathBuf;
use std::time::Duration;

use super::{Load, Mix, Pace};

/// Guilds whose voice channels one gateway connection joins well within a minute.
pub(crate) const VOICE_A_SHARD: usize = 80;

/// Options of `sandbox load`.
#[derive(clap::Args, Clone, Debug)]
pub struct LoadArgs {
    /// Guilds in which somebody types
    #[arg(long, value_name = "N", default_value_t = 200)]
    guilds: usize,
    /// Listeners of each guild, who take turns
    #[arg(long, value_name = "N", default_value_t = 16)]
    users: usize,
    /// Further guilds, in which nobody does anything
    #[arg(long, value_name = "N", default_value_t = 0)]
    idle_guilds: usize,
    /// Gateway connections of the bot; else one for 80 guilds, for a connection may join about 110 voice channels a minute
    #[arg(long, value_name = "N")]
    shards: Option<usize>,
    /// Tracks that wait in each guild's queue at the beginning
    #[arg(long, value_name = "N", default_value_t = 4)]
    queue: usize,
    /// What they type
    #[arg(long, value_enum, default_value = "everyday")]
    mix: Mix,
    /// Commands a second, answered or not
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    rate: u32,
    /// Instead of a rate: so many users, each waiting for the answer before the next command
    #[arg(long, value_name = "N", conflicts_with = "rate")]
    closed: Option<usize>,
    /// How long
    #[arg(long = "for", value_name = "TIME", default_value = "15s", value_parser = crate::time::time)]
    length: Duration,
    /// Keep the bot's log in this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl LoadArgs {
    /// The load that these options name.
    pub fn load(&self, program: PathBuf, seed: u64) -> Load {
        Load {
            program,
            guilds: self.guilds,
            idle_guilds: self.idle_guilds,
            shards: self.shards.unwrap_or_else(|| self.guilds.div_ceil(VOICE_A_SHARD)),
            users: self.users,
            queue: self.queue,
            mix: self.mix,
            pace: self.closed.map_or(Pace::Open(self.rate), Pace::Closed),
            length: self.length,
            seed,
            log: self.log.clone(),
        }
    }
}
