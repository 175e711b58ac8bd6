//! What a guild keeps, in brief: for whoever looks at it from outside, such as an operator.

use super::event::Pending;
use super::state::Guild;
use super::{CardPost, LoopMode};
use crate::ids::ChannelId;
use crate::track::Entry;

/// What a guild keeps, in brief. Read off the state in constant time.
#[derive(Clone, Debug, PartialEq)]
pub struct Outline<'a> {
    /// The track that plays or would play.
    pub current: Option<&'a Entry>,
    /// Number of its play.
    pub play: u32,
    /// Its position and when that was true, wall-clock ms.
    pub position: Option<(u64, u64)>,
    /// Paused by a user.
    pub paused_by_user: bool,
    /// Silent because nobody listens.
    pub paused_alone: bool,
    /// Silent because the bot is in the audience of a stage.
    pub suppressed: bool,
    /// Volume, percent.
    pub volume: u16,
    /// The loop mode.
    pub loop_mode: LoopMode,
    /// Autoplay is on.
    pub autoplay: bool,
    /// The wanted voice channel.
    pub channel: Option<ChannelId>,
    /// Where notices go.
    pub text: Option<ChannelId>,
    /// The message that is the card.
    pub card: Option<CardPost>,
    /// The first entry of the queue.
    pub next: Option<&'a Entry>,
    /// How many entries are queued.
    pub queued: usize,
    /// How many are remembered as played.
    pub played: usize,
    /// Commands that wait for something outside.
    pub pending: &'a [Box<Pending>],
    /// Tracks that failed in a row.
    pub failures: u32,
}

impl Guild {
    /// What the guild keeps, in brief.
    pub fn outline(&self) -> Outline<'_> {
        let kept = &self.kept;
        let current = kept.current.as_ref();
        Outline {
            current: current.map(|current| &current.entry),
            play: current.map_or(kept.last_play, |current| current.play),
            position: current.map(|current| self.anchor(current)),
            paused_by_user: kept.paused_by_user,
            paused_alone: kept.paused_alone,
            suppressed: kept.suppressed,
            volume: self.volume(),
            loop_mode: kept.loop_mode,
            autoplay: self.autoplay().is_some(),
            channel: kept.channel,
            text: kept.text,
            card: kept.card.post,
            next: kept.queue.front(),
            queued: kept.queue.len(),
            played: kept.history.len(),
            pending: &kept.pending,
            failures: kept.failures,
        }
    }
}
