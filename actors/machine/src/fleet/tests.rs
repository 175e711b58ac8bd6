//! The fleet, in stories and at random.

use proptest::prelude::*;

use super::*;

const SHARD: ShardId = ShardId(0);

fn node(name: u8) -> NodeId {
    NodeId::new(&format!("n{name}"))
}

fn up(fleet: &mut Fleet, name: u8, resumed: bool) -> Vec<Placement> {
    fleet.step(
        1,
        FleetInput::Up {
            shard: SHARD,
            node: node(name),
            resumed,
        },
    )
}

fn want(fleet: &mut Fleet, guild: u64) -> Vec<Placement> {
    fleet.step(
        1,
        FleetInput::Want {
            shard: SHARD,
            guild: GuildId(guild),
        },
    )
}

#[test]
fn guilds_spread_over_the_nodes_and_move_when_one_is_lost() {
    let mut fleet = Fleet::default();
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    for guild in 0..10 {
        want(&mut fleet, guild);
    }
    assert_eq!((fleet.nodes[&node(1)].guilds, fleet.nodes[&node(2)].guilds), (5, 5));
    let moved = fleet.step(
        1,
        FleetInput::Down {
            shard: SHARD,
            node: node(1),
            lost: true,
        },
    );
    assert_eq!(moved.len(), 5);
    assert!(moved.iter().all(|placement| placement.node == Some(node(2))));
}

#[test]
fn a_session_that_resumes_keeps_its_guilds() {
    let mut fleet = Fleet::default();
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    let first = want(&mut fleet, 1);
    assert!(
        fleet
            .step(
                1,
                FleetInput::Down {
                    shard: SHARD,
                    node: node(1),
                    lost: false
                }
            )
            .is_empty()
    );
    assert_eq!(want(&mut fleet, 1), first, "told the same again");
    assert!(up(&mut fleet, 1, true).is_empty());
    assert_eq!(up(&mut fleet, 1, false).len(), 1, "a new session has no players");
}

#[test]
fn without_a_node_each_is_told_once_and_placed_when_one_comes() {
    let mut fleet = Fleet::default();
    assert_eq!(want(&mut fleet, 1)[0].node, None);
    assert_eq!(up(&mut fleet, 3, false)[0].node, Some(node(3)));
}

#[test]
fn a_player_taken_over_on_a_node_that_is_lost_by_then_is_placed_anew() {
    let mut fleet = Fleet::default();
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    let lost = FleetInput::Down {
        shard: SHARD,
        node: node(1),
        lost: true,
    };
    fleet.step(1, lost);
    let adopted = FleetInput::Adopted {
        shard: SHARD,
        guild: GuildId(1),
        node: node(1),
        generation: 700,
    };
    let placed = fleet.step(2, adopted);
    assert_eq!(placed.len(), 1);
    assert_eq!(placed[0].node, Some(node(2)));
    assert!(placed[0].generation > 700, "or the guild would call it late");
}

#[test]
fn load_figures_that_are_old_say_nothing() {
    let mut fleet = Fleet::default();
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    let stats = FleetInput::Stats {
        node: node(1),
        playing: 500,
        cpu_permille: 900,
        frame_deficit: 0,
    };
    fleet.step(1, stats);
    let want = |guild| FleetInput::Want {
        shard: SHARD,
        guild: GuildId(guild),
    };
    for guild in 0..10 {
        fleet.step(STATS_FRESH_MS + 2, want(guild));
    }
    assert_eq!(fleet.nodes[&node(1)].guilds, 5);
}

#[test]
fn a_busy_node_gets_fewer() {
    let mut fleet = Fleet::default();
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    fleet.step(
        1,
        FleetInput::Stats {
            node: node(1),
            playing: 50,
            cpu_permille: 900,
            frame_deficit: 0,
        },
    );
    for guild in 0..40 {
        assert_eq!(want(&mut fleet, guild)[0].node, Some(node(2)));
    }
}

fn inputs() -> impl Strategy<Value = FleetInput> {
    let shard = (0..2_u32).prop_map(ShardId);
    let name = (0..3_u8).prop_map(node);
    let guild = (0..20_u64).prop_map(GuildId);
    prop_oneof![
        (shard.clone(), name.clone(), any::<bool>()).prop_map(|(shard, node, resumed)| FleetInput::Up {
            shard,
            node,
            resumed
        }),
        (shard.clone(), name.clone(), any::<bool>()).prop_map(|(shard, node, lost)| FleetInput::Down {
            shard,
            node,
            lost
        }),
        (name.clone(), 0..100_u32, 0..1_000_u32).prop_map(|(node, playing, cpu_permille)| FleetInput::Stats {
            node,
            playing,
            cpu_permille,
            frame_deficit: 0
        }),
        (shard.clone(), guild.clone()).prop_map(|(shard, guild)| FleetInput::Want { shard, guild }),
        (shard.clone(), guild.clone()).prop_map(|(shard, guild)| FleetInput::Release { shard, guild }),
        (shard, guild, name, 0..50_u64).prop_map(|(shard, guild, node, generation)| FleetInput::Adopted {
            shard,
            guild,
            node,
            generation
        }),
    ]
}

/// What a step may propose: each guild of its shard once, each proposal new or the same as before, and as it is kept.
fn sensible(before: &Fleet, fleet: &Fleet, input: &FleetInput, placements: &[Placement]) -> Result<(), TestCaseError> {
    let mut seen = BTreeSet::new();
    for placement in placements {
        let key = (placement.shard, placement.guild);
        prop_assert!(seen.insert(key), "told twice in one step: {placement:?}");
        let kept = placement.node.clone().map(|node| (node, placement.generation));
        prop_assert_eq!(fleet.guilds.get(&key), Some(&kept));
        prop_assert_eq!(fleet.place(placement.shard, placement.guild), placement.node.as_ref());
        let repeated = kept.is_some() && before.guilds.get(&key) == Some(&kept);
        prop_assert!(
            repeated || placement.generation > before.last_generation,
            "a generation that does not rise: {placement:?}"
        );
        if let FleetInput::Adopted { generation, .. } = input {
            prop_assert!(placement.generation > *generation);
        }
    }
    Ok(())
}

/// What is always true of a fleet.
fn sound(fleet: &Fleet) -> Result<(), TestCaseError> {
    for ((shard, guild), place) in &fleet.guilds {
        let any = fleet.nodes.values().any(|node| node.up.contains(shard));
        prop_assert!(place.is_some() || !any, "{guild} waits beside a node");
        if let Some((node, generation)) = place {
            let node = &fleet.nodes[node];
            let serves = node.up.contains(shard) || node.resuming.contains(shard);
            prop_assert!(serves, "{guild} stays on a lost node");
            prop_assert!(*generation <= fleet.last_generation);
        }
    }
    for (name, node) in &fleet.nodes {
        let here = |place: &&Option<(NodeId, u64)>| place.as_ref().is_some_and(|(node, _)| node == name);
        prop_assert_eq!(node.guilds as usize, fleet.guilds.values().filter(here).count());
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_waits_beside_a_node_and_nobody_stays_on_a_lost_one(inputs in prop::collection::vec(inputs(), 1..120)) {
        let mut fleet = Fleet::default();
        for (now, input) in inputs.into_iter().enumerate() {
            let before = fleet.clone();
            // The clock may stand still or jump back: generations rise all the same.
            let placements = fleet.step(now as u64 % 40, input.clone());
            sensible(&before, &fleet, &input, &placements)?;
            sound(&fleet)?;
        }
    }

    #[test]
    fn guilds_that_come_one_by_one_spread_evenly(nodes in 1..5_u8, guilds in 1..60_u64, leave in 0..60_u64) {
        let mut fleet = Fleet::default();
        for name in 0..nodes {
            up(&mut fleet, name, false);
        }
        for guild in 0..guilds {
            let placed = want(&mut fleet, guild);
            prop_assert_eq!(placed.len(), 1);
            let again = want(&mut fleet, guild);
            prop_assert_eq!(placed, again, "asking again changes nothing");
        }
        let counts = |fleet: &Fleet| fleet.nodes.values().map(|node| node.guilds).collect::<Vec<_>>();
        let spread = |counts: &[u32]| counts.iter().max().unwrap_or(&0) - counts.iter().min().unwrap_or(&0);
        prop_assert!(spread(&counts(&fleet)) <= 1, "{:?}", counts(&fleet));
        for guild in 0..leave {
            fleet.step(1, FleetInput::Release { shard: SHARD, guild: GuildId(guild) });
        }
        prop_assert_eq!(counts(&fleet).iter().sum::<u32>() as u64, guilds.saturating_sub(leave));
    }

    #[test]
    fn a_node_that_is_lost_moves_each_of_its_guilds_once(guilds in 1..80_u64, nodes in 2..5_u8) {
        let mut fleet = Fleet::default();
        for name in 0..nodes {
            up(&mut fleet, name, false);
        }
        for guild in 0..guilds {
            want(&mut fleet, guild);
        }
        let there = fleet.nodes[&node(0)].guilds as usize;
        let moved = fleet.step(5, FleetInput::Down { shard: SHARD, node: node(0), lost: true });
        prop_assert_eq!(moved.len(), there);
        prop_assert!(moved.iter().all(|placement| placement.node.as_ref().is_some_and(|to| *to != node(0))));
        prop_assert!(up(&mut fleet, 0, false).is_empty(), "nobody is moved back");
    }
}

#[test]
fn a_shard_is_served_as_long_as_one_node_is_up_or_resumes() {
    let mut fleet = Fleet::default();
    let down = |name, lost| FleetInput::Down {
        shard: SHARD,
        node: node(name),
        lost,
    };
    assert!(!fleet.is_served(SHARD));
    up(&mut fleet, 1, false);
    up(&mut fleet, 2, false);
    fleet.step(1, down(1, true));
    fleet.step(1, down(2, false));
    assert!(fleet.is_served(SHARD) && !fleet.is_served(ShardId(1)));
    fleet.step(1, down(2, true));
    assert!(!fleet.is_served(SHARD));
    assert_eq!((down(1, true).lost(), down(1, false).lost()), (Some(SHARD), None));
}
