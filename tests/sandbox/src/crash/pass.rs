//! One run: everybody plays, then commands come, and deaths if there are to be any.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::json;
use tokio::time::Instant;

use super::Crash;
use crate::control::{Control, Death};
use crate::load::args::VOICE_A_SHARD;
use crate::load::{self, mix};
use crate::run::chat::GuildIds;
use crate::run::stage::Stage;
use crate::run::typed::Typed;

/// Discord's bound on a first callback.
const FIRST: Duration = Duration::from_secs(3);

/// How long a final answer may take.
const FINAL: Duration = Duration::from_secs(10);

/// How long a guild may take to be read, or to be ready to play.
const READY: Duration = Duration::from_secs(90);

/// Tracks that each guild has waiting.
const QUEUE: usize = 4;

/// Listeners of each guild.
const USERS: usize = 2;

/// How long an operator's restart may take.
const RESTARTED: Duration = Duration::from_secs(5);

/// What came of a run.
#[derive(Clone, Debug, Default)]
pub(super) struct Pass {
    /// From a death to the answer of the command behind it.
    pub(super) back: Vec<Duration>,
    /// From a command of the load to its first callback.
    pub(super) first: Vec<Duration>,
    /// The answers of all commands, by number; `None`: there was none.
    pub(super) answers: BTreeMap<u64, Option<String>>,
    /// What `/queue` shows in each guild in the end.
    pub(super) queues: Vec<Option<String>>,
    /// Deaths that the bot tells of.
    pub(super) deaths: u64,
    /// Guilds that lived again behind their death.
    pub(super) restarts: u64,
    /// Commands that were not done, though they could be.
    pub(super) refused: u64,
    /// Commands without a first callback within 3 s.
    pub(super) unanswered: u64,
    /// Longest run of silence in any guild since its first sound, ms.
    pub(super) gap_ms: u64,
    /// What an operator's restarts came to.
    pub(super) ordered: Ordered,
    /// What is wrong.
    pub(super) wrong: Vec<String>,
}

/// What an operator's restarts of one guild came to.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Ordered {
    /// How many were done.
    pub(super) done: u64,
    /// Frames that were due and not heard meanwhile.
    pub(super) frames_lost: u64,
    /// Restarts that count against the guild's budget.
    pub(super) counted: u64,
}

struct Scene {
    stage: Stage,
    control: Control,
    guilds: Vec<GuildIds>,
    pass: Mutex<Pass>,
    /// The clock of the day at the beginning of the run's own.
    origin: SystemTime,
}

/// Makes one run.
pub(super) async fn run(crash: &Crash, deaths: bool) -> anyhow::Result<Pass> {
    let name = if deaths { "the run" } else { "the control run" };
    (crash.tell)(&format!("{name}: {} guilds begin to play", crash.guilds));
    let scene = Arc::new(open(crash).await?);
    (crash.tell)(&format!("{name}: everybody plays"));
    let began = Instant::now();
    let mut running = tokio::task::JoinSet::new();
    for number in 0..crash.guilds {
        let due = began + times(1_000_000_000 / u64::from(crash.rate), number);
        let scene = Arc::clone(&scene);
        running.spawn(async move {
            tokio::time::sleep_until(due).await;
            scene.strike(number, deaths).await
        });
    }
    let length = times(1_000_000_000 / u64::from(crash.rate), crash.guilds);
    let (load, rate, guilds) = (crash.load, crash.rate, crash.guilds);
    let count = length.as_secs_f64() * f64::from(load);
    for number in 0..count as usize {
        let due = began + times(1_000_000_000 / u64::from(load), number);
        let of = far_away(number, (load, rate), guilds);
        let scene = Arc::clone(&scene);
        running.spawn(async move {
            tokio::time::sleep_until(due).await;
            scene.burden(number, of, due).await;
            Ok(())
        });
    }
    while let Some(done) = running.join_next().await {
        if let Err(error) = done.map_err(anyhow::Error::from).and_then(|done| done) {
            scene.pass().wrong.push(format!("{error:#}"));
        }
    }
    if deaths {
        scene.restart(crash.restarts).await?;
    }
    scene.close(crash).await
}

/// Everybody plays.
async fn open(crash: &Crash) -> anyhow::Result<Scene> {
    let config = json!({ "queue_tracks": 100_000, "chaos.enabled": true, "chaos.guild_allowlist": "*" });
    let nodes = ["n1".to_owned(), "n2".to_owned()];
    let stage = Stage::prepare(crash.program.clone(), &nodes, crash.seed, config).await?;
    let shards = crash.guilds.div_ceil(VOICE_A_SHARD);
    stage.at.chat.recommend_shards(u32::try_from(shards)?);
    mix::add_tracks(&stage, QUEUE);
    let guilds: Vec<GuildIds> = (1..=crash.guilds)
        .map(|number| load::guild(&stage, number, USERS))
        .collect();
    stage.raise().await?;
    load::await_shards(&stage, shards).await?;
    let warm = stream::iter(guilds.iter().map(|guild| load::ready(&stage, guild, READY)));
    let warm: Vec<()> = warm.buffer_unordered(load::WARM_AT_ONCE).try_collect().await?;
    debug_assert_eq!(warm.len(), guilds.len());
    let until = Instant::now() + READY;
    while guilds.iter().any(|guild| stage.at.sound.sounding(guild.id).is_none()) {
        anyhow::ensure!(
            Instant::now() < until,
            "not every guild plays after {} s",
            READY.as_secs()
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    tokio::time::sleep(load::SETTLE).await;
    let port = stage.bot.lock().await.ports().status;
    Ok(Scene {
        origin: SystemTime::now() - Duration::from_millis(stage.at.now()),
        stage,
        control: Control::on(port)?,
        guilds,
        pass: Mutex::default(),
    })
}

fn times(nanos: u64, number: usize) -> Duration {
    Duration::from_nanos(nanos.saturating_mul(number as u64))
}

/// The guild of command `number`: one whose turn to die is long over or still far.
fn far_away(number: usize, (load, rate): (u32, u32), guilds: usize) -> usize {
    let dying = number as u64 * u64::from(rate) / u64::from(load.max(1));
    let dying = usize::try_from(dying).unwrap_or(0);
    (dying + guilds / 2 + number % (guilds / 4).max(1)) % guilds
}

/// What is typed as command `number` of the load, and the sign of its success.
fn typed(number: usize) -> (String, &'static str) {
    match number % 4 {
        0 => (format!("/play query:Load {:03}", number % 32), "Added"),
        1 => (format!("/volume level:{}", 50 + number % 50), "The volume is"),
        2 => ("/queue".into(), "Load"),
        _ => ("/nowplaying".into(), "Load"),
    }
}

/// Without what differs from run to run: times of tracks, moments, ids, and whatever is only drawn.
pub(super) fn masked(text: &str) -> String {
    let mut out = String::new();
    let mut digits = String::new();
    for c in text.chars().chain([' ']) {
        if c.is_ascii_digit() || (c == ':' && !digits.is_empty()) {
            digits.push(c);
            continue;
        }
        if digits.len() > 12 || digits.contains(':') {
            out.push('#');
        } else {
            out.push_str(&digits);
        }
        digits.clear();
        if c.is_alphanumeric() || c.is_whitespace() {
            out.push(c);
        }
    }
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

impl Scene {
    fn pass(&self) -> MutexGuard<'_, Pass> {
        self.pass.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Types a command; tells its answer and when it could be read, on the run's clock, ms.
    async fn ask(&self, number: u64, guild: &GuildIds, (text, sign): (&str, &str), due: Instant) -> Option<u64> {
        let user = guild.members().first().copied().unwrap_or(0);
        let said = self
            .stage
            .at
            .chat
            .send(guild.id, guild.first_text, user, &Typed::read(text));
        let said = match said {
            Ok(said) => said,
            Err(error) => {
                self.pass().wrong.push(format!("`{text}`: {error}"));
                return None;
            }
        };
        if said.first(FIRST).await.is_none() {
            let mut pass = self.pass();
            pass.unanswered += 1;
            pass.answers.insert(number, None);
            pass.wrong
                .push(format!("`{text}` in guild {} got no callback within 3 s", guild.id));
            return None;
        }
        let first = due.elapsed();
        let answer = said.answer(FINAL).await;
        let mut pass = self.pass();
        if number.is_multiple_of(2) {
            pass.first.push(first);
        }
        let good = answer.as_ref().is_some_and(|answer| answer.text.contains(sign));
        if !good {
            pass.refused += 1;
            let read = answer.as_ref().map(|answer| &answer.text);
            pass.wrong.push(format!("`{text}` in guild {}: {read:?}", guild.id));
        }
        pass.answers
            .insert(number, answer.as_ref().map(|answer| masked(&answer.text)));
        answer.map(|answer| answer.at_ms)
    }

    async fn burden(&self, number: usize, of: usize, due: Instant) {
        let (text, sign) = typed(number);
        if let Some(guild) = self.guilds.get(of) {
            // Even numbers: the load; odd ones: the commands behind a death.
            self.ask(number as u64 * 2, guild, (&text, sign), due).await;
        }
    }

    /// The guild dies, if it is to, and a command is typed at once.
    async fn strike(&self, number: usize, dies: bool) -> anyhow::Result<()> {
        let guild = self.guilds.get(number).context("there is no such guild")?;
        if dies {
            self.control.fault(guild.id, "panic").await?;
            self.died(guild.id).await?;
        }
        let text = format!("/volume level:{}", 100 + number % 50);
        let read_ms = self
            .ask(number as u64 * 2 + 1, guild, (&text, "The volume is"), Instant::now())
            .await;
        if !dies {
            return Ok(());
        }
        let told = self.control.guild(guild.id).await?;
        let death = Death::read(&told["last_death"]).context("a guild that was let die tells of no death")?;
        let mut pass = self.pass();
        let lives = told["phase"] == "live" && told["incarnation"].as_str() != Some(&death.incarnation);
        pass.restarts += u64::from(lives);
        if let Some(read_ms) = read_ms {
            let died = UNIX_EPOCH + Duration::from_millis(death.at_ms);
            let read = self.origin + Duration::from_millis(read_ms);
            pass.back.push(read.duration_since(died).unwrap_or_default());
        }
        Ok(())
    }

    /// Waits until the bot tells of the guild's death: a command typed before could be done before.
    async fn died(&self, guild: u64) -> anyhow::Result<()> {
        let until = Instant::now() + FIRST;
        while self.control.guild(guild).await?["last_death"].is_null() {
            anyhow::ensure!(Instant::now() < until, "guild {guild} was let die and lives");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Ok(())
    }

    /// An operator restarts the first guild, again and again.
    async fn restart(&self, times: u32) -> anyhow::Result<()> {
        let guild = self.guilds.first().context("there is no guild")?.id;
        let told = self.control.guild(guild).await?;
        let (from_ms, before) = (self.stage.at.now(), told["restarts"].as_u64().unwrap_or(0));
        let mut incarnation = told["incarnation"].clone();
        for _ in 0..times {
            let path = format!("/control/guilds/{guild}/restart");
            self.control.order(&path, json!({})).await?;
            let until = Instant::now() + RESTARTED;
            loop {
                let now = self.control.guild(guild).await?;
                if now["phase"] == "live" && !now["incarnation"].is_null() && now["incarnation"] != incarnation {
                    incarnation = now["incarnation"].clone();
                    break;
                }
                anyhow::ensure!(Instant::now() < until, "a restarted guild is not back: {now}");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            self.pass().ordered.done += 1;
        }
        let told = self.control.guild(guild).await?;
        let sound = self.stage.at.sound.report_between(guild, from_ms, self.stage.at.now());
        let mut pass = self.pass();
        pass.ordered.frames_lost = sound.frames_due - sound.frames_heard;
        pass.ordered.counted = told["restarts"].as_u64().unwrap_or(0).saturating_sub(before);
        Ok(())
    }

    async fn close(&self, crash: &Crash) -> anyhow::Result<Pass> {
        let shown = stream::iter(self.guilds.iter().map(|guild| async move {
            let typed = Typed::read("/queue");
            let said = self
                .stage
                .at
                .chat
                .send(guild.id, guild.first_text, guild.observer, &typed)
                .ok()?;
            said.answer(FINAL).await.map(|answer| masked(&answer.text))
        }));
        let queues = shown.buffered(load::WARM_AT_ONCE).collect().await;
        let deaths = self.control.get("/actors").await?["deaths"].as_u64().unwrap_or(0);
        let gap_ms = self.stage.at.sound.total(self.stage.at.now()).longest_gap_ms;
        if let Some(log) = &crash.log {
            self.stage.copy_log(log).await?;
        }
        self.stage.alive().await?;
        let errors = self.stage.bot.lock().await.errors();
        self.stage.terminate().await?;
        let mut pass = std::mem::take(&mut *self.pass());
        (pass.queues, pass.deaths, pass.gap_ms) = (queues, deaths, gap_ms);
        pass.wrong.extend(self.stage.at.finish().violations);
        let ordered = ["was ordered", "\"(fault)\"", "many guilds die at once"];
        let others = errors
            .into_iter()
            .filter(|line| !ordered.iter().any(|sign| line.contains(sign)));
        pass.wrong.extend(others);
        Ok(pass)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_come_where_nobody_is_about_to_die() {
        for guilds in [8, 30, 1_000] {
            for number in 0..guilds * 2 {
                let (of, dying) = (far_away(number, (30, 15), guilds), number / 2 % guilds);
                let apart = of.abs_diff(dying);
                assert!(
                    apart.min(guilds - apart) >= guilds / 4,
                    "{guilds}: {of} while {dying} dies"
                );
            }
        }
    }

    #[test]
    fn answers_are_compared_without_times_and_ids_and_with_everything_else() {
        let one = masked("Now playing: **Load 003** 0:12 / 30:00 ▬▬🔘▬ <#1574915749749719042> · place 3");
        let other = masked("Now playing: **Load 003** 1:07 / 30:00 ▬🔘▬▬ <#1574915749749719999> · place 3");
        assert_eq!(one, other);
        assert_ne!(
            one,
            masked("Now playing: **Load 004** 0:12 / 30:00 <#1574915749749719042> · place 3")
        );
        assert_ne!(
            one,
            masked("Now playing: **Load 003** 0:12 / 30:00 <#1574915749749719042> · place 4")
        );
    }
}
