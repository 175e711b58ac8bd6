//! Names of things. Every identity of the product is one of these types, so that none is mistaken for another.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

macro_rules! id {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

id!(
    /// A guild (what listeners call a server), by its Discord id.
    GuildId(u64)
);
id!(
    /// A Discord user.
    UserId(u64)
);
impl UserId {
    /// Nobody: who asks for what autoplay adds.
    pub const NOBODY: Self = Self(0);
}

id!(
    /// A text or voice channel.
    ChannelId(u64)
);
id!(
    /// A gateway shard, from 0.
    ShardId(u32)
);
id!(
    /// One entry of a guild's queue, unique within the guild for ever: the same song added twice has two. It travels to
    /// the audio node as user data and is what track events are compared with.
    EntryId(u64)
);

/// An audio node, by its configured name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NodeId(pub Arc<str>);

impl NodeId {
    /// The node called `name`.
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A text that never shows in logs: tokens of interactions and voice servers. It is written to the journal as it is.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Hidden(Arc<str>);

impl Hidden {
    /// Hides `text`.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// The outside identity of an input (L8). Two inputs with the same cause are one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CauseId {
    /// Nothing outside asked for it: timers, completions, reports.
    Internal,
    /// An interaction of Discord, by its id.
    Interaction(u64),
    /// A message of Discord, by its id.
    Message(u64),
    /// An order of the panel or an operator, by its idempotency key.
    Order(Arc<str>),
}

/// Where an answer goes: what waits for it. Written with a pending command, so that another process can still finish it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReplyTo {
    /// Id of what is answered: an interaction or a message. Discord's ids never meet, whatever they name.
    #[serde(alias = "interaction")]
    pub id: u64,
    /// How the answer gets there.
    #[serde(flatten)]
    pub via: Via,
    /// When it came in, wall-clock ms.
    pub arrived_ms: u64,
    /// When Discord made it, by the clock of this machine, ms; 0 when nobody can tell. What is old on arrival is not
    /// done any more.
    #[serde(default)]
    pub made_ms: u64,
    /// Whether the command's ordinary answer is for everybody in the channel.
    pub public: bool,
}

impl ReplyTo {
    /// What caused the command that waits for this answer.
    pub const fn cause(&self) -> CauseId {
        match self.via {
            Via::Interaction { .. } => CauseId::Interaction(self.id),
            Via::Message { .. } => CauseId::Message(self.id),
        }
    }
}

/// How an answer gets to where it is waited for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Via {
    /// An interaction: one first callback within 3 s, then edits and further messages through its webhook.
    Interaction {
        /// Id of the application: the webhook that edits go to.
        application: u64,
        /// Token of the interaction, good for 15 minutes.
        token: Hidden,
        /// Whether it came from a component of a message (a button), not from a command. A public answer then takes the
        /// place of that message's content; a private one is a message of its own.
        #[serde(default)]
        component: bool,
    },
    /// A message that is a command: its answer is one message that refers to it, for everybody in the channel.
    Message {
        /// The channel of both.
        channel: ChannelId,
    },
}

/// A question that is under way. Unique over incarnations of a guild, so that a late completion never meets a new
/// question of the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Ticket {
    /// Incarnation of the guild that asked.
    pub incarnation: u64,
    /// Number within that incarnation.
    pub number: u32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_that_an_older_release_wrote_is_still_read() {
        let old = r#"{"interaction":5,"application":7,"token":"t","arrived_ms":1,"made_ms":1,"public":true}"#;
        let reply: ReplyTo = serde_json::from_str(old).expect("it is read");
        assert_eq!(reply.cause(), CauseId::Interaction(5));
        let message = ReplyTo {
            via: Via::Message { channel: ChannelId(3) },
            ..reply.clone()
        };
        for reply in [reply, message] {
            let written = serde_json::to_string(&reply).expect("it is written");
            assert_eq!(serde_json::from_str::<ReplyTo>(&written).expect("it is read"), reply);
        }
    }
}
