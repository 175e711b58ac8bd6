//! Watches a guild from outside: keeps the model of its queue, and tells the sound account why silence is excused.
//!
//! Excuses follow from what users did and from tracks that came to their end, never from what the bot says of itself.

mod order;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::model::{Looping, Model, Place};
use super::typed::Typed;
use crate::catalogue::{Behaviour, Catalogue, Found, Song};
use crate::lavalink::PlayerView;
use crate::sound::{CHANGE_MS, SoundLedger};

/// A track that stops so close to its end has ended by itself, ms.
const END_MS: u64 = 250;

/// After a track was added, or a bot was started, sound is due again at the latest after this, ms.
const START_MS: u64 = 1_500;

/// A command whose answer never came may still take effect for so long, ms.
const MAYBE_MS: u64 = 10_000;

/// Why silence is excused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reason {
    /// A user paused.
    Paused,
    /// Nobody listens.
    Alone,
    /// The queue was cleared, has run out, or the bot is out of the channel: until the next sound.
    Over,
    /// A track ended while no bot ran: until the next sound, for [`START_MS`] at most once one runs.
    NoBot,
    /// A track begins again: until the next sound, for [`CHANGE_MS`] at most.
    Again,
}

/// What the watch is told on each beat.
#[derive(Clone, Debug, Default)]
pub struct Beat {
    /// Now, ms.
    pub now_ms: u64,
    /// The guild's players, on all nodes.
    pub players: Vec<PlayerView>,
    /// Human listeners in the bot's channel; `None` while it is in none.
    pub listeners: Option<usize>,
    /// Whether the bot's process runs.
    pub bot_runs: bool,
}

/// All watched guilds. Cloning shares it.
#[derive(Clone, Default)]
pub struct Watch(Arc<Mutex<BTreeMap<u64, Watched>>>);

#[derive(Default)]
struct Watched {
    model: Model,
    reasons: BTreeSet<Reason>,
    /// Beginnings of sound seen so far.
    begun: usize,
    /// Of those, the ones that still sounded: their index.
    open: BTreeSet<usize>,
    /// Last seen position, of which track, and when.
    position: Option<(String, u64, u64)>,
    pause_asked: bool,
    /// Commands that end sound and when they were typed.
    asked: BTreeMap<&'static str, u64>,
    due_at_ms: Option<u64>,
    /// Since when a bot runs again.
    runs_since_ms: Option<u64>,
    again_until_ms: Option<u64>,
    /// When sound last ended.
    silent_ms: Option<u64>,
    /// A command has taken out all that was left.
    emptied: bool,
}

impl Watch {
    fn with<T>(&self, guild: u64, change: impl FnOnce(&mut Watched) -> T) -> T {
        let mut all: MutexGuard<'_, _> = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(all.entry(guild).or_default())
    }

    /// The model of `guild`'s queue.
    pub fn model(&self, guild: u64) -> Model {
        self.with(guild, |watched| watched.model.clone())
    }

    /// Changes the model of `guild`'s queue.
    pub fn change(&self, guild: u64, change: impl FnOnce(&mut Model)) {
        self.with(guild, |watched| change(&mut watched.model));
    }

    /// A user has typed a command.
    pub fn typed(&self, guild: u64, typed: &Typed, catalogue: &Catalogue, now_ms: u64) {
        tracing::debug!(guild, now_ms, name = %typed.name, options = ?typed.options, "typed");
        self.with(guild, |watched| watched.typed(typed, catalogue, now_ms));
    }

    /// A command got its final answer.
    pub fn answered(&self, guild: u64, typed: &Typed, text: &str, catalogue: &Catalogue, now_ms: u64) {
        tracing::debug!(guild, now_ms, name = %typed.name, text, "answered");
        self.with(guild, |watched| watched.answered(typed, text, catalogue, now_ms));
    }

    /// Somebody took the bot out of its channel.
    pub fn taken_out(&self, guild: u64, sound: &SoundLedger, now_ms: u64) {
        self.with(guild, |watched| watched.give(guild, Reason::Over, sound, now_ms));
    }

    /// Looks at `guild`: to be called every few ms.
    pub fn beat(&self, guild: u64, beat: &Beat, sound: &SoundLedger, catalogue: &Catalogue) {
        self.with(guild, |watched| watched.beat(guild, beat, sound, catalogue));
    }
}

/// The tracks that `query` leads to, as ids: the first result of a search, a track, a whole playlist.
pub fn wanted(query: &str, catalogue: &Catalogue) -> Vec<String> {
    let direct = catalogue.find(query);
    let found = match direct {
        Found::Nothing => catalogue.find(&format!("ytsearch:{query}")),
        Found::Song(_) | Found::List(..) | Found::Results(_) => direct,
    };
    let songs: Vec<&Song> = match found {
        Found::Song(song) => vec![song],
        Found::Results(songs) => songs.into_iter().take(1).collect(),
        Found::List(_, songs) => songs,
        Found::Nothing => Vec::new(),
    };
    let able = songs.into_iter().filter(|song| song.load_error.is_none());
    able.map(|song| song.id.clone()).collect()
}

/// Whether an answer to `play` says that `tracks` were added: it names the first of them.
pub fn says_added(text: &str, tracks: &[String], catalogue: &Catalogue) -> bool {
    let first = tracks.first().and_then(|id| catalogue.song(id));
    first.is_some_and(|song| text.contains(&song.title))
}

impl Watched {
    fn typed(&mut self, typed: &Typed, catalogue: &Catalogue, now_ms: u64) {
        match typed.name.as_str() {
            "play" => {
                let tracks = wanted(typed.option("query").unwrap_or_default(), catalogue);
                for id in &tracks {
                    if catalogue
                        .song(id)
                        .is_some_and(|song| song.behaviour == Behaviour::FailsToLoad)
                    {
                        self.model.fails(id);
                    }
                }
                self.model.asked(&tracks);
            }
            "skip" => {
                self.asked.insert("skip", now_ms);
                self.model.asked_to_skip();
            }
            "stop" => {
                self.asked.insert("stop", now_ms);
            }
            "disconnect" => {
                self.asked.insert("disconnect", now_ms);
            }
            "pause" => self.pause_asked = true,
            "loop" => self.model.asked_to_loop(),
            _ => self.typed_order(typed),
        }
    }

    fn answered(&mut self, typed: &Typed, text: &str, catalogue: &Catalogue, now_ms: u64) {
        match typed.name.as_str() {
            "play" => {
                let tracks = wanted(typed.option("query").unwrap_or_default(), catalogue);
                if !says_added(text, &tracks, catalogue) {
                    return self.model.refused(&tracks);
                }
                let place = match typed.option("where") {
                    Some("next") => Place::Next,
                    Some("now") => Place::Now,
                    Some(_) | None => Place::End,
                };
                self.model.added(&tracks, place);
                if self.reasons.contains(&Reason::Over) && !self.model.is_empty() {
                    self.due_at_ms = Some(now_ms + START_MS);
                }
            }
            "skip" => {
                if let Some(track) = first_title(text, catalogue) {
                    self.model.named(&track);
                }
                if let Some(track) = self.model.current().map(str::to_owned)
                    && self.names_current(text, catalogue)
                {
                    self.model.skipped(&track);
                } else if first_title(text, catalogue).is_none() {
                    self.model.not_skipped();
                }
            }
            "resume" if self.names_current(text, catalogue) => self.pause_asked = false,
            "loop" => {
                let text = text.to_lowercase();
                let mode = typed.option("mode").unwrap_or_default();
                if text.contains(mode) || text.contains("repeat") {
                    self.model.set_loop(match mode {
                        "track" => Looping::Track,
                        "queue" => Looping::Queue,
                        _ => Looping::Off,
                    });
                }
            }
            _ => self.answered_order(typed, text, catalogue),
        }
    }

    /// Whether an answer names the track that must be playing, before any other.
    fn names_current(&self, text: &str, catalogue: &Catalogue) -> bool {
        let current = self.model.current();
        current.is_some() && first_title(text, catalogue).as_deref() == current
    }

    fn beat(&mut self, guild: u64, beat: &Beat, sound: &SoundLedger, catalogue: &Catalogue) {
        let heard = sound.heard(guild);
        // Ends before beginnings: a change of tracks is an end first.
        let open = std::mem::take(&mut self.open);
        for index in open {
            match heard.get(index) {
                Some((track, _, Some(to))) => self.fell_silent(guild, track, *to, beat, sound, catalogue),
                Some((_, _, None)) => {
                    self.open.insert(index);
                }
                None => {}
            }
        }
        for (index, (track, from, to)) in heard.iter().enumerate().skip(self.begun) {
            let player = beat.players.iter().find(|player| player.connected);
            let from_start = player.is_none_or(|player| player.position_ms < START_MS);
            self.model.heard(track, from_start);
            tracing::debug!(guild, track, from, "heard");
            self.sounded(guild, *from, sound);
            match to {
                Some(to) => self.fell_silent(guild, track, *to, beat, sound, catalogue),
                None => {
                    self.open.insert(index);
                }
            }
        }
        self.begun = heard.len();
        let mut playing = beat
            .players
            .iter()
            .filter(|player| player.connected || beat.players.len() == 1);
        self.position = playing.find_map(|player| Some((player.track.clone()?, player.position_ms, beat.now_ms)));
        self.standing(guild, beat, sound);
    }

    /// Excuses that hold as long as something is so.
    fn standing(&mut self, guild: u64, beat: &Beat, sound: &SoundLedger) {
        let paused = self.pause_asked && beat.players.iter().any(|player| player.paused);
        // The order took effect before this beat saw it.
        let since = beat.now_ms.saturating_sub(100);
        self.set(guild, Reason::Paused, paused, sound, since, beat.now_ms);
        if let Some(listeners) = beat.listeners {
            self.set(guild, Reason::Alone, listeners == 0, sound, since, beat.now_ms);
        }
        if self.due_at_ms.is_some_and(|at| at <= beat.now_ms) {
            self.due_at_ms = None;
            self.take(guild, Reason::Over, sound, beat.now_ms);
        }
        if std::mem::take(&mut self.emptied) && self.model.is_empty() && !self.reasons.contains(&Reason::Over) {
            self.give(guild, Reason::Over, sound, self.silent_ms.unwrap_or(beat.now_ms));
        }
        self.runs_since_ms = beat.bot_runs.then(|| self.runs_since_ms.unwrap_or(beat.now_ms));
        if self.runs_since_ms.is_some_and(|since| since + START_MS <= beat.now_ms) {
            self.take(guild, Reason::NoBot, sound, beat.now_ms);
        }
        if let Some(until) = self.again_until_ms.filter(|until| *until <= beat.now_ms) {
            self.again_until_ms = None;
            self.take(guild, Reason::Again, sound, until);
        }
    }

    fn sounded(&mut self, guild: u64, from_ms: u64, sound: &SoundLedger) {
        self.due_at_ms = None;
        self.again_until_ms = None;
        for reason in [Reason::Over, Reason::NoBot, Reason::Again] {
            self.take(guild, reason, sound, from_ms);
        }
    }

    fn fell_silent(
        &mut self,
        guild: u64,
        track: &str,
        at_ms: u64,
        beat: &Beat,
        sound: &SoundLedger,
        catalogue: &Catalogue,
    ) {
        self.silent_ms = Some(at_ms);
        let song = catalogue.song(track);
        let end = song.and_then(|song| match song.behaviour {
            Behaviour::BreaksAt(at) => Some(at),
            Behaviour::Plays => song.length_ms,
            Behaviour::SticksAt(_) | Behaviour::FailsToLoad => None,
        });
        let position = self.position.as_ref().zip(song);
        let position = position.filter(|((page, _, _), song)| *page == song.identifier());
        let reached = position.map(|((_, position, seen), _)| position + at_ms.saturating_sub(*seen));
        let page = song.map(Song::identifier);
        let paused = beat.players.iter().any(|player| player.paused && player.track == page);
        // One order ended it here and let it sound elsewhere: a seek, so shortly before its end that it looks like one.
        let heard = sound.heard(guild);
        let goes_on = heard.iter().any(|(other, from, _)| other == track && *from == at_ms);
        let at_end = matches!((reached, end), (Some(reached), Some(end)) if reached + END_MS >= end);
        let by_itself = !paused && !goes_on && at_end;
        tracing::debug!(guild, track, at_ms, by_itself, ?reached, "silent");
        if by_itself {
            self.model.ended(track);
            if self.model.is_empty() {
                self.give(guild, Reason::Over, sound, at_ms);
            } else if !beat.bot_runs {
                self.give(guild, Reason::NoBot, sound, at_ms);
            } else if self.model.current() == Some(track) {
                self.give(guild, Reason::Again, sound, at_ms);
                self.again_until_ms = Some(at_ms + CHANGE_MS);
            }
        } else {
            self.cut_off(guild, track, at_ms, beat, sound);
        }
    }

    /// Sound ended before the track did: because of a command, or for no reason that excuses it.
    fn cut_off(&mut self, guild: u64, track: &str, at_ms: u64, beat: &Beat, sound: &SoundLedger) {
        let asked = |watched: &Self, name: &str| {
            let at = watched.asked.get(name);
            at.is_some_and(|at| *at <= at_ms && at_ms < at + MAYBE_MS)
        };
        let emptied = !beat.players.iter().any(|player| player.track.is_some());
        if asked(self, "stop") && emptied {
            self.asked.remove("stop");
            self.model.stopped();
            self.give(guild, Reason::Over, sound, at_ms);
        } else if asked(self, "disconnect") && beat.listeners.is_none() {
            self.asked.remove("disconnect");
            self.give(guild, Reason::Over, sound, at_ms);
        } else if asked(self, "skip") && emptied && self.model.queue().len() == 0 {
            self.asked.remove("skip");
            self.model.skipped(track);
            if self.model.is_empty() {
                self.give(guild, Reason::Over, sound, at_ms);
            }
        }
    }

    fn set(&mut self, guild: u64, reason: Reason, on: bool, sound: &SoundLedger, from_ms: u64, to_ms: u64) {
        if on {
            if !self.reasons.contains(&reason) {
                self.give(guild, reason, sound, from_ms);
            }
        } else {
            self.take(guild, reason, sound, to_ms);
        }
    }

    fn give(&mut self, guild: u64, reason: Reason, sound: &SoundLedger, at_ms: u64) {
        self.reasons.insert(reason);
        sound.excuse(guild, &format!("{reason:?}"), at_ms);
    }

    fn take(&mut self, guild: u64, reason: Reason, sound: &SoundLedger, at_ms: u64) {
        if self.reasons.remove(&reason) && self.reasons.is_empty() {
            sound.end_excuse(guild, at_ms);
        }
    }
}

/// The track whose title comes first in `text`; of two at one place the longer title.
pub fn first_title(text: &str, catalogue: &Catalogue) -> Option<String> {
    let places = catalogue.songs().filter_map(|song| {
        let place = text.find(&song.title)?;
        Some((place, usize::MAX - song.title.len(), song.id.clone()))
    });
    places.min().map(|(_, _, id)| id)
}

#[cfg(test)]
mod tests;
