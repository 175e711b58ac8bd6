//! The command line: what can be asked of the binary, and with which code it ends.
//!
//! Nothing is decided here besides what to print. The way of `run` belongs to whoever starts the tree and is handed in.

use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use ostinato_machine::ids::GuildId;

use crate::config::{self, Config, Problems, Sources};
use crate::discord::commands;
use crate::logging::{self, Levels};
use crate::replay;

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
    /// Ask the bot that runs with this configuration whether it lives: exit code 0 or 1.
    Live,
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
    /// Show what is stored of a guild change by change, or play a recording again.
    Replay(ReplayArgs),
}

/// What of which store is shown.
#[derive(Debug, Args)]
pub struct ReplayArgs {
    /// The bot's DATA_DIR, or the file guilds.db of it or of a copy; or a recording. It is only read.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The guild by its Discord id; without it the guilds are listed.
    #[arg(long, value_name = "ID")]
    guild: Option<u64>,
    /// Show the records from this revision on.
    #[arg(
        long,
        value_name = "REVISION",
        requires = "guild",
        default_value_t = 0,
        hide_default_value = true
    )]
    from: u64,
    /// Show what was reported instead, of one guild or of all: deaths, dead letters, alarms, orders, refusals at the door.
    #[arg(long, conflicts_with = "from")]
    audit: bool,
    /// One JSON object.
    #[arg(long)]
    json: bool,
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
pub fn main(run: impl FnOnce(&Config, Levels) -> Exit) -> ExitCode {
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
        Command::Live => live(),
        Command::Config { json } => show_config(json),
        Command::Commands { markdown, json } => show_commands(markdown, json),
        Command::Replay(args) => show_journal(args),
    }
    .into()
}

fn start(run: impl FnOnce(&Config, Levels) -> Exit) -> Exit {
    let reading = config::read(&Sources::of_process());
    let warnings = reading.warnings.clone();
    let config = match Config::from_reading(reading) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    let levels = match logging::init(&config.log(), config.secrets()) {
        Ok(levels) => levels,
        Err(error) => return refuse(&error),
    };
    for warning in warnings {
        tracing::warn!(key = warning.key, fix = warning.fix, "a variable looks misspelt");
    }
    run(&config, levels)
}

fn live() -> Exit {
    let config = match Config::from_reading(config::read(&Sources::of_process())) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems),
    };
    match crate::http::lives(&config.status_api()) {
        Ok(()) => Exit::Done,
        Err(why) => {
            complain(&why);
            Exit::Unexpected
        }
    }
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

fn show_commands(markdown: bool, json: bool) -> Exit {
    print(&match (markdown, json) {
        (true, _) => commands::markdown(),
        (false, true) => commands::json(),
        (false, false) => commands_table(),
    });
    Exit::Done
}

fn show_journal(args: ReplayArgs) -> Exit {
    let order = replay::Order {
        path: args.path,
        guild: args.guild.map(GuildId),
        from: args.from,
        audit: args.audit,
        json: args.json,
        limits: config::read(&Sources::of_process()).limits(),
    };
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    let shown = replay::run(&order, &mut out).and_then(|()| Ok(out.flush()?));
    match shown {
        Ok(()) => Exit::Done,
        Err(replay::Fault::Output(error)) if error.kind() == ErrorKind::BrokenPipe => Exit::Done,
        Err(fault) => {
            // What could be read stands before the reason why no more could.
            let _ = out.flush();
            complain(&fault.to_string());
            Exit::Unexpected
        }
    }
}

/// The commands as aligned columns: how each is called, what it does.
fn commands_table() -> String {
    let rows: Vec<_> = commands::COMMANDS
        .iter()
        .map(|spec| (spec.usage(), spec.description))
        .collect();
    let width = rows
        .iter()
        .map(|(usage, _)| usage.chars().count())
        .max()
        .unwrap_or_default();
    rows.iter()
        .map(|(usage, description)| format!("{usage:<width$}  {description}\n"))
        .collect()
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn help_fits_a_screen_and_shows_three_calls() {
        let help = Cli::command().render_help().to_string();
        assert!(help.lines().count() <= 24, "{help}");
        assert!(help.lines().all(|line| line.chars().count() <= 100), "{help}");
        assert_eq!(
            help.lines()
                .filter(|line| line.starts_with("  ") && line.contains("ostinato "))
                .count(),
            3,
            "{help}"
        );
    }

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
        assert!(Cli::try_parse_from(["ostinato", "config", "--json"]).is_ok());
        assert!(Cli::try_parse_from(["ostinato", "commands", "--json", "--markdown"]).is_err());
        for wrong in [
            vec!["ostinato"],
            vec!["ostinato", "fly"],
            vec!["ostinato", "run", "now"],
        ] {
            assert!(Cli::try_parse_from(wrong).unwrap_err().use_stderr());
        }
    }

    #[test]
    fn the_table_of_commands_has_a_line_each() {
        let table = commands_table();
        assert_eq!(table.lines().count(), commands::COMMANDS.len());
        assert!(table.lines().all(|line| line.starts_with('/')), "{table}");
    }
}
