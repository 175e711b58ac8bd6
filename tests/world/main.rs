//! Ring 2: real actors, fake ports, virtual time.

use ostinato_actors::world::World;
use ostinato_machine::ids::{ChannelId, GuildId, UserId};

const GUILD: GuildId = GuildId(5 << 22);
const ANN: UserId = UserId(11);
const LOUNGE: ChannelId = ChannelId(21);

#[test]
fn a_listener_plays_a_track_and_hears_it_through_a_kill_and_a_restart() {
    World::run(1, |world| async move {
        world.discord.add_guild(GUILD);
        world.audio.add_track("song", Some(180_000));
        world.discord.sit(GUILD, ANN, Some(LOUNGE));
        world.start().await.expect("a process");
        world.wait_ms(200).await;
        let asked = world.play(GUILD, ANN, "song");
        assert!(world.until(2_000, |w| w.sounding(GUILD) == ["song"]).await, "it sounds");
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
        let skipped = world.say(GUILD, ANN, ostinato_machine::guild::Command::Skip);
        assert!(
            world.until(2_000, |w| w.sounding(GUILD).is_empty()).await,
            "it is skipped"
        );
        assert!(
            world.until(2_000, |w| w.answer(skipped).is_some()).await,
            "it is answered"
        );
    });
}
