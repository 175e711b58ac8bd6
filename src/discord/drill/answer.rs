//! What whoever orders a fault is told, as data; words are made in `render`.

use std::sync::Arc;

use ostinato_actors::chronicle::{Death, Ordered};
use ostinato_machine::ids::GuildId;

use crate::config::{NotAllowed, Reach};
use crate::discord::answers::Outcome;
use crate::discord::commands::DrillFault;

/// What whoever asked for a fault, or about faults, is told.
#[derive(Clone, Debug, PartialEq)]
pub enum Drilled {
    /// It strikes as soon as this is read.
    Ordered {
        /// What.
        fault: DrillFault,
        /// What the order is spoken of by.
        reference: Arc<str>,
    },
    /// Nothing was done.
    Refused(NoDrill),
    /// What may fail here, and what did.
    Status(View),
}

impl Drilled {
    /// Whether it is what was asked for.
    pub(in crate::discord) fn outcome(&self) -> Outcome {
        match self {
            Self::Ordered { .. } | Self::Status(_) => Outcome::Answered,
            Self::Refused(_) => Outcome::Refused,
        }
    }
}

/// Why nothing was done. Its words are for the books.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoDrill {
    /// Somebody else runs the bot.
    #[error("by nobody who runs the bot")]
    Stranger,
    /// Discord does not say who runs it.
    #[error("Discord did not say who runs the bot")]
    OwnersUnknown,
    /// It may not be ordered here.
    #[error("{why}")]
    NotAllowed {
        /// Where.
        guild: GuildId,
        /// Why.
        why: NotAllowed,
    },
    /// The guild would not hear of it.
    #[error("the guild sleeps")]
    Asleep,
    /// There are no actors, or they don't answer.
    #[error("nobody answered for the guild")]
    Away,
    /// It came too late.
    #[error("it came too late")]
    Late,
}

/// What may fail in a guild, and what did.
#[derive(Clone, Debug, PartialEq)]
pub struct View {
    /// The guild.
    pub guild: GuildId,
    /// How far faults may reach.
    pub reach: Reach,
    /// The last ones that were ordered, newest first, each with what died of it.
    pub last: Vec<(Arc<Ordered>, Vec<Arc<Death>>)>,
}
