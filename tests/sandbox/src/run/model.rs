//! What a guild's queue must be, told from outside: from commands that were answered and tracks that were heard.
//!
//! A reference of a few lines, sharing nothing with the bot. It finds what was lost (a final success without its
//! effect) and what was doubled (an effect seen twice).

use std::collections::{BTreeSet, VecDeque};

/// What happens when a track has ended by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Looping {
    /// The next one plays.
    #[default]
    Off,
    /// The same one plays again.
    Track,
    /// It goes behind everything and the next one plays.
    Queue,
}

/// Where new tracks go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Behind everything.
    #[default]
    End,
    /// Behind the current track.
    Next,
    /// At once.
    Now,
}

/// The queue of a guild as it must be.
#[derive(Clone, Debug, Default)]
pub struct Model {
    current: Option<String>,
    /// Whether the current track was heard since it became that.
    sounded: bool,
    queue: VecDeque<String>,
    looping: Looping,
    /// Tracks that never sound.
    failing: BTreeSet<String>,
    /// Tracks that are done with.
    done: BTreeSet<String>,
    /// Asked for, answer unknown: they may appear.
    maybe: BTreeSet<String>,
    /// A skip whose answer is not known: the track it may have left.
    maybe_skipped: Option<String>,
    lost: Vec<String>,
    doubled: Vec<String>,
}

impl Model {
    /// Names a track that never sounds.
    pub fn fails(&mut self, track: &str) {
        self.failing.insert(track.to_owned());
    }

    /// The track that must be playing.
    pub fn current(&self) -> Option<&str> {
        self.current.as_deref()
    }

    /// The tracks behind it.
    pub fn queue(&self) -> impl ExactSizeIterator<Item = &str> {
        self.queue.iter().map(String::as_str)
    }

    /// Whether nothing that could sound is left.
    pub fn is_empty(&self) -> bool {
        let all = self.current.iter().chain(&self.queue);
        !all.clone().any(|track| !self.failing.contains(track))
    }

    /// Successes without their effect, one sentence each.
    pub fn lost(&self) -> &[String] {
        &self.lost
    }

    /// Effects seen twice, one sentence each.
    pub fn doubled(&self) -> &[String] {
        &self.doubled
    }

    /// Somebody asks for `tracks`; whether they are added is not known yet.
    pub fn asked(&mut self, tracks: &[String]) {
        self.maybe.extend(tracks.iter().cloned());
    }

    /// Nothing was added.
    pub fn refused(&mut self, tracks: &[String]) {
        for track in tracks {
            self.maybe.remove(track);
        }
    }

    /// `tracks` were added.
    pub fn added(&mut self, tracks: &[String], place: Place) {
        let mut new = Vec::new();
        for track in tracks {
            let was_asked = self.maybe.remove(track);
            // Heard before the answer came: it is where it should be.
            let here = self.current.as_ref() == Some(track) || self.done.contains(track);
            if !(was_asked && here) {
                new.push(track.clone());
            }
        }
        match place {
            Place::End => self.queue.extend(new),
            Place::Next | Place::Now => {
                for track in new.into_iter().rev() {
                    self.queue.push_front(track);
                }
            }
        }
        if self.current.is_none() {
            self.current = self.queue.pop_front();
        } else if place == Place::Now && self.current.as_ref() != tracks.first() {
            self.leave();
            self.current = self.queue.pop_front();
        }
    }

    fn leave(&mut self) {
        self.sounded = false;
        if let Some(track) = self.current.take() {
            self.done.insert(track);
        }
    }

    /// The current track has come to its end.
    pub fn ended(&mut self, track: &str) {
        if self.current.as_deref() != Some(track) {
            return;
        }
        match self.looping {
            Looping::Track => {}
            Looping::Off => self.go_on(false),
            Looping::Queue => self.go_on(true),
        }
    }

    fn go_on(&mut self, again: bool) {
        self.sounded = false;
        if again {
            self.queue.extend(self.current.take());
        } else {
            self.leave();
        }
        self.current = self.queue.pop_front();
        let mut left = self.queue.len();
        while left > 0 && self.current.as_ref().is_some_and(|track| self.failing.contains(track)) {
            self.leave();
            self.current = self.queue.pop_front();
            left -= 1;
        }
    }

    /// Somebody asks to skip; whether it is done is not known yet.
    pub fn asked_to_skip(&mut self) {
        self.maybe_skipped.clone_from(&self.current);
    }

    /// `track` was skipped, so a reply says. Two skips at once leave one track.
    pub fn skipped(&mut self, track: &str) {
        self.maybe_skipped = None;
        if self.current.as_deref() == Some(track) {
            self.go_on(self.looping == Looping::Queue);
        }
    }

    /// Everything was cleared.
    pub fn stopped(&mut self) {
        self.leave();
        self.done.extend(self.queue.drain(..));
    }

    /// The loop mode was set.
    pub fn set_loop(&mut self, looping: Looping) {
        self.looping = looping;
    }

    /// `track` begins to be heard, or goes on.
    pub fn heard(&mut self, track: &str) {
        if self.current.as_deref() == Some(track) {
            self.sounded = true;
            return;
        }
        if let Some(place) = self.queue.iter().position(|queued| queued == track) {
            self.jumped_to(place);
        } else if self.maybe.contains(track) {
            self.leave();
            self.current = Some(track.to_owned());
        } else {
            if self.done.contains(track) {
                self.doubled
                    .push(format!("`{track}` was heard again after it was done with"));
            }
            self.current = Some(track.to_owned());
        }
        self.sounded = true;
    }

    fn jumped_to(&mut self, place: usize) {
        let by_skip = self.maybe_skipped.take().is_some();
        let left = self.current.take();
        let passed: Vec<String> = self.queue.drain(..place).collect();
        let before = left.iter().filter(|_| !self.sounded && !by_skip);
        let unheard: Vec<&String> = before
            .chain(&passed)
            .filter(|track| !self.failing.contains(*track))
            .collect();
        for track in unheard {
            if by_skip {
                self.doubled.push(format!("one skip left `{track}` too"));
            } else {
                self.lost.push(format!("`{track}` was passed over unheard"));
            }
        }
        self.current = self.queue.pop_front();
        if self.looping == Looping::Track && !by_skip {
            self.lost
                .extend(left.iter().map(|track| format!("`{track}` was looped and was left")));
        }
        if self.looping == Looping::Queue {
            self.queue.extend(left);
            self.queue.extend(passed);
        } else {
            self.done.extend(left);
            self.done.extend(passed);
        }
    }

    /// Compares with what the bot shows behind the current track, in the end.
    pub fn shown(&mut self, shown: &[String]) {
        let mut rest: Vec<&String> = shown.iter().collect();
        let mut lost = Vec::new();
        for track in &self.queue {
            match rest.iter().position(|other| *other == track) {
                Some(place) => {
                    rest.remove(place);
                }
                None => lost.push(format!("`{track}` was added and is not in the queue")),
            }
        }
        for track in rest {
            let here_too =
                self.queue.contains(track) || self.done.contains(track) || self.current.as_ref() == Some(track);
            if here_too && !self.maybe.contains(track) {
                self.doubled
                    .push(format!("`{track}` is in the queue once more than it was added"));
            }
        }
        self.lost.extend(lost);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(tracks: &[&str]) -> Model {
        let mut model = Model::default();
        let tracks: Vec<String> = tracks.iter().map(ToString::to_string).collect();
        model.asked(&tracks);
        model.added(&tracks, Place::End);
        model
    }

    fn queue(model: &Model) -> Vec<&str> {
        model.queue().collect()
    }

    #[test]
    fn a_queue_plays_through_and_is_empty() {
        let mut model = model(&["a", "b"]);
        model.heard("a");
        model.ended("a");
        model.heard("b");
        assert!(!model.is_empty());
        model.ended("b");
        assert!(model.is_empty());
        assert_eq!((model.lost().len(), model.doubled().len()), (0, 0));
    }

    #[test]
    fn next_goes_in_front_and_now_leaves_the_current_track() {
        let mut model = model(&["a", "b"]);
        model.added(&["c".into()], Place::Next);
        assert_eq!((model.current(), queue(&model)), (Some("a"), vec!["c", "b"]));
        model.added(&["d".into()], Place::Now);
        assert_eq!((model.current(), queue(&model)), (Some("d"), vec!["c", "b"]));
    }

    #[test]
    fn two_skips_at_once_leave_one_track() {
        let mut model = model(&["a", "b", "c"]);
        model.skipped("a");
        model.skipped("a");
        assert_eq!((model.current(), queue(&model)), (Some("b"), vec!["c"]));
    }

    #[test]
    fn a_track_that_was_added_twice_is_doubled_when_heard_and_when_shown() {
        let mut heard = model(&["a", "b"]);
        heard.ended("a");
        heard.ended("b");
        heard.heard("a");
        assert_eq!(heard.doubled().len(), 1);
        let mut shown = model(&["a", "b"]);
        shown.shown(&["b".into(), "b".into()]);
        assert_eq!((shown.doubled().len(), shown.lost().len()), (1, 0));
    }

    #[test]
    fn an_added_track_that_is_neither_heard_nor_shown_is_lost() {
        let mut shown = model(&["a", "b"]);
        shown.shown(&[]);
        assert_eq!(shown.lost().len(), 1);
        let mut passed = model(&["a", "b", "c"]);
        passed.ended("a");
        passed.heard("c");
        assert_eq!(passed.lost().len(), 1);
    }

    #[test]
    fn a_skip_that_leaves_two_tracks_is_doubled() {
        let mut model = model(&["a", "b", "c"]);
        model.asked_to_skip();
        model.heard("c");
        assert_eq!((model.doubled().len(), model.lost().len()), (1, 0));
    }

    #[test]
    fn a_track_whose_answer_never_came_may_appear_and_may_not() {
        let mut appears = model(&["a"]);
        appears.asked(&["m".into()]);
        appears.ended("a");
        appears.heard("m");
        assert_eq!(appears.doubled().len(), 0);
        let mut queued = model(&["a"]);
        queued.asked(&["m".into()]);
        queued.shown(&["m".into()]);
        assert_eq!((queued.doubled().len(), queued.lost().len()), (0, 0));
    }

    #[test]
    fn tracks_that_fail_are_passed_over_and_are_nothing_to_wait_for() {
        let mut model = model(&["a", "x", "b"]);
        model.fails("x");
        model.ended("a");
        model.heard("b");
        assert_eq!((model.current(), model.lost().len()), (Some("b"), 0));
        let mut only = Model::default();
        only.fails("x");
        only.added(&["x".into()], Place::End);
        assert!(only.is_empty());
    }

    #[test]
    fn a_looped_queue_goes_round_and_a_looped_track_stays() {
        let mut model = model(&["a", "b"]);
        model.set_loop(Looping::Queue);
        model.ended("a");
        assert_eq!((model.current(), queue(&model)), (Some("b"), vec!["a"]));
        model.set_loop(Looping::Track);
        model.ended("b");
        assert_eq!(model.current(), Some("b"));
        model.skipped("b");
        assert_eq!((model.current(), queue(&model)), (Some("a"), vec![]));
    }
}
