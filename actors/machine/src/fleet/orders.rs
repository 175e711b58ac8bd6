//! What an operator sees of the fleet and orders of it.

use super::{Fleet, Node, Placement};
use crate::ids::{GuildId, NodeId, ShardId};

/// How a node stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeFacts {
    /// The node.
    pub node: NodeId,
    /// Shards whose session is up.
    pub up: usize,
    /// Shards whose session is being resumed.
    pub resuming: usize,
    /// Guilds placed there.
    pub guilds: u32,
    /// Whether it is to have none.
    pub drained: bool,
    /// Its newest load figures: players that play, CPU load in permille, frames missing a minute and player.
    pub load: Option<(u32, u32, u32)>,
}

impl Fleet {
    /// How every node stands, by name.
    pub fn facts(&self) -> Vec<NodeFacts> {
        let facts = |(id, node): (&NodeId, &Node)| NodeFacts {
            node: id.clone(),
            up: node.up.len(),
            resuming: node.resuming.len(),
            guilds: node.guilds,
            drained: node.drained,
            load: node
                .stats
                .map(|stats| (stats.playing, stats.cpu_permille, stats.frame_deficit)),
        };
        self.nodes.iter().map(facts).collect()
    }

    pub(super) fn drain(&mut self, now_ms: u64, id: &NodeId, on: bool) -> Vec<Placement> {
        let Some(node) = self.nodes.get_mut(id) else {
            return Vec::new();
        };
        node.drained = on;
        if !on {
            return Vec::new();
        }
        let there = |place: &Option<(NodeId, u64)>| place.as_ref().is_some_and(|(node, _)| node == id);
        let mine = self.guilds.iter().filter(|(_, place)| there(place));
        let mine: Vec<_> = mine.map(|(key, _)| *key).collect();
        mine.into_iter()
            .filter(|(shard, _)| self.best(now_ms, *shard, Some(id)).is_some())
            .collect::<Vec<_>>()
            .into_iter()
            .map(|(shard, guild)| self.place_one(now_ms, shard, guild))
            .collect()
    }

    pub(super) fn again(&mut self, now_ms: u64, shard: ShardId, guild: GuildId) -> Vec<Placement> {
        let place = self.place(shard, guild);
        let unwanted = place.is_some_and(|node| self.nodes.get(node).is_none_or(|node| node.drained));
        if unwanted {
            self.relocate(now_ms, shard, guild, None)
        } else {
            Vec::new()
        }
    }

    pub(super) fn relocate(
        &mut self,
        now_ms: u64,
        shard: ShardId,
        guild: GuildId,
        to: Option<&NodeId>,
    ) -> Vec<Placement> {
        let Some(from) = self.place(shard, guild).cloned() else {
            return Vec::new();
        };
        let to = match to {
            Some(node) => Some(node).filter(|id| self.nodes.get(id).is_some_and(|node| node.up.contains(&shard))),
            None => None,
        };
        let to = to.cloned().or_else(|| self.best(now_ms, shard, Some(&from)));
        match to.filter(|to| *to != from) {
            Some(to) => vec![self.place_at(now_ms, shard, guild, Some(to))],
            None => Vec::new(),
        }
    }
}
