//! The audio nodes of the world as one process sees them.

use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use ostinato_machine::guild::{Loaded, PlayerOrder, Related};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use ostinato_machine::track::Track;

use super::audio::{FakeAudio, Link, OrderFault};
use super::store::Life;
use super::trace::What;
use crate::ports::{Audio, AudioSink, PortError, PortErrorKind, Work};
use crate::station::sleep_ms;

/// How long a node takes to obey, ms.
const ORDER_MS: u64 = 5;

/// After so long a port gives up an order, ms.
const PATIENCE_MS: u64 = 3_000;

/// The port of one process.
pub(super) struct Port {
    pub(super) audio: Rc<FakeAudio>,
    pub(super) life: Life,
}

impl Audio for Port {
    fn start(&self, shard: ShardId, stored: Vec<(NodeId, String)>, sink: Rc<dyn AudioSink>) {
        for node in self.audio.node_ids() {
            let link = Link {
                sink: Rc::clone(&sink),
                life: Rc::clone(&self.life),
            };
            let wanted = stored
                .iter()
                .find(|(id, _)| *id == node)
                .map(|(_, session)| session.clone());
            let (audio, life) = (Rc::clone(&self.audio), Rc::clone(&self.life));
            actix_rt::spawn(async move {
                sleep_ms(audio.connect_ms.get()).await;
                if life.get() {
                    audio.link(&node, shard, link);
                    audio.connect(shard, &node, wanted.as_deref());
                }
            });
        }
    }

    fn order(&self, shard: ShardId, guild: GuildId, order: PlayerOrder) -> Work<()> {
        let (audio, life) = (Rc::clone(&self.audio), Rc::clone(&self.life));
        async move {
            if !life.get() {
                return std::future::pending().await;
            }
            audio
                .trace
                .note(audio.now_ms(), Some(guild), What::Order(order.clone()));
            let (PlayerOrder::Patch { node, .. } | PlayerOrder::Delete { node }) = &order;
            let fault = audio.fault(node);
            sleep_ms(ORDER_MS).await;
            let late = PortError::new(PortErrorKind::Timeout, "the world does not answer");
            match fault {
                None => audio.obey(shard, guild, &order),
                Some(OrderFault::Gone) => Err(PortError::new(PortErrorKind::Gone, "the session is away")),
                Some(OrderFault::Refused) => Err(PortError::new(PortErrorKind::Refused, "the node will not")),
                Some(OrderFault::Unheard) => {
                    sleep_ms(PATIENCE_MS).await;
                    Err(late)
                }
                Some(OrderFault::Unanswered) => {
                    // What the node does with it nobody hears; the port gives up all the same.
                    let _ = audio.obey(shard, guild, &order);
                    sleep_ms(PATIENCE_MS).await;
                    Err(late)
                }
            }
        }
        .boxed_local()
    }

    fn load(&self, shard: ShardId, query: Arc<str>) -> Work<Loaded> {
        let (audio, life) = (Rc::clone(&self.audio), Rc::clone(&self.life));
        async move {
            if !life.get() {
                return std::future::pending().await;
            }
            audio.trace.note(audio.now_ms(), None, What::Search(query.to_string()));
            if !audio.any_up(shard) {
                return Err(PortError::new(PortErrorKind::Gone, "no audio node is up"));
            }
            sleep_ms(audio.search_ms.get()).await;
            Ok(audio.result(&query))
        }
        .boxed_local()
    }

    fn related(&self, shard: ShardId, seed: Arc<Track>) -> Work<Related> {
        let (audio, life) = (Rc::clone(&self.audio), Rc::clone(&self.life));
        async move {
            if !life.get() {
                return std::future::pending().await;
            }
            audio
                .trace
                .note(audio.now_ms(), None, What::Search(format!("around {}", seed.title)));
            if !audio.any_up(shard) {
                return Err(PortError::new(PortErrorKind::Gone, "no audio node is up"));
            }
            sleep_ms(audio.search_ms.get()).await;
            let found = |query: String| match audio.result(&query) {
                Loaded::Found(tracks) | Loaded::Playlist { tracks, .. } => tracks,
                Loaded::Track(track) => vec![track],
                Loaded::Empty | Loaded::Error { .. } => Vec::new(),
            };
            let (mix, artist) = (
                found(format!("mix of {}", seed.title)),
                found(format!("by {}", seed.author)),
            );
            Ok(Related { seed, mix, artist })
        }
        .boxed_local()
    }

    fn reconnect(&self, _: ShardId, node: &NodeId) {
        self.audio.blink_node(&node.0, ORDER_MS);
    }

    fn close(&self, shard: ShardId) -> Work<()> {
        if self.audio.hangs.get() {
            return std::future::pending().boxed_local();
        }
        self.audio.unlink(shard);
        async { Ok(()) }.boxed_local()
    }
}
