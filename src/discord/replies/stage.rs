//! Being heard on a stage.

use ostinato_actors::ports::{PortErrorKind, Work};
use ostinato_machine::ids::{ChannelId, GuildId};
use serde::Serialize;
use serenity::model::Timestamp;
use tokio::time::Instant;

use super::bodies::json;
use super::{Operation, Replies};

/// A change of the bot's own voice state.
#[derive(Serialize)]
struct Change {
    channel_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    suppress: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_to_speak_timestamp: Option<String>,
}

impl Replies {
    /// Speaks at once where the bot moderates the stage, and raises its hand where it does not.
    pub(super) fn ask_to_speak(&self, guild: GuildId, channel: ChannelId) -> Work<()> {
        let rest = self.rest.clone();
        let seconds = i64::try_from(self.clock.now_ms() / 1_000).unwrap_or(0);
        let within = rest.settings().call;
        Box::pin(async move {
            let until = Instant::now() + within;
            let channel_id = channel.to_string();
            let speak = Change {
                channel_id: channel_id.clone(),
                suppress: Some(false),
                request_to_speak_timestamp: None,
            };
            match rest
                .call_until(Operation::Speak { guild }, Some(json(&speak)?), until)
                .await
            {
                Err(error) if error.kind == PortErrorKind::Refused => {}
                other => return other.map(|_| ()),
            }
            let hand = Change {
                channel_id,
                suppress: None,
                request_to_speak_timestamp: Timestamp::from_unix_timestamp(seconds).ok().map(|at| at.to_string()),
            };
            rest.call_until(Operation::RaiseHand { guild }, Some(json(&hand)?), until)
                .await
                .map(|_| ())
        })
    }
}
