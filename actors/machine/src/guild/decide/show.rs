//! The commands that only read.

use super::super::state::Current;
use super::super::{Brief, NowView, QueueView, Refusal, Say};
use super::Draft;
use crate::ids::ReplyTo;

/// Entries on a page of the queue.
const PAGE: usize = 10;

pub(super) fn queue(d: &mut Draft<'_>, page: usize, reply: Option<&ReplyTo>) {
    let kept = &d.g.kept;
    if kept.current.is_none() && kept.queue.is_empty() {
        return d.refuse(reply, Refusal::QueueEmpty);
    }
    let pages = kept.queue.len().div_ceil(PAGE).max(1);
    let page = page.min(pages - 1);
    let now = kept.current.as_ref().map(|current| view(d, current));
    let rest = now.as_ref().map_or(Some(0), |now| {
        now.track.length_ms.map(|length| length.saturating_sub(now.position_ms))
    });
    let view = QueueView {
        now,
        page,
        pages,
        first: page * PAGE + 1,
        entries: kept
            .queue
            .iter()
            .skip(page * PAGE)
            .take(PAGE)
            .map(Brief::entry)
            .collect(),
        total: kept.queue.len(),
        total_ms: rest
            .filter(|_| kept.queue_live == 0)
            .map(|rest| rest.saturating_add(kept.queue_ms)),
        loop_mode: kept.loop_mode,
    };
    d.answer(reply, Say::Queue(Box::new(view)));
}

pub(super) fn now(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    match &d.g.kept.current {
        Some(current) => {
            let view = view(d, current);
            d.answer(reply, Say::NowPlaying(Box::new(view)));
        }
        None => d.refuse(reply, Refusal::NothingPlaying),
    }
}

fn view(d: &Draft<'_>, current: &Current) -> NowView {
    let kept = &d.g.kept;
    NowView {
        track: Brief::entry(&current.entry),
        position_ms: d.g.position(d.at_ms),
        paused: kept.paused_by_user,
        alone: kept.paused_alone,
        waiting: !d.g.audible(),
        volume: d.g.volume(),
        loop_mode: kept.loop_mode,
        next: kept.queue.front().map(Brief::entry),
    }
}
