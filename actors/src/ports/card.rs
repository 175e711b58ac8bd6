//! The card of what plays, as Discord's port takes it.

use ostinato_machine::guild::NowView;

/// What is done with the card of what plays.
#[derive(Clone, Debug, PartialEq)]
pub enum CardOrder {
    /// Posts it, without a sound. With an equal `nonce` Discord makes one message of several, for some minutes.
    Post {
        /// At most 25 characters.
        nonce: String,
        /// What it shows.
        view: NowView,
    },
    /// Shows this.
    Edit {
        /// The message.
        message: u64,
        /// What it shows.
        view: NowView,
    },
    /// Shows that nothing plays any more, and takes its buttons away.
    End {
        /// The message.
        message: u64,
    },
    /// Takes it away.
    Delete {
        /// The message.
        message: u64,
    },
}
