//! What a guild's queue must be, told from outside: from commands that were answered and tracks that were heard.
//!
//! A reference of a few lines, sharing nothing with the bot. It finds what was lost (a final success without its
//! effect) and what was doubled (an effect seen twice).

mod order;

use std::collections::{BTreeSet, VecDeque};

use order::Unsure;

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
    queue: VecDeque<String>,
    looping: Looping,
    /// A loop mode was asked for and the answer is not known.
    loop_unsure: bool,
    /// Tracks that were heard.
    heard: BTreeSet<String>,
    /// Tracks that never sound.
    failing: BTreeSet<String>,
    /// Tracks that are done with.
    done: BTreeSet<String>,
    /// Asked for, answer unknown: they may appear.
    maybe: BTreeSet<String>,
    /// Asked for more than once: hearing them again is no second effect of anything.
    again: BTreeSet<String>,
    /// A skip whose answer is not known: the track it may have left.
    maybe_skipped: Option<String>,
    /// The current track was heard since it became the current one.
    began: bool,
    unsure: Unsure,
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
        let known = |track: &&String| {
            let here = self.current.as_ref() == Some(*track) || self.queue.contains(track);
            here || self.done.contains(*track)
        };
        let again: Vec<String> = tracks.iter().filter(known).cloned().collect();
        self.again.extend(again);
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
            if !(was_asked && here) || self.again.contains(track) {
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
            self.next();
        } else if place == Place::Now && self.current.as_ref() != tracks.first() {
            self.leave();
            self.next();
        }
    }

    fn next(&mut self) {
        self.current = self.queue.pop_front();
        self.began = false;
        self.unsure.turned = true;
    }

    fn leave(&mut self) {
        if let Some(track) = self.current.take() {
            self.done.insert(track);
        }
    }

    /// The current track has come to its end.
    pub fn ended(&mut self, track: &str) {
        if self.current.as_deref() != Some(track) {
            return;
        }
        if self.loop_unsure {
            self.maybe.insert(track.to_owned());
            return self.go_on(false);
        }
        match self.looping {
            Looping::Track => {}
            Looping::Off => self.go_on(false),
            Looping::Queue => self.go_on(true),
        }
    }

    fn go_on(&mut self, again: bool) {
        if again {
            self.queue.extend(self.current.take());
        } else {
            self.leave();
        }
        self.next();
        let mut left = self.queue.len();
        while left > 0 && self.current.as_ref().is_some_and(|track| self.failing.contains(track)) {
            self.leave();
            self.next();
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

    /// Nothing was skipped.
    pub fn not_skipped(&mut self) {
        self.maybe_skipped = None;
    }

    /// Somebody asks for another loop mode; whether it is set is not known yet.
    pub fn asked_to_loop(&mut self) {
        self.loop_unsure = true;
    }

    /// The loop mode was set.
    pub fn set_loop(&mut self, looping: Looping) {
        self.looping = looping;
        self.loop_unsure = false;
    }

    /// `track` begins to be heard, from its start or from somewhere else.
    pub fn heard(&mut self, track: &str, from_start: bool) {
        if self.current.as_deref() != Some(track) {
            match self.queue.iter().position(|queued| queued == track) {
                Some(place) => {
                    if !self.swap_guess(place) {
                        self.jumped_to(place);
                    }
                }
                None => self.came_up(track, from_start),
            }
        }
        self.began = true;
        self.unsure.heard(track);
        self.heard.insert(track.to_owned());
    }

    /// `track`, which nobody expected, is heard.
    fn came_up(&mut self, track: &str, from_start: bool) {
        // The rest of a track that was taken for ended is no second effect of anything.
        if self.maybe.contains(track) || (self.done.contains(track) && !from_start) {
            match self.current.take() {
                // The answer to a `play` in front of it is still to come.
                Some(next) if !self.heard.contains(&next) => self.queue.push_front(next),
                before => self.done.extend(before),
            }
        } else if self.done.contains(track) && !self.again.contains(track) {
            self.doubled
                .push(format!("`{track}` was heard again after it was done with"));
        }
        self.current = Some(track.to_owned());
    }

    fn jumped_to(&mut self, place: usize) {
        let by_skip = self.maybe_skipped.take().is_some();
        let left = self.current.take();
        let track = self.queue.get(place).cloned().unwrap_or_default();
        let passed = self.queue.drain(..place);
        // Of what may as well come behind it, nothing was passed over.
        let (passed, behind): (Vec<String>, Vec<String>) = passed.partition(|other| self.unsure.knows(other, &track));
        let before = left.iter().filter(|_| !by_skip);
        let unheard: Vec<&String> = before
            .chain(&passed)
            .filter(|track| !self.failing.contains(*track) && !self.heard.contains(*track))
            .filter(|track| !self.unsure.may_be_out(track))
            .collect();
        for track in unheard {
            if by_skip {
                self.doubled.push(format!("one skip left `{track}` too"));
            } else {
                self.lost.push(format!("`{track}` was passed over unheard"));
            }
        }
        self.next();
        for other in behind.into_iter().rev() {
            self.queue.push_front(other);
        }
        if self.looping == Looping::Track && !by_skip && !self.loop_unsure {
            self.lost
                .extend(left.iter().map(|track| format!("`{track}` was looped and was left")));
        }
        if self.looping == Looping::Queue {
            let (out, passed): (Vec<_>, Vec<_>) = passed.into_iter().partition(|track| self.unsure.may_be_out(track));
            self.done.extend(out);
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
                None if self.unsure.may_be_out(track) => {}
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
mod tests;
