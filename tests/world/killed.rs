//! L4, L8: a process that is killed at any point keeps what it acknowledged, and the next one does nothing twice.
//!
//! Commands are given one after the other and compared with a plain model of a queue; kills fall anywhere in between.

use std::sync::Arc;

use fastrand::Rng;
use ostinato_actors::world::{BEGIN_MS, StoreMode, What, World, seeds};
use ostinato_machine::guild::{Command, Loaded, LoopMode, Say, Where};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::track::Track;

use crate::stage::{ANN, answered, ask, guild, open, played};

/// Commands of one evening.
const COMMANDS: usize = 30;

/// Most that the queue holds.
const FULL: usize = 12;

/// Two skips within this time mean the same track, ms.
const SAME_SKIP_MS: u64 = 500;

/// What a listener believes of the guild.
#[derive(Clone, Debug, Default, PartialEq)]
struct Plain {
    now: Option<String>,
    queue: Vec<String>,
    volume: u16,
    paused: bool,
    looped: bool,
}

impl Plain {
    /// What an obeyed command makes of it.
    fn obey(&mut self, command: &Command) {
        match command {
            Command::Play { query, at } => self.add(query, *at),
            Command::Skip => self.advance(),
            Command::Pause => self.paused = true,
            Command::Resume => self.paused = false,
            Command::Volume { percent } => self.volume = *percent,
            Command::Loop { mode } => self.looped = *mode == LoopMode::Track,
            Command::Remove { index, .. } => drop(self.queue.remove(index - 1)),
            Command::Move { from, to } => {
                let moved = self.queue.remove(from - 1);
                self.queue.insert(to - 1, moved);
            }
            Command::Clear => self.queue.clear(),
            Command::Stop => (self.now, self.paused) = (None, false),
            Command::Connect
            | Command::Disconnect
            | Command::Seek { .. }
            | Command::Replay
            | Command::Shuffle
            | Command::Autoplay { .. }
            | Command::Queue { .. }
            | Command::NowPlaying
            | Command::History { .. }
            | Command::VoiceInfo
            | Command::VolumeInfo
            | Command::Of { .. } => panic!("not in this model: {command:?}"),
        }
        if *command == Command::Stop {
            self.queue.clear();
        }
    }

    fn add(&mut self, title: &str, at: Where) {
        let place = match at {
            Where::End => self.queue.len(),
            Where::Next | Where::Now => 0,
        };
        self.queue.insert(place, title.to_owned());
        self.paused &= at != Where::Now;
        if self.now.is_none() || at == Where::Now {
            self.advance();
        }
    }

    fn advance(&mut self) {
        self.now = (!self.queue.is_empty()).then(|| self.queue.remove(0));
        self.paused &= self.now.is_some();
    }
}

/// What the guild keeps.
async fn there(world: &World, here: GuildId) -> Plain {
    // Whatever it answers: now it runs.
    ask(world, here, Command::NowPlaying).await;
    let snapshot = world.snapshot(here).await.expect("it runs");
    let kept = &serde_json::to_value(&snapshot).expect("plain data")["kept"];
    let title = |entry: &serde_json::Value| entry["track"]["title"].as_str().map(str::to_owned);
    let queue = kept["queue"].as_array().expect("a queue").iter();
    Plain {
        now: title(&kept["current"]["entry"]),
        queue: queue.filter_map(title).collect(),
        volume: kept["volume"].as_u64().map_or(100, |volume| volume as u16),
        paused: kept["paused_by_user"] == true,
        looped: kept["loop_mode"] == "track",
    }
}

/// A command that makes sense; each title is asked for once only, so that nothing can be there twice unseen.
fn command(world: &World, dice: &mut Rng, number: usize, plain: &Plain) -> Command {
    let full = plain.queue.len() >= FULL;
    let place = |dice: &mut Rng| dice.usize(1..=plain.queue.len().max(1));
    match dice.u8(0..12) {
        0..=4 if !full => {
            let title = format!("track {number}");
            let track = Track {
                encoded: "encoded".into(),
                title: title.as_str().into(),
                length_ms: Some(36_000_000),
                seekable: true,
                ..Track::default()
            };
            world.audio.add_result(&title, Loaded::Found(vec![Arc::new(track)]));
            Command::Play {
                query: title.into(),
                at: dice.choice([Where::End, Where::Next, Where::Now]).expect("some"),
            }
        }
        5 => Command::Skip,
        6 if plain.paused => Command::Resume,
        6 if plain.now.is_some() => Command::Pause,
        7 if !plain.queue.is_empty() => Command::Remove {
            index: place(dice),
            last: None,
        },
        8 if plain.queue.len() > 1 => Command::Move {
            from: place(dice),
            to: place(dice),
        },
        9 => Command::Loop {
            mode: if plain.looped { LoopMode::Off } else { LoopMode::Track },
        },
        10 if dice.u8(0..4) == 0 => dice.choice([Command::Stop, Command::Clear]).expect("some"),
        _ => Command::Volume {
            percent: 1 + u16::try_from(number).expect("small"),
        },
    }
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    commands: usize,
    kills: usize,
    /// Its record was durable and its answer had not left when the process was killed: the next one gave it.
    finished: usize,
    /// Replayed though they were answered: they kept their words.
    kept: usize,
}

/// Whether a record of this interaction is durable.
fn is_recorded(world: &World, asked: u64) -> bool {
    let cause = CauseId::Interaction(asked);
    world
        .trace()
        .iter()
        .any(|line| matches!(&line.what, What::Stored(_, by) if *by == cause))
}

/// One command, and perhaps a kill somewhere after it. Keeps the model.
async fn turn(world: &World, here: GuildId, dice: &mut Rng, command: Command, plain: &mut Plain, counts: &mut Counts) {
    if command == Command::Skip {
        // Two skips at once are one.
        world.wait_ms(SAME_SKIP_MS).await;
    }
    let asked = world.say(here, ANN, command.clone());
    counts.commands += 1;
    match dice.u8(0..5) {
        0 | 1 => {
            world.wait_ms(dice.u64(0..130)).await;
            world.kill().await;
            counts.kills += 1;
            counts.finished += usize::from(is_recorded(world, asked) && world.answer(asked).is_none());
            world.wait_ms(dice.u64(0..900)).await;
            world.start().await.expect("a process");
        }
        2 if dice.bool() => {
            world.wait_ms(dice.u64(0..130)).await;
            world.stop().await;
            world.start().await.expect("a process");
        }
        _ => {}
    }
    match answered(world, asked).await {
        // Nothing changed, and nothing may when it is replayed: no time is given to it to grow too old for that.
        Some(Say::Refused(_)) => {}
        Some(_) => plain.obey(&command),
        None => panic!("{command:?} was never answered"),
    }
}

async fn evening(world: &World) -> Counts {
    let (here, mut dice) = (guild(0), Rng::with_seed(world.seed));
    let mut plain = Plain {
        volume: 100,
        ..Plain::default()
    };
    let mut counts = Counts::default();
    open(world, &[here]).await;
    for number in 0..COMMANDS {
        let command = command(world, &mut dice, number, &plain);
        turn(world, here, &mut dice, command.clone(), &mut plain, &mut counts).await;
        let there = there(world, here).await;
        assert_eq!(there, plain, "after command {number}, {command:?}");
    }
    for (id, told) in world.discord.interactions() {
        assert_eq!(told.answers, 1, "{id}: {told:?}");
        counts.kept += usize::from(told.races > 0);
    }
    counts
}

#[test]
fn l3_an_old_command_that_is_replayed_gets_no_callback_and_no_second_word() {
    for seed in seeds(20) {
        played(seed, |world| async move {
            let here = guild(0);
            open(&world, &[here]).await;
            world.wait_ms(2_000).await;
            // Nothing is stored from now on: each next process is told of it again.
            world.store.set(StoreMode::Down);
            let asked = world.say(here, ANN, Command::Volume { percent: 7 });
            for _ in 0..4 {
                world.wait_ms(world.choose(13_000)).await;
                world.kill().await;
                world.store.set(StoreMode::Up(1));
                world.start().await.expect("a process");
                // Time to read the shard, not to read the guild.
                world.wait_ms(10).await;
                world.store.set(StoreMode::Silent);
            }
            world.wait_ms(15_000).await;
            let told = world.discord.interaction(asked).expect("known");
            assert!(
                told.follow_ups.len() + usize::from(told.shown.is_some()) <= 1,
                "{told:?}"
            );
            for line in world.trace_of(here) {
                let first = matches!(line.what, What::First(id, _) if id == asked);
                let age_ms = BEGIN_MS + line.at_ms - told.made_ms;
                assert!(!first || age_ms <= 2_500, "a first callback after {age_ms} ms");
            }
        });
    }
}

#[test]
fn l4_l8_what_was_acknowledged_survives_a_kill_at_any_point_and_nothing_is_done_twice() {
    let (mut evenings, mut all) = (0, Counts::default());
    for seed in seeds(150) {
        let counts = played(seed, |world| async move { evening(&world).await });
        evenings += 1;
        all.commands += counts.commands;
        all.kills += counts.kills;
        all.finished += counts.finished;
        all.kept += counts.kept;
    }
    let Counts {
        commands,
        kills,
        finished,
        kept,
    } = all;
    println!(
        "l4, l8: {evenings} evenings, {commands} commands, {kills} kills: lost 0, doubled 0, unanswered 0; {finished} were \
         done and answered by the next process, {kept} were replayed though answered and kept their words"
    );
    assert!(finished > 0 && kept > 0, "the kills hit neither");
}
