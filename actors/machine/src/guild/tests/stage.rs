//! On a stage: in the audience nobody hears the bot.

use super::*;

fn seated(world: &mut World, channel: ChannelId, suppressed: bool) {
    world.put(Input::OwnVoice {
        channel: Some(channel),
        session_id: Hidden::new("s"),
        suppressed,
    });
}

fn told(world: &World) -> usize {
    let said = world.said.iter();
    said.filter(|say| matches!(say, Say::Suppressed { .. })).count()
}

#[test]
fn in_the_audience_the_music_waits_and_says_so_once() {
    let mut world = World::playing(&["a", "b"]);
    world.update(2_000);
    seated(&mut world, LOUNGE, true);
    let wanted = wants(&world.g);
    assert!(wanted.player.expect("a player").paused);
    assert_eq!(wanted.speak, Some(LOUNGE));
    let position = world.g.position(world.now);
    world.now += 30_000;
    assert_eq!(world.g.position(world.now), position, "time is no position there");
    seated(&mut world, LOUNGE, true);
    assert_eq!(told(&world), 1);
    seated(&mut world, LOUNGE, false);
    let wanted = wants(&world.g);
    assert!(!wanted.player.expect("a player").paused);
    assert_eq!(wanted.speak, None);
    assert_eq!(told(&world), 1);
}

#[test]
fn a_users_pause_and_the_audience_are_two_reasons() {
    let mut world = World::playing(&["a"]);
    seated(&mut world, LOUNGE, true);
    assert_eq!(
        world.say(ANN, Command::Resume),
        Some(Say::Refused(Refusal::Suppressed { channel: LOUNGE }))
    );
    world.say(ANN, Command::Pause);
    seated(&mut world, LOUNGE, false);
    assert!(wants(&world.g).player.expect("a player").paused);
    world.say(ANN, Command::Resume);
    assert!(!wants(&world.g).player.expect("a player").paused);
}

#[test]
fn who_is_moved_off_the_stage_or_leaves_it_is_heard_again() {
    let mut world = World::playing(&["a"]);
    seated(&mut world, LOUNGE, true);
    world.put(Input::Seat(seat(ANN, Some(ATTIC))));
    seated(&mut world, ATTIC, false);
    assert!(!world.g.kept.suppressed);
    seated(&mut world, ATTIC, true);
    world.say(ANN, Command::Disconnect);
    assert!(!world.g.kept.suppressed);
}

#[test]
fn the_audience_outlives_the_process() {
    let mut world = World::playing(&["a"]);
    seated(&mut world, LOUNGE, true);
    let again = Guild::restore(GuildId(1), 1, None, &world.records, world.g.limits.clone()).expect("restored");
    assert_eq!(wants(&again).speak, Some(LOUNGE));
    let Some(Say::NowPlaying(view)) = world.say(BOB, Command::NowPlaying) else {
        panic!("{:?}", world.said)
    };
    assert!(view.suppressed);
}
