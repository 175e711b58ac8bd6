//! Refusals: one line each, the rule and the way out.

use ostinato_machine::guild::{JoinBlock, Refusal};
use ostinato_machine::ids::ChannelId;

use super::text::{clock, count, number, safe, tracks};
use crate::lavalink::sources::named;

/// Longest quotation, characters.
const QUOTE: usize = 100;
/// Longest reason that others give, characters.
const REASON: usize = 200;

/// Puts a refusal into words.
pub(super) fn words(refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotInVoice => "That needs you in a voice channel. Join one and repeat the command.".into(),
        Refusal::OtherChannel { bot } => format!("The music is in <#{bot}>. Join it to control the music."),
        Refusal::BotNotInVoice => "I am in no voice channel. /connect brings me to yours.".into(),
        Refusal::NothingPlaying => "Nothing is playing. Add something with /play.".into(),
        Refusal::OtherTrack => {
            "That button belongs to a track that is over, so nothing was done. /nowplaying shows what plays.".into()
        }
        Refusal::QueueEmpty => "The queue is empty. Add something with /play.".into(),
        Refusal::AlreadyHere { channel } => format!("I am in <#{channel}> already. Add something with /play."),
        Refusal::AlreadyPaused => "The music is paused already. /resume goes on.".into(),
        Refusal::NotPaused { alone: false } => "The music is not paused.".into(),
        Refusal::NotPaused { alone: true } => {
            "Nobody paused the music; it waits for listeners and goes on when somebody joins.".into()
        }
        Refusal::Suppressed { channel } => format!(
            "I am in the audience of <#{channel}>. The music goes on by itself as soon as somebody lets me speak."
        ),
        Refusal::QueueFull { limit } => format!(
            "The queue is full: it holds {}. It has room again when some have played.",
            tracks(*limit)
        ),
        Refusal::EmptyQuery => "There is nothing to search for. Give /play some words or an address.".into(),
        Refusal::QueryTooLong { limit } => format!(
            "That is too long to search for: at most {}.",
            count(*limit, "character", "characters")
        ),
        Refusal::NothingFound { query } => nothing_found(query),
        Refusal::LoadError { message } => load_error(message),
        Refusal::SearchTimeout => "The search took too long. Repeat the command in a moment.".into(),
        Refusal::NoNode => "No audio server can be reached right now. Repeat the command in a moment.".into(),
        Refusal::NotSeekable => "This track has no positions to go to.".into(),
        Refusal::BehindEnd { length_ms } => {
            format!("That is behind the end: the track is {} long.", clock(*length_ms))
        }
        Refusal::VolumeRange { max } => format!("The volume goes from 0 to {max} %."),
        Refusal::NoSuchEntry { index, count } => no_such_entry(*index, *count),
        Refusal::TooFewToShuffle => {
            "There is nothing to shuffle: that needs two queued tracks. Add more with /play.".into()
        }
        Refusal::NoHistory => "The history is empty: a track comes into it when it has ended or was left.".into(),
        Refusal::TooManyPending { limit } => format!(
            "{} wait for an answer already. Repeat the command in a moment.",
            count(*limit, "command", "commands")
        ),
        Refusal::CannotJoin { channel, why } => join_block(*channel, *why),
        Refusal::Expired => "It took too long and was given up. Repeat the command.".into(),
        Refusal::TooLate => "It arrived too late and was not done. Repeat the command.".into(),
        Refusal::Busy => "Too many commands came at once in this server. Repeat yours in a moment.".into(),
        Refusal::Parked { reference } => format!(
            "The music of this server is being repaired; its queue is kept. Reference {}.",
            safe(reference, QUOTE)
        ),
        Refusal::Fault { reference } => format!(
            "A fault hit this command, and it was not done. Reference {}.",
            safe(reference, QUOTE)
        ),
        Refusal::ShuttingDown => "I am restarting. Repeat the command in a moment.".into(),
        Refusal::StoreDown => {
            "What is saved of this server can't be read right now. Repeat the command in a moment.".into()
        }
    }
}

fn nothing_found(query: &str) -> String {
    let words = safe(query, QUOTE);
    match named(query) {
        // A node that does not have a source finds nothing there and does not say so.
        Some((source, _)) => format!(
            "Nothing was found for \"{words}\". Either {0} has nothing of it, or the audio server does not offer {0}: try it \
             without \"{1}:\".",
            source.name, source.short
        ),
        None => format!("Nothing was found for \"{words}\". Try other words or an address."),
    }
}

fn no_such_entry(index: usize, count: usize) -> String {
    let (index, count) = (number(index as u64), tracks(count));
    format!("There is no place {index} in the queue: it has {count}. /queue shows them.")
}

fn load_error(message: &str) -> String {
    let reason = safe(message, REASON);
    if reason.is_empty() {
        "The source could not load that, and gave no reason.".into()
    } else {
        format!("The source could not load that: {reason}")
    }
}

/// Why a channel can't be joined, and what helps.
pub(super) fn join_block(channel: ChannelId, why: JoinBlock) -> String {
    let missing = |right: &str| {
        format!("I can't play in <#{channel}>: the right \"{right}\" is missing there. Grant it and repeat /connect.")
    };
    match why {
        JoinBlock::View => missing("View Channel"),
        JoinBlock::Connect => missing("Connect"),
        JoinBlock::Speak => missing("Speak"),
        JoinBlock::Full => format!("<#{channel}> is full. Make room or raise its limit, and repeat /connect."),
        JoinBlock::Gone => "That voice channel is gone. Join another one and repeat /connect.".into(),
        JoinBlock::Unknown => {
            format!("Discord gave no answer when I tried to join <#{channel}>. Repeat /connect in a moment.")
        }
    }
}
