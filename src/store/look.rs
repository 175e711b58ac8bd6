//! Looking into a store without touching it: of a bot that runs, of one that does not, of a copy.
//!
//! What is read is what the bot would read at its start, by the same functions; but nothing is set aside, no lock is
//! taken and no table made. Each question is one transaction, so that a bot that writes and compacts is seen at one moment.

use std::path::{Path, PathBuf};

use ostinato_actors::ports::{Audit, AuditFilter, PortError};
use ostinato_machine::guild::{Record, Snapshot};
use ostinato_machine::ids::GuildId;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use serde::Deserialize;

use super::load::{self, Unreadable};
use super::schema::{READABLE, SCHEMA};
use super::tables::{self, Head};
use super::{FILE, OpenError, audit};

/// Why a store can't be looked into.
#[derive(Debug, thiserror::Error)]
pub enum LookError {
    /// There is nothing at the path.
    #[error("{path}: there is no such file; name the bot's DATA_DIR, or the file {FILE} in it", path = path.display())]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// A directory without a store.
    #[error("{path}: there is no {FILE} in it; name the directory that the bot has as DATA_DIR", path = path.display())]
    Empty {
        /// The directory.
        path: PathBuf,
    },
    /// SQLite does not know the file.
    #[error("{path}: it is no SQLite file, or its beginning is damaged; name the file {FILE} in the bot's DATA_DIR, or restore it from a backup", path = path.display())]
    NoDatabase {
        /// The file.
        path: PathBuf,
    },
    /// A database of somebody else.
    #[error("{path}: it is a SQLite file without guilds; name the file {FILE} in the bot's DATA_DIR", path = path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// Of an older release.
    #[error("{path}: its form is of an earlier release (schema {found}); look with that one, or start the bot of this one on it, which brings it up to date", path = path.display())]
    Older {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: i64,
    },
    /// Of a newer release.
    #[error(transparent)]
    Newer(OpenError),
    /// The system does not let the file be read.
    #[error("{path}: {source}; run it as the bot's user, or copy {FILE} and what lies beside it ({FILE}-wal) to a directory of your own", path = path.display())]
    Closed {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The file can't be read on.
    #[error("{path}: {source}; try again, and if that does not help the file is damaged: restore it from a backup", path = path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// What SQLite says.
        source: PortError,
    },
}

/// A guild of the store, from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The guild.
    pub guild: GuildId,
    /// Its newest revision.
    pub revision: u64,
    /// Bytes of its journal.
    pub log_bytes: u64,
    /// Revision of its snapshot; `None` without one.
    pub snapshot: Option<u64>,
    /// Bytes of its snapshot.
    pub snap_bytes: u64,
    /// Wall-clock ms of the first record after the snapshot: the snapshot is not younger than that by much.
    pub since_ms: Option<u64>,
    /// Wall-clock ms of the newest record.
    pub newest_ms: Option<u64>,
}

/// What is stored of one guild, as far as it can be read.
#[derive(Debug)]
pub struct Looked {
    /// Ownership epoch of the newest record.
    pub epoch: u64,
    /// The newest revision that was written.
    pub revision: u64,
    /// Bytes of the snapshot.
    pub snap_bytes: u64,
    /// The newest snapshot.
    pub snapshot: Option<Snapshot>,
    /// The records after it, in order, up to the fault.
    pub records: Vec<Record>,
    /// Why no more could be read, and what to do.
    pub fault: Option<String>,
    /// What was set aside of this guild earlier: when, wall-clock ms, and why.
    pub aside: Vec<(u64, String)>,
}

/// A store that is looked into.
pub struct Look {
    connection: Connection,
    path: PathBuf,
}

impl Look {
    /// Opens the store at `path`: its file, or the directory that it lies in.
    ///
    /// # Errors
    /// When there is none, or none that can be read.
    pub fn open(path: &Path) -> Result<Self, LookError> {
        let path = file(path)?;
        std::fs::File::open(&path).map_err(|source| LookError::Closed {
            path: path.clone(),
            source: source.into(),
        })?;
        let look = |connection| Self {
            connection,
            path: path.clone(),
        };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let plain = Connection::open_with_flags(&path, flags).map(look);
        match plain.and_then(|look| look.schema().map(|schema| (look, schema))) {
            Ok((look, schema)) => look.known(schema),
            Err(error) => {
                // In a directory that can't be written SQLite finds no place for what it puts beside the file. Without a
                // log beside it nobody writes to it, and the file alone is everything.
                let still = still(&path).then(|| unchanging(&path)).flatten();
                let opened = still.and_then(|name| {
                    let flags = flags | OpenFlags::SQLITE_OPEN_URI;
                    Connection::open_with_flags(name, flags).map(look).ok()
                });
                match opened.and_then(|look| look.schema().ok().map(|schema| (look, schema))) {
                    Some((look, schema)) => look.known(schema),
                    None => Err(fault(&path, error)),
                }
            }
        }
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn schema(&self) -> rusqlite::Result<i64> {
        self.connection.busy_timeout(std::time::Duration::from_secs(2))?;
        let ours = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'guild'";
        let tables: i64 = self.connection.query_row(ours, [], |row| row.get(0))?;
        let schema = self
            .connection
            .pragma_query_value(None, "user_version", |row| row.get(0))?;
        Ok(if tables == 1 { schema } else { 0 })
    }

    fn known(self, found: i64) -> Result<Self, LookError> {
        let path = self.path.clone();
        match found {
            ..1 => Err(LookError::Foreign { path }),
            1..READABLE => Err(LookError::Older { path, found }),
            READABLE..=SCHEMA => Ok(self),
            newer => Err(LookError::Newer(OpenError::Newer {
                path,
                found: newer,
                known: SCHEMA,
            })),
        }
    }

    /// The guilds, by id.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn guilds(&self) -> Result<Vec<Row>, LookError> {
        self.at_one_moment(|connection| {
            let mut statement = connection.prepare("SELECT id FROM guild").map_err(tables::down)?;
            let ids = statement
                .query_map([], |row| row.get::<_, i64>(0))
                .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
                .map_err(tables::down)?;
            let mut ids: Vec<_> = ids.into_iter().map(|id| GuildId(id.cast_unsigned())).collect();
            ids.sort_unstable();
            ids.into_iter().map(|guild| row(connection, guild)).collect()
        })
    }

    /// What is stored of `guild`; `None` when the store has never heard of it.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn guild(&self, guild: GuildId) -> Result<Option<Looked>, LookError> {
        self.at_one_moment(|connection| {
            let head = tables::head(connection, guild)?;
            let aside = aside(connection, guild)?;
            if head == Head::default() && aside.is_empty() {
                return Ok(None);
            }
            let (snapshot, records) = match load::snapshot(connection, &head) {
                Ok(snapshot) => (snapshot, load::records(connection, &head)),
                Err(unreadable) => (None, Err((Vec::new(), unreadable))),
            };
            let has_base = snapshot.is_some() || head.snap_bytes == 0;
            let (records, fault) = match records {
                Ok(records) => (records, None),
                Err((records, unreadable)) => {
                    let good = has_base.then(|| head.snap_revision + records.len() as u64);
                    (records, Some(advice(&unreadable, good)))
                }
            };
            Ok(Some(Looked {
                epoch: head.epoch,
                revision: head.revision,
                snap_bytes: head.snap_bytes,
                snapshot,
                records,
                fault,
                aside,
            }))
        })
    }

    /// The stored audit, of `guild` or of everybody, oldest first.
    ///
    /// # Errors
    /// When the file is damaged.
    pub fn audit(&self, guild: Option<GuildId>) -> Result<Vec<Audit>, LookError> {
        self.at_one_moment(|connection| {
            let filter = AuditFilter {
                guild,
                kind: None,
                since_ms: 0,
                before: None,
                limit: u32::MAX,
            };
            let mut entries = audit::read(connection, &filter)?;
            entries.reverse();
            Ok(entries)
        })
    }

    fn at_one_moment<T>(&self, ask: impl FnOnce(&Connection) -> Result<T, PortError>) -> Result<T, LookError> {
        let broken = |source| LookError::Broken {
            path: self.path.clone(),
            source,
        };
        let moment = self.connection.unchecked_transaction().map_err(tables::down);
        let moment = moment.map_err(broken)?;
        ask(&moment).map_err(broken)
    }
}

/// What the fault means for the guild, and what can be done. `good`: the last revision before it.
fn advice(unreadable: &Unreadable, good: Option<u64>) -> String {
    match unreadable {
        Unreadable::Store(error) => {
            format!("{error}; try again, and if that does not help the file is damaged: restore it from a backup")
        }
        Unreadable::Unknown(why) => {
            format!("{why}; nothing is guessed: look, and run the bot, with the release that wrote it")
        }
        Unreadable::Damaged(why) => {
            let then = match good {
                Some(good) if good > 0 => {
                    format!("the bot sets it aside with all after it and goes on from revision {good}")
                }
                Some(_) | None => "the bot sets everything of this guild aside and starts it empty".to_owned(),
            };
            format!("{why}; {then}; to have more back, restore DATA_DIR from a backup")
        }
    }
}

fn row(connection: &Connection, guild: GuildId) -> Result<Row, PortError> {
    let head = tables::head(connection, guild)?;
    let snapshot = (head.snap_bytes > 0).then_some(head.snap_revision);
    let first = head.snap_revision.saturating_add(1);
    Ok(Row {
        guild,
        revision: head.revision,
        log_bytes: head
            .ordinal
            .map_or(Ok(0), |ordinal| tables::log_bytes(connection, ordinal))?,
        snapshot,
        snap_bytes: head.snap_bytes,
        since_ms: written_ms(connection, &head, first)?,
        newest_ms: written_ms(connection, &head, head.revision)?,
    })
}

/// When a record was written; `None` if it is not there or can't be read.
fn written_ms(connection: &Connection, head: &Head, revision: u64) -> Result<Option<u64>, PortError> {
    #[derive(Deserialize)]
    struct Written {
        at_ms: u64,
    }
    let Some(ordinal) = head.ordinal else { return Ok(None) };
    let data = tables::record(connection, ordinal, revision)?;
    let written = data.and_then(|data| serde_json::from_slice::<Written>(&data).ok());
    Ok(written.map(|written| written.at_ms))
}

fn aside(connection: &Connection, guild: GuildId) -> Result<Vec<(u64, String)>, PortError> {
    let sql = "SELECT DISTINCT at_ms, why FROM aside WHERE guild = ?1 ORDER BY at_ms";
    let mut statement = connection.prepare(sql).map_err(tables::down)?;
    statement
        .query_map([tables::signed(guild.0)], |row| {
            Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?))
        })
        .and_then(Iterator::collect)
        .map_err(tables::down)
}

/// The store's file at `path`.
fn file(path: &Path) -> Result<PathBuf, LookError> {
    if path.is_dir() {
        let inside = path.join(FILE);
        return if inside.exists() {
            Ok(inside)
        } else {
            Err(LookError::Empty { path: path.into() })
        };
    }
    match path.try_exists() {
        Ok(false) => Err(LookError::Missing { path: path.into() }),
        Ok(true) | Err(_) => Ok(path.into()),
    }
}

/// Whether nothing stands in a log beside the file.
pub(super) fn still(path: &Path) -> bool {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    std::fs::metadata(log).map_or(true, |log| log.len() == 0)
}

/// The file's name as SQLite takes it, with the word that nobody changes it meanwhile.
pub(super) fn unchanging(path: &Path) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let name = path
        .to_str()?
        .replace('%', "%25")
        .replace('?', "%3f")
        .replace('#', "%23");
    Some(format!("file:{name}?immutable=1"))
}

fn fault(path: &Path, error: rusqlite::Error) -> LookError {
    let path = path.to_path_buf();
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => LookError::NoDatabase { path },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => LookError::Closed {
            path,
            source: error.into(),
        },
        Some(_) | None => LookError::Broken {
            path,
            source: tables::down(error),
        },
    }
}
