//! The command line of a crash run.

use std::path::PathBuf;

use super::Crash;

/// Options of `sandbox crash`.
#[derive(clap::Args, Clone, Debug)]
pub struct CrashArgs {
    /// How many guilds, each of which plays and dies once
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u16).range(8..))]
    guilds: u16,
    /// How many of them a second
    #[arg(long, value_name = "N", default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    rate: u32,
    /// Commands a second in the guilds whose turn is far away
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1_000))]
    load: u32,
    /// Then an operator restarts one guild that plays, so many times
    #[arg(long, value_name = "N", default_value_t = 0)]
    restarts: u32,
    /// Keep the bot's log in this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

impl CrashArgs {
    /// The run that these options name; `tell` is called with each line for people.
    pub fn crash(&self, program: PathBuf, seed: u64, tell: fn(&str)) -> Crash {
        Crash {
            program,
            guilds: usize::from(self.guilds),
            rate: self.rate,
            load: self.load,
            restarts: self.restarts,
            seed,
            log: self.log.clone(),
            tell,
        }
    }
}
