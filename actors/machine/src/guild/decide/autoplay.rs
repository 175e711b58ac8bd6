//! Autoplay: when a track for afterwards is looked for, and when it plays. A user's own request always comes first.

use super::super::autoplay::{self, Pick, Related, TRIES};
use super::super::event::{Asker, Event};
use super::super::{AskError, LoopMode, Question, Say};
use super::Draft;
use crate::ids::{EntryId, ReplyTo, UserId};
use crate::track::Entry;

/// `/autoplay`
pub(super) fn set(d: &mut Draft<'_>, on: bool, reply: Option<&ReplyTo>) {
    if on != d.g.autoplay().is_some() {
        d.push(Event::Autoplay { on });
    }
    d.answer(reply, Say::Autoplay { on });
}

/// The queue has run out. Tells whether the music goes on, now or as soon as something is found; otherwise it rests.
pub(super) fn run_out(d: &mut Draft<'_>) -> bool {
    let Some(auto) = d.g.autoplay() else {
        d.rest();
        return false;
    };
    if let Some(pick) = auto.next.clone() {
        start(d, pick);
        return true;
    }
    let looks = auto.spent(d.at_ms) < TRIES;
    d.rest();
    if looks {
        d.push(Event::Awaiting {
            since_ms: Some(d.at_ms),
        });
    }
    looks
}

fn start(d: &mut Draft<'_>, pick: Pick) {
    let entry = Entry {
        id: EntryId(d.g.kept.last_entry.saturating_add(1)),
        track: pick.track,
        by: UserId::NOBODY,
    };
    let id = entry.id;
    d.push(Event::Added {
        at: 0,
        entries: vec![entry],
    });
    d.begin(id, 0);
    d.push(Event::Chosen {
        entry: id,
        why: pick.why,
    });
}

/// A user stopped the music or asked for something: nothing that was prepared counts any more.
pub(super) fn forget(d: &mut Draft<'_>) {
    let Some(auto) = d.g.kept.autoplay.as_deref() else {
        return;
    };
    if auto.next.is_some() {
        d.push(Event::Picked { pick: None });
    }
    if auto.awaited_ms.is_some() {
        d.push(Event::Awaiting { since_ms: None });
    }
}

/// The time has come to look for a track.
pub(super) fn wake(d: &mut Draft<'_>) {
    if d.g.autoplay_due_ms().is_none_or(|at_ms| at_ms > d.at_ms) {
        return;
    }
    match d.g.autoplay_seed() {
        Some(seed) => d.ask(Question::Related { seed }, Asker::Autoplay),
        // Nothing that was played is remembered.
        None => miss(d, true),
    }
}

/// The search has ended.
pub(super) fn found(d: &mut Draft<'_>, related: Result<&Related, AskError>) {
    let kept = &d.g.kept;
    let Some(auto) = d.g.autoplay() else { return };
    let wanted = kept.queue.is_empty() && kept.loop_mode == LoopMode::Off && kept.channel.is_some();
    if !wanted || (kept.current.is_none() && auto.awaited_ms.is_none()) {
        return;
    }
    // Nothing but what the guild has done so far chooses: the same past is followed by the same track.
    let chance = d.g.id().0 ^ kept.last_entry.rotate_left(32) ^ u64::from(kept.last_play);
    let pick = related.ok().and_then(|related| autoplay::choose(kept, related, chance));
    match pick {
        None => miss(d, false),
        Some(pick) if kept.current.is_none() => start(d, pick),
        Some(pick) => d.push(Event::Picked {
            pick: Some(Box::new(pick)),
        }),
    }
}

/// It led to nothing. Where the music waits for it and no try is left, or none can help (`hopeless`), that is told.
pub(super) fn miss(d: &mut Draft<'_>, hopeless: bool) {
    let Some(auto) = d.g.autoplay() else { return };
    let spent = if hopeless {
        TRIES
    } else {
        auto.spent(d.at_ms).saturating_add(1)
    };
    d.push(Event::Missed {
        count: spent,
        at_ms: d.at_ms,
    });
    if spent >= TRIES && auto.awaited_ms.is_some() && d.g.kept.current.is_none() {
        d.push(Event::Awaiting { since_ms: None });
        tell_end(d);
    }
}

/// Tells that the queue is over; with autoplay on also that it finds nothing more.
pub(super) fn tell_end(d: &mut Draft<'_>) {
    let leaves_in_ms = d.leave_at_ms().map(|at_ms| at_ms.saturating_sub(d.at_ms));
    d.notice(match d.g.autoplay() {
        Some(_) => Say::AutoplayOver { leaves_in_ms },
        None => Say::QueueEnded { leaves_in_ms },
    });
}

/// The last track of the queue could not be played. One that was `chosen` counts like a search that led to nothing, so
/// that a source where nothing plays is not gone through to its end.
pub(super) fn failed(d: &mut Draft<'_>, chosen: bool) {
    let Some(auto) = d.g.autoplay() else {
        return d.rest();
    };
    let spent = auto.spent(d.at_ms).saturating_add(u8::from(chosen));
    if chosen {
        d.push(Event::Missed {
            count: spent,
            at_ms: d.at_ms,
        });
    }
    if spent < TRIES {
        run_out(d);
        return;
    }
    forget(d);
    d.rest();
    tell_end(d);
}

/// What is learnt from the current track, if autoplay has chosen it: somebody skipped it, or it was heard to its end.
pub(super) fn judge(d: &mut Draft<'_>, skipped: bool) {
    let (Some(why), Some(current), Some(auto)) = (d.g.chosen(), &d.g.kept.current, d.g.autoplay()) else {
        return;
    };
    let against = auto.judged(&current.entry.track, why, skipped);
    if against != auto.against {
        d.push(Event::Taste { against });
    }
    if !skipped && auto.misses > 0 {
        d.push(Event::Missed {
            count: 0,
            at_ms: d.at_ms,
        });
    }
}
