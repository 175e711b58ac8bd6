//! The causes that a guild has applied lately (L8), small: a busy guild has many, and Discord's ids carry their time.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use crate::ids::CauseId;

/// Causes of a kind that are remembered at least.
const LEAST: usize = 64;

/// Causes of a kind that are remembered at most, however busy the guild is (L6).
const MOST: usize = 256;

/// Marks an id as one of a message. Discord's ids leave this bit alone until 2084.
const MESSAGE: u64 = 1 << 63;

/// Milliseconds from 1970 to the first of Discord's ids.
const DISCORD_EPOCH_MS: u64 = 1_420_070_400_000;

/// When Discord made an id, wall-clock ms.
pub(super) fn made_ms(id: u64) -> u64 {
    ((id & !MESSAGE) >> 22).saturating_add(DISCORD_EPOCH_MS)
}

/// The causes. Stored as a list of times and causes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(from = "Vec<(u64, CauseId)>", into = "Vec<(u64, CauseId)>")]
pub(super) struct Causes {
    /// Ids of interactions and messages.
    ids: VecDeque<u64>,
    /// All others, each with its time.
    others: VecDeque<Box<(u64, CauseId)>>,
}

/// The id under which a cause is remembered, if it is one that Discord made.
fn id_of(cause: &CauseId) -> Option<u64> {
    match cause {
        CauseId::Interaction(id) if *id < MESSAGE => Some(*id),
        CauseId::Message(id) if *id < MESSAGE => Some(*id | MESSAGE),
        CauseId::Interaction(_) | CauseId::Message(_) | CauseId::Order(_) | CauseId::Internal => None,
    }
}

/// Adds one, and forgets those that are old and many.
fn add<T>(all: &mut VecDeque<T>, new: T, is_old: impl Fn(&T) -> bool) {
    while all.len() >= MOST || (all.len() >= LEAST && all.front().is_some_and(&is_old)) {
        all.pop_front();
    }
    all.push_back(new);
}

impl Causes {
    /// Remembers a cause that was applied at `at_ms`, and forgets those from before `old_ms`.
    pub(super) fn remember(&mut self, at_ms: u64, cause: &CauseId, old_ms: u64) {
        match id_of(cause) {
            Some(id) => add(&mut self.ids, id, |id| made_ms(*id) < old_ms),
            None if *cause == CauseId::Internal => {}
            None => add(&mut self.others, Box::new((at_ms, cause.clone())), |other| {
                other.0 < old_ms
            }),
        }
    }

    /// Whether this cause was applied already.
    pub(super) fn knows(&self, cause: &CauseId) -> bool {
        match id_of(cause) {
            Some(id) => self.ids.contains(&id),
            None => self.others.iter().any(|other| other.1 == *cause),
        }
    }

    /// How many are remembered.
    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.ids.len() + self.others.len()
    }

    /// Bytes on the heap.
    pub(super) fn heap(&self) -> usize {
        let (id, other) = (size_of::<u64>(), size_of::<usize>());
        self.ids.capacity() * id + self.others.capacity() * other + self.others.len() * size_of::<(u64, CauseId)>()
    }
}

impl From<Vec<(u64, CauseId)>> for Causes {
    fn from(list: Vec<(u64, CauseId)>) -> Self {
        let mut causes = Self::default();
        for (at_ms, cause) in &list {
            causes.remember(*at_ms, cause, 0);
        }
        causes
    }
}

impl From<Causes> for Vec<(u64, CauseId)> {
    fn from(causes: Causes) -> Self {
        let cause = |id: u64| match id & MESSAGE {
            0 => CauseId::Interaction(id),
            _ => CauseId::Message(id & !MESSAGE),
        };
        let ids = causes.ids.into_iter().map(|id| (made_ms(id), cause(id)));
        ids.chain(causes.others.into_iter().map(|other| *other)).collect()
    }
}
