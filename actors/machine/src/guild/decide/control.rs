//! Who may control the player, and the commands that do.

use super::super::difference::is_lost;
use super::super::event::Event;
use super::super::state::{Current, Guild};
use super::super::{Brief, LoopMode, Refusal, Say};
use super::{Draft, autoplay};
use crate::ids::{ChannelId, ReplyTo};

/// Two skips within this time of a track's start mean the same track, ms: the second one was already under way.
const SAME_SKIP_MS: u64 = 500;

/// Whether a caller who sits at `seat` may control the bot: from its channel, or while nobody listens to it.
pub(super) fn access(g: &Guild, seat: Option<ChannelId>) -> Result<ChannelId, Refusal> {
    let caller = seat.ok_or(Refusal::NotInVoice)?;
    match g.bot_channel() {
        Some(bot) if bot != caller && g.listeners(bot) != Some(0) => Err(Refusal::OtherChannel { bot }),
        Some(_) | None => Ok(caller),
    }
}

impl Guild {
    /// The channel that the bot is in, or is on its way to.
    pub(super) fn bot_channel(&self) -> Option<ChannelId> {
        self.kept.channel
    }
}

/// The current track of a bot that is in voice.
fn playing(g: &Guild) -> Result<&Current, Refusal> {
    let current = g.kept.current.as_ref().ok_or(Refusal::NothingPlaying)?;
    g.bot_channel().ok_or(Refusal::BotNotInVoice)?;
    Ok(current)
}

macro_rules! playing {
    ($d:ident, $reply:ident) => {
        match playing($d.g) {
            Ok(current) => current,
            Err(refusal) => return $d.refuse($reply, refusal),
        }
    };
}

pub(super) fn pause(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let current = playing!(d, reply);
    if d.g.kept.paused_by_user {
        return d.refuse(reply, Refusal::AlreadyPaused);
    }
    d.anchor(0);
    d.pause(true, d.is_alone());
    d.answer(
        reply,
        Say::Paused {
            track: Brief::entry(&current.entry),
        },
    );
}

pub(super) fn resume(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let current = playing!(d, reply);
    // While seats are unknown the caller, whose seat was asked for, is a listener.
    let alone = d.g.kept.paused_alone && d.g.passing.seats.is_some();
    if !d.g.kept.paused_by_user && alone == d.g.kept.paused_alone {
        let stage = d.g.kept.channel.filter(|_| d.g.kept.suppressed);
        return d.refuse(
            reply,
            stage.map_or(Refusal::NotPaused { alone }, |channel| Refusal::Suppressed { channel }),
        );
    }
    d.anchor(0);
    d.pause(false, alone);
    d.answer(
        reply,
        Say::Resumed {
            track: Brief::entry(&current.entry),
            alone,
        },
    );
}

pub(super) fn skip(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let current = playing!(d, reply);
    let started_just_now = d.at_ms.saturating_sub(current.began_ms) < SAME_SKIP_MS;
    if let Some(before) = d.g.kept.history.back()
        && started_just_now
        && d.g.skipped(current)
    {
        let (track, next) = (Brief::entry(before), Some(Brief::entry(&current.entry)));
        return d.answer(reply, Say::Skipped { track, next });
    }
    let queued = d.g.kept.queue.front();
    let next = queued.or((d.g.kept.loop_mode == LoopMode::Queue).then_some(&current.entry));
    let say = Say::Skipped {
        track: Brief::entry(&current.entry),
        next: next.cloned().or_else(|| d.g.picked()).as_ref().map(Brief::entry),
    };
    autoplay::judge(d, true);
    d.advance();
    d.mark_skip();
    d.answer(reply, say);
}

impl Guild {
    /// Whether `current` began because the one before it was skipped.
    fn skipped(&self, current: &Current) -> bool {
        self.kept.skipped_to == Some(current.play)
    }
}

pub(super) fn stop(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let cleared = d.g.kept.queue.len();
    let awaited = d.g.autoplay().is_some_and(|auto| auto.awaited_ms.is_some());
    if d.g.kept.current.is_none() && cleared == 0 && !awaited {
        return d.refuse(reply, Refusal::NothingPlaying);
    }
    if cleared > 0 {
        d.push(Event::Cleared);
    }
    autoplay::forget(d);
    d.leave_current(false);
    d.reset_failures();
    d.rest();
    d.answer(reply, Say::Stopped { cleared });
}

pub(super) fn seek(d: &mut Draft<'_>, position_ms: u64, reply: Option<&ReplyTo>) {
    let current = playing!(d, reply);
    if !current.entry.track.seekable {
        return d.refuse(reply, Refusal::NotSeekable);
    }
    if let Some(length_ms) = current.entry.track.length_ms
        && position_ms >= length_ms
    {
        return d.refuse(reply, Refusal::BehindEnd { length_ms });
    }
    if is_lost(&current.entry.track, d.g.position(d.at_ms), position_ms) {
        d.begin(current.entry.id, position_ms);
    } else {
        d.push(Event::Sought {
            position_ms,
            at_ms: d.at_ms,
        });
    }
    d.answer(
        reply,
        Say::Sought {
            track: Brief::entry(&current.entry),
            position_ms,
        },
    );
}

pub(super) fn replay(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let current = playing!(d, reply);
    let track = Brief::entry(&current.entry);
    d.begin(current.entry.id, 0);
    d.answer(reply, Say::Sought { track, position_ms: 0 });
}

pub(super) fn volume(d: &mut Draft<'_>, percent: u16, reply: Option<&ReplyTo>) {
    if percent > d.g.limits.max_volume {
        return d.refuse(
            reply,
            Refusal::VolumeRange {
                max: d.g.limits.max_volume,
            },
        );
    }
    if percent != d.g.volume() || d.g.kept.volume.is_none() {
        d.push(Event::Volume { percent });
    }
    d.answer(reply, Say::Volume { percent });
}

pub(super) fn set_loop(d: &mut Draft<'_>, mode: LoopMode, reply: Option<&ReplyTo>) {
    if mode != d.g.kept.loop_mode {
        d.push(Event::Loop { mode });
    }
    d.answer(reply, Say::Loop { mode });
}
