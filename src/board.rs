//! What of the outside is up. Adapters write it, whoever serves it reads it, from any thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

/// How one thing stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Since when, wall-clock ms.
    pub since_ms: u64,
    /// Why it is not up; `None`: it is.
    pub why: Option<String>,
}

impl Standing {
    /// Whether it is up.
    pub fn is_up(&self) -> bool {
        self.why.is_none()
    }
}

/// How things stand, by their names. Cloning shares it.
#[derive(Debug)]
pub struct Board<K>(Arc<Mutex<BTreeMap<K, Standing>>>);

impl<K> Clone for Board<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K> Default for Board<K> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Clone> Board<K> {
    fn held(&self) -> MutexGuard<'_, BTreeMap<K, Standing>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// It is up from now on.
    pub fn up(&self, name: K) {
        self.set(name, None);
    }

    /// It is not up, for this reason.
    pub fn down(&self, name: K, why: &str) {
        self.set(name, Some(why.to_owned()));
    }

    /// Nobody asks about it any more.
    pub fn forget(&self, name: &K) {
        self.held().remove(name);
    }

    fn set(&self, name: K, why: Option<String>) {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_ms = u64::try_from(now.as_millis()).unwrap_or(u64::MAX);
        let mut held = self.held();
        let before = held.get(&name).filter(|before| before.is_up() == why.is_none());
        let since_ms = before.map_or(now_ms, |before| before.since_ms);
        held.insert(name, Standing { since_ms, why });
    }

    /// How `name` stands; `None` when nothing was heard of it.
    pub fn of(&self, name: &K) -> Option<Standing> {
        self.held().get(name).cloned()
    }

    /// Everything, by name.
    pub fn all(&self) -> Vec<(K, Standing)> {
        self.held()
            .iter()
            .map(|(name, standing)| (name.clone(), standing.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_is_as_old_as_its_last_change() {
        let board = Board::default();
        board.down(1, "refused");
        let first = board.of(&1).unwrap();
        board.down(1, "reset");
        let second = board.of(&1).unwrap();
        assert_eq!(
            (second.since_ms, second.why.as_deref()),
            (first.since_ms, Some("reset"))
        );
        board.up(1);
        assert!(board.of(&1).unwrap().is_up());
        board.clone().forget(&1);
        assert_eq!((board.of(&1), board.all().len()), (None, 0));
    }
}
