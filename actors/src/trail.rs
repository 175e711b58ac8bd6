//! What was heard of a guild lately: since when, from where, and in which life of its actor.
//!
//! It is kept beside the guild's slot and not in its actor, so that a death does not take it along.

use std::collections::VecDeque;

use ostinato_machine::guild::Silence;
use ostinato_machine::ids::NodeId;

/// Turns of one guild that are kept.
const KEPT: usize = 32;

/// What is heard of a guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// A node says that it plays.
    Sound,
    /// Nothing, for this reason.
    Silence(Silence),
    /// Nobody can say: it is parked, and what its player does is left to it.
    Parked,
}

/// From here on something else is heard, from elsewhere or in another life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// When, wall-clock ms.
    pub at_ms: u64,
    /// The life of the guild's actor.
    pub incarnation: u64,
    /// The node that is to play.
    pub node: Option<NodeId>,
    /// What is heard from now on.
    pub heard: Heard,
}

impl Turn {
    fn is_like(&self, other: &Self) -> bool {
        (self.incarnation, &self.node, self.heard) == (other.incarnation, &other.node, other.heard)
    }
}

/// The newest turns of one guild, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Trail(VecDeque<Turn>);

impl Trail {
    /// Takes how it is now; what is as before is no turn, and what lasted for no time was none.
    pub(crate) fn put(&mut self, turn: Turn) {
        if self.0.back().is_some_and(|last| last.at_ms == turn.at_ms) {
            self.0.pop_back();
        }
        if self.0.back().is_some_and(|last| last.is_like(&turn)) {
            return;
        }
        if self.0.len() >= KEPT {
            self.0.pop_front();
        }
        self.0.push_back(turn);
    }

    /// Its actor runs no more until it is released.
    pub(crate) fn park(&mut self, at_ms: u64) {
        let last = self.0.back();
        let turn = Turn {
            at_ms,
            incarnation: last.map_or(0, |last| last.incarnation),
            node: last.and_then(|last| last.node.clone()),
            heard: Heard::Parked,
        };
        self.put(turn);
    }

    /// All that is kept, oldest first.
    pub(crate) fn turns(&self) -> Vec<Turn> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turn(at_ms: u64, incarnation: u64, heard: Heard) -> Turn {
        Turn {
            at_ms,
            incarnation,
            node: Some(NodeId::new("n1")),
            heard,
        }
    }

    #[test]
    fn only_what_changes_and_lasts_is_a_turn() {
        let mut trail = Trail::default();
        let starting = Heard::Silence(Silence::Starting);
        trail.put(turn(1, 1, starting));
        trail.put(turn(5, 1, Heard::Sound));
        trail.put(turn(9, 1, Heard::Sound));
        trail.put(turn(20, 1, starting));
        trail.put(turn(20, 1, Heard::Sound));
        assert_eq!(trail.turns(), [turn(1, 1, starting), turn(5, 1, Heard::Sound)]);
        trail.put(turn(30, 2, Heard::Sound));
        trail.park(40);
        assert_eq!(
            trail.turns().get(2..),
            Some(&[turn(30, 2, Heard::Sound), turn(40, 2, Heard::Parked)][..])
        );
    }

    #[test]
    fn the_oldest_turns_go() {
        let mut trail = Trail::default();
        for at_ms in 0..100 {
            trail.put(turn(at_ms, at_ms, Heard::Sound));
        }
        let turns = trail.turns();
        assert_eq!((turns.len(), turns.first().map(|turn| turn.at_ms)), (KEPT, Some(68)));
    }
}
