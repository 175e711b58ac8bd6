//! Autoplay through dying processes: what goes on when the queue has run out, whatever happens meanwhile.

use std::collections::BTreeSet;
use std::rc::Rc;
use std::sync::Arc;

use ostinato_actors::world::{Line, What, World, seeds};
use ostinato_machine::guild::{Command, Loaded, Say};
use ostinato_machine::track::Track;

use crate::stage::{ANN, LOUNGE, ask, guild, play, played};

/// Length of a track, ms.
const TRACK_MS: u64 = 10_000;

/// How long a process is away when it was killed, ms.
const AWAY_MS: u64 = 300;

fn song(number: usize) -> Arc<Track> {
    let title = format!("song {number}");
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

/// Ann listens to the first of twelve songs by one artist, and autoplay is on. A search takes `search_ms`.
async fn goes_on(world: &World, search_ms: u64) {
    let here = guild(0);
    world.discord.add_guild(here);
    world.discord.sit(here, ANN, Some(LOUNGE));
    let all: Vec<Arc<Track>> = (0..12).map(song).collect();
    world.audio.add_result("song 0", Loaded::Found(vec![song(0)]));
    world.audio.add_result("wish", Loaded::Found(vec![song(99)]));
    world.audio.add_result("by author", Loaded::Found(all));
    world.start().await.expect("a process");
    world.wait_ms(300).await;
    assert_eq!(
        ask(world, here, Command::Autoplay { on: true }).await,
        Some(Say::Autoplay { on: true })
    );
    ask(world, here, play("song 0")).await;
    assert!(world.until(3_000, |w| !w.sounding(here).is_empty()).await, "it sounds");
    world.audio.slow_search(search_ms);
}

async fn dies(world: &World) {
    world.kill().await;
    world.wait_ms(AWAY_MS).await;
    world.start().await.expect("a process");
}

/// Titles in the order in which they were heard, and the longest silence between two of them, ms.
fn heard(world: &World) -> (Vec<String>, u64) {
    let sounds = world.audio.sounds();
    let pairs = sounds.windows(2).filter_map(|pair| match pair {
        [one, next] => Some(next.from_ms.saturating_sub(one.until_ms?)),
        _ => None,
    });
    let longest_ms = pairs.max().unwrap_or(0);
    (sounds.iter().map(|sound| sound.title.to_string()).collect(), longest_ms)
}

/// Kills the process `kill_ms` after the music began and listens for the length of four tracks and a half.
async fn killed_after(world: Rc<World>, kill_ms: u64, search_ms: u64) -> (Vec<String>, u64) {
    goes_on(&world, search_ms).await;
    world.wait_ms(kill_ms).await;
    dies(&world).await;
    world.wait_ms(TRACK_MS * 9 / 2 - kill_ms).await;
    heard(&world)
}

#[test]
fn a_kill_at_any_moment_costs_autoplay_no_track_and_repeats_none() {
    let mut longest_ms = 0;
    for search_ms in [50, 2_000] {
        for kill_ms in (0..TRACK_MS * 2).step_by(331) {
            let (titles, silent_ms) = played(kill_ms, |world| killed_after(world, kill_ms, search_ms));
            let distinct: BTreeSet<&String> = titles.iter().collect();
            assert_eq!(distinct.len(), titles.len(), "killed after {kill_ms} ms: {titles:?}");
            assert!(titles.len() >= 4, "killed after {kill_ms} ms: {titles:?}");
            longest_ms = longest_ms.max(silent_ms);
        }
    }
    println!("autoplay: at most {longest_ms} ms of silence between two tracks, with a kill at any moment");
    assert!(longest_ms < 5_000, "{longest_ms} ms");
}

#[test]
fn without_a_kill_one_track_follows_the_other_at_once() {
    for seed in seeds(20) {
        let (titles, silent_ms) = played(seed, |world| async move {
            goes_on(&world, 800).await;
            world.wait_ms(TRACK_MS * 7).await;
            heard(&world)
        });
        let distinct: BTreeSet<&String> = titles.iter().collect();
        assert!(titles.len() >= 7 && distinct.len() == titles.len(), "{titles:?}");
        assert!(silent_ms <= 100, "{silent_ms} ms");
    }
}

#[test]
fn a_search_without_end_is_given_up_told_once_and_a_request_plays_at_once() {
    played(3, |world| async move {
        goes_on(&world, 60_000).await;
        world.wait_ms(TRACK_MS * 12).await;
        let told = |w: &World| {
            let trace = w.trace();
            let over = |line: &&Line| matches!(&line.what, What::Post(_, Say::AutoplayOver { .. }));
            trace.iter().filter(over).count()
        };
        assert_eq!((heard(&world).0.len(), told(&world)), (1, 1));
        world.audio.slow_search(50);
        ask(&world, guild(0), play("wish")).await;
        assert!(world.until(1_000, |w| w.sounding(guild(0)) == ["song 99"]).await);
        world.wait_ms(TRACK_MS * 3).await;
        let (titles, _) = heard(&world);
        assert!(titles.len() > 2, "and autoplay goes on after it: {titles:?}");
        assert_eq!(told(&world), 1);
    });
}
