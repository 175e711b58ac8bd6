//! Discord as users see it: guilds, seats, commands typed and answers read.

use std::collections::BTreeMap;
use std::time::Instant;

use super::typed::Typed;
use crate::findings::Findings;
use crate::scenario::{GatewayFault, GuildSpec, OBSERVER, RestFault};
use crate::voices::Voices;

/// A guild and its parts, by name.
#[derive(Clone, Debug)]
pub struct GuildIds {
    /// The guild.
    pub id: u64,
    /// The text channel that commands are typed in unless said otherwise.
    pub first_text: u64,
    /// A user in no voice channel, who only reads.
    pub observer: u64,
    text: BTreeMap<String, u64>,
    voice: BTreeMap<String, u64>,
    members: BTreeMap<String, u64>,
}

impl GuildIds {
    /// The text channel `name`; 0, which nobody has, if there is none.
    pub fn text(&self, name: &str) -> u64 {
        self.text.get(name).copied().unwrap_or(0)
    }

    /// The voice channel `name`.
    pub fn voice(&self, name: &str) -> u64 {
        self.voice.get(name).copied().unwrap_or(0)
    }

    /// The first voice channel.
    pub fn first_voice(&self) -> Option<u64> {
        self.voice.values().next().copied()
    }

    /// The name of a voice channel.
    pub fn voice_name(&self, id: Option<u64>) -> String {
        let Some(id) = id else { return "no channel".into() };
        let found = self.voice.iter().find(|(_, channel)| **channel == id);
        found.map_or_else(|| format!("channel {id}"), |(name, _)| name.clone())
    }

    /// The user `name`.
    pub fn member(&self, name: &str) -> u64 {
        self.members.get(name).copied().unwrap_or(0)
    }

    /// All users but the observer.
    pub fn members(&self) -> Vec<u64> {
        self.members
            .values()
            .copied()
            .filter(|user| *user != self.observer)
            .collect()
    }
}

/// A final answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// All that is read in it, line by line.
    pub text: String,
    /// Only the one who typed sees it.
    pub private: bool,
    /// A sign of work came before it.
    pub deferred: bool,
}

/// Discord. Cloning shares it.
#[derive(Clone)]
pub struct Chat(());

impl Chat {
    /// Starts it.
    pub async fn start(_origin: Instant, _seed: u64, _voices: Voices, _findings: Findings) -> anyhow::Result<Self> {
        todo!()
    }
    /// x
    pub fn environment(&self) -> Vec<(String, String)> {
        todo!()
    }
    /// x
    pub fn add_guild(&self, _name: &str, _spec: &GuildSpec) -> GuildIds {
        let _ = OBSERVER;
        todo!()
    }
    /// x
    pub fn seat(&self, _guild: u64, _user: u64, _channel: Option<u64>) {
        todo!()
    }
    /// x
    pub fn bot_channel(&self, _guild: u64) -> Option<u64> {
        todo!()
    }
    /// x
    pub fn move_bot(&self, _guild: u64, _channel: Option<u64>) {
        todo!()
    }
    /// x
    pub fn listeners(&self, _guild: u64, _channel: u64) -> usize {
        todo!()
    }
    /// x
    pub fn send(&self, _guild: u64, _channel: u64, _user: u64, _typed: &Typed) -> Result<u64, String> {
        todo!()
    }
    /// x
    pub fn answer(&self, _interaction: u64) -> Option<Answer> {
        todo!()
    }
    /// x
    pub fn notices(&self, _guild: u64) -> Vec<(u64, String)> {
        todo!()
    }
    /// x
    pub fn is_ready(&self) -> bool {
        todo!()
    }
    /// x
    pub fn is_connected(&self) -> bool {
        todo!()
    }
    /// x
    pub fn break_gateway(&self, _what: GatewayFault, _code: Option<u16>, _for_ms: Option<u64>) {
        todo!()
    }
    /// x
    pub fn break_rest(&self, _what: RestFault, _times: u32) {
        todo!()
    }
    /// x
    pub fn identifies(&self) -> u64 {
        todo!()
    }
    /// x
    pub fn resumes(&self) -> u64 {
        todo!()
    }
    /// x
    pub fn resumed_after(&self, _at: u64) -> Option<u64> {
        todo!()
    }
}
