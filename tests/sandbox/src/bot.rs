//! The bot as a process: where its program is, how it is started, ended and killed, and what its log says.
//!
//! Knows the bot by its program, its environment and its exit code only.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail};
use tokio::process::{Child, Command};

/// The environment variable that names the bot's program.
pub const PROGRAM: &str = "OSTINATO_BIN";

/// How long the bot may take to end after SIGTERM.
pub const DRAIN: Duration = Duration::from_secs(20);

/// Where the bot's program is: `given` (`--bot`), else `OSTINATO_BIN`, else what cargo builds in the profile that this
/// program was built in, else the program `ostinato` beside this one.
///
/// # Errors
/// When it does not exist or can't be built; the text names the ways to say where it is.
pub fn find(given: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(path) = given {
        return existing(path, "--bot");
    }
    if let Some(path) = std::env::var_os(PROGRAM).filter(|path| !path.is_empty()) {
        return existing(Path::new(&path), PROGRAM);
    }
    let own = std::env::current_exe().context("the path of this program is not known")?;
    let folder = own.parent().context("this program lies in no folder")?;
    let sibling = folder.join(format!("ostinato{}", std::env::consts::EXE_SUFFIX));
    if let Some(cargo) = std::env::var_os("CARGO") {
        build(&cargo, folder)?;
    }
    existing(&sibling, "the folder of this program").with_context(|| {
        format!("no bot to start: build it with `cargo build -p ostinato`, or name it with --bot PATH or {PROGRAM}")
    })
}

fn existing(path: &Path, said_by: &str) -> anyhow::Result<PathBuf> {
    let path = std::path::absolute(path)?;
    if !path.is_file() {
        bail!("{} (from {said_by}) is no file", path.display());
    }
    Ok(path)
}

/// Builds the bot in the profile whose folder is `folder`.
fn build(cargo: &OsString, folder: &Path) -> anyhow::Result<()> {
    let profile = match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => "dev",
        Some(other) => other,
    };
    let mut command = std::process::Command::new(cargo);
    command.args(["build", "-p", "ostinato", "--bin", "ostinato", "--profile", profile]);
    if let Some(root) = option_env!("CARGO_MANIFEST_DIR") {
        command.current_dir(root);
    }
    // What cargo has set for this program is not for its next build: it would make every dependency look changed.
    for (name, _) in std::env::vars_os().filter(|(name, _)| is_cargos(&name.to_string_lossy())) {
        command.env_remove(name);
    }
    // Nothing but the result may reach standard output.
    command.stdout(Stdio::null());
    let status = command.status().context("cargo could not be started")?;
    if !status.success() {
        bail!("the bot does not build; `cargo build -p ostinato` tells why");
    }
    Ok(())
}

/// Whether cargo sets this variable for what it runs, and a user does not.
fn is_cargos(name: &str) -> bool {
    let packages = [
        "CARGO_PKG_",
        "CARGO_BIN_",
        "CARGO_MANIFEST_",
        "CARGO_CRATE_",
        "CARGO_PRIMARY_",
    ];
    packages.iter().any(|start| name.starts_with(start))
        || matches!(name, "CARGO" | "OUT_DIR" | "RUSTUP_TOOLCHAIN_SOURCE")
}

/// How the bot is started, each time.
#[derive(Clone, Debug)]
pub struct BotSpec {
    /// Its program.
    pub program: PathBuf,
    /// The folder for its data, its settings and its log.
    pub folder: PathBuf,
    /// Where it finds the stand-ins.
    pub environment: Vec<(String, String)>,
    /// Settings that differ from its defaults, written to its `config.yml`.
    pub config: serde_json::Value,
}

/// What a process has used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Processor time, user and system, ms.
    pub cpu_ms: u64,
    /// Resident memory now, kB.
    pub rss_kb: u64,
}

/// How long a tick of the system's accounts is, ms.
const TICK_MS: u64 = 10;

/// The bot's process, or the place where it was.
#[derive(Debug)]
pub struct Bot {
    spec: BotSpec,
    child: Option<Child>,
    starts: u32,
    ports: Ports,
}

/// Where it serves what it tells of itself.
#[derive(Clone, Copy, Debug)]
pub struct Ports {
    /// `/live` and `/ready`.
    pub status: u16,
    /// `/metrics`.
    pub metrics: u16,
}

impl Ports {
    /// Two ports that are free now.
    fn free() -> std::io::Result<Self> {
        let one = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let other = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        Ok(Self {
            status: one.local_addr()?.port(),
            metrics: other.local_addr()?.port(),
        })
    }
}

impl Bot {
    /// Writes the settings; nothing is started yet.
    ///
    /// # Errors
    /// When the folder can't be written.
    pub fn new(spec: BotSpec) -> anyhow::Result<Self> {
        std::fs::create_dir_all(spec.folder.join("data"))?;
        // JSON is YAML.
        std::fs::write(spec.folder.join("config.yml"), format!("{}\n", nested(&spec.config)))?;
        Ok(Self {
            spec,
            child: None,
            starts: 0,
            ports: Ports::free()?,
        })
    }

    /// Starts it with the same data as before.
    ///
    /// # Errors
    /// When it can't be started, or still runs.
    pub fn start(&mut self) -> anyhow::Result<()> {
        if self.runs() {
            bail!("the bot is already running");
        }
        let log = self.log_file()?;
        let mut command = Command::new(&self.spec.program);
        command
            .arg("run")
            .current_dir(&self.spec.folder)
            .env_clear()
            .kill_on_drop(true);
        for name in ["PATH", "HOME", "RUST_BACKTRACE", "LLVM_PROFILE_FILE", "SystemRoot"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        let level = std::env::var("SANDBOX_BOT_LOG").unwrap_or_else(|_| "info".into());
        command
            .env("RUST_LOG", level)
            .env("NO_COLOR", "1")
            .env("LOG_FORMAT", "text")
            .env("STATUS_API_PORT", self.ports.status.to_string())
            .env("METRICS_PORT", self.ports.metrics.to_string())
            .env("DATA_DIR", self.spec.folder.join("data"))
            .env("CONFIG_PATH", self.spec.folder.join("config.yml"))
            .envs(self.spec.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = command
            .spawn()
            .with_context(|| format!("{} can't be started", self.spec.program.display()))?;
        self.child = Some(child);
        self.starts += 1;
        Ok(())
    }

    fn log_file(&self) -> anyhow::Result<File> {
        Ok(OpenOptions::new().create(true).append(true).open(self.log_path())?)
    }

    /// Where it serves what it tells of itself.
    pub fn ports(&self) -> Ports {
        self.ports
    }

    /// Where its log is.
    pub fn log_path(&self) -> PathBuf {
        self.spec.folder.join("bot.log")
    }

    /// How often it was started after the first time.
    pub fn restarts(&self) -> u32 {
        self.starts.saturating_sub(1)
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().and_then(Child::id)
    }

    /// What the running process has used so far; `None` where the system does not tell, or when nothing runs.
    pub fn usage(&self) -> Option<Usage> {
        let pid = self.pid()?;
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name in parentheses may have spaces; user and system time are the 12th and 13th words after it.
        let words: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = words.get(11)?.parse::<u64>().ok()? + words.get(12)?.parse::<u64>().ok()?;
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
        Some(Usage {
            cpu_ms: ticks * TICK_MS,
            rss_kb: resident.split_whitespace().next()?.parse().ok()?,
        })
    }

    /// Whether its process is there.
    pub fn runs(&mut self) -> bool {
        matches!(self.child.as_mut().map(Child::try_wait), Some(Ok(None)))
    }

    /// How it ended by itself, if it did.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.child.as_mut()?.try_wait().ok().flatten()
    }

    /// Kills it with SIGKILL.
    pub async fn kill9(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may be gone already: that is what is wanted.
            let _ = child.kill().await;
        }
    }

    /// Asks it to end with SIGTERM and waits for it. Tells the exit code.
    ///
    /// # Errors
    /// When it does not run, has not ended after [`DRAIN`] (it is killed then), or was ended by a signal.
    pub async fn terminate(&mut self) -> anyhow::Result<i32> {
        let Some(mut child) = self.child.take() else {
            bail!("the bot does not run")
        };
        let Some(pid) = child.id() else {
            bail!("the bot has already ended")
        };
        Command::new("sh")
            .args(["-c", &format!("kill -TERM {pid}")])
            .status()
            .await
            .context("no signal could be sent")?;
        match tokio::time::timeout(DRAIN, child.wait()).await {
            Ok(status) => {
                let status = status?;
                status.code().with_context(|| format!("the bot was ended by {status}"))
            }
            Err(_) => {
                let _ = child.kill().await;
                bail!("the bot has not ended {} s after SIGTERM", DRAIN.as_secs())
            }
        }
    }

    /// Waits until it ends by itself. Tells the exit code.
    ///
    /// # Errors
    /// When it does not run, does not end within a minute, or was ended by a signal.
    pub async fn wait(&mut self) -> anyhow::Result<i32> {
        let Some(child) = self.child.as_mut() else {
            bail!("the bot does not run")
        };
        let ended = tokio::time::timeout(Duration::from_secs(60), child.wait()).await;
        let status = ended.context("the bot has not ended")??;
        self.child = None;
        status.code().with_context(|| format!("the bot was ended by {status}"))
    }

    /// The last lines of its log.
    pub fn log_tail(&self, lines: usize) -> Vec<String> {
        let text = self.log();
        let all: Vec<&str> = text.lines().collect();
        let from = all.len().saturating_sub(lines);
        all.iter().skip(from).map(|line| (*line).to_owned()).collect()
    }

    /// The lines of its log that call for somebody: level error, and panics.
    pub fn errors(&self) -> Vec<String> {
        self.log()
            .lines()
            .filter(|line| is_error(line))
            .map(str::to_owned)
            .collect()
    }

    fn log(&self) -> String {
        std::fs::read(self.log_path())
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }
}

fn is_error(line: &str) -> bool {
    let head: Vec<&str> = line.split_whitespace().take(3).collect();
    head.contains(&"ERROR") || line.contains("panicked at")
}

/// `{"a.b": 1}` as `{"a": {"b": 1}}`.
fn nested(flat: &serde_json::Value) -> serde_json::Value {
    let mut out = serde_json::json!({});
    for (key, value) in flat.as_object().into_iter().flatten() {
        let mut at = &mut out;
        for part in key.split('.') {
            at = &mut at[part];
        }
        *at = value.clone();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dotted_keys_of_a_scenario_become_nested_settings() {
        let flat = serde_json::json!({ "guild.idle_leave_s": 2, "guild.alone_leave_s": 3, "threads": 1 });
        let nested = nested(&flat);
        assert_eq!(
            nested,
            serde_json::json!({ "guild": { "idle_leave_s": 2, "alone_leave_s": 3 }, "threads": 1 })
        );
    }

    #[test]
    fn only_lines_of_level_error_and_panics_are_errors() {
        assert!(is_error("2026-01-01T00:00:00Z ERROR node: the password is wrong"));
        assert!(is_error("thread 'main' panicked at src/main.rs:1:1"));
        assert!(!is_error(
            "2026-01-01T00:00:00Z  INFO said \"ERROR\" to nobody in particular"
        ));
    }

    #[test]
    fn a_bot_that_is_not_there_is_told_with_the_ways_to_name_it() {
        let error = find(Some(Path::new("does/not/exist"))).unwrap_err().to_string();
        assert!(error.contains("--bot") && error.contains("is no file"), "{error}");
    }
}
