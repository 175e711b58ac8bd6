//! The reply lane: a timer per interaction or message that waits, independent of guild and store.
//!
//! It knows how long Discord waits, not what is answered. An answer in time is one first callback; what takes longer is
//! deferred, and what takes too long is given up, first by the guild, then here.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use ostinato_machine::guild::{Input, Refusal, Say};
use ostinato_machine::ids::{CauseId, GuildId, ReplyTo};
use ostinato_machine::slot::Refused;
use tokio::sync::Notify;

use super::respond::{self, Stand};
use crate::station::{Station, sleep_ms};

/// The interactions that wait for a word on one arbiter.
#[derive(Default)]
pub(crate) struct Replies {
    open: RefCell<HashMap<u64, Rc<Open>>>,
    /// The newest interactions that had their final word here: a second one is not said (L3).
    over: RefCell<VecDeque<u64>>,
    /// Answers on their way.
    speaking: Rc<Cell<usize>>,
}

/// Interactions that are remembered after their final word.
const REMEMBERED: usize = 1_024;

/// One interaction that waits.
struct Open {
    guild: GuildId,
    reply: ReplyTo,
    /// How old it was when it was opened, and when that was by the rising clock, ms.
    age_ms: u64,
    since_ms: u64,
    working: Cell<bool>,
    closed: Cell<bool>,
    say: RefCell<Option<Say>>,
    changed: Notify,
}

impl Open {
    fn age_ms(&self, station: &Station) -> u64 {
        let lived = station.ports.clock.monotonic_ms().saturating_sub(self.since_ms);
        self.age_ms.saturating_add(lived)
    }
}

/// An answer on its way, counted until it is dropped.
struct Speaking(Rc<Cell<usize>>);

impl Speaking {
    fn begin(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(Rc::clone(count))
    }
}

impl Drop for Speaking {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// An interaction in the list of those that wait; taken out when dropped, whatever ends its task.
struct Listed<'a>(&'a Station, u64);

impl Drop for Listed<'_> {
    fn drop(&mut self) {
        self.0.lanes.replies.open.borrow_mut().remove(&self.1);
    }
}

impl Replies {
    /// Starts the timer of an interaction. One that is open already goes on.
    pub(crate) fn open(&self, station: &Rc<Station>, guild: GuildId, reply: &ReplyTo) -> Result<(), Refused> {
        let mut all = self.open.borrow_mut();
        if all.contains_key(&reply.id) {
            return Ok(());
        }
        if all.len() >= station.settings.reply.open {
            return Err(Refused::Full);
        }
        let clock = &station.ports.clock;
        let open = Rc::new(Open {
            guild,
            reply: reply.clone(),
            age_ms: age_ms(clock.now_ms(), reply, station.settings.reply.first_ms),
            since_ms: clock.monotonic_ms(),
            working: Cell::new(false),
            closed: Cell::new(false),
            say: RefCell::new(None),
            changed: Notify::new(),
        });
        all.insert(reply.id, Rc::clone(&open));
        drop(all);
        let here = Rc::clone(station);
        station.spawn(async move { attend(&here, &open).await });
        Ok(())
    }

    /// The work has begun: there is no point in waiting before it is deferred.
    pub(crate) fn working(&self, reply: &ReplyTo) {
        if let Some(open) = self.open.borrow().get(&reply.id) {
            open.working.set(true);
            open.changed.notify_one();
        }
    }

    /// The final answer. It finds its interaction also when another process has opened it.
    pub(crate) fn say(&self, station: &Rc<Station>, guild: GuildId, reply: &ReplyTo, say: Say) {
        if let Some(open) = self.open.borrow().get(&reply.id) {
            // The first final answer stands (L3).
            open.say.borrow_mut().get_or_insert(say);
            open.changed.notify_one();
            return;
        }
        if self.over.borrow().contains(&reply.id) {
            tracing::debug!(%guild, cause = reply.id, "a second final answer was not given");
            return;
        }
        self.finish(reply.id);
        let speaking = Speaking::begin(&self.speaking);
        let age_ms = station.ports.clock.now_ms().saturating_sub(reply.arrived_ms);
        let (here, reply) = (Rc::clone(station), reply.clone());
        station.spawn(async move {
            respond::answer(&here, guild, &reply, say, Stand::Unknown, age_ms).await;
            drop(speaking);
        });
    }

    /// Remembers that an interaction has its final word.
    fn finish(&self, interaction: u64) {
        let mut over = self.over.borrow_mut();
        if over.len() >= REMEMBERED {
            over.pop_front();
        }
        over.push_back(interaction);
    }

    /// Nobody will answer: it was answered before.
    pub(crate) fn close(&self, interaction: u64) {
        if let Some(open) = self.open.borrow().get(&interaction) {
            open.closed.set(true);
            open.changed.notify_one();
        }
    }

    /// Answers that are on their way.
    pub(crate) fn speaking(&self) -> usize {
        let said = |open: &&Rc<Open>| open.say.borrow().is_some();
        let about_to = self.open.borrow().values().filter(said).count();
        self.speaking.get().saturating_add(about_to)
    }
}

/// How old an interaction is as it is opened, ms: since its arrival, but what Discord made too long ago for a first callback
/// is as old as that. A gateway that resumes replays such.
fn age_ms(now_ms: u64, reply: &ReplyTo, first_ms: u64) -> u64 {
    let made_ms = if reply.made_ms > 0 { reply.made_ms } else { now_ms };
    let age_ms = now_ms.saturating_sub(made_ms);
    if age_ms >= first_ms {
        age_ms
    } else {
        now_ms.saturating_sub(reply.arrived_ms)
    }
}

/// Waits for the answer to one interaction and gives it.
async fn attend(station: &Rc<Station>, open: &Rc<Open>) {
    let listed = Listed(station, open.reply.id);
    let mut stand = Stand::Silent;
    let say = listen(station, open, &mut stand).await;
    let replies = &station.lanes.replies;
    let _speaking = Speaking::begin(&replies.speaking);
    drop(listed);
    if let Some(say) = say {
        replies.finish(open.reply.id);
        let age_ms = open.age_ms(station);
        respond::answer(station, open.guild, &open.reply, say, stand, age_ms).await;
    }
}

/// Waits for the answer; defers meanwhile, and gives up at last. `None`: it was closed.
async fn listen(station: &Rc<Station>, open: &Rc<Open>, stand: &mut Stand) -> Option<Say> {
    let times = &station.settings.reply;
    let expire_ms = station.settings.limits.expire_ms;
    let give_up_ms = expire_ms.saturating_add(times.patience_ms);
    let mut expired = false;
    loop {
        if open.closed.get() {
            return None;
        }
        if let Some(say) = open.say.borrow().clone() {
            return Some(say);
        }
        let age_ms = open.age_ms(station);
        let silent = *stand == Stand::Silent && age_ms < times.first_ms;
        if silent && (open.working.get() || age_ms >= times.defer_ms) {
            *stand = respond::defer(station, open.guild, &open.reply, times.first_ms.saturating_sub(age_ms)).await;
            continue;
        }
        if age_ms >= give_up_ms {
            tracing::warn!(guild = %open.guild, cause = open.reply.id, "nobody answered an interaction; it is given up");
            return Some(Say::Refused(Refusal::Expired));
        }
        if age_ms >= expire_ms && !expired {
            expired = true;
            let interaction = open.reply.id;
            let input = Input::Expired { interaction };
            // Refused or not: the patience that follows ends this.
            let _ = station.push(open.guild, CauseId::Internal, input, 0);
        }
        let next_ms = match (silent, expired) {
            (true, _) => times.defer_ms,
            (false, false) => expire_ms,
            (false, true) => give_up_ms,
        };
        tokio::select! {
            biased;
            () = open.changed.notified() => {}
            () = sleep_ms(next_ms.saturating_sub(age_ms).max(1)) => {}
        }
    }
}
