//! P15: what a process does when another one has come to own a guild.

use ostinato_actors::chronicle::Count;
use ostinato_actors::world::{Line, What, World, seeds};
use ostinato_machine::guild::{Command, Refusal, Say};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::{Phase, SlotOrder};

use crate::stage::{ask, guild, guilds, open_playing, played, push, refusal};

fn fenced(world: &World) -> u64 {
    let operator = world.operator().expect("a process");
    operator.chronicle().of(Count::Fenced)
}

/// What left for a guild since `at_ms`, besides words for whoever asked.
fn effects(world: &World, guild: GuildId, at_ms: u64) -> Vec<Line> {
    let all = world.trace_of(guild).into_iter();
    let words = |line: &Line| matches!(line.what, What::First(..) | What::Edit(..) | What::FollowUp(..));
    all.filter(|line| line.at_ms >= at_ms && !words(line)).collect()
}

async fn release(world: &World, guild: GuildId) {
    let operator = world.operator().expect("a process");
    let ordered = operator.order(guild, SlotOrder::Release, "ordered".into()).await;
    assert_eq!(ordered, Ok(()));
    world.wait_ms(1_000).await;
}

#[test]
fn p15_a_guild_that_another_process_owns_falls_silent_here_and_is_not_written() {
    for seed in seeds(10) {
        let left = played(seed, |world| async move {
            let all = guilds(3);
            let here = all[0];
            open_playing(&world, &all).await;
            let before = world.store.stored(here);
            world.store.take_over(here, 2);
            let taken_ms = world.now_ms();
            let asked: Vec<u64> = (0..5)
                .map(|percent| world.say(here, crate::stage::ANN, Command::Volume { percent }))
                .collect();
            assert!(push(&world, here, "late", Command::Skip));
            world.wait_ms(15_000).await;
            assert!(asked.iter().all(|asked| {
                let say = world.answer(*asked);
                say.is_some() && !matches!(say, Some(Say::Volume { .. } | Say::Unsaved(_)))
            }));
            assert_eq!((world.phase(here), fenced(&world)), (Phase::Parked, 1));
            let told = ask(&world, here, Command::Skip).await;
            assert!(
                matches!(refusal(told.as_ref()), Some(Refusal::Parked { .. })),
                "{told:?}"
            );
            // A restart reads, and is refused; past the time at which a parked guild's player goes, too.
            release(&world, here).await;
            assert_ne!(world.phase(here), Phase::Live);
            world.wait_ms(700_000).await;
            assert_eq!(world.store.stored(here), before, "nothing is written");
            let left = effects(&world, here, taken_ms);
            assert!(left.is_empty(), "{left:?}");
            // The others play on and are saved.
            for other in &all[1..] {
                let told = ask(&world, *other, Command::Volume { percent: 30 }).await;
                assert!(matches!(told, Some(Say::Volume { percent: 30 })), "{told:?}");
            }
            // It comes back, if the guild does.
            world.store.take_over(here, 1);
            release(&world, here).await;
            let told = ask(&world, here, Command::Volume { percent: 40 }).await;
            assert!(matches!(told, Some(Say::Volume { percent: 40 })), "{told:?}");
            assert!(world.store.revision(here) > before.records.last().map_or(0, |record| record.revision));
            left.len()
        });
        println!("p15: seed {seed}: effects of a guild that another process owns: {left}");
    }
}

#[test]
fn a_record_that_the_store_never_takes_becomes_a_snapshot() {
    played(1, |world| async move {
        let here = guild(0);
        open_playing(&world, &[here]).await;
        // The store has lost what it had: what follows would leave a gap.
        world.store.forget(here);
        let told = ask(&world, here, Command::Volume { percent: 30 }).await;
        assert!(told.is_some());
        world.wait_ms(5_000).await;
        let told = ask(&world, here, Command::Volume { percent: 31 }).await;
        assert!(matches!(told, Some(Say::Volume { percent: 31 })), "{told:?}");
        assert_eq!(fenced(&world), 0);
        let stored = world.store.stored(here);
        assert!(stored.snapshot.is_some());
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(2_000).await;
        assert_eq!(world.phase(here), Phase::Live);
    });
}
