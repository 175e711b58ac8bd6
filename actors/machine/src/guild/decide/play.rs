//! Finding and adding tracks.

use std::sync::Arc;

use super::super::event::{Event, Pending};
use super::super::state::Guild;
use super::super::{Brief, Caller, Command, Loaded, LoopMode, Question, Refusal, Say, Where};
use super::{Draft, autoplay, voice};
use crate::ids::{ChannelId, EntryId, ReplyTo};
use crate::track::{Entry, Track};

/// `play`: joins the caller if the bot is nowhere or unheard, and asks a node at once.
pub(super) fn play(
    d: &mut Draft<'_>,
    query: &Arc<str>,
    at: Where,
    by: &Caller,
    caller_channel: ChannelId,
    reply: Option<&ReplyTo>,
) {
    let text = query.trim();
    let limits = &d.g.limits;
    if text.is_empty() {
        return d.refuse(reply, Refusal::EmptyQuery);
    }
    if text.chars().count() > limits.query_chars {
        return d.refuse(
            reply,
            Refusal::QueryTooLong {
                limit: limits.query_chars,
            },
        );
    }
    if room(d.g, at) == 0 {
        return d.refuse(reply, Refusal::QueueFull { limit: limits.queue });
    }
    if !d.may_wait() {
        return d.refuse(reply, Refusal::TooManyPending { limit: limits.pending });
    }
    voice::enter(d, by, caller_channel);
    let question = Question::Search { query: text.into() };
    d.wait(
        &Command::Play {
            query: query.clone(),
            at,
        },
        by,
        reply,
        Some(question),
    );
}

/// The node has answered a waiting `play`.
pub(super) fn loaded(d: &mut Draft<'_>, pending: &Pending, query: &str, at: Where, loaded: &Loaded) {
    let reply = pending.reply.as_ref();
    let (tracks, playlist) = match loaded {
        Loaded::Track(track) => (vec![track.clone()], None),
        Loaded::Found(tracks) => (tracks.first().cloned().into_iter().collect(), None),
        Loaded::Playlist { name, selected, tracks } => (rotated(tracks, *selected), Some(name.clone())),
        Loaded::Empty => (Vec::new(), None),
        Loaded::Error { message } => {
            return d.refuse(
                reply,
                Refusal::LoadError {
                    message: message.clone(),
                },
            );
        }
    };
    let Some(first) = tracks.first() else {
        return d.refuse(reply, Refusal::NothingFound { query: query.into() });
    };
    let say_first = Brief::of(first, pending.by.user);
    let limit = d.g.limits.queue;
    let (starts, room) = (starts(d.g, at), room(d.g, at));
    if room == 0 {
        return d.refuse(reply, Refusal::QueueFull { limit });
    }
    let count = tracks.len().min(room);
    let left_out = tracks.len() - count;
    let starts_in_ms = starts_in(d, at, starts);
    let entries: Vec<Entry> = (d.g.kept.last_entry + 1..)
        .zip(tracks)
        .take(count)
        .map(|(id, track)| Entry {
            id: EntryId(id),
            track,
            by: pending.by.user,
        })
        .collect();
    let position = insert(d, entries, at, starts);
    let say = Say::Added {
        first: say_first,
        count,
        position,
        left_out,
        limit,
        playlist,
        starts_in_ms,
    };
    d.answer(reply, say);
}

/// Whether what is added at `at` plays at once.
fn starts(g: &Guild, at: Where) -> bool {
    g.kept.current.is_none() || at == Where::Now
}

/// How many more tracks fit. One that plays at once takes no place in the queue.
fn room(g: &Guild, at: Where) -> usize {
    g.limits.queue.saturating_sub(g.kept.queue.len()) + usize::from(starts(g, at))
}

/// Puts `entries` into the queue and starts what should start. Tells the shown position of the first one.
fn insert(d: &mut Draft<'_>, entries: Vec<Entry>, at: Where, starts: bool) -> usize {
    let queued = d.g.kept.queue.len();
    let place = match at {
        Where::End => queued,
        Where::Next | Where::Now => 0,
    };
    let first = entries.first().map(|entry| entry.id);
    autoplay::forget(d);
    d.push(Event::Added { at: place, entries });
    if !starts {
        return place + 1;
    }
    d.reset_failures();
    if at == Where::Now {
        d.lift_pause();
        d.leave_current(false);
    }
    // A queue that was held goes on from its front.
    let front = if place == 0 {
        first
    } else {
        d.g.kept.queue.front().map(|entry| entry.id)
    };
    if let Some(front) = front {
        d.begin(front, 0);
    }
    place
}

/// When a track added at `at` plays, from now; `None` when nobody can tell.
fn starts_in(d: &Draft<'_>, at: Where, starts: bool) -> Option<u64> {
    let kept = &d.g.kept;
    let paused = kept.paused_alone || kept.suppressed || (kept.paused_by_user && at != Where::Now);
    if paused || kept.channel.is_none() {
        return None;
    }
    let rest = match &kept.current {
        Some(_) if !starts && kept.loop_mode == LoopMode::Track => return None,
        Some(current) if !starts => current.entry.track.length_ms?.saturating_sub(d.g.position(d.at_ms)),
        Some(_) | None => 0,
    };
    match at {
        Where::Next | Where::Now => Some(rest),
        Where::End if kept.queue_live > 0 => None,
        Where::End => Some(rest.saturating_add(kept.queue_ms)),
    }
}

/// The playlist from the track that its address named, the earlier ones behind.
fn rotated(tracks: &[Arc<Track>], selected: Option<usize>) -> Vec<Arc<Track>> {
    let mut tracks = tracks.to_vec();
    if let Some(selected) = selected.filter(|place| *place < tracks.len()) {
        tracks.rotate_left(selected);
    }
    tracks
}
