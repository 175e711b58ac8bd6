//! The gate: what a revision leads to outside waits until that revision is durable (L4).
//!
//! Per guild first in, first out, answers without a record included. A commit that stays unconfirmed releases audio
//! after a short while and answers after a longer one; a store that is down releases everything at once, and the records
//! wait here, up to a bound, for its return. The gate decides nothing about music and calls no port but the store.

mod queue;
mod store;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use ostinato_machine::guild::{Answer, Ask, Record, Said, Say, Stage, To, Wanted};
use ostinato_machine::ids::{ChannelId, GuildId, NodeId};
use smallvec::SmallVec;

use self::queue::{Looseness, Queue};
use crate::messages::Item;
use crate::ports::Append;
use crate::shard::Shard;
use crate::station::Station;

/// What an applied input leads to outside.
pub(crate) struct Effects {
    pub(crate) wanted: Wanted,
    /// The player that the guild took over.
    pub(crate) adopted: Option<(NodeId, u64)>,
    /// Where the bot sits, if the guild was told of it just now.
    pub(crate) sits: Option<ChannelId>,
    pub(crate) say: SmallVec<[Answer; 1]>,
    pub(crate) ask: SmallVec<[Ask; 1]>,
    /// An interaction that is closed without a word.
    pub(crate) closes: Option<u64>,
    /// Keeps the input's mark until all this is durable.
    pub(crate) item: Arc<Item>,
}

/// The part that is released first: the wanted state and questions.
#[derive(Debug)]
pub(crate) struct Outside {
    pub(crate) wanted: Wanted,
    pub(crate) adopted: Option<(NodeId, u64)>,
    pub(crate) sits: Option<ChannelId>,
    pub(crate) ask: SmallVec<[Ask; 1]>,
}

/// The part that is released last: what people are told.
#[derive(Debug)]
pub(crate) struct Words {
    pub(crate) say: SmallVec<[Answer; 1]>,
    pub(crate) closes: Option<u64>,
}

impl Words {
    /// The same words, said of a change that is not durable.
    fn unsaved(mut self) -> Self {
        for answer in &mut self.say {
            if matches!(answer.to, To::Reply(_))
                && answer.stage == Stage::Final
                && !matches!(answer.say, Say::Refused(_))
            {
                let say = std::mem::replace(&mut answer.say, Say::Working);
                answer.say = Say::Unsaved(Box::new(say));
            }
        }
        self
    }
}

/// What is released.
#[derive(Debug)]
pub(crate) enum Release {
    Outside(Outside),
    Words(Words),
}

/// The gate of one arbiter.
#[derive(Default)]
pub(crate) struct Gate {
    queues: RefCell<BTreeMap<GuildId, Queue>>,
    /// Guilds that another process owns, as the store says.
    fenced: RefCell<BTreeSet<GuildId>>,
}

impl Gate {
    /// Takes a revision's record and effects. The record is on its way to the store when this returns.
    pub(crate) fn push(
        &self,
        station: &Rc<Station>,
        shard: &Rc<Shard>,
        guild: GuildId,
        record: Option<Record>,
        effects: Effects,
    ) {
        if self.is_fenced(guild) {
            // Nothing of it is saved, and so nothing may be seen.
            return;
        }
        let record = record.map(Arc::new);
        let awake = effects.wanted.awake;
        let append = {
            let mut queues = self.queues.borrow_mut();
            let queue = queues.entry(guild).or_default();
            queue.push(record.clone(), awake, effects, station.settings.gate.backlog_bytes);
            !queue.is_down()
        };
        if let Some(record) = record.filter(|_| append) {
            let append = Append {
                shard: shard.id,
                guild,
                record,
                awake,
            };
            store::append(station, shard, guild, append);
        }
        self.pump(station, shard, guild);
    }

    /// Releases what may go, in order.
    fn pump(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) {
        let released = {
            let mut queues = self.queues.borrow_mut();
            let Some(queue) = queues.get_mut(&guild) else { return };
            let released = queue.release();
            if queue.is_empty() {
                queues.remove(&guild);
            }
            released
        };
        for release in released {
            station.lanes.release(station, shard, guild, release);
        }
    }

    /// A record is durable.
    fn confirm(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, revision: u64) {
        if let Some(queue) = self.queues.borrow_mut().get_mut(&guild) {
            queue.confirm(revision);
        }
        self.pump(station, shard, guild);
    }

    /// A record takes long: effects of its revision need not wait for it any more.
    fn loosen(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, revision: u64, to: Looseness) {
        if let Some(queue) = self.queues.borrow_mut().get_mut(&guild) {
            queue.loosen(revision, to);
        }
        self.pump(station, shard, guild);
    }

    /// Records of the guild that are not confirmed: a value that is rebuilt must have them too.
    pub(crate) fn unconfirmed(&self, guild: GuildId) -> Vec<Arc<Record>> {
        let queues = self.queues.borrow();
        queues.get(&guild).map(Queue::unconfirmed).unwrap_or_default()
    }

    /// Answers of the guild that wait here for their records.
    fn unsaid(&self, guild: GuildId, now_ms: u64) -> Vec<Said> {
        let queues = self.queues.borrow();
        queues.get(&guild).map(|queue| queue.unsaid(now_ms)).unwrap_or_default()
    }

    /// Whether another process owns the guild.
    pub(crate) fn is_fenced(&self, guild: GuildId) -> bool {
        self.fenced.borrow().contains(&guild)
    }

    /// The store will never take what it is given first: a snapshot stands for it.
    fn stand_in(&self, guild: GuildId) {
        if let Some(queue) = self.queues.borrow_mut().get_mut(&guild) {
            queue.stand_in();
        }
    }

    /// The store gave the guild out for our epoch: it is ours.
    pub(crate) fn owns(&self, guild: GuildId) {
        self.fenced.borrow_mut().remove(&guild);
    }

    /// Another process owns the guild: what waits here is void. Tells whether that is news.
    fn fence(&self, guild: GuildId) -> bool {
        self.queues.borrow_mut().remove(&guild);
        self.fenced.borrow_mut().insert(guild)
    }

    /// Whether nothing waits here.
    pub(crate) fn is_empty(&self) -> bool {
        self.queues.borrow().is_empty()
    }

    /// Writes a snapshot of the guild and tells whether it is durable. `Some(true)` also when there is nothing to write.
    pub(crate) async fn save(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) -> bool {
        store::save(station, shard, guild).await
    }
}
