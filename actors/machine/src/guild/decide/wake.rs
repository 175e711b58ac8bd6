//! What time brings: leaving, giving up, going on.

use super::super::event::Event;
use super::super::wants::FAILING_MS;
use super::super::{Refusal, Say};
use super::{Draft, autoplay, player, restore, voice};

pub(super) fn wake(d: &mut Draft<'_>) {
    let (kept, passing) = (&d.g.kept, &d.g.passing);
    let now = d.at_ms;
    let due = |at: Option<u64>| at.is_some_and(|at| at <= now);
    let joined_late = due(passing
        .joining_since_ms
        .map(|since| since.saturating_add(d.g.limits.join_ms)));
    let failing = passing
        .failing
        .filter(|(_, at)| at.saturating_add(FAILING_MS) <= d.at_ms);
    for pending in &kept.pending {
        if d.g.expires_at(pending) <= d.at_ms && d.settle(pending) {
            d.refuse(pending.reply.as_ref(), Refusal::Expired);
        }
    }
    if due(kept.leave_at_ms) {
        return leave(d);
    }
    if joined_late {
        return late(d);
    }
    if let (Some((play, _)), Some(current)) = (failing, &kept.current) {
        // The decoder failed and no end came.
        if current.play == play {
            player::passed_over(d, current, false);
        }
    } else if due(kept.hold_until_ms) {
        go_on(d);
    } else {
        autoplay::wake(d);
    }
}

/// The queue has rested long enough.
fn go_on(d: &mut Draft<'_>) {
    let kept = &d.g.kept;
    match (kept.current.as_ref(), kept.queue.front()) {
        (None, Some(next)) => d.begin(next.id, 0),
        (current, _) => {
            d.push(Event::Failures {
                count: kept.failures,
                hold_until_ms: None,
            });
            if current.is_none() {
                d.rest();
            }
        }
    }
}

fn leave(d: &mut Draft<'_>) {
    if d.g.kept.channel.is_none() {
        return d.leave_at(None);
    }
    let alone = d.g.kept.paused_alone;
    let kept = d.g.held();
    voice::leave(d);
    d.notice(if alone { Say::LeftAlone { kept } } else { Say::LeftIdle });
}

/// Voice was asked for and did not come. The first time it is asked for again, once; then the reason is looked for.
fn late(d: &mut Draft<'_>) {
    if d.g.kept.channel.is_none() {
        return d.push(Event::Joining {
            since_ms: None,
            forget: false,
            again: false,
        });
    }
    let in_channel = d.g.passing.own.as_ref().map(|(own, _)| *own) == d.g.kept.channel;
    if in_channel && d.g.passing.voice.is_some() && d.g.passing.server.is_none() {
        // The voice server went away and no other was named: one more try, from nothing.
        return d.push(Event::Joining {
            since_ms: Some(d.at_ms),
            forget: true,
            again: true,
        });
    }
    d.push(Event::Joining {
        since_ms: None,
        forget: false,
        again: false,
    });
    if !restore::asks_why(&d.g.passing.tickets) {
        restore::ask_why(d);
    }
}
