//! Speaking to what waits for an answer: first callback, edit, deletion, follow-up, each with its repeats and its end.
//! A message knows the first two alone, and is in no hurry.

use std::rc::Rc;
use std::time::Duration;

use ostinato_machine::guild::{Refusal, Say};
use ostinato_machine::ids::{GuildId, ReplyTo, Via};

use crate::ports::{First, PortError, PortErrorKind, Shows, Work};
use crate::station::{Station, sleep_ms};

/// Attempts at one call.
const ATTEMPTS: u32 = 6;

/// What Discord has of an interaction so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stand {
    /// Nothing.
    Silent,
    /// It shows that the bot is thinking.
    Deferred,
    /// A word that this process did not say: the one before it has answered or deferred.
    Taken,
    /// Another process, or a call without an answer, may have said something.
    Unknown,
}

/// Defers; what comes then is an edit. `left_ms`: how long a first callback may still be tried.
pub(super) async fn defer(station: &Rc<Station>, guild: GuildId, reply: &ReplyTo, left_ms: u64) -> Stand {
    let first = First::Defer { public: reply.public };
    if is_message(reply) {
        // It only shows that somebody is at work: once and as well as can be.
        if let Err(error) = station.ports.discord.first(reply, guild, first).await {
            tracing::debug!(%guild, cause = reply.id, %error, "nobody sees that a message is being worked on");
        }
        return Stand::Deferred;
    }
    let result = repeat(station, Some(left_ms), || {
        station.ports.discord.first(reply, guild, first.clone())
    });
    match result.await {
        Ok(()) => Stand::Deferred,
        Err(error) => {
            tracing::info!(%guild, cause = reply.id, %error, "an interaction could not be deferred");
            // Somebody was first, or it is gone; or nobody knows, and the answer will find out.
            if error.kind == PortErrorKind::Gone {
                Stand::Taken
            } else {
                Stand::Unknown
            }
        }
    }
}

/// Gives the final answer in the way that `stand` and age allow.
pub(super) async fn answer(
    station: &Rc<Station>,
    guild: GuildId,
    reply: &ReplyTo,
    say: Say,
    stand: Stand,
    age_ms: u64,
) {
    let refused = matches!(say, Say::Refused(_));
    let first_ms = station.settings.reply.first_ms;
    if is_message(reply) {
        // One message, whatever came before: its nonce keeps a second one away (L3).
        let first = First::Answer { say, public: true };
        let result = repeat(station, None, || {
            station.ports.discord.first(reply, guild, first.clone())
        });
        if let Err(error) = result.await {
            tracing::warn!(%guild, cause = reply.id, %error, "an answer could not be given");
        }
        return;
    }
    let late = age_ms >= first_ms || say == Say::Refused(Refusal::TooLate);
    let result = if stand == Stand::Silent && late {
        // It was old when it came: no callback is left, and the process before this one may have said something.
        finish(station, guild, reply, say).await
    } else if matches!(stand, Stand::Silent | Stand::Unknown) && age_ms < first_ms {
        let public = reply.public && !refused;
        let first = First::Answer {
            say: say.clone(),
            public,
        };
        let left_ms = Some(first_ms.saturating_sub(age_ms));
        let result = repeat(station, left_ms, || {
            station.ports.discord.first(reply, guild, first.clone())
        });
        match result.await {
            // Nothing was said here, so a process that is gone has answered or deferred.
            Err(error) if error.kind == PortErrorKind::Gone && stand == Stand::Silent => {
                finish(station, guild, reply, say).await
            }
            // Answered or deferred before, by a call that seemed lost.
            Err(error) if error.kind != PortErrorKind::Refused => later(station, guild, reply, say).await,
            other => other,
        }
    } else if matches!(stand, Stand::Taken | Stand::Unknown) {
        finish(station, guild, reply, say).await
    } else {
        later(station, guild, reply, say).await
    };
    if let Err(error) = result {
        tracing::warn!(%guild, cause = reply.id, %error, "an answer could not be given");
    }
}

const fn is_message(reply: &ReplyTo) -> bool {
    matches!(reply.via, Via::Message { .. })
}

/// Answers what may have its last word, from a process that is gone: what was deferred gets its answer; what was answered
/// keeps its words, and what got none within Discord's time can't get any.
async fn finish(station: &Rc<Station>, guild: GuildId, reply: &ReplyTo, say: Say) -> Result<(), PortError> {
    let discord = &station.ports.discord;
    if reply.public && is_component(reply) {
        if say == Say::Refused(Refusal::TooLate) {
            // Whoever pressed has an answer, or was told by Discord that there is none.
            return Ok(());
        }
        // What stands there is the card that the button is on: it shows how things are, whoever draws it.
        return later(station, guild, reply, say).await.or_else(expected);
    }
    match repeat(station, None, || discord.shows(reply)).await? {
        Shows::Nothing | Shows::Words => Ok(()),
        Shows::Thinking => later(station, guild, reply, say).await.or_else(expected),
    }
}

/// Whether a button waits. The message that it is on is nobody's answer: a refusal leaves it as it is.
const fn is_component(reply: &ReplyTo) -> bool {
    matches!(reply.via, Via::Interaction { component: true, .. })
}

/// Answers an interaction that was deferred. A refusal is for the caller alone: after a public deferral it is another
/// message.
async fn later(station: &Rc<Station>, guild: GuildId, reply: &ReplyTo, say: Say) -> Result<(), PortError> {
    let discord = &station.ports.discord;
    if reply.public && is_component(reply) && matches!(say, Say::Refused(_)) {
        return repeat(station, None, || discord.follow_up(reply, guild, say.clone(), false)).await;
    }
    if reply.public && matches!(say, Say::Refused(_)) {
        repeat(station, None, || discord.delete(reply))
            .await
            .or_else(expected)?;
        return repeat(station, None, || discord.follow_up(reply, guild, say.clone(), false)).await;
    }
    repeat(station, None, || discord.edit(reply, guild, say.clone())).await
}

/// What is not there needs no changing.
fn expected(error: PortError) -> Result<(), PortError> {
    if error.kind == PortErrorKind::Gone {
        Ok(())
    } else {
        Err(error)
    }
}

/// One call under its deadline.
pub(super) async fn within<T>(station: &Station, call: Work<T>) -> Result<T, PortError> {
    let deadline = Duration::from_millis(station.settings.reply.call_ms);
    let late = |_| {
        let message = "no answer within the call's deadline";
        Err(PortError::new(PortErrorKind::Timeout, message))
    };
    tokio::time::timeout(deadline, call).await.unwrap_or_else(late)
}

/// Calls until it succeeds, fails for good, or the attempts or `left_ms` are used up.
pub(super) async fn repeat<T>(
    station: &Rc<Station>,
    left_ms: Option<u64>,
    call: impl Fn() -> Work<T>,
) -> Result<T, PortError> {
    let (clock, policy) = (&station.ports.clock, &station.settings.answer_retry);
    let until_ms = left_ms.map(|left_ms| clock.monotonic_ms().saturating_add(left_ms));
    let mut attempt = 0_u32;
    loop {
        let call_ms = station.settings.reply.call_ms;
        let left_ms = until_ms.map_or(call_ms, |until_ms| {
            until_ms.saturating_sub(clock.monotonic_ms()).min(call_ms)
        });
        let result = tokio::time::timeout(Duration::from_millis(left_ms.max(1)), call()).await;
        let late = |_| {
            Err(PortError::new(
                PortErrorKind::Timeout,
                "no answer within the call's deadline",
            ))
        };
        let error = match result.unwrap_or_else(late) {
            Ok(done) => return Ok(done),
            Err(error) => error,
        };
        let delay_ms = policy.delay_ms(attempt, clock.chance());
        attempt = attempt.saturating_add(1);
        let over = until_ms.is_some_and(|until_ms| clock.monotonic_ms().saturating_add(delay_ms) >= until_ms);
        if !error.is_retryable() || attempt >= ATTEMPTS || over {
            return Err(error);
        }
        sleep_ms(delay_ms).await;
    }
}
