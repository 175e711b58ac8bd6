//! Typing an option and being offered values of it.

use std::time::Duration;

use super::look;
use super::step::{Play, WITHIN_MS};
use super::typed::Typed;
use crate::scenario::Complete;

/// A user types, reads what is offered, and perhaps chooses one of it.
///
/// # Errors
/// What was expected and what was offered.
pub(super) async fn complete(play: &Play<'_>, complete: &Complete) -> Result<(), String> {
    let guild = play.guild(complete.guild.as_deref())?;
    let at = &play.stage.at;
    let user = guild.member(&complete.who);
    let mut typed = Typed::read(&complete.text);
    let within_ms = complete.within_ms.unwrap_or(WITHIN_MS);
    let said = at.chat.complete(guild.id, guild.first_text, user, &typed)?;
    let first = said.first(Duration::from_millis(within_ms)).await;
    let offered = first
        .ok_or_else(|| format!("expected an offer within {within_ms} ms; there was none"))?
        .choices;
    let names = || {
        offered
            .iter()
            .map(|(name, _)| name.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    };
    if complete.none && !offered.is_empty() {
        return Err(format!("expected an empty offer; it was [{}]", names()));
    }
    let lacking = |part: &&String| !offered.iter().any(|(name, _)| name.contains(part.as_str()));
    if let Some(part) = complete.offers.0.iter().find(lacking) {
        return Err(format!("expected {part:?} to be offered; it was [{}]", names()));
    }
    let Some(words) = &complete.choose else { return Ok(()) };
    let chosen = offered.iter().find(|(name, _)| name.contains(words.as_str()));
    let (_, value) = chosen.ok_or_else(|| format!("expected {words:?} to be offered; it was [{}]", names()))?;
    if let Some((_, last)) = typed.options.last_mut() {
        last.clone_from(value);
    }
    let answer = look::ask(play.stage, guild, guild.first_text, user, &typed, WITHIN_MS).await?;
    match answer {
        Some(answer) if answer.text.contains(words.as_str()) => Ok(()),
        Some(answer) => Err(format!("expected an answer with {words:?}; it was {:?}", answer.text)),
        None => Err(format!("expected an answer to what was chosen within {WITHIN_MS} ms")),
    }
}
