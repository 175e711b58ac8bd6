//! A guild as the page shows it, and what can be done in it.

use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use crate::audio::{Audio, Library, Served};
use crate::discord::{ButtonView, MessageView};
use crate::run::chat::GuildIds;
use crate::run::faults::hit;
use crate::run::look;
use crate::run::stage::Stage;
use crate::run::typed::Typed;
use crate::scenario::{GatewayFault, NodeFault};

/// How long an answer may take, ms.
const ANSWER_MS: u64 = 5_000;

/// Messages that are shown, at most; older ones are scrolled away.
const SHOWN: usize = 40;

/// One guild, its voice channels and its text channel.
pub struct Room {
    stage: Stage,
    guild: GuildIds,
    name: String,
    members: Vec<String>,
    voices: Vec<String>,
    audio: Audio,
    /// When the bot was last killed from the page, on the run's clock.
    killed_ms: Mutex<Option<u64>>,
    /// How often the bot was ended from the page and started again; held while that goes on.
    starts: tokio::sync::Mutex<u32>,
}

/// What somebody does on the page.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum Deed {
    /// Types a command.
    Say { who: String, text: String },
    /// Presses a button of a message.
    Click {
        who: String,
        message: String,
        button: String,
    },
    /// Goes to a voice channel; without one, leaves.
    Sit { who: String, channel: Option<String> },
    /// Kills the bot with SIGKILL and starts it again.
    Kill9,
    /// Ends the bot with SIGTERM and starts it again.
    Restart,
    /// Drops the gateway's connection.
    DropGateway,
    /// Kills the node that plays; `revive` brings it back.
    KillNode,
    /// Brings all nodes back.
    Revive,
}

impl Room {
    /// The guild `name` as `spec` describes it, its music with the files of `library` beside the built-in melodies.
    pub fn new(stage: Stage, name: &str, spec: &crate::scenario::GuildSpec, library: Library) -> Self {
        library.offer(&mut stage.at.catalogue());
        let guild = stage.at.add_guild(name, spec);
        Self {
            stage,
            guild,
            name: name.into(),
            members: spec.members.clone(),
            voices: spec.voice.clone(),
            audio: Audio::new(library),
            killed_ms: Mutex::default(),
            starts: tokio::sync::Mutex::default(),
        }
    }

    /// The stand-ins and the bot.
    pub fn stage(&self) -> &Stage {
        &self.stage
    }

    /// The guild.
    pub fn guild(&self) -> &GuildIds {
        &self.guild
    }

    /// Bytes of a track; see [`Audio::serve`].
    pub(super) fn hear(&self, path: &str, range: Option<&str>) -> Served {
        let song = |id: &str| self.stage.at.catalogue().song(id).cloned();
        self.audio.serve(path, range, song)
    }

    /// What the page's player follows.
    pub(super) fn sound(&self) -> Value {
        let at = &self.stage.at;
        let player = at.player(self.guild.id);
        let uri = player.as_ref().and_then(|player| player.track.clone());
        let song = uri.and_then(|uri| at.catalogue().by_uri(&uri).cloned());
        let Some((player, song)) = player.zip(song) else {
            return json!({ "guild": self.guild.id.to_string(), "playing": false });
        };
        json!({
            "guild": self.guild.id.to_string(),
            "track": song.id,
            "title": song.title,
            "author": song.author,
            "length_ms": song.length_ms,
            "src": self.audio.source(&song.id),
            "node": player.node,
            "position_ms": player.position_ms,
            "at_ms": at.now(),
            "paused": player.paused,
            "volume": player.volume,
            "playing": at.sound.sounding(self.guild.id).is_some(),
        })
    }

    /// What everybody in the guild sees.
    pub(super) fn view(&self) -> Value {
        let at = &self.stage.at;
        let voices: Vec<Value> = self.voices.iter().map(|name| self.voice(name)).collect();
        let shown = at.chat.shown(self.guild.first_text);
        let open: Vec<Value> = shown
            .iter()
            .filter(|message| message.only_for.is_none() && message.by_bot)
            .map(message)
            .collect();
        let newest = open.len().saturating_sub(SHOWN);
        let killed_ms = *self.killed_ms.lock().unwrap_or_else(PoisonError::into_inner);
        let since_kill = killed_ms.map(|from| at.sound.report_between(self.guild.id, from, at.now()).longest_gap_ms);
        json!({
            "guild": self.name,
            "members": self.members,
            "voices": voices,
            "messages": open.get(newest..).unwrap_or_default(),
            "gap_ms": at.sound.report(self.guild.id, at.now()).longest_gap_ms,
            "gap_since_kill_ms": since_kill,
            // None while the process is away.
            "starts": self.starts.try_lock().ok().map(|starts| *starts),
        })
    }

    fn voice(&self, name: &str) -> Value {
        let at = &self.stage.at;
        let id = self.guild.voice(name);
        let sits = |member: &&String| at.chat.seat_of(self.guild.id, self.guild.member(member)) == Some(id);
        let members: Vec<&String> = self.members.iter().filter(sits).collect();
        json!({ "name": name, "members": members, "bot": at.chat.bot_channel(self.guild.id) == Some(id) })
    }

    /// Does something. Tells what the one who did it reads.
    ///
    /// # Errors
    /// Why it can't be done, for the one who tried.
    pub(super) async fn act(&self, deed: Deed) -> Result<Value, String> {
        let at = &self.stage.at;
        match deed {
            Deed::Say { who, text } => return self.say(&who, &text).await,
            Deed::Click { who, message, button } => {
                let message = message.parse().map_err(|_| "no message has this id")?;
                at.chat.click(self.member(&who)?, message, &button)?;
            }
            Deed::Sit { who, channel } => {
                let channel = match channel {
                    Some(name) if self.voices.contains(&name) => Some(self.guild.voice(&name)),
                    Some(name) => return Err(format!("no voice channel is called `{name}`")),
                    None => None,
                };
                at.chat.seat(self.guild.id, self.member(&who)?, channel);
            }
            Deed::Kill9 => {
                let mut starts = self.starts.lock().await;
                *self.killed_ms.lock().unwrap_or_else(PoisonError::into_inner) = Some(at.now());
                self.stage.kill9().await;
                self.stage.start_bot().await.map_err(|error| format!("{error:#}"))?;
                *starts += 1;
            }
            Deed::Restart => {
                let mut starts = self.starts.lock().await;
                self.stage.terminate().await.map_err(|error| format!("{error:#}"))?;
                self.stage.start_bot().await.map_err(|error| format!("{error:#}"))?;
                *starts += 1;
            }
            Deed::DropGateway => at.chat.break_gateway(GatewayFault::Drop, None, None),
            Deed::KillNode => {
                let player = at.player(self.guild.id).ok_or("no node plays")?;
                hit(at.node(&player.node).ok_or("no node plays")?, NodeFault::Kill);
            }
            Deed::Revive => at.nodes.iter().for_each(|node| hit(node, NodeFault::Revive)),
        }
        Ok(json!({}))
    }

    fn member(&self, who: &str) -> Result<u64, String> {
        let known = self.members.iter().any(|member| member == who);
        known
            .then(|| self.guild.member(who))
            .ok_or_else(|| format!("nobody here is called `{who}`"))
    }

    async fn say(&self, who: &str, text: &str) -> Result<Value, String> {
        let user = self.member(who)?;
        let text = text.trim();
        if !text.starts_with('/') {
            return Err("a command begins with a slash: /play First, /help".into());
        }
        // What stands behind /play is what it looks for, as Discord's client has it.
        let typed = match text.strip_prefix("/play ") {
            Some(query) if !query.starts_with("query:") => Typed::read(&format!("/play query:{query}")),
            Some(_) | None => Typed::read(text),
        };
        let channel = self.guild.first_text;
        match look::ask(&self.stage, &self.guild, channel, user, &typed, ANSWER_MS).await? {
            Some(answer) if answer.private => Ok(json!({ "private": answer.text })),
            Some(_) => Ok(json!({})),
            None => Err(format!("no answer within {} s", ANSWER_MS / 1_000)),
        }
    }
}

fn message(message: &MessageView) -> Value {
    let buttons: Vec<Value> = message.buttons().iter().map(button).collect();
    json!({ "id": message.id.to_string(), "text": message.text, "buttons": buttons })
}

fn button(button: &ButtonView) -> Value {
    json!({ "id": button.custom_id, "label": button.label, "emoji": button.emoji, "disabled": button.disabled })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deed_is_read_strictly() {
        let read = |text: &str| serde_json::from_str::<Deed>(text);
        assert_eq!(read(r#"{"do":"kill9"}"#).unwrap(), Deed::Kill9);
        let sit = read(r#"{"do":"sit","who":"ann","channel":null}"#).unwrap();
        assert_eq!(
            sit,
            Deed::Sit {
                who: "ann".into(),
                channel: None
            }
        );
        for wrong in [r#"{"do":"fly"}"#, r#"{"do":"say","who":"ann"}"#, "[]", ""] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
