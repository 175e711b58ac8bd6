//! Tables of the embedded store.
//!
//! `guild.revision` decides what is visible: log rows beyond it are parts of a record whose last part was never
//! written. A record or snapshot larger than a part stands in several rows.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::{Durability, OpenError, StoreSettings};

/// Schema that this release writes. The second one has the table `shard`, the third one `audit`; what those before hold
/// stays as it is.
pub(super) const SCHEMA: i64 = 3;

/// The oldest schema that can be looked into without bringing it up to date: what came later is not read there.
pub(super) const READABLE: i64 = 1;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS guild (
    id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, revision INTEGER NOT NULL,
    log_bytes INTEGER NOT NULL, snap_revision INTEGER NOT NULL, snap_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log (
    guild INTEGER NOT NULL, revision INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (guild, revision, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS snap (
    guild INTEGER NOT NULL, revision INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (guild, revision, part)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS aside (
    guild INTEGER NOT NULL, at_ms INTEGER NOT NULL, why TEXT NOT NULL, kind TEXT NOT NULL,
    revision INTEGER NOT NULL, part INTEGER NOT NULL, data BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS awake (
    shard INTEGER NOT NULL, guild INTEGER NOT NULL, PRIMARY KEY (shard, guild)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS shard (id INTEGER PRIMARY KEY, epoch INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS gateway (shard INTEGER PRIMARY KEY, data TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS node (
    shard INTEGER NOT NULL, node TEXT NOT NULL, session TEXT NOT NULL, PRIMARY KEY (shard, node)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS seats (
    shard INTEGER NOT NULL, guild INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (shard, guild)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_owner ON audit (owner);
CREATE INDEX IF NOT EXISTS audit_kind ON audit (kind);
";

/// Opens the file at `path` with the settings' durability and brings its tables up to date.
pub(super) fn open(path: &Path, settings: &StoreSettings) -> Result<Connection, OpenError> {
    let fault = |source: rusqlite::Error| {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure | ErrorCode::CannotOpen | ErrorCode::ReadOnly) => {
                OpenError::Disk { path, source }
            }
            Some(_) | None => OpenError::Database { path, source },
        }
    };
    private(path).map_err(|source| OpenError::Directory {
        path: path.to_path_buf(),
        source,
    })?;
    let connection = Connection::open(path).map_err(fault)?;
    prepare(&connection, settings).map_err(fault)?;
    let found: i64 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(fault)?;
    if found > SCHEMA {
        return Err(OpenError::Newer {
            path: path.to_path_buf(),
            found,
            known: SCHEMA,
        });
    }
    if found < SCHEMA {
        // Only then is anything written: a full disk must not keep a bot from starting.
        connection.execute_batch(TABLES).map_err(fault)?;
        connection.pragma_update(None, "user_version", SCHEMA).map_err(fault)?;
    }
    Ok(connection)
}

/// Makes the file, if there is none, for this user alone: it holds tokens of interactions that wait. What SQLite puts
/// beside it has the same rights.
fn private(path: &Path) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        // A disk that is read-only may hold a good file: SQLite says what is the matter.
        Err(error) if error.kind() == std::io::ErrorKind::ReadOnlyFilesystem && path.exists() => Ok(()),
        opened => opened.map(drop),
    }
}

fn prepare(connection: &Connection, settings: &StoreSettings) -> rusqlite::Result<()> {
    connection.busy_timeout(std::time::Duration::from_secs(2))?;
    let mode: String = connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0))?;
    if mode != "wal" {
        tracing::warn!(
            mode,
            "the file system of DATA_DIR has no shared memory; commits are slower there"
        );
    }
    let synchronous = match settings.durability {
        Durability::Process => "NORMAL",
        Durability::Machine => "FULL",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    if let Some(limit) = settings.limit_bytes {
        let page: u64 = connection
            .pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?
            .unsigned_abs();
        let pages = i64::try_from((limit / page.max(1)).max(1)).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}
