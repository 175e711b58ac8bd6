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

proptest! {
    #[test]
    fn nobody_waits_beside_a_node_and_nobody_stays_on_a_lost_one(inputs in prop::collection::vec(inputs(), 1..120)) {
        let mut fleet = Fleet::default();
        let mut generation = 0;
        for (now, input) in inputs.into_iter().enumerate() {
            let lost = if let FleetInput::Down { shard, node, lost: true } = &input {
                Some((*shard, node.clone()))
            } else {
                None
            };
            for placement in fleet.step(now as u64, input) {
                if placement.generation > generation {
                    generation = placement.generation;
                }
                if let Some(node) = &placement.node {
                    let node = &fleet.nodes[node];
                    prop_assert!(node.up.contains(&placement.shard) || node.resuming.contains(&placement.shard));
                }
            }
            for ((shard, guild), place) in &fleet.guilds {
                let any = fleet.nodes.values().any(|node| node.up.contains(shard));
                prop_assert!(place.is_some() || !any, "{guild} waits beside a node");
                if let (Some((shard_lost, node_lost)), Some((node, _))) = (&lost, place) {
                    prop_assert!(shard != shard_lost || node != node_lost, "{guild} stays on a lost node");
                }
            }
            let counted: u32 = fleet.nodes.values().map(|node| node.guilds).sum();
            prop_assert_eq!(counted as usize, fleet.guilds.values().flatten().count());
        }
    }
}
