//! Silence that was due, and which of it the design explains: each fault has a budget, and what is longer is the bot's.
//!
//! In the middle of a track only a lost audio node and a lost gateway session may be heard. At a change of tracks, and
//! where music is to begin, the bot has something to do: there a process that starts, a guild that comes back and a store
//! that does not answer may be heard too.

use std::collections::BTreeSet;

use crate::sound::{FRAME_MS, Kind, SoundLedger, Stretch};

/// Budget of a node that is gone: refused or reset, ms.
const NODE_RESET_MS: u64 = 500;

/// Budget of a node that says nothing any more, ms.
const NODE_MUTE_MS: u64 = 6_000;

/// Where no node was left: from the first return on; dialling again takes up to 5 s and a fifth, ms.
const NODE_BACK_MS: u64 = 6_500;

/// Budget of a lost session: five seconds until Discord lets identify again, as much for what it asks before, ms.
const SESSION_MS: u64 = 10_000;

/// And for each guild, because a shard joins about 110 voice channels a minute, ms.
const REJOIN_MS: u64 = 600;

/// Budget of a process that starts, ms.
const START_MS: u64 = 3_000;

/// First delay of a guild that died, with its jitter, ms; each further one within a minute is four times longer.
const BACK_OFF_MS: u64 = 60;

/// And until it plays again, ms.
const REVIVE_MS: u64 = 150;

/// A change waits so long for a store that does not answer, ms.
const GATE_MS: u64 = 250;

/// What happened, in ms of the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Happened {
    /// A node was lost.
    Node {
        /// When.
        at_ms: u64,
        /// It says nothing, but its connections stand.
        mute: bool,
        /// Other nodes that were out at that time.
        others_out: usize,
        /// No node was left until then.
        none_until_ms: Option<u64>,
        /// Guilds that played elsewhere.
        spared: BTreeSet<u64>,
    },
    /// The gateway session was lost.
    Session {
        /// When.
        at_ms: u64,
    },
    /// The bot was killed, and started again.
    Down {
        /// When.
        at_ms: u64,
        /// When it was started.
        up_ms: u64,
    },
    /// A guild died.
    Death {
        /// When.
        at_ms: u64,
        /// Which.
        guild: u64,
        /// Its deaths within the minute before.
        before: u32,
    },
    /// The store was slow or full.
    Store {
        /// From.
        at_ms: u64,
        /// To.
        to_ms: u64,
    },
}

/// A time in which silence is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    from_ms: u64,
    to_ms: u64,
    /// Which guild alone.
    only: Option<u64>,
    spared: BTreeSet<u64>,
    /// In the middle of a track too.
    anywhere: bool,
}

impl Window {
    fn of(&self, guild: u64, at_change: bool) -> bool {
        (at_change || self.anywhere) && self.only.is_none_or(|only| only == guild) && !self.spared.contains(&guild)
    }
}

/// Silence that nothing explains.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Gap {
    pub(super) guild: u64,
    pub(super) from_ms: u64,
    pub(super) to_ms: u64,
    /// Where: at a change of tracks or a beginning, else in the middle of a track.
    pub(super) at_change: bool,
}

impl Gap {
    pub(super) fn length_ms(&self) -> u64 {
        self.to_ms.saturating_sub(self.from_ms)
    }
}

/// The budget of `happened` as a time, unless it has none.
fn window(happened: &Happened, guilds: usize) -> Option<(Window, u64)> {
    let wide = |from_ms: u64, budget_ms: u64, anywhere: bool| Window {
        from_ms,
        to_ms: from_ms.saturating_add(budget_ms),
        only: None,
        spared: BTreeSet::new(),
        anywhere,
    };
    match happened {
        Happened::Node {
            at_ms,
            mute,
            others_out,
            none_until_ms,
            spared,
        } => {
            let budget_ms = match (mute, others_out) {
                (false, 0) => NODE_RESET_MS,
                (true, _) | (false, _) => NODE_MUTE_MS,
            };
            let mut window = wide(*at_ms, budget_ms, true);
            window.spared.clone_from(spared);
            if let Some(until) = none_until_ms {
                window.to_ms = window.to_ms.max(until.saturating_add(NODE_BACK_MS));
            }
            Some((window, budget_ms))
        }
        Happened::Session { at_ms } => {
            let budget_ms = SESSION_MS + REJOIN_MS * guilds as u64;
            Some((wide(*at_ms, budget_ms, true), budget_ms))
        }
        Happened::Down { at_ms, up_ms } => {
            let mut window = wide(*at_ms, 0, false);
            window.to_ms = up_ms.saturating_add(START_MS);
            Some((window, 0))
        }
        Happened::Death { at_ms, guild, before } => {
            let delay_ms = BACK_OFF_MS.saturating_mul(4_u64.saturating_pow(*before));
            let mut window = wide(*at_ms, delay_ms.saturating_add(REVIVE_MS), false);
            window.only = Some(*guild);
            Some((window, 0))
        }
        Happened::Store { .. } => None,
    }
}

/// All windows. What was to be mended when the bot was killed is mended by the next process: its budget begins anew.
fn windows(all: &[Happened], guilds: usize) -> Vec<Window> {
    let downs = all.iter().filter_map(|happened| match happened {
        Happened::Down { at_ms, up_ms } => Some((*at_ms, up_ms.saturating_add(START_MS))),
        Happened::Node { .. } | Happened::Session { .. } | Happened::Death { .. } | Happened::Store { .. } => None,
    });
    let downs: Vec<(u64, u64)> = downs.collect();
    let mut windows = Vec::new();
    for happened in all {
        let Some((mut window, budget_ms)) = window(happened, guilds) else {
            continue;
        };
        if budget_ms > 0 {
            for (down_ms, ready_ms) in &downs {
                if window.from_ms < *ready_ms && *down_ms < window.to_ms {
                    window.to_ms = window.to_ms.max(ready_ms.saturating_add(budget_ms));
                }
            }
        }
        windows.push(window);
    }
    windows
}

/// The gaps of `guild` that nothing explains: a frame long at least.
fn of_guild(guild: u64, stretches: &[Stretch], windows: &[Window], stores: &[(u64, u64)]) -> Vec<Gap> {
    let mut found = Vec::new();
    let mut before: Option<&Kind> = None;
    for stretch in stretches {
        if stretch.kind == Kind::Gap {
            let at_change = matches!(before, Some(Kind::Excused(_)));
            let mine = windows.iter().filter(|window| window.of(guild, at_change));
            let mut holes: Vec<(u64, u64)> = mine.map(|window| (window.from_ms, window.to_ms)).collect();
            let waits = stores
                .iter()
                .any(|(from, to)| stretch.from_ms >= *from && stretch.from_ms <= to + GATE_MS);
            if at_change && waits {
                holes.push((stretch.from_ms, stretch.from_ms + GATE_MS));
            }
            holes.sort_unstable();
            let left = crate::sound::minus(&[(stretch.from_ms, stretch.to_ms)], &holes).into_iter();
            found.extend(
                left.filter(|(from, to)| to - from >= FRAME_MS)
                    .map(|(from_ms, to_ms)| Gap {
                        guild,
                        from_ms,
                        to_ms,
                        at_change,
                    }),
            );
        }
        before = Some(&stretch.kind);
    }
    found
}

/// The gaps of all guilds that nothing explains, the longest first.
pub(super) fn unexcused(sound: &SoundLedger, guilds: &[u64], until_ms: u64, all: &[Happened]) -> Vec<Gap> {
    let windows = windows(all, guilds.len());
    let stores = all.iter().filter_map(|happened| match happened {
        Happened::Store { at_ms, to_ms } => Some((*at_ms, *to_ms)),
        Happened::Node { .. } | Happened::Session { .. } | Happened::Down { .. } | Happened::Death { .. } => None,
    });
    let stores: Vec<(u64, u64)> = stores.collect();
    let of = |guild: &u64| of_guild(*guild, &sound.stretches(*guild, 0, until_ms), &windows, &stores);
    let mut found: Vec<Gap> = guilds.iter().flat_map(of).collect();
    found.sort_by_key(|gap| std::cmp::Reverse(gap.length_ms()));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stretch(from_ms: u64, to_ms: u64, kind: Kind) -> Stretch {
        Stretch { from_ms, to_ms, kind }
    }

    /// A gap from 1 s on, in the middle of a track or at a change.
    fn left(length_ms: u64, at_change: bool, all: &[Happened]) -> u64 {
        let before = if at_change {
            Kind::Excused("between two tracks".into())
        } else {
            Kind::Sound
        };
        let all_stretches = [
            stretch(0, 1_000, before),
            stretch(1_000, 1_000 + length_ms, Kind::Gap),
            stretch(1_000 + length_ms, 90_000, Kind::Sound),
        ];
        let stores: Vec<(u64, u64)> = all
            .iter()
            .filter_map(|it| match it {
                Happened::Store { at_ms, to_ms } => Some((*at_ms, *to_ms)),
                Happened::Node { .. } | Happened::Session { .. } | Happened::Down { .. } | Happened::Death { .. } => {
                    None
                }
            })
            .collect();
        let found = of_guild(5, &all_stretches, &windows(all, 10), &stores);
        found.iter().map(Gap::length_ms).sum()
    }

    fn node(at_ms: u64, mute: bool, spared: &[u64]) -> Happened {
        Happened::Node {
            at_ms,
            mute,
            others_out: 0,
            none_until_ms: None,
            spared: spared.iter().copied().collect(),
        }
    }

    #[test]
    fn a_lost_node_excuses_its_guilds_for_its_budget_and_nobody_else() {
        assert_eq!(left(400, false, &[node(1_000, false, &[])]), 0);
        assert_eq!(left(700, false, &[node(1_000, false, &[])]), 200);
        assert_eq!(
            left(400, false, &[node(1_000, false, &[5])]),
            400,
            "it played elsewhere"
        );
        assert_eq!(left(5_900, false, &[node(1_000, true, &[])]), 0);
        assert_eq!(left(400, false, &[]), 400);
        assert_eq!(left(19, false, &[]), 0, "less than a frame");
    }

    #[test]
    fn in_the_middle_of_a_track_no_kill_and_no_death_is_heard() {
        let down = Happened::Down {
            at_ms: 900,
            up_ms: 1_100,
        };
        let death = Happened::Death {
            at_ms: 990,
            guild: 5,
            before: 1,
        };
        let store = Happened::Store {
            at_ms: 500,
            to_ms: 2_000,
        };
        for (happened, excused) in [(&down, 3_100), (&death, 380), (&store, 250)] {
            let all = std::slice::from_ref(happened);
            assert_eq!(left(300, false, all), 300, "{happened:?}");
            assert_eq!(left(excused, true, all), 0, "{happened:?}");
            assert_eq!(left(excused + 40, true, all), 40, "{happened:?}");
        }
    }

    #[test]
    fn what_a_killed_bot_had_to_mend_its_successor_mends_in_the_same_time() {
        let down = Happened::Down {
            at_ms: 1_100,
            up_ms: 1_400,
        };
        let both = [node(1_000, false, &[]), down];
        // Started at 1.4 s, ready at 4.4 s, mended at 4.9 s.
        assert_eq!(left(3_900, false, &both), 0);
        assert_eq!(left(4_000, false, &both), 100);
    }

    #[test]
    fn a_lost_session_takes_longer_with_more_guilds() {
        let lost = [Happened::Session { at_ms: 1_000 }];
        assert_eq!(left(16_000, false, &lost), 0);
        assert_eq!(left(17_000, false, &lost), 1_000);
    }
}
