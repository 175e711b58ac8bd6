//! A recording: what is handed over is what the guild lived through, and the rules lead the same way again.

use std::time::Duration;

use fastrand::Rng;
use ostinato_actors::operator::Unanswered;
use ostinato_actors::record::{Next, Reel, Step, Take, tape};
use ostinato_actors::world::{Strike, World, seeds};
use ostinato_machine::guild::{Command, Guild, apply_all, decide};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::{NotNow, SlotOrder};

use crate::stage::{ANN, any_command, blank, guild, guilds, is_blank, open_playing, played};

async fn record(world: &World, guild: GuildId) -> Result<Reel, Unanswered> {
    let (tape, reel) = tape();
    let operator = world.operator().expect("a process");
    operator.record(guild, tape).await.map(|()| reel)
}

fn take(reel: &Reel) -> Next {
    reel.next(Duration::ZERO)
}

/// Gives the input to the rules again.
fn follows(value: &mut Guild, step: &Step) {
    let decision = decide(value, &step.stamped);
    assert_eq!(decision.events.to_vec(), step.events);
    apply_all(value, &step.stamped, &decision).expect("it is applied");
    assert_eq!(*value, step.guild);
}

#[test]
fn what_is_recorded_leads_the_same_way_again() {
    let mut steps = 0;
    for seed in seeds(20) {
        steps += played(seed, |world| async move {
            let (all, mut dice) = (guilds(2), Rng::with_seed(world.seed));
            open_playing(&world, &all).await;
            let reel = record(&world, all[0]).await.expect("it is recorded");
            assert_eq!(record(&world, all[0]).await.err(), Some(Unanswered::Recorded));
            let Next::Take(Take::Begin(mut value)) = take(&reel) else {
                panic!("it begins");
            };
            let mut steps = 0;
            for _ in 0..100 {
                world.say(all[dice.usize(0..2)], ANN, any_command(&mut dice));
                world.wait_ms(dice.u64(0..3_000)).await;
                while let Next::Take(Take::Step(step)) = take(&reel) {
                    follows(&mut value, &step);
                    steps += 1;
                }
            }
            drop(reel);
            world.say(all[0], ANN, Command::Pause);
            world.wait_ms(1_000).await;
            assert!(record(&world, all[0]).await.is_ok(), "the one before is over");
            steps
        });
    }
    println!("recorded: {steps} inputs that lead the same way again; others: 0");
    assert!(steps > 1_000);
}

#[test]
fn a_recording_ends_with_the_guild_s_actor_and_names_what_it_died_of() {
    played(1, |world| async move {
        let here = guild(0);
        open_playing(&world, &[here]).await;
        let reel = record(&world, here).await.expect("it is recorded");
        world.strike(Strike::Decide, Some(here), 1, Some(is_blank()));
        assert!(world.push(here, CauseId::Internal, blank()).is_ok());
        world.wait_ms(1_000).await;
        assert!(matches!(take(&reel), Next::Take(Take::Begin(_))));
        let Next::Take(Take::Died(stamped, "decide")) = take(&reel) else {
            panic!("it tells of the death");
        };
        assert_eq!(stamped.input, blank());
        assert!(matches!(take(&reel), Next::Over(false)));

        let reel = record(&world, here).await.expect("the next one is recorded");
        let operator = world.operator().expect("a process");
        let restart = SlotOrder::Restart { cold: false };
        assert_eq!(operator.order(here, restart, "ordered".into()).await, Ok(()));
        world.wait_ms(1_000).await;
        while let Next::Take(_) = take(&reel) {}
        assert!(matches!(take(&reel), Next::Over(false)));
        let cold = record(&world, guild(99)).await.err();
        assert_eq!(cold, Some(Unanswered::NotNow(NotNow::Asleep)));
    });
}

#[test]
fn nobody_waits_for_a_recording_that_nobody_writes() {
    played(1, |world| async move {
        let here = guild(0);
        open_playing(&world, &[here]).await;
        let reel = record(&world, here).await.expect("it is recorded");
        let asked: Vec<u64> = (0..200).map(|_| world.say(here, ANN, Command::NowPlaying)).collect();
        world.wait_ms(1_000).await;
        assert!(asked.iter().all(|asked| world.answer(*asked).is_some()));
        let mut takes = 0;
        while let Next::Take(_) = take(&reel) {
            takes += 1;
        }
        assert_eq!(takes, 64);
        assert!(matches!(take(&reel), Next::Over(true)));
    });
}
