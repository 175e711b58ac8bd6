//! The gateway: one websocket per shard, over twilight.
//!
//! A polling task per shard waits for nothing but its stream. It hands dispatches over in order, gives up a connection
//! that is no good, and builds the next one from the session at once or after a short back-off: an away gateway costs
//! no session. It must never block, never dial an address that neither the settings nor the session name, and never
//! try again what Discord refuses for good.

mod address;
mod backoff;
mod close;
mod connection;
mod driver;
mod figures;
mod frames;
mod identify;
mod port;
mod pulse;
mod voice_wants;

#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ostinato_actors::ports::{Gateway, GatewaySink};
use ostinato_machine::ids::{Hidden, ShardId, UserId};

use super::interaction::Interaction;
use super::written::Written;
use crate::board::Board;

pub use figures::{Counts, Latencies, STATES, ShardFigures};
pub use identify::{BudgetSpent, IdentifyGate, SessionStartLimit};

/// How the gateway is reached.
#[derive(Clone, Debug)]
pub struct GatewaySettings {
    /// Token of the bot, without `Bot `.
    pub token: Hidden,
    /// The bot's user. After a resume by another process nothing else tells which voice states are its own.
    pub user: UserId,
    /// Address from `GET /gateway/bot`: `wss://…`, or `ws://…` for a server on this machine.
    pub url: String,
    /// Intents, as Discord's bits. Those that need Discord's leave are done without where that is refused.
    pub intents: u64,
    /// Permits to identify, shared by all shards of the token.
    pub identify: Arc<IdentifyGate>,
    /// What the bot is shown to listen to, such as `/play`; `None` shows nothing.
    pub listening_to: Option<String>,
    /// Longest way from the first packet to the gateway's greeting.
    pub connect: Duration,
    /// Longest silence between the greeting, or the permit to identify, and READY or RESUMED.
    pub answer: Duration,
    /// Shortest wait between two connects.
    pub backoff_min: Duration,
    /// Longest wait between two connects.
    pub backoff_max: Duration,
    /// A connection that was up for so long ended for a reason of its own: the next one is tried at once.
    pub stable: Duration,
    /// Sends of a minute that voice wants leave to others, of about 115.
    pub send_reserve: u8,
    /// Guilds of one shard whose voice wants may wait at once.
    pub voice_wants: usize,
    /// For how long a voice want that was sent but not confirmed is sent again after a reconnect.
    pub voice_confirm: Duration,
    /// Longest farewell.
    pub close: Duration,
}

impl GatewaySettings {
    /// The design's times and bounds.
    pub fn new(token: Hidden, user: UserId, url: String, intents: u64, identify: Arc<IdentifyGate>) -> Self {
        Self {
            token,
            user,
            url,
            intents,
            identify,
            listening_to: None,
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
            stable: Duration::from_secs(5),
            send_reserve: 8,
            voice_wants: 4_096,
            voice_confirm: Duration::from_secs(10),
            close: Duration::from_millis(500),
        }
    }
}

/// What interactions and messages become: commands of guilds, or answers that need no guild. Called on the arbiter by the polling
/// task, which waits for nothing but its socket: must never block.
pub trait Interactions {
    /// One interaction of `shard`. What concerns a guild goes into `sink` under `sequence`.
    fn interaction(&self, shard: ShardId, sequence: u64, interaction: Interaction, sink: &dyn GatewaySink);

    /// One message that a person wrote in a guild of `shard`; `own` is the bot's user. What is a command goes into `sink`
    /// under `sequence`; most messages are none.
    fn written(&self, shard: ShardId, sequence: u64, written: &Written, own: UserId, sink: &dyn GatewaySink);
}

/// An address that can't be a gateway's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no gateway address; it must be ws://host or wss://host, as GET /gateway/bot says")]
pub struct BadAddress(String);

/// The gateway of a process. May cross threads; each arbiter makes its own port of it.
#[derive(Clone, Debug)]
pub struct Gateways {
    settings: Arc<GatewaySettings>,
    latencies: Latencies,
    counts: Counts,
    standings: Board<ShardId>,
    content: Content,
}

/// Whether Discord lets the bot read the words of all messages. Shared by all shards of the token: one that is refused
/// the intent speaks for all.
#[derive(Clone, Debug, Default)]
pub struct Content {
    refused: Arc<AtomicBool>,
}

impl Content {
    /// Whether it was refused since the start.
    pub fn is_refused(&self) -> bool {
        self.refused.load(Ordering::Relaxed)
    }

    /// Notes the refusal; whether it is news.
    fn refuse(&self) -> bool {
        !self.refused.swap(true, Ordering::Relaxed)
    }
}

impl Gateways {
    /// The gateway of `settings`.
    ///
    /// # Errors
    /// When the address is none.
    pub fn new(mut settings: GatewaySettings) -> Result<Self, BadAddress> {
        settings.url = address::address(&settings.url).ok_or_else(|| BadAddress(settings.url.clone()))?;
        Ok(Self {
            settings: Arc::new(settings),
            latencies: Latencies::default(),
            counts: Counts::default(),
            standings: Board::default(),
            content: Content::default(),
        })
    }

    /// The port of this arbiter. Interactions of its shards go to `interactions`.
    pub fn port(&self, interactions: Rc<dyn Interactions>) -> Rc<dyn Gateway> {
        Rc::new(port::Port::new(self.clone(), interactions))
    }

    /// Whether the words of all messages may be read, as long as the settings ask for it.
    pub fn content(&self) -> Content {
        self.content.clone()
    }

    /// How each shard's connection stands.
    pub fn standings(&self) -> Board<ShardId> {
        self.standings.clone()
    }

    /// Permits to identify that the shard used since the start.
    pub fn identifies(&self, shard: ShardId) -> u64 {
        self.settings.identify.granted_to(shard.0)
    }

    /// IDENTIFYs that Discord still allows today.
    pub fn identifies_left(&self) -> u64 {
        self.settings.identify.remaining().into()
    }

    /// How long heartbeats take.
    pub fn latencies(&self) -> Latencies {
        self.latencies.clone()
    }

    /// What the connections did.
    pub fn counts(&self) -> Counts {
        self.counts.clone()
    }
}
