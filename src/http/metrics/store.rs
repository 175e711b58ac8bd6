//! The store: its commits and what waits for them.

use super::super::facts::Facts;
use super::table::{Series, Values, counter, gauge, histogram, one, spread, whole};
use crate::store::StoreFigures;

pub(super) const SERIES: &[Series] = &[
    histogram(
        "ostinato_store_commit",
        "How long commits took that wrote something, from the first record to the end of the transaction.",
        |facts| spread(of(facts).map(|store| &store.commits)),
    )
    .in_unit("seconds"),
    histogram(
        "ostinato_store_commit_records",
        "Records, snapshots, checkpoints and batches of the audit of one commit.",
        |facts| spread(of(facts).map(|store| &store.together)),
    ),
    counter(
        "ostinato_store_written",
        "Records, snapshots and entries of the audit that were committed.",
        |facts| value(facts, |store| store.bytes.get()),
    )
    .in_unit("bytes"),
    counter("ostinato_store_errors", "Commits that failed.", |facts| {
        value(facts, |store| store.errors.get())
    }),
    counter(
        "ostinato_store_refused",
        "Calls that found the store's queue full.",
        |facts| value(facts, |store| store.refused.get()),
    ),
    gauge(
        "ostinato_store_queue",
        "Calls that wait for the store's writer.",
        |facts| value(facts, |store| store.waiting.get()),
    ),
];

fn of(facts: &Facts) -> Option<&StoreFigures> {
    facts.inside().map(|inside| &*inside.store)
}

fn value(facts: &Facts, read: impl FnOnce(&StoreFigures) -> u64) -> Values {
    one(of(facts).map(|store| whole(read(store))))
}
