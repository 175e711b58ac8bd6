//! What is true of the embedded store alone: its files, its lock, its writer, and what a `kill -9` leaves.

mod damage;
mod disk;
mod hostile;
mod kill;
mod look;
mod model;
mod owners;
mod writer;

use std::path::{Path, PathBuf};

use super::contract::Bench;
use super::{Durability, SqliteStore, StoreSettings};

/// The embedded store in a directory.
pub(super) struct Files {
    path: PathBuf,
    /// Removes the directory in the end, if it is our own.
    _own: Option<tempfile::TempDir>,
}

impl Files {
    /// In a directory of its own.
    pub(super) fn new() -> Self {
        let own = tempfile::tempdir().unwrap();
        Self {
            path: own.path().to_path_buf(),
            _own: Some(own),
        }
    }

    /// In a directory of somebody else.
    fn at(path: &Path) -> Self {
        Self {
            path: path.to_path_buf(),
            _own: None,
        }
    }

    fn path(&self) -> &Path {
        &self.path
    }

    fn settings(&self) -> StoreSettings {
        StoreSettings {
            data_dir: self.path.clone(),
            durability: Durability::Process,
            limit_bytes: None,
        }
    }

    fn limited(&self, limit_bytes: u64) -> SqliteStore {
        let settings = StoreSettings {
            limit_bytes: Some(limit_bytes),
            ..self.settings()
        };
        SqliteStore::open(&settings).unwrap()
    }

    /// The database, past the store.
    fn database(&self) -> rusqlite::Connection {
        let database = rusqlite::Connection::open(self.path.join("guilds.db")).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        database
    }
}

impl Bench for Files {
    type Store = SqliteStore;

    fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.settings()).unwrap()
    }

    fn close(&self, store: SqliteStore) {
        store.close();
    }
}
