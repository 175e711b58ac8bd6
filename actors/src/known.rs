//! The guilds that the bot is in, and what Discord says of each.
//!
//! A gateway session announces its guilds once. A process that goes on with the session of another one is told of none of
//! them again: this is therefore stored as it changes, and read when the shard starts.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use ostinato_machine::ids::GuildId;

use crate::about::{About, Icon};

/// The guilds of a shard.
#[derive(Debug, Default)]
pub(crate) struct Known {
    guilds: BTreeMap<GuildId, Described>,
    changed: BTreeSet<GuildId>,
}

/// What Discord says of a guild.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Described {
    /// Empty when nobody has said.
    pub(crate) name: Arc<str>,
    pub(crate) members: Option<NonZeroU32>,
    pub(crate) icon: Option<Icon>,
}

impl Known {
    /// Takes what was stored.
    pub(crate) fn restore(&mut self, stored: Vec<(GuildId, About)>) {
        let described = |(guild, about)| (guild, Described::from(about));
        self.guilds = stored.into_iter().map(described).collect();
    }

    /// What is said of a guild. A name that is as before stays the one that is shared; members that are not told stay as
    /// they were.
    pub(crate) fn describe(&mut self, guild: GuildId, about: About) {
        let is_new = match self.guilds.get_mut(&guild) {
            Some(known) => known.learn(about),
            None => self.guilds.insert(guild, about.into()).is_none(),
        };
        if is_new {
            self.changed.insert(guild);
        }
    }

    /// The bot is in the guild no more.
    pub(crate) fn remove(&mut self, guild: GuildId) {
        if self.guilds.remove(&guild).is_some() {
            self.changed.insert(guild);
        }
    }

    /// The bot is in these guilds and in no other.
    pub(crate) fn keep(&mut self, listed: &BTreeSet<GuildId>) {
        let changed = &mut self.changed;
        self.guilds.retain(|guild, _| {
            let stays = listed.contains(guild);
            if !stays {
                changed.insert(*guild);
            }
            stays
        });
    }

    /// Whether the bot is in the guild, as far as Discord has said.
    pub(crate) fn has(&self, guild: GuildId) -> bool {
        self.guilds.contains_key(&guild)
    }

    /// All of them, by id.
    pub(crate) fn guilds(&self) -> impl Iterator<Item = GuildId> {
        self.guilds.keys().copied()
    }

    /// What was said of the guild; empty when nobody has.
    pub(crate) fn of(&self, guild: GuildId) -> Described {
        self.guilds.get(&guild).cloned().unwrap_or_default()
    }

    /// Whether something is to be written.
    pub(crate) fn is_changed(&self) -> bool {
        !self.changed.is_empty()
    }

    /// Some guilds of which something else was said since they were last taken. `None`: the bot is in it no more.
    pub(crate) fn take_changed(&mut self, most: usize) -> Vec<(GuildId, Option<About>)> {
        let some = std::iter::from_fn(|| self.changed.pop_first()).take(most);
        some.map(|guild| (guild, self.guilds.get(&guild).map(About::from)))
            .collect()
    }

    /// Takes a failed write back: these are to be written again.
    pub(crate) fn mark_changed(&mut self, guilds: impl Iterator<Item = GuildId>) {
        self.changed.extend(guilds);
    }
}

impl Described {
    /// Tells whether it is something else than before.
    fn learn(&mut self, About { name, members, icon }: About) -> bool {
        let members = members.or(self.members);
        if *self.name == *name && self.members == members && self.icon == icon {
            return false;
        }
        if *self.name != *name {
            self.name = name.into();
        }
        (self.members, self.icon) = (members, icon);
        true
    }
}

impl From<About> for Described {
    fn from(About { name, members, icon }: About) -> Self {
        let name = name.into();
        Self { name, members, icon }
    }
}

impl From<&Described> for About {
    fn from(Described { name, members, icon }: &Described) -> Self {
        Self {
            name: Box::from(&**name),
            members: *members,
            icon: *icon,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: GuildId = GuildId(7);
    const CLUB: GuildId = GuildId(8);

    fn about(name: &str) -> About {
        About {
            name: name.into(),
            members: NonZeroU32::new(12),
            icon: None,
        }
    }

    #[test]
    fn only_what_is_said_anew_is_written_and_a_failed_write_is_repeated() {
        let mut known = Known::default();
        known.restore(vec![(HOME, about("Home")), (CLUB, about("Club"))]);
        known.describe(HOME, about("Home"));
        assert!(!known.is_changed());
        known.describe(HOME, about("New Home"));
        known.remove(CLUB);
        known.remove(CLUB);
        let written = [(HOME, Some(about("New Home"))), (CLUB, None)];
        assert_eq!(known.take_changed(9), written);
        assert!(!known.is_changed() && !known.has(CLUB));
        known.mark_changed([CLUB, HOME].into_iter());
        assert_eq!(known.take_changed(1), written[..1]);
        assert_eq!(known.take_changed(1), written[1..]);
    }

    #[test]
    fn a_guild_that_is_called_otherwise_keeps_its_members() {
        let mut known = Known::default();
        known.describe(HOME, about("Home"));
        known.describe(
            HOME,
            About {
                name: "New Home".into(),
                icon: Icon::read("00112233445566778899aabbccddeeff"),
                ..About::default()
            },
        );
        let now = known.of(HOME);
        assert_eq!((&*now.name, now.members), ("New Home", NonZeroU32::new(12)));
        assert!(now.icon.is_some());
    }

    #[test]
    fn a_new_list_leaves_what_is_known_of_the_guilds_in_it_and_forgets_the_others() {
        let mut known = Known::default();
        known.restore(vec![(HOME, about("Home")), (CLUB, about("Club"))]);
        known.keep(&BTreeSet::from([HOME, GuildId(9)]));
        assert_eq!(known.guilds().collect::<Vec<_>>(), [HOME]);
        assert_eq!(*known.of(HOME).name, *"Home");
        assert_eq!(known.take_changed(9), [(CLUB, None)]);
    }
}
