//! Silences that people hear and nobody asked for, as far as audio nodes tell of them: from the loss of what made the
//! sound until a node plays again.

use ostinato_machine::guild::{Report, Seen};
use ostinato_machine::ids::NodeId;

use super::{Lane, Lanes};
use crate::chronicle::{Gap, GapCause};
use crate::shard::Shard;
use crate::station::Station;

/// What was heard of one guild.
#[derive(Debug, Default)]
pub(super) struct Sound {
    /// The node that plays.
    from: Option<NodeId>,
    /// Since when nothing is heard although something should be, ms of the rising clock, and why.
    silent: Option<(u64, GapCause)>,
}

impl Sound {
    /// Silence is what is wanted.
    pub(super) fn is_unwanted(&mut self) {
        self.silent = None;
    }

    /// A node's session is up, with this player for the guild.
    pub(super) fn node_up(&mut self, node: &NodeId, seen: Option<&Seen>) {
        let plays = seen.is_some_and(|seen| seen.tag.is_some());
        if plays {
            self.from = Some(node.clone());
        } else if self.from.as_ref() == Some(node) {
            self.from = None;
        }
    }

    /// What played there plays no more. A silence within a silence is one.
    fn fall_silent(&mut self, now_ms: u64, cause: GapCause) {
        if self.from.is_some() {
            self.silent.get_or_insert((now_ms, cause));
        }
    }

    /// What a node says. Tells a silence that is over.
    fn hear(&mut self, node: &NodeId, report: &Report, now_ms: u64) -> Option<(u64, GapCause)> {
        let plays = match report {
            Report::Started { .. } => {
                self.from = Some(node.clone());
                true
            }
            Report::Update { connected, .. } => *connected && self.from.as_ref() == Some(node),
            Report::Ended { .. } => {
                if self.from.as_ref() == Some(node) && self.silent.is_none() {
                    self.from = None;
                }
                false
            }
            Report::VoiceClosed { .. } => {
                if self.from.as_ref() == Some(node) {
                    self.fall_silent(now_ms, GapCause::Voice);
                }
                false
            }
            Report::Whole(_)
            | Report::Failed { .. }
            | Report::Stuck { .. }
            | Report::Refused { .. }
            | Report::Missing => false,
        };
        self.silent.take_if(|_| plays)
    }
}

impl Lane {
    /// Whether a track is to sound.
    fn should_sound(&self) -> bool {
        let audio = self.audio.borrow();
        audio
            .wanted()
            .is_some_and(|wanted| wanted.track.is_some() && !wanted.paused)
    }
}

impl Lanes {
    /// A node is lost for a shard: what played there is silent from now on.
    pub(crate) fn node_lost(&self, station: &Station, shard: &Shard, node: &NodeId) {
        self.fall_silent(station, shard, GapCause::Node, |sound| {
            sound.from.as_ref() == Some(node)
        });
    }

    /// Every voice session of a shard is gone.
    pub(crate) fn voices_lost(&self, station: &Station, shard: &Shard) {
        self.fall_silent(station, shard, GapCause::Gateway, |_| true);
    }

    fn fall_silent(&self, station: &Station, shard: &Shard, cause: GapCause, whose: impl Fn(&Sound) -> bool) {
        let now_ms = station.ports.clock.monotonic_ms();
        for lane in self.guilds.borrow().values() {
            let mut sound = lane.sound.borrow_mut();
            if lane.shard.id == shard.id && lane.should_sound() && whose(&sound) {
                sound.fall_silent(now_ms, cause);
            }
        }
    }

    /// A node said something of a guild's player.
    pub(super) fn listen(station: &Station, lane: &Lane, node: &NodeId, report: &Report) {
        let now_ms = station.ports.clock.monotonic_ms();
        let mut sound = lane.sound.borrow_mut();
        let over = sound.hear(node, report, now_ms);
        if !lane.should_sound() {
            return sound.is_unwanted();
        }
        let Some((since_ms, cause)) = over else { return };
        station.chronicle.gap(Gap {
            at_ms: station.ports.clock.now_ms(),
            guild: lane.guild,
            cause,
            ms: now_ms.saturating_sub(since_ms),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn update(connected: bool) -> Report {
        Report::Update {
            position_ms: 0,
            at_ms: 0,
            connected,
        }
    }

    #[test]
    fn a_silence_lasts_from_the_loss_until_a_node_plays() {
        let (one, other) = (NodeId::new("n1"), NodeId::new("n2"));
        let started = Report::Started {
            tag: ostinato_machine::guild::Tag {
                entry: ostinato_machine::ids::EntryId(1),
                play: 1,
                seek: 0,
                generation: 1,
            },
        };
        let mut sound = Sound::default();
        sound.fall_silent(5, GapCause::Node);
        assert_eq!(
            sound.hear(&one, &started, 10),
            None,
            "what never sounded has not fallen silent"
        );
        sound.fall_silent(100, GapCause::Node);
        sound.fall_silent(120, GapCause::Gateway);
        assert_eq!(
            sound.hear(&other, &update(true), 150),
            None,
            "another node's word is no sound"
        );
        assert_eq!(sound.hear(&other, &started, 180), Some((100, GapCause::Node)));
        let closed = Report::VoiceClosed {
            code: 4006,
            by_remote: true,
        };
        assert_eq!(sound.hear(&one, &closed, 200), None, "it plays elsewhere");
        assert_eq!(sound.hear(&other, &closed, 210), None);
        assert_eq!(sound.hear(&other, &update(false), 220), None);
        assert_eq!(sound.hear(&other, &update(true), 260), Some((210, GapCause::Voice)));
        sound.fall_silent(300, GapCause::Node);
        sound.is_unwanted();
        assert_eq!(sound.hear(&one, &started, 400), None);
    }
}
