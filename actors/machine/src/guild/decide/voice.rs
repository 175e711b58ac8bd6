//! Voice: joining, leaving, being moved or taken out, who listens.

use super::super::event::Event;
use super::super::{Caller, Command, Refusal, Say, Seat};
use super::{Draft, Ignored};
use crate::ids::{ChannelId, Hidden, ReplyTo, UserId};

/// So many times in a minute voice is asked for again at once; then only after the time that a join may take.
const AT_ONCE: u32 = 3;

/// After so many times in a minute voice is given up.
const GIVE_UP: u32 = 8;

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
    let own = d.g.passing.own.as_ref().map(|(own, _)| *own);
    let comes = d.g.kept.channel.is_none();
    if comes || own != Some(channel) {
        // What Discord still says of an earlier stay is not about this one.
        d.push(Event::Joining {
            since_ms: Some(d.at_ms),
            forget: comes,
            again: comes && own.is_some(),
        });
    }
    stay(d, channel);
}

/// Is in `channel`, or on its way there, from now on.
pub(super) fn stay(d: &mut Draft<'_>, channel: ChannelId) {
    d.push(Event::Channel { channel: Some(channel) });
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
    d.leave_at(None);
    d.pause(d.g.kept.paused_by_user, false);
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
    let Some(seats) = &d.g.passing.seats else { return };
    let other = |(user, at): &&(UserId, ChannelId)| *user != seat.user && *at == channel;
    let others = seats.iter().filter(other).count();
    listeners_changed(d, channel, Some(others + usize::from(seat.listens_in(channel))));
}

/// All seats became known, also such as nobody knew when the guild was activated.
pub(super) fn seats(d: &mut Draft<'_>, seats: &[Seat]) {
    d.push(Event::Seated(seats.to_vec()));
    if let Some(channel) = d.g.kept.channel {
        let listeners = seats.iter().filter(|seat| seat.listens_in(channel)).count();
        listeners_changed(d, channel, Some(listeners));
    }
}

/// Pauses for want of listeners and resumes for them. Unknown seats change nothing, but nobody leaves for them either.
pub(super) fn listeners_changed(d: &mut Draft<'_>, channel: ChannelId, listeners: Option<usize>) {
    let (user, alone) = (d.g.kept.paused_by_user, d.is_alone());
    let moved = d.g.kept.channel != Some(channel);
    let idle = d.g.kept.current.is_none();
    let idle_leave = idle.then(|| d.at_ms.saturating_add(d.g.limits.idle_leave_ms));
    match listeners {
        Some(0) if !alone || moved || d.leave_at_ms().is_none() => {
            if !alone {
                d.anchor(0);
            }
            d.pause(user, true);
            d.leave_at(Some(d.at_ms.saturating_add(d.g.limits.alone_leave_ms)));
        }
        Some(0) => {}
        Some(_) if alone => {
            d.anchor(0);
            d.pause(user, false);
            d.leave_at(idle_leave);
        }
        None if alone => d.leave_at(idle_leave),
        Some(_) | None => {}
    }
}

/// The bot's own voice state.
pub(super) fn own(d: &mut Draft<'_>, channel: Option<ChannelId>, session_id: &Hidden) {
    let before = d.g.passing.own.as_ref().map(|(own, _)| *own);
    let joining = d.g.passing.joining_since_ms.is_some();
    if channel.is_none() && before.is_some() && d.g.kept.channel.is_some() {
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
            let moved = before.is_some_and(|before| before != now);
            if joining && moved && d.g.passing.voice.is_some() {
                // Moved within the same voice session: no new voice server is announced for it.
                d.push(Event::Joining {
                    since_ms: None,
                    forget: false,
                    again: false,
                });
            }
        }
        (Some(_), Some(now)) if !joining => stay(d, now),
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
    if d.g.kept.channel.is_none() {
        // Of a stay that is over; the next one is told its own.
        return d.ignore(Ignored::Late);
    }
    let server = endpoint.map(|endpoint| (token.clone(), Box::from(endpoint)));
    d.push(Event::Server { server, at_ms: d.at_ms });
    let (own, since_ms) = (&d.g.passing.own, d.g.passing.joining_since_ms);
    let elsewhere = own.as_ref().is_some_and(|(own, _)| Some(*own) != d.g.kept.channel);
    if endpoint.is_some() && elsewhere && since_ms.is_some() {
        // It was put elsewhere on its way, and this is that channel's: the join is still waited for.
        d.push(Event::Joining {
            since_ms,
            forget: false,
            again: false,
        });
    }
}

/// The gateway session was replaced: ask for voice again.
pub(super) fn lost(d: &mut Draft<'_>) {
    let wanted = d.g.kept.channel.is_some();
    if wanted {
        d.anchor(0);
    }
    d.push(Event::Joining {
        since_ms: wanted.then_some(d.at_ms),
        forget: true,
        again: wanted,
    });
}

/// The voice connection is broken: ask for a new one. The player stays as it is until then; the broken one may also be
/// a discarded one that the node mistakes for its own.
pub(super) fn rejoin(d: &mut Draft<'_>, code: u16) {
    if d.g.kept.channel.is_none() || d.g.passing.joining_since_ms.is_some() {
        return;
    }
    let asked = d.g.asked_again(d.at_ms);
    if asked >= GIVE_UP {
        return give_up(d, code);
    }
    d.push(Event::Server {
        server: None,
        at_ms: d.at_ms,
    });
    if asked < AT_ONCE {
        d.push(Event::Joining {
            since_ms: Some(d.at_ms),
            forget: false,
            again: true,
        });
    }
}

/// Trying again can't help.
pub(super) fn give_up(d: &mut Draft<'_>, code: u16) {
    if d.g.kept.channel.is_some() {
        d.notice(Say::VoiceRefused { code });
        leave(d);
    }
}
