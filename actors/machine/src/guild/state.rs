//! What a guild remembers.

use serde::{Deserialize, Serialize};

/// The state that survives: it equals all kept events applied in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// Revision: number of records so far.
    pub revision: u64,
}
