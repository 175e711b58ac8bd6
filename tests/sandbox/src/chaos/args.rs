//! The command line of a chaos run.

use std::path::PathBuf;
use std::time::Duration;

use super::Chaos;

/// Options of `sandbox chaos`.
#[derive(clap::Args, Clone, Debug)]
pub struct ChaosArgs {
    /// How long things break, from the first sound on; then everything is healed
    #[arg(long = "for", value_name = "TIME", default_value = "60s", value_parser = crate::time::time)]
    length: Duration,
    /// How many guilds
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u16).range(1..=500))]
    guilds: u16,
    /// Keep the bot's log in this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl ChaosArgs {
    /// The run that these options name; `tell` is called with each line for people.
    pub fn chaos(&self, program: PathBuf, seed: u64, tell: fn(&str)) -> Chaos {
        Chaos {
            program,
            length: self.length,
            guilds: usize::from(self.guilds),
            seed,
            log: self.log.clone(),
            tell,
        }
    }
}
