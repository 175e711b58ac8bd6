//! Pressing buttons, and looking at what they are on.

use super::chat::{Answer, Chat, GuildIds};
use super::stage::StandIns;
use super::step::{LOOK, Play, WITHIN_MS, judge};
use super::typed::Typed;
use crate::discord::InteractionHandle;
use crate::scenario::{Card, Click, OBSERVER};

/// A user presses a button and reads what comes of it.
///
/// # Errors
/// What was expected and what came.
pub(super) async fn press(play: &Play<'_>, click: &Click) -> Result<(), String> {
    let press = &click.press;
    let guild = play.guild(press.guild.as_deref())?;
    let user = if press.who == OBSERVER {
        guild.observer
    } else {
        guild.member(&press.who)
    };
    let channel = press.channel.as_deref();
    let channel = channel.map_or(guild.first_text, |name| guild.text(name));
    let within = click.reply.within_ms.unwrap_or(WITHIN_MS);
    let at = &play.stage.at;
    let (message, custom_id) = find(at, user, channel, &press.button, &press.on, within).await?;
    let sent_ms = at.now();
    let typed = meant(&press.button);
    at.watch.typed(guild.id, &typed, &at.catalogue(), sent_ms);
    let sent = at.chat.click(user, message, &custom_id);
    let said = match (sent, click.reply.sent) {
        (Err(_), Some(false)) => return Ok(()),
        (Ok(_), Some(false)) => return Err("expected Discord's client to refuse it; it was pressed".into()),
        (sent, Some(true) | None) => sent?,
    };
    let answer = answer(at, guild, &typed, &said, sent_ms + within).await;
    judge(&click.reply, answer.as_ref(), within)
}

/// Waits for the button: a card may be on its way.
async fn find(
    at: &StandIns,
    user: u64,
    channel: u64,
    button: &str,
    on: &str,
    within_ms: u64,
) -> Result<(u64, String), String> {
    let until = at.now() + within_ms;
    loop {
        match at.chat.button(user, channel, button, on) {
            Some(found) => return Ok(found),
            None if at.now() > until => {
                let shown = shown(&at.chat, channel);
                return Err(format!(
                    "expected a message with {on:?} and a button {button:?} within {within_ms} ms; messages: {shown}"
                ));
            }
            None => tokio::time::sleep(LOOK).await,
        }
    }
}

async fn answer(
    at: &StandIns,
    guild: &GuildIds,
    typed: &Typed,
    said: &InteractionHandle,
    until_ms: u64,
) -> Option<Answer> {
    loop {
        if let Some(answer) = at.chat.answer(said).await {
            let catalogue = at.catalogue();
            at.watch.answered(guild.id, typed, &answer.text, &catalogue, at.now());
            return Some(answer);
        }
        if at.now() > until_ms {
            return None;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// How long a card may take unless a step says so, ms.
const CARD_MS: u64 = 8_000;

/// Waits until the card of what plays is as `card` says.
///
/// # Errors
/// What is not so.
pub(super) async fn card(play: &Play<'_>, card: &Card) -> Result<(), String> {
    let guild = play.guild(card.guild.as_deref())?;
    let at = &play.stage.at;
    let within = card.within_ms.unwrap_or(CARD_MS);
    let until = at.now() + within;
    loop {
        match looks(&at.chat, guild, card) {
            Ok(message) => {
                if let Some(message) = message.filter(|_| card.delete) {
                    at.chat.delete(message);
                }
                return Ok(());
            }
            Err(why) if at.now() > until => return Err(format!("{why}, for {within} ms")),
            Err(_) => tokio::time::sleep(LOOK).await,
        }
    }
}

/// Whether the card is as said now; which message it is.
fn looks(chat: &Chat, guild: &GuildIds, card: &Card) -> Result<Option<u64>, String> {
    let all = chat.cards(guild);
    if let Some(posted) = card.posted.filter(|posted| *posted != all.len()) {
        return Err(format!("expected {posted} cards so far, there were {}", all.len()));
    }
    let shown = all.iter().rev().find(|message| message.deleted_at_ms.is_none());
    let Some(shown) = shown else {
        let nothing = card.contains.0.is_empty() && card.buttons.is_none() && !card.delete;
        return if nothing {
            Ok(None)
        } else {
            Err("expected a card, there is none".into())
        };
    };
    if let Some(name) = card.channel.as_deref().filter(|name| guild.text(name) != shown.channel) {
        return Err(format!("expected the card in {name}, it is elsewhere"));
    }
    let text = &shown.text;
    if let Some(part) = card.contains.0.iter().find(|part| !text.contains(part.as_str())) {
        return Err(format!("expected a card with {part:?}, it is {text:?}"));
    }
    if let Some(part) = card.lacks.0.iter().find(|part| text.contains(part.as_str())) {
        return Err(format!("expected a card without {part:?}, it is {text:?}"));
    }
    let labels: Vec<String> = shown.buttons().into_iter().map(|button| button.label).collect();
    let fits = |expected: &Vec<String>| {
        let pairs = expected.iter().zip(&labels);
        expected.len() == labels.len() && pairs.into_iter().all(|(words, label)| label.contains(words.as_str()))
    };
    match card.buttons.as_ref().filter(|expected| !fits(expected)) {
        Some(expected) => Err(format!("expected the buttons {expected:?}, they are {labels:?}")),
        None => Ok(Some(shown.id)),
    }
}

/// What the channel shows, for a failure.
fn shown(chat: &Chat, channel: u64) -> String {
    let lines = chat.shown(channel).into_iter().map(|message| {
        let buttons: Vec<String> = message.buttons().into_iter().map(|button| button.label).collect();
        format!("{:?} {buttons:?}", message.text)
    });
    lines.collect::<Vec<_>>().join(", ")
}

/// The command that a button of these words stands for: what it excuses is the same.
fn meant(button: &str) -> Typed {
    let name = ["pause", "resume", "skip", "stop", "loop", "shuffle"]
        .into_iter()
        .find(|name| button.to_lowercase().contains(name));
    Typed::read(&format!("/{}", name.unwrap_or("queue")))
}
