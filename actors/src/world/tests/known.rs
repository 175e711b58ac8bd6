//! Which guilds the bot is in, across processes.

use ostinato_machine::slot::SlotOrder;

use super::*;
use crate::operator::{Filter, Unanswered};

const OTHER: GuildId = GuildId(6 << 22);

/// The guilds that an operator sees, by name, and how many a shard counts.
async fn seen(world: &World) -> (Vec<(GuildId, String)>, usize) {
    let operator = world.operator().expect("a process");
    let filter = Filter {
        limit: 9,
        ..Filter::default()
    };
    let page = operator.guilds(filter).await;
    let rows = page.rows.iter().map(|row| (row.guild, row.name.to_string()));
    let counted = operator.shards().await.0.iter().map(|shard| shard.guilds).sum();
    (rows.collect(), counted)
}

fn named(guilds: &[(GuildId, &str)]) -> (Vec<(GuildId, String)>, usize) {
    let rows = guilds.iter().map(|(guild, name)| (*guild, (*name).to_owned()));
    (rows.collect(), guilds.len())
}

/// A process that runs, with two guilds in which nothing happens, and what it knows is stored.
fn announced<F: Future<Output = ()>>(seed: u64, play: impl FnOnce(Rc<World>) -> F) {
    World::run(seed, |world| async move {
        world.discord.invite(OTHER, "Other");
        world.discord.invite(GUILD, "Home");
        world.start().await.expect("a process");
        world.wait_ms(1_500).await;
        assert_eq!(seen(&world).await, named(&[(GUILD, "Home"), (OTHER, "Other")]));
        play(world).await;
    });
}

fn begun(world: &World, shard: ShardId) -> usize {
    world.lines(|what| *what == What::Identify(shard))
}

#[test]
fn a_process_that_resumes_knows_the_guilds_of_the_one_before_and_takes_orders_for_them() {
    for orderly in [true, false] {
        announced(1, |world| async move {
            if orderly {
                world.stop().await;
            } else {
                world.kill().await;
            }
            world.start().await.expect("a process");
            world.wait_ms(500).await;
            assert_eq!(seen(&world).await, named(&[(GUILD, "Home"), (OTHER, "Other")]));
            assert_eq!(begun(&world, ShardId(0)), 1, "it told of them once");
            let operator = world.operator().expect("a process");
            assert_eq!(operator.order(OTHER, SlotOrder::Park, "r".into()).await, Ok(()));
            assert_eq!(world.phase(OTHER), Phase::Parked);
            let nowhere = operator.order(GuildId(9 << 22), SlotOrder::Park, "r".into()).await;
            assert_eq!(nowhere, Err(Unanswered::Unknown));
        });
    }
}

#[test]
fn a_guild_that_the_bot_leaves_while_no_process_runs_is_forgotten_by_the_next_one() {
    for resumed in [true, false] {
        announced(2, |world| async move {
            world.kill().await;
            if !resumed {
                world.discord.drop_gateway(ShardId(0), 10, true);
            }
            world.discord.remove(GUILD);
            world.start().await.expect("a process");
            world.wait_ms(1_500).await;
            assert_eq!(begun(&world, ShardId(0)), if resumed { 1 } else { 2 });
            assert_eq!(seen(&world).await, named(&[(OTHER, "Other")]));
            world.kill().await;
            world.start().await.expect("a process");
            world.wait_ms(500).await;
            assert_eq!(seen(&world).await, named(&[(OTHER, "Other")]), "it is stored so");
        });
    }
}

#[test]
fn a_guild_that_invites_the_bot_is_known_to_the_next_process_however_soon_it_comes() {
    announced(3, |world| async move {
        world.discord.invite(GuildId(7 << 22), "Late");
        world.kill().await;
        world.start().await.expect("a process");
        world.wait_ms(500).await;
        let all = [(GUILD, "Home"), (OTHER, "Other"), (GuildId(7 << 22), "Late")];
        assert_eq!(seen(&world).await, named(&all));
    });
}

#[test]
fn a_session_of_many_guilds_is_stored_in_parts_and_its_mark_never_before_them() {
    World::run(4, |world| async move {
        let guilds = 1_000_u64;
        for number in 1..=guilds {
            world.discord.invite(GuildId(number << 22), "One of many");
        }
        world.start().await.expect("a process");
        let whole = |w: &World| w.store.shard(ShardId(0)).gateway.is_some();
        let mut parts = Vec::new();
        while !whole(&world) {
            parts.push(world.store.shard(ShardId(0)).known.len());
            world.wait_ms(1).await;
        }
        parts.dedup();
        assert!(parts.len() > 2, "{parts:?}");
        assert_eq!(world.store.shard(ShardId(0)).known.len() as u64, guilds);
    });
}
