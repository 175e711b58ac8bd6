//! Rate limits, enforced as Discord enforces them: a bucket per route and resource, and a global one.

use std::collections::{HashMap, VecDeque};

use crate::discord::faults::LimitScope;

/// Requests that a bot may make within a second on all routes together.
const GLOBAL: usize = 50;
/// What was under way when a 429 was sent cannot be held against the bot.
const UNDER_WAY_MS: u64 = 250;

/// All buckets.
#[derive(Debug, Default)]
pub(in crate::discord) struct Limits {
    buckets: HashMap<String, Bucket>,
    global: VecDeque<u64>,
    /// A 429 for all routes: when it was said and until when it holds.
    blocked: Option<(u64, u64)>,
}

#[derive(Debug, Default)]
struct Bucket {
    started_at_ms: u64,
    used: u32,
    blocked: Option<(u64, u64)>,
}

/// What a limit says of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It may pass.
    Pass {
        /// How many more may.
        remaining: u32,
        /// When the bucket is full again, ms from now.
        reset_after_ms: u64,
    },
    /// It is one too many.
    Over {
        /// Whose limit it is.
        scope: LimitScope,
        /// When to try again, ms from now.
        retry_after_ms: u64,
        /// Whether the bot had been told to wait.
        told: bool,
    },
}

fn held(blocked: Option<(u64, u64)>, now: u64, scope: LimitScope) -> Option<Verdict> {
    let (said, until) = blocked.filter(|(_, until)| now < *until)?;
    Some(Verdict::Over {
        scope,
        retry_after_ms: until - now,
        told: now > said.saturating_add(UNDER_WAY_MS),
    })
}

impl Limits {
    /// Asks for one request of `key`, which allows `limit` within `window_ms`; `global` says that the limit on all
    /// routes counts it too.
    pub(super) fn ask(&mut self, now: u64, key: &str, limit: u32, window_ms: u64, global: bool) -> Verdict {
        if global {
            if let Some(over) = held(self.blocked, now, LimitScope::Global) {
                return over;
            }
            while self.global.front().is_some_and(|at| at + 1_000 <= now) {
                self.global.pop_front();
            }
            if self.global.len() >= GLOBAL {
                let retry_after_ms = self.global.front().map_or(1_000, |at| at + 1_000 - now);
                self.blocked = Some((now, now + retry_after_ms));
                let (scope, told) = (LimitScope::Global, false);
                return Verdict::Over {
                    scope,
                    retry_after_ms,
                    told,
                };
            }
        }
        // Buckets of interactions come and go.
        if self.buckets.len() > 10_000 {
            self.buckets.retain(|_, bucket| {
                now < bucket.started_at_ms + 60_000 || bucket.blocked.is_some_and(|(_, end)| now < end)
            });
        }
        let bucket = self.buckets.entry(key.to_owned()).or_default();
        if let Some(over) = held(bucket.blocked, now, LimitScope::User) {
            return over;
        }
        // A window starts with its first request.
        if bucket.used == 0 || now >= bucket.started_at_ms + window_ms {
            bucket.started_at_ms = now;
            bucket.used = 0;
        }
        let reset_after_ms = bucket.started_at_ms + window_ms - now;
        if limit > 0 && bucket.used >= limit {
            bucket.blocked = Some((now, now + reset_after_ms));
            return Verdict::Over {
                scope: LimitScope::User,
                retry_after_ms: reset_after_ms,
                told: false,
            };
        }
        bucket.used += 1;
        if global {
            self.global.push_back(now);
        }
        Verdict::Pass {
            remaining: limit.saturating_sub(bucket.used),
            reset_after_ms,
        }
    }

    /// A new process asks from now on: it was told of no 429.
    pub(in crate::discord) fn nobody_was_told(&mut self) {
        let buckets = self.buckets.values_mut().filter_map(|bucket| bucket.blocked.as_mut());
        for (said, until) in buckets.chain(self.blocked.as_mut()) {
            *said = *until;
        }
    }

    /// Says 429 to a request of `key` without a limit having been exceeded.
    pub(super) fn block(&mut self, now: u64, key: &str, scope: LimitScope, retry_after_ms: u64) {
        let blocked = Some((now, now + retry_after_ms));
        match scope {
            LimitScope::Global => self.blocked = blocked,
            LimitScope::User | LimitScope::Shared => self.buckets.entry(key.to_owned()).or_default().blocked = blocked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(verdict: &Verdict) -> bool {
        matches!(verdict, Verdict::Pass { .. })
    }

    #[test]
    fn a_bucket_lets_its_limit_through_in_each_window() {
        let mut limits = Limits::default();
        for n in 0..5 {
            let verdict = limits.ask(1_000, "a", 5, 2_000, true);
            assert_eq!(
                verdict,
                Verdict::Pass {
                    remaining: 4 - n,
                    reset_after_ms: 2_000
                }
            );
        }
        let over = |told, retry_after_ms| Verdict::Over {
            scope: LimitScope::User,
            retry_after_ms,
            told,
        };
        assert_eq!(limits.ask(1_100, "a", 5, 2_000, true), over(false, 1_900));
        assert_eq!(
            limits.ask(1_200, "a", 5, 2_000, true),
            over(false, 1_800),
            "was under way"
        );
        assert_eq!(
            limits.ask(2_000, "a", 5, 2_000, true),
            over(true, 1_000),
            "had been told"
        );
        limits.nobody_was_told();
        assert_eq!(
            limits.ask(2_000, "a", 5, 2_000, true),
            over(false, 1_000),
            "a new process"
        );
        assert!(passes(&limits.ask(1_100, "b", 5, 2_000, true)), "another bucket");
        assert!(passes(&limits.ask(3_000, "a", 5, 2_000, true)), "the next window");
    }

    #[test]
    fn fifty_a_second_pass_on_all_routes_and_interactions_do_not_count() {
        let mut limits = Limits::default();
        for n in 0..50 {
            assert!(passes(&limits.ask(0, &n.to_string(), 5, 5_000, true)));
        }
        assert!(passes(&limits.ask(0, "interaction", 0, 0, false)));
        let over = limits.ask(400, "other", 5, 5_000, true);
        assert_eq!(
            over,
            Verdict::Over {
                scope: LimitScope::Global,
                retry_after_ms: 600,
                told: false
            }
        );
        assert!(passes(&limits.ask(1_000, "other", 5, 5_000, true)));
    }

    #[test]
    fn a_429_without_reason_holds_as_long_as_it_says() {
        let mut limits = Limits::default();
        limits.block(0, "a", LimitScope::Shared, 700);
        assert!(!passes(&limits.ask(699, "a", 5, 5_000, true)));
        assert!(passes(&limits.ask(700, "a", 5, 5_000, true)));
        limits.block(1_000, "a", LimitScope::Global, 700);
        assert!(!passes(&limits.ask(1_100, "b", 5, 5_000, true)));
        assert!(passes(&limits.ask(1_100, "b", 5, 5_000, false)));
    }
}
