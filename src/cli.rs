//! The command line: what can be asked of the binary, and with which code it ends.
//!
//! Nothing is decided here besides what to print. The way of `run` belongs to whoever starts the tree and is handed in.

use std::io::Write as _;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{self, Config, Problems, Sources};
use crate::logging;

const EXAMPLES: &str = "\
Examples:
  DISCORD_TOKEN=… LAVALINK_HOST=127.0.0.1 LAVALINK_PASSWORD=… ostinato run
  ostinato config --json        what holds, and where each value comes from
  ostinato commands --markdown  the slash commands as a page

Exit codes:
  0 stopped in order · 1 unexpected · 2 usage · 70 restart budget of a shard spent · 71 wedged
  75 restart ordered · 77 token or intents refused · 78 configuration";

/// A Discord music bot that keeps playing.
#[derive(Debug, Parser)]
#[command(name = "ostinato", version, after_help = EXAMPLES, arg_required_else_help = true, disable_help_subcommand = true)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the binary can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the bot until SIGTERM or Ctrl-C.
    Run,
    /// Print the configuration that holds, secrets masked.
    Config {
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Print the table of slash commands.
    Commands {
        /// As a Markdown page.
        #[arg(long, conflicts_with = "json")]
        markdown: bool,
        /// As JSON, as Discord is told.
        #[arg(long)]
        json: bool,
    },
}

/// With which code the process ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// Everything asked was done; a run was stopped in order.
    Done = 0,
    /// Something unexpected; standard error has it.
    Unexpected = 1,
    /// The command line is wrong.
    Usage = 2,
    /// A shard spent its restart budget.
    ShardBudget = 70,
    /// A thread stopped answering.
    Wedged = 71,
    /// An operator ordered a restart.
    Restart = 75,
    /// Discord refuses the token or the intents.
    Refused = 77,
    /// The configuration is wrong, or the data directory can't be used.
    Configuration = 78,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// Reads the command line, does what it asks and says with which code to end. `run` is called with a good configuration
/// and with logs set up.
pub fn main(run: impl FnOnce(Config) -> Exit) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help that was asked for goes to standard output and is no error.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done }.into();
        }
    };
    match cli.command {
        Command::Run => start(run),
        Command::Config { json } => show_config(json),
        Command::Commands { markdown, json } => show_commands(markdown, json),
    }
    .into()
}

fn start(run: impl FnOnce(Config) -> Exit) -> Exit {
    let reading = config::read(&Sources::of_process());
    let warnings = reading.warnings.clone();
    let config = match Config::from_reading(reading) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    if let Err(error) = logging::init(&config.log, config.secrets()) {
        return refuse(&error);
    }
    for warning in warnings {
        tracing::warn!(key = warning.key, fix = warning.fix, "a variable looks misspelt");
    }
    run(config)
}

fn show_config(json: bool) -> Exit {
    let reading = config::read(&Sources::of_process());
    print(&if json {
        format!("{:#}\n", config::json(&reading))
    } else {
        config::table(&reading)
    });
    for warning in &reading.warnings {
        complain(&format!("warning: {warning}"));
    }
    if reading.problems.is_empty() {
        return Exit::Done;
    }
    refuse(&Problems(reading.problems))
}

fn refuse(problems: &impl std::fmt::Display) -> Exit {
    complain(&problems.to_string());
    Exit::Configuration
}

/// Standard output may be closed early, as by `head`; that is no error of ours.
fn print(text: &str) {
    let _ = std::io::stdout().lock().write_all(text.as_bytes());
}

fn complain(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

fn show_commands(_markdown: bool, _json: bool) -> Exit {
    Exit::Unexpected
}
