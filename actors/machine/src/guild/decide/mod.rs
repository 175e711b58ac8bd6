//! All rules of a guild: given its state and an input, what changes, what is said, what is asked.
//!
//! This file is the hub: it knows every input and no rule. The rules stand by family in the files beside it.

mod autoplay;
mod card;
mod control;
mod draft;
mod gone;
mod pending;
mod play;
mod player;
mod press;
mod queue;
mod restore;
mod show;
mod voice;
mod wake;

use smallvec::SmallVec;

pub(super) use draft::Draft;

use super::event::Event;
use super::state::Guild;
use super::{Answer, Ask, Caller, Command, Input, Refusal, Stamped};
use crate::ids::{CauseId, ReplyTo, Via};

/// What an input leads to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decision {
    /// What changes, in order.
    pub events: SmallVec<[Event; 2]>,
    /// What is said.
    pub say: SmallVec<[Answer; 1]>,
    /// What is asked of the outside.
    pub ask: SmallVec<[Ask; 1]>,
    /// Why nothing happened, where that is worth counting.
    pub ignored: Option<Ignored>,
}

/// Why an input led to nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ignored {
    /// Its cause was applied before (L8).
    Repeat,
    /// It speaks of a play, a placement or a question that is over.
    Late,
}

/// Decides. Total: it never fails and never changes the guild.
pub fn decide(g: &Guild, i: &Stamped) -> Decision {
    let mut d = Draft::new(g, i);
    match &i.input {
        Input::Command { command, by, reply } => command_input(&mut d, i, command, by, reply.as_ref()),
        Input::Restored(restored) => restore::restored(&mut d, restored),
        Input::Seat(seat) => voice::seat(&mut d, seat),
        Input::Seats(seats) => voice::seats(&mut d, seats),
        Input::OwnVoice {
            channel,
            session_id,
            suppressed,
        } => voice::own(&mut d, *channel, session_id, *suppressed),
        Input::ChannelGone { channel } => gone::channel(&mut d, *channel),
        Input::GuildGone => gone::guild(&mut d),
        Input::VoiceServer { token, endpoint } => voice::server(&mut d, token, endpoint.as_deref()),
        Input::VoiceLost => voice::lost(&mut d),
        Input::Placed { node, generation } => player::placed(&mut d, node.as_ref(), *generation),
        Input::Player { node, report } => player::report(&mut d, node, report),
        Input::Done { ticket, outcome } => pending::done(&mut d, *ticket, outcome),
        Input::Card(news) => card::news(&mut d, news),
        Input::Expired { interaction } => pending::expired(&mut d, *interaction),
        Input::Wake => wake::wake(&mut d),
        Input::Fault(_) => {}
    }
    d.finish()
}

fn command_input(d: &mut Draft<'_>, i: &Stamped, command: &Command, by: &Caller, reply: Option<&ReplyTo>) {
    if d.g.repeats(&i.cause) {
        d.ignore(Ignored::Repeat);
        return;
    }
    if reply.is_some_and(|reply| is_stale(d, reply, i.at_ms)) {
        d.refuse(reply, Refusal::TooLate);
        return;
    }
    command_now(d, command, by, reply, None);
    if i.cause != CauseId::Internal && !command.reads_only() && !d.keeps() {
        // The record carries the cause: a repeat after a death finds that this was decided.
        d.push(Event::Heard);
    }
}

/// Whether a command is too old to be done. An interaction that nobody has answered in time looks failed to its user; a
/// message can be answered whenever, and waits for as long as a command may take.
fn is_stale(d: &Draft<'_>, reply: &ReplyTo, now_ms: u64) -> bool {
    let limit_ms = match reply.via {
        Via::Interaction { .. } => d.g.limits.stale_ms,
        Via::Message { .. } => d.g.limits.expire_ms,
    };
    reply.made_ms > 0 && now_ms.saturating_sub(reply.made_ms) > limit_ms
}

/// Does a command whose turn it is: at once, or again once what it waited for is known. `waited` is the key under which
/// it waited, `seat` what was learned of the caller's seat.
fn command_now(
    d: &mut Draft<'_>,
    command: &Command,
    by: &Caller,
    reply: Option<&ReplyTo>,
    seat: Option<Option<crate::ids::ChannelId>>,
) {
    match command {
        Command::Queue { page } => return show::queue(d, *page, reply),
        Command::NowPlaying => return show::now(d, reply),
        Command::History { page } => return show::history(d, *page, reply),
        Command::VoiceInfo => return show::voice(d, reply),
        Command::VolumeInfo => return show::volume(d, reply),
        Command::Connect
        | Command::Disconnect
        | Command::Play { .. }
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
        | Command::Of { .. } => {}
    }
    let Some(seat) = seat.or_else(|| d.g.seat_of(by.user)) else {
        return pending::ask_seat(d, command, by, reply);
    };
    let caller_channel = match control::access(d.g, seat) {
        Ok(channel) => channel,
        Err(refusal) => return d.refuse(reply, refusal),
    };
    match command {
        Command::Connect => voice::connect(d, by, caller_channel, reply),
        Command::Disconnect => voice::disconnect(d, reply),
        Command::Play { query, at } => play::play(d, query, *at, by, caller_channel, reply),
        Command::Pause => control::pause(d, reply),
        Command::Resume => control::resume(d, reply),
        Command::Skip => control::skip(d, reply),
        Command::Stop => control::stop(d, reply),
        Command::Seek { position_ms } => control::seek(d, *position_ms, reply),
        Command::Replay => control::replay(d, reply),
        Command::Volume { percent } => control::volume(d, *percent, reply),
        Command::Loop { mode } => control::set_loop(d, *mode, reply),
        Command::Autoplay { on } => autoplay::set(d, *on, reply),
        Command::Remove { index, last } => queue::remove(d, *index, *last, reply),
        Command::Move { from, to } => queue::shift(d, *from, *to, reply),
        Command::Shuffle => queue::shuffle(d, reply),
        Command::Clear => queue::clear(d, reply),
        Command::Of { entry, command } => press::of(d, *entry, command, by, seat, reply),
        Command::Queue { .. }
        | Command::NowPlaying
        | Command::History { .. }
        | Command::VoiceInfo
        | Command::VolumeInfo => {}
    }
}
