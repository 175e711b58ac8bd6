//! What is heard of the players of the world, and when their tracks are over.

use std::rc::Rc;

use ostinato_machine::ids::{GuildId, NodeId, ShardId};

use super::audio::FakeAudio;
use crate::ports::{AudioEvent, Clock as _};
use crate::station::sleep_ms;

impl FakeAudio {
    /// Looks anew at what a guild hears, and foresees the end of its tracks.
    pub(super) fn settle(self: &Rc<Self>, guild: GuildId) {
        let now_ms = self.now_ms();
        let mut ends = Vec::new();
        for (id, node) in self.nodes.borrow_mut().iter_mut() {
            for (shard, session) in &mut node.sessions {
                let Some(player) = session.players.get_mut(&guild) else {
                    continue;
                };
                let audible = player.voice().is_some_and(|voice| self.discord.holds(guild, voice));
                let sounds = &mut self.sounds.borrow_mut();
                if let Some(left_ms) = player.settle((guild, id), audible, now_ms, sounds) {
                    ends.push((id.clone(), *shard, player.turn, left_ms));
                }
            }
        }
        for (id, shard, turn, left_ms) in ends {
            let here = Rc::clone(self);
            actix_rt::spawn(async move {
                sleep_ms(left_ms).await;
                here.finish(&id, shard, guild, turn);
            });
        }
    }

    fn finish(self: &Rc<Self>, node: &NodeId, shard: ShardId, guild: GuildId, turn: u64) {
        let now_ms = self.now_ms();
        let report = self.with(node, shard, |session| {
            let player = session.players.get_mut(&guild).filter(|player| player.turn == turn)?;
            player.settle((guild, node), false, now_ms, &mut self.sounds.borrow_mut());
            player.finish()
        });
        if let Some(report) = report.flatten() {
            self.report(node, shard, guild, report);
        }
    }

    pub(super) fn update(&self) {
        let (now_ms, wall_ms) = (self.now_ms(), self.clock.now_ms());
        let mut said = Vec::new();
        for (id, node) in self.nodes.borrow().iter() {
            for (shard, session) in node.sessions.iter().filter(|(_, session)| session.heard) {
                let updates = session.players.iter();
                let updates = updates.filter_map(|(guild, player)| Some((*guild, player.update(now_ms, wall_ms)?)));
                said.extend(updates.map(|(guild, report)| (id.clone(), *shard, guild, report)));
            }
        }
        for (node, shard, guild, report) in said {
            let event = AudioEvent::Guild {
                node: node.clone(),
                guild,
                report,
            };
            self.say_to(&node, shard, event);
        }
    }
}
