//! The card of what plays: a message of the bot's own, posted and edited with its token, so that it never runs out.

use std::time::Duration;

use ostinato_actors::ports::{CardOrder, PortError, PortErrorKind, Work};
use ostinato_machine::guild::Say;
use ostinato_machine::ids::ChannelId;
use serde::Deserialize;
use serenity::builder::{CreateMessage, EditMessage};
use serenity::model::channel::{MessageFlags, Nonce};
use tokio::time::Instant;

use super::bodies::{embed, json, nobody, rows};
use super::{Message, Operation, Replies, say};

/// Longest wait for a permit.
const PERMIT: Duration = Duration::from_secs(2);

/// What is read of a message: that it is there.
#[derive(Deserialize)]
struct Posted {
    id: Box<str>,
}

impl Replies {
    /// Does something with a card; says which message it is.
    pub(super) fn write_card(&self, channel: ChannelId, order: CardOrder) -> Work<u64> {
        let shown = |what: &Say| say(what, self.moment());
        let now = |view| shown(&Say::NowPlaying(Box::new(view)));
        let (message, operation, body) = match order {
            CardOrder::Post { nonce, view } => (None, Operation::Post { channel }, Some(post(&now(view), nonce))),
            CardOrder::Edit { message, view } => (
                Some(message),
                Operation::EditMessage { channel, message },
                Some(edit(&now(view))),
            ),
            CardOrder::End { message } => (
                Some(message),
                Operation::EditMessage { channel, message },
                Some(edit(&shown(&Say::Pressed(None)))),
            ),
            CardOrder::Delete { message } => (Some(message), Operation::DeleteMessage { channel, message }, None),
        };
        let (rest, permits) = (self.rest.clone(), self.rest.settings().permits.clone());
        let within = self.rest.settings().call;
        Box::pin(async move {
            let body = body.transpose()?;
            if !permits.take_card(PERMIT.min(within)).await {
                let why = "too many cards are changed at once";
                return Err(PortError::new(PortErrorKind::Overloaded, why));
            }
            let answer = rest.call_until(operation, body, Instant::now() + within).await?;
            match message {
                Some(message) => Ok(message),
                None => posted(&answer),
            }
        })
    }

    /// How many messages of `channel` are newer than `message`, at most `most`.
    pub(super) fn count_newer(&self, channel: ChannelId, message: u64, most: u8) -> Work<u8> {
        let rest = self.rest.clone();
        let limit = most.clamp(1, 100);
        Box::pin(async move {
            let operation = Operation::MessagesAfter {
                channel,
                message,
                limit,
            };
            let newer = rest.read::<Vec<Posted>>(operation).await?;
            Ok(u8::try_from(newer.len()).unwrap_or(u8::MAX).min(most))
        })
    }
}

fn posted(answer: &[u8]) -> Result<u64, PortError> {
    let read: Option<Posted> = serde_json::from_slice(answer).ok();
    read.and_then(|posted| posted.id.parse().ok())
        .ok_or_else(|| PortError::new(PortErrorKind::Malformed, "a posted message without an id"))
}

/// Posting it rings nobody's phone.
fn post(message: &Message, nonce: String) -> Result<Vec<u8>, PortError> {
    let body = CreateMessage::new()
        .embeds(message.card.iter().map(embed).collect())
        .components(rows(message))
        .allowed_mentions(nobody())
        .flags(MessageFlags::SUPPRESS_NOTIFICATIONS)
        .nonce(Nonce::String(nonce))
        .enforce_nonce(true);
    json(&body)
}

/// All parts, always: what is not named would stay.
fn edit(message: &Message) -> Result<Vec<u8>, PortError> {
    let body = EditMessage::new()
        .content(&message.text)
        .embeds(message.card.iter().map(embed).collect())
        .components(rows(message))
        .allowed_mentions(nobody());
    json(&body)
}
