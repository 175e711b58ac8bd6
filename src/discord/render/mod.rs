//! Every word that listeners read.
//!
//! Data goes in, a [`Message`] within Discord's limits comes out. Titles and whatever else was not written here are
//! escaped. Nothing here decides, sends or knows the time: it comes in with the [`Moment`].

mod controls;
mod drill;
mod help;
mod info;
mod local;
mod message;
mod refusal;
mod say;
mod text;
mod track;

#[cfg(test)]
mod tests;

pub(in crate::discord) use local::local;
pub(in crate::discord) use message::{Button, Card, Message};
pub(in crate::discord) use say::say;
pub(in crate::discord) use track::offered;

/// When something is said.
#[derive(Clone, Copy, Debug)]
pub(in crate::discord) struct Moment {
    /// Wall-clock time, ms since 1970.
    pub(in crate::discord) now_ms: u64,
}

impl Moment {
    /// A moment `after_ms` from now as a stamp that Discord keeps current by itself: "in 3 minutes".
    fn stamp(self, after_ms: u64) -> String {
        format!("<t:{}:R>", self.now_ms.saturating_add(after_ms) / 1_000)
    }
}
