//! What guilds say.

use ostinato_machine::guild::{Brief, LoopMode, Say};

use super::info::{voice, volume};
use super::message::{Message, Tone};
use super::text::{clock, count, number, safe, tracks};
use super::track::{history, named, now_playing, queue, with_length};
use super::{Moment, refusal};

/// Longest name of a playlist, characters.
const PLAYLIST: usize = 80;
/// Longest reason that others give, characters.
const REASON: usize = 200;
/// Close code of a voice connection that lacks end-to-end encryption.
const NO_ENCRYPTION: u16 = 4017;

/// Puts what a guild says into words.
pub(in crate::discord) fn say(say: &Say, moment: Moment) -> Message {
    let line = Message::line;
    let warning = |text: &str| Message::notice(Tone::Warning, text);
    match say {
        Say::Working => Message::plain("Working on it."),
        Say::Refused(why) => Message::plain(refusal::words(why)),
        Say::Unsaved(done) => unsaved(self::say(done, moment)),
        Say::Queue(view) => queue(view, moment),
        Say::NowPlaying(view) | Say::Pressed(Some(view)) => now_playing(view, moment),
        Say::Pressed(None) => line("Nothing is playing any more. Add something with /play.".into()),
        Say::History(view) => history(view),
        Say::VoiceInfo(view) => voice(view, moment),
        Say::VolumeInfo(view) => volume(*view),
        Say::Joined { channel } => line(format!("Joined <#{channel}>.")),
        Say::Left { channel, kept: 0 } => line(format!("Left <#{channel}>.")),
        Say::Left { channel, kept } => line(left(&format!("Left <#{channel}>."), *kept)),
        Say::Added {
            first,
            count,
            position,
            left_out,
            limit,
            playlist,
            starts_in_ms,
        } => {
            let when = when(*position, *starts_in_ms, moment);
            let what = added(first, *count, *position, playlist.as_deref(), &when);
            line(format!("{what}{}", left_behind(*left_out, *limit)))
        }
        Say::Paused { track } => line(format!("Paused {}. /resume goes on.", named(track))),
        Say::Resumed { track, alone: false } => line(format!("{} goes on.", named(track))),
        Say::Resumed { track, alone: true } => line(format!("{} goes on as soon as somebody listens.", named(track))),
        Say::Skipped { track, next } => line(skipped(track, next.as_ref())),
        Say::Stopped { cleared: 0 } => line("Stopped. Nothing else was queued.".into()),
        Say::Stopped { cleared } => line(format!("Stopped, and dropped {} from the queue.", tracks(*cleared))),
        Say::Sought { track, position_ms } => line(sought(track, *position_ms)),
        Say::Volume { percent } => line(format!("The volume is {percent} %.")),
        Say::Loop { mode } => line(repeats(*mode).into()),
        Say::Autoplay { on } => line(autoplay(*on).into()),
        Say::Removed { track, index, count } => line(removed(track, *index, *count)),
        Say::Moved { track, from, to } => line(moved(track, *from, *to)),
        Say::Shuffled { count } => line(format!("Shuffled {}.", tracks(*count))),
        Say::Cleared { count } => line(format!(
            "Dropped {} from the queue; the current track plays on.",
            tracks(*count)
        )),
        Say::NoNode => warning(
            "No audio server can be reached. The position is kept, and the music goes on by itself when one is back.",
        ),
        Say::TrackFailed { track, message } => warning(&failed(track, message)),
        Say::FailuresHeld { count } => warning(&held(*count)),
        Say::LeftAlone { kept } => line(left("Left, because nobody was listening.", *kept)),
        Say::QueueEnded { leaves_in_ms } => line(queue_ended(*leaves_in_ms, moment)),
        Say::AutoplayOver { leaves_in_ms } => line(autoplay_over(*leaves_in_ms, moment)),
        Say::Suppressed { channel } => warning(&format!(
            "I am in the audience of <#{channel}>, where nobody hears me. I asked to speak; the music goes on by itself \
             as soon as somebody lets me."
        )),
        Say::ChannelGone { kept } => warning(&left("The voice channel was deleted.", *kept)),
        Say::LeftIdle => line("Left, because nothing was playing. /play brings me back.".into()),
        Say::TakenOut { kept } => warning(&left("Somebody took me out of the voice channel.", *kept)),
        Say::VoiceRefused { code } => Message::notice(Tone::Fault, &voice_refused(*code)),
        Say::JoinFailed { channel, why } => warning(&refusal::join_block(*channel, *why)),
    }
}

/// What was done, and that a restart may forget it.
fn unsaved(mut message: Message) -> Message {
    let warning = "Not saved yet: the storage does not answer, and a restart now would forget this.";
    match &mut message.card {
        Some(card) => {
            let footer = card.footer.take().map(|footer| format!("{footer} · {warning}"));
            card.footer = Some(footer.unwrap_or_else(|| warning.to_owned()));
        }
        None => message.text = format!("{}\n{warning}", message.text),
    }
    message
}

fn place(index: usize) -> String {
    number(index as u64)
}

fn when(position: usize, starts_in_ms: Option<u64>, moment: Moment) -> String {
    match (position, starts_in_ms) {
        (0, _) => "playing now".to_owned(),
        (at, Some(after_ms)) => format!("place {}, plays {}", place(at), moment.stamp(after_ms)),
        (at, None) => format!("place {}", place(at)),
    }
}

fn added(first: &Brief, count: usize, position: usize, playlist: Option<&str>, when: &str) -> String {
    let first = with_length(first);
    match playlist.map(|name| safe(name, PLAYLIST)) {
        Some(name) if !name.is_empty() => {
            format!("Added {} of **{name}**, the first is {first} · {when}.", tracks(count))
        }
        _ if count > 1 => format!("Added {}, the first is {first} · {when}.", tracks(count)),
        _ if position == 0 => format!("Now playing: {first}."),
        _ => format!("Added {first} · {when}."),
    }
}

fn left_behind(left_out: usize, limit: usize) -> String {
    match left_out {
        0 => String::new(),
        1 => format!(" 1 track was left out: the queue holds {}.", place(limit)),
        more => format!(" {} were left out: the queue holds {}.", tracks(more), place(limit)),
    }
}

fn skipped(track: &Brief, next: Option<&Brief>) -> String {
    match next {
        Some(next) => format!("Skipped {}. Now playing: {}.", named(track), with_length(next)),
        None => format!("Skipped {}. The queue is empty.", named(track)),
    }
}

fn sought(track: &Brief, position_ms: u64) -> String {
    let position = clock(position_ms);
    match track.length_ms {
        _ if position_ms == 0 => format!("{} plays from its start.", named(track)),
        Some(length_ms) => format!("{} goes on at {position} of {}.", named(track), clock(length_ms)),
        None => format!("{} goes on at {position}.", named(track)),
    }
}

fn removed(first: &Brief, index: usize, count: usize) -> String {
    match count {
        0 | 1 => format!("Removed {} from place {}.", named(first), place(index)),
        more => format!(
            "Removed {} from the places {} to {}, the first was {}.",
            tracks(more),
            place(index),
            place(index.saturating_add(more - 1)),
            named(first)
        ),
    }
}

fn moved(track: &Brief, from: usize, to: usize) -> String {
    format!("Moved {} from place {} to {}.", named(track), place(from), place(to))
}

const fn repeats(mode: LoopMode) -> &'static str {
    match mode {
        LoopMode::Off => "Nothing repeats any more.",
        LoopMode::Track => "The current track repeats until /skip.",
        LoopMode::Queue => "The queue repeats.",
    }
}

const fn autoplay(on: bool) -> &'static str {
    if on {
        "Autoplay is on: when the queue has run out, related tracks follow. Whatever you ask for goes first."
    } else {
        "Autoplay is off: the music ends with the queue."
    }
}

fn autoplay_over(leaves_in_ms: Option<u64>, moment: Moment) -> String {
    let over = queue_ended(leaves_in_ms, moment);
    format!("Autoplay finds nothing new to go on with. {over}")
}

fn failed(track: &Brief, message: &str) -> String {
    let what = format!("{} could not be played and was passed over", named(track));
    let reason = safe(message, REASON);
    if reason.is_empty() {
        format!("{what}.")
    } else {
        format!("{what}: {reason}")
    }
}

fn held(failures: u32) -> String {
    let failed = count(failures as usize, "track", "tracks");
    format!("{failed} failed in a row, so the queue rests for a minute and then tries the next one.")
}

fn left(why: &str, kept: usize) -> String {
    match kept {
        0 => format!("{why} /connect brings me back."),
        1 => format!("{why} 1 track is kept; /connect goes on with it."),
        more => format!("{why} {} are kept; /connect goes on with them.", tracks(more)),
    }
}

fn queue_ended(leaves_in_ms: Option<u64>, moment: Moment) -> String {
    let leaves = leaves_in_ms.map(|after_ms| format!(" Else I leave {}.", moment.stamp(after_ms)));
    format!(
        "The queue is over. Add something with /play.{}",
        leaves.unwrap_or_default()
    )
}

fn voice_refused(code: u16) -> String {
    if code == NO_ENCRYPTION {
        format!(
            "Discord refuses the voice connection: it asks for end-to-end encryption that the audio server does not have \
             (code {code}). Whoever runs this bot must update the audio server."
        )
    } else {
        format!("Discord refuses the voice connection (code {code}). /connect tries again.")
    }
}
