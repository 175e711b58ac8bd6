//! The stand-ins of a run, on one clock, and the bot that plays in front of them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};

use super::chat::{Chat, GuildIds};
use super::watch::{Beat, Watch};
use crate::bot::{Bot, BotSpec};
use crate::catalogue::{Behaviour, Catalogue, Song};
use crate::findings::{Findings, Summary};
use crate::lavalink::{LavalinkNode, NodeConfig, PlayerView};
use crate::scenario::{GuildSpec, TrackSpec, World};
use crate::sound::SoundLedger;
use crate::voices::Voices;

/// How long the bot may take from its start until it is connected and has registered its commands.
pub const READY: Duration = Duration::from_secs(30);

/// Distance of the watch's beats.
const BEAT: Duration = Duration::from_millis(10);

/// Password of the stand-in nodes. It opens nothing but them.
const PASSWORD: &str = "youshallnotpass";

/// The stand-ins. Cloning shares them.
#[derive(Clone)]
pub struct StandIns {
    /// Discord.
    pub chat: Chat,
    /// The audio nodes.
    pub nodes: Arc<Vec<LavalinkNode>>,
    /// What was heard.
    pub sound: SoundLedger,
    /// What was found wrong.
    pub findings: Findings,
    /// What can be played.
    pub catalogue: Arc<Mutex<Catalogue>>,
    /// What must be heard.
    pub watch: Watch,
    guilds: Arc<Mutex<BTreeMap<u64, GuildIds>>>,
    bot_runs: Arc<AtomicBool>,
    origin: Instant,
}

impl StandIns {
    /// Starts Discord and a node for each name, on loopback.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(nodes: &[String], seed: u64) -> anyhow::Result<Self> {
        let origin = Instant::now();
        let (voices, sound, findings) = (Voices::default(), SoundLedger::default(), Findings::default());
        let catalogue = Arc::new(Mutex::new(Catalogue::default()));
        let chat = Chat::start(origin, seed, voices.clone(), findings.clone()).await?;
        let mut running = Vec::new();
        for (number, name) in (1..).zip(nodes) {
            let config = NodeConfig {
                name: name.clone(),
                password: PASSWORD.into(),
                seed: seed.wrapping_add(number),
                origin,
            };
            let node = LavalinkNode::start(
                config,
                Arc::clone(&catalogue),
                voices.clone(),
                sound.clone(),
                findings.clone(),
            );
            running.push(node.await?);
        }
        let stand_ins = Self {
            chat,
            nodes: Arc::new(running),
            sound,
            findings,
            catalogue,
            watch: Watch::default(),
            guilds: Arc::default(),
            bot_runs: Arc::default(),
            origin,
        };
        tokio::spawn(beats(stand_ins.clone()));
        Ok(stand_ins)
    }

    /// Now, ms since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The catalogue, locked.
    pub fn catalogue(&self) -> MutexGuard<'_, Catalogue> {
        self.catalogue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a guild; its silence is watched from now on.
    pub fn add_guild(&self, name: &str, spec: &GuildSpec) -> GuildIds {
        let ids = self.chat.add_guild(name, spec);
        self.guilds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(ids.id, ids.clone());
        ids
    }

    /// Adds the tracks and playlists of a world.
    pub fn add_tracks(&self, world: &World) {
        let mut catalogue = self.catalogue();
        for (id, track) in &world.tracks {
            catalogue.add(song(id, track));
        }
        for (id, list) in &world.playlists {
            catalogue.add_list(id, &list.name, list.tracks.clone());
        }
    }

    /// Takes all tracks out.
    pub fn clear_tracks(&self) {
        *self.catalogue() = Catalogue::default();
    }

    /// All that was found wrong.
    pub fn finish(&self) -> Summary {
        self.findings.summary()
    }

    /// The players of `guild`, on all nodes.
    pub fn players(&self, guild: u64) -> Vec<PlayerView> {
        let all = self.nodes.iter().flat_map(LavalinkNode::players);
        all.filter(|(of, _)| *of == guild).map(|(_, player)| player).collect()
    }

    /// The player of `guild`: the one with a track and an open voice connection, if there are several.
    pub fn player(&self, guild: u64) -> Option<PlayerView> {
        let players = self.players(guild);
        players
            .into_iter()
            .max_by_key(|player| (player.track.is_some(), player.connected))
    }

    /// The node called `name`.
    pub fn node(&self, name: &str) -> Option<&LavalinkNode> {
        self.nodes.iter().find(|node| node.name() == name)
    }

    /// The environment that a bot needs to find the stand-ins.
    pub fn environment(&self) -> Vec<(String, String)> {
        let nodes: Vec<serde_json::Value> = self
            .nodes
            .iter()
            .map(|node| {
                serde_json::json!({ "name": node.name(), "host": node.addr().ip().to_string(),
                    "port": node.addr().port(), "password": node.password(), "https": false,
                    "region": format!("region of {}", node.name()) })
            })
            .collect();
        let mut environment = self.chat.environment();
        environment.push(("LAVALINK_NODES".into(), serde_json::Value::from(nodes).to_string()));
        environment
    }

    /// Says whether the bot's process runs.
    pub fn bot_runs(&self, runs: bool) {
        self.bot_runs.store(runs, Ordering::SeqCst);
    }

    /// Looks at all guilds now.
    pub fn beat(&self) {
        let guilds: Vec<GuildIds> = self
            .guilds
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .values()
            .cloned()
            .collect();
        let players: Vec<(u64, PlayerView)> = self.nodes.iter().flat_map(LavalinkNode::players).collect();
        for guild in guilds {
            let of_guild = players.iter().filter(|(of, _)| *of == guild.id);
            let beat = Beat {
                now_ms: self.now(),
                players: of_guild.map(|(_, player)| player.clone()).collect(),
                listeners: self
                    .chat
                    .bot_channel(guild.id)
                    .map(|channel| self.chat.listeners(&guild, channel)),
                bot_runs: self.bot_runs.load(Ordering::SeqCst),
            };
            let catalogue = self.catalogue();
            self.watch.beat(guild.id, &beat, &self.sound, &catalogue);
        }
    }
}

/// Ends with the runtime.
async fn beats(stand_ins: StandIns) {
    let mut interval = tokio::time::interval(BEAT);
    interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    loop {
        interval.tick().await;
        stand_ins.beat();
    }
}

fn song(id: &str, track: &TrackSpec) -> Song {
    let behaviour = match (track.fails, track.breaks_at_ms, track.sticks_at_ms) {
        (true, _, _) => Behaviour::FailsToLoad,
        (_, Some(at), _) => Behaviour::BreaksAt(at),
        (_, _, Some(at)) => Behaviour::SticksAt(at),
        (false, None, None) => Behaviour::Plays,
    };
    let mut song = Song::new(id, &track.title, 0);
    song.length_ms = track.length();
    song.behaviour = behaviour;
    song.load_error.clone_from(&track.load_error);
    song.load_ms = track.load_ms;
    song.mix.clone_from(&track.mix);
    if let Some(author) = &track.author {
        song.author.clone_from(author);
    }
    song
}

/// The stand-ins with a bot in front of them.
pub struct Stage {
    /// The stand-ins.
    pub at: StandIns,
    /// The bot's process.
    pub bot: tokio::sync::Mutex<Bot>,
    /// Where its data and log are; removed in the end.
    _folder: tempfile::TempDir,
}

impl Stage {
    /// Prepares the bot; [`Self::raise`] starts it.
    ///
    /// # Errors
    /// When a port or a folder can't be had.
    pub async fn prepare(
        program: PathBuf,
        nodes: &[String],
        seed: u64,
        config: serde_json::Value,
    ) -> anyhow::Result<Self> {
        let at = StandIns::start(nodes, seed).await?;
        let folder = tempfile::Builder::new().prefix("ostinato-sandbox-").tempdir()?;
        let bot = Bot::new(BotSpec {
            program,
            folder: folder.path().to_owned(),
            environment: at.environment(),
            config,
        })?;
        Ok(Self {
            at,
            bot: tokio::sync::Mutex::new(bot),
            _folder: folder,
        })
    }

    /// Starts the bot and waits until it is connected, to the nodes too, and has registered its commands.
    ///
    /// # Errors
    /// When it ends by itself or is not ready in time; the text has the tail of its log.
    pub async fn raise(&self) -> anyhow::Result<()> {
        self.start_bot().await?;
        let deadline = Instant::now() + READY;
        while !(self.at.chat.is_ready().await && self.at.nodes.iter().all(LavalinkNode::is_connected)) {
            self.alive().await?;
            if Instant::now() > deadline {
                let tail = self.bot.lock().await.log_tail(30).join("\n");
                bail!("the bot is not ready after {} s\n{tail}", READY.as_secs());
            }
            tokio::time::sleep(BEAT).await;
        }
        Ok(())
    }

    /// Starts the bot with the same data as before.
    ///
    /// # Errors
    /// When it can't be started.
    pub async fn start_bot(&self) -> anyhow::Result<()> {
        self.bot.lock().await.start()?;
        self.at.bot_runs(true);
        Ok(())
    }

    /// Kills the bot with SIGKILL.
    pub async fn kill9(&self) {
        self.bot.lock().await.kill9().await;
        self.at.bot_runs(false);
        self.at.chat.process_ended().await;
    }

    /// Ends the bot with SIGTERM.
    ///
    /// # Errors
    /// When it does not end in time or not with exit code 0.
    pub async fn terminate(&self) -> anyhow::Result<()> {
        // From the signal on it takes no decisions any more.
        self.at.bot_runs(false);
        let code = self.bot.lock().await.terminate().await;
        self.at.chat.process_ended().await;
        match code? {
            0 => Ok(()),
            code => bail!("the bot has ended with exit code {code} after SIGTERM; 0 is a clean end"),
        }
    }

    /// Whether the bot is still there.
    ///
    /// # Errors
    /// When it has ended by itself.
    pub async fn alive(&self) -> anyhow::Result<()> {
        let mut bot = self.bot.lock().await;
        match bot.ended() {
            None => Ok(()),
            Some(status) => bail!("the bot has ended by itself: {status}\n{}", bot.log_tail(30).join("\n")),
        }
    }

    /// Copies the bot's log to `to`.
    ///
    /// # Errors
    /// When that can't be written.
    pub async fn copy_log(&self, to: &std::path::Path) -> anyhow::Result<()> {
        let log = self.bot.lock().await.log_path();
        std::fs::copy(log, to).with_context(|| format!("{} can't be written", to.display()))?;
        Ok(())
    }
}
