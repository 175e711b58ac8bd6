//! Which track autoplay chooses, and when it comes back after a search that led to nothing.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

#[test]
fn what_others_call_like_the_artist_is_not_said_to_be_by_the_artist() {
    let mut world = World::autoplay(&["s"]);
    let ask = world.looks().unwrap();
    let covers = by("Covers of a", "s, sung by others");
    world.finds(&ask, &[], std::slice::from_ref(&covers));
    assert_eq!(world.next_title(), None);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[], &[covers.clone(), by("A - Topic", "own")]);
    assert_eq!(world.next_title().as_deref(), Some("own"));

    let mut world = World::autoplay(&["s"]);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[covers], &[]);
    assert_eq!(
        world.next_title().as_deref(),
        Some("s, sung by others"),
        "a mix is of many"
    );
}

#[test]
fn the_channel_that_a_source_makes_of_an_artist_is_the_artist() {
    let mut world = World::autoplay(&["s"]);
    let ask = world.looks().unwrap();
    world.finds(&ask, &[by("a - Topic", "S (Remastered)"), by("b", "new")], &[]);
    assert_eq!(world.next_title().as_deref(), Some("new"), "it is the song that plays");
    world.plays_out();
    world.started();
    world.now += 5_000;
    let ask = world.looks().unwrap();
    world.say(ANN, Command::Skip);
    world.finds(&ask, &[by("b - Topic", "more of b"), by("c", "of another")], &[]);
    let taste = &world.g.autoplay().unwrap().against;
    assert_eq!(taste.len(), 2, "an artist and a way of finding: {taste:?}");
    assert_eq!(world.title().as_deref(), Some("of another"));
}

#[test]
fn guilds_of_a_source_that_fails_do_not_come_back_all_at_once() {
    let mut times = BTreeSet::new();
    for guild in 0..200 {
        let mut world = World::autoplay(&["a"]);
        world.g.id = GuildId(guild << 22);
        for (least, most) in [(1_000, 1_250), (2_000, 2_500), (60_000, 75_000)] {
            let ask = world.looks().unwrap();
            world.fails(&ask);
            let rest_ms = world.g.autoplay_due_ms().unwrap() - world.now;
            assert!((least..most).contains(&rest_ms), "{rest_ms}");
            times.insert((least, rest_ms));
        }
    }
    assert!(times.len() > 300, "{}", times.len());
}

#[test]
fn a_queue_that_ends_while_autoplay_rests_says_why_nothing_follows() {
    let mut world = World::autoplay(&["a"]);
    for _ in 0..3 {
        let ask = world.looks().unwrap();
        world.fails(&ask);
    }
    let before = world.said.len();
    world.now += 5_000;
    world.ended(world.tag(), EndReason::Finished);
    assert!(
        matches!(world.said[before..], [Say::AutoplayOver { leaves_in_ms: Some(_) }]),
        "{:?}",
        &world.said[before..]
    );
    assert_eq!((world.title(), world.looks()), (None, None));
}

#[test]
fn what_an_earlier_release_remembers_of_autoplay_is_read() {
    let world = World::autoplay(&["a"]);
    let written = serde_json::to_value(world.g.snapshot()).unwrap();
    assert_eq!(
        written["kept"]["autoplay"].get("memory"),
        None,
        "the history is long enough"
    );
    let snapshot = serde_json::from_value(written).unwrap();
    let g = Guild::restore(GuildId(1), 1, Some(snapshot), &[], world.g.limits.clone()).unwrap();
    assert_eq!(g.kept, world.g.kept);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn of_fifty_tracks_in_a_row_none_is_played_twice_however_short_the_history(
        seed in any::<u64>(),
        size in 62_usize..90,
        history in 0_usize..60,
    ) {
        let shelf: Vec<Arc<Track>> = (0..size).map(|n| by(&format!("x{}", n % 7), &format!("s{n}"))).collect();
        let mut world = World::with(Limits { history, ..Limits::default() });
        world.play(&["a"], Where::End);
        world.join();
        world.started();
        let mut world = world.with_autoplay();
        let (mut chance, mut heard) = (seed, Vec::new());
        for _ in 0..60 {
            chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let ask = world.looks().expect("it looks ahead");
            let mut found = shelf.clone();
            found.rotate_left(usize::try_from(chance >> 33).unwrap() % size);
            world.finds(&ask, &found, &[]);
            world.plays_out();
            heard.push(world.title().expect("it goes on"));
        }
        prop_assert!(world.g.kept.history.len() <= history);
        prop_assert!(world.g.autoplay().unwrap().memory.len() <= 50_usize.saturating_sub(history));
        for window in heard.windows(50) {
            let distinct: BTreeSet<&String> = window.iter().collect();
            prop_assert_eq!(distinct.len(), window.len());
        }
    }
}
