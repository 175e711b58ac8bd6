//! Events as lines that a person can read. What a listener wrote and what only Discord may know is left out: of a search
//! its length is shown, of a token that it is there.

use ostinato_machine::guild::{Event, LoopMode, Pending, Question, Said, Why, command_name};
use ostinato_machine::ids::{EntryId, Via};
use ostinato_machine::track::Entry;
use serde_json::Value;

use super::text::{count, entry, quoted, span, time, track};

/// So many of many tracks are named.
const NAMED: usize = 3;

/// The name of an event and what it says.
pub(super) fn line(event: &Event) -> (&'static str, String) {
    let at = |position_ms: &u64, at_ms: &u64| format!("{} at {}", span(*position_ms), time(*at_ms));
    match event {
        Event::Added { at, entries } => ("added", added(*at, entries)),
        Event::Removed { index, count: many } => ("removed", format!("{} from place {index}", count(*many, "track"))),
        Event::Moved { from, to } => ("moved", format!("place {from} to place {to}")),
        Event::Ordered { order } => ("ordered", format!("{} in a new order", count(order.len(), "track"))),
        Event::Cleared => ("cleared", "the queue".into()),
        Event::Left { entry, requeued } => {
            let end = if *requeued {
                ", goes to the end of the queue"
            } else {
                ""
            };
            ("left", format!("#{entry}{end}"))
        }
        Event::Began {
            entry,
            play,
            position_ms,
            at_ms,
        } => (
            "began",
            format!("#{entry} as play {play}, from {}", at(position_ms, at_ms)),
        ),
        Event::Anchored { position_ms, at_ms } => ("anchored", at(position_ms, at_ms)),
        Event::Sought { position_ms, at_ms } => ("sought", at(position_ms, at_ms)),
        Event::Paused { user, alone } => ("paused", reasons(*user, *alone, false)),
        Event::Suppressed { on } => ("suppressed", yes(*on).into()),
        Event::Volume { percent } => ("volume", format!("{percent} %")),
        Event::Loop { mode } => ("loop", loop_mode(*mode).into()),
        Event::Channel { channel } => ("voice", named("channel", channel.map(|channel| channel.0))),
        Event::Text { channel } => ("notices", format!("channel {channel}")),
        Event::LeaveAt { at_ms } => ("leaves", at_ms.map_or_else(|| "not by itself".into(), time)),
        Event::Waiting { pending } => ("waits", waits(pending)),
        Event::Settled { key } => ("settled", format!("command {key}")),
        Event::Failures {
            count: many,
            hold_until_ms,
        } => {
            let hold = hold_until_ms.map_or_else(String::new, |ms| format!(", the queue rests until {}", time(ms)));
            ("failures", format!("{} in a row{hold}", count(size(*many), "track")))
        }
        Event::SkippedTo { play } => ("skipped_to", format!("play {play}")),
        Event::Card { post, none_for } => ("card", card(post.map(|post| post.message), *none_for)),
        Event::Heard => ("heard", "nothing changed".into()),
        Event::Autoplay { .. }
        | Event::Picked { .. }
        | Event::Chosen { .. }
        | Event::Awaiting { .. }
        | Event::Missed { .. }
        | Event::Taste { .. } => autoplay(event),
        Event::Awoke(_)
        | Event::Sat(_)
        | Event::Seated(_)
        | Event::OwnVoice { .. }
        | Event::Server { .. }
        | Event::Joining { .. }
        | Event::Placed { .. }
        | Event::ToldNoNode
        | Event::Reported { .. }
        | Event::Sounds { .. }
        | Event::Failing { .. }
        | Event::Over { .. }
        | Event::Asked { .. }
        | Event::Closed { .. } => ("passing", "never written".into()),
    }
}

fn autoplay(event: &Event) -> (&'static str, String) {
    let name = "autoplay";
    if let Event::Autoplay { on } = event {
        (name, if *on { "on" } else { "off" }.into())
    } else if let Event::Picked { pick: Some(pick) } = event {
        (name, format!("picked {}, {}", track(&pick.track), why(&pick.why)))
    } else if let Event::Chosen { entry, why: reason } = event {
        (name, format!("chose #{entry}, {}", why(reason)))
    } else if let Event::Awaiting { since_ms: Some(since) } = event {
        (name, format!("the music waits for it since {}", time(*since)))
    } else if let Event::Awaiting { since_ms: None } = event {
        (name, "the music waits for it no longer".into())
    } else if let Event::Missed { count: many, at_ms } = event {
        let searches = if *many == 1 { "search" } else { "searches" };
        (
            name,
            format!(
                "{many} {searches} in a row led to nothing, the last at {}",
                time(*at_ms)
            ),
        )
    } else if let Event::Taste { against } = event {
        (name, format!("{} counted against", count(against.len(), "kind")))
    } else {
        (name, "has no pick any more".into())
    }
}

fn card(message: Option<u64>, none_for: Option<EntryId>) -> String {
    let none = none_for.map_or_else(String::new, |entry| format!(", none wanted for #{entry}"));
    named("message", message) + &none
}

fn added(at: usize, entries: &[Entry]) -> String {
    let named: Vec<String> = entries.iter().take(NAMED).map(entry).collect();
    let more = match entries.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let (many, named) = (count(entries.len(), "track"), named.join(", "));
    format!("{many} at place {at}: {named}{more}")
}

/// A command that waits, in short.
pub(super) fn waiting(pending: &Pending) -> String {
    format!("command {} ({})", pending.key, command_name(&pending.command))
}

/// A command that waits, without what was written for it and without its token.
fn waits(pending: &Pending) -> String {
    let whose = pending
        .reply
        .as_ref()
        .map_or_else(String::new, |reply| match reply.via {
            Via::Interaction { .. } => format!(" for interaction {} (token ***)", reply.id),
            Via::Message { channel } => format!(" for message {} in channel {channel}", reply.id),
        });
    let what = match &pending.question {
        None => "the voice channel".into(),
        Some(Question::Search { query }) => format!("a search ({})", count(query.chars().count(), "sign")),
        Some(Question::SeatOf { user }) => format!("the seat of {user}"),
        Some(Question::Related { seed }) => format!("what is related to {}", track(seed)),
        Some(Question::WhyNoVoice { channel }) => format!("why channel {channel} is closed"),
    };
    let (key, command, by) = (pending.key, command_name(&pending.command), pending.by.user);
    format!("command {key}: {command} by {by}{whose}, asked: {what}")
}

fn why(why: &Why) -> String {
    match why {
        Why::Mix { of } => format!("from the mix of {}", quoted(of)),
        Why::Artist { name } => format!("by the artist {}", quoted(name)),
    }
}

/// What an answer that stands beside a change was, without its words: the name of it, and of a refusal its reason.
pub(super) fn answer(said: &Said) -> String {
    let say = serde_json::to_value(&said.say).unwrap_or_default();
    match say.get("refused") {
        Some(reason) => format!("refused: {}", variant(reason)),
        None => variant(&say).to_owned(),
    }
}

/// The name of a variant: alone, or as the key of what it holds.
fn variant(value: &Value) -> &str {
    let key = || value.as_object()?.keys().next().map(String::as_str);
    value.as_str().or_else(key).unwrap_or("words")
}

/// Why the music is silent.
pub(super) fn reasons(user: bool, alone: bool, suppressed: bool) -> String {
    let all = [
        (user, "by a user"),
        (alone, "nobody listens"),
        (suppressed, "in the audience"),
    ];
    let all: Vec<&str> = all.iter().filter(|(is, _)| *is).map(|(_, reason)| *reason).collect();
    if all.is_empty() { "no".into() } else { all.join(", ") }
}

pub(super) const fn loop_mode(mode: LoopMode) -> &'static str {
    match mode {
        LoopMode::Off => "off",
        LoopMode::Track => "track",
        LoopMode::Queue => "queue",
    }
}

/// A thing by its number, or none.
pub(super) fn named(what: &str, id: Option<u64>) -> String {
    id.map_or_else(|| "none".into(), |id| format!("{what} {id}"))
}

const fn yes(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

fn size(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
