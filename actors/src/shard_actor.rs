//! The shell of the slot machine: one actor a shard, which attends to what its slots want.
//!
//! Everything it knows lies in [`Shard`]; it can die and be replaced between any two pieces of work. It never awaits.

mod beat;
mod doors;
mod execute;
mod open;
mod order;

use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext as _, AsyncContext as _, Context, Handler};
use ostinato_machine::guild::{Guild, Input, Stamped};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::{Slot, SlotInput, SlotOutput};

use crate::chronicle::{Alarm, Cause, Count, Death};
use crate::faults::{Note, Strike};
use crate::messages::{Applied, Attend, Deliver, Fate, Item, Work};
use crate::obituary::{self, Obituary};
use crate::shard::{Due, Shard};
use crate::station::Station;
use crate::trail::Turn;

pub(crate) use self::beat::{beat, checkpoint, timers};
pub(crate) use self::open::open;

/// Pieces of work that are done at a stretch; then others on the arbiter have their turn.
const STRETCH: usize = 256;

/// One life of a shard's actor.
pub(crate) struct ShardActor {
    pub(crate) station: Rc<Station>,
    pub(crate) shard: Rc<Shard>,
    _obituary: Obituary,
}

impl ShardActor {
    pub(crate) fn new(station: Rc<Station>, shard: Rc<Shard>, obituary: Obituary) -> Self {
        Self {
            station,
            shard,
            _obituary: obituary,
        }
    }

    /// A delivery or a notice can have died with the actor before this one: ask again for what is under way, and look
    /// again at what is held.
    fn sweep(&self) {
        let mut lost = Vec::new();
        let mut again = Vec::new();
        let mut looked = Vec::new();
        let table = self.shard.table.borrow();
        for (guild, entry) in table.entries() {
            if table.stopping {
                looked.push((guild, SlotInput::Stop));
            } else if entry.slot.held() > 0 {
                looked.push((guild, SlotInput::Tick));
            }
            let Some(incarnation) = entry.slot.incarnation() else {
                continue;
            };
            match entry.address.as_ref().filter(|address| address.connected()) {
                None => lost.push((guild, incarnation)),
                Some(address) => {
                    if let Some(deliver) = self.redelivery(&entry.slot) {
                        again.push((address.clone(), deliver));
                    }
                }
            }
        }
        drop(table);
        for (guild, input) in looked {
            self.shard.put(guild, Work::Slot(input));
        }
        for (guild, incarnation) in lost {
            self.lost(guild, incarnation, Cause::Gone);
        }
        for (address, deliver) in again {
            address.do_send(deliver);
        }
    }

    /// An actor that can say nothing of its end any more.
    fn lost(&self, guild: GuildId, incarnation: u64, cause: Cause) {
        let reference = obituary::reference(self.station.ports.clock.chance());
        let died = Work::Died {
            incarnation,
            value: None,
            fate: Fate::of(cause, reference),
        };
        self.shard.put(guild, died);
    }

    /// What the guild has in flight. Its first input lies in its mailbox or is applied already: whatever comes under that
    /// number asks only for the word that it was.
    fn redelivery(&self, slot: &Slot<Item>) -> Option<Deliver> {
        if slot.in_flight() != Some(0) {
            return slot.redelivery().map(|(seq, item)| Deliver { seq, item });
        }
        let clock = &self.station.ports.clock;
        let stamped = Stamped {
            at_ms: clock.now_ms(),
            seed: clock.chance(),
            cause: CauseId::Internal,
            input: Input::Wake,
        };
        let item = Arc::new(Item { stamped, mark: None });
        Some(Deliver { seq: 0, item })
    }

    /// Does what has come due and what was given, for a stretch.
    fn attend(&self) {
        let due = self.take_due();
        for (guild, what) in due {
            self.is_due(guild, what);
        }
        for _ in 0..STRETCH {
            let next = self.shard.table.borrow_mut().next_work();
            let Some((guild, work)) = next else { return };
            self.station.strike(Strike::Shard, guild, None);
            self.work(guild, work);
        }
        if self.shard.table.borrow().has_work() {
            self.shard.call();
        }
    }

    fn take_due(&self) -> Vec<(GuildId, Option<Due>)> {
        let now = self.station.now();
        self.shard.table.borrow_mut().take_due(now, &self.station.settings)
    }

    fn is_due(&self, guild: GuildId, what: Option<Due>) {
        match what {
            Some(Due::Slot) => self.step(guild, SlotInput::Tick, None),
            Some(Due::Sleep) => self.step(guild, SlotInput::Passivate, None),
            Some(Due::Wake) => {
                self.shard.table.borrow_mut().entry(guild).woken(self.station.now());
                let woken = self.station.push(guild, CauseId::Internal, Input::Wake, 0);
                if woken.is_err() {
                    self.arm(guild);
                }
            }
            None => self.arm(guild),
        }
    }

    fn work(&self, guild: GuildId, work: Work) {
        match work {
            Work::Slot(input) => {
                self.shard.table.borrow_mut().activating.remove(&guild);
                self.step(guild, input, None);
            }
            Work::Loaded { attempt, guild: value } => self.step(guild, SlotInput::Loaded { attempt }, Some(value)),
            Work::Applied(applied) => self.applied(guild, &applied),
            Work::Died {
                incarnation,
                value,
                fate,
            } => self.died(guild, incarnation, value, *fate),
            Work::Yielded { incarnation, value } => self.yielded(guild, incarnation, value),
            Work::Order {
                order,
                reference,
                answer,
            } => {
                // Nobody listens any more when it took too long.
                let _ = answer.send(self.order(guild, order, reference));
            }
        }
    }

    fn applied(&self, guild: GuildId, applied: &Applied) {
        let now = self.station.now();
        {
            let mut table = self.shard.table.borrow_mut();
            let entry = table.entry(guild);
            if entry.slot.incarnation() != Some(applied.incarnation) {
                return;
            }
            entry.wake_at_ms = applied.wake_at_ms;
            entry.queue = applied.queue;
            entry.text = applied.text;
            entry.trail.put(Turn {
                at_ms: now.wall_ms,
                incarnation: applied.incarnation,
                node: applied.node.clone(),
                heard: applied.heard,
            });
            entry.rests_since_ms = match entry.rests_since_ms {
                Some(since_ms) if applied.restful && !applied.command => Some(since_ms),
                Some(_) | None => applied.restful.then_some(now.rising_ms),
            };
        }
        if applied.command {
            self.station.chronicle.count(Count::Commands);
        }
        let Applied { incarnation, seq, .. } = *applied;
        self.step(guild, SlotInput::Applied { incarnation, seq }, None);
    }

    fn died(&self, guild: GuildId, incarnation: u64, value: Option<Box<Guild>>, fate: Fate) {
        let keep = value.is_some();
        let alarm = {
            let mut table = self.shard.table.borrow_mut();
            let entry = table.entry(guild);
            if entry.slot.incarnation() != Some(incarnation) {
                // Its end was known already, or meant.
                drop(table);
                return self.arm(guild);
            }
            entry.leave(value);
            let live = table.live();
            let now_ms = self.station.ports.clock.monotonic_ms();
            table.alarm.death(guild, live, now_ms)
        };
        let reference = Arc::clone(&fate.reference);
        self.mourn(guild, incarnation, keep, fate);
        if let Some(guilds) = alarm {
            self.station.note(guild, Note::Alarm);
            let (at_ms, shard) = (self.station.ports.clock.now_ms(), self.shard.id);
            self.station.chronicle.alarm(Alarm { at_ms, shard, guilds });
            tracing::error!(shard = %self.shard.id, guilds, "many guilds die at once; look for a common cause");
        }
        let died = SlotInput::Died {
            incarnation,
            keep,
            reference,
        };
        self.step(guild, died, None);
    }

    /// Says a death once: in the log, in the books and, by them, as a metric.
    fn mourn(&self, guild: GuildId, incarnation: u64, kept: bool, fate: Fate) {
        let place = fate.place();
        let Fate {
            cause,
            reference,
            said,
            input,
            before,
        } = fate;
        let shard = self.shard.id;
        tracing::error!(%guild, %shard, input, cause = cause.name(), %reference, kept, said, "a guild died");
        self.station.note(guild, Note::Died);
        self.station.chronicle.died(Death {
            at_ms: self.station.ports.clock.now_ms(),
            guild,
            shard,
            incarnation,
            cause,
            place,
            input: input.into(),
            reference,
            kept,
            before,
        });
    }

    /// One step of a slot and all that it wants done. `loaded`: the value that a start may need.
    pub(crate) fn step(&self, guild: GuildId, input: SlotInput, loaded: Option<Box<Guild>>) {
        let mut out: Vec<SlotOutput<Item>> = Vec::new();
        let now = self.station.now();
        let settings = &self.station.settings;
        self.shard
            .table
            .borrow_mut()
            .step(guild, now, settings, input, &mut out);
        self.carry_out(guild, out, loaded);
    }

    fn carry_out(&self, guild: GuildId, out: Vec<SlotOutput<Item>>, mut loaded: Option<Box<Guild>>) {
        for output in out {
            self.execute(guild, output, &mut loaded);
        }
        self.arm(guild);
    }

    fn arm(&self, guild: GuildId) {
        let now = self.station.now();
        let first = self.shard.table.borrow_mut().arm(guild, now, &self.station.settings);
        if first {
            self.shard.timer.notify_one();
        }
    }
}

impl Actor for ShardActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.shard.serve(Some(ctx.address()));
        self.sweep();
        self.shard.call();
    }
}

impl Handler<Attend> for ShardActor {
    type Result = ();

    fn handle(&mut self, _: Attend, ctx: &mut Self::Context) {
        self.shard.attending();
        if let Err(said) = obituary::guard(|| self.attend()) {
            let reference = obituary::reference(self.station.ports.clock.chance());
            tracing::error!(shard = %self.shard.id, %reference, said, "a shard's actor died; its slots are kept");
            self.shard.serve(None);
            ctx.stop();
        }
    }
}
