//! The commands that only read.

use super::super::{Brief, HistoryView, PlayerView, QueueView, Refusal, Say, VoiceView, VolumeView};
use super::Draft;
use crate::ids::ReplyTo;

/// Entries on a page of the queue and of the history.
const PAGE: usize = 10;

pub(super) fn queue(d: &mut Draft<'_>, page: usize, reply: Option<&ReplyTo>) {
    let kept = &d.g.kept;
    if kept.current.is_none() && kept.queue.is_empty() {
        return d.refuse(reply, Refusal::QueueEmpty);
    }
    let pages = kept.queue.len().div_ceil(PAGE).max(1);
    let page = page.min(pages - 1);
    let now = kept.current.as_ref().map(|current| d.g.face(current).view(d.at_ms));
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
        autoplay: d.g.picked().as_ref().map(Brief::entry),
    };
    d.answer(reply, Say::Queue(Box::new(view)));
}

pub(super) fn now(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    match &d.g.kept.current {
        Some(current) => {
            let view = d.g.face(current).view(d.at_ms);
            d.answer(reply, Say::NowPlaying(Box::new(view)));
        }
        None => d.refuse(reply, Refusal::NothingPlaying),
    }
}

pub(super) fn history(d: &mut Draft<'_>, page: usize, reply: Option<&ReplyTo>) {
    let history = &d.g.kept.history;
    if history.is_empty() {
        return d.refuse(reply, Refusal::NoHistory);
    }
    let pages = history.len().div_ceil(PAGE);
    let page = page.min(pages - 1);
    let shown = history.iter().rev().skip(page * PAGE).take(PAGE);
    let view = HistoryView {
        page,
        pages,
        first: page * PAGE + 1,
        entries: shown.map(Brief::entry).collect(),
        total: history.len(),
    };
    d.answer(reply, Say::History(Box::new(view)));
}

pub(super) fn voice(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let Some(channel) = d.g.bot_channel() else {
        return d.refuse(reply, Refusal::BotNotInVoice);
    };
    let (kept, passing) = (&d.g.kept, &d.g.passing);
    let player = if kept.current.is_none() {
        PlayerView::Idle
    } else if kept.paused_by_user {
        PlayerView::Paused
    } else if kept.paused_alone {
        PlayerView::Alone
    } else if kept.suppressed {
        PlayerView::Suppressed
    } else if d.g.audible() {
        PlayerView::Playing
    } else {
        PlayerView::Waiting
    };
    let view = VoiceView {
        channel,
        connected: passing.voice.as_ref().is_some_and(|voice| voice.channel == channel),
        node: passing.placed.is_some(),
        listeners: d.g.listeners(channel),
        player,
        queued: kept.queue.len(),
        leaves_in_ms: kept.leave_at_ms.map(|at_ms| at_ms.saturating_sub(d.at_ms)),
    };
    d.answer(reply, Say::VoiceInfo(view));
}

pub(super) fn volume(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let view = VolumeView {
        percent: d.g.volume(),
        is_set: d.g.kept.volume.is_some(),
        default: d.g.limits.default_volume,
        max: d.g.limits.max_volume,
    };
    d.answer(reply, Say::VolumeInfo(view));
}
