//! Who was refused at the door. Calls of one kind are told together, once a minute: who knocks on and on fills nothing.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use ostinato_actors::chronicle::Barred;

use super::door::{Scope, problem};

/// What is said to somebody who may not come in.
pub(super) struct Refusal {
    /// Why, in words of ours: there are as many as the door has reasons.
    pub(super) why: &'static str,
    pub(super) response: HttpResponse,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, why: &'static str, detail: &str) -> Self {
        let response = problem(status, why, detail);
        Self { why, response }
    }
}

/// The refusals since the last telling, by reason and scope.
#[derive(Debug, Default)]
pub(super) struct Knocks(Mutex<BTreeMap<(&'static str, &'static str), Barred>>);

impl Knocks {
    pub(super) fn note(&self, why: &'static str, scope: Scope, peer: Option<IpAddr>, at_ms: u64) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let barred = all.entry((why, scope.name())).or_insert_with(|| Barred {
            at_ms,
            why: why.into(),
            scope: scope.name().into(),
            calls: 0,
            peer,
        });
        barred.calls = barred.calls.saturating_add(1);
    }

    /// Those since the last time.
    pub(super) fn take(&self) -> Vec<Barred> {
        let all = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        all.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_one_line_for_each_reason_and_scope() {
        let (knocks, peer) = (Knocks::default(), |last| Some(IpAddr::from([10, 0, 0, last])));
        for number in 0..10_000 {
            knocks.note("a key is needed", Scope::Read, peer(7), number);
            knocks.note("a key is needed", Scope::Control, peer(8), number);
        }
        let told = knocks.take();
        let told: Vec<_> = told
            .iter()
            .map(|barred| (&*barred.scope, barred.calls, barred.at_ms, barred.peer))
            .collect();
        assert_eq!(told, [("control", 10_000, 0, peer(8)), ("read", 10_000, 0, peer(7))]);
        assert!(knocks.take().is_empty(), "nothing is told twice");
    }
}
