//! Whose turn it is: Discord's rate-limit buckets, learned from its answers.
//!
//! Pure: time comes in as ms from any origin. A line is a route with its top-level id, first in, first out; a window is
//! a bucket with its top-level id and says how many requests are still allowed. Several lines can share a window. What
//! nobody asks for any more is forgotten.

use std::collections::{HashMap, VecDeque};

/// What sets a request's limit apart within its bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Major {
    /// Nothing: one limit for all.
    None,
    /// A channel, guild or application.
    Id(u64),
    /// A webhook with a digest of its token.
    Webhook(u64, u64),
}

/// A line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Name of the route, method included.
    pub(super) route: &'static str,
    /// Its top-level id.
    pub(super) major: Major,
}

/// A place in a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ticket {
    key: Key,
    number: u64,
}

/// A request that was let go and has not been answered yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Flight {
    key: Key,
}

/// What a place in a line is told.
#[derive(Debug)]
pub(super) enum Turn {
    /// Send it.
    Go(Flight),
    /// Ask again at this time, ms.
    At(u64),
    /// Ask again when an answer comes in or somebody leaves the line.
    Later,
}

/// What an answer says about limits.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Limits {
    /// Name of the bucket.
    pub(super) bucket: Option<Box<str>>,
    /// Requests in a window.
    pub(super) limit: u32,
    /// Requests left in this window.
    pub(super) remaining: u32,
    /// When the window ends, from now, ms.
    pub(super) reset_after_ms: u64,
}

type WindowKey = (u32, Major);

/// What is known of a route.
#[derive(Clone, Copy)]
struct Learned {
    bucket: u32,
    allowance: Allowance,
}

#[derive(Clone, Copy, PartialEq)]
enum Allowance {
    /// Nobody has asked yet: one at a time.
    Unknown,
    /// Answers name no limit.
    Free,
    /// So many in a window.
    Limit(u32),
}

struct Window {
    remaining: u32,
    /// `u64::MAX`: a new window of which no answer has told the end yet.
    reset_ms: u64,
    blocked_ms: u64,
}

/// Two ends of windows that differ by more belong to different windows, ms.
const SAME_WINDOW: u64 = 250;
/// Distance of clean-ups, ms.
const SWEEP: u64 = 10_000;

/// All lines and windows of one executor.
#[derive(Default)]
pub(super) struct Buckets {
    routes: HashMap<&'static str, Learned>,
    names: HashMap<Box<str>, u32>,
    windows: HashMap<WindowKey, Window>,
    lines: HashMap<Key, VecDeque<u64>>,
    /// Requests under way. By line, not by window: a route can turn out to belong to another bucket meanwhile.
    flying: HashMap<Key, u32>,
    forbidden: HashMap<Key, u64>,
    waiting: usize,
    numbers: u64,
    buckets: u32,
    sweep_ms: u64,
}

impl Buckets {
    /// Takes a place at the end of the line, or at its head for a request that was sent before.
    pub(super) fn enter(&mut self, key: Key, again: bool, now_ms: u64) -> Ticket {
        self.sweep(now_ms);
        self.numbers += 1;
        self.waiting += 1;
        let line = self.lines.entry(key).or_default();
        if again {
            line.push_front(self.numbers);
        } else {
            line.push_back(self.numbers);
        }
        Ticket {
            key,
            number: self.numbers,
        }
    }

    /// Asks for the turn. [`Turn::Go`] ends the ticket.
    pub(super) fn turn(&mut self, ticket: Ticket, now_ms: u64) -> Turn {
        let Some(line) = self.lines.get(&ticket.key) else {
            return Turn::Later;
        };
        if line.front() != Some(&ticket.number) {
            return Turn::Later;
        }
        let learned = *self.routes.entry(ticket.key.route).or_insert_with(|| {
            self.buckets += 1;
            Learned {
                bucket: self.buckets,
                allowance: Allowance::Unknown,
            }
        });
        let at = (learned.bucket, ticket.key.major);
        let under_way = self.under_way(at);
        let window = self
            .windows
            .entry(at)
            .or_insert_with(|| Window::fresh(learned.allowance));
        if let Some(wait) = window.turn(learned.allowance, under_way, now_ms) {
            return wait;
        }
        *self.flying.entry(ticket.key).or_default() += 1;
        self.leave(ticket);
        Turn::Go(Flight { key: ticket.key })
    }

    /// Requests under way that count against a window.
    fn under_way(&self, (bucket, major): WindowKey) -> u32 {
        let routes = self.routes.iter().filter(|(_, learned)| learned.bucket == bucket);
        routes
            .filter_map(|(route, _)| self.flying.get(&Key { route, major }))
            .sum()
    }

    /// Gives a place up.
    pub(super) fn leave(&mut self, ticket: Ticket) {
        if let Some(line) = self.lines.get_mut(&ticket.key) {
            let before = line.len();
            line.retain(|number| *number != ticket.number);
            self.waiting -= before - line.len();
            if line.is_empty() {
                self.lines.remove(&ticket.key);
            }
        }
    }

    /// A request has ended. `limits`: what the answer says; `None` when there was no answer or none that counts.
    pub(super) fn landed(&mut self, flight: Flight, limits: Option<&Limits>, now_ms: u64) {
        if let Some(count) = self.flying.get_mut(&flight.key) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                self.flying.remove(&flight.key);
            }
        }
        let (Some(limits), Some(before)) = (limits, self.routes.get(flight.key.route).copied()) else {
            return;
        };
        let bucket = match &limits.bucket {
            Some(name) => self.bucket(name),
            None => before.bucket,
        };
        let allowance = Allowance::Limit(limits.limit.max(1));
        self.routes.insert(flight.key.route, Learned { bucket, allowance });
        let window = self
            .windows
            .entry((bucket, flight.key.major))
            .or_insert_with(|| Window::fresh(allowance));
        window.learn(limits, now_ms);
    }

    /// A success came without limits: the route has none, until an answer says otherwise.
    pub(super) fn free(&mut self, flight: Flight) {
        if let Some(learned) = self.routes.get_mut(flight.key.route)
            && learned.allowance == Allowance::Unknown
        {
            learned.allowance = Allowance::Free;
        }
    }

    /// Nothing leaves this line's window before `until_ms`.
    pub(super) fn block(&mut self, key: Key, until_ms: u64) {
        let Some(learned) = self.routes.get(key.route) else {
            return;
        };
        let window = self
            .windows
            .entry((learned.bucket, key.major))
            .or_insert_with(|| Window::fresh(learned.allowance));
        window.blocked_ms = window.blocked_ms.max(until_ms);
    }

    /// Leaves a line alone until `until_ms`: Discord forbids it.
    pub(super) fn forbid(&mut self, key: Key, until_ms: u64) {
        self.forbidden.insert(key, until_ms);
    }

    /// Whether a line is left alone.
    pub(super) fn is_forbidden(&self, key: Key, now_ms: u64) -> bool {
        self.forbidden.get(&key).is_some_and(|until| now_ms < *until)
    }

    /// How many requests wait for their turn.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    fn bucket(&mut self, name: &str) -> u32 {
        if let Some(known) = self.names.get(name) {
            return *known;
        }
        self.buckets += 1;
        self.names.insert(name.into(), self.buckets);
        self.buckets
    }

    /// Forgets what has run out. A window that has ended says nothing that its route does not say too.
    fn sweep(&mut self, now_ms: u64) {
        if now_ms < self.sweep_ms {
            return;
        }
        self.sweep_ms = now_ms + SWEEP;
        self.forbidden.retain(|_, until| now_ms < *until);
        self.windows.retain(|_, window| !window.is_over(now_ms));
        // Bucket names are few, but they are Discord's to choose.
        let used = |id: &u32| self.routes.values().any(|learned| learned.bucket == *id);
        self.names.retain(|_, id| used(id));
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.windows.len() + self.lines.len() + self.flying.len() + self.forbidden.len()
    }
}

impl Window {
    fn fresh(allowance: Allowance) -> Self {
        let remaining = match allowance {
            Allowance::Limit(limit) => limit,
            Allowance::Unknown | Allowance::Free => 1,
        };
        Self {
            remaining,
            reset_ms: u64::MAX,
            blocked_ms: 0,
        }
    }

    /// `None`: go.
    fn turn(&mut self, allowance: Allowance, under_way: u32, now_ms: u64) -> Option<Turn> {
        if now_ms < self.blocked_ms {
            return Some(Turn::At(self.blocked_ms));
        }
        match allowance {
            Allowance::Free => None,
            Allowance::Unknown => (under_way > 0).then_some(Turn::Later),
            Allowance::Limit(limit) => {
                if self.reset_ms <= now_ms {
                    self.remaining = limit;
                    self.reset_ms = u64::MAX;
                }
                if under_way < self.remaining {
                    None
                } else if self.reset_ms == u64::MAX {
                    if under_way > 0 {
                        return Some(Turn::Later);
                    }
                    // Nothing is under way and nothing is left, yet no answer named an end: start over.
                    self.remaining = limit;
                    None
                } else {
                    Some(Turn::At(self.reset_ms))
                }
            }
        }
    }

    fn learn(&mut self, limits: &Limits, now_ms: u64) {
        let reset_ms = now_ms.saturating_add(limits.reset_after_ms);
        let is_same = now_ms < self.reset_ms
            && self.reset_ms != u64::MAX
            && reset_ms <= self.reset_ms.saturating_add(SAME_WINDOW);
        if is_same {
            // Answers can overtake each other: the lowest figure is the true one.
            self.remaining = self.remaining.min(limits.remaining);
            self.reset_ms = self.reset_ms.max(reset_ms);
        } else {
            self.remaining = limits.remaining;
            self.reset_ms = reset_ms;
        }
    }

    const fn is_over(&self, now_ms: u64) -> bool {
        let ended = self.reset_ms <= now_ms || self.reset_ms == u64::MAX;
        self.blocked_ms <= now_ms && ended
    }
}
