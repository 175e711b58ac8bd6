//! Answers on their way to Discord: data in, words and requests out.
//!
//! The only implementation of [`Discord`] that talks to anybody. It decides nothing: when an answer is due, what it
//! says and who may see it comes from the reply lane. Nobody is ever pinged, and a refusal is never public, but where a
//! command was a message: whatever answers that stands beside it.

mod answering;
mod bodies;
mod cards;
mod stage;
#[cfg(test)]
mod tests;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{CardOrder, Clock, Discord, First, PortError, PortErrorKind, Shows, Work};
use ostinato_machine::guild::{JoinBlock, Say};
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, ReplyTo, UserId, Via};
use serde::Serialize;
use serenity::builder::{
    AutocompleteChoice, CreateAutocompleteResponse, CreateInteractionResponse, CreateInteractionResponseFollowup,
    CreateInteractionResponseMessage, CreateMessage, EditInteractionResponse,
};
use serenity::model::channel::{MessageFlags, Nonce};
use tokio::time::Instant;

use self::bodies::{ACKNOWLEDGED, answer, embed, json, nobody, rows, update};
use super::answers::{AnswerFigures, Outcome, Told, Waiting};
use super::commands::Local;
use super::render::{Message, Moment, local, say};
use super::rest::{Operation, Rest};
use super::suggest::Offer;
use super::voice::{self, join_block};

/// An interaction older than this is not edited any more, ms: its token ends a minute later.
const TOKEN_MS: u64 = 14 * 60 * 1_000;

/// Answers of one arbiter.
pub struct Replies {
    rest: Rest,
    clock: Rc<dyn Clock>,
    me: UserId,
    waiting: Rc<Waiting>,
}

impl Replies {
    /// Answers through `rest`, as the bot that is the user `me`.
    pub fn new(rest: Rest, clock: Rc<dyn Clock>, me: UserId) -> Self {
        Self {
            rest,
            clock,
            me,
            waiting: Rc::default(),
        }
    }

    /// Notes in `figures` how long people wait for their first answer.
    pub fn counted_by(self, figures: Arc<AnswerFigures>) -> Self {
        Self {
            waiting: Rc::new(Waiting::new(figures)),
            ..self
        }
    }

    /// Who waits for a first answer.
    pub(super) fn waiting(&self) -> &Rc<Waiting> {
        &self.waiting
    }

    /// The one first callback, with an answer that needs no guild.
    pub fn local(&self, reply: &ReplyTo, what: &Local) -> Work<()> {
        if let Via::Message { channel } = reply.via {
            return self.answer_message(channel, reply, &local(what), what.outcome());
        }
        self.callback(reply, &answer(&local(what), what.is_public()), what.outcome())
    }

    /// The one callback to somebody who types: what is offered.
    pub(crate) fn offer(&self, reply: &ReplyTo, offers: &[Offer]) -> Work<()> {
        let choices = offers
            .iter()
            .map(|offer| AutocompleteChoice::new(offer.name.as_str(), offer.value.as_str()));
        let body = CreateAutocompleteResponse::new().set_choices(choices.collect());
        self.callback(reply, &CreateInteractionResponse::Autocomplete(body), Outcome::Answered)
    }

    fn moment(&self) -> Moment {
        Moment {
            now_ms: self.clock.now_ms(),
        }
    }

    /// Notes the first answer to `reply` once it is there.
    fn told(&self, reply: &ReplyTo, outcome: Outcome) -> Told {
        Told::new(&self.waiting, reply.id, outcome)
    }

    fn age_ms(&self, reply: &ReplyTo) -> u64 {
        self.clock.now_ms().saturating_sub(reply.arrived_ms)
    }

    fn callback(&self, reply: &ReplyTo, body: &impl Serialize, outcome: Outcome) -> Work<()> {
        let age = Duration::from_millis(self.age_ms(reply));
        let Some(left) = self
            .rest
            .settings()
            .callback
            .checked_sub(age)
            .filter(|left| !left.is_zero())
        else {
            self.waiting.late(reply.id);
            return gone("the interaction is too old for a first callback");
        };
        let Via::Interaction { token, .. } = &reply.via else {
            return no_interaction();
        };
        let operation = Operation::Callback {
            interaction: reply.id,
            token: token.clone(),
        };
        let told = Some(self.told(reply, outcome));
        send(
            self.rest.clone(),
            (operation, Some(json(body))),
            Instant::now() + left,
            told,
        )
    }

    /// What comes after the first callback, while the token is good: `operation` with application and token.
    fn later(
        &self,
        reply: &ReplyTo,
        operation: impl FnOnce(u64, Hidden) -> Operation,
        body: Option<Result<Vec<u8>, PortError>>,
    ) -> Work<()> {
        let Via::Interaction { application, token, .. } = &reply.via else {
            return no_interaction();
        };
        let Some(left_ms) = TOKEN_MS.checked_sub(self.age_ms(reply)).filter(|left| *left > 0) else {
            return gone("the interaction is 14 minutes old, its token ends");
        };
        let within = self.rest.settings().call.min(Duration::from_millis(left_ms));
        let operation = operation(*application, token.clone());
        send(self.rest.clone(), (operation, body), Instant::now() + within, None)
    }
}

impl Discord for Replies {
    fn first(&self, reply: &ReplyTo, _guild: GuildId, first: First) -> Work<()> {
        if let Via::Message { channel } = reply.via {
            return match first {
                First::Answer { say: what, .. } => {
                    self.answer_message(channel, reply, &say(&what, self.moment()), outcome(&what))
                }
                First::Defer { .. } => self.typing(channel, reply),
            };
        }
        let outcome = match &first {
            First::Answer { say: what, .. } => outcome(what),
            First::Defer { .. } => Outcome::Deferred,
        };
        let body = match first {
            First::Answer { say: what, public } if public && !is_refusal(&what) && is_component(reply) => {
                update(&say(&what, self.moment()))
            }
            First::Defer { public: true } if is_component(reply) => {
                return self.callback(reply, &ACKNOWLEDGED, outcome);
            }
            First::Answer { say: what, public } => answer(&say(&what, self.moment()), public && !is_refusal(&what)),
            First::Defer { public } => {
                CreateInteractionResponse::Defer(CreateInteractionResponseMessage::new().ephemeral(!public))
            }
        };
        self.callback(reply, &body, outcome)
    }

    fn shows(&self, reply: &ReplyTo) -> Work<Shows> {
        answering::shows(self, reply)
    }

    fn edit(&self, reply: &ReplyTo, _guild: GuildId, what: Say) -> Work<()> {
        let message = say(&what, self.moment());
        // All parts, always: what is not named would stay.
        let body = EditInteractionResponse::new()
            .content(&message.text)
            .embeds(message.card.iter().map(embed).collect())
            .components(rows(&message))
            .allowed_mentions(nobody());
        let operation = |application, token| Operation::EditOriginal { application, token };
        self.later(reply, operation, Some(json(&body)))
    }

    fn delete(&self, reply: &ReplyTo) -> Work<()> {
        let operation = |application, token| Operation::DeleteOriginal { application, token };
        self.later(reply, operation, None)
    }

    fn follow_up(&self, reply: &ReplyTo, _guild: GuildId, what: Say, public: bool) -> Work<()> {
        let message = say(&what, self.moment());
        let mut body = CreateInteractionResponseFollowup::new()
            .embeds(message.card.iter().map(embed).collect())
            .components(rows(&message))
            .allowed_mentions(nobody());
        if !message.text.is_empty() {
            body = body.content(message.text);
        }
        if !public || is_refusal(&what) {
            body = body.flags(MessageFlags::EPHEMERAL);
        }
        let operation = |application, token| Operation::FollowUp { application, token };
        self.later(reply, operation, Some(json(&body)))
    }

    fn post(&self, _guild: GuildId, channel: ChannelId, what: Say) -> Work<()> {
        let message = say(&what, self.moment());
        // With the nonce Discord takes a repeated request for the same message.
        let mut body = CreateMessage::new()
            .embeds(message.card.iter().map(embed).collect())
            .components(rows(&message))
            .allowed_mentions(nobody())
            .nonce(Nonce::String(self.clock.chance().to_string()))
            .enforce_nonce(true);
        if !message.text.is_empty() {
            body = body.content(message.text);
        }
        let until = Instant::now() + self.rest.settings().call;
        send(
            self.rest.clone(),
            (Operation::Post { channel }, Some(json(&body))),
            until,
            None,
        )
    }

    fn card(&self, _guild: GuildId, channel: ChannelId, order: CardOrder) -> Work<u64> {
        self.write_card(channel, order)
    }

    fn speak(&self, guild: GuildId, channel: ChannelId) -> Work<()> {
        self.ask_to_speak(guild, channel)
    }

    fn newer(&self, channel: ChannelId, message: u64, most: u8) -> Work<u8> {
        self.count_newer(channel, message, most)
    }

    fn seat_of(&self, guild: GuildId, user: UserId) -> Work<Option<ChannelId>> {
        let rest = self.rest.clone();
        Box::pin(async move {
            match rest
                .read::<voice::VoiceState>(Operation::VoiceState { guild, user })
                .await
            {
                Ok(state) => Ok(state.channel().map(ChannelId)),
                Err(error) if error.kind == PortErrorKind::Gone => Ok(None),
                Err(error) => Err(error),
            }
        })
    }

    fn why_no_voice(&self, guild: GuildId, channel: ChannelId) -> Work<JoinBlock> {
        let rest = self.rest.clone();
        let me = self.me;
        Box::pin(async move {
            let place = match rest.read::<voice::Channel>(Operation::Channel { channel }).await {
                Ok(place) => place,
                Err(error) if error.kind == PortErrorKind::Gone => return Ok(JoinBlock::Gone),
                // Discord shows a channel only to those who may see it.
                Err(error) if error.kind == PortErrorKind::Refused => return Ok(JoinBlock::View),
                Err(error) => return Err(error),
            };
            let (roles, member) = futures_util::future::try_join(
                rest.read::<voice::Guild>(Operation::Guild { guild }),
                rest.read::<voice::Member>(Operation::Member { guild, user: me }),
            )
            .await?;
            Ok(join_block(&place, &roles, &member, me.0))
        })
    }
}

/// Whether a button waits: what everybody may see then takes the place of the message that it is on.
fn is_component(reply: &ReplyTo) -> bool {
    matches!(reply.via, Via::Interaction { component: true, .. })
}

fn outcome(what: &Say) -> Outcome {
    if is_refusal(what) {
        Outcome::Refused
    } else {
        Outcome::Answered
    }
}

fn is_refusal(what: &Say) -> bool {
    matches!(what, Say::Refused(_))
}

/// What was asked for needs an interaction, and a message is none.
fn no_interaction<T: 'static>() -> Work<T> {
    Box::pin(async {
        Err(PortError::new(
            PortErrorKind::Refused,
            "a message takes one answer and no other call",
        ))
    })
}

fn gone(why: &'static str) -> Work<()> {
    Box::pin(async move { Err(PortError::new(PortErrorKind::Gone, why)) })
}

/// Sends an operation with its body; `told` is what hears when it has arrived.
fn send(
    rest: Rest,
    (operation, body): (Operation, Option<Result<Vec<u8>, PortError>>),
    until: Instant,
    told: Option<Told>,
) -> Work<()> {
    Box::pin(async move {
        let body = body.transpose()?;
        let result = rest.call_until(operation, body, until).await.map(|_| ());
        if let Some(told) = told {
            told.ended(result.as_ref().err());
        }
        result
    })
}
