//! Guilds with listeners who use the bot for a while, and the books of it: what was due and heard, what was answered,
//! lost and doubled. Counted from outside, over all of the bot's processes.

mod books;
pub(crate) mod driver;
pub(crate) mod tunes;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::bail;

pub use books::Books;
pub(crate) use books::Tally;
use driver::Driver;

use crate::run::stage::Stage;
use crate::scenario::{GatewayFault, GuildSpec, NodeFault};

/// Before the end nobody types any more, so that every effect can still be seen, ms.
const QUIET_MS: u64 = 2_000;

/// How long it may take until the first sound.
const FIRST_SOUND: Duration = Duration::from_secs(20);

/// How a demo is made.
#[derive(Clone, Debug)]
pub struct Demo {
    /// The bot's program.
    pub program: PathBuf,
    /// How long, from the first sound on.
    pub length: Duration,
    /// How many guilds.
    pub guilds: usize,
    /// How many more in which nobody does anything.
    pub idle_guilds: usize,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// What breaks and when, from the first sound on.
    pub faults: Vec<(Duration, DemoFault)>,
    /// Where the bot's log is copied to in the end.
    pub log: Option<PathBuf>,
}

/// What breaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DemoFault {
    /// The bot is killed with SIGKILL and started again.
    Kill9,
    /// The bot is ended with SIGTERM and started again.
    Sigterm,
    /// The gateway is gone for so long.
    GatewayAway(Duration),
    /// The gateway drops its connections.
    GatewayDrop,
    /// The first node dies; it is started again after 5 s.
    KillNode,
}

/// Runs a demo and tells the books.
///
/// # Errors
/// When the bot is not ready in time, or nothing was heard at all.
pub async fn run(demo: &Demo) -> anyhow::Result<Books> {
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let stage = Stage::prepare(demo.program.clone(), &nodes, demo.seed, serde_json::json!({})).await?;
    let stage = Arc::new(stage);
    let mut random = fastrand::Rng::with_seed(demo.seed);
    let mut guilds = Vec::new();
    for number in 1..=demo.guilds.max(1) {
        let guild = stage.at.add_guild(&format!("Guild {number}"), &spec());
        let tunes = tunes::add(&mut stage.at.catalogue(), number, &mut random);
        guilds.push((guild, tunes));
    }
    for number in 1..=demo.idle_guilds {
        stage.at.add_guild(&format!("Idle {number}"), &spec());
    }
    stage.raise().await?;
    let idle = stage.bot.lock().await.usage();
    let tally = Arc::new(Tally::default());
    let end_ms = Arc::new(AtomicU64::new(u64::MAX));
    let mut drivers = tokio::task::JoinSet::new();
    for (guild, tunes) in guilds.clone() {
        let driver = Driver::new(Arc::clone(&stage), Arc::clone(&tally), guild, tunes, random.fork());
        drivers.spawn(driver.run(Arc::clone(&end_ms)));
    }
    let first = first_sound(&stage).await?;
    let length_ms = u64::try_from(demo.length.as_millis()).unwrap_or(u64::MAX);
    let until = first.saturating_add(length_ms);
    end_ms.store(until.saturating_sub(QUIET_MS), Ordering::SeqCst);
    let mut faults = tokio::task::JoinSet::new();
    for (at, fault) in demo.faults.clone() {
        let (stage, tally) = (Arc::clone(&stage), Arc::clone(&tally));
        let at_ms = first + u64::try_from(at.as_millis()).unwrap_or(0);
        faults.spawn(async move { bring(&stage, &tally, at_ms, fault).await });
    }
    sleep_until(&stage, until).await;
    let sound = stage.at.sound.total(until);
    let mut problems = Vec::new();
    while let Some(done) = faults.join_next().await {
        if let Ok(Err(error)) = done {
            problems.push(format!("{error:#}"));
        }
    }
    while let Some(done) = drivers.join_next().await {
        if let Err(error) = done {
            problems.push(format!("a driver died: {error}"));
        }
    }
    for (guild, _) in &guilds {
        driver::compare_queue(&stage, &tally, guild).await;
    }
    let used = stage.bot.lock().await.usage();
    let mut books = finish(demo, &stage, &tally, sound, problems).await?;
    books.weigh(idle, used);
    Ok(books)
}

async fn finish(
    demo: &Demo,
    stage: &Stage,
    tally: &Tally,
    sound: crate::sound::Report,
    mut problems: Vec<String>,
) -> anyhow::Result<Books> {
    if let Err(error) = stage.alive().await {
        problems.push(format!("{error:#}"));
    } else if let Err(error) = stage.terminate().await {
        problems.push(format!("{error:#}"));
    }
    if let Some(log) = &demo.log {
        stage.copy_log(log).await?;
    }
    let bot = stage.bot.lock().await;
    problems.extend(bot.errors());
    Ok(tally.books(&sound, problems, &stage.at, bot.restarts(), demo.seed))
}

pub(crate) fn spec() -> GuildSpec {
    GuildSpec {
        text: vec!["music".into()],
        voice: vec!["Lounge".into()],
        members: vec!["ann".into(), "bob".into()],
    }
}

pub(crate) async fn first_sound(stage: &Stage) -> anyhow::Result<u64> {
    let deadline = tokio::time::Instant::now() + FIRST_SOUND;
    loop {
        if let Some(first) = stage.at.sound.first_of_all() {
            return Ok(first);
        }
        stage.alive().await?;
        if tokio::time::Instant::now() > deadline {
            let tail = stage.bot.lock().await.log_tail(30).join("\n");
            bail!(
                "nothing was heard within {} s of the start\n{tail}",
                FIRST_SOUND.as_secs()
            );
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn sleep_until(stage: &Stage, at_ms: u64) {
    let wait = at_ms.saturating_sub(stage.at.now());
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

async fn bring(stage: &Stage, tally: &Tally, at_ms: u64, fault: DemoFault) -> anyhow::Result<()> {
    sleep_until(stage, at_ms).await;
    tally.fault(stage.at.now());
    match fault {
        DemoFault::Kill9 => {
            stage.kill9().await;
            stage.start_bot().await?;
        }
        DemoFault::Sigterm => {
            let ended = stage.terminate().await;
            stage.start_bot().await?;
            ended?;
        }
        DemoFault::GatewayAway(time) => {
            let for_ms = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
            tally.away(true);
            stage.at.chat.break_gateway(GatewayFault::Away, None, Some(for_ms));
            tokio::time::sleep(time).await;
            tally.back(stage.at.now());
            while !stage.at.chat.is_connected().await {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            tally.away(false);
        }
        DemoFault::GatewayDrop => stage.at.chat.break_gateway(GatewayFault::Drop, None, None),
        DemoFault::KillNode => {
            if let Some(node) = stage.at.nodes.first() {
                crate::run::faults::hit(node, NodeFault::Kill);
                tokio::time::sleep(Duration::from_secs(5)).await;
                crate::run::faults::hit(node, NodeFault::Revive);
            }
        }
    }
    tally.fault(stage.at.now());
    Ok(())
}

/// How the commands of a demo are counted, by name.
pub type ByName = BTreeMap<String, u64>;
