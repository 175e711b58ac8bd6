//! Ring 2: real actors, fake ports, virtual time, seeded faults.
//!
//! Each test plays whole processes on one thread; equal seeds give equal worlds. A test that fails prints the command that
//! replays it. What a test measured is printed, too: `cargo test … -- --nocapture` shows it.
//!
//! Of the tests with figures, T2 and T4 bear their names here and T1 in the machine's tests; T3 (a crash anywhere) is that of
//! P4, T5 (budget and back-off against oracles) those of P6 and P8 in the machine, T6 (poison) that of P5, T7 (2,500 guilds
//! die in a second) that of P12.
#![expect(clippy::expect_used, reason = "tests may fail loudly")]

mod audit;
mod autoplay;
mod durable;
mod fate;
mod health;
mod isolation;
mod killed;
mod operator;
mod orders;
mod owners;
mod poison;
mod recorded;
mod restarts;
mod stage;
mod swarm;
mod swarm_faults;
mod swarm_strikes;
mod twin;
mod waits;

use ostinato_actors::world::World;
use ostinato_machine::guild::Command;

use crate::stage::{ANN, LOUNGE, guild};

#[test]
fn a_listener_plays_a_track_and_hears_it_through_a_kill_and_a_restart() {
    let at = guild(0);
    World::run(1, |world| async move {
        world.discord.add_guild(at);
        world.audio.add_track("song", Some(180_000));
        world.discord.sit(at, ANN, Some(LOUNGE));
        world.start().await.expect("a process");
        world.wait_ms(200).await;
        let asked = world.play(at, ANN, "song");
        assert!(world.until(2_000, |w| w.sounding(at) == ["song"]).await, "it sounds");
        assert!(
            world.until(2_000, |w| w.answer(asked).is_some()).await,
            "it is answered"
        );
        world.wait_ms(30_000).await;
        world.kill().await;
        world.wait_ms(1_000).await;
        world.start().await.expect("a process");
        world.wait_ms(20_000).await;
        let sounds = world.audio.sounds();
        assert_eq!(sounds.len(), 1, "one unbroken sound: {sounds:?}");
        let skipped = world.say(at, ANN, Command::Skip);
        assert!(world.until(2_000, |w| w.sounding(at).is_empty()).await, "it is skipped");
        assert!(
            world.until(2_000, |w| w.answer(skipped).is_some()).await,
            "it is answered"
        );
    });
}
