//! Discord as users see it: guilds, seats, commands typed and answers read.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::typed::Typed;
use crate::discord::{self, DiscordConfig, DiscordStandIn, InteractionHandle, SeenBy, SlashCommand};
use crate::findings::Findings;
use crate::scenario::{GuildSpec, OBSERVER};
use crate::voices::Voices;

/// The kind of a first callback that only promises an answer.
const DEFERRED: u64 = 5;

/// A guild and its parts, by name.
#[derive(Clone, Debug)]
pub struct GuildIds {
    /// The guild.
    pub id: u64,
    /// The text channel that commands are typed in unless said otherwise.
    pub first_text: u64,
    /// The first voice channel.
    pub first_voice: u64,
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

    /// The voice channels, by name.
    pub fn voices(&self) -> impl Iterator<Item = (&str, u64)> {
        self.voice.iter().map(|(name, id)| (name.as_str(), *id))
    }

    /// The users but the observer, by name.
    pub fn people(&self) -> impl Iterator<Item = (&str, u64)> {
        let all = self.members.iter().map(|(name, id)| (name.as_str(), *id));
        all.filter(|(_, id)| *id != self.observer)
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
pub struct Chat {
    pub(super) discord: DiscordStandIn,
}

impl Chat {
    /// Starts it. Requests are held against Discord's own document if `DISCORD_OPENAPI` names it.
    ///
    /// # Errors
    /// When no port can be had, or the document can't be read.
    pub async fn start(origin: Instant, seed: u64, voices: Voices, findings: Findings) -> anyhow::Result<Self> {
        let config = DiscordConfig {
            seed,
            origin,
            openapi: std::env::var_os("DISCORD_OPENAPI")
                .filter(|path| !path.is_empty())
                .map(Into::into),
            content_intent: true,
            ..DiscordConfig::default()
        };
        Ok(Self {
            discord: DiscordStandIn::start(config, voices, findings).await?,
        })
    }

    /// What a bot needs to find it.
    pub fn environment(&self) -> Vec<(String, String)> {
        vec![
            ("DISCORD_TOKEN".into(), self.discord.token()),
            ("DISCORD_API_BASE_URL".into(), self.discord.base_url()),
        ]
    }

    /// Makes a guild with the bot in it, and an observer.
    pub fn add_guild(&self, name: &str, spec: &GuildSpec) -> GuildIds {
        let voice = |name: &String| discord::VoiceSpec {
            name: name.clone(),
            ..discord::VoiceSpec::default()
        };
        let member = |name: &str| discord::MemberSpec {
            name: name.to_owned(),
            ..discord::MemberSpec::default()
        };
        let members = spec.members.iter().map(String::as_str).chain([OBSERVER]);
        let made = self.discord.add_guild(&discord::GuildSpec {
            name: name.to_owned(),
            text: spec.text.clone(),
            voice: spec.voice.iter().map(voice).collect(),
            members: members.map(member).collect(),
            ..discord::GuildSpec::default()
        });
        let of = |map: &BTreeMap<String, u64>, name: Option<&String>| {
            name.and_then(|name| map.get(name)).copied().unwrap_or(0)
        };
        GuildIds {
            id: made.id,
            first_text: of(&made.text, spec.text.first()),
            first_voice: of(&made.voice, spec.voice.first()),
            observer: made.members.get(OBSERVER).copied().unwrap_or(0),
            text: made.text,
            voice: made.voice,
            members: made.members,
        }
    }

    /// These users run the bot from now on.
    pub fn run_by(&self, users: Vec<u64>) {
        self.discord.run_by(users);
    }

    /// `user` may manage `guild` from now on.
    pub fn let_manage(&self, guild: u64, user: u64) {
        self.discord.let_manage(guild, user);
    }

    /// Whoever runs the server calls it otherwise.
    pub fn rename(&self, guild: u64, name: &str) {
        self.discord.rename(guild, name);
    }

    /// `user` goes to a voice channel, or leaves.
    pub fn seat(&self, guild: u64, user: u64, channel: Option<u64>) {
        match channel {
            Some(channel) => self.discord.join_voice(guild, user, channel),
            None => self.discord.leave_voice(guild, user),
        }
    }

    /// A moderator moves the bot, or throws it out.
    pub fn move_bot(&self, guild: u64, channel: Option<u64>) {
        self.seat(guild, self.discord.bot(), channel);
    }

    /// A voice channel is a stage from now on.
    pub fn make_stage(&self, channel: u64) {
        self.discord.make_stage(channel);
    }

    /// A channel is deleted.
    pub fn delete_channel(&self, channel: u64) {
        self.discord.delete_channel(channel);
    }

    /// On its stage the bot is let speak, or sent to the audience.
    pub fn let_speak(&self, guild: u64, speak: bool) {
        self.discord.suppress_bot(guild, !speak);
    }

    /// The bot moderates a stage from now on.
    pub fn make_moderator(&self, guild: u64, stage: u64) {
        self.discord.allow_bot(guild, stage, discord::rights::MUTE_MEMBERS);
    }

    /// The bot is removed from the guild.
    pub fn remove_bot(&self, guild: u64) {
        self.discord.remove_guild(guild);
    }

    /// In which voice channel `user` is.
    pub fn seat_of(&self, guild: u64, user: u64) -> Option<u64> {
        self.discord.voice(guild, user).map(|seat| seat.channel)
    }

    /// The commands that the bot has registered, as it sent them.
    pub fn commands(&self) -> Vec<serde_json::Value> {
        self.discord.commands()
    }

    /// The bot's user.
    pub fn bot(&self) -> u64 {
        self.discord.bot()
    }

    /// Where the bot is.
    pub fn bot_channel(&self, guild: u64) -> Option<u64> {
        self.discord.voice(guild, self.discord.bot()).map(|seat| seat.channel)
    }

    /// Members of `guild` who hear what sounds in `channel`.
    pub fn listeners(&self, guild: &GuildIds, channel: u64) -> usize {
        // From the audience of a stage nobody is heard.
        let bot = self.discord.voice(guild.id, self.discord.bot());
        if bot.is_some_and(|seat| seat.suppressed) {
            return 0;
        }
        let members = guild.members.values();
        let seats = members.filter_map(|user| self.discord.voice(guild.id, *user));
        seats.filter(|seat| seat.channel == channel && !seat.self_deaf).count()
    }

    /// `user` types a command, or writes a message: `@bot` in it mentions the bot.
    ///
    /// # Errors
    /// When Discord's client does not send it: no such command or option, a value out of bounds.
    pub fn send(&self, guild: u64, channel: u64, user: u64, typed: &Typed) -> Result<InteractionHandle, String> {
        if let Some(text) = &typed.written {
            let mention = format!("<@{}>", self.discord.bot());
            let text = text.replacen("@bot", &mention, 1);
            let written = self.discord.write(user, guild, channel, &text);
            return written.map_err(|error| error.to_string());
        }
        let command = SlashCommand {
            name: typed.name.clone(),
            options: typed.options.clone(),
        };
        self.discord
            .say(user, guild, channel, &command)
            .map_err(|error| error.to_string())
    }

    /// `user` types a slash command and is at its last option: what the bot offers is in the first callback.
    ///
    /// # Errors
    /// When there is no such command, or its option offers nothing.
    pub fn complete(&self, guild: u64, channel: u64, user: u64, typed: &Typed) -> Result<InteractionHandle, String> {
        let command = SlashCommand {
            name: typed.name.clone(),
            options: typed.options.clone(),
        };
        self.discord
            .complete(user, guild, channel, &command)
            .map_err(|error| error.to_string())
    }

    /// The newest message of `channel` that `user` sees, has a button with `button` in its words, and has `on` in its
    /// text; and that button's custom id.
    pub fn button(&self, user: u64, channel: u64, button: &str, on: &str) -> Option<(u64, String)> {
        let all = self.discord.messages(channel);
        let seen = all.into_iter().rev().filter(|message| {
            let open = message.deleted_at_ms.is_none() && message.only_for.is_none_or(|only| only == user);
            open && message.text.contains(on)
        });
        seen.into_iter().find_map(|message| {
            let all = message.buttons();
            let found = all.into_iter().find(|it| it.label.contains(button));
            found.map(|found| (message.id, found.custom_id))
        })
    }

    /// What stands in `channel`, private answers included, in order.
    pub fn shown(&self, channel: u64) -> Vec<discord::MessageView> {
        let all = self.discord.messages(channel).into_iter();
        all.filter(|message| message.deleted_at_ms.is_none()).collect()
    }

    /// `user` presses a button of a message, by its custom id; see [`crate::discord::MessageView::rows`].
    ///
    /// # Errors
    /// When Discord's client does not show it to this user, or does not let it be pressed.
    pub fn click(&self, user: u64, message: u64, custom_id: &str) -> Result<InteractionHandle, String> {
        self.discord
            .click(user, message, custom_id)
            .map_err(|error| error.to_string())
    }

    /// Whether the bot is granted the words of all messages. Before it starts.
    pub fn grant_content(&self, granted: bool) {
        self.discord.grant_content(granted);
    }

    /// The final answer of an interaction, once it is there: what the user reads when nothing is pending.
    pub async fn answer(&self, said: &InteractionHandle) -> Option<Answer> {
        let answer = said.standing().into_iter().find(|answer| !answer.text.is_empty())?;
        let first = said.first(Duration::ZERO).await;
        Some(Answer {
            private: answer.seen_by == SeenBy::Caller,
            deferred: first.is_some_and(|first| first.kind == DEFERRED),
            text: answer.text,
        })
    }

    /// What the bot wrote without being asked, cards apart: channel and text, in order.
    pub fn notices(&self, guild: &GuildIds) -> Vec<(u64, String)> {
        let all = guild.text.values().flat_map(|channel| self.discord.messages(*channel));
        let own = all.filter(|message| message.by_bot && message.answers().is_none() && !message.had_buttons);
        own.map(|message| (message.channel, message.text)).collect()
    }

    /// The messages with buttons that the bot posted by itself, deleted ones included, in order.
    pub fn cards(&self, guild: &GuildIds) -> Vec<discord::MessageView> {
        let all = guild.text.values().flat_map(|channel| self.discord.messages(*channel));
        let mut own: Vec<_> = all
            .filter(|message| message.by_bot && message.answers().is_none() && message.had_buttons)
            .collect();
        own.sort_by_key(|message| message.id);
        own
    }

    /// Somebody deletes a message.
    pub fn delete(&self, message: u64) {
        self.discord.delete_message(message);
    }

    /// Whether the bot is connected and has registered its commands.
    pub async fn is_ready(&self) -> bool {
        self.is_connected().await && self.discord.registered("play", Duration::ZERO).await
    }

    /// Whether the bot has a gateway session with a socket.
    pub async fn is_connected(&self) -> bool {
        self.discord.ready(1, Duration::ZERO).await
    }

    /// Recommends so many shards to a bot that asks; guilds are spread over them. Before the bot starts.
    pub fn recommend_shards(&self, shards: u32) {
        self.discord.recommend_shards(shards);
    }

    /// Whether so many shards have a gateway session with a socket.
    pub async fn has_shards(&self, shards: usize) -> bool {
        self.discord.ready(shards, Duration::ZERO).await
    }

    /// The bot's process is gone: waits until its sockets are.
    pub async fn process_ended(&self) {
        self.discord.offline(Duration::from_secs(2)).await;
        self.discord.bot_restarts();
    }

    /// All commands that users typed, in order.
    pub fn interactions(&self) -> Vec<InteractionHandle> {
        self.discord.interactions()
    }

    /// Requests get through again, and tokens, voice and heartbeats are as they should be.
    pub fn calm(&self) {
        self.discord.fault(discord::Fault::Calm);
    }

    /// How often `operation` was called over REST.
    pub fn calls(&self, operation: &str) -> u64 {
        self.discord.rest_counts(None).get(operation).copied().unwrap_or(0)
    }

    /// IDENTIFYs that got a session.
    pub fn identifies(&self) -> u64 {
        self.discord.summary().identifies
    }

    /// RESUMEs that were answered.
    pub fn resumes(&self) -> u64 {
        self.discord.summary().resumes.values().sum()
    }

    /// How long after `at_ms` a session was first resumed, ms.
    pub fn resumed_after(&self, at_ms: u64) -> Option<u64> {
        let all = self.discord.summary().resumed_at_ms;
        all.into_iter()
            .filter(|resumed| *resumed >= at_ms)
            .min()
            .map(|resumed| resumed - at_ms)
    }
}
