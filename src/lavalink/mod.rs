//! The audio nodes: Lavalink v4 over one websocket per (node, shard) and REST.
//!
//! Events leave this module in the order in which a node sent them, orders enter it as wanted state. What is sent is
//! made of lavalink-rs' models; what comes in is read into lenient structs of our own ([`wire`]), because a node may
//! say more, less or worse than its documents.

mod attend;
mod audio;
mod connect;
mod encoded;
mod figures;
mod found;
mod related;
mod rest;
mod session;
pub(crate) mod sources;
mod standing;
mod wire;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use ostinato_machine::ids::{Hidden, NodeId, UserId};

pub use audio::Nodes;
pub(crate) use encoded::identifier;
pub use figures::{NodeFigures, SearchFigures};

/// One node.
#[derive(Clone, Debug)]
pub struct NodeSettings {
    /// Its name: what it is called in logs and in the store.
    pub id: NodeId,
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Password.
    pub password: Hidden,
    /// TLS for both websocket and REST.
    pub https: bool,
}

impl NodeSettings {
    fn url(&self, scheme: &str, path: &str) -> String {
        let tls = if self.https { "s" } else { "" };
        let host = if self.host.contains(':') {
            format!("[{}]", self.host)
        } else {
            self.host.clone()
        };
        format!("{scheme}{tls}://{host}:{}{path}", self.port)
    }
}

/// How the nodes are reached.
#[derive(Clone, Debug)]
pub struct LavalinkSettings {
    /// The nodes.
    pub nodes: Vec<NodeSettings>,
    /// The bot's user.
    pub user: UserId,
    /// Distance of websocket pings.
    pub ping: Duration,
    /// No frame for so long: the connection is dead.
    pub dead: Duration,
    /// Longest first connect.
    pub connect: Duration,
    /// Longest way back after a connection was lost, from the first attempt to the list of players: beyond it the
    /// node's guilds are moved.
    pub reconnect: Duration,
    /// Shortest wait between two connects.
    pub backoff_min: Duration,
    /// Longest wait between two connects.
    pub backoff_max: Duration,
    /// For how long a node keeps a session without a connection.
    pub resume_timeout: Duration,
    /// Longest order.
    pub order: Duration,
    /// Longest search.
    pub load: Duration,
    /// Most bytes of an answer or a frame.
    pub body_bytes: usize,
    /// Source that a plain search text is looked for in, such as `ytsearch`.
    pub search_prefix: String,
    /// Whether addresses inside of private networks are played.
    pub private_addresses: bool,
}

impl LavalinkSettings {
    /// The design's times and bounds for `nodes`.
    pub fn new(nodes: Vec<NodeSettings>, user: UserId) -> Self {
        Self {
            nodes,
            user,
            ping: Duration::from_millis(1_500),
            dead: Duration::from_millis(4_000),
            connect: Duration::from_secs(5),
            reconnect: Duration::from_secs(1),
            backoff_min: Duration::from_millis(100),
            backoff_max: Duration::from_secs(5),
            resume_timeout: Duration::from_secs(60),
            order: Duration::from_secs(4),
            load: Duration::from_secs(5),
            body_bytes: 32 * 1024 * 1024,
            search_prefix: "ytsearch".into(),
            private_addresses: false,
        }
    }
}

/// What every part of this module holds.
type Shared = Arc<LavalinkSettings>;
