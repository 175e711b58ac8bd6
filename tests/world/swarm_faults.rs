//! What can go wrong in a swarm, and the rare states that a swarm must have met.

use std::collections::BTreeMap;

use ostinato_actors::world::{Note, World};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::Phase;

/// What can go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    DieDeciding,
    DieApplying,
    DieTooOften,
    ShardDies,
    OrderGone,
    OrderUnheard,
    OrderUnanswered,
    OrderRefused,
    SearchSlow,
    RestDown,
    RestSlow,
    Duplicates,
    NodeDies,
    NodeBlinks,
    NodeForgets,
    StoreDown,
    StoreSlow,
    StoreSilent,
    GatewayDrops,
    GatewayForgets,
    VoiceDeaf,
    BotMoved,
    Kill,
    Stop,
}

pub(crate) const FAULTS: [Fault; 24] = [
    Fault::DieDeciding,
    Fault::DieApplying,
    Fault::DieTooOften,
    Fault::ShardDies,
    Fault::OrderGone,
    Fault::OrderUnheard,
    Fault::OrderUnanswered,
    Fault::OrderRefused,
    Fault::SearchSlow,
    Fault::RestDown,
    Fault::RestSlow,
    Fault::Duplicates,
    Fault::NodeDies,
    Fault::NodeBlinks,
    Fault::NodeForgets,
    Fault::StoreDown,
    Fault::StoreSlow,
    Fault::StoreSilent,
    Fault::GatewayDrops,
    Fault::GatewayForgets,
    Fault::VoiceDeaf,
    Fault::BotMoved,
    Fault::Kill,
    Fault::Stop,
];

/// A node that is lost so soon after another one is lost while its guilds are being moved, ms.
const FAILOVER_MS: u64 = 2_000;

/// Rare states that the swarms together must have met.
pub(crate) const MARKS: [&str; 6] = [
    "cold rung",
    "crash during back-off",
    "crash while loading",
    "drain during back-off",
    "node lost during failover",
    "poison as first input",
];

/// Rare states that swarms met, and how often.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) met: BTreeMap<&'static str, usize>,
    node_lost_ms: Option<u64>,
}

impl Marks {
    fn meet(&mut self, mark: &'static str) {
        *self.met.entry(mark).or_default() += 1;
    }

    /// A fault is about to strike.
    pub(crate) fn strikes(&mut self, fault: Fault, world: &World, guilds: &[GuildId]) {
        let any = |phase: Phase| guilds.iter().any(|guild| world.phase(*guild) == phase);
        if matches!(fault, Fault::Kill | Fault::ShardDies) && any(Phase::Loading) {
            self.meet("crash while loading");
        }
        if fault == Fault::Stop && any(Phase::BackingOff) {
            self.meet("drain during back-off");
        }
        if fault == Fault::Kill && any(Phase::BackingOff) {
            self.meet("crash during back-off");
        }
        if matches!(fault, Fault::NodeDies | Fault::NodeForgets) {
            let now_ms = world.now_ms();
            let soon = self.node_lost_ms.is_some_and(|at_ms| now_ms - at_ms < FAILOVER_MS);
            if soon {
                self.meet("node lost during failover");
            }
            self.node_lost_ms = Some(now_ms);
        }
    }

    /// What the whole story tells.
    pub(crate) fn read(&mut self, world: &World, guilds: &[GuildId]) {
        let noted = world.noted();
        for guild in guilds {
            let mut notes = Vec::new();
            notes.extend(
                noted
                    .iter()
                    .filter(|noted| noted.guild == *guild)
                    .map(|noted| noted.note),
            );
            for pair in notes.windows(2) {
                match pair {
                    [Note::Started, Note::Died] => self.meet("poison as first input"),
                    [Note::Parked, Note::Started] => self.meet("cold rung"),
                    _ => {}
                }
            }
        }
    }
}
