//! What changed. Kept events are the journal; passing ones are facts that another process can learn again.

use serde::{Deserialize, Serialize};

use super::{Against, Caller, CardPost, Command, LoopMode, Pick, Question, Restored, Seat, Why};
use crate::ids::{ChannelId, EntryId, Hidden, NodeId, ReplyTo, Ticket};
use crate::track::Entry;

/// One change of a guild. Written as JSON with the name of the change under `e`; names and fields are for ever.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event {
    /// Entries came into the queue.
    Added {
        /// Place of the first one, 0 = next.
        at: usize,
        /// The entries, in order.
        entries: Vec<Entry>,
    },
    /// Entries that follow each other were taken out of the queue.
    Removed {
        /// Place of the first one, 0 = next.
        index: usize,
        /// How many, at least 1.
        #[serde(default = "one")]
        count: usize,
    },
    /// An entry changed its place.
    Moved {
        /// Old place, 0 = next.
        from: usize,
        /// New place.
        to: usize,
    },
    /// The queue has a new order.
    Ordered {
        /// Old places in the new order: a permutation.
        order: Vec<u32>,
    },
    /// The queue was emptied.
    Cleared,
    /// The current track was left, for the history and, with `requeued`, the end of the queue.
    Left {
        /// The entry.
        entry: EntryId,
        /// It also went to the end of the queue.
        requeued: bool,
    },
    /// A play began: of the first entry of the queue, or of the current track again.
    Began {
        /// The entry.
        entry: EntryId,
        /// Number of the play.
        play: u32,
        /// Position it starts at, ms.
        position_ms: u64,
        /// Wall-clock ms.
        at_ms: u64,
    },
    /// The position was fixed: at a pause, a resume, a node's report.
    Anchored {
        /// Position, ms.
        position_ms: u64,
        /// Wall-clock ms of it.
        at_ms: u64,
    },
    /// A listener went to another position.
    Sought {
        /// Position, ms.
        position_ms: u64,
        /// Wall-clock ms.
        at_ms: u64,
    },
    /// A reason to pause came or went.
    Paused {
        /// By a user's order.
        user: bool,
        /// Because nobody listens.
        alone: bool,
    },
    /// On a stage the bot was sent to the audience, or is heard again.
    Suppressed {
        /// It is held silent.
        on: bool,
    },
    /// The volume changed.
    Volume {
        /// Percent.
        percent: u16,
    },
    /// The loop mode changed.
    Loop {
        /// The mode.
        mode: LoopMode,
    },
    /// The wanted voice channel changed.
    Channel {
        /// The channel; `None`: out of voice.
        channel: Option<ChannelId>,
    },
    /// Notices go there from now on.
    Text {
        /// The channel.
        channel: ChannelId,
    },
    /// The time to leave the channel was set or taken back.
    LeaveAt {
        /// Wall-clock ms.
        at_ms: Option<u64>,
    },
    /// A command waits for something outside.
    Waiting {
        /// What waits.
        pending: Box<Pending>,
    },
    /// A command waits no longer.
    Settled {
        /// Which.
        key: u64,
    },
    /// Tracks failed in a row.
    Failures {
        /// How many.
        count: u32,
        /// The queue rests until then, wall-clock ms.
        hold_until_ms: Option<u64>,
    },
    /// This play began because a listener skipped the one before it.
    SkippedTo {
        /// The play.
        play: u32,
    },
    /// The card is this message from now on, or none.
    Card {
        /// The message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        post: Option<CardPost>,
        /// The entry that gets no card.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        none_for: Option<EntryId>,
    },
    /// Autoplay was switched on or off.
    Autoplay {
        /// It is on.
        on: bool,
    },
    /// Autoplay has a track for when the queue has run out, or has none any more.
    Picked {
        /// The track and why.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pick: Option<Box<Pick>>,
    },
    /// This entry plays because autoplay has chosen it.
    Chosen {
        /// The entry.
        entry: EntryId,
        /// Why.
        why: Why,
    },
    /// The queue has run out and the music waits for autoplay to find something, or no longer.
    Awaiting {
        /// Since when, wall-clock ms.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        since_ms: Option<u64>,
    },
    /// Searches of autoplay led to nothing.
    Missed {
        /// How many in a row.
        count: u8,
        /// When the last one did, wall-clock ms.
        at_ms: u64,
    },
    /// What counts against which kinds of tracks has changed.
    Taste {
        /// All of it.
        against: Vec<Against>,
    },
    /// A command was decided and changed nothing: only its cause is kept (L8).
    Heard,

    /// Passing: a new incarnation and its facts.
    #[serde(skip)]
    Awoke(Box<Restored>),
    /// Passing: a user's seat.
    #[serde(skip)]
    Sat(Seat),
    /// Passing: all seats.
    #[serde(skip)]
    Seated(Vec<Seat>),
    /// Passing: the bot's own voice state.
    #[serde(skip)]
    OwnVoice {
        /// The channel.
        channel: Option<ChannelId>,
        /// Voice session.
        session_id: Hidden,
        /// When, wall-clock ms.
        at_ms: u64,
    },
    /// Passing: where the voice connection goes.
    #[serde(skip)]
    Server {
        /// Token and endpoint; `None` while the server is away.
        server: Option<(Hidden, Box<str>)>,
        /// When, wall-clock ms.
        at_ms: u64,
    },
    /// Passing: voice must be asked for (again).
    #[serde(skip)]
    Joining {
        /// Since when, wall-clock ms; `None`: no longer.
        since_ms: Option<u64>,
        /// What Discord gave for it is void.
        forget: bool,
        /// Send the request again although the channel is the same.
        again: bool,
    },
    /// Passing: the fleet's choice.
    #[serde(skip)]
    Placed {
        /// Node and placement time.
        node: Option<(NodeId, u64)>,
    },
    /// Passing: the channel was told that no node is there.
    #[serde(skip)]
    ToldNoNode,
    /// Passing: a node reported a position.
    #[serde(skip)]
    Reported {
        /// Position, ms.
        position_ms: u64,
        /// When, wall-clock ms.
        at_ms: u64,
    },
    /// Passing: the play was heard to begin.
    #[serde(skip)]
    Sounds {
        /// The play.
        play: u32,
    },
    /// Passing: the decoder failed; the end may follow or not.
    #[serde(skip)]
    Failing {
        /// The play.
        play: u32,
        /// When, wall-clock ms.
        at_ms: u64,
    },
    /// Passing: the play ended by itself.
    #[serde(skip)]
    Over {
        /// The entry.
        entry: EntryId,
        /// The play.
        play: u32,
    },
    /// Passing: a question was asked for a waiting command.
    #[serde(skip)]
    Asked {
        /// The question's number.
        ticket: Ticket,
        /// For whom.
        asker: Asker,
        /// When, wall-clock ms.
        at_ms: u64,
    },
    /// Passing: the question is closed.
    #[serde(skip)]
    Closed {
        /// The question's number.
        ticket: Ticket,
    },
}

/// For whom a question is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// A command that waits, by its key.
    Command(u64),
    /// The guild itself, which is not let into a voice channel.
    Voice,
    /// Autoplay.
    Autoplay,
}

/// What a record means that does not say how many.
const fn one() -> usize {
    1
}

impl Event {
    /// Whether the event is journalled and raises the revision.
    pub fn kept(&self) -> bool {
        match self {
            Self::Added { .. }
            | Self::Removed { .. }
            | Self::Moved { .. }
            | Self::Ordered { .. }
            | Self::Cleared
            | Self::Left { .. }
            | Self::Began { .. }
            | Self::Anchored { .. }
            | Self::Sought { .. }
            | Self::Paused { .. }
            | Self::Volume { .. }
            | Self::Loop { .. }
            | Self::Channel { .. }
            | Self::Text { .. }
            | Self::LeaveAt { .. }
            | Self::Waiting { .. }
            | Self::Settled { .. }
            | Self::Failures { .. }
            | Self::SkippedTo { .. }
            | Self::Card { .. }
            | Self::Suppressed { .. }
            | Self::Autoplay { .. }
            | Self::Picked { .. }
            | Self::Chosen { .. }
            | Self::Awaiting { .. }
            | Self::Missed { .. }
            | Self::Taste { .. }
            | Self::Heard => true,
            Self::Awoke(_)
            | Self::Sat(_)
            | Self::Seated(_)
            | Self::OwnVoice { .. }
            | Self::Server { .. }
            | Self::Joining { .. }
            | Self::Placed { .. }
            | Self::ToldNoNode
            | Self::Reported { .. }
            | Self::Sounds { .. }
            | Self::Failing { .. }
            | Self::Over { .. }
            | Self::Asked { .. }
            | Self::Closed { .. } => false,
        }
    }
}

/// A command that waits, with all that another process needs to finish it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Pending {
    /// Unique within the guild.
    pub key: u64,
    /// Who waits for the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply: Option<ReplyTo>,
    /// The command.
    pub command: Command,
    /// Who gave it.
    pub by: Caller,
    /// What was asked for it; `None`: it waits for the voice channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub question: Option<Question>,
    /// Since when, wall-clock ms.
    pub since_ms: u64,
}
