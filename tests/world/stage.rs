//! What every play needs: guilds with a listener, tracks, a process, commands by dice.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use fastrand::Rng;
use ostinato_actors::world::{Match, TEXT, World};
use ostinato_machine::guild::{Caller, Command, Input, Loaded, LoopMode, Refusal, Say, Where, command_name};
use ostinato_machine::ids::{CauseId, ChannelId, EntryId, GuildId, UserId};
use ostinato_machine::track::Track;

/// Ann sits in the lounge of every guild.
pub(crate) const ANN: UserId = UserId(11);

/// Where Ann sits.
pub(crate) const LOUNGE: ChannelId = ChannelId(21);

/// A search for this finds a playlist of twenty tracks of ten minutes.
pub(crate) const LIST: &str = "list";

/// Length of each track of a stage, ms.
const TRACK_MS: u64 = 600_000;

/// The guild with this number.
pub(crate) fn guild(number: u64) -> GuildId {
    GuildId((number + 5) << 22)
}

/// The first `count` guilds.
pub(crate) fn guilds(count: u64) -> Vec<GuildId> {
    (0..count).map(guild).collect()
}

/// Plays a world and hands out what `play` found.
pub(crate) fn played<T, F: Future<Output = T>>(seed: u64, play: impl FnOnce(Rc<World>) -> F) -> T {
    let found = RefCell::new(None);
    World::run(seed, |world| async {
        let value = play(world).await;
        found.replace(Some(value));
    });
    found.into_inner().expect("the play has ended")
}

/// A track of ten minutes.
fn track(title: &str) -> Arc<Track> {
    Arc::new(Track {
        encoded: format!("encoded {title}").into(),
        title: title.into(),
        author: "author".into(),
        source: "http".into(),
        length_ms: Some(TRACK_MS),
        seekable: true,
        ..Track::default()
    })
}

/// Sets the stage and starts a process: Ann sits in each guild, `a` to `d` and the playlist can be found.
pub(crate) async fn open(world: &World, guilds: &[GuildId]) {
    for guild in guilds {
        world.discord.add_guild(*guild);
        world.discord.sit(*guild, ANN, Some(LOUNGE));
    }
    for title in ["a", "b", "c", "d"] {
        world.audio.add_result(title, Loaded::Found(vec![track(title)]));
    }
    let tracks: Vec<Arc<Track>> = (0..20).map(|n| track(&format!("list {n}"))).collect();
    let artist = ["a", "b", "c", "d"].map(track).into_iter().chain(tracks.clone());
    world.audio.add_result("by author", Loaded::Found(artist.collect()));
    let (name, selected) = ("twenty".into(), None);
    world
        .audio
        .add_result(LIST, Loaded::Playlist { name, tracks, selected });
    world.start().await.expect("a process");
    world.wait_ms(300).await;
}

/// The same, and in each guild the playlist plays.
pub(crate) async fn open_playing(world: &World, guilds: &[GuildId]) {
    open(world, guilds).await;
    for guild in guilds {
        push(world, *guild, "begin", play(LIST));
    }
    let playing = |w: &World| {
        guilds
            .iter()
            .all(|guild| w.wanted(*guild).is_some_and(|p| p.track.is_some()))
    };
    assert!(world.until(5_000, playing).await, "the playlist plays everywhere");
    world.wait_ms(1_000).await;
}

/// A command without an interaction, with a cause of this name.
pub(crate) fn order(name: &str, command: Command) -> (CauseId, Input) {
    let by = Caller {
        user: ANN,
        text: TEXT,
        manager: false,
    };
    let reply = None;
    (CauseId::Order(name.into()), Input::Command { command, by, reply })
}

/// Gives a guild an order; tells whether its slot took it.
pub(crate) fn push(world: &World, guild: GuildId, name: &str, command: Command) -> bool {
    let (cause, input) = order(name, command);
    world.push(guild, cause, input).is_ok()
}

pub(crate) fn play(title: &str) -> Command {
    Command::Play {
        query: title.into(),
        at: Where::End,
    }
}

/// A command by dice. None of them draws from chance, so that worlds with and without faults can be compared.
pub(crate) fn any_command(dice: &mut Rng) -> Command {
    match dice.u8(0..16) {
        0 | 1 => play(dice.choice(["a", "b", "c", "d"]).expect("some")),
        2 | 3 => Command::Skip,
        4 => Command::Pause,
        5 => Command::Resume,
        6 => Command::Volume {
            percent: dice.u16(0..=200),
        },
        7 => Command::Seek {
            position_ms: dice.u64(0..300_000),
        },
        8 => Command::Loop {
            mode: dice
                .choice([LoopMode::Off, LoopMode::Track, LoopMode::Queue])
                .expect("some"),
        },
        9 => Command::Remove {
            index: dice.usize(1..4),
            last: None,
        },
        10 => Command::Move {
            from: dice.usize(1..6),
            to: dice.usize(1..6),
        },
        11 => Command::Replay,
        12 => Command::NowPlaying,
        13 => Command::Of {
            entry: EntryId(dice.u64(1..12)),
            command: Box::new(
                dice.choice([Command::Skip, Command::Pause, Command::Resume, Command::Replay])
                    .expect("some"),
            ),
        },
        14 => Command::Autoplay { on: dice.u8(0..3) > 0 },
        _ => Command::Queue { page: 0 },
    }
}

/// Waits for the answer of an interaction, for as long as anybody waits.
pub(crate) async fn answered(world: &World, interaction: u64) -> Option<Say> {
    world.until(15_000, |w| w.answer(interaction).is_some()).await;
    world.answer(interaction)
}

/// Gives a command as Ann and waits for its answer.
pub(crate) async fn ask(world: &World, guild: GuildId, command: Command) -> Option<Say> {
    let asked = world.say(guild, ANN, command);
    answered(world, asked).await
}

/// Why somebody was refused, if so.
pub(crate) fn refusal(say: Option<&Say>) -> Option<&Refusal> {
    match say {
        Some(Say::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}

/// An input that means nothing to a guild: what is struck at it costs nothing else.
pub(crate) fn blank() -> Input {
    Input::Expired { interaction: 13 }
}

/// Matches [`blank`].
pub(crate) fn is_blank() -> Match {
    Arc::new(|input| *input == blank())
}

/// Matches the command with this name.
pub(crate) fn is_command(name: &'static str) -> Match {
    Arc::new(move |input| matches!(input, Input::Command { command, .. } if command_name(command) == name))
}
