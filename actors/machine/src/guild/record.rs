//! The unit of the journal.

use serde::{Deserialize, Serialize};

use super::event::Event;
use crate::ids::CauseId;

/// Version of the records that this release writes.
pub const RECORD_VERSION: u8 = 1;

/// What one input changed, kept for ever. Written as self-describing JSON so that two releases and people can read it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// Version of the format; a reader refuses a guild with a newer one.
    pub v: u8,
    /// Ownership epoch under which it was written.
    pub epoch: u64,
    /// Revision of the guild after it: one more than before (L7).
    pub revision: u64,
    /// Wall-clock ms of the input.
    pub at_ms: u64,
    /// Who caused it (L8).
    pub cause: CauseId,
    /// What changed, in order. Kept events only.
    pub events: Vec<Event>,
}

/// A guild's kept state at one revision, as it is stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Version of the format; a reader refuses a guild with a newer one.
    pub v: u8,
    /// Revision that it holds.
    pub revision: u64,
    /// The kept state.
    pub kept: super::Kept,
}
