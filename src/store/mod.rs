//! Where guilds are kept: journal, snapshots, what a restart needs first, and the audit.
//!
//! Only this module knows a database. It implements [`ostinato_actors::ports::GuildStore`]; today with one embedded
//! SQLite file under `DATA_DIR`. One writer thread owns the connection and commits whatever is waiting.

mod aside;
mod audit;
mod faults;
mod figures;
mod job;
mod load;
mod lock;
mod look;
mod put;
mod schema;
mod sqlite;
mod tables;
mod writer;

#[cfg(test)]
mod contract;
#[cfg(test)]
mod tests;

use std::path::PathBuf;

pub use faults::StoreFaults;
pub(crate) use faults::{LONGEST_S, SLOWEST_MS};
pub use figures::StoreFigures;
pub use lock::{DataDirLock, LockError};
pub use look::{Look, LookError, Looked, Row};
pub use sqlite::SqliteStore;

/// The store's file in the data directory.
const FILE: &str = "guilds.db";

/// How much a commit survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process; a power cut may cost about the last second.
    #[default]
    Process,
    /// A power cut.
    Machine,
}

/// How the embedded store is opened.
#[derive(Clone, Debug)]
pub struct StoreSettings {
    /// Directory of the files; created if it is not there.
    pub data_dir: PathBuf,
    /// How much a commit survives.
    pub durability: Durability,
    /// Most bytes that the file may grow to; beyond it the store behaves as on a full disk. `None`: no limit of ours.
    pub limit_bytes: Option<u64>,
}

/// Why the store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process holds the directory.
    #[error(transparent)]
    Locked(#[from] LockError),
    /// The directory can't be made or written.
    #[error("DATA_DIR {path}: {source}; name a directory that may be written and has room", path = path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file system does not let the file be opened or written; the file itself is good.
    #[error("{path}: {source}; the database is not damaged: make room on its disk, or make the disk writable, and start again", path = path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file is not ours or is damaged.
    #[error("{path}: {source}; if it is damaged, restore it from a backup or move it away to start empty", path = path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: rusqlite::Error,
    },
    /// The file was written by a newer release.
    #[error("{path}: written by a newer release (schema {found}, this one knows {known}); start the newer release", path = path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
        /// The newest schema known here.
        known: i64,
    },
}
