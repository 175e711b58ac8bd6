//! From a frame's text to what it means: inputs of guilds, news of the shard, interactions.
//!
//! A frame's name is read before anything else ([`sniff`]), so that what is not used costs next to nothing; of the rest
//! only `d` is read, into small structs that tolerate missing, `null` and unknown fields. What makes no sense is an
//! error value that quotes nothing of the frame, because frames carry tokens.

mod guild;
mod interaction;
mod lenient;
mod message;
mod sniff;
mod voice;

#[cfg(test)]
mod hostile_tests;
#[cfg(test)]
mod tests;

use ostinato_actors::ports::GatewayEvent;
use ostinato_machine::ids::{GuildId, UserId};
use serde::Deserialize;

use super::interaction::Interaction;
use super::written::Written;

pub(crate) use sniff::{Envelope, sniff};

/// What a dispatch means.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Decoded {
    /// A new session.
    Ready {
        /// The bot's user.
        user: Option<UserId>,
        /// Guilds of the shard.
        guilds: Vec<GuildId>,
    },
    /// The old session goes on.
    Resumed,
    /// Something to hand over as it is.
    Event(GatewayEvent),
    /// An interaction.
    Interaction(Interaction),
    /// A message of a person.
    Written(Written),
    /// Nothing that anybody here uses.
    Ignored,
}

/// A dispatch whose data makes no sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{event} makes no sense: {what}")]
pub(crate) struct Malformed {
    /// Name of the event.
    pub(crate) event: &'static str,
    pub(crate) what: &'static str,
}

/// Reads the data of a dispatch. `own` is the bot's user, `now_ms` the wall-clock time of arrival.
pub(crate) fn decode(name: &str, data: &str, own: UserId, now_ms: u64) -> Result<Decoded, Malformed> {
    match name {
        "VOICE_STATE_UPDATE" => voice::state(data, own),
        "MESSAGE_CREATE" => message::create(data, now_ms),
        "INTERACTION_CREATE" => interaction::interaction(data, now_ms),
        "VOICE_SERVER_UPDATE" => voice::server(data),
        "GUILD_CREATE" => guild::create(data, own),
        "GUILD_UPDATE" => guild::update(data),
        "CHANNEL_DELETE" => guild::channel_gone(data),
        "GUILD_DELETE" => guild::delete(data),
        "READY" => guild::ready(data),
        "RESUMED" => Ok(Decoded::Resumed),
        _ => Ok(Decoded::Ignored),
    }
}

/// Reads one value and leaves what stands behind it.
fn read<'a, T: Deserialize<'a>>(event: &'static str, data: &'a str) -> Result<T, Malformed> {
    T::deserialize(&mut serde_json::Deserializer::from_str(data)).map_err(|error| Malformed {
        event,
        what: match error.classify() {
            serde_json::error::Category::Data => "a field is of the wrong kind",
            serde_json::error::Category::Eof => "it is cut off",
            serde_json::error::Category::Io | serde_json::error::Category::Syntax => "it is no JSON",
        },
    })
}

/// What must be there.
fn needed<T>(event: &'static str, what: &'static str, value: Option<T>) -> Result<T, Malformed> {
    value.ok_or(Malformed { event, what })
}
