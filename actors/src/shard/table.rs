//! A shard's slots and what is due for them. Part of the error kernel.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::sync::Arc;

use ostinato_machine::guild::Guild;
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::{NotNow, Phase, SlotContext, SlotInput, SlotOrder, SlotOutput};

use super::{Due, Entry, LOOK_AGAIN_MS, Now, Table, WAKE_AGAIN_MS};
use crate::messages::{Item, Work};
use crate::settings::Settings;

impl Table {
    pub(crate) fn next_work(&mut self) -> Option<(GuildId, Work)> {
        self.work.pop_front()
    }

    pub(crate) fn has_work(&self) -> bool {
        !self.work.is_empty()
    }

    pub(crate) fn entry(&mut self, guild: GuildId) -> &mut Entry {
        self.entries.entry(guild).or_default()
    }

    pub(crate) fn entries(&self) -> impl Iterator<Item = (GuildId, &Entry)> {
        self.entries.iter().map(|(guild, entry)| (*guild, entry))
    }

    /// Guilds whose actor runs.
    pub(crate) fn live(&self) -> usize {
        let live = self.entries.values().filter(|entry| entry.slot.incarnation().is_some());
        live.count()
    }

    /// One step of a guild's slot.
    pub(crate) fn step(
        &mut self,
        guild: GuildId,
        now: Now,
        settings: &Settings,
        input: SlotInput,
        out: &mut Vec<SlotOutput<Item>>,
    ) {
        let (entry, mut context) = self.at(guild, now, settings);
        entry.slot.step(&mut context, input, out);
    }

    /// One order of an operator.
    pub(crate) fn order(
        &mut self,
        guild: GuildId,
        now: Now,
        settings: &Settings,
        (order, reference): (SlotOrder, Arc<str>),
        out: &mut Vec<SlotOutput<Item>>,
    ) -> Result<(), NotNow> {
        let (entry, mut context) = self.at(guild, now, settings);
        entry.slot.order(&mut context, order, reference, out)
    }

    fn at<'a>(&'a mut self, guild: GuildId, now: Now, settings: &'a Settings) -> (&'a mut Entry, SlotContext<'a>) {
        let context = SlotContext {
            now_ms: now.rising_ms,
            wall_ms: now.wall_ms,
            chance: now.chance,
            policy: &settings.slots,
            tokens: &mut self.tokens,
            incarnations: &mut self.incarnations,
        };
        (self.entries.entry(guild).or_default(), context)
    }

    /// Sets the guild's timer to what is due next; a slot that nothing speaks for is let go. Tells whether the timer is
    /// now the first one.
    pub(crate) fn arm(&mut self, guild: GuildId, now: Now, settings: &Settings) -> bool {
        let Some(entry) = self.entries.get_mut(&guild) else {
            return false;
        };
        if let Some(armed_ms) = entry.armed_ms.take() {
            self.timers.remove(&(armed_ms, guild));
        }
        if entry.slot.is_idle_cold() {
            self.entries.remove(&guild);
            return false;
        }
        let due = entry.due(now, settings).map(|(at_ms, _)| at_ms);
        let Some(due) = due else { return false };
        let due = due.min(now.rising_ms.saturating_add(LOOK_AGAIN_MS));
        entry.armed_ms = Some(due);
        self.timers.insert((due, guild));
        self.timers.first() == Some(&(due, guild))
    }

    /// When the first timer is due, ms of the rising clock.
    pub(crate) fn first_due_ms(&self) -> Option<u64> {
        self.timers.first().map(|(at_ms, _)| *at_ms)
    }

    /// Takes the guilds whose timers are due, with what is due for them; `None`: it only had to be looked at.
    pub(crate) fn take_due(&mut self, now: Now, settings: &Settings) -> Vec<(GuildId, Option<Due>)> {
        let mut due = Vec::new();
        while let Some((at_ms, guild)) = self.timers.first().copied() {
            if at_ms > now.rising_ms {
                break;
            }
            self.timers.remove(&(at_ms, guild));
            if let Some(entry) = self.entries.get_mut(&guild) {
                entry.armed_ms = None;
                let what = entry.due(now, settings).filter(|(at_ms, _)| *at_ms <= now.rising_ms);
                due.push((guild, what.map(|(_, what)| what)));
            }
        }
        due
    }

    /// The guilds that rest and hold nothing, longest first, beyond the cap on live guilds.
    pub(crate) fn beyond_cap(&self, cap: usize) -> Vec<GuildId> {
        let excess = self.live().saturating_sub(cap);
        if excess == 0 {
            return Vec::new();
        }
        let mut resting: Vec<(u64, GuildId)> = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.slot.phase() == Phase::Live && entry.slot.held() == 0)
            .filter_map(|(guild, entry)| Some((entry.rests_since_ms?, *guild)))
            .collect();
        resting.sort_unstable();
        resting.into_iter().take(excess).map(|(_, guild)| guild).collect()
    }
}

impl Entry {
    /// What is due next, and when by the rising clock.
    fn due(&self, now: Now, settings: &Settings) -> Option<(u64, Due)> {
        let slot = self.slot.due_ms().map(|at_ms| (at_ms, Due::Slot));
        if self.slot.phase() != Phase::Live {
            return slot;
        }
        let wake = self.wake_at_ms.map(|at_ms| {
            let at_ms = now.rising_ms.saturating_add(at_ms.saturating_sub(now.wall_ms));
            (at_ms.max(self.wake_not_before_ms), Due::Wake)
        });
        let idle = self.rests_since_ms.filter(|_| self.slot.held() == 0 && wake.is_none());
        let sleep = idle.map(|since_ms| (since_ms.saturating_add(settings.passivate_ms), Due::Sleep));
        [slot, wake, sleep]
            .into_iter()
            .flatten()
            .min_by_key(|(at_ms, _)| *at_ms)
    }

    /// Lets the actor go: nobody else holds the address, so it ends with it.
    pub(crate) fn end(&mut self) {
        self.address = None;
        self.wake_at_ms = None;
        self.rests_since_ms = None;
    }

    /// Its actor is no more; `value` is what it leaves.
    pub(crate) fn leave(&mut self, value: Option<Box<Guild>>) {
        self.value = value;
        self.end();
    }

    /// The guild is being woken: once for each time that it names, and never in a spin.
    pub(crate) fn woken(&mut self, now: Now) {
        self.wake_at_ms = None;
        self.wake_not_before_ms = now.rising_ms.saturating_add(WAKE_AGAIN_MS);
    }
}
