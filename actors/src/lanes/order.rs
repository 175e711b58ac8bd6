//! What one guild's audio nodes were told, and what they are told next. Plain data; the lane drives it.

use std::collections::BTreeMap;
use std::sync::Arc;

use ostinato_machine::guild::{PlayerOrder, Report, Seen, Tag, WantedPlayer, WantedTrack, differences};
use ostinato_machine::ids::NodeId;
use ostinato_machine::restart::RestartPolicy;

use crate::ports::{PortError, PortErrorKind};

/// How long an order waits for a node whose session is away before it is tried all the same, ms: its return may have been
/// told before the failure of an order that was under way.
const AWAY_MS: u64 = 1_000;

/// How long an order waits, after a node lost its session, for the fleet to place its guilds anew, ms.
const REPLACE_MS: u64 = 1_000;

/// How often a player that is to go is tried to be deleted.
const DELETE_TRIES: u32 = 6;

/// The audio lane's memory of one guild.
#[derive(Debug, Default)]
pub(super) struct Told {
    told: Option<WantedPlayer>,
    /// Position that was sent or reported last, and when it was true, wall-clock ms.
    heard: Option<(u64, u64)>,
    /// The play that its node said has begun: said again, it means nothing.
    begun: Option<Tag>,
    /// The play that its node said is over: a guild that died of this word must not take it for one that still plays.
    over: Option<Tag>,
    /// The play whose end its node told before any incarnation was there to hear it: the first one takes the player over
    /// as it was, and then hears of the end.
    late: Option<Tag>,
    /// What is wanted; the outer `None` while no incarnation has said so.
    target: Option<Option<WantedPlayer>>,
    /// A wanted player that the node refused for good: repeating it would not help.
    refused: Option<WantedPlayer>,
    /// Nodes that may have a player of ours that is not wanted there.
    strays: BTreeMap<NodeId, Stray>,
    waits: Option<Wait>,
    failures: u32,
    /// Nothing is sent before, ms of the rising clock.
    retry_at_ms: u64,
}

/// A player that is to go.
#[derive(Debug, Default)]
struct Stray {
    tries: u32,
    /// Not tried before, ms of the rising clock.
    not_before_ms: u64,
}

/// A node that nothing is sent to for now.
#[derive(Debug)]
struct Wait {
    node: NodeId,
    /// For this placement alone.
    generation: Option<u64>,
    until_ms: u64,
}

/// What the lane does next.
#[derive(Debug)]
pub(super) enum Step {
    /// Send this.
    Send(Box<Sending>),
    /// Look again in so long, ms.
    Wait(u64),
    /// Nothing differs.
    Nothing,
}

/// An order and the wanted player that it leads to.
#[derive(Debug)]
pub(super) struct Sending {
    pub(super) order: PlayerOrder,
    pub(super) of: Option<WantedPlayer>,
}

impl Step {
    fn send(order: PlayerOrder, of: Option<WantedPlayer>) -> Self {
        Self::Send(Box::new(Sending { order, of }))
    }
}

impl Told {
    pub(super) fn want(&mut self, target: Option<WantedPlayer>) {
        let node = |player: &Option<WantedPlayer>| player.as_ref().map(|player| player.node.clone());
        if self.target.as_ref().map(node) != Some(node(&target)) {
            (self.failures, self.retry_at_ms) = (0, 0);
        }
        if let (Some(told), Some(target)) = (&mut self.told, &target)
            && told.dial > target.dial
        {
            // A guild that was rebuilt counts its voice sessions anew: it did not get another one.
            told.dial = target.dial;
        }
        self.target = Some(target);
    }

    /// What comes next at `wall_ms` and `rising_ms`.
    pub(super) fn next(&mut self, wall_ms: u64, rising_ms: u64) -> Step {
        let Some(target) = &self.target else {
            return Step::Nothing;
        };
        if rising_ms < self.retry_at_ms {
            return Step::Wait(self.retry_at_ms - rising_ms);
        }
        let mut wait_ms = None;
        let order = match target {
            Some(target) if self.refused.as_ref() == Some(target) => None,
            Some(_) | None => differences(self.told.as_ref(), target.as_ref(), wall_ms)
                .into_iter()
                .next(),
        };
        if let Some(order) = order {
            if let Some(node) = self.in_the_way(target.as_ref()) {
                return self.delete(node, rising_ms);
            }
            match self.away(target.as_ref(), node_of(&order), rising_ms) {
                Some(ms) => wait_ms = Some(ms),
                None => return Step::send(order, target.clone()),
            }
        }
        let here = target.as_ref().map(|target| &target.node);
        let strays = self.strays.iter().filter(|(node, _)| Some(*node) != here);
        let stray = strays.min_by_key(|(_, stray)| stray.not_before_ms);
        match (stray.map(|(node, _)| self.delete(node, rising_ms)), wait_ms) {
            (Some(Step::Wait(one)), Some(other)) => Step::Wait(one.min(other)),
            (Some(step), _) => step,
            (None, Some(ms)) => Step::Wait(ms),
            (None, None) => Step::Nothing,
        }
    }

    /// A player of ours whose track nobody knows, where one without a track is wanted: telling it everything would not
    /// stop that track.
    fn in_the_way(&self, target: Option<&WantedPlayer>) -> Option<&NodeId> {
        let target = target.filter(|target| target.track.is_none() && self.told.is_none())?;
        self.strays.get_key_value(&target.node).map(|(node, _)| node)
    }

    fn delete(&self, node: &NodeId, rising_ms: u64) -> Step {
        let not_before_ms = self.strays.get(node).map_or(0, |stray| stray.not_before_ms);
        match not_before_ms.saturating_sub(rising_ms) {
            0 => Step::send(PlayerOrder::Delete { node: node.clone() }, None),
            ms => Step::Wait(ms),
        }
    }

    /// How long nothing is sent to `node` yet.
    fn away(&self, target: Option<&WantedPlayer>, node: &NodeId, rising_ms: u64) -> Option<u64> {
        let wait = self.waits.as_ref().filter(|wait| wait.node == *node)?;
        let meant = wait.generation.is_none() || wait.generation == target.map(|target| target.generation);
        let left_ms = wait.until_ms.saturating_sub(rising_ms);
        (meant && left_ms > 0).then_some(left_ms)
    }

    /// Whether something else should be sent to another node than an order that is in flight.
    pub(super) fn outranks(&self, order: &PlayerOrder, wall_ms: u64) -> bool {
        let Some(target) = &self.target else { return false };
        let next = differences(self.told.as_ref(), target.as_ref(), wall_ms)
            .into_iter()
            .next();
        next.is_some_and(|next| matches!(next, PlayerOrder::Patch { .. }) && node_of(&next) != node_of(order))
    }

    /// An order is not waited for any more: nobody knows what its node made of it.
    pub(super) fn abandon(&mut self, order: &PlayerOrder) {
        self.doubt(node_of(order));
    }

    /// Nobody knows what the node made of an order: it is told everything again, or to forget it.
    fn doubt(&mut self, node: &NodeId) {
        if self.told.as_ref().is_some_and(|told| told.node == *node) {
            (self.told, self.heard) = (None, None);
        }
        self.strays.entry(node.clone()).or_default();
    }

    /// How an order ended. A refusal for good is told as a report for the guild.
    pub(super) fn done(
        &mut self,
        Sending { order, of }: Sending,
        result: Result<(), PortError>,
        (wall_ms, rising_ms): (u64, u64),
        (policy, chance): (&RestartPolicy, u64),
    ) -> Option<Report> {
        let node = node_of(&order);
        let kind = result.as_ref().err().map(|error| error.kind);
        let deleted = matches!(order, PlayerOrder::Delete { .. });
        match (kind, result) {
            (None, _) if deleted => self.gone(node),
            (None, _) => self.obeyed(&order, of, wall_ms),
            (Some(_), _) if deleted => self.stays(node, rising_ms, policy, chance),
            (Some(PortErrorKind::Gone), _) => {
                self.waits = Some(Wait {
                    node: node.clone(),
                    generation: None,
                    until_ms: rising_ms.saturating_add(AWAY_MS),
                });
            }
            (Some(PortErrorKind::Refused), Err(error)) if of.as_ref().is_some_and(|of| of.track.is_some()) => {
                self.refused = of;
                return Some(Report::Refused {
                    tag: tag_of(&order),
                    message: error.message.into(),
                });
            }
            (Some(kind), _) => {
                // Also a node that refuses to stop: nobody is told, and its player goes.
                let doubtful = [PortErrorKind::Timeout, PortErrorKind::Malformed, PortErrorKind::Refused];
                if doubtful.contains(&kind) {
                    self.doubt(node);
                }
                self.retry_at_ms = rising_ms.saturating_add(policy.delay_ms(self.failures, chance));
                self.failures = self.failures.saturating_add(1);
            }
        }
        None
    }

    /// A player could not be deleted. It is tried again a few times; after that its node is gone, or says itself what it
    /// still has when it is back.
    fn stays(&mut self, node: &NodeId, rising_ms: u64, policy: &RestartPolicy, chance: u64) {
        self.doubt(node);
        if let Some(stray) = self.strays.get_mut(node) {
            stray.not_before_ms = rising_ms.saturating_add(policy.delay_ms(stray.tries, chance));
            stray.tries = stray.tries.saturating_add(1);
            if stray.tries >= DELETE_TRIES {
                self.strays.remove(node);
            }
        }
    }

    fn gone(&mut self, node: &NodeId) {
        self.strays.remove(node);
        if self.told.as_ref().is_some_and(|told| told.node == *node) {
            (self.told, self.heard) = (None, None);
        }
    }

    fn obeyed(&mut self, order: &PlayerOrder, of: Option<WantedPlayer>, wall_ms: u64) {
        self.failures = 0;
        self.refused = None;
        let PlayerOrder::Patch { node, position_ms, .. } = order else {
            return;
        };
        self.strays.remove(node);
        if let Some(old) = self.told.take().filter(|told| told.node != *node) {
            self.strays.entry(old.node).or_default();
        }
        if let Some(position_ms) = position_ms {
            self.heard = Some((*position_ms, wall_ms));
        }
        self.told = of;
    }

    /// A node's session is up. `seen`: the player that it has for this guild.
    pub(super) fn node_up(&mut self, node: &NodeId, resumed: bool, seen: Option<&Seen>, rising_ms: u64) {
        self.waits.take_if(|wait| wait.node == *node);
        let mine = self.told.as_ref().is_some_and(|told| told.node == *node);
        self.strays.remove(node);
        if mine {
            (self.told, self.heard) = (None, None);
            self.retry_at_ms = 0;
        }
        let Some(seen) = seen else {
            let generation = self.target.iter().flatten().find(|target| target.node == *node);
            if let Some(target) = generation.filter(|_| !resumed) {
                self.waits = Some(Wait {
                    node: node.clone(),
                    generation: Some(target.generation),
                    until_ms: rising_ms.saturating_add(REPLACE_MS),
                });
            }
            return;
        };
        let younger = |told: &WantedPlayer| told.generation > seen.tag.map_or(0, |tag| tag.generation);
        match WantedPlayer::from_seen(seen) {
            Some(there) if !self.told.as_ref().is_some_and(younger) => {
                if let Some(old) = self.told.replace(there) {
                    self.strays.entry(old.node).or_default();
                }
                self.heard = Some((seen.position_ms, seen.at_ms));
            }
            // Of two players the younger stays; one without voice is told everything, or deleted.
            Some(_) | None => {
                self.strays.entry(node.clone()).or_default();
            }
        }
    }

    /// A new incarnation was told of the player.
    pub(super) fn restart(&mut self) {
        self.late = None;
    }

    /// A track ended while no process was there: its node has told of a player without one.
    fn ended_unheard(&mut self, node: &NodeId, report: &Report) {
        let nobody = self.target.is_none();
        let told = self
            .told
            .as_mut()
            .filter(|told| nobody && told.node == *node && told.track.is_none());
        if let (Some(told), Report::Ended { tag, .. }) = (told, report) {
            told.generation = tag.generation;
            told.track = Some(WantedTrack {
                tag: *tag,
                encoded: Arc::default(),
                position_ms: 0,
                runs_since_ms: None,
            });
            (self.over, self.late) = (Some(*tag), Some(*tag));
        }
    }

    /// A node says something about the player.
    pub(super) fn heard(&mut self, node: &NodeId, report: &Report, now_ms: u64) {
        self.ended_unheard(node, report);
        let Some(told) = self.told.as_ref().filter(|told| told.node == *node) else {
            return;
        };
        let track = told.track.as_ref();
        let same = |tag: &Tag| track.is_some_and(|track| track.tag.same_play(tag));
        match report {
            Report::Update {
                position_ms,
                at_ms,
                connected: true,
            } if track.is_some() => self.heard = Some((*position_ms, *at_ms)),
            Report::Started { tag } if same(tag) && self.begun != Some(*tag) => {
                self.begun = Some(*tag);
                let position_ms = self.heard.map_or(0, |(position_ms, _)| position_ms);
                self.heard = Some((position_ms, now_ms));
            }
            Report::Ended { tag, .. } if same(tag) => self.over = Some(*tag),
            Report::Whole(_)
            | Report::Update { .. }
            | Report::Started { .. }
            | Report::Ended { .. }
            | Report::Failed { .. }
            | Report::Stuck { .. }
            | Report::VoiceClosed { .. }
            | Report::Refused { .. }
            | Report::Missing => {}
        }
    }

    /// The player as its node would report it.
    pub(super) fn seen(&self) -> Option<Seen> {
        let told = self.told.as_ref()?;
        let (position_ms, at_ms) = self.heard.unwrap_or_default();
        let over = |tag: &Tag| self.late.is_none() && self.over.as_ref().is_some_and(|over| over.same_play(tag));
        Some(Seen {
            node: told.node.clone(),
            tag: told.track.as_ref().map(|track| track.tag).filter(|tag| !over(tag)),
            position_ms,
            at_ms,
            paused: told.paused,
            volume: told.volume,
            voice: Some(told.voice.clone()),
            connected: true,
        })
    }

    pub(super) fn wanted(&self) -> Option<&WantedPlayer> {
        self.target.as_ref()?.as_ref()
    }

    pub(super) fn is_idle(&self) -> bool {
        self.told.is_none() && self.strays.is_empty() && self.target.as_ref().is_none_or(Option::is_none)
    }
}

pub(super) fn node_of(order: &PlayerOrder) -> &NodeId {
    match order {
        PlayerOrder::Patch { node, .. } | PlayerOrder::Delete { node } => node,
    }
}

/// The track that an order is about.
fn tag_of(order: &PlayerOrder) -> Option<Tag> {
    match order {
        PlayerOrder::Patch { track, tag, .. } => track.iter().flatten().map(|track| track.tag).next().or(*tag),
        PlayerOrder::Delete { .. } => None,
    }
}

#[cfg(test)]
mod tests;
