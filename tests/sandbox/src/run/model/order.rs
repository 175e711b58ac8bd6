//! Changes of the queue itself: tracks taken out, moved, shuffled.
//!
//! The order after a shuffle is the bot's secret. Until `/queue` shows it, the shuffled tracks are a set: each must
//! come, none twice, in whatever order.

use std::collections::BTreeSet;

use super::Model;

/// What is not known of a queue.
#[derive(Clone, Debug, Default)]
pub(super) struct Unsure {
    /// Tracks whose order among each other is not known.
    unordered: BTreeSet<String>,
    /// Another order was asked for and the answer is not known.
    reordering: bool,
    /// The current track has changed since.
    pub(super) turned: bool,
    /// Tracks that somebody asked to take out; the answer is not known.
    asked_out: BTreeSet<String>,
    /// Tracks of which nobody knows whether they were taken out.
    maybe_out: BTreeSet<String>,
}

impl Unsure {
    /// Whether the order of two tracks is known.
    pub(super) fn knows(&self, one: &str, other: &str) -> bool {
        let both_are_loose = self.unordered.contains(one) && self.unordered.contains(other);
        !self.reordering && !both_are_loose
    }

    /// Whether `track` may have been taken out.
    pub(super) fn may_be_out(&self, track: &str) -> bool {
        self.asked_out.contains(track) || self.maybe_out.contains(track)
    }

    /// `track` is heard: its place among the others is known.
    pub(super) fn heard(&mut self, track: &str) {
        self.unordered.remove(track);
        self.maybe_out.remove(track);
    }

    fn asked_out(&mut self, tracks: BTreeSet<String>) {
        let before = std::mem::replace(&mut self.asked_out, tracks);
        self.maybe_out.extend(before);
    }
}

impl Model {
    /// Whether the current track is known, not only one of those that may be it.
    pub fn is_sure(&self) -> bool {
        let current = self.current.as_ref();
        self.began || current.is_none_or(|track| !self.unsure.unordered.contains(track))
    }

    /// Somebody asks to take out the places `from` to `to`, counted from 1; whether it is done is not known yet.
    pub fn asked_to_remove(&mut self, from: usize, to: usize) {
        // Tracks may end before it is done: then the places are further on.
        let places = from.saturating_sub(1)..to.saturating_add(2);
        let any = !self.unsure.unordered.is_empty() || self.unsure.reordering;
        let tracks = self.queue.iter().enumerate();
        let tracks = tracks.filter(|(place, _)| any || places.contains(place));
        let tracks = tracks.map(|(_, track)| track.clone()).collect();
        self.unsure.asked_out(tracks);
    }

    /// Somebody asks to clear the queue; whether it is done is not known yet.
    pub fn asked_to_clear(&mut self) {
        let tracks = self.queue.iter().cloned().collect();
        self.unsure.asked_out(tracks);
    }

    /// Nothing was taken out.
    pub fn not_removed(&mut self) {
        self.unsure.asked_out.clear();
    }

    /// `count` tracks were taken out, the first of them `first`.
    pub fn removed(&mut self, first: &str, count: usize) {
        self.unsure.asked_out.clear();
        let was_ahead = self.step_back(|current| current == first);
        if let Some(place) = self.queue.iter().position(|track| track == first) {
            let end = self.queue.len().min(place.saturating_add(count.max(1)));
            let known = self
                .queue
                .range(place..end)
                .all(|track| self.unsure.knows(first, track));
            if known || end == place + 1 {
                self.done.extend(self.queue.drain(place..end));
            } else {
                self.done.extend(self.queue.remove(place));
                let others = self.queue.iter().filter(|track| !self.unsure.knows(first, track));
                let others: Vec<String> = others.cloned().collect();
                self.unsure.maybe_out.extend(others);
            }
        }
        self.step_on(was_ahead);
    }

    /// The queue was cleared; `count` tracks were in it.
    pub fn cleared(&mut self, count: usize) {
        self.unsure.asked_out.clear();
        let more = count > self.queue.len();
        let was_ahead = self.step_back(|_| more);
        self.done.extend(self.queue.drain(..));
        self.step_on(was_ahead);
    }

    /// Somebody asks for another order; whether it is made is not known yet.
    pub fn asked_to_reorder(&mut self) {
        if self.unsure.reordering {
            self.mix();
        }
        self.unsure.reordering = true;
        self.unsure.turned = false;
    }

    /// The order is as before.
    pub fn not_reordered(&mut self) {
        self.unsure.reordering = false;
    }

    /// The queue was shuffled.
    pub fn shuffled(&mut self) {
        self.unsure.reordering = false;
        self.mix();
    }

    /// `track` was moved to the place `to`, counted from 1.
    pub fn moved(&mut self, track: &str, to: usize) {
        self.unsure.reordering = false;
        let was_ahead = self.step_back(|current| current == track);
        if let Some(place) = self.queue.iter().position(|queued| queued == track) {
            let moved = self.queue.remove(place);
            let to = to.saturating_sub(1).min(self.queue.len());
            if to == 0 {
                self.unsure.unordered.remove(track);
            } else if !self.unsure.unordered.is_empty() {
                self.unsure.unordered.insert(track.to_owned());
            }
            moved.into_iter().for_each(|moved| self.queue.insert(to, moved));
        }
        // A track has ended in between: before the move, or behind it.
        if self.unsure.turned {
            self.mix();
        }
        self.step_on(was_ahead);
    }

    /// The bot shows the tracks behind the current one. If they are the same, their order is known again.
    pub fn learn(&mut self, shown: &[String]) {
        let sorted = |tracks: &mut dyn Iterator<Item = &String>| {
            let mut tracks: Vec<String> = tracks.cloned().collect();
            tracks.sort();
            tracks
        };
        if !self.unsure.reordering && sorted(&mut shown.iter()) == sorted(&mut self.queue.iter()) {
            self.queue = shown.iter().cloned().collect();
            self.unsure.unordered.clear();
        }
    }

    /// The bot names `track` as the current one: if another was only taken for it, they change places.
    pub fn named(&mut self, track: &str) {
        if let Some(place) = self.queue.iter().position(|queued| queued == track) {
            self.swap_guess(place);
        }
    }

    /// Puts the queued track at `place` where another was only taken for the current one. Tells whether it was so.
    pub(super) fn swap_guess(&mut self, place: usize) -> bool {
        let (Some(guess), Some(track)) = (self.current.as_mut(), self.queue.get_mut(place)) else {
            return false;
        };
        let was_guess = !self.began && !self.unsure.knows(guess, track);
        if was_guess {
            std::mem::swap(guess, track);
        }
        was_guess
    }

    /// No order is known any more.
    fn mix(&mut self) {
        let ahead = self.current.iter().filter(|_| !self.began);
        self.unsure.unordered.extend(ahead.chain(&self.queue).cloned());
    }

    /// Puts a current track back that was not heard as such, if it is meant.
    fn step_back(&mut self, is_meant: impl Fn(&str) -> bool) -> bool {
        let ahead = !self.began && self.current.as_deref().is_some_and(is_meant);
        if ahead {
            self.queue.extend(self.current.take());
            self.queue.rotate_right(1);
        }
        ahead
    }

    fn step_on(&mut self, was_ahead: bool) {
        if was_ahead {
            self.current = self.queue.pop_front();
        }
    }
}
