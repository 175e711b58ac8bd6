//! Answers to messages: one each, beside the message, for everybody in the channel.

use ostinato_actors::ports::Work;
use ostinato_machine::ids::{ChannelId, ReplyTo};
use serenity::builder::CreateMessage;
use serenity::model::channel::{MessageReference, MessageReferenceKind, Nonce};
use serenity::model::id::{ChannelId as PlaceId, MessageId};
use tokio::time::Instant;

use super::{Message, Operation, Replies, embed, gone, json, nobody, send};

impl Replies {
    /// The answer to the message of `reply`. The nonce is the message's id: whoever answers again, this process or the
    /// one after it, Discord makes one message of it for some minutes.
    pub(super) fn answer_message(&self, channel: ChannelId, reply: &ReplyTo, message: &Message) -> Work<()> {
        if channel.0 == 0 || reply.id == 0 {
            return gone("a message with no id can't be answered");
        }
        let reference = MessageReference::new(MessageReferenceKind::Default, PlaceId::new(channel.0))
            .message_id(MessageId::new(reply.id))
            .fail_if_not_exists(false);
        let mut body = CreateMessage::new()
            .embeds(message.card.iter().map(embed).collect())
            .reference_message(reference)
            .allowed_mentions(nobody().replied_user(false))
            .nonce(Nonce::String(reply.id.to_string()))
            .enforce_nonce(true);
        if !message.text.is_empty() {
            body = body.content(&message.text);
        }
        let until = Instant::now() + self.rest.settings().call;
        send(self.rest.clone(), Operation::Post { channel }, Some(json(&body)), until)
    }

    /// Shows that the bot is at work in `channel`; Discord takes that away after 10 s, or with the answer.
    pub(super) fn typing(&self, channel: ChannelId) -> Work<()> {
        let until = Instant::now() + self.rest.settings().call;
        send(self.rest.clone(), Operation::Typing { channel }, None, until)
    }
}
