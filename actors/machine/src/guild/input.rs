//! Everything that can happen to a guild.

use serde::{Deserialize, Serialize};

use super::{Caller, CardNews, Command, Outcome, VoiceCredentials};
use crate::ids::{CauseId, ChannelId, EntryId, Hidden, NodeId, ReplyTo, Ticket, UserId};

/// An input with what the machine may not find out by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Stamped {
    /// Wall-clock time of acceptance, ms.
    pub at_ms: u64,
    /// Chance for this input, such as for a shuffle.
    pub seed: u64,
    /// Who caused it (L8).
    pub cause: CauseId,
    /// What happened.
    pub input: Input,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Input {
    /// A command of a listener, the panel or an operator.
    Command {
        /// The command.
        command: Command,
        /// Who gave it.
        by: Caller,
        /// The interaction that waits for an answer; `None` for orders that wait for none.
        reply: Option<ReplyTo>,
    },
    /// First input of every incarnation: the facts that are not journalled.
    Restored(Box<Restored>),
    /// A user joined, moved or left a voice channel of this guild.
    Seat(Seat),
    /// Everybody who sits in voice in this guild, whole: what was known of seats before, or not known, is void.
    Seats(Vec<Seat>),
    /// The bot's own voice state, as Discord holds it.
    OwnVoice {
        /// The channel; `None` when out of voice.
        channel: Option<ChannelId>,
        /// Voice session.
        session_id: Hidden,
        /// Held silent on a stage.
        suppressed: bool,
    },
    /// A channel of this guild was deleted.
    ChannelGone {
        /// The channel.
        channel: ChannelId,
    },
    /// The bot was removed from the guild.
    GuildGone,
    /// Where the voice connection should go.
    VoiceServer {
        /// Voice token.
        token: Hidden,
        /// `None`: the voice server went away, another one follows.
        endpoint: Option<Box<str>>,
    },
    /// The gateway session was replaced: Discord dropped every voice session of it.
    VoiceLost,
    /// The fleet proposes a node, or says that there is none.
    Placed {
        /// The node.
        node: Option<NodeId>,
        /// Placement time in ms: of two players the higher stays.
        generation: u64,
    },
    /// What a node says about this guild's player.
    Player {
        /// The node.
        node: NodeId,
        /// What it says.
        report: Report,
    },
    /// The answer to an [`super::Ask`].
    Done {
        /// Of which question.
        ticket: Ticket,
        /// What came out.
        outcome: Outcome,
    },
    /// What became of the card.
    Card(CardNews),
    /// The reply lane gives up waiting for this interaction.
    Expired {
        /// The interaction.
        interaction: u64,
    },
    /// The time that [`super::Wanted::wake_at_ms`] named has come.
    Wake,
    /// An operator tries how a fault is borne. It means nothing to the guild; its shell fails as it says.
    Fault(Fault),
}

/// A fault that is ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A panic while the guild decides: its value stays intact.
    Panic,
    /// A panic while it applies: its value is dropped and rebuilt from the store.
    Poison,
    /// The thread is blocked for so long, ms.
    BlockMs(u64),
}

/// One user in one voice channel of the guild.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seat {
    /// The user.
    pub user: UserId,
    /// The channel; `None` when the user left voice.
    pub channel: Option<ChannelId>,
    /// Bots are no listeners.
    pub bot: bool,
}

impl Seat {
    /// Whether somebody who listens to `channel` sits here.
    pub fn listens_in(&self, channel: ChannelId) -> bool {
        !self.bot && self.channel == Some(channel)
    }
}

/// Facts for a new incarnation.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Restored {
    /// Number of the incarnation: rises over the life of the guild, also over processes.
    pub incarnation: u64,
    /// Users in voice, without the bot itself; `None` when nobody knows yet (after a RESUME without stored seats).
    pub seats: Option<Vec<Seat>>,
    /// The bot's own channel and voice session, if Discord holds one.
    pub own: Option<(ChannelId, Hidden)>,
    /// The player that a node reports for this guild.
    pub player: Option<Seen>,
    /// Start with queue and settings only and drop the player (first start after parking).
    pub cold: bool,
}

/// A player as a node reports it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// The node.
    pub node: NodeId,
    /// User data of its track; `None` without a track or with a stranger's.
    pub tag: Option<Tag>,
    /// Reported position, ms; real nodes are about 400 ms ahead of what is heard.
    pub position_ms: u64,
    /// When that was true, wall-clock ms.
    pub at_ms: u64,
    /// Paused at the node.
    pub paused: bool,
    /// Volume at the node, percent.
    pub volume: u16,
    /// Voice that the node was given.
    pub voice: Option<VoiceCredentials>,
    /// Whether the node believes its voice connection open.
    pub connected: bool,
}

/// What our tracks carry through a node as user data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tag {
    /// The queue entry.
    #[serde(rename = "qid")]
    pub entry: EntryId,
    /// Rises with every start of a track in this guild: replaying is a new play.
    pub play: u32,
    /// Rises with every seek of this play.
    #[serde(default)]
    pub seek: u32,
    /// Placement that the player belongs to, ms.
    #[serde(rename = "gen")]
    pub generation: u64,
}

impl Tag {
    /// Whether both speak of the same play of the same entry.
    pub fn same_play(&self, other: &Self) -> bool {
        self.entry == other.entry && self.play == other.play
    }
}

/// What a node says about a player.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Report {
    /// The player after a (re)connection of the node, whole.
    Whole(Seen),
    /// A position, every few seconds.
    Update {
        /// Position, ms.
        position_ms: u64,
        /// When that was true, wall-clock ms.
        at_ms: u64,
        /// Whether the node believes its voice connection open. No proof of sound.
        connected: bool,
    },
    /// The track began.
    Started {
        /// Which.
        tag: Tag,
    },
    /// The track is over.
    Ended {
        /// Which.
        tag: Tag,
        /// Why.
        reason: EndReason,
    },
    /// The decoder failed. An end may follow, at once or seconds later, or not at all.
    Failed {
        /// Which.
        tag: Tag,
        /// What the node says; may be empty.
        message: Box<str>,
    },
    /// No audio for ten seconds; nothing else follows by itself.
    Stuck {
        /// Which.
        tag: Tag,
    },
    /// The voice connection was closed.
    VoiceClosed {
        /// Close code of the voice gateway, such as 4006, 4014, 4017.
        code: u16,
        /// By Discord.
        by_remote: bool,
    },
    /// The node refused an order for good, such as a track that it can't decode.
    Refused {
        /// The track of the order.
        tag: Option<Tag>,
        /// What the node says.
        message: Box<str>,
    },
    /// The node has no player for this guild although it was told to have one.
    Missing,
}

/// Why a track is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum EndReason {
    /// Played to its end, or its `endTime`.
    Finished,
    /// Never produced a frame.
    LoadFailed,
    /// Stopped by an order.
    Stopped,
    /// Another track took its place.
    Replaced,
    /// The node cleaned up a player that nobody polled.
    Cleanup,
}
