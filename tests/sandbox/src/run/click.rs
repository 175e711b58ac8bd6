//! Pressing buttons.

use super::chat::{Answer, Chat, GuildIds};
use super::stage::StandIns;
use super::step::{LOOK, Play, WITHIN_MS, judge};
use super::typed::Typed;
use crate::discord::InteractionHandle;
use crate::scenario::{Click, OBSERVER};

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
