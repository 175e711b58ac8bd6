//! What operators ordered.

use std::sync::Arc;

use ostinato_machine::ids::GuildId;

use super::{Chronicle, Death, Ordered, keep};
use crate::ports::Told;

/// The outcome of an order that was done.
pub const DONE: &str = "done";

impl Ordered {
    /// Whether it was done.
    pub fn is_done(&self) -> bool {
        self.outcome == DONE
    }
}

impl Chronicle {
    /// Keeps what an operator ordered.
    pub fn ordered(&self, ordered: Ordered) {
        let ordered = Arc::new(ordered);
        keep(&mut self.rings().orders, Arc::clone(&ordered));
        self.outbox.put(Told::Order(ordered));
    }

    /// The newest orders, newest first.
    pub fn orders(&self) -> Vec<Arc<Ordered>> {
        self.rings().orders.iter().rev().cloned().collect()
    }

    /// The newest faults that were ordered in one guild, newest first, each with what it died of from then until the next
    /// one, oldest first. Deaths by another cause are among them: who ordered a fault is who can tell.
    pub fn drills(&self, guild: GuildId) -> Vec<(Arc<Ordered>, Vec<Arc<Death>>)> {
        let rings = self.rings();
        let here = |ordered: &&Arc<Ordered>| ordered.guild == Some(guild) && ordered.fault.is_some();
        let mut until_ms = u64::MAX;
        let drills = rings.orders.iter().rev().filter(here).map(|ordered| {
            // Nobody dies of what was not done.
            let since = if ordered.is_done() {
                ordered.at_ms..until_ms
            } else {
                0..0
            };
            if ordered.is_done() {
                until_ms = ordered.at_ms;
            }
            let deaths = rings.deaths.iter().filter(|death| death.guild == guild);
            let deaths = deaths.filter(|death| since.contains(&death.at_ms)).cloned();
            (Arc::clone(ordered), deaths.collect())
        });
        drills.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::death;
    use super::*;

    #[test]
    fn a_drill_is_told_with_what_died_of_it() {
        let chronicle = Chronicle::default();
        let order = |at_ms, guild: Option<u64>, outcome: &str| Ordered {
            at_ms,
            who: "1".into(),
            why: String::new(),
            what: "something".into(),
            reference: format!("o{at_ms}").into(),
            outcome: outcome.into(),
            guild: guild.map(GuildId),
            fault: guild.map(|_| "panic".into()),
        };
        let dies = |at_ms, guild| {
            chronicle.died(Death {
                at_ms,
                ..death(guild, "a.rs:1")
            });
        };
        dies(5, 7);
        for (at_ms, guild) in [(10, Some(7)), (20, None), (30, Some(8)), (40, Some(7))] {
            chronicle.ordered(order(at_ms, guild, DONE));
        }
        chronicle.ordered(order(41, Some(7), "not done"));
        for (at_ms, guild) in [(10, 7), (39, 7), (40, 8), (41, 7)] {
            dies(at_ms, guild);
        }
        let told: Vec<(u64, Vec<u64>)> = chronicle
            .drills(GuildId(7))
            .into_iter()
            .map(|(drill, deaths)| (drill.at_ms, deaths.iter().map(|death| death.at_ms).collect()))
            .collect();
        assert_eq!(told, [(41, vec![]), (40, vec![41]), (10, vec![10, 39])]);
        assert_eq!(chronicle.drills(GuildId(9)).len(), 0);
    }
}
