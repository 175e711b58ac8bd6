//! The fleet machine: which audio node plays which guild, and what happens when one goes away.
//!
//! It proposes and nothing else: every order to a node is made by the guild that takes the proposal. A node serves the
//! guilds of a shard while that shard's session with it is up.

mod orders;

use std::collections::{BTreeMap, BTreeSet};

pub use orders::NodeFacts;

use crate::ids::{GuildId, NodeId, ShardId};

/// Load figures older than this say nothing, ms: nodes send them each minute.
const STATS_FRESH_MS: u64 = 90_000;

/// What happens to the fleet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FleetInput {
    /// A shard's session with a node is up.
    Up {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// Whether the players of an earlier session are still there.
        resumed: bool,
    },
    /// A shard's session with a node is down. `lost`: its guilds are to be moved.
    Down {
        /// The shard.
        shard: ShardId,
        /// The node.
        node: NodeId,
        /// Whether to wait for it no longer.
        lost: bool,
    },
    /// Load figures of a node.
    Stats {
        /// The node.
        node: NodeId,
        /// Players that play.
        playing: u32,
        /// CPU load of its machine, 0 to 1000.
        cpu_permille: u32,
        /// Frames short or empty in the last minute, average per player.
        frame_deficit: u32,
    },
    /// A guild needs a node. One that has a good one already is told the same again.
    Want {
        /// Its shard.
        shard: ShardId,
        /// The guild.
        guild: GuildId,
    },
    /// A guild needs no node any more.
    Release {
        /// Its shard.
        shard: ShardId,
        /// The guild.
        guild: GuildId,
    },
    /// An operator wants a node to have no guilds, or lifts that again. Its guilds are placed elsewhere; those for which
    /// there is no other node stay.
    Drain {
        /// The node.
        node: NodeId,
        /// Whether it is to have none.
        on: bool,
    },
    /// An operator wants a guild on another node: this one, or the best one that it is not on.
    Move {
        /// Its shard.
        shard: ShardId,
        /// The guild.
        guild: GuildId,
        /// The node.
        node: Option<NodeId>,
    },
    /// Somebody thinks that a guild might be better off elsewhere: it is moved away from a node that is to have none.
    Again {
        /// Its shard.
        shard: ShardId,
        /// The guild.
        guild: GuildId,
    },
    /// A guild goes on with a player that a node reported. Placed anew if that node is lost by now.
    Adopted {
        /// Its shard.
        shard: ShardId,
        /// The guild.
        guild: GuildId,
        /// The node.
        node: NodeId,
        /// Placement time of that player, ms.
        generation: u64,
    },
}

impl FleetInput {
    /// The shard that loses a node by this input.
    pub fn lost(&self) -> Option<ShardId> {
        match self {
            Self::Down { shard, lost: true, .. } => Some(*shard),
            Self::Down { .. }
            | Self::Up { .. }
            | Self::Stats { .. }
            | Self::Want { .. }
            | Self::Release { .. }
            | Self::Drain { .. }
            | Self::Move { .. }
            | Self::Again { .. }
            | Self::Adopted { .. } => None,
        }
    }
}

/// A proposal to a guild.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its shard.
    pub shard: ShardId,
    /// The guild.
    pub guild: GuildId,
    /// The node; `None`: there is none now.
    pub node: Option<NodeId>,
    /// Placement time, ms; rises with every placement of this fleet.
    pub generation: u64,
}

/// The fleet.
#[derive(Clone, Debug, Default)]
pub struct Fleet {
    nodes: BTreeMap<NodeId, Node>,
    guilds: BTreeMap<(ShardId, GuildId), Option<(NodeId, u64)>>,
    last_generation: u64,
}

#[derive(Clone, Debug, Default)]
struct Node {
    /// Shards whose session is up.
    up: BTreeSet<ShardId>,
    /// Shards whose session is being resumed: their guilds wait for it, no new ones come.
    resuming: BTreeSet<ShardId>,
    /// Guilds placed here.
    guilds: u32,
    /// Guilds placed here since the last load figures.
    since_stats: u32,
    stats: Option<Stats>,
    /// It is to have no guilds.
    drained: bool,
}

#[derive(Clone, Copy, Debug)]
struct Stats {
    at_ms: u64,
    playing: u32,
    cpu_permille: u32,
    frame_deficit: u32,
}

impl Node {
    /// The load to compare nodes by: players, and as many again as a busy machine or missing frames are worth.
    fn load(&self, now_ms: u64) -> u64 {
        let fresh = self
            .stats
            .filter(|stats| now_ms.saturating_sub(stats.at_ms) <= STATS_FRESH_MS);
        let Some(stats) = fresh else {
            return u64::from(self.guilds);
        };
        let players = u64::from(stats.playing.saturating_add(self.since_stats)).max(u64::from(self.guilds));
        let busy = u64::from(stats.cpu_permille.saturating_sub(500)) / 10;
        players
            .saturating_add(busy)
            .saturating_add(u64::from(stats.frame_deficit))
    }
}

impl Fleet {
    /// Takes one input at `now_ms` (wall clock) and tells which guilds go where.
    pub fn step(&mut self, now_ms: u64, input: FleetInput) -> Vec<Placement> {
        match input {
            FleetInput::Up { shard, node, resumed } => self.up(now_ms, shard, &node, resumed),
            FleetInput::Down { shard, node, lost } => self.down(now_ms, shard, &node, lost),
            FleetInput::Stats {
                node,
                playing,
                cpu_permille,
                frame_deficit,
            } => {
                let node = self.nodes.entry(node).or_default();
                node.stats = Some(Stats {
                    at_ms: now_ms,
                    playing,
                    cpu_permille,
                    frame_deficit,
                });
                node.since_stats = 0;
                Vec::new()
            }
            FleetInput::Want { shard, guild } => self.want(now_ms, shard, guild),
            FleetInput::Release { shard, guild } => {
                if let Some(Some((node, _))) = self.guilds.remove(&(shard, guild)) {
                    self.leave(&node);
                }
                Vec::new()
            }
            FleetInput::Drain { node, on } => self.drain(now_ms, &node, on),
            FleetInput::Again { shard, guild } => self.again(now_ms, shard, guild),
            FleetInput::Move { shard, guild, node } => self.relocate(now_ms, shard, guild, node.as_ref()),
            FleetInput::Adopted {
                shard,
                guild,
                node,
                generation,
            } => {
                if let Some(Some((old, _))) = self.guilds.insert((shard, guild), Some((node.clone(), generation))) {
                    self.leave(&old);
                }
                self.last_generation = self.last_generation.max(generation);
                self.enter(&node);
                if self.serves(&node, shard) {
                    return Vec::new();
                }
                // It was lost while the guild took the player over.
                vec![self.place_one(now_ms, shard, guild)]
            }
        }
    }

    /// Where a guild is, as far as the fleet knows.
    pub fn place(&self, shard: ShardId, guild: GuildId) -> Option<&NodeId> {
        self.guilds
            .get(&(shard, guild))
            .and_then(Option::as_ref)
            .map(|(node, _)| node)
    }

    /// Whether any node serves the guilds of a shard, or will go on to.
    pub fn is_served(&self, shard: ShardId) -> bool {
        self.nodes.keys().any(|node| self.serves(node, shard))
    }

    /// Whether a node serves the guilds of a shard, or will go on to.
    fn serves(&self, node: &NodeId, shard: ShardId) -> bool {
        let node = self.nodes.get(node);
        node.is_some_and(|node| node.up.contains(&shard) || node.resuming.contains(&shard))
    }

    fn enter(&mut self, node: &NodeId) {
        let node = self.nodes.entry(node.clone()).or_default();
        node.guilds = node.guilds.saturating_add(1);
        node.since_stats = node.since_stats.saturating_add(1);
    }

    fn leave(&mut self, node: &NodeId) {
        if let Some(node) = self.nodes.get_mut(node) {
            node.guilds = node.guilds.saturating_sub(1);
        }
    }

    fn up(&mut self, now_ms: u64, shard: ShardId, id: &NodeId, resumed: bool) -> Vec<Placement> {
        let node = self.nodes.entry(id.clone()).or_default();
        node.up.insert(shard);
        node.resuming.remove(&shard);
        // A new session has no players: its guilds are placed anew, here or elsewhere. Others wait for any node.
        let homeless = self.guilds_of(shard, |place| match place {
            None => true,
            Some((node, _)) => !resumed && node == id,
        });
        self.place_all(now_ms, shard, homeless)
    }

    fn down(&mut self, now_ms: u64, shard: ShardId, id: &NodeId, lost: bool) -> Vec<Placement> {
        let node = self.nodes.entry(id.clone()).or_default();
        node.up.remove(&shard);
        if !lost {
            node.resuming.insert(shard);
            return Vec::new();
        }
        node.resuming.remove(&shard);
        let homeless = self.guilds_of(shard, |place| place.as_ref().is_some_and(|(node, _)| node == id));
        self.place_all(now_ms, shard, homeless)
    }

    fn guilds_of(&self, shard: ShardId, keep: impl Fn(&Option<(NodeId, u64)>) -> bool) -> Vec<GuildId> {
        let all = (shard, GuildId(0))..=(shard, GuildId(u64::MAX));
        self.guilds
            .range(all)
            .filter(|(_, place)| keep(place))
            .map(|((_, guild), _)| *guild)
            .collect()
    }

    fn place_all(&mut self, now_ms: u64, shard: ShardId, guilds: Vec<GuildId>) -> Vec<Placement> {
        guilds
            .into_iter()
            .map(|guild| self.place_one(now_ms, shard, guild))
            .collect()
    }

    fn want(&mut self, now_ms: u64, shard: ShardId, guild: GuildId) -> Vec<Placement> {
        if let Some(Some((node, generation))) = self.guilds.get(&(shard, guild))
            && self.serves(node, shard)
        {
            let (node, generation) = (Some(node.clone()), *generation);
            return vec![Placement {
                shard,
                guild,
                node,
                generation,
            }];
        }
        vec![self.place_one(now_ms, shard, guild)]
    }

    /// The node with the least load; one that is drained only when there is no other.
    fn best(&self, now_ms: u64, shard: ShardId, but: Option<&NodeId>) -> Option<NodeId> {
        let up = self
            .nodes
            .iter()
            .filter(|(id, node)| node.up.contains(&shard) && Some(*id) != but);
        let best = up.min_by_key(|(_, node)| (node.drained, node.load(now_ms)));
        best.map(|(id, _)| id.clone())
    }

    fn place_one(&mut self, now_ms: u64, shard: ShardId, guild: GuildId) -> Placement {
        if let Some(Some((old, _))) = self.guilds.remove(&(shard, guild)) {
            self.leave(&old);
        }
        let best = self.best(now_ms, shard, None);
        self.place_at(now_ms, shard, guild, best)
    }

    fn place_at(&mut self, now_ms: u64, shard: ShardId, guild: GuildId, best: Option<NodeId>) -> Placement {
        if let Some(Some((old, _))) = self.guilds.remove(&(shard, guild)) {
            self.leave(&old);
        }
        self.last_generation = now_ms.max(self.last_generation.saturating_add(1));
        let generation = self.last_generation;
        self.guilds
            .insert((shard, guild), best.clone().map(|node| (node, generation)));
        if let Some(node) = &best {
            self.enter(node);
        }
        Placement {
            shard,
            guild,
            node: best,
            generation,
        }
    }
}

#[cfg(test)]
mod tests;
