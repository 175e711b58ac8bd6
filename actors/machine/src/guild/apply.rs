//! Applying events: no rule, no panic.
//!
//! An event that does not fit the state is an error value; the shell then drops the guild's value and rebuilds it.
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use std::collections::VecDeque;

use super::autoplay::Autoplay;
use super::card::CardState;
use super::event::{Asker, Event};
use super::pass::pass;
use super::press::fill_words;
use super::state::{Current, Guild};
use super::{Decision, RECORD_VERSION, Record, Said, Stamped};
use crate::ids::{ChannelId, EntryId};
use crate::track::Entry;

/// An event does not fit the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotApplicable {
    /// A place that the queue does not have.
    #[error("the queue has no such place")]
    Place,
    /// A new order that is no permutation of the queue.
    #[error("the new order is no permutation of the queue")]
    Order,
    /// Another track is the current one.
    #[error("another track is the current one")]
    Current,
    /// More than the limits allow.
    #[error("beyond the limits")]
    Limit,
}

/// Applies a decision: every event, then, if one of them is kept, the next revision. Returns its record.
///
/// # Errors
/// [`NotApplicable`] if an event does not fit; the guild is then half changed and must be rebuilt.
pub fn apply_all(g: &mut Guild, i: &Stamped, decision: &Decision) -> Result<Option<Record>, NotApplicable> {
    let mut kept = Vec::new();
    for event in &decision.events {
        apply(g, event)?;
        if event.kept() {
            kept.push(event.clone());
        }
    }
    if kept.is_empty() {
        return Ok(None);
    }
    g.kept.revision = g.kept.revision.saturating_add(1);
    g.remember(i.at_ms, &i.cause);
    let (epoch, revision) = (g.epoch, g.kept.revision);
    let mut said: Vec<Said> = Said::of(&decision.say, i.at_ms).collect();
    said.iter_mut().for_each(|said| fill_words(g, i.at_ms, &mut said.say));
    Ok(Some(Record {
        v: RECORD_VERSION,
        epoch,
        revision,
        at_ms: i.at_ms,
        cause: i.cause.clone(),
        events: kept,
        said,
    }))
}

/// Applies one event.
///
/// # Errors
/// [`NotApplicable`] if it does not fit; the guild is unchanged then.
pub fn apply(g: &mut Guild, event: &Event) -> Result<(), NotApplicable> {
    let (limits, kept, passing) = (&g.limits, &mut g.kept, &mut g.passing);
    match event {
        Event::Added { at, entries } => return added(g, *at, entries),
        Event::Removed { index, count } => return removed(g, *index, *count),
        Event::Moved { from, to } => return moved(&mut kept.queue, *from, *to),
        Event::Ordered { order } => return ordered(g, order),
        Event::Cleared => {
            kept.queue = VecDeque::new();
            (kept.queue_ms, kept.queue_live) = (0, 0);
        }
        Event::Left { entry, requeued } => return left(g, *entry, *requeued),
        Event::Began {
            entry,
            play,
            position_ms,
            at_ms,
        } => return began(g, *entry, *play, *position_ms, *at_ms),
        Event::Anchored { position_ms, at_ms } | Event::Sought { position_ms, at_ms } => {
            let current = kept.current.as_mut().ok_or(NotApplicable::Current)?;
            (current.position_ms, current.at_ms) = (*position_ms, *at_ms);
            if matches!(event, Event::Sought { .. }) {
                current.seek = current.seek.saturating_add(1);
            }
            passing.reported = None;
        }
        Event::Paused { user, alone } => (kept.paused_by_user, kept.paused_alone) = (*user, *alone),
        Event::Suppressed { on } => kept.suppressed = *on,
        Event::Volume { percent } => kept.volume = Some(*percent),
        Event::Loop { mode } => kept.loop_mode = *mode,
        Event::Channel { channel } => goes_to(g, *channel),
        Event::Text { channel } => kept.text = Some(*channel),
        Event::LeaveAt { at_ms } => kept.leave_at_ms = *at_ms,
        Event::Waiting { pending } => {
            if kept.pending.len() >= limits.pending {
                return Err(NotApplicable::Limit);
            }
            kept.last_key = kept.last_key.max(pending.key);
            kept.pending.push(pending.clone());
        }
        Event::Settled { key } => {
            kept.pending.retain(|pending| pending.key != *key);
            passing.tickets.retain(|open| open.asker != Asker::Command(*key));
        }
        Event::Failures { count, hold_until_ms } => {
            (kept.failures, kept.hold_until_ms) = (*count, *hold_until_ms);
        }
        Event::SkippedTo { play } => kept.skipped_to = Some(*play),
        Event::Card { post, none_for } => {
            kept.card = CardState {
                post: *post,
                last: post.map_or(kept.card.last, |post| post.message),
                none_for: *none_for,
            }
        }
        Event::Autoplay { .. }
        | Event::Picked { .. }
        | Event::Chosen { .. }
        | Event::Awaiting { .. }
        | Event::Missed { .. }
        | Event::Taste { .. } => autoplay(kept.autoplay.get_or_insert_default(), event),
        Event::Heard => {}
        Event::Awoke(_)
        | Event::Sat(_)
        | Event::Seated(_)
        | Event::OwnVoice { .. }
        | Event::Server { .. }
        | Event::Joining { .. }
        | Event::Placed { .. }
        | Event::ToldNoNode
        | Event::Reported { .. }
        | Event::Sounds { .. }
        | Event::Failing { .. }
        | Event::Over { .. }
        | Event::Asked { .. }
        | Event::Closed { .. } => pass(limits.seats, passing, event),
    }
    Ok(())
}

/// Whatever plays, or out of voice, the music waits for nothing that autoplay could find.
fn awaits_nothing(g: &mut Guild) {
    if let Some(auto) = &mut g.kept.autoplay {
        auto.awaited_ms = None;
    }
}

fn autoplay(auto: &mut Autoplay, event: &Event) {
    if let Event::Autoplay { on } = event {
        auto.on = *on;
        (auto.next, auto.awaited_ms) = (None, None);
    } else if let Event::Picked { pick } = event {
        auto.next = pick.as_deref().cloned();
    } else if let Event::Chosen { entry, why } = event {
        (auto.next, auto.chosen) = (None, Some((*entry, why.clone())));
    } else if let Event::Awaiting { since_ms } = event {
        auto.awaited_ms = *since_ms;
    } else if let Event::Missed { count, at_ms } = event {
        (auto.misses, auto.missed_ms) = (*count, *at_ms);
    } else if let Event::Taste { against } = event {
        auto.against.clone_from(against);
    }
}

fn goes_to(g: &mut Guild, channel: Option<ChannelId>) {
    g.kept.channel = channel;
    if channel.is_none() {
        awaits_nothing(g);
        // Out of voice there is no player, and nothing that a node says of one counts.
        (g.passing.placed, g.passing.sounds, g.passing.reported) = (None, None, None);
        g.passing.told_no_node = false;
    }
}

fn removed(g: &mut Guild, index: usize, count: usize) -> Result<(), NotApplicable> {
    let end = index.checked_add(count).filter(|end| *end <= g.kept.queue.len());
    let end = end.filter(|_| count > 0).ok_or(NotApplicable::Place)?;
    let gone: Vec<Entry> = g.kept.queue.drain(index..end).collect();
    gone.iter().for_each(|entry| g.uncount(entry));
    Ok(())
}

fn moved(queue: &mut VecDeque<Entry>, from: usize, to: usize) -> Result<(), NotApplicable> {
    if to >= queue.len() {
        return Err(NotApplicable::Place);
    }
    let entry = queue.remove(from).ok_or(NotApplicable::Place)?;
    queue.insert(to, entry);
    Ok(())
}

fn added(g: &mut Guild, at: usize, entries: &[Entry]) -> Result<(), NotApplicable> {
    if at > g.kept.queue.len() {
        return Err(NotApplicable::Place);
    }
    // One more than the limit: a looped track that comes back must never be lost to a full queue.
    if g.kept.queue.len().saturating_add(entries.len()) > g.limits.queue.saturating_add(1) {
        return Err(NotApplicable::Limit);
    }
    for entry in entries {
        g.kept.last_entry = g.kept.last_entry.max(entry.id.0);
        g.count(entry);
    }
    let (queue, entries) = (&mut g.kept.queue, entries.iter().cloned());
    if at == 0 {
        // Both ends of a long queue are near.
        entries.rev().for_each(|entry| queue.push_front(entry));
    } else {
        let tail = queue.split_off(at);
        queue.extend(entries.chain(tail));
    }
    Ok(())
}

fn ordered(g: &mut Guild, order: &[u32]) -> Result<(), NotApplicable> {
    let mut old: Vec<Option<Entry>> = g.kept.queue.iter().cloned().map(Some).collect();
    if order.len() != old.len() {
        return Err(NotApplicable::Order);
    }
    let take = |place: &u32| -> Option<Entry> { old.get_mut(usize::try_from(*place).ok()?)?.take() };
    g.kept.queue = order
        .iter()
        .map(take)
        .collect::<Option<VecDeque<_>>>()
        .ok_or(NotApplicable::Order)?;
    Ok(())
}

fn left(g: &mut Guild, id: EntryId, requeued: bool) -> Result<(), NotApplicable> {
    let Some(current) = g.kept.current.take_if(|current| current.entry.id == id) else {
        return Err(NotApplicable::Current);
    };
    if requeued {
        g.count(&current.entry);
        g.kept.queue.push_back(current.entry.clone());
    }
    let most = g.limits.history;
    g.kept.history.push_back(current.entry);
    while g.kept.history.len() > most {
        let gone = g.kept.history.pop_front();
        if let (Some(gone), Some(auto)) = (gone, &mut g.kept.autoplay) {
            auto.remember(&gone.track, most);
        }
    }
    (g.passing.sounds, g.passing.reported, g.passing.failing) = (None, None, None);
    Ok(())
}

fn began(g: &mut Guild, id: EntryId, play: u32, position_ms: u64, at_ms: u64) -> Result<(), NotApplicable> {
    let again = g
        .kept
        .current
        .take_if(|current| current.entry.id == id)
        .map(|current| current.entry);
    let entry = match again {
        Some(entry) => entry,
        None if g.kept.current.is_some() => return Err(NotApplicable::Current),
        None => {
            let first = g
                .kept
                .queue
                .pop_front_if(|entry| entry.id == id)
                .ok_or(NotApplicable::Place)?;
            g.uncount(&first);
            first
        }
    };
    g.kept.current = Some(Current {
        entry,
        play,
        seek: 0,
        position_ms,
        at_ms,
        began_ms: at_ms,
    });
    g.kept.last_play = g.kept.last_play.max(play);
    g.kept.hold_until_ms = None;
    awaits_nothing(g);
    (g.passing.sounds, g.passing.reported, g.passing.failing) = (None, None, None);
    Ok(())
}

impl Guild {
    fn count(&mut self, entry: &Entry) {
        match entry.track.length_ms {
            Some(length) => self.kept.queue_ms = self.kept.queue_ms.saturating_add(length),
            None => self.kept.queue_live = self.kept.queue_live.saturating_add(1),
        }
    }

    fn uncount(&mut self, entry: &Entry) {
        match entry.track.length_ms {
            Some(length) => self.kept.queue_ms = self.kept.queue_ms.saturating_sub(length),
            None => self.kept.queue_live = self.kept.queue_live.saturating_sub(1),
        }
    }
}
