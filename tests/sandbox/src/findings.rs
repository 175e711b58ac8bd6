//! What the stand-ins found wrong with the bot, and what they counted.
//!
//! One [`Findings`] is shared by all stand-ins of a run. A *violation* is a request that the real service would have
//! refused: it fails the run. A *race* is a refusal that no client can avoid (a paused session, a deleted `@original`,
//! an interaction that was answered twice after a replay) or that a fault switch ordered: it is counted only.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Shared list of violations, races and counters. Cloning shares it.
#[derive(Clone, Debug, Default)]
pub struct Findings(Arc<Mutex<Inner>>);

#[derive(Debug, Default)]
struct Inner {
    violations: Vec<String>,
    races: BTreeMap<String, u64>,
    counts: BTreeMap<String, u64>,
    notes: Vec<String>,
}

/// What was found so far, as plain data.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct Summary {
    /// Requests that the real service would have refused, one sentence each.
    pub violations: Vec<String>,
    /// Refusals that could not be avoided, by kind.
    pub races: BTreeMap<String, u64>,
    /// How often each thing happened: `rest.<operationId>`, `gateway.<op>`, `lavalink.<route>`.
    pub counts: BTreeMap<String, u64>,
    /// Things to be said once, such as a check that could not be made.
    pub notes: Vec<String>,
}

impl Findings {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a request that the real service would have refused.
    pub fn violation(&self, what: impl Into<String>) {
        let what = what.into();
        tracing::error!(violation = %what);
        self.lock().violations.push(what);
    }

    /// Counts a refusal that could not be avoided.
    pub fn race(&self, kind: impl Into<String>) {
        *self.lock().races.entry(kind.into()).or_default() += 1;
    }

    /// Counts one happening under `name`.
    pub fn count(&self, name: impl Into<String>) {
        *self.lock().counts.entry(name.into()).or_default() += 1;
    }

    /// How often `name` was counted.
    pub fn counted(&self, name: &str) -> u64 {
        self.lock().counts.get(name).copied().unwrap_or(0)
    }

    /// Says something once.
    pub fn note(&self, what: impl Into<String>) {
        let what = what.into();
        let mut inner = self.lock();
        if !inner.notes.contains(&what) {
            inner.notes.push(what);
        }
    }

    /// Everything found so far.
    pub fn summary(&self) -> Summary {
        let inner = self.lock();
        Summary {
            violations: inner.violations.clone(),
            races: inner.races.clone(),
            counts: inner.counts.clone(),
            notes: inner.notes.clone(),
        }
    }
}
