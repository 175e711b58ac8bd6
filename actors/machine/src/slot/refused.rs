//! Why a slot does not do an input.

use std::sync::Arc;

use crate::guild::Refusal;

/// Why an input is not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The inbox is full.
    #[error("inbox full")]
    Full,
    /// The guild is parked.
    #[error("guild parked ({0})")]
    Parked(Arc<str>),
    /// The guild's saved state can't be read now.
    #[error("store unreachable")]
    StoreDown,
    /// The process stops.
    #[error("shutting down")]
    Stopping,
    /// No shard of this process serves the guild.
    #[error("not served here")]
    NotHere,
}

impl Refused {
    /// What the user is told.
    pub fn refusal(&self) -> Refusal {
        match self {
            Self::Full => Refusal::Busy,
            Self::Parked(reference) => Refusal::Parked {
                reference: reference.as_ref().into(),
            },
            Self::StoreDown => Refusal::StoreDown,
            Self::Stopping | Self::NotHere => Refusal::ShuttingDown,
        }
    }
}
