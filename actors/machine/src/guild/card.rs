//! The card of what plays: one message a guild, in the channel where music was asked for.
//!
//! The guild knows which message it is and what it should show; when it is written is up to its lane.

use serde::{Deserialize, Serialize};

use super::state::{Current, Guild};
use super::{Brief, LoopMode, NowView, Why};
use crate::ids::{ChannelId, EntryId};
use crate::track::Entry;

/// Two positions that differ by less look alike, ms.
const ALIKE_MS: u64 = 2_000;

/// The message that is the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardPost {
    /// Its channel.
    pub channel: ChannelId,
    /// The message.
    pub message: u64,
    /// When it was posted, wall-clock ms.
    pub at_ms: u64,
}

/// What became of the card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CardNews {
    /// It was posted.
    Posted(CardPost),
    /// This message is the card no more: taken away to be posted anew, or written to for the last time.
    Ended {
        /// The message.
        message: u64,
    },
    /// Somebody deleted this message, or it can't be written to: no other is posted for the track that plays.
    Gone {
        /// The message.
        message: u64,
    },
}

/// How the card should look.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WantedCard {
    /// Where a new one goes.
    pub channel: ChannelId,
    /// The message that is the card now.
    pub post: Option<CardPost>,
    /// The message that was the last card; 0 before the first. Whoever posts after it posts one message.
    pub after: u64,
    /// What it shows; `None`: nothing plays, and the card ends.
    pub face: Option<CardFace>,
}

/// What the card shows. Cheap to make and to compare.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CardFace {
    /// The track.
    pub entry: Entry,
    /// When its play began, wall-clock ms.
    pub began_ms: u64,
    /// Position, ms: as it is, or as it was at `runs_since_ms`.
    pub position_ms: u64,
    /// Since when the position runs on, wall-clock ms; `None`: it rests.
    pub runs_since_ms: Option<u64>,
    /// Paused by a user.
    pub paused: bool,
    /// Silent because nobody listens.
    pub alone: bool,
    /// Silent because the bot is in the audience of a stage.
    pub suppressed: bool,
    /// Not audible yet or just now.
    pub waiting: bool,
    /// Volume, percent.
    pub volume: u16,
    /// The loop mode.
    pub loop_mode: LoopMode,
    /// Why autoplay has chosen it, if it has.
    pub why: Option<Why>,
    /// What plays after it: asked for, or chosen by autoplay.
    pub next: Option<Entry>,
    /// How many entries are queued.
    pub queued: usize,
    /// When the bot leaves by itself, wall-clock ms.
    pub leave_at_ms: Option<u64>,
}

impl WantedCard {
    /// The same where cards are shown; elsewhere a card that was posted ends, and none is wanted.
    pub fn or_end(self, shown: bool) -> Option<Self> {
        if shown {
            return Some(self);
        }
        self.post.is_some().then_some(Self { face: None, ..self })
    }
}

impl CardFace {
    /// Whether people would see no difference: a position that runs on is none, and neither is the length of a queue.
    pub fn looks_like(&self, other: &Self) -> bool {
        let alike = |a: u64, b: u64| a.abs_diff(b) < ALIKE_MS;
        let position = match (self.runs_since_ms, other.runs_since_ms) {
            (None, None) => alike(self.position_ms, other.position_ms),
            (Some(since), Some(other_since)) => alike(
                since.saturating_add(other.position_ms),
                other_since.saturating_add(self.position_ms),
            ),
            (Some(_), None) | (None, Some(_)) => false,
        };
        let plain = |face: &Self| Self {
            began_ms: 0,
            position_ms: 0,
            runs_since_ms: None,
            queued: face.queued.min(2),
            ..face.clone()
        };
        position && plain(self) == plain(other)
    }

    /// The same for reading, as it is at `now_ms`.
    pub fn view(&self, now_ms: u64) -> NowView {
        let run = self.runs_since_ms.map_or(0, |since| now_ms.saturating_sub(since));
        let position = self.position_ms.saturating_add(run);
        let length = self.entry.track.length_ms;
        NowView {
            entry: self.entry.id,
            track: Brief::entry(&self.entry),
            position_ms: length.map_or(position, |length| position.min(length)),
            paused: self.paused,
            alone: self.alone,
            suppressed: self.suppressed,
            waiting: self.waiting,
            volume: self.volume,
            loop_mode: self.loop_mode,
            why: self.why.clone(),
            next: self.next.as_ref().map(Brief::entry),
            queued: self.queued,
            leaves_in_ms: self.leave_at_ms.map(|at_ms| at_ms.saturating_sub(now_ms)),
        }
    }
}

/// What a guild keeps of its card.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct CardState {
    pub(super) post: Option<CardPost>,
    /// The message that was the last card.
    pub(super) last: u64,
    /// The entry that gets no card: somebody deleted it.
    pub(super) none_for: Option<EntryId>,
}

impl CardState {
    /// Nothing was ever posted that would have to be remembered.
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl Guild {
    /// How the card should look.
    pub(super) fn card(&self) -> Option<WantedCard> {
        let CardState { post, none_for, last } = self.kept.card;
        let current = self.kept.current.as_ref().filter(|_| self.kept.channel.is_some());
        let shown = current.filter(|current| none_for != Some(current.entry.id));
        if post.is_none() && shown.is_none() {
            return None;
        }
        Some(WantedCard {
            channel: self.kept.text?,
            post,
            after: last,
            face: shown.map(|current| self.face(current)),
        })
    }

    /// What the card of `current` shows.
    pub(super) fn face(&self, current: &Current) -> CardFace {
        let kept = &self.kept;
        let (position_ms, at_ms) = self.anchor(current);
        CardFace {
            entry: current.entry.clone(),
            began_ms: current.began_ms,
            position_ms,
            runs_since_ms: (!self.paused() && self.audible()).then_some(at_ms),
            paused: kept.paused_by_user,
            alone: kept.paused_alone,
            suppressed: kept.suppressed,
            waiting: !self.audible(),
            volume: self.volume(),
            loop_mode: kept.loop_mode,
            why: self.chosen().cloned(),
            next: kept.queue.front().cloned().or_else(|| self.picked()),
            queued: kept.queue.len(),
            leave_at_ms: kept.leave_at_ms,
        }
    }
}
