//! The table of all keys. What is not here does not exist: reading, documentation and `config.yml` are made from it.

use super::key::{Key, Kind, Section, bytes, count, key, ms, percent, seconds};

const DAY_S: u64 = 86_400;

/// Every key, in the order in which it is shown.
pub const KEYS: &[Section] = &[
    Section {
        title: "Discord",
        intro: "The token comes from Discord's developer portal, page Bot.",
        keys: &[
            key("discord.token", "DISCORD_TOKEN", Kind::Secret, "", "Token of the bot.").required(),
            key(
                "discord.api_base_url",
                "DISCORD_API_BASE_URL",
                Kind::Url,
                "https://discord.com",
                "Where Discord's REST interface is, without /api/v10.",
            ),
            key(
                "discord.request_ms",
                "DISCORD_REQUEST_MS",
                ms(500, 60_000),
                "5000",
                "Longest request to Discord.",
            ),
            key(
                "discord.backoff_min_ms",
                "DISCORD_BACKOFF_MIN_MS",
                ms(10, 60_000),
                "50",
                "Shortest wait between two connects to the gateway.",
            ),
            key(
                "discord.backoff_max_ms",
                "DISCORD_BACKOFF_MAX_MS",
                ms(100, 300_000),
                "2000",
                "Longest wait between two connects to the gateway.",
            ),
            key(
                "sharding.total",
                "SHARDING_TOTAL",
                Kind::Auto { min: 1, max: 16_384 },
                "auto",
                "Number of gateway shards; auto asks Discord.",
            ),
        ],
    },
    Section {
        title: "Audio nodes",
        intro: "LAVALINK_NODES goes before LAVALINK_HOST, which names exactly one node, and that before lavalink_nodes.",
        keys: &[
            key(
                "lavalink_nodes",
                "LAVALINK_NODES",
                Kind::Nodes,
                "",
                "The nodes: name, host, port (2333), password, https (false), region. In the environment a JSON list.",
            )
            .or_nothing(),
            key(
                "lavalink.host",
                "LAVALINK_HOST",
                Kind::Host,
                "",
                "Host of the one node.",
            )
            .or_nothing()
            .environment_only(),
            key(
                "lavalink.port",
                "LAVALINK_PORT",
                count(1, 65_535),
                "2333",
                "Port of the one node.",
            )
            .environment_only(),
            key(
                "lavalink.password",
                "LAVALINK_PASSWORD",
                Kind::Secret,
                "",
                "Password of the one node.",
            )
            .or_nothing()
            .environment_only(),
            key(
                "lavalink.https",
                "LAVALINK_HTTPS",
                Kind::Flag,
                "false",
                "Whether the one node speaks TLS.",
            )
            .environment_only(),
            key(
                "lavalink.name",
                "LAVALINK_NAME",
                Kind::Text,
                "main",
                "Name of the one node, in logs and in the store.",
            )
            .environment_only(),
            key(
                "lavalink.region",
                "LAVALINK_REGION",
                Kind::Text,
                "",
                "Region of the one node, such as eu.",
            )
            .or_nothing()
            .environment_only(),
            key(
                "lavalink.ping_ms",
                "LAVALINK_PING_MS",
                ms(100, 60_000),
                "1500",
                "Distance of the pings on a node's websocket.",
            ),
            key(
                "lavalink.dead_ms",
                "LAVALINK_DEAD_MS",
                ms(200, 120_000),
                "4000",
                "No frame from a node for so long: it is taken for dead.",
            ),
            key(
                "lavalink.connect_ms",
                "LAVALINK_CONNECT_MS",
                ms(100, 60_000),
                "5000",
                "Longest first connect to a node.",
            ),
            key(
                "lavalink.reconnect_ms",
                "LAVALINK_RECONNECT_MS",
                ms(100, 60_000),
                "1000",
                "Longest connect right after a connection was lost; beyond it the node's guilds move to another.",
            ),
            key(
                "lavalink.backoff_min_ms",
                "LAVALINK_BACKOFF_MIN_MS",
                ms(10, 60_000),
                "100",
                "Shortest wait between two connects to a node.",
            ),
            key(
                "lavalink.backoff_max_ms",
                "LAVALINK_BACKOFF_MAX_MS",
                ms(100, 300_000),
                "5000",
                "Longest wait between two connects to a node.",
            ),
            key(
                "lavalink.resume_timeout_s",
                "LAVALINK_RESUME_TIMEOUT_S",
                seconds(1, 3_600),
                "60",
                "For how long a node keeps a session, and its sound, while no bot is connected.",
            ),
            key(
                "lavalink.order_ms",
                "LAVALINK_ORDER_MS",
                ms(100, 60_000),
                "4000",
                "Longest order to a node.",
            ),
            key(
                "lavalink.load_ms",
                "LAVALINK_LOAD_MS",
                ms(100, 60_000),
                "5000",
                "Longest search on a node.",
            ),
            key(
                "lavalink.body_bytes",
                "LAVALINK_BODY_BYTES",
                bytes(65_536, 1_073_741_824),
                "33554432",
                "Most bytes of an answer or a frame of a node.",
            ),
            key(
                "search_prefix",
                "SEARCH_PREFIX",
                Kind::Text,
                "ytsearch",
                "Source that a plain search text is looked for in: ytsearch, ytmsearch, scsearch or what the nodes offer.",
            ),
        ],
    },
    Section {
        title: "Guilds",
        intro: "The same for every guild of this process.",
        keys: &[
            key(
                "idle_leave_s",
                "IDLE_LEAVE_S",
                seconds(1, DAY_S),
                "300",
                "Nothing to play for so long: the bot leaves the channel.",
            ),
            key(
                "alone_leave_s",
                "ALONE_LEAVE_S",
                seconds(1, DAY_S),
                "120",
                "Alone in the channel for so long: the bot leaves it; queue and position are kept.",
            ),
            key(
                "default_volume_percent",
                "DEFAULT_VOLUME_PERCENT",
                percent(0, 1_000),
                "100",
                "Volume of a guild that never set one.",
            ),
            key(
                "max_volume_percent",
                "MAX_VOLUME_PERCENT",
                percent(1, 1_000),
                "200",
                "Highest volume that listeners may set.",
            ),
            key(
                "queue_tracks",
                "QUEUE_TRACKS",
                count(1, 100_000),
                "5000",
                "Most tracks in a queue; what does not fit is left out and said.",
            ),
            key(
                "history_tracks",
                "HISTORY_TRACKS",
                count(0, 1_000),
                "50",
                "Most tracks in the history of a guild.",
            ),
            key(
                "query_chars",
                "QUERY_CHARS",
                count(10, 4_000),
                "500",
                "Longest search text, in characters.",
            ),
            key(
                "failures_in_a_row",
                "FAILURES_IN_A_ROW",
                count(1, 100),
                "5",
                "Tracks that may fail one after the other before the queue is held.",
            ),
            key(
                "pending_commands",
                "PENDING_COMMANDS",
                count(1, 256),
                "16",
                "Most commands of a guild that may wait for a search at once.",
            ),
            key(
                "seats",
                "SEATS",
                count(1, 100_000),
                "1024",
                "Most listeners that are remembered per guild.",
            ),
            key(
                "answer_ms",
                "ANSWER_MS",
                ms(1_000, 600_000),
                "10000",
                "How long a command may wait for what it asked before its caller is told that it expired.",
            ),
            key(
                "join_ms",
                "JOIN_MS",
                ms(500, 60_000),
                "5000",
                "How long joining a voice channel may take before the reason is looked for.",
            ),
            key(
                "stale_ms",
                "STALE_MS",
                ms(500, 2_900),
                "2500",
                "An interaction older than this on arrival is not applied; Discord takes no first answer after 3 s.",
            ),
            key(
                "cause_ms",
                "CAUSE_MS",
                ms(1_000, 600_000),
                "10000",
                "How long a command's identity is remembered, so that a repeat is not applied twice.",
            ),
        ],
    },
    Section {
        title: "Storage",
        intro: "Guilds are kept in an embedded database under DATA_DIR. One process at a time may use it.",
        keys: &[
            key(
                "data_dir",
                "DATA_DIR",
                Kind::Path,
                "./data",
                "Directory of everything that is kept; made if it is not there.",
            ),
            key(
                "durability",
                "DURABILITY",
                Kind::Choice(&["process", "machine"]),
                "process",
                "What a confirmed change survives: process = kill -9 (a power cut may cost about the last second), machine = a power cut.",
            ),
            key(
                "store_limit_bytes",
                "STORE_LIMIT_BYTES",
                bytes(1_048_576, 1_099_511_627_776),
                "",
                "Most bytes of the database; beyond it the store behaves as on a full disk. Unset: no limit of ours.",
            )
            .or_nothing(),
        ],
    },
    Section {
        title: "Process",
        intro: "",
        keys: &[
            key(
                "threads",
                "THREADS",
                Kind::Auto { min: 1, max: 256 },
                "auto",
                "Threads that guilds run on; auto is one per core.",
            ),
            key(
                "drain_s",
                "DRAIN_S",
                seconds(1, 300),
                "10",
                "Longest orderly stop; after it the process ends whatever is still open.",
            ),
            key(
                "passivate_idle_s",
                "PASSIVATE_IDLE_S",
                seconds(1, DAY_S),
                "600",
                "A guild that does nothing for so long is put to sleep; the next command wakes it.",
            ),
            key(
                "live_guilds",
                "LIVE_GUILDS",
                count(1, 1_000_000),
                "10000",
                "Most guilds awake at once; beyond it those at rest are put to sleep early.",
            ),
            key(
                "allow_plaintext",
                "ALLOW_PLAINTEXT",
                Kind::Flag,
                "false",
                "Whether http:// and ws:// are allowed to other machines. On this machine they always are.",
            ),
        ],
    },
    Section {
        title: "Supervision",
        intro: "When something dies: how often, how fast and how long it is started again.",
        keys: &[
            key(
                "supervision.guild_restarts",
                "SUPERVISION_GUILD_RESTARTS",
                count(0, 100),
                "5",
                "Restarts of one guild within the window; the next death parks it.",
            ),
            key(
                "supervision.guild_window_s",
                "SUPERVISION_GUILD_WINDOW_S",
                seconds(1, 3_600),
                "60",
                "The sliding window of a guild's restarts.",
            ),
            key(
                "supervision.guild_delay_ms",
                "SUPERVISION_GUILD_DELAY_MS",
                ms(1, 60_000),
                "50",
                "Delay of a guild's first restart; each further one is four times as long.",
            ),
            key(
                "supervision.guild_max_delay_ms",
                "SUPERVISION_GUILD_MAX_DELAY_MS",
                ms(1, 600_000),
                "30000",
                "Longest delay of a guild's restart.",
            ),
            key(
                "supervision.guild_healthy_s",
                "SUPERVISION_GUILD_HEALTHY_S",
                seconds(1, 3_600),
                "60",
                "Alive and useful for so long: the next death starts at the first delay again.",
            ),
            key(
                "supervision.inbox_inputs",
                "SUPERVISION_INBOX_INPUTS",
                count(1, 65_536),
                "256",
                "Most inputs that wait for one guild; further commands are refused politely.",
            ),
            key(
                "supervision.inbox_facts",
                "SUPERVISION_INBOX_FACTS",
                count(0, 65_536),
                "64",
                "Further room in a full inbox for facts, such as who sits where.",
            ),
            key(
                "supervision.load_ms",
                "SUPERVISION_LOAD_MS",
                ms(100, 60_000),
                "2000",
                "Longest load of a guild from the store.",
            ),
            key(
                "supervision.save_ms",
                "SUPERVISION_SAVE_MS",
                ms(100, 60_000),
                "5000",
                "Longest save of a guild before it sleeps.",
            ),
            key(
                "supervision.store_delay_ms",
                "SUPERVISION_STORE_DELAY_MS",
                ms(10, 60_000),
                "500",
                "First wait before a store that can't be reached is tried again; each further one is twice as long.",
            ),
            key(
                "supervision.store_max_delay_ms",
                "SUPERVISION_STORE_MAX_DELAY_MS",
                ms(10, 600_000),
                "30000",
                "Longest wait before the store is tried again.",
            ),
            key(
                "supervision.restarts_per_s",
                "SUPERVISION_RESTARTS_PER_S",
                count(1, 10_000),
                "20",
                "Guild restarts per second and shard, so that many deaths at once do not become many starts at once.",
            ),
            key(
                "supervision.restart_burst",
                "SUPERVISION_RESTART_BURST",
                count(1, 10_000),
                "20",
                "Guild restarts of a shard that may come at once.",
            ),
            key(
                "supervision.shard_restarts",
                "SUPERVISION_SHARD_RESTARTS",
                count(0, 100),
                "3",
                "Restarts of one shard within the window; the next death drains the process and ends it with code 70.",
            ),
            key(
                "supervision.shard_window_s",
                "SUPERVISION_SHARD_WINDOW_S",
                seconds(1, 3_600),
                "300",
                "The sliding window of a shard's restarts.",
            ),
        ],
    },
    Section {
        title: "Logs",
        intro: "Logs go to standard error.",
        keys: &[
            key(
                "log.format",
                "LOG_FORMAT",
                Kind::Choice(&["text", "json"]),
                "text",
                "text for people, json for machines.",
            ),
            key(
                "log.filter",
                "RUST_LOG",
                Kind::Text,
                "info",
                "What is logged: a level, or levels by part, such as info,ostinato::lavalink=debug.",
            ),
            key(
                "log.no_color",
                "NO_COLOR",
                Kind::Text,
                "",
                "Any text: no colour in logs, not even on a terminal.",
            )
            .or_nothing()
            .environment_only(),
        ],
    },
    Section {
        title: "Status interface",
        intro: "Read and checked today. The server itself is not part of this release.",
        keys: &[
            key(
                "status_api.enabled",
                "STATUS_API_ENABLED",
                Kind::Flag,
                "true",
                "Whether the status interface is served.",
            ),
            key(
                "status_api.host",
                "STATUS_API_HOST",
                Kind::Host,
                "127.0.0.1",
                "Address that it is served on.",
            ),
            key(
                "status_api.port",
                "STATUS_API_PORT",
                count(1, 65_535),
                "3051",
                "Port that it is served on.",
            ),
            key(
                "status_api.key",
                "STATUS_API_KEY",
                Kind::Secret,
                "",
                "Key that callers must show. Unset: only this machine may call.",
            )
            .or_nothing(),
        ],
    },
    Section {
        title: "Metrics",
        intro: "Read and checked today. The server itself is not part of this release.",
        keys: &[
            key(
                "metrics.enabled",
                "METRICS_ENABLED",
                Kind::Flag,
                "true",
                "Whether metrics are served.",
            ),
            key(
                "metrics.host",
                "METRICS_HOST",
                Kind::Host,
                "127.0.0.1",
                "Address that they are served on.",
            ),
            key(
                "metrics.port",
                "METRICS_PORT",
                count(1, 65_535),
                "3052",
                "Port that they are served on.",
            ),
            key(
                "metrics.key",
                "METRICS_KEY",
                Kind::Secret,
                "",
                "Key that callers from other machines must show. Unset: only this machine may call.",
            )
            .or_nothing(),
        ],
    },
    Section {
        title: "This configuration",
        intro: "",
        keys: &[key(
            "config_path",
            "CONFIG_PATH",
            Kind::Path,
            "config.yml",
            "The file with the keys above. The default may be missing, a file that is named here may not.",
        )
        .environment_only()],
    },
];

/// Every key, without the headings.
pub fn keys() -> impl Iterator<Item = &'static Key> {
    KEYS.iter().flat_map(|section| section.keys)
}
