//! Notices in text channels: what listeners should know although nobody asked.

use std::cell::Cell;
use std::rc::Rc;

use ostinato_machine::guild::Say;
use ostinato_machine::ids::{ChannelId, GuildId};

use super::respond;
use crate::station::Station;

/// Notices that may be on their way at once on one arbiter; more of them say nothing that is still true.
const MOST: usize = 1_024;

/// The notices on their way.
#[derive(Default)]
pub(super) struct Notices(Rc<Cell<usize>>);

impl Notices {
    pub(super) fn post(&self, station: &Rc<Station>, guild: GuildId, channel: ChannelId, say: Say) {
        if self.0.get() >= MOST {
            tracing::warn!(%guild, "too many notices wait; one was dropped");
            return;
        }
        let place = Place::take(&self.0);
        let here = Rc::clone(station);
        station.spawn(async move {
            let discord = &here.ports.discord;
            let result = respond::repeat(&here, None, || discord.post(guild, channel, say.clone())).await;
            if let Err(error) = result {
                tracing::info!(%guild, %error, "a notice could not be posted");
            }
            drop(place);
        });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.get() == 0
    }
}

/// One notice on its way, counted until it is dropped.
struct Place(Rc<Cell<usize>>);

impl Place {
    fn take(count: &Rc<Cell<usize>>) -> Self {
        count.set(count.get().saturating_add(1));
        Self(Rc::clone(count))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.set(self.0.get().saturating_sub(1));
    }
}
