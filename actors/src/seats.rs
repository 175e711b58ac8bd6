//! Who sits where: users in voice of all guilds of a shard, live or cold, and the bot's own seat.
//!
//! Compact by design: besides, the guild's name, the count of its members and its picture's name are kept, and nothing
//! else of a guild is cached. It is plain data; the shard decides who is told.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU32;
use std::sync::Arc;

use ostinato_machine::guild::Seat;
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};

use crate::about::{About, Icon};
use crate::ports::GuildSeats;

/// The seats of a shard.
#[derive(Debug, Default)]
pub(crate) struct Seats {
    guilds: BTreeMap<GuildId, Row>,
    /// What the gateway said of guilds to this process.
    described: BTreeMap<GuildId, Described>,
    changed: BTreeSet<GuildId>,
}

/// What the gateway said of a guild.
#[derive(Clone, Debug, Default)]
pub(crate) struct Described {
    /// Empty when nobody has said.
    pub(crate) name: Arc<str>,
    pub(crate) members: Option<NonZeroU32>,
    pub(crate) icon: Option<Icon>,
}

#[derive(Debug, Default)]
struct Row {
    /// Sorted by user.
    seats: Vec<Seat>,
    own: Option<(ChannelId, Hidden)>,
    /// What stands here was true in an older gateway session and is not known to be true now.
    void: bool,
}

impl Seats {
    /// Takes what was stored, as good as it is.
    pub(crate) fn restore(&mut self, stored: Vec<GuildSeats>) {
        for guild in stored {
            self.put(&guild, false);
        }
    }

    /// A new gateway session: the bot sits nowhere, and nothing is known until guilds are announced.
    pub(crate) fn void(&mut self) {
        for row in self.guilds.values_mut() {
            row.void = true;
            row.own = None;
        }
        self.changed.extend(self.guilds.keys());
    }

    /// A guild was announced, whole. Tells which seats are different from what was known before.
    pub(crate) fn announce(&mut self, guild: &GuildSeats) -> Vec<Seat> {
        let before = self.guilds.get(&GuildId(guild.guild));
        let before: BTreeMap<UserId, &Seat> = before
            .map(|row| row.seats.iter().map(|seat| (seat.user, seat)).collect())
            .unwrap_or_default();
        let now: BTreeSet<UserId> = guild.seats.iter().map(|seat| seat.user).collect();
        let gone = before
            .values()
            .filter(|seat| !now.contains(&seat.user))
            .map(|seat| Seat {
                channel: None,
                ..(**seat).clone()
            });
        let different = guild
            .seats
            .iter()
            .filter(|seat| before.get(&seat.user).is_none_or(|old| old != seat));
        let all = different.cloned().chain(gone).collect();
        self.put(guild, true);
        all
    }

    fn put(&mut self, guild: &GuildSeats, changed: bool) {
        let id = GuildId(guild.guild);
        let mut seats: Vec<Seat> = guild
            .seats
            .iter()
            .filter(|seat| seat.channel.is_some())
            .cloned()
            .collect();
        seats.sort_by_key(|seat| seat.user);
        seats.shrink_to_fit();
        if changed {
            self.changed.insert(id);
        }
        let row = Row {
            seats,
            own: guild.own.clone(),
            void: false,
        };
        self.guilds.insert(id, row);
    }

    /// One user's seat.
    pub(crate) fn sit(&mut self, guild: GuildId, seat: &Seat) {
        let Some(row) = self.guilds.get_mut(&guild) else {
            // Not announced in this session: one seat is not all of them, the others stay unknown.
            return;
        };
        match (
            row.seats.binary_search_by_key(&seat.user, |known| known.user),
            seat.channel,
        ) {
            (Ok(place), None) => drop(row.seats.remove(place)),
            (Ok(place), Some(_)) => {
                if let Some(known) = row.seats.get_mut(place) {
                    known.clone_from(seat);
                }
            }
            (Err(place), Some(_)) => row.seats.insert(place, seat.clone()),
            (Err(_), None) => return,
        }
        self.changed.insert(guild);
    }

    /// The bot's own seat.
    pub(crate) fn sit_down(&mut self, guild: GuildId, own: Option<(ChannelId, Hidden)>) {
        let known = self.guilds.contains_key(&guild);
        let row = self.guilds.entry(guild).or_default();
        row.void |= !known;
        row.own = own;
        self.changed.insert(guild);
    }

    /// The guild is gone.
    pub(crate) fn remove(&mut self, guild: GuildId) {
        self.described.remove(&guild);
        if self.guilds.remove(&guild).is_some() {
            self.changed.insert(guild);
        }
    }

    /// Users in voice; `None` while nobody knows.
    pub(crate) fn of(&self, guild: GuildId) -> Option<Vec<Seat>> {
        let row = self.guilds.get(&guild).filter(|row| !row.void)?;
        Some(row.seats.clone())
    }

    /// The bot's own channel and voice session, if Discord holds one as far as known.
    pub(crate) fn own(&self, guild: GuildId) -> Option<(ChannelId, Hidden)> {
        self.guilds.get(&guild).and_then(|row| row.own.clone())
    }

    /// Guilds in which the bot sits.
    pub(crate) fn seated(&self) -> Vec<GuildId> {
        let seated = self.guilds.iter().filter(|(_, row)| row.own.is_some());
        seated.map(|(guild, _)| *guild).collect()
    }

    /// Every guild that was announced or restored, by id.
    pub(crate) fn guilds(&self) -> impl Iterator<Item = GuildId> {
        self.guilds.keys().copied()
    }

    /// How many guilds were announced or restored.
    pub(crate) fn len(&self) -> usize {
        self.guilds.len()
    }

    /// In how many guilds the bot sits, and how many human listeners sit beside it.
    pub(crate) fn audience(&self) -> (usize, usize) {
        let seated = self.guilds.iter().filter(|(_, row)| row.own.is_some());
        seated.fold((0, 0), |(guilds, people), (guild, _)| {
            (guilds + 1, people + self.listeners(*guild))
        })
    }

    /// What is said of the guild. A name that is as before stays the one that is shared; members that
    /// are not told stay as they were.
    pub(crate) fn describe(&mut self, guild: GuildId, about: About) {
        let About { name, members, icon } = about;
        let known = self.described.entry(guild).or_default();
        if *known.name != *name {
            known.name = name.into();
        }
        known.members = members.or(known.members);
        known.icon = icon;
    }

    /// What was said of the guild; empty when nobody has.
    pub(crate) fn described(&self, guild: GuildId) -> Described {
        self.described.get(&guild).cloned().unwrap_or_default()
    }

    /// Human listeners beside the bot.
    pub(crate) fn listeners(&self, guild: GuildId) -> usize {
        let Some(row) = self.guilds.get(&guild) else { return 0 };
        let Some((own, _)) = &row.own else { return 0 };
        let beside = |seat: &&Seat| !seat.bot && seat.channel == Some(*own);
        row.seats.iter().filter(beside).count()
    }

    /// Whether the guild was announced or restored and is good.
    pub(crate) fn knows(&self, guild: GuildId) -> bool {
        self.guilds.get(&guild).is_some_and(|row| !row.void)
    }

    /// Guilds whose seats changed since the last call, whole.
    pub(crate) fn take_changed(&mut self) -> Vec<GuildSeats> {
        let changed = std::mem::take(&mut self.changed);
        let whole = |guild: GuildId| {
            let row = self.guilds.get(&guild).filter(|row| !row.void);
            GuildSeats {
                guild: guild.0,
                seats: row.map(|row| row.seats.clone()).unwrap_or_default(),
                own: row.and_then(|row| row.own.clone()),
            }
        };
        changed.into_iter().map(whole).collect()
    }

    /// Takes a failed write back: these are to be written again.
    pub(crate) fn mark_changed(&mut self, guilds: impl Iterator<Item = GuildId>) {
        self.changed.extend(guilds);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUILD: GuildId = GuildId(7);

    fn seat(user: u64, channel: Option<u64>) -> Seat {
        Seat {
            user: UserId(user),
            channel: channel.map(ChannelId),
            bot: user > 90,
        }
    }

    fn announced(seats: Vec<Seat>) -> GuildSeats {
        GuildSeats {
            guild: GUILD.0,
            seats,
            own: Some((ChannelId(1), Hidden::new("s"))),
        }
    }

    #[test]
    fn a_guild_that_is_called_otherwise_keeps_its_members() {
        let mut seats = Seats::default();
        let about = About {
            name: "Home".into(),
            members: NonZeroU32::new(7),
            icon: Icon::read("00112233445566778899aabbccddeeff"),
        };
        seats.describe(GUILD, about);
        seats.describe(
            GUILD,
            About {
                name: "New Home".into(),
                ..About::default()
            },
        );
        let Described { name, members, icon } = seats.described(GUILD);
        assert_eq!((&*name, members, icon), ("New Home", NonZeroU32::new(7), None));
    }

    #[test]
    fn an_announcement_tells_what_is_different() {
        let mut seats = Seats::default();
        let told = seats.announce(&announced(vec![seat(1, Some(1)), seat(2, Some(1)), seat(99, Some(1))]));
        assert_eq!(told.len(), 3);
        assert_eq!(seats.listeners(GUILD), 2);
        seats.void();
        assert!(seats.of(GUILD).is_none() && !seats.knows(GUILD));
        let told = seats.announce(&announced(vec![seat(2, Some(5)), seat(3, Some(1))]));
        assert_eq!(
            told,
            [
                seat(2, Some(5)),
                seat(3, Some(1)),
                seat(1, None),
                Seat {
                    channel: None,
                    ..seat(99, None)
                }
            ]
        );
    }

    #[test]
    fn only_changed_guilds_are_written_and_a_failed_write_is_repeated() {
        let mut seats = Seats::default();
        seats.restore(vec![announced(vec![seat(1, Some(1))])]);
        assert!(seats.take_changed().is_empty());
        seats.sit(GUILD, &seat(2, Some(1)));
        let written = seats.take_changed();
        assert_eq!(written.len(), 1);
        assert_eq!(written[0].seats, [seat(1, Some(1)), seat(2, Some(1))]);
        seats.mark_changed([GUILD].into_iter());
        assert_eq!(seats.take_changed(), written);
        seats.remove(GUILD);
        assert_eq!(
            seats.take_changed(),
            [GuildSeats {
                guild: GUILD.0,
                ..GuildSeats::default()
            }]
        );
    }

    #[test]
    fn a_seat_in_a_guild_that_nobody_announced_leaves_the_others_unknown() {
        let mut seats = Seats::default();
        seats.sit(GUILD, &seat(1, Some(1)));
        seats.sit_down(GUILD, Some((ChannelId(1), Hidden::new("s"))));
        assert!(seats.of(GUILD).is_none());
        assert!(seats.own(GUILD).is_some());
    }
}
