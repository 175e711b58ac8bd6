//! Configuration: one table, two sources, all mistakes at once.
//!
//! [`KEYS`] is the only list of what can be set. It is walked once over `config.yml` and the environment, which goes
//! before the file; empty is unset. What comes out is a typed [`Config`], or every [`Problem`] together. Nothing here
//! opens a socket or starts anything, and nothing outside reads a variable.

mod check;
mod key;
mod keys;
mod node;
mod problem;
mod read;
mod secret;
mod show;
mod source;
mod value;

#[cfg(test)]
mod tests;

use std::time::Duration;

use ostinato_machine::ids::UserId;
use ostinato_machine::limits::Limits;
use ostinato_machine::restart::RestartPolicy;
use ostinato_machine::slot::SlotPolicy;

use crate::lavalink::LavalinkSettings;
use crate::store::{Durability, StoreSettings};

pub use check::is_loopback;
pub use key::{Default, Key, Kind, Place, Section, Unit};
pub use keys::{KEYS, keys};
pub use node::Node;
pub use problem::{Problem, Problems};
pub use read::{Effective, Origin, Reading, read};
pub use secret::Secret;
pub use show::{example_file, json, reference, table};
pub use source::{DEFAULT_FILE, Sources};
pub use value::Value;

/// Everything that can be set, checked and typed.
#[derive(Clone, Debug)]
pub struct Config {
    /// How Discord is reached.
    pub discord: DiscordConfig,
    /// The audio nodes, at least one, names unique.
    pub nodes: Vec<Node>,
    /// Times and bounds towards the nodes; without nodes and user, which [`Config::lavalink`] adds.
    lavalink: LavalinkSettings,
    /// Limits and times of a guild.
    pub limits: Limits,
    /// Bounds, budgets and deadlines of a guild's slot.
    pub slot: SlotPolicy,
    /// Restarts of a shard.
    pub shard_restart: RestartPolicy,
    /// Guild restarts of a shard per second.
    pub restarts_per_s: u32,
    /// Guild restarts of a shard that may come at once.
    pub restart_burst: u32,
    /// How the store is opened.
    pub store: StoreSettings,
    /// The process.
    pub process: ProcessConfig,
    /// Logs.
    pub log: LogConfig,
    /// The status interface.
    pub status_api: ServerConfig,
    /// Metrics.
    pub metrics: ServerConfig,
    /// Every key with its value and where it comes from.
    pub reading: Reading,
}

/// How Discord is reached.
#[derive(Clone, Debug)]
pub struct DiscordConfig {
    /// The bot's token, without the word `Bot`.
    pub token: Secret,
    /// Base of the REST interface, without a slash at the end and without `/api/v10`.
    pub api_base_url: String,
    /// Longest request.
    pub request: Duration,
    /// Shortest wait between two connects to the gateway.
    pub backoff_min: Duration,
    /// Longest wait between two connects to the gateway.
    pub backoff_max: Duration,
    /// Number of shards; `None`: what Discord recommends.
    pub shards: Option<u32>,
}

/// The process.
#[derive(Clone, Debug)]
pub struct ProcessConfig {
    /// Arbiters; `None`: one per core.
    pub threads: Option<usize>,
    /// Longest orderly stop.
    pub drain: Duration,
    /// A guild at rest for so long sleeps.
    pub passivate_idle: Duration,
    /// Most guilds awake at once.
    pub live_guilds: usize,
    /// Whether `http://` and `ws://` are allowed off this machine; ask [`Config::may_be_plain`].
    pub allow_plaintext: bool,
}

/// Logs.
#[derive(Clone, Debug)]
pub struct LogConfig {
    /// For machines instead of people.
    pub json: bool,
    /// Levels, as `RUST_LOG` has them.
    pub filter: String,
    /// Never a colour.
    pub no_color: bool,
}

/// One HTTP server of ours.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Whether it is served.
    pub enabled: bool,
    /// Address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// What callers must show.
    pub key: Option<Secret>,
}

impl Config {
    /// Reads `config.yml` and the environment of this process.
    ///
    /// # Errors
    /// Every mistake, each with key, origin, problem and fix.
    pub fn load() -> Result<Self, Problems> {
        Self::from_reading(read(&Sources::of_process()))
    }

    /// The typed form of `reading`.
    ///
    /// # Errors
    /// Its problems, if it has any.
    pub fn from_reading(reading: Reading) -> Result<Self, Problems> {
        if !reading.problems.is_empty() {
            return Err(Problems(reading.problems));
        }
        let token = reading
            .secret("discord.token")
            .cloned()
            .unwrap_or_else(|| Secret::new(""));
        Ok(Self {
            discord: DiscordConfig {
                token,
                api_base_url: reading.text("discord.api_base_url").unwrap_or_default().to_owned(),
                request: reading.duration("discord.request_ms"),
                backoff_min: reading.duration("discord.backoff_min_ms"),
                backoff_max: reading.duration("discord.backoff_max_ms"),
                shards: reading.optional("sharding.total").map(small),
            },
            nodes: reading.nodes(),
            lavalink: lavalink(&reading),
            limits: limits(&reading),
            slot: slot(&reading),
            shard_restart: RestartPolicy {
                budget: small(reading.number("supervision.shard_restarts")),
                window_ms: reading.ms("supervision.shard_window_s"),
                ..RestartPolicy::shard()
            },
            restarts_per_s: small(reading.number("supervision.restarts_per_s")),
            restart_burst: small(reading.number("supervision.restart_burst")),
            store: StoreSettings {
                data_dir: reading.text("data_dir").unwrap_or_default().into(),
                durability: match reading.text("durability") {
                    Some("machine") => Durability::Machine,
                    Some(_) | None => Durability::Process,
                },
                limit_bytes: reading.optional("store_limit_bytes"),
            },
            process: ProcessConfig {
                threads: reading.optional("threads").map(size),
                drain: reading.duration("drain_s"),
                passivate_idle: reading.duration("passivate_idle_s"),
                live_guilds: size(reading.number("live_guilds")),
                allow_plaintext: reading.flag("allow_plaintext"),
            },
            log: LogConfig::of(&reading),
            status_api: server(&reading, "status_api"),
            metrics: server(&reading, "metrics"),
            reading,
        })
    }

    /// How the audio nodes are reached by the bot's user, who is known after the first call to Discord.
    pub fn lavalink(&self, user: UserId) -> LavalinkSettings {
        LavalinkSettings {
            nodes: self.nodes.iter().map(Node::settings).collect(),
            user,
            ..self.lavalink.clone()
        }
    }

    /// Whether `host` may be spoken to without TLS.
    pub fn may_be_plain(&self, host: &str) -> bool {
        self.process.allow_plaintext || is_loopback(host)
    }

    /// Every secret that is configured, for whoever must keep them out of a text.
    pub fn secrets(&self) -> Vec<Secret> {
        let single = self
            .reading
            .values
            .iter()
            .filter_map(|effective| match &effective.value {
                Value::Secret(secret) => Some(secret.clone()),
                Value::Unset | Value::Text(_) | Value::Flag(_) | Value::Number(_) | Value::Auto | Value::Nodes(_) => {
                    None
                }
            });
        single
            .chain(self.nodes.iter().map(|node| node.password.clone()))
            .collect()
    }
}

impl LogConfig {
    /// The log's part of `reading`, which is good even when other keys are not.
    pub fn of(reading: &Reading) -> Self {
        Self {
            json: reading.text("log.format") == Some("json"),
            filter: reading.text("log.filter").unwrap_or("info").to_owned(),
            no_color: reading.text("log.no_color").is_some(),
        }
    }
}

impl Reading {
    fn duration(&self, path: &str) -> Duration {
        Duration::from_millis(self.ms(path))
    }

    fn nodes(&self) -> Vec<Node> {
        match self.get("lavalink_nodes").map(|effective| &effective.value) {
            Some(Value::Nodes(nodes)) => nodes.clone(),
            Some(_) | None => Vec::new(),
        }
    }
}

fn lavalink(reading: &Reading) -> LavalinkSettings {
    LavalinkSettings {
        nodes: Vec::new(),
        user: UserId(0),
        ping: reading.duration("lavalink.ping_ms"),
        dead: reading.duration("lavalink.dead_ms"),
        connect: reading.duration("lavalink.connect_ms"),
        reconnect: reading.duration("lavalink.reconnect_ms"),
        backoff_min: reading.duration("lavalink.backoff_min_ms"),
        backoff_max: reading.duration("lavalink.backoff_max_ms"),
        resume_timeout: reading.duration("lavalink.resume_timeout_s"),
        order: reading.duration("lavalink.order_ms"),
        load: reading.duration("lavalink.load_ms"),
        body_bytes: size(reading.number("lavalink.body_bytes")),
        search_prefix: reading.text("search_prefix").unwrap_or_default().to_owned(),
    }
}

fn limits(reading: &Reading) -> Limits {
    Limits {
        queue: size(reading.number("queue_tracks")),
        history: size(reading.number("history_tracks")),
        pending: size(reading.number("pending_commands")),
        seats: size(reading.number("seats")),
        query_chars: size(reading.number("query_chars")),
        alone_leave_ms: reading.ms("alone_leave_s"),
        idle_leave_ms: reading.ms("idle_leave_s"),
        default_volume: percent(reading.number("default_volume_percent")),
        max_volume: percent(reading.number("max_volume_percent")),
        expire_ms: reading.ms("answer_ms"),
        join_ms: reading.ms("join_ms"),
        stale_ms: reading.ms("stale_ms"),
        cause_ms: reading.ms("cause_ms"),
        failures_in_a_row: small(reading.number("failures_in_a_row")),
    }
}

fn slot(reading: &Reading) -> SlotPolicy {
    SlotPolicy {
        restart: RestartPolicy {
            budget: small(reading.number("supervision.guild_restarts")),
            window_ms: reading.ms("supervision.guild_window_s"),
            first_delay_ms: reading.ms("supervision.guild_delay_ms"),
            max_delay_ms: reading.ms("supervision.guild_max_delay_ms"),
            healthy_ms: reading.ms("supervision.guild_healthy_s"),
            ..RestartPolicy::guild()
        },
        store: RestartPolicy {
            first_delay_ms: reading.ms("supervision.store_delay_ms"),
            max_delay_ms: reading.ms("supervision.store_max_delay_ms"),
            ..RestartPolicy::store()
        },
        inbox: size(reading.number("supervision.inbox_inputs")),
        fact_reserve: size(reading.number("supervision.inbox_facts")),
        load_deadline_ms: reading.ms("supervision.load_ms"),
        save_deadline_ms: reading.ms("supervision.save_ms"),
    }
}

fn server(reading: &Reading, section: &str) -> ServerConfig {
    ServerConfig {
        enabled: reading.flag(&format!("{section}.enabled")),
        host: reading.text(&format!("{section}.host")).unwrap_or_default().to_owned(),
        port: u16::try_from(reading.number(&format!("{section}.port"))).unwrap_or(u16::MAX),
        key: reading.secret(&format!("{section}.key")).cloned(),
    }
}

/// The bounds of the table keep these three far from their limits.
fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn percent(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
