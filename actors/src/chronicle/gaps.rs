//! Silences that nobody asked for.

use ostinato_machine::ids::GuildId;

/// What made a silence that nobody asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum GapCause {
    /// An audio node was lost.
    Node,
    /// Discord closed the voice connection.
    Voice,
    /// A new gateway session ended every voice session.
    Gateway,
}

impl GapCause {
    /// Every cause.
    pub const ALL: [Self; 3] = [Self::Node, Self::Voice, Self::Gateway];

    /// Its name, for metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Voice => "voice",
            Self::Gateway => "gateway",
        }
    }
}

/// A silence that nobody asked for, when it was over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Gap {
    /// When it ended, wall-clock ms.
    pub at_ms: u64,
    /// The guild.
    pub guild: GuildId,
    /// What made it.
    pub cause: GapCause,
    /// How long it was, as far as audio nodes told, ms.
    pub ms: u64,
}

/// How long the silences of one cause were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// How many were at most as long as the bound in [`Self::BOUNDS_MS`] and longer than the one before; the last: longer.
    pub counts: [u64; 10],
    /// All together, ms.
    pub sum_ms: u64,
}

impl Gaps {
    /// Upper bounds of the counts, ms.
    pub const BOUNDS_MS: [u64; 9] = [100, 250, 500, 1_000, 2_000, 6_000, 15_000, 30_000, 60_000];

    pub(super) fn put(&mut self, ms: u64) {
        let place = Self::BOUNDS_MS
            .iter()
            .position(|bound| ms <= *bound)
            .unwrap_or(Self::BOUNDS_MS.len());
        if let Some(count) = self.counts.get_mut(place) {
            *count = count.saturating_add(1);
        }
        self.sum_ms = self.sum_ms.saturating_add(ms);
    }
}
