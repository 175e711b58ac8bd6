//! The audit: written once, in order, the newest of each owner.

use std::sync::Arc;

use ostinato_actors::chronicle::{Alarm, Barred, Cause, DeadLetter, Death, Had, Ordered};
use ostinato_actors::ports::{Audit, AuditFilter, AuditKind, Owner, Told};

use super::*;

/// The newest of all.
pub(in crate::store) const EVERY: AuditFilter = AuditFilter {
    guild: None,
    kind: None,
    since_ms: 0,
    before: None,
    limit: 10_000,
};

fn at(at_ms: u64, told: Told) -> Audit {
    let id = Audit::first_of(at_ms);
    Audit { id, told }
}

pub(in crate::store) fn death(guild: GuildId, at_ms: u64) -> Audit {
    let death = Death {
        at_ms,
        guild,
        shard: SHARD,
        incarnation: u64::MAX,
        cause: Cause::NoValue,
        place: "src/a.rs:1".into(),
        input: "skip".into(),
        reference: format!("r{at_ms}").into(),
        kept: true,
        before: vec![Had {
            at_ms,
            input: "(wake)".into(),
        }],
    };
    at(at_ms, Told::Death(Arc::new(death)))
}

fn order(guild: Option<GuildId>, at_ms: u64) -> Audit {
    let order = Ordered {
        at_ms,
        who: "eve".into(),
        why: "a \"test\"\u{0}".into(),
        what: "park".into(),
        guild,
        reference: "r".into(),
        outcome: "done".into(),
        fault: guild.map(|_| "panic".into()),
    };
    at(at_ms, Told::Order(Arc::new(order)))
}

fn barred(at_ms: u64) -> Audit {
    let barred = Barred {
        at_ms,
        why: "a key is needed".into(),
        scope: "control".into(),
        calls: u64::MAX,
        peer: Some("::1".parse().unwrap()),
    };
    at(at_ms, Told::Barred(Arc::new(barred)))
}

/// One of each kind, newest first.
pub(in crate::store) fn each() -> Vec<Audit> {
    let (at_ms, shard, cause) = (4, SHARD, CauseId::Order("key".into()));
    let letter = DeadLetter {
        at_ms,
        guild: GUILD,
        shard,
        input: "skip".into(),
        cause,
        reference: "r".into(),
    };
    vec![
        barred(6),
        at(
            5,
            Told::Alarm(Alarm {
                at_ms: 5,
                shard,
                guilds: 9,
            }),
        ),
        at(at_ms, Told::DeadLetter(Arc::new(letter))),
        order(None, 3),
        order(Some(GUILD), 2),
        death(GUILD, 1),
    ]
}

fn times(read: &[Audit]) -> Vec<u64> {
    read.iter().map(|entry| entry.told.at_ms()).collect()
}

pub(in crate::store) async fn every_kind_of_audit_comes_back_as_it_was_in_the_next_process(bench: &impl Bench) {
    let store = bench.open();
    assert_eq!(store.audited(EVERY).await, Ok(Vec::new()));
    store.audit(each().into()).await.unwrap();
    bench.close(store);
    assert_eq!(bench.open().audited(EVERY).await, Ok(each()));
}

pub(in crate::store) async fn audit_that_is_written_twice_is_there_once_and_as_it_was(bench: &impl Bench) {
    let store = bench.open();
    store.audit([death(GUILD, 1), death(GUILD, 2)].into()).await.unwrap();
    let other = Audit {
        id: Audit::first_of(2),
        ..death(OTHER, 9)
    };
    store.audit([other, death(GUILD, 3)].into()).await.unwrap();
    let read = store.audited(EVERY).await.unwrap();
    assert_eq!(read, [death(GUILD, 3), death(GUILD, 2), death(GUILD, 1)]);
}

pub(in crate::store) async fn audit_is_asked_for_by_guild_kind_time_and_page(bench: &impl Bench) {
    let store = bench.open();
    store.audit(each().into()).await.unwrap();
    store.audit([death(OTHER, 7), death(OTHER, 8)].into()).await.unwrap();
    let asked = async |filter| times(&store.audited(filter).await.unwrap());
    let (guild, kind) = (Some(GUILD), Some(AuditKind::Death));
    assert_eq!(asked(AuditFilter { guild, ..EVERY }).await, [4, 2, 1]);
    assert_eq!(asked(AuditFilter { kind, ..EVERY }).await, [8, 7, 1]);
    assert_eq!(asked(AuditFilter { guild, kind, ..EVERY }).await, [1]);
    let page = AuditFilter { limit: 3, ..EVERY };
    assert_eq!(asked(page).await, [8, 7, 6]);
    let before = Some(Audit::first_of(6));
    assert_eq!(asked(AuditFilter { before, ..page }).await, [5, 4, 3]);
    let since_ms = 5;
    assert_eq!(asked(AuditFilter { since_ms, ..EVERY }).await, [8, 7, 6, 5]);
    assert_eq!(
        asked(AuditFilter {
            since_ms: u64::MAX,
            ..EVERY
        })
        .await,
        [0; 0]
    );
}

pub(in crate::store) async fn each_owner_keeps_its_newest_audit_whatever_comes_to_the_others(bench: &impl Bench) {
    let store = bench.open();
    store.audit([death(OTHER, 1), order(None, 2)].into()).await.unwrap();
    for batch in (0..30).map(|round| 1_000 + round * 100) {
        let deaths = (batch..batch + 100).map(|at_ms| death(GUILD, at_ms));
        store.audit(deaths.collect()).await.unwrap();
        let knocks = (batch..batch + 100).map(|at_ms| barred(10_000 + at_ms));
        store.audit(knocks.collect()).await.unwrap();
    }
    let kept = Owner::Guild(GUILD).keeps();
    let guild = Some(GUILD);
    let read = store.audited(AuditFilter { guild, ..EVERY }).await.unwrap();
    let newest = (1_000..4_000).rev().take(usize::try_from(kept).unwrap());
    assert_eq!(times(&read), newest.collect::<Vec<_>>());
    let kind = Some(AuditKind::Barred);
    let read = store.audited(AuditFilter { kind, ..EVERY }).await.unwrap();
    let newest = (11_000..14_000).rev().take(1_000);
    assert_eq!(times(&read), newest.collect::<Vec<_>>());
    // Whoever orders something of a guild that can't be pushes nobody out.
    let strange = [order(Some(GuildId(u64::MAX)), 20_000), order(Some(GuildId(0)), 20_001)];
    store.audit(strange.into()).await.unwrap();
    let all = store.audited(EVERY).await.unwrap();
    assert_eq!(all.len(), 256 + 1_000 + 4);
    assert_eq!(times(&all[all.len() - 2..]), [2, 1]);
}
