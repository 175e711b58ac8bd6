//! What a shard knows: its slots, its seats, its marks, its work. It belongs to the keeper and outlives the shard's actor.
//!
//! Part of the error kernel: plain data, no port is called in here, and no borrow is held while anything else runs.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

mod table;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use actix::Addr;
use ostinato_machine::guild::{Guild, Input};
use ostinato_machine::ids::{ChannelId, GuildId, NodeId, ShardId};
use ostinato_machine::restart::{CommonCause, Tokens};
use ostinato_machine::slot::{Phase, Refused, Slot, SlotFacts, SlotInput};
use tokio::sync::Notify;

use crate::guild_actor::GuildActor;
use crate::marks::Marks;
use crate::messages::{Attend, Item, Work};
use crate::operator::Saved;
use crate::ports::GatewaySession;
use crate::seats::Seats;
use crate::settings::Settings;
use crate::shard_actor::ShardActor;
use crate::trail::{Trail, Turn};

/// A guild that asks to be woken at a time that has passed is woken again after so long, ms.
const WAKE_AGAIN_MS: u64 = 250;

/// Timers are looked at anew after so long: the wall clock may have been set meanwhile, ms.
const LOOK_AGAIN_MS: u64 = 60_000;

/// One shard of this arbiter.
pub(crate) struct Shard {
    pub(crate) id: ShardId,
    pub(crate) marks: Marks,
    pub(crate) seats: RefCell<Seats>,
    pub(crate) table: RefCell<Table>,
    pub(crate) nodes: RefCell<Nodes>,
    /// The session that was last written.
    pub(crate) written: RefCell<Option<GatewaySession>>,
    /// Rings when a timer is due earlier than the one that is waited for.
    pub(crate) timer: Notify,
    /// Rings when side data must not wait for the next beat: without the new session a restart would have none to resume.
    pub(crate) hurry: Notify,
    /// Whether players and seats are as well known as they will be: guilds may be loaded.
    pub(crate) opened: Cell<bool>,
    /// The gateway is heard no more: what it says belongs to the next process.
    pub(crate) deaf: Cell<bool>,
    /// Rings at each word of gateway or node.
    pub(crate) known: Notify,
    /// What the gateway said first: a new session, or the old one.
    pub(crate) greeted: Cell<Option<Greeting>>,
    /// Guilds whose seats were told again before the old session goes on.
    pub(crate) replayed: RefCell<BTreeSet<GuildId>>,
    address: RefCell<Option<Addr<ShardActor>>>,
    called: Cell<bool>,
}

/// Slots and what is due.
pub(crate) struct Table {
    entries: BTreeMap<GuildId, Entry>,
    work: VecDeque<(GuildId, Work)>,
    timers: BTreeSet<(u64, GuildId)>,
    tokens: Tokens,
    incarnations: u64,
    next_seq: u64,
    /// Commands are refused: the process leaves.
    pub(crate) stopping: bool,
    /// Guilds that are about to run: they are told facts although their slots are cold still.
    pub(crate) activating: BTreeSet<GuildId>,
    pub(crate) alarm: CommonCause,
}

/// One guild of a shard.
#[derive(Default)]
pub(crate) struct Entry {
    pub(crate) slot: Slot<Item>,
    /// The guild's value, while no actor has it.
    pub(crate) value: Option<Box<Guild>>,
    pub(crate) address: Option<Addr<GuildActor>>,
    pub(crate) wake_at_ms: Option<u64>,
    /// Not to be woken before, ms of the rising clock.
    pub(crate) wake_not_before_ms: u64,
    pub(crate) rests_since_ms: Option<u64>,
    /// Tracks that wait in the guild's queue, as of its newest input.
    pub(crate) queue: u32,
    /// The text channel that it speaks in, likewise.
    pub(crate) text: Option<ChannelId>,
    /// What was heard of it lately.
    pub(crate) trail: Trail,
    /// What it may be told at once; `None` before the first command.
    commands: Option<Tokens>,
    /// The newest snapshot that was written.
    pub(crate) saved: Option<Saved>,
    armed_ms: Option<u64>,
}

/// Time as a step sees it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Now {
    pub(crate) rising_ms: u64,
    pub(crate) wall_ms: u64,
    pub(crate) chance: u64,
}

/// How a gateway session began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Greeting {
    /// As a new one.
    New,
    /// As the one before.
    Resumed,
}

/// What is due for a guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    /// Its slot wants a tick.
    Slot,
    /// The guild wants to be woken.
    Wake,
    /// It has rested long enough.
    Sleep,
}

/// Sessions of audio nodes.
#[derive(Debug, Default)]
pub(crate) struct Nodes {
    /// By node: the session to store.
    pub(crate) sessions: BTreeMap<NodeId, String>,
    pub(crate) changed: BTreeSet<NodeId>,
    /// Nodes that said something about themselves since the start.
    pub(crate) heard: BTreeSet<NodeId>,
}

impl Shard {
    pub(crate) fn new(id: ShardId, settings: &Settings) -> Self {
        Self {
            id,
            marks: Marks::default(),
            seats: RefCell::default(),
            table: RefCell::new(Table {
                entries: BTreeMap::new(),
                work: VecDeque::new(),
                timers: BTreeSet::new(),
                tokens: Tokens::new(settings.restarts_per_second, settings.restarts_per_second),
                incarnations: 0,
                next_seq: 1,
                stopping: false,
                activating: BTreeSet::new(),
                alarm: CommonCause::default(),
            }),
            nodes: RefCell::default(),
            written: RefCell::new(None),
            timer: Notify::new(),
            hurry: Notify::new(),
            opened: Cell::new(false),
            deaf: Cell::new(false),
            known: Notify::new(),
            greeted: Cell::new(None),
            replayed: RefCell::default(),
            address: RefCell::new(None),
            called: Cell::new(false),
        }
    }

    /// Gives work to the shard's actor; it stays here until the actor takes it.
    pub(crate) fn put(&self, guild: GuildId, work: Work) {
        self.table.borrow_mut().work.push_back((guild, work));
        self.call();
    }

    /// Tells the actor that there is work, once.
    pub(crate) fn call(&self) {
        if self.called.get() {
            return;
        }
        if let Some(address) = self.address.borrow().as_ref() {
            self.called.set(true);
            address.do_send(Attend);
        }
    }

    /// The actor attends now; the next call must be said again.
    pub(crate) fn attending(&self) {
        self.called.set(false);
    }

    /// A new actor serves the shard, or none.
    pub(crate) fn serve(&self, address: Option<Addr<ShardActor>>) {
        *self.address.borrow_mut() = address;
        self.called.set(false);
    }

    /// Offers an input to the guild's slot. `command`: somebody waits for an answer; when it came, ms of the rising clock.
    pub(crate) fn offer(
        &self,
        guild: GuildId,
        item: Item,
        command: Option<u64>,
        settings: &Settings,
    ) -> Result<(), Refused> {
        {
            let mut table = self.table.borrow_mut();
            if table.stopping && command.is_some() {
                return Err(Refused::Stopping);
            }
            let seq = table.next_seq;
            let entry = table.entries.entry(guild).or_default();
            if let Some(now_ms) = command {
                let (rate, burst) = settings.commands;
                let commands = entry.commands.get_or_insert_with(|| Tokens::new(rate, burst));
                if !commands.take(now_ms) {
                    return Err(Refused::Full);
                }
            }
            if matches!(item.stamped.input, Input::Player { .. }) {
                entry.slot.offer_report(seq, Arc::new(item), &settings.slots)?;
            } else {
                entry
                    .slot
                    .offer(seq, Arc::new(item), command.is_some(), &settings.slots)?;
            }
            table.next_seq = seq.saturating_add(1);
            table.work.push_back((guild, Work::Slot(SlotInput::Tick)));
        }
        self.call();
        Ok(())
    }

    /// The phase of the guild's slot.
    pub(crate) fn phase(&self, guild: GuildId) -> Phase {
        let table = self.table.borrow();
        table
            .entries
            .get(&guild)
            .map_or(Phase::Cold, |entry| entry.slot.phase())
    }

    /// The incarnation of a guild that lives.
    #[cfg(feature = "world")]
    pub(crate) fn incarnation(&self, guild: GuildId) -> Option<u64> {
        self.table.borrow().entries.get(&guild)?.slot.incarnation()
    }

    /// Whether the shard's actor runs, as far as known.
    pub(crate) fn is_served(&self) -> bool {
        self.address.borrow().is_some()
    }

    /// What was heard of a guild since it last woke, as far as that is kept.
    pub(crate) fn trail(&self, guild: GuildId) -> Vec<Turn> {
        let table = self.table.borrow();
        table
            .entries
            .get(&guild)
            .map_or_else(Vec::new, |entry| entry.trail.turns())
    }

    /// Tracks that wait in the guild's queue, as far as an actor has told.
    pub(crate) fn queued(&self, guild: GuildId) -> u32 {
        self.table.borrow().entries.get(&guild).map_or(0, |entry| entry.queue)
    }

    /// The text channel that the guild speaks in, as far as an actor has told.
    pub(crate) fn text(&self, guild: GuildId) -> Option<ChannelId> {
        self.table.borrow().entries.get(&guild).and_then(|entry| entry.text)
    }

    /// The guild's newest snapshot, if it was written while its slot was there.
    pub(crate) fn saved(&self, guild: GuildId) -> Option<Saved> {
        self.table.borrow().entries.get(&guild).and_then(|entry| entry.saved)
    }

    /// A snapshot of the guild is durable.
    pub(crate) fn note_saved(&self, guild: GuildId, saved: Saved) {
        if let Some(entry) = self.table.borrow_mut().entries.get_mut(&guild) {
            entry.saved = Some(saved);
        }
    }

    /// How the guild's slot stands.
    pub(crate) fn slot_facts(&self, guild: GuildId) -> SlotFacts {
        let table = self.table.borrow();
        let entry = table.entries.get(&guild);
        entry.map_or_else(|| Slot::<Item>::default().facts(), |entry| entry.slot.facts())
    }

    /// Every guild that was heard of or has a slot, by id.
    pub(crate) fn known_guilds(&self) -> BTreeSet<GuildId> {
        let mut all: BTreeSet<GuildId> = self.seats.borrow().guilds().collect();
        all.extend(self.table.borrow().entries.keys());
        all
    }

    /// How many accepted inputs of a guild are not closed yet.
    pub(crate) fn held(&self, guild: GuildId) -> usize {
        let table = self.table.borrow();
        table.entries.get(&guild).map_or(0, |entry| entry.slot.held())
    }

    /// The address of the guild's actor, for its own keeper alone.
    pub(crate) fn guild(&self, guild: GuildId) -> Option<Addr<GuildActor>> {
        let table = self.table.borrow();
        table.entries.get(&guild).and_then(|entry| entry.address.clone())
    }

    /// Lets go of every actor, slot and value.
    pub(crate) fn vanish(&self) {
        self.deaf.set(true);
        self.serve(None);
        let mut table = self.table.borrow_mut();
        table.stopping = true;
        table.work.clear();
        let entries = std::mem::take(&mut table.entries);
        drop(table);
        drop(entries);
    }

    /// Whether the guild neither runs nor is about to.
    pub(crate) fn sleeps(&self, guild: GuildId) -> bool {
        self.phase(guild) == Phase::Cold && !self.table.borrow().activating.contains(&guild)
    }

    /// Whether no guild that runs or is being read holds anything.
    pub(crate) fn is_idle(&self) -> bool {
        let table = self.table.borrow();
        let busy = |entry: &Entry| match entry.slot.phase() {
            Phase::Live | Phase::Loading | Phase::Yielding | Phase::Passivating | Phase::Stopping => {
                entry.slot.held() > 0
            }
            Phase::Cold | Phase::BackingOff | Phase::Parked | Phase::Stopped => false,
        };
        table.work.is_empty() && !table.entries.values().any(busy)
    }

    /// Whether nothing is under way any more after a stop.
    pub(crate) fn is_stopped(&self) -> bool {
        let table = self.table.borrow();
        table.work.is_empty()
            && table
                .entries
                .values()
                .all(|entry| matches!(entry.slot.phase(), Phase::Stopped | Phase::Cold))
    }
}
