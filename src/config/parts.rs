//! The settings of each part of the bot, made from the values. Bounds were checked when the values were read.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::watchdog::WatchTimes;
use ostinato_machine::ids::UserId;
use ostinato_machine::limits::Limits;
use ostinato_machine::restart::RestartPolicy;
use ostinato_machine::slot::SlotPolicy;

use super::Config;
use super::key::{Kind, Unit};
use super::node::Node;
use super::read::Reading;
use super::secret::Secret;
use super::value::Value;
use crate::discord::gateway::{GatewaySettings, IdentifyGate};
use crate::lavalink::LavalinkSettings;
use crate::store::{Durability, StoreSettings};

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

/// Which messages are taken for commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixMode {
    /// As many as Discord grants.
    Auto,
    /// None.
    Off,
    /// Those that begin with a mention of the bot.
    Mention,
    /// Those that begin with the prefix too.
    Full,
}

impl Config {
    /// Base of Discord's REST interface, without a slash at the end and without `/api/v10`.
    pub fn api_base_url(&self) -> &str {
        self.reading.text("discord.api_base_url").unwrap_or_default()
    }

    /// Number of shards; `None`: what Discord recommends.
    pub fn shards(&self) -> Option<u32> {
        self.reading.optional("sharding.total").map(small)
    }

    /// Arbiters, at least 1: what is configured, else one per core.
    pub fn threads(&self) -> usize {
        let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        self.reading.optional("threads").map_or_else(cores, size)
    }

    /// Longest orderly stop.
    pub fn drain(&self) -> Duration {
        self.reading.duration("drain_s")
    }

    /// Which messages are taken for commands.
    pub fn prefix_mode(&self) -> PrefixMode {
        match self.reading.text("prefix.mode") {
            Some("off") => PrefixMode::Off,
            Some("mention") => PrefixMode::Mention,
            Some("full") => PrefixMode::Full,
            Some(_) | None => PrefixMode::Auto,
        }
    }

    /// What a command in a message begins with.
    pub fn prefix(&self) -> Box<str> {
        self.reading.text("prefix.default").unwrap_or_default().into()
    }

    /// How the gateway at `url` is reached by the bot's `user`; both are known after the first calls to Discord.
    pub fn gateway(&self, user: UserId, url: String, intents: u64, identify: Arc<IdentifyGate>) -> GatewaySettings {
        let reading = &self.reading;
        GatewaySettings {
            token: self.token.hidden(),
            user,
            url,
            intents,
            identify,
            listening_to: reading.text("discord.listening_to").map(str::to_owned),
            connect: reading.duration("gateway.connect_ms"),
            answer: reading.duration("gateway.answer_ms"),
            backoff_min: reading.duration("gateway.backoff_min_ms"),
            backoff_max: reading.duration("gateway.backoff_max_ms"),
            stable: reading.duration("gateway.stable_ms"),
            send_reserve: u8::try_from(reading.number("gateway.send_reserve")).unwrap_or(u8::MAX),
            voice_wants: size(reading.number("gateway.voice_wants")),
            voice_confirm: reading.duration("gateway.voice_confirm_ms"),
            close: reading.duration("gateway.close_ms"),
        }
    }

    /// Where the audio nodes are, by name, as far as somebody has said.
    pub fn regions(&self) -> BTreeMap<String, String> {
        let named = |node: &Node| Some((node.name.clone(), node.region.clone()?));
        self.nodes.iter().filter_map(named).collect()
    }

    /// How the audio nodes are reached by the bot's user, who is known after the first call to Discord.
    pub fn lavalink(&self, user: UserId) -> LavalinkSettings {
        let reading = &self.reading;
        LavalinkSettings {
            nodes: self.nodes.iter().map(Node::settings).collect(),
            user,
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
            private_addresses: reading.flag("lavalink.private_addresses"),
        }
    }

    /// How the store is opened.
    pub fn store(&self) -> StoreSettings {
        StoreSettings {
            data_dir: self.reading.text("data_dir").unwrap_or_default().into(),
            durability: match self.reading.text("durability") {
                Some("machine") => Durability::Machine,
                Some(_) | None => Durability::Process,
            },
            limit_bytes: self.reading.optional("store_limit_bytes"),
        }
    }

    /// Limits and times of a guild.
    pub fn limits(&self) -> Limits {
        self.reading.limits()
    }

    /// Bounds, budgets and deadlines of a guild's slot.
    pub fn slot(&self) -> SlotPolicy {
        let reading = &self.reading;
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
            yield_deadline_ms: reading.ms("supervision.yield_ms"),
        }
    }

    /// Restarts of a shard.
    pub fn shard_restart(&self) -> RestartPolicy {
        RestartPolicy {
            budget: small(self.reading.number("supervision.shard_restarts")),
            window_ms: self.reading.ms("supervision.shard_window_s"),
            ..RestartPolicy::shard()
        }
    }

    /// When a stuck thread is reported, and when the process ends for it.
    pub fn watch(&self) -> WatchTimes {
        WatchTimes {
            alarm_ms: self.reading.ms("supervision.wedged_alarm_s"),
            exit_ms: self.reading.ms("supervision.wedged_exit_s"),
        }
    }

    /// Logs.
    pub fn log(&self) -> LogConfig {
        LogConfig::of(&self.reading)
    }

    /// The status interface.
    pub fn status_api(&self) -> ServerConfig {
        self.server("status_api")
    }

    /// Metrics.
    pub fn metrics(&self) -> ServerConfig {
        self.server("metrics")
    }

    fn server(&self, section: &str) -> ServerConfig {
        let reading = &self.reading;
        ServerConfig {
            enabled: reading.flag(&format!("{section}.enabled")),
            host: reading.text(&format!("{section}.host")).unwrap_or_default().to_owned(),
            port: u16::try_from(reading.number(&format!("{section}.port"))).unwrap_or(u16::MAX),
            key: reading.secret(&format!("{section}.key")).cloned(),
        }
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

/// Typed values. A path that is not in the table is a mistake of ours, which the tests meet.
impl Reading {
    /// A text; `None` when unset.
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        match &self.get(path)?.value {
            Value::Text(text) => Some(text),
            Value::Unset | Value::Secret(_) | Value::Flag(_) | Value::Number(_) | Value::Auto | Value::Nodes(_) => None,
        }
    }

    /// A secret; `None` when unset.
    pub(super) fn secret(&self, path: &str) -> Option<&Secret> {
        match &self.get(path)?.value {
            Value::Secret(secret) => Some(secret),
            Value::Unset | Value::Text(_) | Value::Flag(_) | Value::Number(_) | Value::Auto | Value::Nodes(_) => None,
        }
    }

    /// A truth value; unset is false.
    pub(super) fn flag(&self, path: &str) -> bool {
        self.get(path)
            .is_some_and(|effective| effective.value == Value::Flag(true))
    }

    /// A number in the key's unit; `None` when unset or left to the bot.
    pub(super) fn optional(&self, path: &str) -> Option<u64> {
        match self.get(path)?.value {
            Value::Number(number) => Some(number),
            Value::Unset | Value::Text(_) | Value::Secret(_) | Value::Flag(_) | Value::Auto | Value::Nodes(_) => None,
        }
    }

    /// A number of a key that has a default.
    pub(super) fn number(&self, path: &str) -> u64 {
        let number = self.optional(path);
        debug_assert!(number.is_some(), "{path} is no number");
        number.unwrap_or_default()
    }

    /// A time in milliseconds, whatever the key's unit.
    pub(super) fn ms(&self, path: &str) -> u64 {
        let factor = match self.get(path).map(|effective| effective.key.kind) {
            Some(Kind::Number {
                unit: Unit::Seconds, ..
            }) => 1_000,
            _ => 1,
        };
        self.number(path).saturating_mul(factor)
    }

    pub(super) fn duration(&self, path: &str) -> Duration {
        Duration::from_millis(self.ms(path))
    }

    /// Limits and times of a guild. They hold whatever is wrong elsewhere: a journal can be read without a token.
    pub fn limits(&self) -> Limits {
        Limits {
            queue: size(self.number("queue_tracks")),
            history: size(self.number("history_tracks")),
            pending: size(self.number("pending_commands")),
            seats: size(self.number("seats")),
            query_chars: size(self.number("query_chars")),
            alone_leave_ms: self.ms("alone_leave_s"),
            idle_leave_ms: self.ms("idle_leave_s"),
            default_volume: percent(self.number("default_volume_percent")),
            max_volume: percent(self.number("max_volume_percent")),
            expire_ms: self.ms("answer_ms"),
            join_ms: self.ms("join_ms"),
            stale_ms: self.ms("stale_ms"),
            cause_ms: self.ms("cause_ms"),
            failures_in_a_row: small(self.number("failures_in_a_row")),
        }
    }

    /// The nodes that hold.
    pub(super) fn nodes(&self) -> &[Node] {
        match self.get("lavalink_nodes").map(|effective| &effective.value) {
            Some(Value::Nodes(nodes)) => nodes,
            Some(_) | None => &[],
        }
    }
}

/// The bounds of the table keep these three far from their limits.
pub(super) fn small(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

pub(super) fn size(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

fn percent(number: u64) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}
