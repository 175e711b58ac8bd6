//! What the servers may order of the process itself.

use std::sync::Arc;

use tokio::sync::{Notify, mpsc};

use crate::logging::Levels;
use crate::recording::Recorder;
use crate::store::StoreFaults;

/// How the process is to leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// In order, and stay away: exit code 0.
    Stop,
    /// In order, to be started again: exit code 75.
    Restart,
}

/// What the servers may order of the process. Cloning shares it.
#[derive(Clone, Debug)]
pub struct Steer {
    leave: mpsc::Sender<Leave>,
    register: Arc<Notify>,
    levels: Levels,
    store: StoreFaults,
    recorder: Recorder,
}

/// The other end: what the process hears.
#[derive(Debug)]
pub struct Steered {
    leave: mpsc::Receiver<Leave>,
    /// Rings when the commands are to be registered again.
    pub register: Arc<Notify>,
}

impl Steer {
    /// A wheel, and what it turns.
    pub fn new(levels: Levels, store: StoreFaults, recorder: Recorder) -> (Self, Steered) {
        let (leave, left) = mpsc::channel(1);
        let register = Arc::new(Notify::new());
        let steer = Self {
            leave,
            register: Arc::clone(&register),
            levels,
            store,
            recorder,
        };
        (steer, Steered { leave: left, register })
    }

    /// One that turns nothing.
    #[cfg(test)]
    pub fn nowhere() -> Self {
        Self::new(
            Levels::fixed(),
            StoreFaults::default(),
            Recorder::new(std::path::Path::new("nowhere")),
        )
        .0
    }

    /// Lets the process leave. One order is enough: a second one, before the first was heard, changes nothing.
    pub fn leave(&self, how: Leave) {
        let _ = self.leave.try_send(how);
    }

    /// Lets Discord's list of commands be made ours again.
    pub fn register(&self) {
        self.register.notify_one();
    }

    /// The levels of the log.
    pub fn levels(&self) -> &Levels {
        &self.levels
    }

    /// Where recordings are made.
    pub fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Faults of the store.
    pub fn store(&self) -> &StoreFaults {
        &self.store
    }
}

impl Steered {
    /// Waits until the process is to leave.
    pub async fn leaves(&mut self) -> Leave {
        match self.leave.recv().await {
            Some(leave) => leave,
            // The servers are gone: nobody orders anything any more.
            None => std::future::pending().await,
        }
    }
}
