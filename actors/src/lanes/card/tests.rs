//! When a card is written, and what becomes of it.

use std::sync::Arc;

use ostinato_machine::guild::LoopMode;
use ostinato_machine::ids::UserId;
use ostinato_machine::track::{Entry, Track};

use super::*;
use crate::settings::Settings;

const TEXT: ChannelId = ChannelId(7);
const WALL_MS: u64 = 1_700_000_000_000;

fn entry(id: u64) -> Entry {
    Entry {
        id: EntryId(id),
        track: Arc::new(Track::default()),
        by: UserId(1),
    }
}

fn face(id: u64) -> CardFace {
    CardFace {
        why: None,
        entry: entry(id),
        began_ms: WALL_MS,
        position_ms: 0,
        runs_since_ms: Some(WALL_MS),
        paused: false,
        alone: false,
        suppressed: false,
        waiting: false,
        volume: 100,
        loop_mode: LoopMode::Off,
        next: None,
        queued: 0,
        leave_at_ms: None,
    }
}

fn paused(id: u64) -> CardFace {
    CardFace {
        paused: true,
        runs_since_ms: None,
        ..face(id)
    }
}

fn post(message: u64) -> CardPost {
    CardPost {
        channel: TEXT,
        message,
        at_ms: WALL_MS,
    }
}

fn wanted(post: Option<CardPost>, face: Option<CardFace>) -> Option<WantedCard> {
    let channel = TEXT;
    let after = 4;
    Some(WantedCard {
        channel,
        post,
        after,
        face,
    })
}

/// A lane's memory with its clock.
struct Stage {
    told: Told,
    times: CardTimes,
    now_ms: u64,
}

impl Stage {
    fn new() -> Self {
        let (told, times) = (Told::default(), Settings::default().card);
        Self { told, times, now_ms: 0 }
    }

    fn want(&mut self, post: Option<CardPost>, face: Option<CardFace>) {
        self.told.want(wanted(post, face), WALL_MS + self.now_ms, self.now_ms);
    }

    fn next(&mut self) -> Step {
        self.told.next(&self.times, WALL_MS + self.now_ms, self.now_ms)
    }

    /// Waits as long as it says; what it does then, and when that is.
    fn acts(&mut self) -> (u64, Step) {
        loop {
            match self.next() {
                Step::Wait(ms) => self.now_ms += ms,
                step @ (Step::Nothing | Step::Look(_) | Step::Do(_)) => return (self.now_ms, step),
            }
        }
    }

    fn done(&mut self, act: Act, result: Result<u64, PortErrorKind>) -> Option<CardNews> {
        let result = result.map_err(|kind| PortError::new(kind, "no"));
        let now = Now {
            rising_ms: self.now_ms,
            wall_ms: WALL_MS + self.now_ms,
            chance: 0,
        };
        self.told.done(act, result, &self.times, &now)
    }

    /// Does the next thing, which Discord accepts.
    fn does(&mut self) -> Option<CardNews> {
        let (_, Step::Do(act)) = self.acts() else {
            panic!("{:?}", self.told)
        };
        self.done(act, Ok(5))
    }

    /// With a card of the first track that shows what it should.
    fn shown() -> Self {
        let mut stage = Self::new();
        stage.want(None, Some(face(1)));
        let news = stage.does();
        assert_eq!(
            news,
            Some(CardNews::Posted(CardPost {
                at_ms: WALL_MS + 400,
                ..post(5)
            }))
        );
        stage.want(Some(post(5)), Some(face(1)));
        assert_eq!(stage.next(), Step::Nothing);
        stage
    }
}

#[test]
fn a_card_is_posted_once_and_only_for_what_sounds() {
    let mut stage = Stage::new();
    let waiting = CardFace {
        waiting: true,
        ..face(1)
    };
    stage.want(None, Some(waiting));
    assert_eq!(stage.next(), Step::Nothing);
    stage.want(None, Some(face(1)));
    assert!(matches!(stage.does(), Some(CardNews::Posted(_))));
    // The guild does not know of it yet.
    stage.want(None, Some(face(1)));
    assert_eq!(stage.next(), Step::Nothing);
}

#[test]
fn changes_are_put_together_and_written_five_seconds_apart() {
    let mut stage = Stage::shown();
    let posted_ms = stage.now_ms;
    stage.now_ms += 1_000;
    stage.want(Some(post(5)), Some(paused(1)));
    stage.now_ms += 1_000;
    let louder = CardFace {
        volume: 120,
        ..paused(1)
    };
    stage.want(Some(post(5)), Some(louder.clone()));
    let (at_ms, step) = stage.acts();
    assert_eq!(at_ms, posted_ms + 5_000);
    assert_eq!(step, Step::Do(Act::Edit(post(5), Box::new(louder))));
}

#[test]
fn time_that_passes_is_no_change_and_a_change_that_is_taken_back_is_none_either() {
    let mut stage = Stage::shown();
    let later = CardFace {
        position_ms: 60_300,
        runs_since_ms: Some(WALL_MS + 60_000),
        ..face(1)
    };
    stage.want(Some(post(5)), Some(later));
    assert_eq!(stage.next(), Step::Nothing);
    stage.want(Some(post(5)), Some(paused(1)));
    assert!(matches!(stage.next(), Step::Wait(_)));
    stage.want(Some(post(5)), Some(face(1)));
    assert_eq!(stage.next(), Step::Nothing);
}

#[test]
fn the_next_track_is_written_into_the_same_message_unless_that_is_buried() {
    let mut stage = Stage::shown();
    stage.now_ms += 10_000;
    stage.want(Some(post(5)), Some(face(2)));
    let (_, step) = stage.acts();
    assert_eq!(step, Step::Look(post(5)));
    let times = stage.times.clone();
    assert_eq!(stage.told.looked(post(5), Some(19), &times), None);
    assert_eq!(stage.next(), Step::Do(Act::Edit(post(5), Box::new(face(2)))));
    assert_eq!(stage.told.looked(post(5), Some(20), &times), Some(Act::Delete(post(5))));
    // Nobody can tell: it stays.
    assert_eq!(stage.told.looked(post(5), None, &times), None);
}

#[test]
fn a_card_of_another_channel_and_an_old_one_are_taken_away_and_posted_anew() {
    for old in [true, false] {
        let mut stage = Stage::shown();
        let mut here = post(5);
        if old {
            stage.now_ms += 30 * 60_000;
        } else {
            here.channel = ChannelId(8);
        }
        stage.want(Some(here), Some(face(2)));
        let (_, step) = stage.acts();
        assert_eq!(step, Step::Do(Act::Delete(here)));
        let news = stage.done(Act::Delete(here), Ok(5));
        assert_eq!(news, Some(CardNews::Ended { message: 5 }));
        stage.want(None, Some(face(2)));
        assert_eq!(stage.acts().1, Step::Do(Act::Post(TEXT, 4, Box::new(face(2)))));
    }
}

#[test]
fn an_end_is_written_once() {
    let mut stage = Stage::shown();
    stage.now_ms += 10_000;
    stage.want(Some(post(5)), None);
    assert_eq!(stage.acts().1, Step::Do(Act::End(post(5))));
    let news = stage.done(Act::End(post(5)), Ok(5));
    assert_eq!(news, Some(CardNews::Ended { message: 5 }));
    stage.told.want(None, 0, stage.now_ms);
    assert!(stage.told.is_idle());
}

#[test]
fn a_deleted_card_is_told_and_not_looked_for_again() {
    let mut stage = Stage::shown();
    stage.now_ms += 10_000;
    stage.want(Some(post(5)), Some(paused(1)));
    let (_, Step::Do(act)) = stage.acts() else { panic!() };
    let news = stage.done(act, Err(PortErrorKind::Gone));
    assert_eq!(news, Some(CardNews::Gone { message: 5 }));
    // The guild has not heard of it yet.
    assert!(matches!(stage.next(), Step::Wait(_)));
    stage.want(None, None);
    assert_eq!(stage.next(), Step::Nothing);
}

#[test]
fn what_fails_is_tried_again_ever_more_slowly_and_then_given_up() {
    let mut stage = Stage::new();
    stage.want(None, Some(face(1)));
    let mut tries = 0;
    while let (_, Step::Do(act)) = stage.acts() {
        tries += 1;
        assert_eq!(stage.done(act, Err(PortErrorKind::Unreachable)), None);
    }
    assert_eq!(tries, FAILURES);
    assert!(stage.now_ms >= 60 * stage.times.every_ms, "{}", stage.now_ms);
    // The next track has another try.
    stage.want(None, Some(face(2)));
    assert!(matches!(stage.acts().1, Step::Do(Act::Post(..))));
}

#[test]
fn where_nothing_may_be_written_it_is_tried_once() {
    let mut stage = Stage::new();
    stage.want(None, Some(face(1)));
    let (_, Step::Do(act)) = stage.acts() else { panic!() };
    stage.done(act, Err(PortErrorKind::Refused));
    stage.want(None, Some(face(2)));
    assert_eq!(stage.acts().1, Step::Nothing);
}

#[test]
fn others_that_are_in_a_hurry_are_no_failure() {
    let mut stage = Stage::shown();
    stage.want(Some(post(5)), Some(paused(1)));
    for _ in 0..20 {
        let (_, Step::Do(act)) = stage.acts() else { panic!() };
        assert_eq!(stage.done(act, Err(PortErrorKind::Overloaded)), None);
    }
}

#[test]
fn a_post_that_finds_everybody_in_a_hurry_waits_and_does_not_try_at_once() {
    let mut stage = Stage::new();
    stage.want(None, Some(face(1)));
    let (_, Step::Do(act)) = stage.acts() else { panic!() };
    assert_eq!(stage.done(act, Err(PortErrorKind::Overloaded)), None);
    let next = stage.next();
    assert!(matches!(next, Step::Wait(ms) if ms >= stage.times.every_ms), "{next:?}");
}

#[test]
fn a_process_that_takes_over_edits_and_does_not_post() {
    let mut stage = Stage::new();
    stage.want(Some(post(5)), Some(face(1)));
    assert_eq!(stage.acts().1, Step::Do(Act::Edit(post(5), Box::new(face(1)))));
}

#[test]
fn a_card_that_may_have_been_posted_before_is_written_once_more() {
    let mut stage = Stage::new();
    stage.want(None, Some(face(1)));
    let (_, Step::Do(act)) = stage.acts() else { panic!() };
    stage.done(act, Err(PortErrorKind::Timeout));
    // By now another track plays; Discord answers with the message of the first call.
    stage.want(None, Some(face(2)));
    assert!(matches!(stage.does(), Some(CardNews::Posted(_))));
    stage.want(Some(post(5)), Some(face(2)));
    assert_eq!(stage.acts().1, Step::Do(Act::Edit(post(5), Box::new(face(2)))));
}
