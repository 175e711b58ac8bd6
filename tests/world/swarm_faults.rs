//! What can go wrong in a swarm, and the rare states that a swarm must have met.

use std::collections::BTreeMap;

use ostinato_actors::world::{BEGIN_MS, Note, World};
use ostinato_machine::guild::{Input, Stamped};
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
    Ordered,
    Flooded,
    AnotherOwner,
    DieTogether,
    DieAsleep,
    DieWaking,
    DieAsking,
    Kill,
    Stop,
}

pub(crate) const FAULTS: [Fault; 31] = [
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
    Fault::Ordered,
    Fault::Flooded,
    Fault::AnotherOwner,
    Fault::DieTogether,
    Fault::DieAsleep,
    Fault::DieWaking,
    Fault::DieAsking,
    Fault::Kill,
    Fault::Stop,
];

/// A node that is lost so soon after another one is lost while its guilds are being moved, ms.
const FAILOVER_MS: u64 = 2_000;

/// Rare states that the swarms together must have met.
pub(crate) const MARKS: [&str; 11] = [
    "alarm raised",
    "cold rung",
    "crash during back-off",
    "crash while loading",
    "crash while passivating",
    "drain during back-off",
    "full inbox during back-off",
    "late completion after restart",
    "node lost during failover",
    "ownership lost while saving",
    "poison as first input",
];

/// Rare states that swarms met, and how often.
#[derive(Default)]
pub(crate) struct Marks {
    pub(crate) met: BTreeMap<&'static str, usize>,
    node_lost_ms: Option<u64>,
    /// The incarnations of each guild that were seen, and when first, virtual ms.
    lives: BTreeMap<GuildId, Vec<(u64, u64)>>,
}

impl Marks {
    pub(crate) fn meet(&mut self, mark: &'static str) {
        *self.met.entry(mark).or_default() += 1;
    }

    /// A fault is about to strike.
    pub(crate) fn strikes(&mut self, fault: Fault, world: &World, guilds: &[GuildId]) {
        let any = |phase: Phase| guilds.iter().any(|guild| world.phase(*guild) == phase);
        if matches!(fault, Fault::Kill | Fault::ShardDies) && any(Phase::Loading) {
            self.meet("crash while loading");
        }
        if matches!(fault, Fault::Kill | Fault::ShardDies) && any(Phase::Passivating) {
            self.meet("crash while passivating");
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
            let notes: Vec<_> = noted.iter().filter(|noted| noted.guild == *guild).collect();
            for pair in notes.windows(2) {
                match (pair[0].note, pair[1].note) {
                    (Note::Started, Note::Died) => self.meet("poison as first input"),
                    (Note::Parked, Note::Started) => self.meet("cold rung"),
                    _ => {}
                }
            }
            let of = |note| notes.iter().filter(move |noted| noted.note == note);
            of(Note::Alarm).for_each(|_| self.meet("alarm raised"));
            for heard in world.inputs(*guild) {
                self.completes(*guild, &heard);
            }
        }
    }

    /// Who lives now. To be asked often.
    pub(crate) fn lives(&mut self, world: &World, guilds: &[GuildId]) {
        for guild in guilds {
            let Some(incarnation) = world.incarnation(*guild) else {
                continue;
            };
            let lives = self.lives.entry(*guild).or_default();
            if lives.last().is_none_or(|(_, last)| *last != incarnation) {
                lives.push((world.now_ms(), incarnation));
            }
        }
    }

    /// An answer to a question that an incarnation had asked which is no more.
    fn completes(&mut self, guild: GuildId, heard: &Stamped) {
        let Input::Done { ticket, .. } = &heard.input else {
            return;
        };
        let at_ms = heard.at_ms.saturating_sub(BEGIN_MS);
        let lives = self.lives.get(&guild).into_iter().flatten();
        let later = |(began_ms, incarnation): &(u64, u64)| *began_ms <= at_ms && *incarnation > ticket.incarnation;
        if lives.into_iter().any(later) {
            self.meet("late completion after restart");
        }
    }
}
