//! The playground: a page on which a newcomer types commands, hears the music, breaks things and watches it go on.
//!
//! Everything behind it is real but Discord and the audio nodes, which are the stand-ins. The page is drawn here and
//! sent piece by piece; its script only puts pieces in their places.

mod act;
mod guard;
mod http;
mod lines;
mod markup;
mod timeline;
mod view;
mod world;

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::audio::{Audio, Library};
use crate::run::chat::GuildIds;
use crate::run::stage::Stage;
use crate::{bot, out};

/// The port of the page, unless another is asked for.
pub const PORT: u16 = 3_053;

/// How often the bot's process is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The bot is started again by itself so often within a minute, and no more.
const RESTARTS: usize = 5;

/// Happenings that the page still tells, and problems of a music folder that are told one by one.
const TOLD: usize = 6;

/// How the playground is opened.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The bot's program; see [`bot::find`].
    pub program: Option<PathBuf>,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// A folder with music that is offered beside the built-in tracks.
    pub music: Option<PathBuf>,
    /// The port of the page; the next free one if it is taken and was not asked for.
    pub port: Option<u16>,
}

/// What users did and what came of it.
#[derive(Debug, Default)]
struct Books {
    sent: u64,
    answered: u64,
    restarts: u64,
    /// What a user typed, by its interaction.
    typed: BTreeMap<u64, Typed>,
    /// What Discord's client refuses to send, newest last: for whom and why.
    hints: BTreeMap<u64, String>,
    told: VecDeque<String>,
}

/// A command as it stands in a channel.
#[derive(Clone, Debug)]
struct Typed {
    channel: u64,
    user: u64,
    text: String,
    at_ms: u64,
}

/// All that the page shows.
struct Playground {
    stage: Stage,
    guilds: Vec<(String, GuildIds)>,
    audio: Audio,
    books: Mutex<Books>,
    /// Held by whoever starts or ends the bot.
    process: tokio::sync::Mutex<()>,
}

impl Playground {
    fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The guild with this id.
    fn guild(&self, id: u64) -> Option<&GuildIds> {
        self.guilds.iter().map(|(_, guild)| guild).find(|guild| guild.id == id)
    }

    /// Tells on the page what happened.
    fn tell(&self, what: &str) {
        let at_s = self.stage.at.now() / 1_000;
        let mut books = self.books();
        if books.told.len() >= TOLD {
            books.told.pop_front();
        }
        books.told.push_back(format!("{}:{:02} {what}", at_s / 60, at_s % 60));
    }
}

/// Starts the stand-ins, the bot and the page, and goes on until Ctrl-C.
///
/// # Errors
/// When the bot can't be found or started, a port can't be had, or the music folder is none.
pub async fn open(options: &Options) -> anyhow::Result<()> {
    let library = options.music.as_deref().map(library).transpose()?.unwrap_or_default();
    let program = bot::find(options.program.as_deref())?;
    let door = http::Door::open(options.port).await?;
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    // This bot can be spared: users of the page may let it fail.
    let config = serde_json::json!({ "chaos.enabled": true, "chaos.guild_allowlist": "*" });
    let stage = Stage::prepare(program.clone(), &nodes, options.seed, config).await?;
    let guilds = world::build(&stage, &library);
    let playground = Arc::new(Playground {
        stage,
        guilds,
        audio: Audio::new(library),
        books: Mutex::default(),
        process: tokio::sync::Mutex::default(),
    });
    say_what_is_where(&playground, &program, door.port()).await;
    playground.stage.raise().await?;
    tokio::spawn(door.serve(Arc::clone(&playground)));
    world::first_scene(&playground);
    out::say("\nReady. Open the page, press Listen, type /play, and break something. Ctrl-C ends it all.");
    tokio::select! {
        ended = keep(&playground) => ended?,
        ended = tokio::signal::ctrl_c() => ended?,
    }
    out::say("\nGoing home.");
    let _process = playground.process.lock().await;
    // Ctrl-C reaches the bot as well, so it may have ended already.
    if playground.stage.alive().await.is_ok() {
        playground.stage.terminate().await?;
    }
    Ok(())
}

/// Reads a music folder and says what came of it.
///
/// # Errors
/// When `folder` is none.
pub fn library(folder: &Path) -> anyhow::Result<Library> {
    let library = Library::read(folder)?;
    let (offered, problems) = (library.songs().len(), library.problems());
    out::say(format_args!("music        {offered} files of {}", folder.display()));
    for problem in problems.iter().take(TOLD) {
        out::say(format_args!("             {problem}"));
    }
    if problems.len() > TOLD {
        out::say(format_args!(
            "             and {} more that can't be offered",
            problems.len() - TOLD
        ));
    }
    Ok(library)
}

async fn say_what_is_where(playground: &Playground, program: &Path, port: u16) {
    let stage = &playground.stage;
    out::say(format_args!("page         http://127.0.0.1:{port}/"));
    out::say(format_args!("bot          {}", program.display()));
    let (log, ports) = {
        let bot = stage.bot.lock().await;
        (bot.log_path().to_owned(), bot.ports())
    };
    out::say(format_args!("its log      {}", log.display()));
    out::say(format_args!("its console  http://127.0.0.1:{}/", ports.status));
    out::say(format_args!("its metrics  http://127.0.0.1:{}/metrics", ports.metrics));
    for (name, value) in stage.at.environment() {
        if name == "DISCORD_API_BASE_URL" {
            out::say(format_args!("Discord      {value} (stand-in)"));
        }
    }
    for node in stage.at.nodes.iter() {
        out::say(format_args!(
            "audio node   {} at http://{} (stand-in)",
            node.name(),
            node.addr()
        ));
    }
}

/// Starts the bot again whenever it has ended by itself.
async fn keep(playground: &Playground) -> anyhow::Result<()> {
    let mut starts: VecDeque<u64> = VecDeque::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let _process = playground.process.lock().await;
        let Err(error) = playground.stage.alive().await else {
            continue;
        };
        let now_ms = playground.stage.at.now();
        while starts.front().is_some_and(|at_ms| at_ms + 60_000 < now_ms) {
            starts.pop_front();
        }
        anyhow::ensure!(
            starts.len() < RESTARTS,
            "the bot has ended {RESTARTS} times within a minute; {error:#}"
        );
        starts.push_back(now_ms);
        playground.tell("the bot has ended by itself and is started again");
        playground.stage.at.bot_runs(false);
        playground.stage.start_bot().await?;
        playground.books().restarts += 1;
    }
}
