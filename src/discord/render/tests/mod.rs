//! The words, without snapshots: what they must hold, and what they must not.

mod drills;
mod facts;
mod limits;
mod locals;
mod shown;

use ostinato_machine::guild::{Brief, HistoryView, LoopMode, NowView, PlayerView, QueueView, Say, VoiceView, Why};
use ostinato_machine::ids::{ChannelId, EntryId, UserId};

use super::message::Tone;
use super::*;
use crate::discord::commands::{COMMANDS, Local, Table};
use facts::{refusals, says};
use locals::locals;

const NOW: Moment = Moment {
    now_ms: 1_000_000_000_000,
};

fn brief(title: &str) -> Brief {
    Brief {
        title: title.into(),
        author: "Ann Author".into(),
        uri: Some("https://music.example/track".into()),
        artwork: Some("https://music.example/cover.png".into()),
        length_ms: Some(187_000),
        by: UserId(44),
    }
}

fn now_view() -> NowView {
    NowView {
        entry: EntryId(17),
        why: None,
        track: brief("First"),
        position_ms: 72_000,
        paused: false,
        alone: false,
        suppressed: false,
        waiting: false,
        volume: 80,
        loop_mode: LoopMode::Track,
        next: Some(brief("Second")),
        queued: 2,
        leaves_in_ms: None,
    }
}

fn queue_view() -> QueueView {
    QueueView {
        now: Some(now_view()),
        page: 1,
        pages: 34,
        first: 11,
        entries: (11..21).map(|n| brief(&format!("Song {n}"))).collect(),
        total: 340,
        total_ms: Some(3_723_000),
        autoplay: None,
        loop_mode: LoopMode::Queue,
    }
}

fn history_view() -> HistoryView {
    HistoryView {
        page: 1,
        pages: 2,
        first: 11,
        entries: vec![brief("Song 11"), brief("Song 12")],
        total: 12,
    }
}

fn voice_view() -> VoiceView {
    VoiceView {
        channel: ChannelId(55),
        connected: true,
        node: true,
        listeners: Some(2),
        player: PlayerView::Playing,
        queued: 3,
        leaves_in_ms: None,
    }
}

fn added() -> Say {
    Say::Added {
        first: brief("First"),
        count: 1,
        position: 3,
        left_out: 0,
        limit: 5_000,
        playlist: None,
        starts_in_ms: Some(60_000),
    }
}

/// Everything that is shown, in one text.
fn shown(message: &Message) -> String {
    let mut all = message.text.clone();
    if let Some(card) = &message.card {
        for part in [
            card.title.as_ref(),
            card.url.as_ref(),
            Some(&card.text),
            card.picture.as_ref(),
            card.footer.as_ref(),
        ] {
            all.push('\n');
            all.push_str(part.map_or("", String::as_str));
        }
    }
    all
}

#[test]
fn every_message_holds_its_facts() {
    for (what, facts) in says() {
        let text = shown(&say(&what, NOW));
        for fact in facts {
            assert!(text.contains(fact), "{what:?} lacks {fact:?}:\n{text}");
        }
    }
    for (why, facts) in refusals() {
        let message = say(&Say::Refused(why.clone()), NOW);
        assert!(
            message.card.is_none() && !message.text.contains('\n'),
            "{why:?} is one plain line"
        );
        for fact in facts {
            assert!(message.text.contains(fact), "{why:?} lacks {fact:?}: {}", message.text);
        }
    }
    for (what, facts) in locals() {
        let text = shown(&local(&what));
        for fact in facts {
            assert!(text.contains(fact), "{what:?} lacks {fact:?}:\n{text}");
        }
    }
}

#[test]
fn the_tone_is_calm() {
    let mut all: Vec<String> = says().iter().map(|(what, _)| shown(&say(what, NOW))).collect();
    all.extend(
        refusals()
            .into_iter()
            .map(|(why, _)| shown(&say(&Say::Refused(why), NOW))),
    );
    all.extend(locals().iter().map(|(what, _)| shown(&local(what))));
    all.extend(COMMANDS.iter().map(|spec| {
        shown(&local(&Local::Help {
            command: Some(spec.name),
            table: Table { drills: true },
        }))
    }));
    for text in all {
        assert!(!text.trim().is_empty());
        // A command in a message may begin with an exclamation mark, and keys have their names: the words around don't.
        let prose: String = text.split('`').step_by(2).collect();
        assert!(!prose.contains('!'), "an outcry in {text}");
        for word in ["Oops", "oops", "guild", "you must", "Sorry", "sorry"] {
            assert!(!prose.contains(word), "{word:?} in {text}");
        }
    }
}

#[test]
fn a_colour_never_stands_alone() {
    for (what, _) in says() {
        if let Some(card) = say(&what, NOW).card {
            let is_signed = card.text.starts_with("▲ ") || card.text.starts_with("■ ");
            assert_eq!(is_signed, card.tone != Tone::Brand, "{what:?}");
        }
    }
}

#[test]
fn a_track_that_does_not_move_has_no_stamp() {
    let states = [
        (true, false, "Paused"),
        (false, true, "Waiting for listeners"),
        (false, false, "About to play"),
    ];
    for (paused, alone, word) in states {
        let view = NowView {
            paused,
            alone,
            waiting: true,
            ..now_view()
        };
        let text = shown(&say(&Say::NowPlaying(Box::new(view)), NOW));
        assert!(text.contains(word) && !text.contains("<t:"), "{text}");
    }
    let mut live = now_view();
    live.track.length_ms = None;
    assert!(shown(&say(&Say::NowPlaying(Box::new(live)), NOW)).contains("1:12 · live"));
}

#[test]
fn an_empty_queue_and_a_live_one_say_so() {
    let mut view = queue_view();
    view.entries.clear();
    view.total = 0;
    view.total_ms = None;
    let text = shown(&say(&Say::Queue(Box::new(view)), NOW));
    assert!(text.contains("Nothing is queued") && text.contains("live stream") && text.contains("0 tracks"));
}

#[test]
fn places_are_aligned() {
    let mut view = queue_view();
    view.first = 95;
    let text = shown(&say(&Say::Queue(Box::new(view)), NOW));
    assert!(text.contains("` 95`") && text.contains("`104`"), "{text}");
}

#[test]
fn a_page_of_ordinary_tracks_is_never_cut() {
    let mut view = queue_view();
    for entry in &mut view.entries {
        entry.title = "W".repeat(300).into();
        entry.uri = Some(format!("https://music.example/{}", "x".repeat(178)).into());
        entry.by = UserId(u64::MAX);
    }
    let card = say(&Say::Queue(Box::new(view)), NOW).card.unwrap();
    assert_eq!(
        card.text
            .lines()
            .filter(|line| line.starts_with('`') && line.ends_with('>'))
            .count(),
        10,
        "{}",
        card.text
    );
}

/// The words of the buttons, those that can't be pressed in brackets, and all ids of the others.
fn buttons(message: &Message) -> (Vec<String>, Vec<String>) {
    let all = message.rows.iter().flatten();
    let words = all.clone().map(|button| match button.press {
        Some(_) => button.words.to_owned(),
        None => format!("[{}]", button.words),
    });
    (
        words.collect(),
        all.filter_map(|button| button.press).map(|press| press.id()).collect(),
    )
}

#[test]
fn the_card_has_its_buttons_and_they_name_its_track() {
    let (words, ids) = buttons(&say(&Say::NowPlaying(Box::new(now_view())), NOW));
    assert_eq!(words, ["Pause", "Skip", "Stop", "Loop: track", "Shuffle", "Queue"]);
    assert_eq!(
        ids,
        [
            "o1:pause:17",
            "o1:skip:17",
            "o1:stop:17",
            "o1:loop:17:queue",
            "o1:shuffle:17",
            "o1:queue"
        ]
    );
    let view = NowView {
        paused: true,
        queued: 1,
        loop_mode: LoopMode::Queue,
        ..now_view()
    };
    let (words, ids) = buttons(&say(&Say::Pressed(Some(Box::new(view))), NOW));
    assert_eq!(words, ["Resume", "Skip", "Stop", "Loop: queue", "[Shuffle]", "Queue"]);
    assert_eq!(ids[3], "o1:loop:17:off");
    assert_eq!(say(&Say::Pressed(None), NOW).rows, Vec::<Vec<_>>::new());
}

#[test]
fn pages_are_turned_as_far_as_there_are_pages() {
    let turned = |page, pages| {
        let view = QueueView {
            page,
            pages,
            ..queue_view()
        };
        buttons(&say(&Say::Queue(Box::new(view)), NOW))
    };
    assert_eq!(turned(0, 1).0, Vec::<String>::new());
    assert_eq!(turned(0, 3).0, ["[Back]", "Next"]);
    assert_eq!(turned(1, 3).1, ["o1:page:0", "o1:page:2"]);
    assert_eq!(turned(2, 3).0, ["Back", "[Next]"]);
    let (_, ids) = buttons(&say(&Say::History(Box::new(history_view())), NOW));
    assert_eq!(ids, ["o1:past:0"]);
}

#[test]
fn what_autoplay_has_chosen_says_why_and_pings_nobody() {
    let view = NowView {
        why: Some(Why::Mix { of: "Blue_Boat".into() }),
        track: Brief {
            by: UserId::NOBODY,
            ..brief("First")
        },
        next: Some(Brief {
            by: UserId::NOBODY,
            ..brief("Second")
        }),
        ..now_view()
    };
    let text = shown(&say(&Say::NowPlaying(Box::new(view.clone())), NOW));
    assert!(text.contains("autoplay, from the mix of Blue\\_Boat"), "{text}");
    assert!(
        text.contains("next by autoplay: Second") && !text.contains("<@0>"),
        "{text}"
    );
    let artist = NowView {
        why: Some(Why::Artist { name: "Ann".into() }),
        ..view
    };
    let text = shown(&say(&Say::NowPlaying(Box::new(artist)), NOW));
    assert!(text.contains("autoplay, more by Ann"), "{text}");
    let queue = QueueView {
        entries: Vec::new(),
        autoplay: Some(brief("Second")),
        ..queue_view()
    };
    let text = shown(&say(&Say::Queue(Box::new(queue)), NOW));
    assert!(text.contains("Then, by autoplay: **[Second]"), "{text}");
    let history = HistoryView {
        entries: vec![Brief {
            by: UserId::NOBODY,
            ..brief("First")
        }],
        ..history_view()
    };
    let text = shown(&say(&Say::History(Box::new(history)), NOW));
    assert!(text.contains("· autoplay") && !text.contains("<@0>"), "{text}");
}
