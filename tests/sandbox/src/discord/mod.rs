//! A stand-in for Discord: REST API v10 and the gateway, over real sockets on loopback.
//!
//! It keeps a world of guilds, channels and members, serves a bot that is started with [`DiscordStandIn::base_url`] and
//! [`DiscordStandIn::token`], and lets a runner act as people, break things, and read what came of it. It enforces
//! Discord's limits; what Discord would refuse goes into the run's [`Findings`] as a violation, unless an injected fault
//! or an unavoidable race explains it. It must not know anything about the bot beyond what crosses the sockets.
//!
//! In short:
//!
//! ```text
//! let discord = DiscordStandIn::start(DiscordConfig::default(), voices, findings).await?;
//! let guild = discord.add_guild(&GuildSpec { name, text, voice, members, ..Default::default() }); // ids by name
//! // The bot is started with DISCORD_API_BASE_URL = discord.base_url() and DISCORD_TOKEN = discord.token().
//! discord.ready(1, within).await;                      // so many shards have a session with a socket
//! discord.registered("play", within).await;            // the bot registered the command
//! discord.join_voice(guild.id, ann, lounge);           // people: join, move; leave_voice, deafen; the bot's id works too
//! let command = discord.parse_slash(guild.id, "/play query:First where:next")?;
//! let said = discord.say(ann, guild.id, music, &command)?;  // checked against what is registered
//! let first = said.first(within).await;                // the first callback: kind, when, who sees it
//! let answer = said.answer_where(within, |it| it.text.contains("First")).await;  // callback, edit or follow-up
//! said.standing(); said.answers(); said.deletes();     // what is read now; everything; what was deleted
//! discord.write(ann, guild.id, music, "!skip")?;       // a message; a reply to it is its answer
//! discord.click(ann, message.id, &message.buttons()[0].custom_id)?;  // a button; comes back like a command
//! discord.message(music, within, |it| it.by_bot).await;    // channel messages; also messages(channel), chat(…)
//! discord.voice(guild.id, discord.bot());              // where the bot is; voice_is(…) waits
//! discord.fault(Fault::Reconnect { shard: None });     // see [`Fault`]; Fault::Calm ends all
//! discord.outage(guild.id, true); discord.remove_guild(guild.id); discord.delete_channel(lounge);
//! discord.deny_bot(lounge, rights::CONNECT);           // the bot's rights, per channel
//! discord.bot_restarts();                              // a new process: early IDENTIFYs are no violation
//! discord.rest_counts(Some(guild.id));                 // requests by operation; requests() has them in full
//! discord.summary();                                   // identifies, resumes by path, interactions answered, late
//! discord.stop();                                      // ports close, tasks end
//! ```
//!
//! All times are milliseconds on the run's clock ([`DiscordConfig::origin`]), unless a name says otherwise.

mod act;
mod buttons;
mod faults;
mod gateway;
mod interactions;
mod messages;
mod model;
mod render;
mod rest;
mod say;
mod slash;
mod state;
#[cfg(test)]
mod tests;
mod world;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;

pub use buttons::ButtonView;
pub use faults::{Fault, LimitScope, RestFault, RestFaultKind, VoiceDelivery};
pub use interactions::{Answer, AnswerHow, FirstCallback, InteractionHandle, SeenBy};
pub use messages::MessageView;
pub use model::{
    DiscordConfig, DiscordSummary, GuildIds, GuildSpec, MemberSpec, RequestRecord, RoleSpec, VoiceSpec, VoiceView,
    rights,
};
pub use slash::{CannotAct, SlashCommand, parse_slash};

use crate::findings::Findings;
use crate::voices::Voices;
use state::{Shared, State};
use world::World;

/// A running stand-in. Cloning shares it.
#[derive(Clone)]
pub struct DiscordStandIn(Arc<Shared>);

impl std::fmt::Debug for DiscordStandIn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DiscordStandIn")
            .field("rest", &self.0.rest)
            .field("gateway", &self.0.gateway)
            .finish_non_exhaustive()
    }
}

impl DiscordStandIn {
    /// Starts it on two free loopback ports, with no guilds.
    ///
    /// # Errors
    /// When no port can be had, or the OpenAPI document cannot be used.
    pub async fn start(config: DiscordConfig, voices: Voices, findings: Findings) -> anyhow::Result<Self> {
        let spec = match &config.openapi {
            Some(path) => Some(rest::Spec::read(path)?),
            None => {
                findings.note(
                    "requests to Discord were NOT held against its OpenAPI document: set DISCORD_OPENAPI to its path",
                );
                None
            }
        };
        let rest = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let gateway = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let state = State {
            random: fastrand::Rng::with_seed(config.seed),
            resume_url: format!("ws://{}/resume", gateway.local_addr()?),
            starts_left: config.session_starts,
            world: World::new(),
            findings: findings.clone(),
            config,
            voices,
            sessions: BTreeMap::new(),
            sockets: BTreeMap::new(),
            next_socket: 0,
            identified: HashMap::new(),
            process: 0,
            faults: faults::Faults::default(),
            interactions: HashMap::new(),
            by_token: HashMap::new(),
            messages: BTreeMap::new(),
            commands: Vec::new(),
            guild_commands: HashMap::new(),
            requests: VecDeque::new(),
            counted: HashMap::new(),
            limits: rest::Limits::default(),
            forbidden: HashMap::new(),
            presences: Vec::new(),
            summary: DiscordSummary::default(),
            later: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            findings,
            changed: watch::channel(0).0,
            stopped: watch::channel(false).0,
            open: watch::channel(true).0,
            rest: rest.local_addr()?,
            gateway: gateway.local_addr()?,
            spec,
        });
        tokio::spawn(rest::accept(Arc::clone(&shared), rest));
        tokio::spawn(gateway::accept(Arc::clone(&shared), gateway));
        tokio::spawn(state::clock(Arc::clone(&shared)));
        Ok(Self(shared))
    }

    /// Ends it: ports close, connections end.
    pub fn stop(&self) {
        self.0.stopped.send_replace(true);
    }

    /// Where REST is served, without `/api/v10`.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.0.rest)
    }

    /// The address of REST.
    pub fn rest_addr(&self) -> SocketAddr {
        self.0.rest
    }

    /// The address of the gateway.
    pub fn gateway_addr(&self) -> SocketAddr {
        self.0.gateway
    }

    /// The token that the bot needs, without `Bot `.
    pub fn token(&self) -> String {
        self.0.lock().config.token.clone()
    }

    /// The bot's user, which is its application's id too.
    pub fn bot(&self) -> u64 {
        self.0.lock().world.bot
    }

    /// The run's clock, ms.
    pub fn now_ms(&self) -> u64 {
        self.0.lock().now()
    }

    /// A new bot process is about to start: it cannot know when the last one identified, nor what that was refused.
    pub fn bot_restarts(&self) {
        self.0.change(|state| {
            state.process += 1;
            state.forbidden.clear();
            state.limits.nobody_was_told();
        });
    }

    /// Whether the application is granted the words of all messages from now on. Sessions keep what they have.
    pub fn grant_content(&self, granted: bool) {
        self.0.lock().config.content_intent = granted;
    }

    /// These users run the bot from now on: its owner, or a team with its owner first.
    pub fn run_by(&self, users: Vec<u64>) {
        self.0.lock().world.operators = users;
    }

    /// `user` may manage `guild` from now on.
    pub fn let_manage(&self, guild: u64, user: u64) {
        self.0.lock().world.let_manage(guild, user);
    }

    /// Recommends so many shards from now on, and spreads guilds over them.
    pub fn recommend_shards(&self, shards: u32) {
        self.0.lock().config.shards = shards.max(1);
    }

    /// Waits until `shards` shards have a session and a socket, at most for `within`. Whether they had.
    pub async fn ready(&self, shards: usize, within: Duration) -> bool {
        let look = |state: &State| {
            let ready = state.sessions.values().filter(|session| session.socket.is_some());
            (ready.count() >= shards).then_some(())
        };
        self.0.wait_for(within, look).await.is_some()
    }

    /// Waits until no session has a socket any more, at most for `within`. Whether that came.
    pub async fn offline(&self, within: Duration) -> bool {
        let look = |state: &State| {
            let gone = state.sessions.values().all(|session| session.socket.is_none());
            gone.then_some(())
        };
        self.0.wait_for(within, look).await.is_some()
    }

    /// Sessions that could be resumed or are in use, as (shard, id, last sequence number).
    pub fn sessions(&self) -> Vec<(u64, String, u64)> {
        let state = self.0.lock();
        let all = state.sessions.values();
        all.map(|session| (session.shard, session.id.clone(), session.seq))
            .collect()
    }

    /// Waits until the bot registered the command `name` for all guilds, at most for `within`. Whether it did.
    pub async fn registered(&self, name: &str, within: Duration) -> bool {
        let look = |state: &State| state.commands.iter().any(|it| it["name"] == name).then_some(());
        self.0.wait_for(within, look).await.is_some()
    }

    /// The commands that are registered for all guilds.
    pub fn commands(&self) -> Vec<Value> {
        self.0.lock().commands.clone()
    }

    /// Commands that are registered already when the bot comes, as Discord keeps them.
    pub fn preset_commands(&self, commands: Vec<Value>) {
        self.0.change(|state| state.commands = commands);
    }

    /// The presences that the bot set, in order.
    pub fn presences(&self) -> Vec<Value> {
        self.0.lock().presences.clone()
    }

    /// Requests by operation, of one guild or (with `None`) of all and of none.
    pub fn rest_counts(&self, guild: Option<u64>) -> BTreeMap<String, u64> {
        let mut counts = BTreeMap::new();
        for (of, by_operation) in &self.0.lock().counted {
            if guild.is_none() || *of == guild {
                for (operation, count) in by_operation {
                    *counts.entry((*operation).to_owned()).or_default() += count;
                }
            }
        }
        counts
    }

    /// The newest requests in full, in order.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.0.lock().requests.iter().cloned().collect()
    }

    /// What happened at the gateway and to the commands.
    pub fn summary(&self) -> DiscordSummary {
        self.0.lock().summary.clone()
    }
}
