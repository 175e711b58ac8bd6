//! Every guild dies once, one after the other, while commands come in the others: how soon each is back, and whether
//! anybody else has noticed. The same commands are typed in a control run in which nobody dies.
//!
//! *Back* is measured by a command that is typed as soon as the bot tells of the death: from the death, by the clock that
//! both share, until the answer can be read. That is later than the moment at which the guild has applied it, never
//! earlier.

mod args;
mod figures;
mod pass;

use std::path::PathBuf;

pub use args::CrashArgs;
pub use figures::Figures;

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Crash {
    /// The bot's program.
    pub program: PathBuf,
    /// How many guilds.
    pub guilds: usize,
    /// Deaths a second.
    pub rate: u32,
    /// Commands a second in other guilds.
    pub load: u32,
    /// Restarts of one guild by an operator, afterwards.
    pub restarts: u32,
    /// Seed of the stand-ins.
    pub seed: u64,
    /// Where the bot's log is copied to in the end.
    pub log: Option<PathBuf>,
    /// Told each line for people as it comes.
    pub tell: fn(&str),
}

/// Makes the control run, then the run, and tells the figures.
///
/// # Errors
/// When the bot is not ready in time, ends by itself, or a guild can't be made to play.
pub async fn run(crash: &Crash) -> anyhow::Result<Figures> {
    let control = pass::run(crash, false).await?;
    let crashed = pass::run(crash, true).await?;
    Ok(Figures::of(crash, &control, &crashed))
}
