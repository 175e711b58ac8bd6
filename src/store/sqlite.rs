//! The guild store on one embedded SQLite file: the handle that arbiters hold.
//!
//! Calls are enqueued when they are made and worked off in that order by the writer thread; a full queue refuses at
//! once. No SQL here.

use std::path::Path;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender, TrySendError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use ostinato_actors::ports::{
    Append, Appended, Audit, AuditFilter, GuildStore, PortError, PortErrorKind, Save, ShardCheckpoint, Stored,
    StoredShard, Work,
};
use ostinato_machine::ids::{GuildId, ShardId};
use tokio::sync::oneshot;

use super::figures::StoreFigures;
use super::job::{Done, Job};
use super::writer::{self, Writer};
use super::{DataDirLock, FILE, OpenError, StoreFaults, StoreSettings, schema};

/// Calls that may wait for the writer at once, over all arbiters.
const QUEUE: usize = 8_192;

/// How long a starting process waits for the one before it to leave the data directory.
const LOCK_PATIENCE: Duration = Duration::from_secs(5);

/// How often what was committed at the level `process` is carried to the disk.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// The embedded store. Cloning shares it; each arbiter holds a clone.
#[derive(Clone)]
pub struct SqliteStore {
    // Dropped before the threads, which end when the last sender is gone.
    jobs: SyncSender<Job>,
    threads: Arc<Threads>,
    faults: StoreFaults,
    figures: Arc<StoreFigures>,
}

struct Threads {
    writer: Mutex<Option<JoinHandle<()>>>,
    /// The side checkpoint; dropping the sender ends it.
    sync: Mutex<Option<(mpsc::Sender<()>, JoinHandle<()>)>>,
    _lock: DataDirLock,
}

impl Threads {
    /// Waits until the writer has worked off what it has. The side checkpoint goes first: while one runs, the writer's last
    /// one would be left out.
    fn join(&self) {
        let sync = self.sync.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some((stop, thread)) = sync {
            drop(stop);
            if thread.join().is_err() {
                tracing::error!("the store's checkpoint thread had panicked");
            }
        }
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the store's writer thread had panicked");
        }
    }
}

impl Drop for Threads {
    /// The lock on the directory goes last: nobody may read it while the writer still writes.
    fn drop(&mut self) {
        self.join();
    }
}

impl SqliteStore {
    /// Opens the store under the settings' directory and starts its threads. Waits up to 5 s for another process to
    /// leave the directory.
    pub fn open(settings: &StoreSettings) -> Result<Self, OpenError> {
        let dir = &settings.data_dir;
        let fault = |source| OpenError::Directory {
            path: dir.clone(),
            source,
        };
        directory(dir).map_err(fault)?;
        let lock = DataDirLock::take(dir, LOCK_PATIENCE)?;
        let path = dir.join(FILE);
        let main = schema::open(&path, settings)?;
        let beside = schema::open(&path, settings)?;
        let (jobs, inbox) = mpsc::sync_channel(QUEUE);
        let (figures, faults) = (Arc::new(StoreFigures::default()), StoreFaults::default());
        let (counted, ordered) = (Arc::clone(&figures), faults.clone());
        let writer = std::thread::Builder::new()
            .name("store".into())
            .spawn(move || Writer::new(main, counted, ordered).run(&inbox))
            .map_err(fault)?;
        let (sync, stop) = mpsc::channel::<()>();
        let side = std::thread::Builder::new()
            .name("store-sync".into())
            .spawn(move || {
                let mut could = true;
                while stop.recv_timeout(SYNC_EVERY) == Err(RecvTimeoutError::Timeout) {
                    could = writer::checkpoint(&beside, could);
                }
            })
            .map_err(fault)?;
        let threads = Threads {
            writer: Mutex::new(Some(writer)),
            sync: Mutex::new(Some((sync, side))),
            _lock: lock,
        };
        Ok(Self {
            jobs,
            threads: Arc::new(threads),
            faults,
            figures,
        })
    }

    /// Faults that may be ordered of it.
    pub fn faults(&self) -> StoreFaults {
        self.faults.clone()
    }

    /// What it did, for the metrics.
    pub fn figures(&self) -> Arc<StoreFigures> {
        Arc::clone(&self.figures)
    }

    /// Works off what is enqueued and ends the writer. Calls made afterwards fail as unreachable.
    pub fn close(&self) {
        // A full queue empties within the writer's own time; the send blocks only until then.
        self.figures.waiting.rise();
        let _ = self.jobs.send(Job::Stop);
        self.threads.join();
    }

    fn call<T: Send + 'static>(&self, job: impl FnOnce(Done<T>) -> Job) -> Work<T> {
        let (done, answer) = oneshot::channel();
        // Before the writer can take it, which counts it off again.
        self.figures.waiting.rise();
        let sent = self.jobs.try_send(job(done));
        if let Err(error) = &sent {
            self.figures.waiting.fall();
            if matches!(error, TrySendError::Full(_)) {
                self.figures.refused.one();
            }
        }
        Box::pin(async move {
            match sent {
                Ok(()) => answer.await.unwrap_or_else(|_| Err(ended())),
                Err(TrySendError::Full(_)) => {
                    Err(PortError::new(PortErrorKind::Overloaded, "the store's queue is full"))
                }
                Err(TrySendError::Disconnected(_)) => Err(ended()),
            }
        })
    }
}

/// Makes the directory, if there is none, for this user alone.
fn directory(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

fn ended() -> PortError {
    PortError::new(PortErrorKind::Unreachable, "the store's writer has ended")
}

impl GuildStore for SqliteStore {
    fn load(&self, guild: GuildId, epoch: u64) -> Work<Stored> {
        self.call(|done| Job::Load { guild, epoch, done })
    }

    fn append(&self, append: Append) -> Work<Appended> {
        self.call(|done| Job::Append { append, done })
    }

    fn snapshot(&self, save: Save) -> Work<()> {
        let save = Box::new(save);
        self.call(|done| Job::Snapshot { save, done })
    }

    fn load_shard(&self, shard: ShardId, epoch: u64) -> Work<StoredShard> {
        self.call(|done| Job::LoadShard { shard, epoch, done })
    }

    fn checkpoint(&self, shard: ShardId, epoch: u64, checkpoint: ShardCheckpoint) -> Work<()> {
        self.call(|done| Job::Checkpoint {
            shard,
            epoch,
            checkpoint: Box::new(checkpoint),
            done,
        })
    }

    fn audit(&self, batch: Arc<[Audit]>) -> Work<()> {
        self.call(|done| Job::Audit { batch, done })
    }

    fn audited(&self, filter: AuditFilter) -> Work<Vec<Audit>> {
        self.call(|done| Job::Audited { filter, done })
    }
}
