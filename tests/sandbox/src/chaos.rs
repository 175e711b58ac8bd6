//! Guilds with listeners, and a bot to which everything happens that a seed chooses. Then all is healed, and within a
//! minute everybody must play what they should, or say why not.
//!
//! It is the sandbox that counts, over all of the bot's processes: commands by the answer that their users could read,
//! effects by what sounded and by the queue in the end, silence by the clock.

mod answers;
mod args;
mod books;
mod bring;
mod gaps;
mod plan;
mod settle;

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

pub use args::ChaosArgs;
pub use books::Books;
pub use plan::{Fault, Kind, Plan};

use books::Ledger;

use crate::control::Control;
use crate::demo::driver::{self, Driver};
use crate::demo::{self, Tally, tunes};
use crate::run::chat::GuildIds;
use crate::run::stage::Stage;

/// The audio nodes.
const NODES: [&str; 2] = ["n1", "n2"];

/// How long a listener waits for an answer, and then for its effect, ms: longer than every budget.
const PATIENCE_MS: u64 = 25_000;

/// How often the bot is asked who died.
const ASK: Duration = Duration::from_millis(500);

/// How a run is made.
#[derive(Clone, Debug)]
pub struct Chaos {
    /// The bot's program.
    pub program: PathBuf,
    /// How long things break, from the first sound on.
    pub length: Duration,
    /// How many guilds.
    pub guilds: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// Where the bot's log is copied to in the end.
    pub log: Option<PathBuf>,
    /// Told each line for people as it comes.
    pub tell: fn(&str),
}

/// A run: the stand-ins, the bot, its interface and the books.
struct Scene {
    stage: Arc<Stage>,
    control: Control,
    guilds: Vec<GuildIds>,
    tally: Arc<Tally>,
    ledger: Mutex<Ledger>,
    /// Held while the process is killed and started.
    process: tokio::sync::Mutex<()>,
    tell: fn(&str),
}

impl Scene {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes who died, as the bot tells it. It may be away.
    async fn ask(&self) {
        if let Ok(deaths) = self.control.deaths().await {
            self.ledger().deaths.extend(deaths);
        }
    }

    /// Asks now and then, and starts a bot that has ended by itself again, which is a violation.
    async fn watch(self: Arc<Self>) {
        loop {
            tokio::time::sleep(ASK).await;
            self.ask().await;
            let _process = self.process.lock().await;
            if let Err(error) = self.stage.alive().await {
                self.ledger().wrong.push(format!("{error:#}"));
                self.stage.kill9().await;
                if let Err(error) = self.stage.start_bot().await {
                    self.ledger().wrong.push(format!("{error:#}"));
                    return;
                }
            }
        }
    }
}

/// Makes a run and tells its books.
///
/// # Errors
/// When the bot is not ready in time, or nothing was heard at all.
pub async fn run(chaos: &Chaos) -> anyhow::Result<Books> {
    let plan = Plan::of(chaos.seed, chaos.length, chaos.guilds, NODES.len());
    (chaos.tell)(&format!("seed {} breaks {}", chaos.seed, plan.about()));
    let (scene, drivers, end_ms) = open(chaos).await?;
    let first = demo::first_sound(&scene.stage).await?;
    let length_ms = u64::try_from(chaos.length.as_millis()).unwrap_or(u64::MAX);
    let heal_ms = first.saturating_add(length_ms);
    end_ms.store(heal_ms, Ordering::SeqCst);
    let watch = tokio::spawn(Arc::clone(&scene).watch());
    let mut faults = tokio::task::JoinSet::new();
    for fault in plan.faults {
        let scene = Arc::clone(&scene);
        faults.spawn(async move {
            demo::sleep_until(&scene.stage, first + fault.at_ms).await;
            bring::bring(&scene, fault, heal_ms).await;
        });
    }
    demo::sleep_until(&scene.stage, heal_ms).await;
    while let Some(done) = faults.join_next().await {
        if let Err(error) = done {
            scene.ledger().wrong.push(format!("a fault's task died: {error}"));
        }
    }
    bring::heal(&scene).await;
    (chaos.tell)("all is healed");
    settle::settle(&scene, drivers).await;
    let until_ms = scene.stage.at.now();
    for guild in &scene.guilds {
        driver::compare_queue(&scene.stage, &scene.tally, guild).await;
    }
    scene.ask().await;
    watch.abort();
    close(chaos, &scene, until_ms).await
}

/// Everybody is there, the bot too, and begins.
async fn open(chaos: &Chaos) -> anyhow::Result<(Arc<Scene>, tokio::task::JoinSet<()>, Arc<AtomicU64>)> {
    let config = serde_json::json!({ "chaos.enabled": true, "chaos.guild_allowlist": "*" });
    let stage = Stage::prepare(chaos.program.clone(), &NODES.map(str::to_owned), chaos.seed, config).await?;
    let stage = Arc::new(stage);
    let mut random = fastrand::Rng::with_seed(chaos.seed);
    let mut guilds = Vec::new();
    for number in 1..=chaos.guilds.max(1) {
        let guild = stage.at.add_guild(&format!("Guild {number}"), &demo::spec());
        let tunes = tunes::add(&mut stage.at.catalogue(), number, &mut random);
        guilds.push((guild, tunes));
    }
    stage.raise().await?;
    let port = stage.bot.lock().await.ports().status;
    let (tally, end_ms) = (Arc::new(Tally::default()), Arc::new(AtomicU64::new(u64::MAX)));
    let mut drivers = tokio::task::JoinSet::new();
    for (guild, tunes) in guilds.clone() {
        let driver = Driver::new(Arc::clone(&stage), Arc::clone(&tally), guild, tunes, random.fork());
        drivers.spawn(driver.patient(PATIENCE_MS).run(Arc::clone(&end_ms)));
    }
    let scene = Scene {
        stage,
        control: Control::on(port)?,
        guilds: guilds.into_iter().map(|(guild, _)| guild).collect(),
        tally,
        ledger: Mutex::default(),
        process: tokio::sync::Mutex::default(),
        tell: chaos.tell,
    };
    Ok((Arc::new(scene), drivers, end_ms))
}

/// Ends the bot and closes the books.
async fn close(chaos: &Chaos, scene: &Scene, until_ms: u64) -> anyhow::Result<Books> {
    let ended = match scene.stage.alive().await {
        Ok(()) => scene.stage.terminate().await,
        Err(error) => Err(error),
    };
    if let Err(error) = ended {
        scene.ledger().wrong.push(format!("{error:#}"));
    }
    if let Some(log) = &chaos.log {
        scene.stage.copy_log(log).await?;
    }
    let mut commands = Vec::new();
    for said in scene.stage.at.chat.interactions() {
        commands.extend(answers::read(&said).await);
    }
    let errors = scene.stage.bot.lock().await.errors();
    let mut ledger = scene.ledger();
    ledger.commands = commands;
    ledger.log(&errors);
    let guilds: Vec<u64> = scene.guilds.iter().map(|guild| guild.id).collect();
    let at = &scene.stage.at;
    let gaps = gaps::unexcused(&at.sound, &guilds, until_ms, &ledger.happened);
    let sound = at.sound.total(until_ms);
    Ok(ledger.close(chaos, &scene.tally, at, (&sound, &gaps)))
}
