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

use super::event::Event;
use super::state::{AGAIN_MS, Current, Guild, Open, Passing};
use super::{Decision, RECORD_VERSION, Record, Restored, Stamped, VoiceCredentials};
use crate::ids::{EntryId, Ticket};
use crate::track::Entry;

/// A voice server that was named so shortly before a new voice session belongs to it, ms: Discord says both at once, in
/// either order.
const SAME_JOIN_MS: u64 = 1_000;

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
    Ok(Some(Record {
        v: RECORD_VERSION,
        epoch,
        revision,
        at_ms: i.at_ms,
        cause: i.cause.clone(),
        events: kept,
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
        Event::Removed { index } => {
            let entry = kept.queue.remove(*index).ok_or(NotApplicable::Place)?;
            g.uncount(&entry);
        }
        Event::Moved { from, to } => {
            if *to >= kept.queue.len() {
                return Err(NotApplicable::Place);
            }
            let entry = kept.queue.remove(*from).ok_or(NotApplicable::Place)?;
            kept.queue.insert(*to, entry);
        }
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
        Event::Volume { percent } => kept.volume = Some(*percent),
        Event::Loop { mode } => kept.loop_mode = *mode,
        Event::Channel { channel } => {
            kept.channel = *channel;
            if channel.is_none() {
                // Out of voice there is no player, and nothing that a node says of one counts.
                (passing.placed, passing.sounds, passing.reported) = (None, None, None);
                passing.told_no_node = false;
            }
        }
        Event::Text { channel } => kept.text = Some(*channel),
        Event::LeaveAt { at_ms } => kept.leave_at_ms = *at_ms,
        Event::Waiting { pending } => {
            if kept.pending.len() >= limits.pending {
                return Err(NotApplicable::Limit);
            }
            kept.last_key = kept.last_key.max(pending.key);
            kept.pending.push((**pending).clone());
        }
        Event::Settled { key } => {
            kept.pending.retain(|pending| pending.key != *key);
            passing.tickets.retain(|open| open.key != Some(*key));
        }
        Event::Failures { count, hold_until_ms } => {
            (kept.failures, kept.hold_until_ms) = (*count, *hold_until_ms);
        }
        Event::Awoke(_)
        | Event::Sat(_)
        | Event::OwnVoice { .. }
        | Event::Server { .. }
        | Event::Joining { .. }
        | Event::Placed { .. }
        | Event::ToldNoNode
        | Event::Reported { .. }
        | Event::Sounds { .. }
        | Event::SkippedTo { .. }
        | Event::Failing { .. }
        | Event::Over { .. }
        | Event::Asked { .. }
        | Event::Closed { .. } => pass(limits.seats, passing, event),
    }
    Ok(())
}

fn pass(seats: usize, passing: &mut Passing, event: &Event) {
    match event {
        Event::Awoke(restored) => *passing = awoke(seats, restored),
        Event::Sat(seat) => {
            if let Some(known) = &mut passing.seats {
                known.retain(|other| other.user != seat.user);
                if seat.channel.is_some() && known.len() < seats {
                    known.push(seat.clone());
                }
            }
        }
        Event::OwnVoice {
            channel,
            session_id,
            at_ms,
        } => {
            let other = passing.own.as_ref().is_some_and(|(_, known)| known != session_id);
            passing.own = channel.map(|channel| (channel, session_id.clone()));
            if channel.is_none() {
                (passing.server, passing.voice, passing.sounds) = (None, None, None);
            } else if other && at_ms.saturating_sub(passing.server_at_ms) > SAME_JOIN_MS {
                // The server known so far belongs to the session before.
                passing.server = None;
                passing.joining_since_ms.get_or_insert(*at_ms);
            }
            complete(passing);
        }
        Event::Server { server, at_ms } => {
            match server {
                Some(_) => {
                    passing.server_at_ms = *at_ms;
                    if passing.server.is_none() {
                        passing.dial = passing.dial.saturating_add(1);
                    }
                }
                None => passing.joining_since_ms = Some(*at_ms),
            }
            passing.server.clone_from(server);
            complete(passing);
        }
        Event::Joining {
            since_ms,
            forget,
            again,
        } => {
            passing.joining_since_ms = *since_ms;
            if *forget {
                (passing.server, passing.voice, passing.sounds, passing.own) = (None, None, None, None);
            }
            if *again {
                passing.join = passing.join.saturating_add(1);
                if let Some(now_ms) = *since_ms {
                    passing.again = match passing.again {
                        Some((count, since)) if now_ms.saturating_sub(since) < AGAIN_MS => {
                            Some((count.saturating_add(1), since))
                        }
                        Some(_) | None => Some((1, now_ms)),
                    };
                }
            }
        }
        Event::Placed { node } => {
            passing.placed.clone_from(node);
            passing.sounds = None;
            if node.is_some() {
                passing.told_no_node = false;
            }
        }
        Event::ToldNoNode => passing.told_no_node = true,
        Event::Reported { position_ms, at_ms } => passing.reported = Some((*position_ms, *at_ms)),
        Event::Sounds { play } => passing.sounds = Some(*play),
        Event::Failing { play, at_ms } => passing.failing = Some((*play, *at_ms)),
        Event::SkippedTo { play } => passing.skipped_to = Some(*play),
        Event::Over { entry, play } => passing.over = Some((*entry, *play)),
        Event::Asked { ticket, key, at_ms } => {
            passing.last_ticket = passing.last_ticket.max(ticket.number);
            passing.tickets.push(Open {
                ticket: *ticket,
                key: *key,
                at_ms: *at_ms,
            });
        }
        Event::Closed { ticket } => close(passing, *ticket),
        Event::Added { .. }
        | Event::Removed { .. }
        | Event::Moved { .. }
        | Event::Ordered { .. }
        | Event::Cleared
        | Event::Left { .. }
        | Event::Began { .. }
        | Event::Anchored { .. }
        | Event::Sought { .. }
        | Event::Paused { .. }
        | Event::Volume { .. }
        | Event::Loop { .. }
        | Event::Channel { .. }
        | Event::Text { .. }
        | Event::LeaveAt { .. }
        | Event::Waiting { .. }
        | Event::Settled { .. }
        | Event::Failures { .. } => {}
    }
}

fn close(passing: &mut Passing, ticket: Ticket) {
    passing.tickets.retain(|open| open.ticket != ticket);
}

fn awoke(seats: usize, restored: &Restored) -> Passing {
    let known = restored.seats.as_ref();
    Passing {
        incarnation: restored.incarnation,
        seats: known.map(|known| known.iter().take(seats).cloned().collect()),
        own: restored.own.clone(),
        voice: restored.voice(),
        ..Passing::default()
    }
}

impl Restored {
    /// What a node was given is good for as long as Discord holds that voice session, in whatever channel.
    pub(super) fn voice(&self) -> Option<VoiceCredentials> {
        let (channel, session_id) = self.own.as_ref()?;
        let mut voice = self.player.as_ref()?.voice.clone()?;
        voice.channel = *channel;
        (voice.session_id == *session_id).then_some(voice)
    }
}

/// Puts the two halves of a voice connection together once both are there. Until then the older set stays.
fn complete(passing: &mut Passing) {
    if let (Some((channel, session_id)), Some((token, endpoint))) = (&passing.own, &passing.server) {
        passing.voice = Some(VoiceCredentials {
            token: token.clone(),
            endpoint: endpoint.clone(),
            session_id: session_id.clone(),
            channel: *channel,
        });
        passing.joining_since_ms = None;
    } else if let (Some((channel, session_id)), Some(voice)) = (&passing.own, &mut passing.voice)
        && voice.session_id == *session_id
    {
        voice.channel = *channel;
    }
}

fn added(g: &mut Guild, at: usize, entries: &[Entry]) -> Result<(), NotApplicable> {
    if at > g.kept.queue.len() {
        return Err(NotApplicable::Place);
    }
    // One more than the limit: a looped track that comes back must never be lost to a full queue.
    if g.kept.queue.len().saturating_add(entries.len()) > g.limits.queue.saturating_add(1) {
        return Err(NotApplicable::Limit);
    }
    let tail = g.kept.queue.split_off(at);
    for entry in entries {
        g.kept.last_entry = g.kept.last_entry.max(entry.id.0);
        g.count(entry);
        g.kept.queue.push_back(entry.clone());
    }
    g.kept.queue.extend(tail);
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
    while !g.kept.history.is_empty() && g.kept.history.len() >= g.limits.history {
        g.kept.history.pop_front();
    }
    if g.limits.history > 0 {
        g.kept.history.push_back(current.entry);
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
