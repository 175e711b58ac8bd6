//! What changed. Kept events are the journal.

use serde::{Deserialize, Serialize};

/// One change of a guild.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "e", rename_all = "snake_case")]
pub enum Event {
    /// The volume changed.
    Volume {
        /// Percent.
        percent: u16,
    },
}
