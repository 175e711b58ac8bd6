//! Bodies of requests: messages, cards and buttons in Discord's own form.

use ostinato_actors::ports::{PortError, PortErrorKind};
use serde::Serialize;
use serenity::all::{ButtonStyle, ReactionType};
use serenity::builder::{
    CreateActionRow, CreateAllowedMentions, CreateButton, CreateEmbed, CreateEmbedFooter, CreateInteractionResponse,
    CreateInteractionResponseMessage,
};

use crate::discord::render::{Button, Card, Message};

/// The callback that says that a button was heard: its message stays as it is for now.
pub(super) const ACKNOWLEDGED: Acknowledged = Acknowledged { kind: 6 };

/// Discord's builder would send a `data` that is null.
#[derive(Serialize)]
pub(super) struct Acknowledged {
    #[serde(rename = "type")]
    kind: u8,
}

/// The callback that says `message` in a message of its own.
pub(super) fn answer(message: &Message, public: bool) -> CreateInteractionResponse {
    let mut body = CreateInteractionResponseMessage::new()
        .embeds(message.card.iter().map(embed).collect())
        .components(rows(message))
        .allowed_mentions(nobody())
        .ephemeral(!public);
    if !message.text.is_empty() {
        body = body.content(&message.text);
    }
    CreateInteractionResponse::Message(body)
}

/// The callback that puts `message` in the place of the one whose button was pressed. All parts, always: what is not
/// named would stay.
pub(super) fn update(message: &Message) -> CreateInteractionResponse {
    let body = CreateInteractionResponseMessage::new()
        .content(&message.text)
        .embeds(message.card.iter().map(embed).collect())
        .components(rows(message))
        .allowed_mentions(nobody());
    CreateInteractionResponse::UpdateMessage(body)
}

pub(super) fn embed(card: &Card) -> CreateEmbed {
    let mut embed = CreateEmbed::new().colour(card.tone.colour());
    if !card.text.is_empty() {
        embed = embed.description(&card.text);
    }
    if let Some(title) = &card.title {
        embed = embed.title(title);
        if let Some(url) = &card.url {
            embed = embed.url(url);
        }
    }
    if let Some(picture) = &card.picture {
        embed = embed.thumbnail(picture);
    }
    if let Some(footer) = &card.footer {
        embed = embed.footer(CreateEmbedFooter::new(footer));
    }
    embed
}

/// The buttons below a message; none is an empty list, which takes earlier ones away.
pub(super) fn rows(message: &Message) -> Vec<CreateActionRow> {
    let mut number = 0;
    let mut numbered = |one: &Button| {
        number += 1;
        button(one, number)
    };
    let row = |row: &Vec<Button>| CreateActionRow::Buttons(row.iter().map(&mut numbered).collect());
    message.rows.iter().map(row).collect()
}

fn button(button: &Button, number: usize) -> CreateButton {
    // Every id of a message must differ, also of those that can't be pressed.
    let id = button
        .press
        .map_or_else(|| format!("rest:{number}"), |press| press.id());
    let style = if button.grave {
        ButtonStyle::Danger
    } else {
        ButtonStyle::Secondary
    };
    CreateButton::new(id)
        .label(button.words)
        .emoji(ReactionType::Unicode(button.sign.into()))
        .style(style)
        .disabled(button.press.is_none())
}

/// Mentions show names and ping nobody.
pub(super) fn nobody() -> CreateAllowedMentions {
    CreateAllowedMentions::new()
}

pub(super) fn json(body: &impl Serialize) -> Result<Vec<u8>, PortError> {
    serde_json::to_vec(body).map_err(|error| PortError::new(PortErrorKind::Malformed, format!("no body: {error}")))
}
