//! Many guilds whose listeners use the bot at a given rate, or as fast as it answers, and what that costs.
//!
//! Commands are counted and timed; whether music sounds as it should is the demo's and the scenarios' matter. Nothing of
//! the stand-ins' book-keeping runs beside it, so that one machine can carry both sides.

pub(crate) mod args;
pub(crate) mod figures;
pub(crate) mod mix;

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{bail, ensure};
use tokio::time::Instant;

pub use args::LoadArgs;
pub use figures::Figures;
use figures::Tally;
pub use mix::Mix;

use crate::run::chat::GuildIds;
use crate::run::stage::Stage;
use crate::run::typed::Typed;
use crate::scenario::GuildSpec;

/// Discord's bound on a first callback.
const FIRST: Duration = Duration::from_secs(3);

/// A command that is not finished by then counts with this time.
const FINAL: Duration = Duration::from_secs(10);

/// How long all shards may take to be ready.
const SHARDS: Duration = Duration::from_secs(120);

/// Guilds that are made ready for the load at a time.
pub(crate) const WARM_AT_ONCE: usize = 16;

/// Between the start of the bot and its idle figures, and between the preparation and the load.
pub(crate) const SETTLE: Duration = Duration::from_millis(1_500);

/// How commands come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// So many a second, answered or not.
    Open(u32),
    /// So many users, each waiting for the final answer before the next command.
    Closed(usize),
}

/// How a load is made.
#[derive(Clone, Debug)]
pub struct Load {
    /// The bot's program.
    pub program: PathBuf,
    /// Guilds in which somebody does something.
    pub guilds: usize,
    /// Further guilds, with listeners in voice and no command.
    pub idle_guilds: usize,
    /// Gateway connections.
    pub shards: usize,
    /// Listeners of each guild, who take turns.
    pub users: usize,
    /// Tracks that each guild has waiting before the load begins.
    pub queue: usize,
    /// What they type.
    pub mix: Mix,
    /// How often.
    pub pace: Pace,
    /// How long.
    pub length: Duration,
    /// Seed of the stand-ins.
    pub seed: u64,
    /// Where the bot's log is copied to in the end.
    pub log: Option<PathBuf>,
}

/// The guilds of a load and its books.
struct Crowd {
    stage: Stage,
    guilds: Vec<GuildIds>,
    mix: Mix,
    tally: Tally,
    next: AtomicU64,
}

/// Runs a load and tells its figures.
///
/// # Errors
/// When the bot is not ready in time, ends by itself, or a guild can't be made ready for the load.
pub async fn run(load: &Load) -> anyhow::Result<Figures> {
    ensure!(load.guilds > 0 && load.users > 0, "a load needs a guild and a user");
    if let Pace::Closed(users) = load.pace {
        ensure!(
            users > 0 && users <= load.guilds,
            "--closed takes 1 to {} users: one command at a time for each guild",
            load.guilds
        );
    }
    let config = serde_json::json!({ "queue_tracks": 100_000 });
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let stage = Stage::prepare(load.program.clone(), &nodes, load.seed, config).await?;
    stage.at.chat.recommend_shards(u32::try_from(load.shards)?);
    mix::add_tracks(&stage, load.queue);
    let guilds: Vec<GuildIds> = (1..=load.guilds)
        .map(|number| guild(&stage, number, load.users))
        .collect();
    for number in 1..=load.idle_guilds {
        guild(&stage, load.guilds + number, 4);
    }
    stage.raise().await?;
    await_shards(&stage, load.shards).await?;
    tokio::time::sleep(SETTLE).await;
    let idle = stage.bot.lock().await.usage();
    let crowd = Arc::new(Crowd {
        stage,
        guilds,
        mix: load.mix,
        tally: Tally::default(),
        next: AtomicU64::new(0),
    });
    warm(&crowd, load).await?;
    tokio::time::sleep(SETTLE).await;
    let before = crowd.stage.bot.lock().await.usage();
    let began = Instant::now();
    match load.pace {
        Pace::Open(rate) => open(&crowd, rate, load.length).await,
        Pace::Closed(users) => closed(&crowd, users, load.length).await,
    }
    let took = began.elapsed();
    let after = crowd.stage.bot.lock().await.usage();
    if let Some(log) = &load.log {
        crowd.stage.copy_log(log).await?;
    }
    crowd.stage.alive().await?;
    let problems = crowd.stage.bot.lock().await.errors();
    crowd.stage.terminate().await?;
    let mut found = crowd.stage.at.finish().violations;
    found.extend(problems);
    Ok(crowd.tally.figures(load, took, [idle, before, after], found))
}

/// A guild with everybody seated in its voice channel; its size is that of a middling guild.
pub(crate) fn guild(stage: &Stage, number: usize, users: usize) -> GuildIds {
    let names = |what: &str, count: usize| (1..=count).map(|n| format!("{what}{n}")).collect::<Vec<_>>();
    let ids = stage.at.chat.add_guild(
        &format!("Guild {number}"),
        &GuildSpec {
            text: names("text", 10),
            voice: names("voice", 10),
            members: names("user", users),
        },
    );
    for user in ids.members() {
        stage.at.chat.seat(ids.id, user, Some(ids.first_voice));
    }
    ids
}

pub(crate) async fn await_shards(stage: &Stage, shards: usize) -> anyhow::Result<()> {
    let deadline = Instant::now() + SHARDS;
    while !stage.at.chat.has_shards(shards).await {
        stage.alive().await?;
        if Instant::now() > deadline {
            bail!("{shards} shards are not ready after {} s", SHARDS.as_secs());
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// Lets every guild play, with its queue filled.
async fn warm(crowd: &Arc<Crowd>, load: &Load) -> anyhow::Result<()> {
    let next = Arc::new(AtomicU64::new(0));
    let mut workers = tokio::task::JoinSet::<anyhow::Result<()>>::new();
    for _ in 0..WARM_AT_ONCE {
        let (crowd, next) = (Arc::clone(crowd), Arc::clone(&next));
        let length_ms = load.queue.max(1) as u64;
        workers.spawn(async move {
            loop {
                let number = usize::try_from(next.fetch_add(1, Ordering::SeqCst)).unwrap_or(usize::MAX);
                let Some(guild) = crowd.guilds.get(number) else {
                    return Ok(());
                };
                // A long list takes its time in the stand-in as well.
                ready(&crowd.stage, guild, FINAL + Duration::from_millis(length_ms)).await?;
            }
        });
    }
    while let Some(done) = workers.join_next().await {
        done??;
    }
    Ok(())
}

/// Lets one guild play, with its queue filled.
pub(crate) async fn ready(stage: &Stage, guild: &GuildIds, within: Duration) -> anyhow::Result<()> {
    let user = guild.members().first().copied().unwrap_or(0);
    for text in mix::preparation() {
        let said = stage.at.chat.send(guild.id, guild.first_text, user, &Typed::read(text));
        let answer = said.map_err(anyhow::Error::msg)?.answer(within).await;
        match answer {
            Some(answer) if mix::is_prepared(&answer.text) => {}
            Some(answer) => bail!("guild {}: `{text}` was answered with {:?}", guild.id, answer.text),
            None => bail!("guild {}: `{text}` was not answered", guild.id),
        }
    }
    Ok(())
}

/// Commands at a rate, whatever becomes of them; each is timed from when it was due.
async fn open(crowd: &Arc<Crowd>, rate: u32, length: Duration) {
    let began = Instant::now();
    let count = u64::from(rate) * u64::try_from(length.as_millis()).unwrap_or(u64::MAX) / 1_000;
    let mut running = tokio::task::JoinSet::new();
    for number in 0..count {
        let due = began + Duration::from_nanos(1_000_000_000 / u64::from(rate.max(1)) * number);
        tokio::time::sleep_until(due).await;
        let crowd = Arc::clone(crowd);
        running.spawn(async move { crowd.step(due).await });
        while running.try_join_next().is_some() {}
    }
    while running.join_next().await.is_some() {}
}

/// Users who wait for the final answer.
async fn closed(crowd: &Arc<Crowd>, users: usize, length: Duration) {
    let until = Instant::now() + length;
    let mut running = tokio::task::JoinSet::new();
    for _ in 0..users {
        let crowd = Arc::clone(crowd);
        running.spawn(async move {
            while Instant::now() < until {
                crowd.step(Instant::now()).await;
            }
        });
    }
    while running.join_next().await.is_some() {}
}

impl Crowd {
    /// The next command of the guild whose turn it is.
    async fn step(&self, due: Instant) {
        let number = self.next.fetch_add(1, Ordering::SeqCst);
        let guilds = self.guilds.len() as u64;
        let (turn, of) = (number / guilds, number % guilds);
        let Some(guild) = usize::try_from(of).ok().and_then(|of| self.guilds.get(of)) else {
            return;
        };
        let step = self.mix.step(turn);
        self.tally.sent();
        let typed = Typed::read(&step.text);
        let users = guild.members();
        let user = users[usize::try_from(turn).unwrap_or(0) % users.len()];
        let said = match self.stage.at.chat.send(guild.id, guild.first_text, user, &typed) {
            Ok(said) => said,
            Err(error) => return self.tally.refused(format!("`{}`: {error}", step.text)),
        };
        let Some(first) = said.first(FIRST).await else {
            return self.tally.unanswered(&step.text);
        };
        let first_at = due.elapsed();
        let answer = said.answer(FINAL).await;
        self.tally
            .answered(first_at, answer.as_ref().map_or(FINAL, |_| due.elapsed()));
        let text = answer.map_or_else(|| first.text.clone(), |answer| answer.text);
        if !step.is_success(&text) {
            self.tally
                .refused(format!("`{}` in guild {}: {text:?}", step.text, guild.id));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_every_mix_is_a_command_with_a_sign_of_success() {
        for mix in [Mix::Everyday, Mix::Ping] {
            for turn in 0..20 {
                let step = mix.step(turn);
                assert!(step.text.starts_with('/'), "{step:?}");
                assert!(!step.is_success("That did not work"), "{step:?}");
            }
        }
    }

    #[test]
    fn the_tracks_of_a_load_are_found_by_their_titles() {
        let song: crate::catalogue::Song = mix::song(3);
        assert!(song.length_ms.is_some_and(|ms| ms > 60_000), "no track ends by itself");
    }
}
