//! What breaks and when. All of it follows from the seed, so that a run can be made again.
//!
//! As in a swarm, a seed breaks some things and leaves others alone: all at once would hide what only some of them show.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// A guild is let die so often within a minute at most: one more, and more, would park it.
const DEATHS_A_MINUTE: usize = 3;

/// Between a full or slow disk and a kill, ms: what an answer called not saved may be forgotten then, and no ledger could
/// tell that from a loss.
const STORE_APART_MS: u64 = 4_000;

/// Between two lost gateway sessions, ms: so that one has been mended before the next.
const SESSIONS_APART_MS: u64 = 25_000;

/// Between two kills, ms: so short that the next process may still be starting, or longer.
const KILLS_APART_MS: u64 = 700;

/// A quiet beginning, ms.
const QUIET_MS: u64 = 1_000;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A guild's actor panics while it decides.
    Panic,
    /// A guild's actor panics while it applies: its value is lost.
    Poison,
    /// An audio node dies and is started again, empty.
    NodeKill,
    /// An audio node says nothing for a while and hears nothing.
    NodeFreeze,
    /// The gateway's connections end without a farewell.
    GatewayDrop,
    /// Discord calls the gateway session over, and with it every voice session.
    SessionLost,
    /// Each commit takes longer for a while.
    StoreSlow,
    /// No commit succeeds for a while.
    StoreFull,
    /// Requests to Discord are answered 429.
    Rest429,
    /// Requests to Discord are answered 503.
    Rest5xx,
    /// An operator restarts a guild's actor.
    Restart,
    /// The bot is killed with SIGKILL and started again with the same data.
    Kill9,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 12] = [
        Self::Panic,
        Self::Poison,
        Self::NodeKill,
        Self::NodeFreeze,
        Self::GatewayDrop,
        Self::SessionLost,
        Self::StoreSlow,
        Self::StoreFull,
        Self::Rest429,
        Self::Rest5xx,
        Self::Restart,
        Self::Kill9,
    ];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Panic => "panic",
            Self::Poison => "poison",
            Self::NodeKill => "node_kill",
            Self::NodeFreeze => "node_freeze",
            Self::GatewayDrop => "gateway_drop",
            Self::SessionLost => "session_lost",
            Self::StoreSlow => "store_slow",
            Self::StoreFull => "store_full",
            Self::Rest429 => "rest_429",
            Self::Rest5xx => "rest_5xx",
            Self::Restart => "operator_restart",
            Self::Kill9 => "kill_9",
        }
    }

    /// The mean time between two of them at the middle rate, ms.
    const fn distance_ms(self) -> u64 {
        match self {
            Self::Panic | Self::Restart => 2_500,
            Self::Poison => 4_000,
            Self::Rest429 | Self::Rest5xx => 6_000,
            Self::GatewayDrop => 9_000,
            Self::StoreSlow | Self::StoreFull => 14_000,
            Self::NodeKill | Self::NodeFreeze => 16_000,
            Self::Kill9 => 15_000,
            Self::SessionLost => 30_000,
        }
    }
}

/// One fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When, from the first sound on, ms.
    pub at_ms: u64,
    /// What.
    pub kind: Kind,
    /// Which guild or which node, counted from 0; how many requests.
    pub which: usize,
    /// For how long, ms; of a slow store, how much longer each commit takes stands in `more_ms`.
    pub for_ms: u64,
    /// By how much, ms.
    pub more_ms: u64,
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { at_ms, kind, .. } = self;
        write!(
            f,
            "{:>7.3} s {}",
            Duration::from_millis(*at_ms).as_secs_f64(),
            kind.name()
        )?;
        match kind {
            Kind::Panic | Kind::Poison | Kind::Restart => write!(f, " of guild {}", self.which + 1),
            Kind::NodeKill | Kind::NodeFreeze => write!(f, " of n{} for {} ms", self.which + 1, self.for_ms),
            Kind::StoreSlow => write!(f, " by {} ms for {} ms", self.more_ms, self.for_ms),
            Kind::StoreFull => write!(f, " for {} ms", self.for_ms),
            Kind::Rest429 | Kind::Rest5xx => write!(f, " for {} requests", self.which),
            Kind::GatewayDrop | Kind::SessionLost | Kind::Kill9 => Ok(()),
        }
    }
}

/// A run's faults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// The kinds that the seed chose, each with its mean distance, ms.
    pub kinds: BTreeMap<Kind, u64>,
    /// The faults in order.
    pub faults: Vec<Fault>,
}

impl Plan {
    /// The plan of `seed` for so long, so many guilds and nodes.
    pub fn of(seed: u64, length: Duration, guilds: usize, nodes: usize) -> Self {
        let mut random = fastrand::Rng::with_seed(seed ^ 0xC4A0_5000);
        let length_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        let kinds = choose(&mut random);
        let mut faults = Vec::new();
        for (kind, distance_ms) in &kinds {
            // Each kind has its own dice: a change of one leaves the others where they are.
            let mut dice = random.fork();
            let mut at_ms = QUIET_MS + dice.u64(0..*distance_ms);
            while at_ms < length_ms {
                faults.push(draw(&mut dice, *kind, at_ms, (guilds, nodes)));
                at_ms += dice.u64(distance_ms / 2..=distance_ms * 3 / 2);
            }
        }
        faults.sort_by_key(|fault| (fault.at_ms, fault.kind));
        let mut faults = apart(&faults);
        faults.retain(|fault| fault.at_ms < length_ms);
        faults.sort_by_key(|fault| (fault.at_ms, fault.kind));
        Self { kinds, faults }
    }

    /// The kinds with their rates, for people.
    pub fn about(&self) -> String {
        let all = self.kinds.iter();
        let all: Vec<String> = all
            .map(|(kind, ms)| {
                format!(
                    "{} (each {:.1} s)",
                    kind.name(),
                    Duration::from_millis(*ms).as_secs_f64()
                )
            })
            .collect();
        all.join(", ")
    }
}

/// The kinds of a seed and their rates: each kind with three chances of five, but three kinds at least.
fn choose(random: &mut fastrand::Rng) -> BTreeMap<Kind, u64> {
    let mut chosen = BTreeSet::new();
    for kind in Kind::ALL {
        if random.u8(0..5) < 3 {
            chosen.insert(kind);
        }
    }
    while chosen.len() < 3 {
        chosen.insert(Kind::ALL[random.usize(0..Kind::ALL.len())]);
    }
    let mut rated = BTreeMap::new();
    for kind in chosen {
        // Seldom, in between, often.
        let percent = [200, 100, 60][random.usize(0..3)];
        rated.insert(kind, kind.distance_ms() * percent / 100);
    }
    rated
}

fn draw(dice: &mut fastrand::Rng, kind: Kind, at_ms: u64, (guilds, nodes): (usize, usize)) -> Fault {
    let (guild, node) = (dice.usize(0..guilds.max(1)), dice.usize(0..nodes.max(1)));
    let (which, for_ms, more_ms) = match kind {
        Kind::Panic | Kind::Poison | Kind::Restart => (guild, 0, 0),
        Kind::NodeKill => (node, dice.u64(1_500..6_000), 0),
        Kind::NodeFreeze => (node, dice.u64(1_000..9_000), 0),
        Kind::StoreSlow => (0, dice.u64(1_000..4_000), dice.u64(20..700)),
        Kind::StoreFull => (0, dice.u64(500..4_000), 0),
        Kind::Rest429 | Kind::Rest5xx => (dice.usize(1..8), 0, 0),
        Kind::GatewayDrop | Kind::SessionLost | Kind::Kill9 => (0, 0, 0),
    };
    Fault {
        at_ms,
        kind,
        which,
        for_ms,
        more_ms,
    }
}

/// Without what must not come together, see the constants: a kill comes later, a death and a lost session do not come.
fn apart(faults: &[Fault]) -> Vec<Fault> {
    let stores = faults
        .iter()
        .filter(|fault| matches!(fault.kind, Kind::StoreSlow | Kind::StoreFull));
    let stores: Vec<(u64, u64)> = stores.map(|store| (store.at_ms, store.at_ms + store.for_ms)).collect();
    let mut deaths: BTreeMap<usize, Vec<u64>> = BTreeMap::new();
    let (mut session_ms, mut kill_ms) = (None, None);
    let mut kept = Vec::new();
    for fault in faults {
        let mut fault = *fault;
        let keep = match fault.kind {
            Kind::Kill9 => {
                for (from_ms, to_ms) in &stores {
                    if fault.at_ms + STORE_APART_MS > *from_ms && fault.at_ms < to_ms + STORE_APART_MS {
                        fault.at_ms = to_ms + STORE_APART_MS;
                    }
                }
                let long_ago = kill_ms.is_none_or(|at: u64| at + KILLS_APART_MS <= fault.at_ms);
                if long_ago {
                    kill_ms = Some(fault.at_ms);
                }
                long_ago
            }
            Kind::Panic | Kind::Poison => {
                let before = deaths.entry(fault.which).or_default();
                before.retain(|at| at + 60_000 > fault.at_ms);
                let few = before.len() < DEATHS_A_MINUTE;
                if few {
                    before.push(fault.at_ms);
                }
                few
            }
            Kind::SessionLost => {
                let long_ago = session_ms.is_none_or(|at: u64| at + SESSIONS_APART_MS <= fault.at_ms);
                if long_ago {
                    session_ms = Some(fault.at_ms);
                }
                long_ago
            }
            Kind::NodeKill
            | Kind::NodeFreeze
            | Kind::GatewayDrop
            | Kind::StoreSlow
            | Kind::StoreFull
            | Kind::Rest429
            | Kind::Rest5xx
            | Kind::Restart => true,
        };
        if keep {
            kept.push(fault);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(seed: u64) -> Plan {
        Plan::of(seed, Duration::from_secs(60), 10, 2)
    }

    #[test]
    fn a_seed_breaks_the_same_at_the_same_time_each_time() {
        assert_eq!(plan(7), plan(7));
        assert_ne!(plan(7), plan(8));
    }

    #[test]
    fn each_seed_breaks_some_things_and_all_seeds_break_everything() {
        let mut seen = BTreeSet::new();
        for seed in 0..100 {
            let plan = plan(seed);
            assert!(plan.kinds.len() >= 3, "seed {seed}");
            assert!(plan.faults.iter().all(|fault| plan.kinds.contains_key(&fault.kind)));
            assert!(plan.faults.is_sorted_by_key(|fault| fault.at_ms));
            assert!(plan.faults.iter().all(|fault| fault.at_ms < 60_000));
            seen.extend(plan.faults.iter().map(|fault| fault.kind));
        }
        assert_eq!(seen.len(), Kind::ALL.len());
        assert!((0..100).any(|seed| plan(seed).kinds.len() < 7));
    }

    #[test]
    fn no_plan_parks_a_guild_or_kills_beside_a_store_that_forgets() {
        for seed in 0..300 {
            let plan = Plan::of(seed, Duration::from_secs(120), 3, 2);
            for (at, fault) in plan.faults.iter().enumerate() {
                let rest = &plan.faults[at..];
                let within = |ms: u64| rest.iter().take_while(move |other| other.at_ms < fault.at_ms + ms);
                let kills =
                    |other: &&Fault| matches!(other.kind, Kind::Panic | Kind::Poison) && other.which == fault.which;
                assert!(within(60_000).filter(kills).count() <= DEATHS_A_MINUTE, "seed {seed}");
                if matches!(fault.kind, Kind::StoreSlow | Kind::StoreFull) {
                    let mut near = within(fault.for_ms + STORE_APART_MS);
                    assert!(near.all(|other| other.kind != Kind::Kill9), "seed {seed}");
                }
            }
        }
    }

    #[test]
    fn a_fault_is_told_with_what_it_strikes() {
        let fault = Fault {
            at_ms: 12_345,
            kind: Kind::NodeFreeze,
            which: 1,
            for_ms: 4_000,
            more_ms: 0,
        };
        assert_eq!(fault.to_string(), " 12.345 s node_freeze of n2 for 4000 ms");
    }
}
