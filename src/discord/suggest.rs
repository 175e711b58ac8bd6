//! What is offered while somebody types an option: names of commands at once, tracks from a search.
//!
//! It never touches a guild: nothing is journalled and no input waits behind it. Somebody who types ten characters in a
//! second asks ten times; a node is asked once, when the typing rests. Whatever goes wrong, an empty list is the answer.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{Audio, Clock};
use ostinato_machine::guild::Loaded;
use ostinato_machine::ids::{ShardId, UserId};
use ostinato_machine::track::Track;

use super::render::offered;

/// Fewest characters that are searched for.
const FEWEST: usize = 3;

/// Longest text that is searched for, characters.
const LONGEST: usize = 100;

/// Typing rests after so long without another character.
const RESTS: Duration = Duration::from_millis(200);

/// An answer must be there so long after the question; Discord waits for 3 s.
const WITHIN: Duration = Duration::from_secs(2);

/// What was found is good for so long, ms.
const GOOD_MS: u64 = 60_000;

/// Searches that are remembered.
const REMEMBERED: usize = 256;

/// Searches that may be under way at once; beyond that, what is remembered of shorter texts is offered.
const AT_ONCE: usize = 8;

/// Most that is offered. Discord shows 25 at most, and nobody reads so many.
const OFFERED: usize = 10;

/// Most characters of a value that Discord takes.
const VALUE: usize = 100;

/// One thing that is offered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Offer {
    /// What is read.
    pub(crate) name: String,
    /// What is sent when it is chosen.
    pub(crate) value: String,
}

impl Offer {
    /// A name that stands for itself.
    pub(crate) fn name(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            value: name.to_owned(),
        }
    }
}

/// What was found for a text, and when, ms of the rising clock.
type Found = (Box<str>, u64, Rc<[Offer]>);

/// What is offered on one arbiter.
pub(crate) struct Suggest {
    audio: Rc<dyn Audio>,
    clock: Rc<dyn Clock>,
    /// Found lately, the newest last.
    found: RefCell<VecDeque<Found>>,
    /// The newest question of each user who has one open.
    newest: RefCell<HashMap<UserId, u64>>,
    under_way: Cell<usize>,
    /// [`RESTS`] and [`WITHIN`].
    times: (Duration, Duration),
}

impl Suggest {
    pub(crate) fn new(audio: Rc<dyn Audio>, clock: Rc<dyn Clock>) -> Self {
        Self {
            audio,
            clock,
            found: RefCell::default(),
            newest: RefCell::default(),
            under_way: Cell::new(0),
            times: (RESTS, WITHIN),
        }
    }

    /// Tracks for what `user` has typed so far; `question` rises with every one. Never later than two seconds.
    pub(crate) async fn tracks(&self, shard: ShardId, user: UserId, question: u64, typed: &str) -> Rc<[Offer]> {
        let Some(text) = wanted(typed) else {
            return Rc::default();
        };
        if let Some(known) = self.known(&text) {
            return known;
        }
        self.newest.borrow_mut().insert(user, question);
        let found = tokio::time::timeout(self.times.1, self.look(shard, user, question, &text)).await;
        let mut newest = self.newest.borrow_mut();
        if newest.get(&user) == Some(&question) {
            newest.remove(&user);
        }
        found.unwrap_or_default()
    }

    async fn look(&self, shard: ShardId, user: UserId, question: u64, text: &str) -> Rc<[Offer]> {
        tokio::time::sleep(self.times.0).await;
        if self.newest.borrow().get(&user) != Some(&question) {
            // They have typed on: Discord shows the answer to the newest question only.
            return Rc::default();
        }
        if self.under_way.get() >= AT_ONCE {
            return self.of_shorter(text);
        }
        let _counted = Counted::new(&self.under_way);
        let loaded = self.audio.load(shard, Arc::from(text)).await;
        let tracks = match loaded {
            Ok(Loaded::Found(tracks)) => tracks,
            Ok(Loaded::Track(track)) => vec![track],
            Ok(Loaded::Playlist { tracks, .. }) => tracks,
            Ok(Loaded::Empty) => Vec::new(),
            Ok(Loaded::Error { .. }) | Err(_) => return self.of_shorter(text),
        };
        let offers: Rc<[Offer]> = tracks.iter().take(OFFERED).map(|track| offer(track)).collect();
        self.remember(text, Rc::clone(&offers));
        offers
    }

    fn known(&self, text: &str) -> Option<Rc<[Offer]>> {
        let now_ms = self.clock.monotonic_ms();
        let found = self.found.borrow();
        let known = found.iter().rev().find(|(of, ..)| **of == *text);
        let fresh = known.filter(|(_, at_ms, _)| now_ms.saturating_sub(*at_ms) < GOOD_MS);
        fresh.map(|(.., offers)| Rc::clone(offers))
    }

    /// What was found for the longest remembered beginning of `text`, as far as it has all of its words.
    fn of_shorter(&self, text: &str) -> Rc<[Offer]> {
        let now_ms = self.clock.monotonic_ms();
        let found = self.found.borrow();
        let shorter = found
            .iter()
            .filter(|(of, at_ms, _)| now_ms.saturating_sub(*at_ms) < GOOD_MS && text.starts_with(&**of));
        let Some((.., offers)) = shorter.max_by_key(|(of, ..)| of.len()) else {
            return Rc::default();
        };
        let fits = |offer: &&Offer| {
            let name = offer.name.to_lowercase();
            text.split(' ').all(|word| name.contains(word))
        };
        offers.iter().filter(fits).cloned().collect()
    }

    fn remember(&self, text: &str, offers: Rc<[Offer]>) {
        let now_ms = self.clock.monotonic_ms();
        let mut found = self.found.borrow_mut();
        found.retain(|(of, at_ms, _)| **of != *text && now_ms.saturating_sub(*at_ms) < GOOD_MS);
        if found.len() >= REMEMBERED {
            found.pop_front();
        }
        found.push_back((text.into(), now_ms, offers));
    }
}

/// Counts a search until it is dropped, whatever ends it.
struct Counted<'a>(&'a Cell<usize>);

impl<'a> Counted<'a> {
    fn new(count: &'a Cell<usize>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(count)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}

/// The text that is searched for; `None` for what is too short, too long or an address: nothing helps with those.
fn wanted(typed: &str) -> Option<String> {
    let words: Vec<&str> = typed.split_whitespace().collect();
    let text = words.join(" ").to_lowercase();
    let length = text.chars().count();
    let address = text.starts_with("http://") || text.starts_with("https://");
    ((FEWEST..=LONGEST).contains(&length) && !address).then_some(text)
}

/// A track as it is offered. Its page is what is sent, so that this very track is played; where that is too long, its
/// words.
fn offer(track: &Track) -> Offer {
    let page = track.uri.as_deref();
    let page = page.filter(|uri| uri.starts_with("http") && uri.chars().count() <= VALUE);
    let words = || format!("{} {}", track.author, track.title);
    let value: String = page.map_or_else(words, str::to_owned).chars().take(VALUE).collect();
    Offer {
        name: offered(track),
        value: value.trim().to_owned(),
    }
}

#[cfg(test)]
mod tests;
