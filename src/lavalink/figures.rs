//! What the nodes say of themselves and how they did what they were asked, for the metrics.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ostinato_actors::ports::{PortError, PortErrorKind};
use ostinato_machine::guild::Loaded;

use super::wire::Stats;
use crate::figures::{Count, Histogram, Level, Spread, WAITS};

/// How an order ended.
const ENDINGS: [&str; 5] = ["done", "timeout", "unreachable", "refused", "gone"];

/// What a search gave.
const FINDS: [&str; 6] = ["found", "nothing", "failed", "timeout", "unreachable", "gone"];

/// Who searches: somebody who asked, or autoplay.
const PURPOSES: [&str; 2] = ["asked", "related"];

/// Figures of one node, over the sessions of all shards with it.
#[derive(Debug)]
pub struct NodeFigures {
    heard: AtomicBool,
    /// Players on the node, everybody's.
    pub players: Level,
    /// Those that play.
    pub playing: Level,
    /// Load of its machine, in thousandths.
    pub system_permille: Level,
    /// What of it is the node's own, in thousandths.
    pub own_permille: Level,
    /// Memory in use, bytes.
    pub memory: Level,
    /// Frames that a player did not get in time within a minute, average.
    pub deficit: Level,
    /// Empty frames that a player sent within a minute, average.
    pub nulled: Level,
    /// Sessions that began anew.
    pub fresh: Count,
    /// Sessions that were resumed.
    pub resumed: Count,
    /// Connections that ended by themselves.
    pub drops: Count,
    /// How often its guilds were told to move.
    pub losses: Count,
    /// Voice orders that it left without an answer since its start.
    pub unanswered: Level,
    orders: [Histogram; ENDINGS.len()],
}

impl Default for NodeFigures {
    fn default() -> Self {
        Self {
            heard: AtomicBool::default(),
            players: Level::default(),
            playing: Level::default(),
            system_permille: Level::default(),
            own_permille: Level::default(),
            memory: Level::default(),
            deficit: Level::default(),
            nulled: Level::default(),
            fresh: Count::default(),
            resumed: Count::default(),
            drops: Count::default(),
            losses: Count::default(),
            unanswered: Level::default(),
            orders: std::array::from_fn(|_| Histogram::of_time(WAITS)),
        }
    }
}

impl NodeFigures {
    /// What the node says of itself.
    pub(super) fn hear(&self, stats: &Stats) {
        self.players.set(stats.players.into());
        self.playing.set(stats.playing_players.into());
        self.system_permille.set(stats.cpu.system_permille().into());
        self.own_permille.set(stats.cpu.own_permille().into());
        self.memory.set(stats.memory.used);
        let (deficit, nulled) = stats.frame_stats.as_ref().map_or((0, 0), |frames| frames.parts());
        self.deficit.set(deficit);
        self.nulled.set(nulled);
        self.heard.store(true, Ordering::Relaxed);
    }

    /// Whether it ever said anything of itself.
    pub fn is_heard(&self) -> bool {
        self.heard.load(Ordering::Relaxed)
    }

    /// An order took so long and ended so.
    pub(super) fn ordered<T>(&self, result: Result<&T, PortErrorKind>, time: Duration) {
        let place = match result {
            Ok(_) => 0,
            Err(PortErrorKind::Timeout) => 1,
            Err(PortErrorKind::Unreachable | PortErrorKind::Overloaded) => 2,
            Err(PortErrorKind::Refused | PortErrorKind::Malformed) => 3,
            Err(PortErrorKind::Gone) => 4,
        };
        if let Some(histogram) = self.orders.get(place) {
            histogram.took(time);
        }
    }

    /// How long orders took, by how they ended.
    pub fn orders(&self) -> impl Iterator<Item = (&'static str, Spread)> {
        read(ENDINGS, &self.orders)
    }
}

/// Figures of searches, over all nodes.
#[derive(Debug)]
pub struct SearchFigures([[Histogram; FINDS.len()]; PURPOSES.len()]);

impl Default for SearchFigures {
    fn default() -> Self {
        Self(std::array::from_fn(|_| {
            std::array::from_fn(|_| Histogram::of_time(WAITS))
        }))
    }
}

/// Who searches.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    /// Somebody wants to hear or to choose it.
    Asked,
    /// Autoplay goes on with what it finds.
    Related,
}

impl SearchFigures {
    /// A search took so long and gave this.
    pub(super) fn searched(&self, purpose: Purpose, result: &Result<Loaded, PortError>, time: Duration) {
        let place = match result {
            Ok(Loaded::Track(_)) => 0,
            Ok(Loaded::Found(tracks) | Loaded::Playlist { tracks, .. }) if !tracks.is_empty() => 0,
            Ok(Loaded::Found(_) | Loaded::Playlist { .. } | Loaded::Empty) => 1,
            Ok(Loaded::Error { .. }) => 2,
            Err(error) => match error.kind {
                PortErrorKind::Refused | PortErrorKind::Malformed => 2,
                PortErrorKind::Timeout => 3,
                PortErrorKind::Unreachable | PortErrorKind::Overloaded => 4,
                PortErrorKind::Gone => 5,
            },
        };
        if let Some(histogram) = self.0.get(purpose as usize).and_then(|finds| finds.get(place)) {
            histogram.took(time);
        }
    }

    /// How long searches took, by who searched and what they gave.
    pub fn searches(&self) -> impl Iterator<Item = (&'static str, &'static str, Spread)> {
        let each = |(purpose, finds)| read(FINDS, finds).map(move |(find, spread)| (purpose, find, spread));
        PURPOSES.into_iter().zip(&self.0).flat_map(each)
    }
}

fn read<const N: usize>(
    names: [&'static str; N],
    histograms: &[Histogram; N],
) -> impl Iterator<Item = (&'static str, Spread)> {
    let all = names.into_iter().zip(histograms);
    all.filter_map(|(name, histogram)| Some((name, histogram.read()?)))
}
