//! L4: written before seen. What leaves waits for its record; a store that is slow or down stops no music and no answer
//! is dishonest.

use std::collections::BTreeMap;
use std::sync::Arc;

use fastrand::Rng;
use ostinato_actors::ports::First;
use ostinato_actors::world::{Line, StoreMode, What, World, seeds};
use ostinato_machine::guild::{Command, Event, Loaded, PlayerOrder, Record, Say};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::track::{Entry, Track};

use crate::stage::{ANN, answered, any_command, guild, guilds, open, open_playing, play, played};

/// Which revision an effect follows from, as far as it can be told from the effect itself.
fn revision_of(what: &What, records: &[Record]) -> Option<u64> {
    let by = |meant: &dyn Fn(&Record) -> bool| records.iter().find(|record| meant(record)).map(|r| r.revision);
    let event = |meant: &dyn Fn(&Event) -> bool| by(&|record: &Record| record.events.iter().any(meant));
    if let What::First(id, First::Answer { say, .. }) | What::Edit(id, say) | What::FollowUp(id, say, _) = what {
        let Say::Added { first, .. } = say else {
            return by(&|record| record.cause == CauseId::Interaction(*id));
        };
        let of = |entry: &Entry| entry.track.title == first.title;
        return event(&|event| matches!(event, Event::Added { entries, .. } if entries.iter().any(of)));
    }
    if let What::Voice(Some(channel)) = what {
        let wanted = Some(*channel);
        return event(&|event| matches!(event, Event::Channel { channel } if *channel == wanted));
    }
    let What::Order(PlayerOrder::Patch { track, volume, .. }) = what else {
        return None;
    };
    match (track, volume) {
        (Some(Some(track)), _) => event(&|event| matches!(event, Event::Began { play, .. } if *play == track.tag.play)),
        (_, Some(volume)) => event(&|event| matches!(event, Event::Volume { percent } if percent == volume)),
        (_, None) => None,
    }
}

/// Effects whose revision was not durable when they left.
fn too_early(world: &World, guild: GuildId) -> (usize, Vec<Line>) {
    let records = world.store.stored(guild).records;
    let (mut durable, mut checked, mut early) = (0, 0, Vec::new());
    for line in world.trace_of(guild) {
        if let What::Stored(revision, _) = &line.what {
            durable = *revision;
        } else if let Some(revision) = revision_of(&line.what, &records) {
            checked += 1;
            if revision > durable {
                early.push(line);
            }
        }
    }
    (checked, early)
}

/// A track that is named once only.
fn name_track(world: &World, title: &str) {
    let track = Track {
        encoded: "encoded".into(),
        title: title.into(),
        length_ms: Some(600_000),
        seekable: true,
        ..Track::default()
    };
    world.audio.add_result(title, Loaded::Found(vec![Arc::new(track)]));
}

/// Whether what leaves for a command can't be told from what leaves for another one.
fn is_ambiguous(command: &Command, newest_volume: u16) -> bool {
    let volume = matches!(command, Command::Volume { percent } if *percent != newest_volume);
    volume || ["a", "b", "c", "d"].into_iter().any(|title| *command == play(title))
}

/// An evening with a store that takes its time, but not so long that anything stops waiting for it.
async fn slow_evening(world: &World) -> (usize, Vec<Line>) {
    let (all, mut dice) = (guilds(3), Rng::with_seed(world.seed));
    open(world, &all).await;
    let mut volume = 0;
    for round in 0..40 {
        world.store.set(StoreMode::Up(dice.u64(0..200)));
        let guild = all[dice.usize(0..all.len())];
        let command = match dice.u8(0..4) {
            0 | 1 => {
                let title = format!("track {round}");
                name_track(world, &title);
                play(&title)
            }
            2 => {
                // No volume twice: each order tells which command it obeys.
                volume += 1;
                Command::Volume { percent: volume }
            }
            _ => any_command(&mut dice),
        };
        if !is_ambiguous(&command, volume) {
            world.say(guild, ANN, command);
        }
        world.wait_ms(dice.u64(0..400)).await;
    }
    world.wait_ms(5_000).await;
    let mut all_early = (0, Vec::new());
    for guild in all {
        let (checked, early) = too_early(world, guild);
        all_early.0 += checked;
        all_early.1.extend(early);
    }
    all_early
}

#[test]
fn l4_no_effect_of_a_revision_leaves_before_its_record_is_durable() {
    let mut effects = 0;
    for seed in seeds(100) {
        let (checked, early) = played(seed, |world| async move { slow_evening(&world).await });
        assert!(early.is_empty(), "seed {seed}: {early:?}");
        effects += checked;
    }
    println!("l4: {effects} effects that name their revision; left before it was durable: 0");
    assert!(effects > 50, "{effects}");
}

/// When something of this kind first left, ms after `begin_ms`.
fn left(world: &World, begin_ms: u64, meant: impl Fn(&What) -> bool) -> Option<u64> {
    let lines = world.trace().into_iter();
    let mut mine = lines.filter(|line| line.at_ms >= begin_ms && meant(&line.what));
    mine.next().map(|line| line.at_ms - begin_ms)
}

#[test]
fn l4_a_commit_without_an_end_releases_audio_after_a_quarter_second_and_answers_after_two() {
    for seed in seeds(20) {
        played(seed, |world| async move {
            let here = guild(0);
            open_playing(&world, &[here]).await;
            world.wait_ms(world.choose(1_000)).await;
            world.store.set(StoreMode::Silent);
            let begin_ms = world.now_ms();
            let asked = world.say(here, ANN, Command::Volume { percent: 33 });
            world.wait_ms(4_000).await;
            let loud = |what: &What| matches!(what, What::Order(PlayerOrder::Patch { volume: Some(33), .. }));
            let told = |what: &What| matches!(what, What::Edit(id, _) if *id == asked);
            let (audio_ms, told_ms) = (left(&world, begin_ms, loud), left(&world, begin_ms, told));
            let inside = |ms: Option<u64>, plain: u64| ms.is_some_and(|ms| (plain..plain + 20).contains(&ms));
            assert!(
                inside(audio_ms, 250) && inside(told_ms, 2_000),
                "{audio_ms:?} {told_ms:?}"
            );
            assert!(
                matches!(world.answer(asked), Some(Say::Unsaved(_))),
                "{:?}",
                world.answer(asked)
            );
            world.store.set(StoreMode::Up(1));
            world.wait_ms(1_000).await;
            let stored = |what: &What| matches!(what, What::Stored(_, CauseId::Interaction(id)) if *id == asked);
            assert!(left(&world, begin_ms, stored).is_some(), "and is written after all");
            if world.seed == 0 {
                println!("l4: a silent store holds audio for {audio_ms:?} ms and answers for {told_ms:?} ms");
            }
        });
    }
}

#[test]
fn l4_a_store_that_is_down_holds_nothing_up_and_answers_say_so() {
    for seed in seeds(20) {
        played(seed, |world| async move {
            let here = guild(0);
            open_playing(&world, &[here]).await;
            world.store.set(StoreMode::Down);
            // The first record finds out.
            let first = world.say(here, ANN, Command::Volume { percent: 20 });
            answered(&world, first).await;
            let begin_ms = world.now_ms();
            let asked = world.say(here, ANN, Command::Volume { percent: 33 });
            assert!(world.until(50, |w| w.answer(asked).is_some()).await, "at once");
            for asked in [first, asked] {
                assert!(
                    matches!(world.answer(asked), Some(Say::Unsaved(_))),
                    "{:?}",
                    world.answer(asked)
                );
            }
            let loud = |what: &What| matches!(what, What::Order(PlayerOrder::Patch { volume: Some(33), .. }));
            assert_eq!(left(&world, begin_ms, loud), Some(0));
            let read = world.say(here, ANN, Command::NowPlaying);
            let shown = answered(&world, read).await;
            assert!(
                matches!(shown, Some(Say::NowPlaying(_))),
                "what changes nothing is said plainly: {shown:?}"
            );
            world.store.set(StoreMode::Up(1));
            world.wait_ms(40_000).await;
            let saved = world.say(here, ANN, Command::Volume { percent: 44 });
            let told = answered(&world, saved).await;
            assert!(matches!(told, Some(Say::Volume { percent: 44 })), "{told:?}");
            let kept: Vec<u64> = world.store.stored(here).records.iter().map(|r| r.revision).collect();
            assert!(
                kept.is_sorted() && kept.len() >= 3,
                "all that waited is written, in order: {kept:?}"
            );
        });
    }
}

#[test]
fn l4_beyond_64_kb_one_snapshot_is_written_when_the_store_returns() {
    played(1, |world| async move {
        let here = guild(0);
        open_playing(&world, &[here]).await;
        world.store.set(StoreMode::Down);
        let title = "x".repeat(400);
        name_track(&world, &title);
        let mut waits = 0;
        for _ in 0..200 {
            world.say(here, ANN, play(&title));
            world.wait_ms(100).await;
            waits = waits.max(world.backlog(here));
        }
        let begin_ms = world.now_ms();
        world.store.set(StoreMode::Up(1));
        world.wait_ms(60_000).await;
        let lines = world.trace_of(here);
        let after =
            |meant: &dyn Fn(&What) -> bool| lines.iter().filter(|l| l.at_ms >= begin_ms && meant(&l.what)).count();
        let saved = after(&|what| matches!(what, What::Saved(_)));
        let stored = after(&|what| matches!(what, What::Stored(..)));
        println!(
            "l4: 200 plays while the store is down: at most {waits} bytes wait, then {saved} snapshot and {stored} records"
        );
        assert!((32 * 1024..=64 * 1024).contains(&waits), "{waits}");
        assert_eq!(saved, 1);
        let before = world.snapshot(here).await.expect("it runs");
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(3_000).await;
        let after = world.snapshot(here).await.expect("it runs");
        let queue = |snapshot| serde_json::to_value(snapshot).expect("plain data")["kept"]["queue"].clone();
        assert_eq!(queue(before), queue(after));
    });
}

#[test]
fn l7_revisions_rise_by_one_for_each_record() {
    let mut records = 0;
    for seed in seeds(20) {
        records += played(seed, |world| async move {
            slow_evening(&world).await;
            let mut newest = BTreeMap::new();
            let mut count = 0;
            for line in world.trace() {
                if let (Some(guild), What::Stored(revision, _)) = (line.guild, line.what) {
                    let before = newest.insert(guild, revision).unwrap_or(0);
                    assert_eq!(revision, before + 1, "guild {guild}");
                    count += 1;
                }
            }
            count
        });
    }
    println!("l7: {records} records; gaps and repeats 0");
}
