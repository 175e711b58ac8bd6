//! The listeners of one guild: what they type next, and whether it came true.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::books::Tally;
use crate::lavalink::PlayerView;
use crate::run::chat::GuildIds;
use crate::run::look;
use crate::run::stage::Stage;
use crate::run::typed::Typed;

/// How long a final answer may take, and then its effect, ms. Restarts lie within it.
const PATIENCE_MS: u64 = 8_000;

/// Entries behind the current track: with fewer, somebody adds.
const FEW: usize = 2;

/// With more, nobody does. A page of `/queue` shows all of them.
const MANY: usize = 7;

/// What a listener can do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Act {
    Play,
    PlayNext,
    PlayNow,
    Skip,
    PauseAndResume,
    Seek,
    Volume,
    Loop,
    NowPlaying,
    Remove,
    Move,
    Shuffle,
    Clear,
}

/// The mix: what is done how often.
const MIX: [(Act, u32); 13] = [
    (Act::Play, 30),
    (Act::PlayNext, 8),
    (Act::PlayNow, 4),
    (Act::Skip, 12),
    (Act::PauseAndResume, 10),
    (Act::Seek, 10),
    (Act::Volume, 12),
    (Act::Loop, 6),
    (Act::NowPlaying, 8),
    (Act::Remove, 5),
    (Act::Move, 5),
    (Act::Shuffle, 4),
    (Act::Clear, 1),
];

/// The listeners of one guild.
pub(crate) struct Driver {
    stage: Arc<Stage>,
    tally: Arc<Tally>,
    guild: GuildIds,
    /// Tracks that nobody has asked for yet.
    tunes: std::vec::IntoIter<String>,
    random: fastrand::Rng,
    looping: &'static str,
    patience_ms: u64,
}

impl Driver {
    pub(crate) fn new(
        stage: Arc<Stage>,
        tally: Arc<Tally>,
        guild: GuildIds,
        tunes: Vec<String>,
        random: fastrand::Rng,
    ) -> Self {
        Self {
            stage,
            tally,
            guild,
            tunes: tunes.into_iter(),
            random,
            looping: "off",
            patience_ms: PATIENCE_MS,
        }
    }

    /// Waits so long for a final answer, and so long for its effect, ms.
    pub(crate) const fn patient(mut self, patience_ms: u64) -> Self {
        self.patience_ms = patience_ms;
        self
    }

    /// Uses the bot until `end_ms`, which may be set later.
    pub(crate) async fn run(mut self, end_ms: Arc<AtomicU64>) {
        for user in self.guild.members() {
            self.stage
                .at
                .chat
                .seat(self.guild.id, user, Some(self.guild.first_voice));
        }
        self.command("/connect", Some("Joined")).await;
        for _ in 0..=FEW {
            self.play("end").await;
        }
        loop {
            let pause = self.random.u64(150..900);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            if self.stage.at.now() >= end_ms.load(Ordering::SeqCst) {
                return;
            }
            if self.tally.is_away() {
                continue;
            }
            let act = self.draw();
            self.act(act).await;
        }
    }

    fn draw(&mut self) -> Act {
        let model = self.stage.at.watch.model(self.guild.id);
        let waiting = model.queue().len();
        if waiting < FEW {
            return Act::Play;
        }
        loop {
            let total: u32 = MIX.iter().map(|(_, weight)| weight).sum();
            let mut drawn = self.random.u32(0..total);
            let act = MIX.iter().find(|(_, weight)| {
                let hit = drawn < *weight;
                drawn = drawn.saturating_sub(*weight);
                hit
            });
            let Some((act, _)) = act else { continue };
            let adds = matches!(act, Act::Play | Act::PlayNext | Act::PlayNow);
            // A looped track is left by nobody, so that the next one is known.
            let leaves = matches!(act, Act::PlayNow | Act::Seek) && self.looping == "track";
            let too_many = adds && waiting >= MANY;
            if !too_many && !leaves {
                return *act;
            }
        }
    }

    async fn act(&mut self, act: Act) {
        match act {
            Act::Play => self.play("end").await,
            Act::PlayNext => self.play("next").await,
            Act::PlayNow => self.play("now").await,
            Act::Skip => self.skip().await,
            Act::PauseAndResume => self.pause_and_resume().await,
            Act::Seek => self.seek().await,
            Act::Volume => {
                let level = i64::from(self.random.u8(10..=150));
                if self
                    .command(&format!("/volume level:{level}"), Some(&level.to_string()))
                    .await
                {
                    self.effect(&format!("volume {level}"), |player| player.volume == level)
                        .await;
                }
            }
            Act::Loop => self.set_loop().await,
            Act::NowPlaying => {
                self.command("/nowplaying", Some("Tune")).await;
            }
            Act::Remove => self.remove().await,
            Act::Move => self.reorder().await,
            Act::Shuffle => {
                self.command("/shuffle", Some("Shuffled")).await;
                // So that the order is known again.
                self.command("/queue", None).await;
            }
            Act::Clear => {
                self.command("/clear", Some("Dropped")).await;
            }
        }
    }

    async fn play(&mut self, place: &str) {
        let Some(id) = self.tunes.next() else { return };
        let Some(title) = self.title(&id) else { return };
        self.command(&format!("/play query:{title} where:{place}"), Some(&title))
            .await;
    }

    /// One place, or two.
    async fn remove(&mut self) {
        let waiting = self.stage.at.watch.model(self.guild.id).queue().len();
        let from = self.random.usize(1..=waiting.max(1));
        let to = (from + self.random.usize(0..2)).min(waiting);
        let index = if to > from {
            format!("{from}-{to}")
        } else {
            from.to_string()
        };
        self.command(&format!("/remove index:{index}"), Some("Removed")).await;
    }

    async fn reorder(&mut self) {
        let waiting = self.stage.at.watch.model(self.guild.id).queue().len().max(1);
        let (src, dest) = (self.random.usize(1..=waiting), self.random.usize(1..=waiting));
        self.command(&format!("/move src:{src} dest:{dest}"), Some("Moved"))
            .await;
    }

    async fn skip(&mut self) {
        // Right after a shuffle nobody knows what plays.
        if !self.stage.at.watch.model(self.guild.id).is_sure() {
            return;
        }
        let Some(before) = self.current() else { return };
        let Some(title) = self.title(&before) else { return };
        // The track may end by itself just before: then the next one is skipped, and named.
        if self.command("/skip", Some("Skipped")).await && self.current().as_ref() != Some(&before) {
            let page = format!("/{before}");
            let left = move |player: &PlayerView| !player.track.as_deref().unwrap_or_default().ends_with(&page);
            self.effect(&format!("skip of {title}"), left).await;
        }
    }

    async fn pause_and_resume(&mut self) {
        if self.command("/pause", Some("Paused")).await {
            self.effect("pause", |player| player.paused).await;
        } else if !self.is_paused() {
            return;
        }
        let pause = self.random.u64(200..1_200);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        // Nobody leaves the others in silence.
        for _ in 0..5 {
            if self.command("/resume", Some("goes on")).await {
                self.effect("resume", |player| !player.paused).await;
                return;
            }
            if !self.is_paused() {
                return;
            }
        }
    }

    async fn seek(&mut self) {
        let Some(track) = self.current() else { return };
        let second = self.random.u64(1..3);
        if !self
            .command(&format!("/seek position:{second}"), Some(&format!("0:0{second}")))
            .await
        {
            return;
        }
        let answered = self.stage.at.now();
        let page = format!("/{track}");
        let stage = Arc::clone(&self.stage);
        self.effect(&format!("seek to {second} s"), move |player| {
            let since = stage.at.now() - answered;
            let there = player.position_ms <= second * 1_000 + since + 1_500;
            there || !player.track.as_deref().unwrap_or_default().ends_with(&page)
        })
        .await;
    }

    async fn set_loop(&mut self) {
        let mode = match self.looping {
            "off" => ["track", "queue"][self.random.usize(0..2)],
            _ => "off",
        };
        if self.command(&format!("/loop mode:{mode}"), Some("epeat")).await {
            self.looping = mode;
        } else if self.command("/loop mode:off", Some("epeat")).await {
            // Whatever came of the first one, this is known.
            self.looping = "off";
        }
    }

    fn is_paused(&self) -> bool {
        self.stage.at.player(self.guild.id).is_some_and(|player| player.paused)
    }

    /// Types a command. Tells whether its final answer is a success: one with `success` in it.
    async fn command(&mut self, text: &str, success: Option<&str>) -> bool {
        let users = self.guild.members();
        let Some(user) = self.random.choice(users) else {
            return false;
        };
        let typed = Typed::read(text);
        self.tally.sent(&typed.name);
        let sent_ms = self.stage.at.now();
        let waiting = self.stage.at.watch.model(self.guild.id).queue().len();
        let answer = look::ask(
            &self.stage,
            &self.guild,
            self.guild.first_text,
            user,
            &typed,
            self.patience_ms,
        )
        .await;
        match answer {
            Ok(Some(answer)) => {
                self.tally.answered();
                let good = success.is_none_or(|part| answer.text.contains(part));
                if !good && !self.is_fair(&typed.name, waiting) {
                    let what = format!("`{text}` in guild {} was refused: {:?}", self.guild.id, answer.text);
                    self.tally.refused(sent_ms, true, what);
                }
                good
            }
            Ok(None) => {
                let what = format!("`{text}` in guild {} got no final answer", self.guild.id);
                self.tally.refused(sent_ms, false, what);
                false
            }
            Err(error) => {
                self.tally.refused(sent_ms, false, format!("`{text}`: {error}"));
                false
            }
        }
    }

    /// Whether a refusal is in order: the queue has just run out, or the place has just moved up.
    fn is_fair(&self, command: &str, waiting: usize) -> bool {
        let model = self.stage.at.watch.model(self.guild.id);
        let needs_track = matches!(command, "skip" | "pause" | "seek" | "nowplaying");
        let needs_place = matches!(command, "remove" | "move" | "shuffle" | "clear");
        (needs_track && model.is_empty()) || (needs_place && model.queue().len() < waiting)
    }

    /// A success must be seen on the player.
    async fn effect(&self, what: &str, is_so: impl Fn(&PlayerView) -> bool) {
        let until = self.stage.at.now() + self.patience_ms;
        let mut last = None;
        while self.stage.at.now() < until {
            let player = self.stage.at.player(self.guild.id);
            if player.as_ref().is_some_and(&is_so) {
                return;
            }
            last = player;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        // Where nothing plays any more, nothing can be seen.
        if self.stage.at.watch.model(self.guild.id).is_empty() {
            return;
        }
        self.tally.lost([format!(
            "{what} in guild {}: answered as done, player: {last:?}",
            self.guild.id
        )]);
    }

    fn current(&self) -> Option<String> {
        self.stage.at.watch.model(self.guild.id).current().map(str::to_owned)
    }

    fn title(&self, id: &str) -> Option<String> {
        self.stage.at.catalogue().song(id).map(|song| song.title.clone())
    }
}

/// Compares what `/queue` shows in the end with what was added, and closes the guild's books.
pub(crate) async fn compare_queue(stage: &Stage, tally: &Tally, guild: &GuildIds) {
    for _ in 0..5 {
        let before: Vec<String> = stage.at.watch.model(guild.id).queue().map(str::to_owned).collect();
        let text = match look::queue_text(stage, guild).await {
            Ok(text) => text,
            Err(error) => {
                tally.refused(stage.at.now(), false, error);
                break;
            }
        };
        let after: Vec<String> = stage.at.watch.model(guild.id).queue().map(str::to_owned).collect();
        // A track that changed meanwhile is no difference.
        if before == after {
            let shown = look::queued(&text, &stage.at.catalogue());
            stage.at.watch.change(guild.id, |model| model.shown(&shown));
            break;
        }
    }
    let model = stage.at.watch.model(guild.id);
    tally.lost(model.lost().iter().map(|what| format!("guild {}: {what}", guild.id)));
    tally.doubled(model.doubled().iter().map(|what| format!("guild {}: {what}", guild.id)));
}
