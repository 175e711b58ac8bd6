//! The shells in the world: what a listener hears and is told, whatever dies.

mod answers;
mod cards;
mod known;
mod outside;
mod restarts;
mod store;
mod swarm;

use std::rc::Rc;

use ostinato_machine::guild::Refusal;
use ostinato_machine::ids::ShardId;

use super::*;

const GUILD: GuildId = GuildId(5 << 22);
const ANN: UserId = UserId(11);
const LOUNGE: ChannelId = ChannelId(21);

/// Runs `play` in a world with a process that runs, Ann in the lounge, and three tracks of three minutes.
fn world<F: Future<Output = ()>>(seed: u64, play: impl FnOnce(Rc<World>) -> F) {
    World::run(seed, |world| async move {
        world.discord.add_guild(GUILD);
        for title in ["a", "b", "c"] {
            world.audio.add_track(title, Some(180_000));
        }
        world.discord.sit(GUILD, ANN, Some(LOUNGE));
        world.start().await.expect("a process");
        world.wait_ms(200).await;
        play(world).await;
    });
}

/// The same, and `a` sounds.
fn playing<F: Future<Output = ()>>(seed: u64, play: impl FnOnce(Rc<World>) -> F) {
    world(seed, |world| async move {
        let asked = world.play(GUILD, ANN, "a");
        assert!(world.until(2_000, |w| w.sounding(GUILD) == ["a"]).await, "a sounds");
        assert!(
            world.until(2_000, |w| w.answer(asked).is_some()).await,
            "it is answered"
        );
        world.wait_ms(1_000).await;
        play(world).await;
    });
}

/// What an answer says was done, saved or not.
fn done(say: Option<Say>) -> Option<Say> {
    match say {
        Some(Say::Unsaved(done)) => Some(*done),
        other => other,
    }
}

/// Whether an answer says that what was done is not saved.
fn is_unsaved(say: &Option<Say>) -> bool {
    matches!(say, Some(Say::Unsaved(_)))
}

impl World {
    /// Gives a command as Ann and waits for the answer.
    async fn asks(&self, command: Command) -> Option<Say> {
        let asked = self.say(GUILD, ANN, command);
        self.until(12_000, |w| w.answer(asked).is_some()).await;
        self.answer(asked)
    }

    /// Adds a track as Ann and waits until it is answered.
    async fn adds(&self, title: &str) {
        let asked = self.play(GUILD, ANN, title);
        let added = |w: &Self| matches!(done(w.answer(asked)), Some(Say::Added { .. }));
        assert!(
            self.until(3_000, added).await,
            "{title} is added: {:?}",
            self.answer(asked)
        );
    }

    /// How often `a` was begun to sound.
    fn begins(&self, title: &str) -> usize {
        self.audio
            .sounds()
            .iter()
            .filter(|sound| *sound.title == *title)
            .count()
    }

    fn lines(&self, meant: impl Fn(&What) -> bool) -> usize {
        self.trace().iter().filter(|line| meant(&line.what)).count()
    }
}

fn refused(say: Option<&Say>) -> Option<&Refusal> {
    match say {
        Some(Say::Refused(refusal)) => Some(refusal),
        _ => None,
    }
}
