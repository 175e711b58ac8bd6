//! Commands that wait: for a node's answer, for a seat, for the voice channel.

use super::super::event::{Asker, Event, Pending};
use super::super::{AskError, Caller, Command, JoinBlock, Loaded, Outcome, Question, Refusal, Say};
use super::{Draft, Ignored, autoplay, command_now, play, voice};
use crate::ids::{ReplyTo, Ticket};

/// The caller's seat is unknown: ask Discord before refusing.
pub(super) fn ask_seat(d: &mut Draft<'_>, command: &Command, by: &Caller, reply: Option<&ReplyTo>) {
    if !d.may_wait() {
        return d.refuse(
            reply,
            Refusal::TooManyPending {
                limit: d.g.limits.pending,
            },
        );
    }
    d.wait(command, by, reply, Some(Question::SeatOf { user: by.user }));
}

/// A question came back.
pub(super) fn done(d: &mut Draft<'_>, ticket: Ticket, outcome: &Outcome) {
    let Some(open) = d.g.passing.tickets.iter().find(|open| open.ticket == ticket) else {
        return d.ignore(Ignored::Late);
    };
    d.push(Event::Closed { ticket });
    let pending = match open.asker {
        Asker::Command(key) => d.g.kept.pending.iter().find(|pending| pending.key == key),
        Asker::Autoplay => return looked(d, outcome),
        Asker::Voice => None,
    };
    let Some(pending) = pending else {
        if let Outcome::JoinBlocked(why) = outcome {
            join_blocked(d, *why);
        } else if matches!(outcome, Outcome::Failed(_)) {
            join_blocked(d, JoinBlock::Unknown);
        }
        return;
    };
    d.settle(pending);
    let reply = pending.reply.as_ref();
    match outcome {
        Outcome::Loaded(loaded) => found(d, pending, loaded),
        Outcome::SeatIs { channel, .. } => command_now(d, &pending.command, &pending.by, reply, Some(*channel)),
        Outcome::JoinBlocked(_) | Outcome::Related(_) => d.refuse(reply, Refusal::Expired),
        Outcome::Failed(error) => failed(d, pending, *error),
    }
}

/// What autoplay has asked for.
fn looked(d: &mut Draft<'_>, outcome: &Outcome) {
    let related = match outcome {
        Outcome::Related(related) => Ok(related),
        Outcome::Failed(error) => Err(*error),
        Outcome::Loaded(_) | Outcome::SeatIs { .. } | Outcome::JoinBlocked(_) => Err(AskError::Unreachable),
    };
    autoplay::found(d, related);
}

fn found(d: &mut Draft<'_>, pending: &Pending, loaded: &Loaded) {
    match &pending.command {
        Command::Play { query, at } => play::loaded(d, pending, query, *at, loaded),
        Command::Connect
        | Command::Disconnect
        | Command::Pause
        | Command::Resume
        | Command::Skip
        | Command::Stop
        | Command::Seek { .. }
        | Command::Replay
        | Command::Volume { .. }
        | Command::Loop { .. }
        | Command::Autoplay { .. }
        | Command::Remove { .. }
        | Command::Move { .. }
        | Command::Shuffle
        | Command::Clear
        | Command::Queue { .. }
        | Command::NowPlaying
        | Command::History { .. }
        | Command::VoiceInfo
        | Command::VolumeInfo
        | Command::Of { .. } => d.refuse(pending.reply.as_ref(), Refusal::Expired),
    }
}

fn failed(d: &mut Draft<'_>, pending: &Pending, error: AskError) {
    let reply = pending.reply.as_ref();
    match (&pending.question, error) {
        // A seat that nobody can tell: take the caller's word rather than refuse everybody.
        (Some(Question::SeatOf { .. }), _) => match d.g.kept.channel {
            Some(channel) => command_now(d, &pending.command, &pending.by, reply, Some(Some(channel))),
            None => d.refuse(reply, Refusal::NotInVoice),
        },
        (_, AskError::Timeout) => d.refuse(reply, Refusal::SearchTimeout),
        (_, AskError::NoNode) => d.refuse(reply, Refusal::NoNode),
        (_, AskError::Unreachable) => d.refuse(reply, load_error("the audio node did not answer")),
        (_, AskError::Refused) => d.refuse(reply, load_error("the audio node refused the search")),
    }
}

fn load_error(message: &str) -> Refusal {
    Refusal::LoadError {
        message: message.into(),
    }
}

/// The reply lane gives an interaction up.
pub(super) fn expired(d: &mut Draft<'_>, interaction: u64) {
    let waiting = d.g.kept.pending.iter().find(|pending| {
        let reply = pending.reply.as_ref();
        reply.is_some_and(|reply| reply.id == interaction)
    });
    match waiting {
        Some(pending) => {
            d.settle(pending);
            d.refuse(pending.reply.as_ref(), Refusal::Expired);
        }
        None => d.ignore(Ignored::Late),
    }
}

/// Answers everybody who waits for the voice channel.
pub(super) fn settle_joins(d: &mut Draft<'_>, say: &Say) {
    for pending in d.g.kept.pending.iter().filter(|pending| pending.question.is_none()) {
        if d.settle(pending) {
            d.answer(pending.reply.as_ref(), say.clone());
        }
    }
}

/// Discord lets the bot not in.
pub(super) fn join_blocked(d: &mut Draft<'_>, why: JoinBlock) {
    let Some(channel) = d.g.kept.channel else { return };
    let own = d.g.passing.own.as_ref().map(|(own, _)| *own);
    if own == Some(channel) && d.g.passing.voice.is_some() {
        // It arrived after all.
        return;
    }
    let waiting = d.g.kept.pending.iter().any(|pending| pending.question.is_none());
    settle_joins(d, &Say::Refused(Refusal::CannotJoin { channel, why }));
    if !waiting {
        d.notice(Say::JoinFailed { channel, why });
    }
    match own {
        // It sits in another channel and plays on there.
        Some(own) if own != channel => voice::stay(d, own),
        Some(_) | None => voice::leave(d),
    }
}
