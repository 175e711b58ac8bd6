//! Voice: joining, leaving, being moved or taken out, who listens.

use super::super::event::Event;
use super::super::{Caller, Command, Refusal, Say, Seat};
use super::Draft;
use crate::ids::{ChannelId, Hidden, ReplyTo};

/// `connect`: answers once Discord has confirmed the channel.
pub(super) fn connect(d: &mut Draft<'_>, by: &Caller, channel: ChannelId, reply: Option<&ReplyTo>) {
    let here = d.g.passing.own.as_ref().map(|(own, _)| *own);
    if here == Some(channel) && d.g.kept.channel == Some(channel) {
        return d.refuse(reply, Refusal::AlreadyHere { channel });
    }
    if !d.may_wait() {
        return d.refuse(
            reply,
            Refusal::TooManyPending {
                limit: d.g.limits.pending,
            },
        );
    }
    enter(d, by, channel);
    d.wait(&Command::Connect, by, reply, None);
}

/// Wants to be in `channel`, and sends notices to the caller's text channel from now on.
pub(super) fn enter(d: &mut Draft<'_>, by: &Caller, channel: ChannelId) {
    if d.g.kept.text != Some(by.text) {
        d.push(Event::Text { channel: by.text });
    }
    if d.g.kept.channel == Some(channel) {
        return;
    }
    d.push(Event::Channel { channel: Some(channel) });
    if d.g.passing.own.as_ref().map(|(own, _)| *own) != Some(channel) {
        d.push(Event::Joining {
            since_ms: Some(d.at_ms),
            forget: false,
            again: false,
        });
    }
    listeners_changed(d, channel, d.g.listeners(channel));
    if d.g.kept.current.is_none() {
        d.rest();
    }
}

/// `disconnect`: leaves; queue and position are kept.
pub(super) fn disconnect(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let Some(channel) = d.g.kept.channel else {
        return d.refuse(reply, Refusal::BotNotInVoice);
    };
    leave(d);
    d.answer(
        reply,
        Say::Left {
            channel,
            kept: d.g.held(),
        },
    );
}

/// Leaves voice; queue and position are kept.
pub(super) fn leave(d: &mut Draft<'_>) {
    d.anchor(0);
    d.push(Event::Channel { channel: None });
    if d.g.kept.leave_at_ms.is_some() {
        d.push(Event::LeaveAt { at_ms: None });
    }
    if d.g.kept.paused_alone {
        d.push(Event::Paused {
            user: d.g.kept.paused_by_user,
            alone: false,
        });
    }
    if d.g.passing.joining_since_ms.is_some() {
        d.push(Event::Joining {
            since_ms: None,
            forget: false,
            again: false,
        });
    }
    // Whoever waits for the channel would wait for ever.
    super::pending::settle_joins(d, &Say::Refused(Refusal::BotNotInVoice));
}

/// A user's seat changed.
pub(super) fn seat(d: &mut Draft<'_>, seat: &Seat) {
    d.push(Event::Sat(seat.clone()));
    let Some(channel) = d.g.kept.channel else { return };
    if seat.bot {
        return;
    }
    let Some(seats) = &d.g.passing.seats else { return };
    let others = seats
        .iter()
        .filter(|s| !s.bot && s.user != seat.user && s.channel == Some(channel))
        .count();
    listeners_changed(d, channel, Some(others + usize::from(seat.channel == Some(channel))));
}

/// Pauses for want of listeners and resumes for them. Unknown seats change nothing.
fn listeners_changed(d: &mut Draft<'_>, channel: ChannelId, listeners: Option<usize>) {
    let Some(listeners) = listeners else { return };
    let (user, alone) = (d.g.kept.paused_by_user, d.g.kept.paused_alone);
    let moved = d.g.kept.channel != Some(channel);
    if listeners == 0 && (!alone || moved) {
        if !alone {
            d.anchor(0);
            d.push(Event::Paused { user, alone: true });
        }
        d.push(Event::LeaveAt {
            at_ms: Some(d.at_ms.saturating_add(d.g.limits.alone_leave_ms)),
        });
    } else if listeners > 0 && alone {
        d.anchor(0);
        d.push(Event::Paused { user, alone: false });
        let idle = d.g.kept.current.is_none();
        let at_ms = idle.then(|| d.at_ms.saturating_add(d.g.limits.idle_leave_ms));
        d.push(Event::LeaveAt { at_ms });
    }
}

/// The bot's own voice state.
pub(super) fn own(d: &mut Draft<'_>, channel: Option<ChannelId>, session_id: &Hidden) {
    let before = d.g.passing.own.as_ref().map(|(own, _)| *own);
    let joining = d.g.passing.joining_since_ms.is_some();
    if channel.is_none() && before.is_some() {
        // The position stops with the sound.
        d.anchor(0);
    }
    d.push(Event::OwnVoice {
        channel,
        session_id: session_id.clone(),
        at_ms: d.at_ms,
    });
    match (d.g.kept.channel, channel) {
        (Some(wanted), Some(now)) if wanted == now => {
            super::pending::settle_joins(d, &Say::Joined { channel: now });
            if joining && d.g.passing.voice.is_some() {
                // Moved within the same voice session: no new voice server is announced for it.
                d.push(Event::Joining {
                    since_ms: None,
                    forget: false,
                    again: false,
                });
            }
        }
        (Some(_), Some(now)) if !joining => {
            d.push(Event::Channel { channel: Some(now) });
            listeners_changed(d, now, d.g.listeners(now));
        }
        (Some(_), None) if before.is_some() && !joining => {
            let kept = d.g.held();
            leave(d);
            d.notice(Say::TakenOut { kept });
        }
        (Some(_) | None, Some(_) | None) => {}
    }
}

/// Where the voice connection goes.
pub(super) fn server(d: &mut Draft<'_>, token: &Hidden, endpoint: Option<&str>) {
    let server = endpoint.map(|endpoint| (token.clone(), Box::from(endpoint)));
    if server.is_none() && d.g.kept.channel.is_none() {
        return;
    }
    d.push(Event::Server { server, at_ms: d.at_ms });
}

/// The gateway session was replaced: ask for voice again.
pub(super) fn lost(d: &mut Draft<'_>) {
    d.anchor(0);
    let since_ms = d.g.kept.channel.map(|_| d.at_ms);
    d.push(Event::Joining {
        since_ms,
        forget: true,
        again: true,
    });
}

/// The voice connection is broken for good: ask once for a new one.
pub(super) fn rejoin(d: &mut Draft<'_>) {
    if d.g.kept.channel.is_none() || d.g.passing.joining_since_ms.is_some() {
        return;
    }
    d.anchor(0);
    d.push(Event::Joining {
        since_ms: Some(d.at_ms),
        forget: true,
        again: true,
    });
}
