//! P10, P14: whatever hangs or fails, each wait ends by its deadline.

use ostinato_actors::root::Drained;
use ostinato_actors::world::{StoreMode, World, seeds};
use ostinato_machine::guild::{Command, Refusal, Say};
use ostinato_machine::ids::ShardId;
use ostinato_machine::slot::Phase;

use crate::stage::{ANN, ask, guild, guilds, open, open_playing, play, played, push, refusal};

/// How long a guild is `Loading` at a stretch, at most, over `for_ms`.
async fn longest_loading(world: &World, for_ms: u64) -> u64 {
    let (here, end_ms) = (guild(0), world.now_ms() + for_ms);
    let (mut longest_ms, mut since_ms) = (0, None);
    while world.now_ms() < end_ms {
        if world.phase(here) == Phase::Loading {
            let since_ms = *since_ms.get_or_insert(world.now_ms());
            longest_ms = longest_ms.max(world.now_ms() - since_ms);
        } else {
            since_ms = None;
        }
        world.wait_ms(5).await;
    }
    longest_ms
}

#[test]
fn p10_a_hung_or_failing_activation_ends_by_its_deadline() {
    for mode in [StoreMode::Silent, StoreMode::Down, StoreMode::Up(60_000)] {
        for seed in seeds(5) {
            let (longest_ms, told_ms) = played(seed, |world| async move {
                let here = guild(0);
                open(&world, &[here]).await;
                world.store.set(mode);
                let asked = world.say(here, ANN, play("a"));
                let longest_ms = longest_loading(&world, 10_000).await;
                let told = world.discord.interaction(asked).expect("known");
                assert_eq!(refusal(told.said()), Some(&Refusal::StoreDown), "{told:?}");
                let first = told.first.as_ref().expect("a callback");
                let told_ms = first.0 - told.made_ms;
                // Nothing was guessed: the guild comes back as soon as it can be read.
                world.store.set(StoreMode::Up(1));
                world.wait_ms(60_000).await;
                let added = ask(&world, here, play("a")).await;
                assert!(matches!(added, Some(Say::Added { .. })), "{added:?}");
                (longest_ms, told_ms)
            });
            assert!(longest_ms <= 2_000, "{mode:?}: loading for {longest_ms} ms");
            if seed == 0 {
                println!(
                    "p10: store {mode:?}: at most {longest_ms} ms loading at a stretch, first word after {told_ms} ms"
                );
            }
        }
    }
}

#[test]
fn p10_what_a_newer_release_wrote_is_neither_guessed_nor_overwritten() {
    played(1, |world| async move {
        let all = guilds(2);
        open_playing(&world, &all).await;
        world.wait_ms(500).await;
        world.kill().await;
        world.store.spoil(all[0]);
        let before = world.store.stored(all[0]);
        world.start().await.expect("a process");
        world.wait_ms(3_000).await;
        assert_eq!((world.phase(all[0]), world.phase(all[1])), (Phase::Parked, Phase::Live));
        let told = ask(&world, all[0], Command::Stop).await;
        assert!(
            matches!(refusal(told.as_ref()), Some(Refusal::Parked { .. })),
            "{told:?}"
        );
        world.wait_ms(400_000).await;
        assert_eq!(world.store.stored(all[0]), before, "nothing is written over it");
    });
}

/// A port that hangs.
#[derive(Clone, Copy, Debug)]
enum Hung {
    Nothing,
    StoreSilent,
    StoreDown,
    Rest,
    Search,
    GatewayClose,
    AudioClose,
    Everything,
}

const HUNG: [Hung; 8] = [
    Hung::Nothing,
    Hung::StoreSilent,
    Hung::StoreDown,
    Hung::Rest,
    Hung::Search,
    Hung::GatewayClose,
    Hung::AudioClose,
    Hung::Everything,
];

fn hang(world: &World, hung: Hung) {
    match hung {
        Hung::Nothing => {}
        Hung::StoreSilent => world.store.set(StoreMode::Silent),
        Hung::StoreDown => world.store.set(StoreMode::Down),
        Hung::Rest => world.discord.slow_rest(3_600_000),
        Hung::Search => world.audio.slow_search(3_600_000),
        Hung::GatewayClose => world.discord.hang_close(true),
        Hung::AudioClose => world.audio.hang_close(true),
        Hung::Everything => {
            for each in [
                Hung::StoreSilent,
                Hung::Rest,
                Hung::Search,
                Hung::GatewayClose,
                Hung::AudioClose,
            ] {
                hang(world, each);
            }
        }
    }
}

fn mend(world: &World) {
    world.store.set(StoreMode::Up(1));
    world.discord.slow_rest(15);
    world.audio.slow_search(50);
    world.discord.hang_close(false);
    world.audio.hang_close(false);
}

/// A drain under load with something that hangs. Tells how long it took and how it ended.
async fn drain(world: &World, hung: Hung) -> (u64, Drained, usize) {
    let all = guilds(10);
    open_playing(world, &all).await;
    // What is acknowledged before it hangs, and what is under way when it does.
    for (guild, percent) in all.iter().zip(11..) {
        let told = ask(world, *guild, Command::Volume { percent }).await;
        assert!(matches!(told, Some(Say::Volume { .. })), "{told:?}");
    }
    hang(world, hung);
    let asked: Vec<u64> = all.iter().map(|guild| world.say(*guild, ANN, play("a"))).collect();
    let volumes: Vec<u64> = all
        .iter()
        .zip(51..)
        .map(|(guild, percent)| world.say(*guild, ANN, Command::Volume { percent }))
        .collect();
    world.wait_ms(10).await;
    let begin_ms = world.now_ms();
    let drained = world.stop().await.expect("it ran");
    let took_ms = world.now_ms() - begin_ms;
    mend(world);
    world.start().await.expect("a process");
    world.wait_ms(25_000).await;
    let mut kept = 0;
    for (number, guild) in all.iter().enumerate() {
        let Some(Say::NowPlaying(now)) = ask(world, *guild, Command::NowPlaying).await else {
            panic!("{hung:?}: guild {guild} plays nothing");
        };
        let (before, after) = (11 + number as u16, 51 + number as u16);
        // `Unsaved` says that it may be lost; `Volume` says that it is kept.
        let promised = matches!(world.answer(volumes[number]), Some(Say::Volume { .. }));
        let bounds = if promised { vec![after] } else { vec![before, after] };
        assert!(bounds.contains(&now.volume), "{hung:?}: {} of {bounds:?}", now.volume);
        let added = matches!(world.answer(asked[number]), Some(Say::Added { .. }));
        let Some(Say::Queue(queue)) = ask(world, *guild, Command::Queue { page: 1 }).await else {
            panic!("{hung:?}: no queue");
        };
        assert!(
            !added || queue.total == 20,
            "{hung:?}: told that it was added: {queue:?}"
        );
        kept += usize::from(promised) + usize::from(added);
        assert_eq!(world.sounding(*guild), ["list 0"], "{hung:?}");
    }
    (took_ms, drained, kept)
}

#[test]
fn p14_a_drain_ends_in_ten_seconds_whatever_hangs_and_loses_nothing_acknowledged() {
    for hung in HUNG {
        for seed in seeds(2) {
            let (took_ms, drained, kept) = played(seed, |world| async move { drain(&world, hung).await });
            assert!(took_ms <= 10_000, "{hung:?}: {took_ms} ms");
            if seed == 0 {
                println!(
                    "p14: {hung:?} hangs: {drained:?} after {took_ms} ms; {kept} acknowledged changes of 20, all there"
                );
            }
            if matches!(hung, Hung::Nothing) {
                assert_eq!(drained, Drained::Finished);
            }
        }
    }
}

#[test]
fn p14_music_plays_through_a_drain_and_the_next_process_resumes_both_sessions() {
    for seed in seeds(10) {
        played(seed, |world| async move {
            let all = guilds(5);
            open_playing(&world, &all).await;
            for guild in &all {
                assert!(push(&world, *guild, "more", play("b")));
                world.wait_ms(world.choose(200)).await;
                world.stop().await;
                world.wait_ms(world.choose(3_000)).await;
                world.start().await.expect("a process");
                world.wait_ms(1_500).await;
            }
            let sounds = world.audio.sounds();
            assert_eq!(sounds.len(), all.len(), "one unbroken sound each: {sounds:?}");
            let identified = |line: &ostinato_actors::world::Line| {
                matches!(line.what, ostinato_actors::world::What::Identify(ShardId(_)))
            };
            assert_eq!(world.trace().iter().filter(|line| identified(line)).count(), 1);
        });
    }
}
