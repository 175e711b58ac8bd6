//! What an operator orders of a guild.

use std::sync::Arc;

use ostinato_machine::guild::Guild;
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::{NotNow, SlotInput, SlotOrder};

use super::ShardActor;

impl ShardActor {
    /// Does an order, or says why not.
    pub(super) fn order(&self, guild: GuildId, order: SlotOrder, reference: Arc<str>) -> Result<(), NotNow> {
        if order == SlotOrder::Passivate && !self.rests(guild) {
            return Err(NotNow::Busy);
        }
        let mut out = Vec::new();
        let now = self.station.now();
        let settings = &self.station.settings;
        let done = self
            .shard
            .table
            .borrow_mut()
            .order(guild, now, settings, (order, reference), &mut out);
        self.carry_out(guild, out, None);
        done
    }

    /// Whether nothing is wanted of the guild. One that has no actor rests, too.
    fn rests(&self, guild: GuildId) -> bool {
        let mut table = self.shard.table.borrow_mut();
        let entry = table.entry(guild);
        entry.address.is_none() || entry.rests_since_ms.is_some()
    }

    /// An actor ended as it was told.
    pub(super) fn yielded(&self, guild: GuildId, incarnation: u64, value: Option<Box<Guild>>) {
        let keep = value.is_some();
        {
            let mut table = self.shard.table.borrow_mut();
            let entry = table.entry(guild);
            if entry.slot.incarnation() == Some(incarnation) {
                entry.leave(value);
            }
        }
        self.step(guild, SlotInput::Yielded { incarnation, keep }, None);
    }
}
