//! When something that died may try again: budget, delay, tokens, probes, and the alarm for a common cause.
//!
//! Pure: time and chance come in, nothing here waits. Must never panic: it runs in the error kernel.
#![deny(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used
)]

use std::collections::{BTreeMap, VecDeque};

use crate::ids::GuildId;

/// How often and how fast one unit is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RestartPolicy {
    /// Restarts allowed within the window; the next death exhausts the budget.
    pub budget: u32,
    /// The sliding window, ms.
    pub window_ms: u64,
    /// Delay of the first restart, ms.
    pub first_delay_ms: u64,
    /// Each further delay is so many times the one before.
    pub factor: u32,
    /// Longest delay before jitter, ms.
    pub max_delay_ms: u64,
    /// Jitter on both sides, percent.
    pub jitter_percent: u32,
    /// Alive for so long and useful at least once: the next death starts at the first delay again, ms.
    pub healthy_ms: u64,
    /// Delays of the probes after parking, ms; the last one repeats.
    pub probes_ms: Vec<u64>,
}

impl RestartPolicy {
    /// Of a guild: five restarts in 60 s, 50 ms × 4ⁿ up to 30 s, probes after 5, 15, then every 60 minutes.
    pub fn guild() -> Self {
        Self {
            budget: 5,
            window_ms: 60_000,
            first_delay_ms: 50,
            factor: 4,
            max_delay_ms: 30_000,
            jitter_percent: 20,
            healthy_ms: 60_000,
            probes_ms: vec![300_000, 900_000, 3_600_000],
        }
    }

    /// Of a shard: three restarts in 300 s, 250 ms × 4ⁿ up to 10 s; it is never probed, the process leaves.
    pub fn shard() -> Self {
        Self {
            budget: 3,
            window_ms: 300_000,
            first_delay_ms: 250,
            factor: 4,
            max_delay_ms: 10_000,
            jitter_percent: 20,
            healthy_ms: 300_000,
            probes_ms: Vec::new(),
        }
    }

    /// Of a store that can't be reached: 500 ms × 2ⁿ up to 30 s.
    pub fn store() -> Self {
        Self {
            budget: u32::MAX,
            window_ms: 60_000,
            first_delay_ms: 500,
            factor: 2,
            max_delay_ms: 30_000,
            jitter_percent: 20,
            healthy_ms: 60_000,
            probes_ms: Vec::new(),
        }
    }

    /// Of an order to an audio node: 100 ms × 2ⁿ up to 5 s.
    pub fn node() -> Self {
        Self {
            first_delay_ms: 100,
            max_delay_ms: 5_000,
            ..Self::store()
        }
    }

    /// The delay of the restart on `rung`, from 0, with jitter from `chance`, ms.
    pub fn delay_ms(&self, rung: u32, chance: u64) -> u64 {
        let plain = self
            .first_delay_ms
            .saturating_mul(u64::from(self.factor).saturating_pow(rung))
            .min(self.max_delay_ms);
        let percent = u64::from(self.jitter_percent.min(100));
        let spread = percent.saturating_mul(2).saturating_add(1);
        let drawn = chance.checked_rem(spread).unwrap_or(0);
        let share = 100_u64.saturating_sub(percent).saturating_add(drawn);
        plain.saturating_mul(share).checked_div(100).unwrap_or(plain)
    }

    /// The delay of the probe with this number, from 0, ms.
    pub fn probe_ms(&self, number: u32) -> Option<u64> {
        let number = usize::try_from(number).unwrap_or(usize::MAX);
        self.probes_ms.get(number).or(self.probes_ms.last()).copied()
    }
}

/// What a death means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Restart on this rung, from 0.
    Restart {
        /// The rung: how many restarts without health came before.
        rung: u32,
    },
    /// The budget is spent.
    Exhausted,
}

/// The restarts of one unit within its sliding window.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    restarts: VecDeque<u64>,
    rung: u32,
}

impl Budget {
    /// Charges a death at `now_ms`. `healthy`: it had been alive and useful for long enough before.
    pub fn death(&mut self, policy: &RestartPolicy, now_ms: u64, healthy: bool) -> Verdict {
        while let Some(oldest) = self.restarts.front() {
            if now_ms.saturating_sub(*oldest) >= policy.window_ms {
                self.restarts.pop_front();
            } else {
                break;
            }
        }
        if healthy {
            self.rung = 0;
        }
        if self.restarts.len() >= usize::try_from(policy.budget).unwrap_or(usize::MAX) {
            return Verdict::Exhausted;
        }
        if policy.budget != u32::MAX {
            self.restarts.push_back(now_ms);
        }
        let rung = self.rung;
        self.rung = rung.saturating_add(1);
        Verdict::Restart { rung }
    }

    /// Restarts that counted at the newest death.
    pub fn restarts(&self) -> usize {
        self.restarts.len()
    }

    /// Forgets everything: after an operator's restart, or when health came back.
    pub fn reset(&mut self) {
        self.restarts.clear();
        self.rung = 0;
    }
}

/// A token bucket over time: so many at once, so many a second.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tokens {
    every_ms: u64,
    slack_ms: u64,
    full_at_ms: u64,
}

impl Tokens {
    /// `rate` a second, `burst` at once; both at least 1.
    pub fn new(rate: u32, burst: u32) -> Self {
        let every_ms = 1_000_u64.checked_div(u64::from(rate)).unwrap_or(1_000).max(1);
        Self {
            every_ms,
            slack_ms: every_ms.saturating_mul(u64::from(burst.max(1)).saturating_sub(1)),
            full_at_ms: 0,
        }
    }

    /// Takes one token if there is one now.
    pub fn take(&mut self, now_ms: u64) -> bool {
        let there = self.full_at_ms.max(now_ms).saturating_sub(self.slack_ms) <= now_ms;
        if there {
            self.reserve(now_ms);
        }
        there
    }

    /// Takes one token and says from when on it is good: `now_ms` or later.
    pub fn reserve(&mut self, now_ms: u64) -> u64 {
        let base = self.full_at_ms.max(now_ms);
        self.full_at_ms = base.saturating_add(self.every_ms);
        base.saturating_sub(self.slack_ms).max(now_ms)
    }
}

/// Raises one alarm when many different guilds die within a short time. It refuses nothing.
#[derive(Clone, Debug, Default)]
pub struct CommonCause {
    deaths: BTreeMap<GuildId, u64>,
    raised_at_ms: Option<u64>,
}

impl CommonCause {
    /// How long deaths are counted together, ms.
    pub const WINDOW_MS: u64 = 10_000;

    /// Counts a death among `live` guilds. `Some(n)`: raise the alarm, `n` guilds died within the window.
    pub fn death(&mut self, guild: GuildId, live: usize, now_ms: u64) -> Option<usize> {
        self.deaths.retain(|_, at| now_ms.saturating_sub(*at) < Self::WINDOW_MS);
        self.deaths.insert(guild, now_ms);
        let share = live.saturating_mul(20).checked_div(100).unwrap_or(0);
        let many = self.deaths.len() >= share.max(10);
        let quiet = self
            .raised_at_ms
            .is_none_or(|at| now_ms.saturating_sub(at) >= Self::WINDOW_MS);
        if many {
            self.raised_at_ms = Some(now_ms);
        }
        (many && quiet).then_some(self.deaths.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Jitter in the middle of its range: the delay as it stands in the schedule.
    const NO_JITTER: u64 = 20;

    #[test]
    fn p8_delays_follow_the_schedule_and_stay_within_the_jitter() {
        let policy = RestartPolicy::guild();
        for (rung, plain) in [50, 200, 800, 3_200, 12_800, 30_000, 30_000].into_iter().enumerate() {
            let rung = rung as u32;
            assert_eq!(policy.delay_ms(rung, NO_JITTER), plain, "rung {rung}");
            for chance in 0..200 {
                let delay = policy.delay_ms(rung, chance);
                assert!(
                    delay * 10 >= plain * 8 && delay * 10 <= plain * 12,
                    "rung {rung}: {delay}"
                );
            }
            assert!((0..200).any(|chance| policy.delay_ms(rung, chance) < plain));
            assert!((0..200).any(|chance| policy.delay_ms(rung, chance) > plain));
        }
    }

    #[test]
    fn p8_a_healthy_life_starts_the_schedule_again() {
        let policy = RestartPolicy::guild();
        let mut budget = Budget::default();
        assert_eq!(budget.death(&policy, 0, false), Verdict::Restart { rung: 0 });
        assert_eq!(budget.death(&policy, 20_000, false), Verdict::Restart { rung: 1 });
        assert_eq!(budget.death(&policy, 90_000, true), Verdict::Restart { rung: 0 });
    }

    #[test]
    fn a_continuous_crasher_is_restarted_five_times_and_parked_at_the_sixth_death() {
        let policy = RestartPolicy::guild();
        let mut budget = Budget::default();
        let mut now = 0;
        let mut restarts = Vec::new();
        while let Verdict::Restart { rung } = budget.death(&policy, now, false) {
            now += policy.delay_ms(rung, NO_JITTER);
            restarts.push(now);
        }
        assert_eq!(restarts, [50, 250, 1_050, 4_250, 17_050]);
    }

    #[test]
    fn p6_the_budget_is_a_true_sliding_window_over_all_4096_patterns() {
        let policy = RestartPolicy::guild();
        for pattern in 0_u32..4_096 {
            let mut budget = Budget::default();
            let mut restarts: Vec<u64> = Vec::new();
            for tick in (0..12_u64).filter(|tick| pattern & (1 << tick) != 0) {
                let now = tick * 7_500;
                // The oracle: count the restarts that lie inside the last 60 s, one by one.
                let inside = restarts.iter().filter(|at| **at + 60_000 > now).count();
                let allowed = inside < 5;
                if allowed {
                    restarts.push(now);
                }
                let verdict = budget.death(&policy, now, false);
                assert_eq!(
                    matches!(verdict, Verdict::Restart { .. }),
                    allowed,
                    "pattern {pattern:012b}, tick {tick}"
                );
            }
        }
    }

    #[test]
    fn tokens_give_a_burst_and_then_the_rate() {
        let mut tokens = Tokens::new(20, 20);
        let starts: Vec<u64> = (0..60).map(|_| tokens.reserve(1_000)).collect();
        assert_eq!(starts.iter().filter(|at| **at == 1_000).count(), 20);
        assert_eq!(starts.get(20), Some(&1_050));
        assert_eq!(starts.get(59), Some(&3_000));
        assert_eq!(tokens.reserve(60_000), 60_000);
    }

    #[test]
    fn a_token_that_is_not_there_is_not_taken() {
        let mut tokens = Tokens::new(10, 3);
        let taken = |tokens: &mut Tokens, now_ms| (0..100).filter(|_| tokens.take(now_ms)).count();
        assert_eq!(taken(&mut tokens, 60_000), 3);
        assert_eq!(taken(&mut tokens, 60_099), 0);
        assert_eq!(taken(&mut tokens, 60_200), 2);
        assert_eq!(taken(&mut tokens, 90_000), 3);
    }

    #[test]
    fn many_deaths_raise_one_alarm_and_one_guild_raises_none() {
        let mut alarm = CommonCause::default();
        assert!((0..100).all(|at| alarm.death(GuildId(1), 5, at).is_none()));
        let raised: Vec<_> = (0..200)
            .filter_map(|n| alarm.death(GuildId(n), 1_000, 20_000 + n))
            .collect();
        assert_eq!(raised, [200]);
        assert!(alarm.death(GuildId(7), 1_000, 20_300).is_none());
    }

    #[test]
    fn probes_repeat_the_last_delay() {
        let policy = RestartPolicy::guild();
        let probes: Vec<_> = (0..5).filter_map(|n| policy.probe_ms(n)).collect();
        assert_eq!(probes, [300_000, 900_000, 3_600_000, 3_600_000, 3_600_000]);
        assert_eq!(RestartPolicy::shard().probe_ms(0), None);
    }
}
