//! What a guild remembers: the kept state, which equals all kept events applied in order, and the passing state.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use smallvec::SmallVec;

use super::autoplay::Autoplay;
use super::card::CardState;
use super::causes::Causes;
use super::event::{Asker, Pending};
use super::{LoopMode, RECORD_VERSION, Record, Snapshot, VoiceCredentials, apply};
use crate::ids::{CauseId, ChannelId, EntryId, GuildId, Hidden, NodeId, Ticket, UserId};
use crate::limits::Limits;
use crate::track::Entry;

/// Requests for voice are counted together for so long, ms.
pub(super) const AGAIN_MS: u64 = 60_000;

/// One guild: its queue, its player, its voice. Changed by [`super::apply`] only.
#[derive(Clone, Debug, PartialEq)]
pub struct Guild {
    pub(super) id: GuildId,
    pub(super) epoch: u64,
    pub(super) limits: Arc<Limits>,
    pub(super) kept: Kept,
    pub(super) passing: Passing,
}

/// The state that survives.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Kept {
    pub(super) revision: u64,
    pub(super) queue: VecDeque<Entry>,
    pub(super) current: Option<Current>,
    pub(super) history: VecDeque<Entry>,
    pub(super) loop_mode: LoopMode,
    pub(super) volume: Option<u16>,
    pub(super) paused_by_user: bool,
    pub(super) paused_alone: bool,
    /// In the audience of a stage.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) suppressed: bool,
    pub(super) channel: Option<ChannelId>,
    pub(super) text: Option<ChannelId>,
    pub(super) leave_at_ms: Option<u64>,
    pub(super) pending: SmallVec<[Box<Pending>; 2]>,
    pub(super) failures: u32,
    pub(super) hold_until_ms: Option<u64>,
    pub(super) last_entry: u64,
    pub(super) last_play: u32,
    pub(super) last_key: u64,
    /// The play that began because the one before it was skipped: the next process, too, takes a second skip for the same.
    pub(super) skipped_to: Option<u32>,
    pub(super) causes: Causes,
    /// The message that shows what plays.
    #[serde(skip_serializing_if = "CardState::is_empty")]
    pub(super) card: CardState,
    /// Autoplay; `None` until somebody switches it on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) autoplay: Option<Box<Autoplay>>,
    /// Playing time of the queue without its live streams, ms. Derived, kept current so that nothing adds it up.
    pub(super) queue_ms: u64,
    /// Live streams in the queue. Derived.
    pub(super) queue_live: u32,
}

/// The track that plays or would play.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Current {
    pub(super) entry: Entry,
    pub(super) play: u32,
    pub(super) seek: u32,
    /// Position at `at_ms`, ms.
    pub(super) position_ms: u64,
    pub(super) at_ms: u64,
    /// When the play began, wall-clock ms.
    pub(super) began_ms: u64,
}

/// Facts that another process can learn again.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Passing {
    pub(super) incarnation: u64,
    pub(super) last_ticket: u32,
    /// Where people sit; bots are no listeners.
    pub(super) seats: Option<Vec<(UserId, ChannelId)>>,
    pub(super) own: Option<(ChannelId, Hidden)>,
    pub(super) server: Option<(Hidden, Box<str>)>,
    /// The last complete set: what a player goes on with while a new one is on its way.
    pub(super) voice: Option<VoiceCredentials>,
    /// Rises when a voice server is named after there was none: the connection is then opened anew, even if Discord gives
    /// the same credentials again.
    pub(super) dial: u32,
    pub(super) join: u32,
    pub(super) joining_since_ms: Option<u64>,
    pub(super) placed: Option<(NodeId, u64)>,
    pub(super) told_no_node: bool,
    pub(super) reported: Option<(u64, u64)>,
    /// The play that was heard to begin.
    pub(super) sounds: Option<u32>,
    /// The play whose decoder failed, and when.
    pub(super) failing: Option<(u32, u64)>,
    /// The play that ended by itself.
    pub(super) over: Option<(EntryId, u32)>,
    pub(super) tickets: SmallVec<[Open; 1]>,
    /// When the newest voice server was named.
    pub(super) server_at_ms: u64,
    /// How often voice was asked for again, and since when that is counted.
    pub(super) again: Option<(u32, u64)>,
}

/// A question under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Open {
    pub(super) ticket: Ticket,
    /// For whom.
    pub(super) asker: Asker,
    pub(super) at_ms: u64,
}

/// Why a stored guild can't be restored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RestoreError {
    /// A record or snapshot of a newer release.
    #[error("written by a newer release (version {found}, this one knows {RECORD_VERSION})")]
    Newer {
        /// Its version.
        found: u8,
    },
    /// A record does not follow the one before it.
    #[error("revision {found} follows {after}")]
    Gap {
        /// The revision before.
        after: u64,
        /// The revision found.
        found: u64,
    },
    /// An event does not fit the state.
    #[error("revision {revision}: {why}")]
    Event {
        /// The revision.
        revision: u64,
        /// Why.
        why: super::NotApplicable,
    },
}

impl Guild {
    /// A guild that was never heard of.
    pub fn new(id: GuildId, epoch: u64, limits: Arc<Limits>) -> Self {
        Self {
            id,
            epoch,
            limits,
            kept: Kept::default(),
            passing: Passing::default(),
        }
    }

    /// A guild from its newest snapshot and the records after it. Passing facts come with [`super::Input::Restored`].
    pub fn restore(
        id: GuildId,
        epoch: u64,
        snapshot: Option<Snapshot>,
        records: &[Record],
        limits: Arc<Limits>,
    ) -> Result<Self, RestoreError> {
        let mut guild = Self::new(id, epoch, limits);
        if let Some(snapshot) = snapshot {
            if snapshot.v > RECORD_VERSION {
                return Err(RestoreError::Newer { found: snapshot.v });
            }
            guild.kept = snapshot.kept;
            guild.kept.revision = snapshot.revision;
        }
        for record in records {
            guild.replay(record)?;
        }
        Ok(guild)
    }

    /// Applies the next record of the journal: what [`Self::restore`] does with each, for whoever looks in between.
    ///
    /// # Errors
    /// When the record does not follow; the value may then be half changed and is good for nothing.
    pub fn replay(&mut self, record: &Record) -> Result<(), RestoreError> {
        if record.v > RECORD_VERSION {
            return Err(RestoreError::Newer { found: record.v });
        }
        if self.kept.revision.checked_add(1) != Some(record.revision) {
            return Err(RestoreError::Gap {
                after: self.kept.revision,
                found: record.revision,
            });
        }
        for event in &record.events {
            apply(self, event).map_err(|why| RestoreError::Event {
                revision: record.revision,
                why,
            })?;
        }
        self.kept.revision = record.revision;
        self.remember(record.at_ms, &record.cause);
        Ok(())
    }

    /// Which guild it is.
    pub fn id(&self) -> GuildId {
        self.id
    }

    /// Number of records so far (L7).
    pub fn revision(&self) -> u64 {
        self.kept.revision
    }

    /// The channel in which it was last spoken to.
    pub const fn text(&self) -> Option<ChannelId> {
        self.kept.text
    }

    /// Tracks that wait.
    pub fn queued(&self) -> usize {
        self.kept.queue.len()
    }

    /// The kept state.
    pub fn kept(&self) -> &Kept {
        &self.kept
    }

    /// The kept state as it is stored.
    pub fn snapshot(&self) -> Snapshot {
        Snapshot {
            v: RECORD_VERSION,
            revision: self.kept.revision,
            kept: self.kept.clone(),
            said: Vec::new(),
        }
    }

    /// Remembers a cause, and forgets those that are old and many (L8).
    pub(super) fn remember(&mut self, at_ms: u64, cause: &CauseId) {
        // Known for longer than what is repeated may be old and still be done, see `is_stale`.
        let known_ms = self.limits.cause_ms.max(self.limits.expire_ms);
        let kept_ms = known_ms.saturating_add(self.limits.stale_ms);
        self.kept.causes.remember(at_ms, cause, at_ms.saturating_sub(kept_ms));
    }

    /// Whether this cause was applied already (L8).
    pub(super) fn repeats(&self, cause: &CauseId) -> bool {
        self.kept.causes.knows(cause)
    }

    pub(super) fn volume(&self) -> u16 {
        self.kept.volume.unwrap_or(self.limits.default_volume)
    }

    pub(super) fn paused(&self) -> bool {
        self.kept.paused_by_user || self.kept.paused_alone || self.kept.suppressed
    }

    /// Human listeners in `channel`; `None` while seats are unknown.
    pub(super) fn listeners(&self, channel: ChannelId) -> Option<usize> {
        let seats = self.passing.seats.as_ref()?;
        Some(seats.iter().filter(|(_, at)| *at == channel).count())
    }

    /// Where `user` sits; the outer `None` while seats are unknown.
    pub(super) fn seat_of(&self, user: UserId) -> Option<Option<ChannelId>> {
        let seats = self.passing.seats.as_ref()?;
        Some(seats.iter().find(|(who, _)| *who == user).map(|(_, at)| *at))
    }

    /// Position of the current track at `now_ms`, within its length.
    pub(super) fn position(&self, now_ms: u64) -> u64 {
        let Some(current) = &self.kept.current else { return 0 };
        let (position, at_ms) = self.anchor(current);
        let runs = !self.paused() && self.audible();
        let run = if runs { now_ms.saturating_sub(at_ms) } else { 0 };
        let position = position.saturating_add(run);
        current
            .entry
            .track
            .length_ms
            .map_or(position, |length| position.min(length))
    }

    /// The newest known position and when it was true: the journal's, or a node's younger one.
    pub(super) fn anchor(&self, current: &Current) -> (u64, u64) {
        match self.passing.reported {
            Some((position, at_ms)) if at_ms >= current.at_ms => (position, at_ms),
            Some(_) | None => (current.position_ms, current.at_ms),
        }
    }

    /// Whether a node plays the current track, as far as known.
    pub(super) fn audible(&self) -> bool {
        self.passing.placed.is_some()
            && self.passing.voice.is_some()
            && self
                .kept
                .current
                .as_ref()
                .is_some_and(|current| self.passing.sounds == Some(current.play))
    }

    /// Whether a node has, or is being given, a player for this guild.
    pub(super) fn has_player(&self) -> bool {
        self.kept.channel.is_some() && self.passing.placed.is_some() && self.passing.voice.is_some()
    }

    /// How often voice was asked for again within the last minute.
    pub(super) fn asked_again(&self, now_ms: u64) -> u32 {
        match self.passing.again {
            Some((count, since_ms)) if now_ms.saturating_sub(since_ms) < AGAIN_MS => count,
            Some(_) | None => 0,
        }
    }

    /// Whether autoplay looks for a track.
    pub(super) fn asks_related(&self) -> bool {
        self.passing.tickets.iter().any(|open| open.asker == Asker::Autoplay)
    }

    /// Entries that would be lost if the queue were: the current one counted.
    pub(super) fn held(&self) -> usize {
        self.kept.queue.len() + usize::from(self.kept.current.is_some())
    }
}
