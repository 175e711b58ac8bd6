//! The audit outlives the process, and waits for a store without holding anybody up.

use std::sync::Arc;

use ostinato_actors::chronicle::{Count, Ordered};
use ostinato_actors::ports::{AuditFilter, AuditKind};
use ostinato_actors::world::{BEGIN_MS, StoreMode, Strike, World};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::Phase;

use crate::stage::{blank, guilds, is_blank, open_playing, played};

/// The guild dies of one input, and lives again.
async fn dies(world: &World, guild: GuildId) {
    world.strike(Strike::Decide, Some(guild), 1, Some(is_blank()));
    assert!(world.push(guild, CauseId::Internal, blank()).is_ok());
    world.wait_ms(20).await;
    assert!(world.until(10_000, |w| w.phase(guild) == Phase::Live).await);
}

fn stored(world: &World, kind: AuditKind) -> usize {
    world.store.audit().iter().filter(|told| told.kind() == kind).count()
}

fn order(world: &World, why: &str) {
    let operator = world.operator().expect("a process");
    operator.chronicle().ordered(Ordered {
        at_ms: BEGIN_MS + world.now_ms(),
        who: "eve".into(),
        why: why.into(),
        what: "a test".into(),
        guild: None,
        reference: Arc::from("ordered"),
        outcome: "done".into(),
        fault: None,
    });
}

const ALL: AuditFilter = AuditFilter {
    guild: None,
    kind: None,
    since_ms: 0,
    before: None,
    limit: 100,
};

#[test]
fn what_a_guild_died_of_is_known_to_the_process_after_the_one_that_was_killed() {
    played(1, |world| async move {
        let all = guilds(2);
        open_playing(&world, &all).await;
        order(&world, "before");
        dies(&world, all[0]).await;
        dies(&world, all[1]).await;
        let died = world.operator().expect("a process").chronicle().deaths();
        assert_eq!(died.len(), 2);
        world.kill().await;
        world.start().await.expect("it starts");
        world.wait_ms(2_000).await;
        let operator = world.operator().expect("a process");
        let chronicle = operator.chronicle();
        assert_eq!(chronicle.deaths(), died);
        assert_eq!(chronicle.last_death(all[0]).as_ref(), died.last());
        assert_eq!(chronicle.dead_letters().len(), 2);
        assert_eq!(chronicle.orders().len(), 1);
        let counted: u64 = chronicle.deaths_by_cause().iter().map(|(_, count)| count).sum();
        assert_eq!(
            (counted, chronicle.of(Count::DeadLettered)),
            (0, 0),
            "counts begin anew"
        );
        dies(&world, all[0]).await;
        assert_eq!((chronicle.deaths().len(), stored(&world, AuditKind::Death)), (3, 3));
        let guild = Some(all[0]);
        let read = operator
            .audit(AuditFilter { guild, ..ALL })
            .await
            .expect("the store answers");
        let kinds: Vec<_> = read.iter().map(|entry| entry.told.kind()).collect();
        let once = [AuditKind::DeadLetter, AuditKind::Death];
        assert_eq!(kinds, [once, once].concat(), "the newest first");
    });
}

#[test]
fn a_store_that_is_away_holds_no_guild_and_no_order_up_and_is_told_everything_once() {
    for mode in [StoreMode::Down, StoreMode::Silent] {
        played(1, move |world| async move {
            let all = guilds(2);
            open_playing(&world, &all).await;
            world.wait_ms(500).await;
            world.store.set(mode);
            for guild in &all {
                dies(&world, *guild).await;
            }
            order(&world, "meanwhile");
            let operator = world.operator().expect("a process");
            assert!(
                operator.audit(ALL).await.is_err(),
                "it is not said that there is nothing"
            );
            let outbox = || {
                (
                    operator.chronicle().outbox().waits(),
                    operator.chronicle().outbox().lost(),
                )
            };
            world.wait_ms(60_000).await;
            assert_eq!((outbox(), stored(&world, AuditKind::Death)), ((5, 0), 0));
            world.store.set(StoreMode::Up(1));
            world.wait_ms(60_000).await;
            assert_eq!((outbox(), operator.chronicle().outbox().stored()), ((0, 0), 5));
            let kinds = [AuditKind::Death, AuditKind::DeadLetter, AuditKind::Order];
            assert_eq!(kinds.map(|kind| stored(&world, kind)), [2, 2, 1], "{mode:?}");
        });
    }
}

#[test]
fn what_is_noted_last_is_stored_before_the_process_leaves() {
    played(1, |world| async move {
        open_playing(&world, &guilds(1)).await;
        world.store.set(StoreMode::Up(200));
        for number in 0..200 {
            order(&world, &number.to_string());
        }
        assert!(world.stop().await.is_some());
        assert_eq!(stored(&world, AuditKind::Order), 200);
    });
}
