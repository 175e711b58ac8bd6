//! The card lane: writes what plays into one message a guild, when it changes and not too often.
//!
//! It decides when the card is written, never what it shows. Whatever becomes of it delays neither sound nor answers: it
//! has tasks of its own, and what Discord refuses is given up.

use std::rc::Rc;

use ostinato_machine::guild::{CardFace, CardNews, CardPost, Input, WantedCard};
use ostinato_machine::ids::{ChannelId, EntryId, GuildId};

use super::Lane;
use super::respond::within;
use crate::ports::{CardOrder, PortError, PortErrorKind};
use crate::settings::CardTimes;
use crate::shard::Now;
use crate::station::{Station, sleep_ms};

/// A track that is about to sound is given so long before the card says that it is waited for, ms.
const WAITING_MS: u64 = 3_000;

/// After so many failures in a row, some minutes, a card is given up.
const FAILURES: u32 = 8;

/// So often the time between two tries doubles.
const DOUBLINGS: u32 = 4;

/// For so long a guild that was told that its card is over is given the next word, ms.
const TOLD_MS: u64 = 10_000;

/// What is known of one guild's card.
#[derive(Debug, Default)]
pub(super) struct Told {
    wanted: Option<WantedCard>,
    /// A message that was posted, until the guild knows of it.
    posted: Option<CardPost>,
    /// A message that is the card no more, until the guild knows of that; and since when, by the rising clock, ms.
    over: Option<(u64, u64)>,
    /// What the message shows, as far as this process has written it.
    shown: Option<CardFace>,
    /// Since when something else is wanted, by the rising clock, ms.
    since_ms: Option<u64>,
    /// Before this nothing is written, by the rising clock, ms.
    rests_until_ms: u64,
    /// The track at whose beginning it was seen to that the card is not buried.
    near: Option<EntryId>,
    failures: u32,
    /// The last try did not get through and is made again: a post rests before that too.
    held: bool,
    /// Since when this process cares for the guild's card, wall-clock ms.
    begun_ms: Option<u64>,
    /// Nothing may be written here, or this track's card was given up.
    barred: Option<(ChannelId, Option<EntryId>)>,
    busy: bool,
}

/// What to do next.
#[derive(Clone, Debug, PartialEq)]
enum Step {
    Nothing,
    /// Nothing for so long, ms.
    Wait(u64),
    /// Look whether the card is buried under newer messages.
    Look(CardPost),
    Do(Act),
}

/// What is done to the card.
#[derive(Clone, Debug, PartialEq)]
enum Act {
    /// Behind the card that was the last one.
    Post(ChannelId, u64, Box<CardFace>),
    Edit(CardPost, Box<CardFace>),
    End(CardPost),
    Delete(CardPost),
}

impl Act {
    const fn channel(&self) -> ChannelId {
        match self {
            Self::Post(channel, ..) => *channel,
            Self::Edit(post, _) | Self::End(post) | Self::Delete(post) => post.channel,
        }
    }

    fn order(&self, guild: GuildId, now_ms: u64) -> CardOrder {
        match self {
            Self::Post(_, after, face) => CardOrder::Post {
                // Ids differ most in their last bits.
                nonce: format!("{:x}-{:x}", guild.0, after & 0xFFFF_FFFF),
                view: face.view(now_ms),
            },
            Self::Edit(post, face) => CardOrder::Edit {
                message: post.message,
                view: face.view(now_ms),
            },
            Self::End(post) => CardOrder::End { message: post.message },
            Self::Delete(post) => CardOrder::Delete { message: post.message },
        }
    }
}

impl Told {
    /// What the guild wants from now on.
    pub(super) fn want(&mut self, wanted: Option<WantedCard>, now_ms: u64, rising_ms: u64) {
        self.begun_ms.get_or_insert(now_ms);
        let post = wanted.as_ref().and_then(|wanted| wanted.post);
        // Without anything to show, what was posted meanwhile comes back as the guild's.
        if post.is_some() || wanted.is_none() {
            self.posted = None;
        }
        if self.over.map(|(message, _)| message) != post.map(|post| post.message) {
            self.over = None;
        }
        self.wanted = wanted;
        if self.is_as_wanted() {
            self.since_ms = None;
        } else {
            self.since_ms.get_or_insert(rising_ms);
        }
    }

    fn is_as_wanted(&self) -> bool {
        let face = self.wanted.as_ref().and_then(|wanted| wanted.face.as_ref());
        match (face, &self.shown) {
            (Some(face), Some(shown)) => self.post().is_some() && face.looks_like(shown),
            (None, None) => self.post().is_none(),
            (Some(_), None) | (None, Some(_)) => false,
        }
    }

    /// The message that is the card.
    fn post(&self) -> Option<CardPost> {
        let known = self.wanted.as_ref().and_then(|wanted| wanted.post).or(self.posted);
        known.filter(|post| self.over.is_none_or(|(message, _)| message != post.message))
    }

    pub(super) const fn is_idle(&self) -> bool {
        self.wanted.is_none() && self.posted.is_none() && !self.busy
    }

    fn next(&mut self, times: &CardTimes, now_ms: u64, rising_ms: u64) -> Step {
        if self.is_as_wanted() {
            return Step::Nothing;
        }
        let since_ms = *self.since_ms.get_or_insert(rising_ms);
        let Some(wanted) = &self.wanted else {
            return Step::Nothing;
        };
        if let Some((_, told_ms)) = self.over
            && rising_ms < told_ms.saturating_add(TOLD_MS)
        {
            // What the guild makes of it is to come.
            return Step::Wait(TOLD_MS);
        }
        let wait = |due_ms: u64| due_ms.checked_sub(rising_ms).filter(|left| *left > 0).map(Step::Wait);
        let every = self.rests_until_ms;
        match (&wanted.face, self.post()) {
            (None, None) => Step::Nothing,
            (None, Some(post)) => {
                let due_ms = since_ms.saturating_add(times.settle_ms).max(every);
                wait(due_ms).unwrap_or(Step::Do(Act::End(post)))
            }
            (Some(face), None) => {
                let due_ms = since_ms.saturating_add(times.settle_ms);
                if face.waiting || self.is_barred(wanted.channel, face.entry.id) {
                    return Step::Nothing;
                }
                let due_ms = if self.held { due_ms.max(every) } else { due_ms };
                wait(due_ms)
                    .unwrap_or_else(|| Step::Do(Act::Post(wanted.channel, wanted.after, Box::new(face.clone()))))
            }
            (Some(face), Some(post)) => {
                let settle_ms = if face.waiting { WAITING_MS } else { times.settle_ms };
                if let Some(wait) = wait(since_ms.saturating_add(settle_ms).max(every)) {
                    return wait;
                }
                // A process that has just begun takes the card to be where people look.
                if self.near.is_some_and(|near| near != face.entry.id) {
                    let old = now_ms.saturating_sub(post.at_ms) >= times.old_ms;
                    let elsewhere = post.channel != wanted.channel;
                    return if old || elsewhere {
                        Step::Do(Act::Delete(post))
                    } else {
                        Step::Look(post)
                    };
                }
                Step::Do(Act::Edit(post, Box::new(face.clone())))
            }
        }
    }

    fn is_barred(&self, channel: ChannelId, entry: EntryId) -> bool {
        let barred = self.barred;
        barred.is_some_and(|(place, only)| place == channel && only.is_none_or(|only| only == entry))
    }

    /// How many newer messages stand below the card, as far as anybody can tell.
    fn looked(&mut self, post: CardPost, newer: Option<u8>, times: &CardTimes) -> Option<Act> {
        if newer.is_some_and(|newer| newer >= times.newer) {
            return Some(Act::Delete(post));
        }
        let face = self.wanted.as_ref().and_then(|wanted| wanted.face.as_ref());
        self.near = face.map(|face| face.entry.id);
        None
    }

    /// How a change ended. What the guild is told of it.
    fn done(&mut self, act: Act, result: Result<u64, PortError>, times: &CardTimes, now: &Now) -> Option<CardNews> {
        self.rests_until_ms = now.rising_ms.saturating_add(times.every_ms);
        self.held = false;
        let error = match result {
            Ok(message) => return self.succeeded(act, message, now),
            Err(error) => error,
        };
        // Others were in a hurry, too.
        let counts = error.kind != PortErrorKind::Overloaded;
        self.failures = self.failures.saturating_add(u32::from(counts));
        let rest_ms = times.every_ms.saturating_mul(1 << self.failures.min(DOUBLINGS));
        let jitter_ms = now.chance.checked_rem(rest_ms / 4).unwrap_or(0);
        self.rests_until_ms = now.rising_ms.saturating_add(rest_ms).saturating_add(jitter_ms);
        if error.is_retryable() && self.failures < FAILURES {
            self.held = true;
            return None;
        }
        self.failures = 0;
        match act {
            Act::Post(channel, _, face) => {
                // Where nothing may be written, the next track finds the same.
                let only = error.is_retryable().then_some(face.entry.id);
                self.barred = Some((channel, only));
                None
            }
            Act::Edit(post, _) => {
                self.is_over(post, now);
                Some(CardNews::Gone { message: post.message })
            }
            Act::End(post) | Act::Delete(post) => {
                self.is_over(post, now);
                Some(CardNews::Ended { message: post.message })
            }
        }
    }

    fn succeeded(&mut self, act: Act, message: u64, now: &Now) -> Option<CardNews> {
        let failed = std::mem::take(&mut self.failures) > 0;
        let news = match act {
            Act::Post(channel, _, face) => {
                let post = CardPost {
                    channel,
                    message,
                    at_ms: now.wall_ms,
                };
                (self.posted, self.barred) = (Some(post), None);
                self.near = Some(face.entry.id);
                // It may have been posted before, by a call that seemed lost or a process that is gone: then it shows
                // what was so at that time.
                let before = failed || self.begun_ms.is_none_or(|begun| face.began_ms < begun);
                self.shown = (!before).then_some(*face);
                Some(CardNews::Posted(post))
            }
            Act::Edit(_, face) => {
                self.near = Some(face.entry.id);
                self.shown = Some(*face);
                None
            }
            Act::End(post) | Act::Delete(post) => {
                self.is_over(post, now);
                Some(CardNews::Ended { message: post.message })
            }
        };
        self.since_ms = None;
        news
    }

    fn is_over(&mut self, post: CardPost, now: &Now) {
        self.over = Some((post.message, now.rising_ms));
        (self.posted, self.shown, self.near) = (None, None, None);
    }
}

/// Writes the card if it is to be written, unless that is under way already: then it looks again when that is done.
pub(super) fn kick(station: &Rc<Station>, lane: &Rc<Lane>) {
    lane.card_changed.notify_one();
    if lane.card.borrow().busy || matches!(next(station, lane), Step::Nothing) {
        return;
    }
    lane.card.borrow_mut().busy = true;
    let busy = Busy(Rc::clone(lane));
    let (here, lane) = (Rc::clone(station), Rc::clone(lane));
    station.spawn(async move {
        run(&here, &lane).await;
        drop(busy);
        here.lanes.let_go(&lane);
    });
}

/// Marks a card as being written until it is dropped, whatever ends the task.
struct Busy(Rc<Lane>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.card.borrow_mut().busy = false;
    }
}

fn next(station: &Station, lane: &Lane) -> Step {
    let clock = &station.ports.clock;
    let times = &station.settings.card;
    lane.card.borrow_mut().next(times, clock.now_ms(), clock.monotonic_ms())
}

async fn run(station: &Rc<Station>, lane: &Lane) {
    loop {
        match next(station, lane) {
            Step::Nothing => return,
            Step::Wait(ms) => {
                tokio::select! {
                    biased;
                    () = lane.card_changed.notified() => {}
                    () = sleep_ms(ms) => {}
                }
            }
            Step::Look(post) => look(station, lane, post).await,
            Step::Do(act) => act_on(station, lane, act).await,
        }
    }
}

async fn look(station: &Rc<Station>, lane: &Lane, post: CardPost) {
    let times = &station.settings.card;
    let call = || station.ports.discord.newer(post.channel, post.message, times.newer);
    // Without the right to look the card stays where it is.
    let newer = within(station, call()).await.ok();
    let act = lane.card.borrow_mut().looked(post, newer, times);
    if let Some(act) = act {
        act_on(station, lane, act).await;
    }
}

async fn act_on(station: &Rc<Station>, lane: &Lane, act: Act) {
    let (guild, clock) = (lane.guild, &station.ports.clock);
    let order = act.order(guild, clock.now_ms());
    let result = within(station, station.ports.discord.card(guild, act.channel(), order)).await;
    if let Err(error) = &result {
        tracing::info!(%guild, %error, "the card of what plays could not be written");
    }
    let news = {
        let mut told = lane.card.borrow_mut();
        told.done(act, result, &station.settings.card, &station.now())
    };
    if let Some(news) = news {
        station.fact(&lane.shard, guild, Input::Card(news), 0);
    }
}

#[cfg(test)]
mod tests;
