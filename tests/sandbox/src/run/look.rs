//! What can be seen of a guild from outside: its player, its sound, what `/queue` answers.

use super::chat::{Answer, GuildIds};
use super::stage::{Stage, StandIns};
use super::step::{LOOK, Play};
use super::typed::Typed;
use super::watch::first_title;
use crate::catalogue::Catalogue;
use crate::lavalink::PlayerView;
use crate::scenario::{Expect, NOWHERE, PlayerSpec, Wait};

/// Types a command and waits for its final answer; `None` if none came in time.
///
/// # Errors
/// When Discord does not know the command.
pub async fn ask(
    stage: &Stage,
    guild: &GuildIds,
    channel: u64,
    user: u64,
    typed: &Typed,
    within_ms: u64,
) -> Result<Option<Answer>, String> {
    let at = &stage.at;
    let sent_ms = at.now();
    at.watch.typed(guild.id, typed, &at.catalogue(), sent_ms);
    let said = at.chat.send(guild.id, channel, user, typed)?;
    loop {
        if let Some(answer) = at.chat.answer(&said).await {
            at.watch
                .answered(guild.id, typed, &answer.text, &at.catalogue(), at.now());
            return Ok(Some(answer));
        }
        if at.now() > sent_ms + within_ms {
            return Ok(None);
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// Whether all that `wait` names is so now.
///
/// # Errors
/// What is not so: expected and seen.
pub fn seen(at: &StandIns, guild: &GuildIds, wait: &Wait) -> Result<(), String> {
    let sounding = at.sound.sounding(guild.id);
    let heard = sounding.as_deref().unwrap_or("silence");
    if let Some(track) = wait.sounding.as_deref().filter(|track| *track != heard) {
        let player = at.player(guild.id).map_or("no player".into(), |player| tell(&player));
        return Err(format!("expected `{track}` to sound, heard {heard} ({player})"));
    }
    if wait.silent && sounding.is_some() {
        return Err(format!("expected silence, heard `{heard}`"));
    }
    if let Some(channel) = &wait.bot_in {
        let expected = (channel != NOWHERE).then(|| guild.voice(channel));
        let seen = at.chat.bot_channel(guild.id);
        if seen != expected {
            return Err(format!(
                "expected the bot in {channel}, it is in {}",
                guild.voice_name(seen)
            ));
        }
    }
    let spec = PlayerSpec {
        track: None,
        paused: wait.paused,
        volume: wait.volume,
        position_ms: wait.position_ms,
    };
    if spec.paused.is_some() || spec.volume.is_some() || spec.position_ms.is_some() {
        player(at, guild, &spec)?;
    }
    if let Some(node) = &wait.node {
        let on = at.player(guild.id).map(|player| player.node).unwrap_or_default();
        if on != *node {
            return Err(format!("expected `{node}` to play, it is `{on}`"));
        }
    }
    Ok(())
}

fn tell(player: &PlayerView) -> String {
    format!(
        "player on {}: {}, {} ms, volume {}{}{}",
        player.node,
        player.title.as_deref().unwrap_or("no track"),
        player.position_ms,
        player.volume,
        if player.paused { ", paused" } else { "" },
        if player.connected { "" } else { ", no voice connection" },
    )
}

fn player(at: &StandIns, guild: &GuildIds, spec: &PlayerSpec) -> Result<(), String> {
    let Some(player) = at.player(guild.id) else {
        return Err("expected a player, no node has one".into());
    };
    let seen = tell(&player);
    if let Some(track) = &spec.track {
        let uri = at.catalogue().song(track).map(crate::catalogue::Song::identifier);
        if player.track != uri {
            return Err(format!("expected `{track}` in the player, seen: {seen}"));
        }
    }
    if let Some(paused) = spec.paused.filter(|paused| *paused != player.paused) {
        return Err(format!("expected paused: {paused}, seen: {seen}"));
    }
    if let Some(volume) = spec.volume.filter(|volume| *volume != player.volume) {
        return Err(format!("expected volume {volume}, seen: {seen}"));
    }
    match spec.position_ms {
        Some((from, to)) if !(from..=to).contains(&player.position_ms) => {
            Err(format!("expected a position from {from} to {to} ms, seen: {seen}"))
        }
        Some(_) | None => Ok(()),
    }
}

/// Whether all that `expect` names is so now.
///
/// # Errors
/// The first thing that is not so.
pub async fn expect(play: &mut Play<'_>, expect: &Expect) -> Result<(), String> {
    let guild = play.guild(expect.guild.as_deref())?.clone();
    let stage = play.stage;
    let at = &stage.at;
    at.beat();
    if let Some(spec) = &expect.player {
        player(at, &guild, spec)?;
    }
    counts(play, expect)?;
    if let Some(most) = expect.longest_gap_ms {
        let report = at.sound.report(guild.id, at.now());
        if report.longest_gap_ms > most {
            let begin = report.longest_gap_at.map_or(0, |(_, at)| at);
            return Err(format!(
                "expected no gap over {most} ms, the longest was {} ms (from {begin} ms of the run on)",
                report.longest_gap_ms
            ));
        }
    }
    if let Some(expected) = &expect.heard {
        let heard = heard(at, guild.id);
        if heard != *expected {
            return Err(format!("expected to have heard {expected:?}, heard {heard:?}"));
        }
    }
    if let Some(expected) = expect.notices {
        let notices = at.chat.notices(&guild);
        if notices.len() != expected {
            return Err(format!("expected {expected} notices, there were {notices:?}"));
        }
    }
    if expect.queue.is_none() && expect.queue_says.0.is_empty() {
        return Ok(());
    }
    play.observed += 1;
    let text = queue_text(stage, &guild).await?;
    if let Some(expected) = &expect.queue {
        let shown = queued(&text, &at.catalogue());
        if shown != *expected {
            return Err(format!(
                "expected the queue {expected:?}, /queue shows {shown:?}: {text:?}"
            ));
        }
    }
    match expect.queue_says.0.iter().find(|part| !text.contains(part.as_str())) {
        Some(part) => Err(format!("expected /queue to say {part:?}, it says {text:?}")),
        None => Ok(()),
    }
}

fn counts(play: &Play<'_>, expect: &Expect) -> Result<(), String> {
    let chat = &play.stage.at.chat;
    for (name, expected) in &expect.rest {
        let own = if name == "create_interaction_response" {
            play.observed
        } else {
            0
        };
        let seen = chat.calls(name).saturating_sub(own);
        if seen != *expected {
            return Err(format!("expected {expected} calls of {name}, there were {seen}"));
        }
    }
    for (name, expected) in &expect.gateway {
        let seen = if name == "identify" {
            chat.identifies()
        } else {
            chat.resumes()
        };
        if seen != *expected {
            return Err(format!(
                "expected {expected} of {name} on the gateway, there were {seen}"
            ));
        }
    }
    Ok(())
}

/// Tracks heard so far; one that goes on (after a pause, a gap, a move) is one.
fn heard(at: &StandIns, guild: u64) -> Vec<String> {
    let mut tracks: Vec<String> = at.sound.heard(guild).into_iter().map(|(track, _, _)| track).collect();
    tracks.dedup();
    tracks
}

/// What `/queue` answers to somebody who only looks.
///
/// # Errors
/// When there is no answer.
pub async fn queue_text(stage: &Stage, guild: &GuildIds) -> Result<String, String> {
    let typed = Typed::read("/queue");
    let answer = ask(stage, guild, guild.first_text, guild.observer, &typed, 5_000).await?;
    answer
        .map(|answer| answer.text)
        .ok_or_else(|| "/queue was not answered within 5000 ms".to_owned())
}

/// The tracks of the numbered lines of a reply to `/queue`, as ids.
pub fn queued(text: &str, catalogue: &Catalogue) -> Vec<String> {
    let numbered = text.lines().filter(|line| {
        let line = line.trim_start_matches(['`', '*', '#', ' ', '\u{2007}', '\u{a0}']);
        let digits = line.chars().take_while(char::is_ascii_digit).count();
        let next = line.chars().nth(digits);
        digits > 0 && !matches!(next, Some(':' | '%') | None) && !line[digits..].trim_start().starts_with("of ")
    });
    numbered.filter_map(|line| first_title(line, catalogue)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Song;

    #[test]
    fn numbered_lines_of_a_queue_are_its_tracks_and_nothing_else_is() {
        let mut catalogue = Catalogue::default();
        for (id, title) in [("a", "First"), ("b", "Second"), ("c", "Second Best")] {
            catalogue.add(Song::new(id, title, 1_000));
        }
        let text = "Queue\nNow: First 0:12 / 3:00\n`1.` [Second Best](https://x) · 3:00\n 2. **Second** by 3 people\n3:07 in all, First\n2 of 2 First";
        assert_eq!(queued(text, &catalogue), ["c", "b"]);
    }
}
