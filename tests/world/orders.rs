//! What an operator orders of connections and audio nodes, faults by order, and the books of silences.

use std::collections::BTreeMap;

use ostinato_actors::chronicle::Cause;
use ostinato_actors::operator::Unanswered;
use ostinato_actors::world::World;
use ostinato_machine::guild::{Command, Fault};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use ostinato_machine::slot::Phase;

use crate::stage::{ask, guilds, open_playing, played};

/// Longest silence between two sounds of a guild so far, ms.
fn gap_ms(world: &World, guild: GuildId) -> u64 {
    let sounds: Vec<_> = world
        .audio
        .sounds()
        .into_iter()
        .filter(|sound| sound.guild == guild)
        .collect();
    let pairs = sounds.iter().zip(sounds.iter().skip(1));
    let gaps = pairs.map(|(before, after)| after.from_ms.saturating_sub(before.until_ms.unwrap_or(after.from_ms)));
    gaps.max().unwrap_or(0)
}

#[test]
fn a_node_that_is_drained_loses_its_guilds_and_gets_none_until_it_is_wanted_again() {
    played(1, |world| async move {
        let all = guilds(8);
        open_playing(&world, &all).await;
        let operator = world.operator().expect("a process");
        let first = NodeId::new("n1");
        let on = |w: &World, node: &NodeId| {
            all.iter()
                .filter(|guild| w.wanted(**guild).is_some_and(|wanted| wanted.node == *node))
                .count()
        };
        assert_eq!(on(&world, &first), 4);
        assert_eq!(operator.drain_node(&first, true).await, Ok(()));
        assert!(world.until(2_000, |w| on(w, &first) == 0).await);
        world.wait_ms(2_000).await;
        assert!(all.iter().all(|guild| world.sounding(*guild).len() == 1));
        let gap_ms = all.iter().map(|guild| gap_ms(&world, *guild)).max().unwrap_or(0);
        assert!(gap_ms <= 500, "{gap_ms}");
        let facts = operator.nodes().await.expect("the fleet");
        assert_eq!(
            facts.iter().map(|node| (node.drained, node.guilds)).collect::<Vec<_>>(),
            [(true, 0), (false, 8)]
        );
        assert_eq!(operator.move_guild(all[0], Some(first.clone())).await, Ok(()));
        assert!(
            world.until(2_000, |w| on(w, &first) == 1).await,
            "an order to move goes before a drain"
        );
        assert_eq!(operator.drain_node(&first, false).await, Ok(()));
        assert_eq!(operator.move_guild(all[1], None).await, Ok(()));
        assert!(world.until(2_000, |w| on(w, &first) == 2).await);
        let nowhere = operator.drain_node(&NodeId::new("n9"), true).await;
        assert_eq!(nowhere, Err(Unanswered::NotHere));
        println!("drain: four guilds moved, longest gap {gap_ms} ms");
    });
}

#[test]
fn silences_that_nobody_asked_for_are_told_as_they_were_heard() {
    played(1, |world| async move {
        let all = guilds(4);
        open_playing(&world, &all).await;
        assert!(ask(&world, all[3], Command::Pause).await.is_some());
        world.audio.kill_node("n1");
        world.wait_ms(3_000).await;
        let operator = world.operator().expect("a process");
        let told: BTreeMap<GuildId, u64> = operator
            .chronicle()
            .gaps()
            .iter()
            .map(|gap| (gap.guild, gap.ms))
            .collect();
        for guild in &all[..3] {
            let heard_ms = gap_ms(&world, *guild);
            let told_ms = told.get(guild).copied().unwrap_or(0);
            assert!(
                told_ms.abs_diff(heard_ms) <= 50,
                "guild {guild}: {told_ms} ms told, {heard_ms} ms heard"
            );
        }
        assert!(
            !told.is_empty() && !told.contains_key(&all[3]),
            "a pause is no gap: {told:?}"
        );
        println!("gaps: told {told:?}");
    });
}

#[test]
fn new_connections_by_order_lose_nothing() {
    played(1, |world| async move {
        let all = guilds(3);
        open_playing(&world, &all).await;
        let operator = world.operator().expect("a process");
        assert_eq!(operator.reconnect_gateway(ShardId(0), false).await, Ok(()));
        world.wait_ms(500).await;
        assert_eq!(operator.reconnect_node(&NodeId::new("n1")).await, Ok(()));
        world.wait_ms(3_000).await;
        for guild in &all {
            assert_eq!((world.sounding(*guild).len(), gap_ms(&world, *guild)), (1, 0));
            assert!(ask(&world, *guild, Command::Volume { percent: 40 }).await.is_some());
        }
        // A new session costs every voice session of the shard: guilds join again and go on.
        assert_eq!(operator.reconnect_gateway(ShardId(0), true).await, Ok(()));
        assert!(
            world
                .until(10_000, |w| all
                    .iter()
                    .all(|guild| gap_ms(w, *guild) > 0 && w.sounding(*guild).len() == 1))
                .await
        );
    });
}

#[test]
fn faults_by_order_strike_one_guild_alone() {
    played(1, |world| async move {
        let all = guilds(3);
        open_playing(&world, &all).await;
        let operator = world.operator().expect("a process");
        for fault in [Fault::Panic, Fault::Poison] {
            assert_eq!(operator.fault(all[0], fault), Ok(()));
            world.wait_ms(20).await;
            assert!(world.until(2_000, |w| w.phase(all[0]) == Phase::Live).await);
        }
        world.wait_ms(500).await;
        let chronicle = operator.chronicle();
        let died: Vec<_> = chronicle
            .deaths()
            .iter()
            .rev()
            .map(|death| (death.guild, death.cause, death.kept))
            .collect();
        assert_eq!(died, [(all[0], Cause::Decide, true), (all[0], Cause::Apply, false)]);
        assert_eq!(
            chronicle
                .dead_letters()
                .iter()
                .map(|(letter, ..)| letter.input.to_string())
                .collect::<Vec<_>>(),
            ["(fault)"; 2]
        );
        for guild in &all {
            assert_eq!(
                (world.sounding(*guild).len(), gap_ms(&world, *guild)),
                (1, 0),
                "nobody hears it"
            );
        }
    });
}
