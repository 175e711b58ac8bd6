//! The shelf of the audit: what the chronicle notes goes to the store, and what stands there can be asked for.
//!
//! Its tasks run on the root's thread, which no guild can hold up: the order that blocked a thread of shards is stored
//! all the same.

use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_rt::task::JoinHandle;
use futures_util::FutureExt as _;
use ostinato_machine::restart::RestartPolicy;
use tokio::sync::{mpsc, oneshot};

use crate::chronicle::{Chronicle, KEPT};
use crate::clock::mix;
use crate::fleet_actor::Now;
use crate::ports::{Audit, AuditFilter, AuditKind, GuildStore, PortError, PortErrorKind};
use crate::station::sleep_ms;

/// Most entries that are written at once: below a hundred kilobytes, so that no record of a guild waits for them.
const BATCH: usize = 64;

/// Longest wait for one write, or for one read.
const WITHIN: Duration = Duration::from_secs(10);

/// Longest wait at the end for what is not written yet.
const FINISH: Duration = Duration::from_millis(1_500);

/// Questions that may wait.
const QUESTIONS: usize = 16;

struct Question {
    filter: AuditFilter,
    answer: oneshot::Sender<Result<Vec<Audit>, PortError>>,
}

/// Asks for what is stored, from any thread.
#[derive(Clone, Debug)]
pub(crate) struct Reader(mpsc::Sender<Question>);

impl Reader {
    /// What is stored, newest first.
    pub(crate) async fn ask(&self, filter: AuditFilter) -> Result<Vec<Audit>, PortError> {
        let (answer, answered) = oneshot::channel();
        let busy = |_| PortError::new(PortErrorKind::Overloaded, "too many questions about the audit wait");
        self.0.try_send(Question { filter, answer }).map_err(busy)?;
        let ended = |_| PortError::new(PortErrorKind::Gone, "the process is stopping");
        answered.await.unwrap_or_else(|gone| Err(ended(gone)))
    }
}

/// The running tasks. They end when this is dropped.
pub(crate) struct Shelf {
    chronicle: Arc<Chronicle>,
    tasks: [JoinHandle<()>; 2],
}

impl Drop for Shelf {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Shelf {
    pub(crate) fn start(
        store: Rc<dyn GuildStore>,
        chronicle: &Arc<Chronicle>,
        policy: RestartPolicy,
        now: Now,
    ) -> (Self, Reader) {
        let (ask, mut questions) = mpsc::channel::<Question>(QUESTIONS);
        let (from, to) = (Rc::clone(&store), Arc::clone(chronicle));
        let write = actix_rt::spawn(async move {
            let (mut failures, mut recalled) = (0_u32, false);
            loop {
                let turn = AssertUnwindSafe(turn(&*from, &to, &mut recalled)).catch_unwind().await;
                match turn.unwrap_or_else(|_| Err(PortError::new(PortErrorKind::Refused, "the store's port panicked")))
                {
                    Ok(()) => failures = 0,
                    Err(error) => {
                        if failures == 0 {
                            tracing::warn!(%error, "the audit can't be stored now; it waits, and stands in the log");
                        }
                        // Any number will do that another process does not draw.
                        let drawn = mix(&Cell::new(now()));
                        sleep_ms(policy.delay_ms(failures, drawn)).await;
                        failures = failures.saturating_add(1);
                    }
                }
            }
        });
        let read = actix_rt::spawn(async move {
            while let Some(Question { filter, answer }) = questions.recv().await {
                // Nobody listens any more when it took too long.
                let _ = answer.send(soon(store.audited(filter)).await);
            }
        });
        let chronicle = Arc::clone(chronicle);
        let tasks = [write, read];
        (Self { chronicle, tasks }, Reader(ask))
    }

    /// Writes what waits, within a time; what is left then stands in the log alone.
    pub(crate) async fn finish(self) {
        let outbox = self.chronicle.outbox();
        if tokio::time::timeout(FINISH, outbox.until(true)).await.is_err() {
            tracing::warn!(
                entries = outbox.waits(),
                "the last of the audit could not be stored; it stands in the log"
            );
        }
    }
}

/// Brings back what an earlier process stored, the first time; then writes what waits.
async fn turn(store: &dyn GuildStore, chronicle: &Chronicle, recalled: &mut bool) -> Result<(), PortError> {
    if !*recalled {
        recall(store, chronicle).await?;
        *recalled = true;
    }
    let outbox = chronicle.outbox();
    outbox.until(false).await;
    let batch = outbox.oldest(BATCH);
    let count = batch.len();
    // What was written and not confirmed in time is written again: it is there once.
    let lost = match soon(store.audit(batch.into())).await {
        Ok(()) => outbox.done(count, true),
        Err(error) if error.is_retryable() => return Err(error),
        Err(error) => {
            tracing::error!(%error, entries = count, "the store does not take these entries of the audit; they stand in the log alone");
            outbox.done(count, false)
        }
    };
    if lost > 0 {
        tracing::warn!(
            lost,
            "the audit is stored again; the entries that found no room stand in the log alone"
        );
    }
    Ok(())
}

/// Reads before anything is written, so that nothing of this process comes back as something of an earlier one.
async fn recall(store: &dyn GuildStore, chronicle: &Chronicle) -> Result<(), PortError> {
    let mut found = Vec::new();
    for kind in AuditKind::ALL {
        let filter = AuditFilter {
            guild: None,
            kind: Some(kind),
            since_ms: 0,
            before: None,
            limit: u32::try_from(KEPT).unwrap_or(u32::MAX),
        };
        match soon(store.audited(filter)).await {
            Ok(entries) => found.extend(entries),
            Err(error) if error.is_retryable() => return Err(error),
            Err(error) => tracing::warn!(%error, kind = kind.name(), "what happened before this start can't be read"),
        }
    }
    chronicle.recall(found);
    Ok(())
}

async fn soon<T>(work: impl Future<Output = Result<T, PortError>>) -> Result<T, PortError> {
    let late = |_| Err(PortError::new(PortErrorKind::Timeout, "the store does not answer"));
    tokio::time::timeout(WITHIN, work).await.unwrap_or_else(late)
}
