//! P6, P7, P8, P12: how often and how fast the dead return, and what becomes of those who do not.

use std::collections::BTreeSet;

use ostinato_actors::world::{Note, Noted, Strike, World, seeds};
use ostinato_machine::guild::{Command, Refusal, Say};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::Phase;

use crate::stage::{ANN, ask, blank, guild, guilds, is_blank, is_command, open, open_playing, played, push, refusal};

/// Delays of a guild's restarts before jitter, ms.
const SCHEDULE_MS: [u64; 5] = [50, 200, 800, 3_200, 12_800];

fn kill(world: &World, guild: GuildId) {
    world.strike(Strike::Decide, Some(guild), 1, Some(is_blank()));
    assert!(world.push(guild, CauseId::Internal, blank()).is_ok());
}

/// Times at which something was noted of a guild.
fn times(world: &World, guild: GuildId, note: Note) -> Vec<u64> {
    let noted = world.noted().into_iter();
    let mine = noted.filter(|noted| noted.guild == guild && noted.note == note);
    mine.map(|noted| noted.at_ms).collect()
}

/// How long after each death the next life began, ms.
fn delays(world: &World, guild: GuildId) -> Vec<u64> {
    let started = times(world, guild, Note::Started);
    let died = times(world, guild, Note::Died).into_iter();
    let next = |died: u64| {
        started
            .iter()
            .find(|started| **started > died)
            .map(|started| started - died)
    };
    died.filter_map(next).collect()
}

/// Whether a delay is the one of the schedule, with jitter and a few ms of a load.
fn fits(delay_ms: u64, plain_ms: u64) -> bool {
    (plain_ms * 8 / 10..=plain_ms * 12 / 10 + 5).contains(&delay_ms)
}

/// Lets a guild die until it is parked, each time as soon as it lives.
async fn park(world: &World, here: GuildId) {
    for _ in 0..6 {
        assert!(world.until(20_000, |w| w.phase(here) == Phase::Live).await);
        kill(world, here);
        world.wait_ms(20).await;
    }
}

#[test]
fn p6_five_restarts_and_the_sixth_death_parks_this_guild_alone() {
    for seed in seeds(20) {
        let delays = played(seed, |world| async move {
            let all = guilds(3);
            let here = all[0];
            open_playing(&world, &all).await;
            park(&world, here).await;
            assert_eq!(world.phase(here), Phase::Parked);
            assert_eq!(times(&world, here, Note::Parked).len(), 1);
            assert!(all[1..].iter().all(|other| world.phase(*other) == Phase::Live));
            let told = ask(&world, here, Command::Skip).await;
            assert!(
                matches!(refusal(told.as_ref()), Some(Refusal::Parked { .. })),
                "{told:?}"
            );
            // A probe brings it back: queue and settings, no player.
            assert!(world.until(301_000, |w| w.phase(here) == Phase::Live).await);
            let told = ask(&world, here, Command::Queue { page: 0 }).await;
            assert!(
                matches!(told, Some(Say::Queue(view)) if view.total == 19),
                "the queue is kept"
            );
            assert_eq!(world.sounding(here), [""; 0], "a cold start plays nothing");
            delays(&world, here)
        });
        assert_eq!(delays.len(), 6, "{delays:?}");
        for (delay_ms, plain_ms) in delays.iter().zip(SCHEDULE_MS) {
            assert!(fits(*delay_ms, plain_ms), "seed {seed}: {delays:?}");
        }
        if seed == 0 {
            println!("p6: restarts after {delays:?} ms; the last one is the probe");
        }
    }
}

#[test]
fn p6_the_window_slides_so_that_rare_deaths_never_park() {
    played(1, |world| async move {
        let here = guild(0);
        open_playing(&world, &[here]).await;
        for _ in 0..20 {
            kill(&world, here);
            world.wait_ms(20).await;
            assert!(world.until(40_000, |w| w.phase(here) == Phase::Live).await);
            world.wait_ms(12_500).await;
        }
        let delays = delays(&world, here);
        println!("p6: 20 deaths, one each 12.5 s of life: restarts after {delays:?} ms");
        let plain = SCHEDULE_MS.into_iter().chain(std::iter::repeat(30_000));
        assert!(
            delays
                .iter()
                .zip(plain)
                .all(|(delay_ms, plain_ms)| fits(*delay_ms, plain_ms))
        );
        assert!(times(&world, here, Note::Parked).is_empty());
    });
}

#[test]
fn p8_a_healthy_life_starts_the_schedule_anew() {
    for seed in seeds(20) {
        played(seed, |world| async move {
            let here = guild(0);
            open_playing(&world, &[here]).await;
            for _ in 0..3 {
                kill(&world, here);
                assert!(
                    world
                        .until(2_000, |w| w.phase(here) == Phase::Live && w.held(here) == 0)
                        .await
                );
            }
            // Sixty seconds alive, and of use to somebody.
            assert!(push(&world, here, "of use", Command::Volume { percent: 50 }));
            world.wait_ms(61_000).await;
            kill(&world, here);
            world.wait_ms(2_000).await;
            let delays = delays(&world, here);
            let plain = [50, 200, 800, 50];
            let fit = delays
                .iter()
                .zip(plain)
                .all(|(delay_ms, plain_ms)| fits(*delay_ms, plain_ms));
            assert!(delays.len() == 4 && fit, "{delays:?}");
        });
    }
    println!("p8: 20 seeds: 50, 200, 800 ms, and after 61 healthy seconds 50 ms again, all within a fifth");
}

#[test]
fn p7_at_exhaustion_every_held_input_is_answered_or_dead_lettered() {
    const INBOX: usize = 256;
    for seed in seeds(10) {
        played(seed, |world| async move {
            let here = guild(0);
            open_playing(&world, &[here]).await;
            for _ in 0..5 {
                assert!(world.until(20_000, |w| w.phase(here) == Phase::Live).await);
                kill(&world, here);
                world.wait_ms(20).await;
            }
            // The last restart but one takes 13 s: a full inbox waits for it, and its first input kills.
            world.wait_ms(8_000).await;
            assert_eq!(world.phase(here), Phase::BackingOff);
            let before = world.ledger(&[here]).await;
            world.strike(Strike::Decide, Some(here), 1, Some(is_command("nowplaying")));
            let asked: Vec<u64> = (0..INBOX + 10)
                .map(|_| world.say(here, ANN, Command::NowPlaying))
                .collect();
            world.settle().await;
            let held = world.held(here);
            assert!(world.until(9_000, |w| w.phase(here) == Phase::Parked).await);
            world.wait_ms(2_000).await;
            let after = world.ledger(&[here]).await;
            assert_eq!((after.difference(), after.held), (0, 0), "{after:?}");
            assert_eq!(after.dead - before.dead, 1);
            let mut outcomes = [0_usize; 3];
            for asked in &asked {
                let say = world.answer(*asked);
                match refusal(say.as_ref()) {
                    Some(Refusal::Fault { .. }) => outcomes[0] += 1,
                    Some(Refusal::Parked { .. }) => outcomes[1] += 1,
                    Some(Refusal::Busy) => outcomes[2] += 1,
                    _ => panic!("{say:?}"),
                }
            }
            let [dead, parked, full] = outcomes;
            let closed = (after.dead + after.refused) - (before.dead + before.refused);
            assert!(closed >= INBOX && held >= INBOX, "{closed} of {held}");
            assert_eq!((dead, dead + parked + full), (1, INBOX + 10));
            // Facts are held, too, and take their places.
            assert!((INBOX - 3..=INBOX).contains(&(dead + parked)), "{outcomes:?}");
            if seed == 0 {
                println!(
                    "p7: {held} held at parking, {closed} outcomes: {dead} dead letter, {parked} commands told that it is parked; {full} had found it full"
                );
            }
        });
    }
}

/// Most actors that were started within any second from `from_ms` on.
fn most_a_second(started: &[u64]) -> usize {
    let within = |begin: &u64| {
        started
            .iter()
            .filter(|at| (*begin..*begin + 1_000).contains(*at))
            .count()
    };
    started.iter().map(within).max().unwrap_or(0)
}

#[test]
fn p12_mass_death_does_not_become_mass_restart() {
    const MANY: u64 = 2_500;
    for seed in seeds(1) {
        played(seed, |world| async move {
            let all = guilds(MANY);
            open(&world, &all).await;
            for guild in &all {
                assert!(push(&world, *guild, "volume", Command::Volume { percent: 30 }));
            }
            let alive = |w: &World| all.iter().all(|guild| w.phase(*guild) == Phase::Live);
            assert!(world.until(5_000, alive).await);
            world.wait_ms(1_000).await;
            let begin_ms = world.now_ms();
            for (number, guild) in all.iter().enumerate() {
                kill(&world, *guild);
                if number % 25 == 24 {
                    world.wait_ms(10).await;
                }
            }
            let died_ms = world.now_ms() - begin_ms;
            let mut alive_ms = 0;
            for _ in 0..130 {
                world.wait_ms(1_000).await;
                if alive(&world) {
                    alive_ms = world.now_ms() - begin_ms;
                    break;
                }
            }
            let noted: Vec<Noted> = world
                .noted()
                .into_iter()
                .filter(|noted| noted.at_ms >= begin_ms)
                .collect();
            let of = |note: Note| noted.iter().filter(move |noted| noted.note == note);
            let started: Vec<u64> = of(Note::Started).map(|noted| noted.at_ms).collect();
            let most = most_a_second(&started);
            println!(
                "p12: {} deaths in {died_ms} ms, all live after {alive_ms} ms; at most {most} restarts in a second; alarms {}, parked {}",
                of(Note::Died).count(),
                of(Note::Alarm).count(),
                of(Note::Parked).count()
            );
            assert_eq!(of(Note::Died).count() as u64, MANY);
            assert_eq!(started.len() as u64, MANY);
            let others: BTreeSet<GuildId> = of(Note::Started).map(|noted| noted.guild).collect();
            assert_eq!(others.len() as u64, MANY, "each once");
            assert!(most <= 20 + 20, "twenty a second after a burst of twenty: {most}");
            assert!(died_ms <= 1_000 && (1..=130_000).contains(&alive_ms));
            assert_eq!((of(Note::Alarm).count(), of(Note::Parked).count()), (1, 0));
        });
    }
}
