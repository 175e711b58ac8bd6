//! What can break in a scenario.

/// Something breaks. Exactly one of `node`, `node_of`, `gateway`, `rest`, `voice` and `bot` is given.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// A node by name, or `all`.
    pub node: Option<String>,
    /// The node that plays for this guild.
    pub node_of: Option<String>,
    /// What the node does.
    #[serde(rename = "do")]
    pub what: Option<NodeFault>,
    /// What the gateway does.
    pub gateway: Option<GatewayFault>,
    /// What Discord's REST does.
    pub rest: Option<RestFault>,
    /// The voice server closes this guild's connection, with `code`.
    pub voice: Option<String>,
    /// What happens to the bot's process.
    pub bot: Option<BotFault>,
    /// A close code, of the gateway or a voice server.
    pub code: Option<u16>,
    /// How long the gateway is away, ms.
    pub for_ms: Option<u64>,
    /// How many requests REST refuses or delays; 1 unless given.
    pub times: Option<u32>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeFault {
    /// Its process dies.
    Kill,
    /// It is started again, empty.
    Revive,
    /// It reads and writes nothing, its connections stay open.
    Freeze,
    /// It goes on.
    Thaw,
    /// Its connections are reset; it lives.
    Abort,
    /// It answers what makes no sense.
    Garbage,
    /// It makes sense again.
    Sane,
}

/// What the gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayFault {
    /// Drops every connection without a farewell.
    Drop,
    /// Asks for a new connection (op 7).
    Reconnect,
    /// Calls the session over (op 9), not resumable.
    Invalid,
    /// Closes with `code`.
    Close,
    /// Is gone for `for_ms`.
    Away,
    /// Sends frames that are no JSON.
    Garbage,
}

/// What Discord's REST does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum RestFault {
    /// 429 with a short `Retry-After`.
    #[serde(rename = "429", alias = "rate_limit")]
    RateLimit,
    /// 503.
    #[serde(rename = "5xx", alias = "broken")]
    Broken,
    /// Answers after 700 ms.
    #[serde(rename = "slow")]
    Slow,
}

/// What happens to the bot's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotFault {
    /// SIGKILL, and started again at once with the same data.
    Kill9,
    /// SIGTERM, and started again once it has ended.
    Restart,
    /// SIGKILL; `start` starts it again.
    Kill9Only,
    /// Started again with the same data.
    Start,
}
