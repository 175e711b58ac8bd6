//! Tracks: in a line, as the card of what is playing, and as a page of the queue.

use ostinato_machine::guild::{Brief, HistoryView, LoopMode, NowView, QueueView, Why};
use ostinato_machine::ids::UserId;
use ostinato_machine::track::Track;

use super::Moment;
use super::controls::{pager, player};
use super::message::{Card, Message};
use super::text::{bar, clock, link, number, safe, track_length, tracks, web_address};
use crate::discord::buttons::Press;

/// Longest title in a line, characters.
const LINE_TITLE: usize = 80;
/// Longest title of a card, characters.
const CARD_TITLE: usize = 250;
/// Longest author, characters.
const AUTHOR: usize = 80;
/// What a track without a title is called.
const NAMELESS: &str = "untitled";

/// A track in a line: its title, in bold, leading to its page.
pub(super) fn named(track: &Brief) -> String {
    format!("**{}**", link(&title(track, LINE_TITLE), track.uri.as_deref()))
}

/// A track in a line, with its length.
pub(super) fn with_length(track: &Brief) -> String {
    format!("{} · {}", named(track), track_length(track.length_ms))
}

fn title(track: &Brief, most: usize) -> String {
    let title = safe(&track.title, most);
    if title.is_empty() { NAMELESS.to_owned() } else { title }
}

/// Who asked for a track.
fn who(track: &Brief) -> String {
    if track.by == UserId::NOBODY {
        "autoplay".to_owned()
    } else {
        format!("<@{}>", track.by)
    }
}

/// Why autoplay has chosen a track.
fn chosen(why: &Why) -> String {
    match why {
        Why::Mix { of } => format!("autoplay, from the mix of {}", safe(of, LINE_TITLE)),
        Why::Artist { name } => format!("autoplay, more by {}", safe(name, AUTHOR)),
    }
}

/// The loop mode in words; nothing when it is off.
fn loop_words(mode: LoopMode) -> Option<&'static str> {
    match mode {
        LoopMode::Off => None,
        LoopMode::Track => Some("repeats this track"),
        LoopMode::Queue => Some("repeats the queue"),
    }
}

/// How the current track stands.
fn state(view: &NowView) -> &'static str {
    if view.paused {
        "Paused"
    } else if view.alone {
        "Waiting for listeners"
    } else if view.suppressed {
        "Waiting to be let speak"
    } else if view.waiting {
        "About to play"
    } else {
        "Now playing"
    }
}

/// When it leaves for want of listeners.
fn leaves(view: &NowView, moment: Moment) -> String {
    let after_ms = view.leaves_in_ms.filter(|_| view.alone);
    after_ms.map_or_else(String::new, |after_ms| format!(", leaves {}", moment.stamp(after_ms)))
}

/// Position and length; the end as a stamp while it plays.
fn progress(view: &NowView, moment: Moment) -> String {
    let position = clock(view.position_ms);
    let Some(length_ms) = view.track.length_ms else {
        return format!("{position} · live");
    };
    let line = format!("{} {position} / {}", bar(view.position_ms, length_ms), clock(length_ms));
    if view.paused || view.alone || view.suppressed || view.waiting {
        line
    } else {
        let left_ms = length_ms.saturating_sub(view.position_ms);
        format!("{line} · ends {}", moment.stamp(left_ms))
    }
}

/// The card of what is playing.
pub(super) fn now_playing(view: &NowView, moment: Moment) -> Message {
    let track = &view.track;
    let author = safe(&track.author, AUTHOR);
    let by = match &view.why {
        Some(why) => chosen(why),
        None => format!("asked for by {}", who(track)),
    };
    let credits = if author.is_empty() {
        by
    } else {
        format!("{author} · {by}")
    };
    let mut footer = vec![format!("Volume {} %", view.volume)];
    footer.extend(loop_words(view.loop_mode).map(str::to_owned));
    footer.push(match &view.next {
        Some(next) if next.by == UserId::NOBODY => format!("next by autoplay: {}", unmarked(next)),
        Some(next) => format!("next: {}", unmarked(next)),
        None => "nothing after it".into(),
    });
    Message::of(Card {
        title: Some(title(track, CARD_TITLE)),
        url: track.uri.as_deref().and_then(web_address),
        text: format!(
            "{}{} · {credits}\n{}",
            state(view),
            leaves(view, moment),
            progress(view, moment)
        ),
        picture: track.artwork.as_deref().and_then(web_address),
        footer: Some(footer.join(" · ")),
        ..Card::default()
    })
    .with(player(view))
}

/// A title for small print, where Discord knows no markdown and shows escapes as they are.
fn unmarked(track: &Brief) -> String {
    let words: Vec<&str> = track
        .title
        .split(|c: char| c.is_whitespace() || c.is_control())
        .collect();
    let title = super::text::cut(words.join(" ").trim(), LINE_TITLE);
    if title.is_empty() { NAMELESS.to_owned() } else { title }
}

/// Most characters of what is offered.
const OFFERED: usize = 100;

/// A track as it is offered while somebody types: plain text, as Discord shows it.
pub(in crate::discord) fn offered(track: &Track) -> String {
    let plain = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let (title, author) = (plain(&track.title), plain(&track.author));
    let mut behind = track_length(track.length_ms);
    if !author.is_empty() {
        behind = format!("{} · {behind}", super::text::cut(&author, OFFERED / 3));
    }
    let title = if title.is_empty() { NAMELESS.to_owned() } else { title };
    let room = OFFERED.saturating_sub(super::text::length(&behind) + 3);
    format!("{} · {behind}", super::text::cut(&title, room))
}

/// A page of the queue.
pub(super) fn queue(view: &QueueView, moment: Moment) -> Message {
    let mut lines = Vec::new();
    if let Some(now) = &view.now {
        lines.push(format!("{}: {}", state(now), named(&now.track)));
        lines.push(progress(now, moment));
        lines.push(String::new());
    }
    if view.entries.is_empty() {
        lines.push("Nothing is queued. Add something with /play.".into());
    }
    lines.extend(listed(view.first, &view.entries));
    if let Some(next) = &view.autoplay {
        lines.push(format!("Then, by autoplay: {}", with_length(next)));
    }
    let mut footer = vec![page_of(view.page, view.pages), format!("{} queued", tracks(view.total))];
    footer.push(view.total_ms.map_or_else(
        || "no end, for a live stream is in it".to_owned(),
        |total_ms| format!("{} to play", clock(total_ms)),
    ));
    footer.extend(loop_words(view.loop_mode).map(str::to_owned));
    Message::of(Card {
        title: Some("Queue".into()),
        text: lines.join("\n"),
        footer: Some(footer.join(" · ")),
        ..Card::default()
    })
    .with(pager(view.page, view.pages, Press::QueuePage))
}

/// A page of what was played.
pub(super) fn history(view: &HistoryView) -> Message {
    Message::of(Card {
        title: Some("History".into()),
        text: listed(view.first, &view.entries).join("\n"),
        footer: Some(format!(
            "{} · {} played, the newest first",
            page_of(view.page, view.pages),
            tracks(view.total)
        )),
        ..Card::default()
    })
    .with(pager(view.page, view.pages, Press::HistoryPage))
}

/// Tracks with their places, aligned.
fn listed(first: usize, entries: &[Brief]) -> Vec<String> {
    let last = first.saturating_add(entries.len().saturating_sub(1));
    let width = number(last as u64).len();
    let line = |(at, track): (usize, &Brief)| {
        let place = number(first.saturating_add(at) as u64);
        format!("`{place:>width$}` {} · {}", with_length(track), who(track))
    };
    entries.iter().enumerate().map(line).collect()
}

fn page_of(page: usize, pages: usize) -> String {
    format!("Page {} of {}", number(page as u64 + 1), number(pages as u64))
}
