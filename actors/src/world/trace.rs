//! Everything that left a process for the outside, in order.

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use ostinato_machine::guild::{PlayerOrder, Say};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, ShardId};

use crate::ports::{CardOrder, First};

/// One thing that left, or became durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Virtual time, ms since the world began.
    pub at_ms: u64,
    /// The guild, where there is one.
    pub guild: Option<GuildId>,
    /// What left.
    pub what: What,
}

/// What can leave.
#[derive(Clone, Debug, PartialEq)]
pub enum What {
    /// A gateway session was begun.
    Identify(ShardId),
    /// A gateway session was resumed.
    Resume(ShardId),
    /// A voice channel was asked for, or left.
    Voice(Option<ChannelId>),
    /// An order to an audio node.
    Order(PlayerOrder),
    /// A search.
    Search(String),
    /// A first callback.
    First(u64, First),
    /// An edit of the first answer.
    Edit(u64, Say),
    /// The first answer was taken away.
    Delete(u64),
    /// A further message; whether it is for everybody.
    FollowUp(u64, Say, bool),
    /// A notice.
    Post(ChannelId, Say),
    /// Something was done with a card.
    Card(ChannelId, CardOrder),
    /// It was asked to be heard on a stage.
    Speak(ChannelId),
    /// A revision became durable, in the journal; who caused it.
    Stored(u64, CauseId),
    /// A snapshot up to this revision became durable.
    Saved(u64),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let guild = self.guild.map_or_else(String::new, |guild| format!(" guild {guild}"));
        write!(f, "{:>8} ms{guild}: {:?}", self.at_ms, self.what)
    }
}

/// The trace of a world.
#[derive(Clone, Default)]
pub(super) struct Trace(Rc<RefCell<Vec<Line>>>);

impl Trace {
    pub(super) fn note(&self, at_ms: u64, guild: Option<GuildId>, what: What) {
        self.0.borrow_mut().push(Line { at_ms, guild, what });
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        self.0.borrow().clone()
    }
}
