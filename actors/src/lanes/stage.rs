//! Stages: asks once to be heard where the bot was sent to the audience.

use std::rc::Rc;

use ostinato_machine::ids::{ChannelId, GuildId};

use super::respond;
use crate::station::Station;

/// Asks in the background: whether it is let speak is told by its voice state.
pub(super) fn ask(station: &Rc<Station>, guild: GuildId, channel: ChannelId) {
    let here = Rc::clone(station);
    station.spawn(async move {
        let result = respond::repeat(&here, None, || here.ports.discord.speak(guild, channel)).await;
        if let Err(error) = result {
            tracing::info!(%guild, %error, "the bot could not ask to be heard on a stage");
        }
    });
}
