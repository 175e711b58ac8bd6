//! The card of what plays: one a guild, whatever dies, and never in the way of music.

use super::*;
use crate::ports::CardOrder;

/// The card that stands there.
fn card(world: &World) -> Option<Card> {
    let all = world.discord.cards(GUILD);
    let standing: Vec<Card> = all.into_iter().filter(|card| !card.deleted).collect();
    assert!(standing.len() <= 1, "one card a guild: {standing:?}");
    standing.into_iter().next()
}

fn shows(world: &World, title: &str) -> bool {
    let view = card(world).and_then(|card| card.view);
    view.is_some_and(|view| *view.track.title == *title && !view.waiting)
}

#[test]
fn a_track_that_starts_posts_a_card_and_the_next_one_changes_it() {
    playing(31, |world| async move {
        assert!(world.until(1_500, |w| shows(w, "a")).await);
        world.adds("b").await;
        world.asks(Command::Skip).await;
        assert!(world.until(7_000, |w| shows(w, "b")).await, "{:?}", card(&world));
        world.asks(Command::Stop).await;
        let ended = |w: &World| card(w).is_some_and(|card| card.view.is_none());
        assert!(world.until(7_000, ended).await);
        assert_eq!(world.discord.cards(GUILD).len(), 1);
        assert_eq!(world.discord.cards(GUILD)[0].channel, TEXT);
        // Whoever plays again gets another one.
        world.adds("c").await;
        let anew = |w: &World| w.discord.cards(GUILD).len() == 2;
        assert!(world.until(4_000, anew).await);
    });
}

#[test]
fn a_card_is_written_at_most_once_in_five_seconds_and_not_for_time_that_passes() {
    playing(32, |world| async move {
        world.wait_ms(60_000).await;
        assert_eq!(card(&world).expect("a card").edits, 0);
        for _ in 0..20 {
            world.asks(Command::Pause).await;
            world.asks(Command::Resume).await;
            world.wait_ms(700).await;
        }
        let mut at: Vec<u64> = Vec::new();
        for line in world.trace() {
            if let What::Card(_, CardOrder::Edit { .. }) = line.what {
                at.push(line.at_ms);
            }
        }
        assert!(at.windows(2).all(|pair| pair[1] - pair[0] >= 5_000), "{at:?}");
        assert!(at.len() <= 4, "{at:?}");
    });
}

#[test]
fn a_killed_process_leaves_a_card_that_the_next_one_goes_on_with() {
    playing(33, |world| async move {
        assert!(world.until(1_500, |w| shows(w, "a")).await);
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(3_000).await;
        world.asks(Command::Pause).await;
        let paused = |w: &World| card(w).and_then(|card| card.view).is_some_and(|view| view.paused);
        assert!(world.until(8_000, paused).await, "{:?}", card(&world));
        assert_eq!(world.discord.cards(GUILD).len(), 1);
    });
}

#[test]
fn a_process_that_is_killed_over_posting_leaves_one_card() {
    for (seed, wait_ms) in [0, 5, 10, 14, 15, 16, 17, 18, 20, 30].into_iter().enumerate() {
        world(340 + seed as u64, |world| async move {
            world.play(GUILD, ANN, "a");
            let posting = |w: &World| w.lines(|what| matches!(what, What::Card(..))) > 0;
            assert!(world.until(5_000, posting).await);
            world.wait_ms(wait_ms).await;
            world.kill().await;
            world.start().await.expect("a process");
            assert!(world.until(10_000, |w| shows(w, "a")).await, "{wait_ms}");
            world.wait_ms(10_000).await;
            assert_eq!(world.discord.cards(GUILD).len(), 1, "{wait_ms}");
        });
    }
}

#[test]
fn a_deleted_card_comes_back_with_the_next_track_and_not_before() {
    playing(35, |world| async move {
        assert!(world.until(1_500, |w| shows(w, "a")).await);
        world.discord.delete_cards(GUILD);
        world.asks(Command::Pause).await;
        world.wait_ms(20_000).await;
        world.asks(Command::Resume).await;
        world.wait_ms(20_000).await;
        assert_eq!(world.discord.cards(GUILD).len(), 1);
        world.adds("b").await;
        world.asks(Command::Skip).await;
        assert!(world.until(7_000, |w| shows(w, "b")).await);
    });
}

#[test]
fn a_buried_card_is_posted_anew_when_a_track_begins() {
    playing(36, |world| async move {
        assert!(world.until(1_500, |w| shows(w, "a")).await);
        world.discord.bury_cards(40);
        world.adds("b").await;
        world.wait_ms(20_000).await;
        assert_eq!(world.discord.cards(GUILD).len(), 1, "not in the middle of a track");
        world.asks(Command::Skip).await;
        assert!(world.until(9_000, |w| shows(w, "b")).await);
        let all = world.discord.cards(GUILD);
        assert_eq!((all.len(), all[0].deleted), (2, true));
    });
}

#[test]
fn where_no_card_may_be_posted_music_and_answers_go_on() {
    world(37, |world| async move {
        world.discord.forbid_cards(true);
        world.adds("a").await;
        assert!(world.until(2_000, |w| w.sounding(GUILD) == ["a"]).await);
        world.adds("b").await;
        assert!(matches!(world.asks(Command::Skip).await, Some(Say::Skipped { .. })));
        world.wait_ms(60_000).await;
        assert_eq!(
            world.lines(|what| matches!(what, What::Card(..))),
            1,
            "it is learnt by trying, once"
        );
    });
}

#[test]
fn a_discord_that_hangs_over_a_card_delays_nothing() {
    world(38, |world| async move {
        world.adds("a").await;
        world.discord.slow_rest(4_000);
        assert!(world.until(2_000, |w| w.sounding(GUILD) == ["a"]).await);
        world.wait_ms(1_000).await;
        world.say(GUILD, ANN, Command::Pause);
        // The order leaves while the card is still on its way.
        assert!(world.until(500, |w| w.sounding(GUILD).is_empty()).await);
    });
}

#[test]
fn an_outage_of_discord_leaves_one_card_that_is_right_afterwards() {
    playing(39, |world| async move {
        assert!(world.until(1_500, |w| shows(w, "a")).await);
        world.adds("b").await;
        world.discord.rest_down(true);
        world.say(GUILD, ANN, Command::Skip);
        world.wait_ms(60_000).await;
        assert_eq!(world.sounding(GUILD), ["b"]);
        world.discord.rest_down(false);
        assert!(world.until(120_000, |w| shows(w, "b")).await);
        assert_eq!(world.discord.cards(GUILD).len(), 1);
    });
}
