//! Tables of the embedded store.
//!
//! Rows of `log` and `snap` have one number as their key, made of the guild's `ordinal`, the revision and the part. A record
//! that fits into a part stands in one row, of part -1, and is visible with it. A larger one, like a snapshot, stands in
//! several, counted from 0, and `guild` decides what of them is visible: log rows beyond its revision are parts of a record
//! whose last part was never written.

use std::path::Path;

use rusqlite::{Connection, ErrorCode};

use super::{Durability, OpenError, StoreSettings};

/// Schema that this release writes.
pub(super) const SCHEMA: i64 = 3;

/// The oldest schema that can be looked into without bringing it up to date: what came later is not read there.
pub(super) const READABLE: i64 = 3;

/// Statements that stay parsed: more than there are in this module's neighbours.
const STATEMENTS: usize = 64;

/// Pages that stay in memory, in KiB: what 200 busy guilds write to, and not more than that.
const CACHE_KIB: i64 = 4_096;

/// Frames of the write-ahead log after which the writer itself carries them over, if the thread beside it has not. A page
/// that is written again and again is carried over once: with 1,000 frames a commit cost an eighth more.
const CARRY_AFTER: i64 = 4_096;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS guild (
    ordinal INTEGER PRIMARY KEY, id INTEGER NOT NULL UNIQUE, epoch INTEGER NOT NULL, revision INTEGER NOT NULL,
    snap_revision INTEGER NOT NULL, snap_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS log (
    at INTEGER PRIMARY KEY, data BLOB NOT NULL, ordinal INTEGER AS (at >> 42),
    revision INTEGER AS ((at >> 10) & 4294967295), part INTEGER AS ((at & 1023) - 1)
) STRICT;
CREATE TABLE IF NOT EXISTS snap (
    at INTEGER PRIMARY KEY, data BLOB NOT NULL, ordinal INTEGER AS (at >> 42),
    revision INTEGER AS ((at >> 10) & 4294967295), part INTEGER AS ((at & 1023) - 1)
) STRICT;
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
CREATE TABLE IF NOT EXISTS known (
    shard INTEGER NOT NULL, guild INTEGER NOT NULL, data TEXT NOT NULL, PRIMARY KEY (shard, guild)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS audit (
    id INTEGER PRIMARY KEY, owner INTEGER NOT NULL, kind TEXT NOT NULL, data TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS audit_owner ON audit (owner);
CREATE INDEX IF NOT EXISTS audit_kind ON audit (kind);
";

/// Before the third schema, `log` and `snap` had guild, revision and part as their key.
const ASIDE: &str = "
ALTER TABLE guild RENAME TO old_guild; ALTER TABLE log RENAME TO old_log; ALTER TABLE snap RENAME TO old_snap;
";
const CARRY_OVER: &str = "
INSERT INTO guild (id, epoch, revision, snap_revision, snap_bytes)
    SELECT id, epoch, revision, snap_revision, snap_bytes FROM old_guild;
INSERT INTO log (at, data) SELECT (guild.ordinal << 42) + (old.revision << 10) + old.part + 1, data
    FROM old_log AS old JOIN guild ON guild.id = old.guild WHERE old.revision < 4294967296 AND old.part < 1023;
INSERT INTO snap (at, data) SELECT (guild.ordinal << 42) + (old.revision << 10) + old.part + 1, data
    FROM old_snap AS old JOIN guild ON guild.id = old.guild WHERE old.revision < 4294967296 AND old.part < 1023;
DROP TABLE old_guild; DROP TABLE old_log; DROP TABLE old_snap;
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
        bring_up(&connection, found).map_err(fault)?;
    }
    Ok(connection)
}

/// Brings the tables of schema `found` up to date, or leaves them as they are.
fn bring_up(connection: &Connection, found: i64) -> rusqlite::Result<()> {
    let together = connection.unchecked_transaction()?;
    let is_old = (1..3).contains(&found);
    if is_old {
        together.execute_batch(ASIDE)?;
    }
    together.execute_batch(TABLES)?;
    if is_old {
        together.execute_batch(CARRY_OVER)?;
    }
    together.pragma_update(None, "user_version", SCHEMA)?;
    together.commit()
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
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
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
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    connection.pragma_update(None, "wal_autocheckpoint", CARRY_AFTER)?;
    if let Some(limit) = settings.limit_bytes {
        let page: u64 = connection
            .pragma_query_value(None, "page_size", |row| row.get::<_, i64>(0))?
            .unsigned_abs();
        let pages = i64::try_from((limit / page.max(1)).max(1)).unwrap_or(i64::MAX);
        connection.pragma_update(None, "max_page_count", pages)?;
    }
    Ok(())
}
