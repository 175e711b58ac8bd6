//! The sandbox as a program: see `--help`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use clap::{Args, Parser, Subcommand};
use sandbox::chaos::{self, ChaosArgs};
use sandbox::crash::{self, CrashArgs};
use sandbox::demo::{Books, Demo, DemoFault};
use sandbox::load::{self, LoadArgs};
use sandbox::time::time;
use sandbox::{bot, demo, out, playground, run, scenario, serve};

/// Plays Discord and audio nodes for the bot, on this machine, with no token and no server.
#[derive(Parser)]
#[command(
    name = "sandbox",
    version,
    after_help = "Examples:\n  sandbox                                  start everything, with a page to play on\n  sandbox scenario tests/scenarios/*.yaml  check what users see\n  sandbox demo --for 20s --kill9-at 8s     ten guilds, and the bot killed in between\n  sandbox --seed 1 chaos --for 60s         whatever a seed breaks\n  sandbox crash --guilds 1000 --rate 15    every guild dies once, beside a control run"
)]
struct Cli {
    #[command(subcommand)]
    command: Option<What>,
    /// Offer the audio files of this folder beside the built-in tracks
    #[arg(long, value_name = "DIR")]
    music: Option<PathBuf>,
    /// Where the page is served on 127.0.0.1; else 3053, or the next free port
    #[arg(long, value_name = "PORT")]
    port: Option<u16>,
    #[command(flatten)]
    common: Common,
}

#[derive(Args)]
struct Common {
    /// The bot's program; else OSTINATO_BIN, else what cargo builds, else the one beside this program
    #[arg(long, global = true, value_name = "PATH")]
    bot: Option<PathBuf>,
    /// Seed of everything that is drawn; printed in the end
    #[arg(long, global = true, value_name = "N")]
    seed: Option<u64>,
    /// Print one object, last, on standard output
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum What {
    /// The stand-ins alone; prints the environment that a bot needs, until Ctrl-C
    Serve {
        /// Where to listen: loopback only
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1", value_parser = serve::listen)]
        listen: std::net::IpAddr,
        /// Offer the audio files of this folder beside the built-in tracks
        #[arg(long, value_name = "DIR")]
        music: Option<PathBuf>,
    },
    /// Runs scenarios against the real bot
    Scenario {
        /// The files
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Write what happened, step by step, as JSON lines
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
        /// How many at a time
        #[arg(long, value_name = "N", default_value_t = 4)]
        at_once: usize,
    },
    /// Guilds with listeners who use the bot for a while, and the books of it
    Demo(DemoArgs),
    /// Many guilds whose listeners type at a rate, or as fast as they are answered, and what that costs
    Load(LoadArgs),
    /// Lets happen what a seed chooses: guilds that die, nodes and sessions that go, a full disk, kill -9; then heals it
    /// and checks the books
    Chaos(ChaosArgs),
    /// Lets every guild die once, one after the other, and tells how soon it is back and whether others noticed
    Crash(CrashArgs),
}

#[derive(Args)]
struct DemoArgs {
    /// How long, from the first sound on
    #[arg(long = "for", value_name = "TIME", default_value = "20s", value_parser = time)]
    length: Duration,
    /// How many guilds
    #[arg(long, value_name = "N", default_value_t = 10)]
    guilds: usize,
    /// So many more, in which nobody does anything
    #[arg(long, value_name = "N", default_value_t = 0)]
    idle_guilds: usize,
    /// Kill the bot with SIGKILL and start it again
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Breaking things")]
    kill9_at: Option<Duration>,
    /// End the bot with SIGTERM and start it again
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Breaking things")]
    sigterm_at: Option<Duration>,
    /// Take the gateway away
    #[arg(long, value_name = "TIME", value_parser = time, requires = "gateway_away_for", help_heading = "Breaking things")]
    gateway_away_at: Option<Duration>,
    /// For so long
    #[arg(long, value_name = "TIME", value_parser = time, requires = "gateway_away_at", help_heading = "Breaking things")]
    gateway_away_for: Option<Duration>,
    /// Drop the gateway's connections
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Breaking things")]
    gateway_drop_at: Option<Duration>,
    /// Kill an audio node; it comes back after 5 s
    #[arg(long, value_name = "TIME", value_parser = time, help_heading = "Breaking things")]
    kill_node_at: Option<Duration>,
    /// Keep the bot's log in this file
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let filter = std::env::var("SANDBOX_LOG").unwrap_or_else(|_| "off".into());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .init();
    let seed = cli.common.seed.unwrap_or_else(|| fastrand::u64(1..1_000_000));
    let work = work(cli, seed);
    // Whoever is told to end takes the bot along.
    let done = tokio::select! {
        biased;
        done = work => done,
        end = told_to_end() => end,
        // A run that was cut short has proved nothing.
        () = out::nobody_reads() => Ok(false),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            out::note(format_args!("sandbox: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

/// SIGTERM, as an error.
async fn told_to_end() -> anyhow::Result<bool> {
    let mut signal = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    signal.recv().await;
    anyhow::bail!("ended by SIGTERM")
}

async fn work(cli: Cli, seed: u64) -> anyhow::Result<bool> {
    anyhow::ensure!(
        cli.command.is_none() || (cli.music.is_none() && cli.port.is_none()),
        "--music and --port go with no command; --music also behind `serve`"
    );
    match cli.command {
        None => {
            let options = playground::Options {
                program: cli.common.bot,
                seed,
                music: cli.music,
                port: cli.port,
            };
            playground::open(&options).await.map(|()| true)
        }
        Some(What::Serve { listen, music }) => stand_alone(listen, seed, music).await.map(|()| true),
        Some(What::Scenario { files, record, at_once }) => scenarios(&cli.common, seed, &files, record, at_once).await,
        Some(What::Demo(args)) => play(&cli.common, seed, &args).await,
        Some(What::Load(args)) => burden(&cli.common, seed, &args).await,
        Some(What::Chaos(args)) => upset(&cli.common, seed, &args).await,
        Some(What::Crash(args)) => kill(&cli.common, seed, &args).await,
    }
}

async fn stand_alone(_loopback: std::net::IpAddr, seed: u64, music: Option<PathBuf>) -> anyhow::Result<()> {
    let at = serve::start(seed).await?;
    if let Some(folder) = music {
        sandbox::audio::Library::read(&folder)?.offer(&mut at.catalogue());
    }
    out::say(serve::environment(&at));
    tokio::signal::ctrl_c().await?;
    Ok(())
}

async fn scenarios(
    common: &Common,
    seed: u64,
    files: &[PathBuf],
    record: Option<PathBuf>,
    at_once: usize,
) -> anyhow::Result<bool> {
    let (mut read, mut wrong) = (Vec::new(), Vec::new());
    for file in files {
        match scenario::read(file) {
            Ok(scenario) => read.push(scenario),
            Err(problems) => wrong.push(problems.to_string()),
        }
    }
    anyhow::ensure!(wrong.is_empty(), "scenarios that can't be read:\n{}", wrong.join("\n"));
    let options = run::Options {
        program: bot::find(common.bot.as_deref())?,
        seed,
        at_once,
        tell: if common.json {
            |one| out::note(run::human(one))
        } else {
            |one| out::say(run::human(one))
        },
    };
    let result = run::run(&read, &options).await;
    if let Some(file) = record {
        let lines: Vec<String> = result.log.iter().map(ToString::to_string).collect();
        std::fs::write(&file, lines.join("\n") + "\n")
            .with_context(|| format!("{} can't be written", file.display()))?;
    }
    for note in &result.notes {
        out::note(format_args!("note: {note}"));
    }
    for violation in &result.violations {
        out::note(format_args!("violation: {violation}"));
    }
    if common.json {
        out::say(run::json(&result));
    } else {
        out::say(format_args!(
            "{} passed, {} failed, {} violations, seed {seed}",
            result.passed(),
            result.failed(),
            result.violations.len()
        ));
    }
    Ok(result.is_good())
}

async fn play(common: &Common, seed: u64, args: &DemoArgs) -> anyhow::Result<bool> {
    let away = args.gateway_away_at.zip(args.gateway_away_for);
    let faults = [
        args.kill9_at.map(|at| (at, DemoFault::Kill9)),
        args.sigterm_at.map(|at| (at, DemoFault::Sigterm)),
        away.map(|(at, time)| (at, DemoFault::GatewayAway(time))),
        args.gateway_drop_at.map(|at| (at, DemoFault::GatewayDrop)),
        args.kill_node_at.map(|at| (at, DemoFault::KillNode)),
    ];
    let demo = Demo {
        program: bot::find(common.bot.as_deref())?,
        length: args.length,
        guilds: args.guilds,
        idle_guilds: args.idle_guilds,
        seed,
        faults: faults.into_iter().flatten().collect(),
        log: args.log.clone(),
    };
    let books = demo::run(&demo).await?;
    if common.json {
        out::say(serde_json::to_string(&books)?);
    } else {
        print(&books);
    }
    Ok(books.is_good())
}

async fn burden(common: &Common, seed: u64, args: &LoadArgs) -> anyhow::Result<bool> {
    let figures = load::run(&args.load(bot::find(common.bot.as_deref())?, seed)).await?;
    if common.json {
        out::say(serde_json::to_string(&figures)?);
    } else {
        out::say(figures.table());
    }
    Ok(figures.is_good())
}

/// Where lines for people go: standard output is for the object alone if one was asked for.
fn teller(common: &Common) -> fn(&str) {
    if common.json {
        |line| out::note(line)
    } else {
        |line| out::say(line)
    }
}

async fn kill(common: &Common, seed: u64, args: &CrashArgs) -> anyhow::Result<bool> {
    let program = bot::find(common.bot.as_deref())?;
    let figures = crash::run(&args.crash(program, seed, teller(common))).await?;
    if common.json {
        out::say(serde_json::to_string(&figures)?);
    } else {
        out::say(figures.table());
    }
    Ok(figures.is_good() && figures.is_in_time())
}

async fn upset(common: &Common, seed: u64, args: &ChaosArgs) -> anyhow::Result<bool> {
    let program = bot::find(common.bot.as_deref())?;
    let books = chaos::run(&args.chaos(program, seed, teller(common))).await?;
    if common.json {
        out::say(serde_json::to_string(&books)?);
    } else {
        out::say(books.table());
    }
    Ok(books.is_good())
}

fn print(books: &Books) {
    out::say(format_args!(
        "heard      {} of {} frames due ({} %)",
        books.frames_heard, books.frames_due, books.heard_percent
    ));
    out::say(format_args!(
        "silence    longest gap {} ms, longest change {} ms",
        books.longest_gap_ms, books.longest_change_ms
    ));
    out::say(format_args!(
        "commands   {} sent, {} answered, {} refused, {} lost, {} doubled",
        books.commands_sent,
        books.commands_answered,
        books.commands_refused,
        books.commands_lost,
        books.commands_doubled
    ));
    out::say(format_args!(
        "bot        {} restarts, {} identifies, {} resumes",
        books.restarts, books.identifies, books.resumes
    ));
    if let (Some(idle_kb), Some(rss_kb)) = (books.bot_idle_rss_kb, books.bot_rss_kb) {
        let each = books.bot_cpu_ms_each;
        out::say(format_args!(
            "cost       {:.1} MB idle, {:.1} MB in the end{}",
            idle_kb as f64 / 1_000.0,
            rss_kb as f64 / 1_000.0,
            each.map_or(String::new(), |ms| format!(", {ms:.2} ms CPU a command"))
        ));
    }
    out::say(format_args!(
        "wrong      {} violations, {} errors · seed {}",
        books.violations, books.errors, books.seed
    ));
    for detail in &books.details {
        out::say(format_args!("  {detail}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }
}
