//! Discord's REST interface, as far as the actors need it.

use ostinato_machine::guild::{JoinBlock, Say};
use ostinato_machine::ids::{ChannelId, GuildId, ReplyTo, UserId};

use super::{CardOrder, Work};

/// A first callback to an interaction, or what a message gets in its place.
#[derive(Clone, Debug, PartialEq)]
pub enum First {
    /// The answer itself.
    Answer {
        /// The words, as data.
        say: Say,
        /// For everybody in the channel.
        public: bool,
    },
    /// *Thinking*; the answer follows as an edit.
    Defer {
        /// For everybody in the channel.
        public: bool,
    },
}

/// What stands where the first answer to an interaction belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shows {
    /// Nothing: no callback was taken, or the answer was deleted.
    Nothing,
    /// *Thinking*: it was deferred, and the answer is due.
    Thinking,
    /// An answer.
    Words,
}

/// Answers, notices, and what only Discord's REST interface knows. Calls keep Discord's rate limits by themselves.
pub trait Discord {
    /// The one first callback. `Gone`: the interaction is unknown (too late) or was answered already. To a message
    /// ([`Via::Message`](ostinato_machine::ids::Via)) an answer is a message that refers to it, however often it is said,
    /// and a deferral shows that the bot is typing; the four calls below are [`Refused`](super::PortErrorKind::Refused) there.
    fn first(&self, reply: &ReplyTo, guild: GuildId, first: First) -> Work<()>;
    /// What stands where the first answer belongs.
    fn shows(&self, reply: &ReplyTo) -> Work<Shows>;
    /// Edits the first answer.
    fn edit(&self, reply: &ReplyTo, guild: GuildId, say: Say) -> Work<()>;
    /// Takes the first answer away.
    fn delete(&self, reply: &ReplyTo) -> Work<()>;
    /// A further message to the same interaction.
    fn follow_up(&self, reply: &ReplyTo, guild: GuildId, say: Say, public: bool) -> Work<()>;
    /// A message in a channel.
    fn post(&self, guild: GuildId, channel: ChannelId, say: Say) -> Work<()>;
    /// Does something with the card of what plays, which is a message in `channel` like any other; says which one.
    /// [`Overloaded`](super::PortErrorKind::Overloaded): all cards together are changed too often.
    fn card(&self, guild: GuildId, channel: ChannelId, order: CardOrder) -> Work<u64>;
    /// How many messages of `channel` are newer than `message`; counts to `most`, which is 100 at most.
    fn newer(&self, channel: ChannelId, message: u64, most: u8) -> Work<u8>;
    /// Asks to be heard on the stage `channel`: at once where the bot moderates it, else by raising its hand.
    fn speak(&self, guild: GuildId, channel: ChannelId) -> Work<()>;
    /// In which voice channel a user is.
    fn seat_of(&self, guild: GuildId, user: UserId) -> Work<Option<ChannelId>>;
    /// Why a voice join gets no answer.
    fn why_no_voice(&self, guild: GuildId, channel: ChannelId) -> Work<JoinBlock>;
}
