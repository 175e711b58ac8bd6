//! What an answer is beside the interaction's own calls: messages that are commands get theirs beside the message, for
//! everybody in the channel; and what another process has answered is looked up before anything is said over it.

use ostinato_actors::ports::{PortErrorKind, Shows, Work};
use ostinato_machine::ids::{ChannelId, ReplyTo, Via};
use serde::Deserialize;
use serenity::builder::CreateMessage;
use serenity::model::channel::{MessageFlags, MessageReference, MessageReferenceKind, Nonce};
use serenity::model::id::{ChannelId as PlaceId, MessageId};
use tokio::time::Instant;

use super::bodies::{embed, json, nobody, rows};
use super::{Message, Operation, Outcome, Replies, gone, no_interaction, send};

impl Replies {
    /// The answer to the message of `reply`. The nonce is the message's id: whoever answers again, this process or the
    /// one after it, Discord makes one message of it for some minutes.
    pub(super) fn answer_message(
        &self,
        channel: ChannelId,
        reply: &ReplyTo,
        message: &Message,
        outcome: Outcome,
    ) -> Work<()> {
        if channel.0 == 0 || reply.id == 0 {
            return gone("a message with no id can't be answered");
        }
        let reference = MessageReference::new(MessageReferenceKind::Default, PlaceId::new(channel.0))
            .message_id(MessageId::new(reply.id))
            .fail_if_not_exists(false);
        let mut body = CreateMessage::new()
            .embeds(message.card.iter().map(embed).collect())
            .components(rows(message))
            .reference_message(reference)
            .allowed_mentions(nobody().replied_user(false))
            .nonce(Nonce::String(reply.id.to_string()))
            .enforce_nonce(true);
        if !message.text.is_empty() {
            body = body.content(&message.text);
        }
        let until = Instant::now() + self.rest.settings().call;
        let told = Some(self.told(reply, outcome));
        send(
            self.rest.clone(),
            (Operation::Post { channel }, Some(json(&body))),
            until,
            told,
        )
    }

    /// Shows that the bot is at work in `channel`; Discord takes that away after 10 s, or with the answer.
    pub(super) fn typing(&self, channel: ChannelId, reply: &ReplyTo) -> Work<()> {
        let until = Instant::now() + self.rest.settings().call;
        let told = Some(self.told(reply, Outcome::Deferred));
        send(self.rest.clone(), (Operation::Typing { channel }, None), until, told)
    }
}

/// The part of a message that tells a deferral from an answer.
#[derive(Deserialize)]
struct Original {
    #[serde(default)]
    flags: MessageFlags,
}

/// What stands where the first answer belongs.
pub(super) fn shows(replies: &Replies, reply: &ReplyTo) -> Work<Shows> {
    let Via::Interaction { application, token, .. } = &reply.via else {
        return no_interaction();
    };
    let (rest, token, application) = (replies.rest.clone(), token.clone(), *application);
    Box::pin(async move {
        match rest.read::<Original>(Operation::Original { application, token }).await {
            Ok(original) if original.flags.contains(MessageFlags::LOADING) => Ok(Shows::Thinking),
            Ok(_) => Ok(Shows::Words),
            Err(error) if error.kind == PortErrorKind::Gone => Ok(Shows::Nothing),
            Err(error) => Err(error),
        }
    })
}
