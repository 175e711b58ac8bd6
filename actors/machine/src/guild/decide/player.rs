//! The player: where it is, what its node says about it.

use super::super::event::Event;
use super::super::state::Current;
use super::super::{Brief, EndReason, LoopMode, Report, Say, Seen, Tag};
use super::{Draft, Ignored, autoplay, restore, voice};
use crate::ids::NodeId;

/// Reported positions run ahead of what is heard by the node's buffer, ms.
pub(super) const LEAD_MS: u64 = 400;

/// After a time without any node the last second is played again, ms.
const REPLAY_MS: u64 = 1_000;

/// A kept position older than this is refreshed from a node's report, ms: what a crash of node and process at once costs.
const ANCHOR_EVERY_MS: u64 = 30_000;

/// A track that ends this soon although it is longer has not been heard, ms.
const UNHEARD_MS: u64 = 1_000;

/// A track of whatever length that ends this soon has not been heard, ms.
const INSTANT_MS: u64 = 100;

/// A play that is lost this soon after its start is not tried again, or once, ms.
const LOST_MS: u64 = 2_000;

/// So shortly after a change of ours a node may still speak of what was before, ms.
const SETTLE_MS: u64 = 1_000;

/// How long a queue rests after too many failures in a row, ms.
const HOLD_MS: u64 = 60_000;

/// The fleet's choice.
pub(super) fn placed(d: &mut Draft<'_>, node: Option<&NodeId>, generation: u64) {
    let before = d.g.passing.placed.as_ref();
    if d.g.kept.channel.is_none() {
        return d.ignore(Ignored::Late);
    }
    match node {
        Some(node) => {
            if before.is_some_and(|(_, older)| *older >= generation) {
                return d.ignore(Ignored::Late);
            }
            if d.g.kept.current.is_some() && d.g.audible() {
                d.anchor(LEAD_MS);
            } else if d.g.passing.told_no_node {
                d.anchor(REPLAY_MS);
            }
            d.push(Event::Placed {
                node: Some((node.clone(), generation)),
            });
        }
        None => {
            if d.g.audible() {
                d.anchor(LEAD_MS);
            }
            d.push(Event::Placed { node: None });
            if d.g.kept.current.is_some() && !d.g.passing.told_no_node {
                d.push(Event::ToldNoNode);
                d.notice(Say::NoNode);
            }
        }
    }
}

/// What a node says.
pub(super) fn report(d: &mut Draft<'_>, node: &NodeId, report: &Report) {
    if let Report::Whole(seen) = report {
        return whole(d, seen);
    }
    let placed = d.g.passing.placed.as_ref().map(|(placed, _)| placed);
    if placed != Some(node) && !(placed.is_none() && came_to_its_end(report)) {
        return d.ignore(Ignored::Late);
    }
    match report {
        Report::Whole(_) => {}
        Report::Update {
            position_ms,
            at_ms,
            connected,
        } => update(d, *position_ms, *at_ms, *connected),
        Report::Started { tag } => {
            let Some(current) = current(d, tag) else { return };
            if d.g.passing.sounds == Some(tag.play) {
                // Heard before: the position has run on since then.
                return d.ignore(Ignored::Late);
            }
            let position_ms = d.g.anchor(current).0;
            d.push(Event::Sounds { play: tag.play });
            d.push(Event::Reported {
                position_ms,
                at_ms: d.at_ms,
            });
        }
        Report::Ended { tag, reason } => ended(d, tag, *reason),
        Report::Failed { tag, message } => {
            let Some(current) = current(d, tag) else { return };
            if d.g.passing.failing.is_some() {
                return;
            }
            let track = Brief::entry(&current.entry);
            d.push(Event::Failing {
                play: tag.play,
                at_ms: d.at_ms,
            });
            d.notice(Say::TrackFailed {
                track,
                message: message.clone(),
            });
        }
        Report::Stuck { tag } => {
            if let Some(current) = current(d, tag) {
                fail(d, current, "no sound came for ten seconds", false);
            }
        }
        Report::VoiceClosed { code, .. } => closed(d, *code),
        Report::Refused { tag, message } => {
            let meant = tag.as_ref().map_or(d.g.kept.current.as_ref(), |tag| current(d, tag));
            if let Some(current) = meant {
                fail(d, current, message, false);
            }
        }
        Report::Missing => match &d.g.kept.current {
            Some(current) if d.g.has_player() => again(d, current, false),
            Some(_) | None => d.ignore(Ignored::Late),
        },
    }
}

/// Of a track that came to its end while the guild's actor was dead the next one is told too, which does not know the player
/// yet.
const fn came_to_its_end(report: &Report) -> bool {
    matches!(
        report,
        Report::Ended {
            reason: EndReason::Finished,
            ..
        }
    )
}

/// The current track, if `tag` speaks of its present play and placement.
fn current<'a>(d: &mut Draft<'a>, tag: &Tag) -> Option<&'a Current> {
    let placed = d.g.passing.placed.as_ref().map(|(_, generation)| *generation);
    let current =
        d.g.kept
            .current
            .as_ref()
            .filter(|current| current.entry.id == tag.entry && current.play == tag.play)
            .filter(|_| placed.is_none_or(|generation| generation == tag.generation));
    if current.is_none() {
        d.ignore(Ignored::Late);
    }
    current
}

fn update(d: &mut Draft<'_>, position_ms: u64, at_ms: u64, connected: bool) {
    let Some(current) = &d.g.kept.current else { return };
    if !connected || d.g.passing.sounds != Some(current.play) || d.g.paused() {
        return;
    }
    if at_ms < current.at_ms.saturating_add(SETTLE_MS) {
        return;
    }
    if at_ms.saturating_sub(current.at_ms) >= ANCHOR_EVERY_MS {
        d.push(Event::Anchored { position_ms, at_ms });
    } else {
        d.push(Event::Reported { position_ms, at_ms });
    }
}

fn ended(d: &mut Draft<'_>, tag: &Tag, reason: EndReason) {
    let Some(current) = current(d, tag) else { return };
    let failing = d.g.passing.failing.is_some_and(|(play, _)| play == tag.play);
    // An order to another position may be under way, and may play it once more.
    let over = tag.seek == current.seek;
    match reason {
        EndReason::Finished | EndReason::LoadFailed if failing => passed_over(d, current, over),
        // It came to its end while a listener went elsewhere in it.
        EndReason::Finished if !over => d.begin(current.entry.id, d.g.position(d.at_ms)),
        EndReason::Finished if unheard(d, current) => fail(d, current, "it ended as soon as it began", true),
        EndReason::Finished => finished(d, current),
        EndReason::LoadFailed => fail(d, current, "it could not be loaded", over),
        EndReason::Cleanup => cleaned_up(d, current),
        // Our own order: the player was taken away.
        EndReason::Stopped | EndReason::Replaced if !d.g.has_player() => d.ignore(Ignored::Late),
        // The same, told when voice is back and a player is wanted again already.
        EndReason::Stopped if taken_away(d) => d.ignore(Ignored::Late),
        EndReason::Stopped => again(d, current, true),
        EndReason::Replaced => again(d, current, false),
    }
}

/// Whether voice has just come back and nothing was heard with it yet: then a node may still tell of the player before.
fn taken_away(d: &Draft<'_>) -> bool {
    d.g.passing.sounds.is_none() && d.at_ms.saturating_sub(d.g.passing.server_at_ms) < SETTLE_MS
}

/// The node gave up a player that had no voice connection: the track is not at fault. It goes on where the node last
/// was, with voice asked for anew, for as long as that is not all that ever happens.
fn cleaned_up(d: &mut Draft<'_>, current: &Current) {
    let count = d.g.kept.failures.saturating_add(1);
    if count >= d.g.limits.failures_in_a_row {
        return fail(d, current, "the audio node gave it up", true);
    }
    let position_ms = d.g.anchor(current).0;
    d.push(Event::Failures {
        count,
        hold_until_ms: None,
    });
    voice::rejoin(d, 0);
    d.begin(current.entry.id, position_ms);
}

fn unheard(d: &Draft<'_>, current: &Current) -> bool {
    let half = current.entry.track.length_ms.map_or(UNHEARD_MS, |length| length / 2);
    let soon = half.clamp(INSTANT_MS, UNHEARD_MS);
    current.position_ms == 0 && d.at_ms.saturating_sub(current.began_ms) < soon
}

fn finished(d: &mut Draft<'_>, current: &Current) {
    let id = current.entry.id;
    d.push(Event::Over {
        entry: id,
        play: current.play,
    });
    if d.g.kept.failures > 0 {
        d.reset_failures();
    }
    if d.g.kept.loop_mode == LoopMode::Track {
        return d.begin(id, 0);
    }
    autoplay::judge(d, false);
    if !d.advance() {
        autoplay::tell_end(d);
    }
}

/// The current track can't be played: say so and pass it over. `over`: its node is done with it.
fn fail(d: &mut Draft<'_>, current: &Current, message: &str, over: bool) {
    d.notice(Say::TrackFailed {
        track: Brief::entry(&current.entry),
        message: message.into(),
    });
    passed_over(d, current, over);
}

/// Leaves a track that failed. The more failed in a row, the longer the queue rests before the next one. Unless its node
/// is done with it (`over`), it is to be stopped there.
pub(super) fn passed_over(d: &mut Draft<'_>, current: &Current, over: bool) {
    let count = d.g.kept.failures.saturating_add(1);
    let most = d.g.limits.failures_in_a_row.max(1);
    if over {
        d.push(Event::Over {
            entry: current.entry.id,
            play: current.play,
        });
    }
    let chosen = d.g.chosen().is_some();
    let next = d.leave_current(false);
    if next.is_none() {
        d.push(Event::Failures {
            count: 0,
            hold_until_ms: None,
        });
        return autoplay::failed(d, chosen);
    }
    let rest_ms = match count {
        1 => 0,
        _ if count >= most => HOLD_MS,
        _ => 250_u64.saturating_mul(u64::from(count)),
    };
    let hold_until_ms = (rest_ms > 0).then(|| d.at_ms.saturating_add(rest_ms));
    d.push(Event::Failures { count, hold_until_ms });
    if count == most {
        d.notice(Say::FailuresHeld { count });
    }
    if let (Some(next), None) = (next, hold_until_ms) {
        d.begin(next, 0);
    }
}

/// The node lost what it should play: play it again from where it was, unless that is lost as soon as it begins. `late`:
/// this may be the late word of a node that was mute, of a player that we took away before; then it is tried once more.
fn again(d: &mut Draft<'_>, current: &Current, late: bool) {
    if d.at_ms.saturating_sub(current.began_ms) < LOST_MS {
        if d.g.kept.failures > 0 || !late {
            return fail(d, current, "the audio node does not keep it", false);
        }
        d.push(Event::Failures {
            count: 1,
            hold_until_ms: None,
        });
    }
    d.begin(current.entry.id, d.g.position(d.at_ms));
}

fn closed(d: &mut Draft<'_>, code: u16) {
    match code {
        // Closed by our own change of voice; or taken out, moved: the voice state tells which.
        1000 | 4014 => {}
        // Trying again can't help: wrong end-to-end encryption, unknown protocol or mode.
        4012 | 4016 | 4017 => voice::give_up(d, code),
        _ => voice::rejoin(d, code),
    }
}

/// A node is back and tells of a player.
fn whole(d: &mut Draft<'_>, seen: &Seen) {
    let generation = seen.tag.map_or(0, |tag| tag.generation);
    if d.g.kept.channel.is_none() {
        return d.ignore(Ignored::Late);
    }
    match &d.g.passing.placed {
        // Of two players the younger placement stays; the shell deletes the other.
        Some((node, placed)) if *node != seen.node && *placed >= generation => d.ignore(Ignored::Late),
        Some(_) | None => restore::adopt(d, seen, d.g.passing.voice.is_some()),
    }
}
