//! What a process that is gone may not have said any more: the words that stood beside its records.

use std::collections::VecDeque;

use ostinato_machine::guild::{Said, Say};
use ostinato_machine::ids::GuildId;

/// Words remembered on one arbiter at most (L6).
const MOST: usize = 4_096;

/// Words older than this are of no use, ms: a deferred interaction can't be finished any more.
const OLD_MS: u64 = 15 * 60 * 1_000;

/// Words of processes that are gone, oldest first.
#[derive(Debug, Default)]
pub(super) struct Recalled(VecDeque<(GuildId, Said)>);

impl Recalled {
    /// Remembers the words that stood beside a guild's records, as far as somebody may still wait for them.
    pub(super) fn add(&mut self, guild: GuildId, said: Vec<Said>, now_ms: u64) {
        let is_old = |said: &Said| said.at_ms.saturating_add(OLD_MS) < now_ms;
        self.0.retain(|(of, said)| *of != guild && !is_old(said));
        self.0
            .extend(said.into_iter().filter(|said| !is_old(said)).map(|said| (guild, said)));
        let surplus = self.0.len().saturating_sub(MOST);
        drop(self.0.drain(..surplus));
    }

    /// Takes the words that answer `id`.
    pub(super) fn take(&mut self, id: u64) -> Option<Say> {
        let at = self.0.iter().position(|(_, said)| said.id == id)?;
        self.0.remove(at).map(|(_, said)| said.say)
    }

    /// All words of a guild.
    pub(super) fn of(&self, guild: GuildId) -> Vec<Said> {
        let mine = self.0.iter().filter(|(of, _)| *of == guild);
        mine.map(|(_, said)| said.clone()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(id: u64, at_ms: u64) -> Said {
        let say = Say::Volume { percent: 7 };
        Said { id, at_ms, say }
    }

    #[test]
    fn words_are_taken_once_and_old_ones_are_not_remembered() {
        let mut recalled = Recalled::default();
        recalled.add(GuildId(1), vec![said(5, 0), said(6, OLD_MS)], OLD_MS + 1);
        assert_eq!(recalled.take(5), None);
        assert_eq!(recalled.take(6), Some(Say::Volume { percent: 7 }));
        assert_eq!(recalled.take(6), None);
    }

    #[test]
    fn a_guild_that_is_read_again_has_its_words_once_and_all_are_bounded() {
        let mut recalled = Recalled::default();
        for _ in 0..2 {
            recalled.add(GuildId(1), vec![said(5, 1), said(6, 1)], 1);
        }
        assert_eq!(recalled.of(GuildId(1)).len(), 2);
        let many = (0..=MOST as u64).map(|id| said(id, 1)).collect();
        recalled.add(GuildId(2), many, 1);
        assert_eq!(
            (recalled.0.len(), recalled.of(GuildId(1)).len()),
            (MOST, 0),
            "the newest stay"
        );
    }
}
