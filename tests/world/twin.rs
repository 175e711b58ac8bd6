//! P4 and T3: a guild that died goes on like its twin that did not, wherever it died.

use fastrand::Rng;
use ostinato_actors::world::{Strike, What, World, seeds};
use ostinato_machine::guild::PlayerOrder;
use ostinato_machine::ids::{CauseId, GuildId};

use crate::stage::{any_command, blank, guild, guilds, is_blank, open_playing, played, push};

/// Inputs of one trace.
const INPUTS: usize = 12;

/// Between two inputs, ms: longer than a restart and a search, and than the time within which two skips count as one (a
/// guild that died in between does not remember why its track began).
const PACE_MS: u64 = 600;

/// How exactly a new life knows a position, ms: what it is told of a player may be a few orders old.
const EXACT_MS: u64 = 20;

/// Longest first restart: the delay with its jitter, and a load, ms.
const RESTART_MS: u64 = 65 + EXACT_MS;

/// How a guild dies: before or after which input, deciding or applying.
#[derive(Clone, Copy, Debug)]
struct Death {
    input: usize,
    before: bool,
    at: Strike,
}

fn deaths() -> Vec<Death> {
    let mut deaths = Vec::new();
    for input in 0..INPUTS {
        for before in [true, false] {
            for at in [Strike::Decide, Strike::Apply] {
                deaths.push(Death { input, before, at });
            }
        }
    }
    deaths
}

/// Kills a guild without costing it an input.
fn kill(world: &World, guild: GuildId, at: Strike) {
    world.strike(at, Some(guild), 1, Some(is_blank()));
    assert!(world.push(guild, CauseId::Internal, blank()).is_ok());
}

/// What was heard of a guild: titles, and where each began.
fn heard(world: &World, guild: GuildId) -> Vec<String> {
    let sounds = world.audio.sounds();
    let mine = sounds.iter().filter(|sound| sound.guild == guild);
    let mut titles: Vec<String> = mine.map(|sound| sound.title.to_string()).collect();
    titles.dedup();
    titles
}

/// What nodes were told, without places and positions.
fn orders(world: &World, guild: GuildId) -> Vec<String> {
    let lines = world.trace_of(guild).into_iter();
    let told = lines.filter_map(|line| {
        let What::Order(order) = line.what else { return None };
        let PlayerOrder::Patch {
            voice,
            track,
            tag,
            paused,
            volume,
            ..
        } = order
        else {
            return Some("delete".to_owned());
        };
        let track = track.map(|track| track.map(|track| track.tag.play));
        let (voice, seek) = (voice.is_some(), tag.map(|tag| tag.seek));
        Some(format!(
            "voice {voice} play {track:?} seek {seek:?} paused {paused:?} volume {volume:?}"
        ))
    });
    told.collect()
}

/// The kept state as it is stored, and apart from it the position of the current track, ms.
async fn kept(world: &World, guild: GuildId) -> (String, u64) {
    let snapshot = world.snapshot(guild).await.expect("it runs");
    let mut kept = serde_json::to_value(&snapshot).expect("plain data");
    let position = &mut kept["kept"]["current"]["position_ms"];
    let position_ms = position.take().as_u64().unwrap_or(0);
    // Each has a card of its own.
    kept["kept"]["card"].take();
    (serde_json::to_string_pretty(&kept).expect("plain data"), position_ms)
}

/// One trace in many guilds at once: the first never dies, each other dies once somewhere else. Tells how many differ
/// from the first.
async fn trace(world: &World) -> (usize, usize) {
    let deaths = deaths();
    let all = guilds(deaths.len() as u64 + 1);
    let mut dice = Rng::with_seed(world.seed);
    // Restarts of half a hundred guilds at once are another test's business.
    world.settings.borrow_mut().restarts_per_second = 1_000;
    open_playing(world, &all).await;
    for number in 0..INPUTS {
        let (command, name) = (any_command(&mut dice), format!("input {number}"));
        let mine = |death: &Death, before| death.input == number && death.before == before;
        for (guild, death) in all[1..].iter().zip(&deaths).filter(|(_, death)| mine(death, true)) {
            kill(world, *guild, death.at);
        }
        for guild in &all {
            assert!(push(world, *guild, &name, command.clone()));
        }
        for (guild, death) in all[1..].iter().zip(&deaths).filter(|(_, death)| mine(death, false)) {
            kill(world, *guild, death.at);
        }
        world.wait_ms(PACE_MS).await;
    }
    world.wait_ms(2_000).await;
    assert_eq!(world.struck(), deaths.len() as u64, "each died once");
    let ((twin, twin_ms), sounds) = (kept(world, guild(0)).await, heard(world, guild(0)));
    let told = orders(world, guild(0));
    let mut differ = 0;
    for (other, death) in all[1..].iter().zip(&deaths) {
        let (state, position_ms) = kept(world, *other).await;
        // An input that waited for the restart was obeyed later: the sound is behind by just that.
        let late_ms = if death.before { RESTART_MS } else { EXACT_MS };
        let behind = (twin_ms.saturating_sub(late_ms)..=twin_ms + late_ms).contains(&position_ms);
        if state != twin || !behind {
            differ += 1;
            println!("{death:?}: at {position_ms} ms, its twin at {twin_ms} ms");
            let line = state.lines().zip(twin.lines()).find(|(mine, its)| mine != its);
            println!("{death:?}: {line:?}");
        }
        assert_eq!(heard(world, *other), sounds, "{death:?}");
        assert_eq!(orders(world, *other), told, "{death:?}: a death tells a node nothing");
    }
    (deaths.len(), differ)
}

#[test]
fn p4_after_a_hot_restart_a_guild_equals_a_twin_that_never_died() {
    let (mut traces, mut points) = (0, 0);
    for seed in seeds(42) {
        let (deaths, differ) = played(seed, |world| async move { trace(&world).await });
        assert_eq!(differ, 0, "seed {seed}: states that differ from the twin's");
        (traces, points) = (traces + 1, points + deaths);
    }
    println!("p4: {traces} traces, {points} deaths before or after an input; states that differ from the twin's: 0");
}
