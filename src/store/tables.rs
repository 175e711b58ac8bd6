//! The SQL of the embedded store, one statement a function. All run inside the writer's open transaction.

use ostinato_actors::ports::{PortError, PortErrorKind, ShardCheckpoint};
use ostinato_machine::ids::{GuildId, ShardId};
use rusqlite::{Connection, OptionalExtension as _, params};

/// The part of a record that stands in one row: it is visible with its commit, whatever the guild's row says. Parts of
/// larger ones count from 0, and the guild's row makes them visible.
pub(super) const WHOLE: i64 = -1;

/// Most parts of a record or snapshot.
pub(super) const PARTS: usize = 1_023;

/// Bits of a part, and of a part and a revision, in the key of a row.
const PART_BITS: u32 = 10;
const REVISION_BITS: u32 = 32;

/// Where a guild's rows stand: its number in this file. A row's key is that number, the revision and the part, so that the
/// rows of a guild stand side by side in a tree of plain numbers: a key of its own words would make the tree five times
/// as deep, since SQLite keeps whole rows in the inner pages of such a one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ordinal(i64);

impl Ordinal {
    /// The key of a part; `None` when the numbers are beyond what a key holds.
    fn key(self, revision: u64, part: i64) -> Option<i64> {
        let revision = i64::from(u32::try_from(revision).ok()?);
        let part = usize::try_from(part.checked_add(1)?)
            .ok()
            .filter(|part| *part <= PARTS)?;
        let fits = self.0 > 0 && self.0 >> (63 - PART_BITS - REVISION_BITS) == 0;
        let part = i64::try_from(part).ok()?;
        fits.then_some((self.0 << (PART_BITS + REVISION_BITS)) | (revision << PART_BITS) | part)
    }

    /// The keys of what is of a revision after `after`, up to `last`: the bounds belong to it.
    pub(super) fn keys(self, after: Option<u64>, last: u64) -> [i64; 2] {
        let of = |revision: u64| (self.0 << REVISION_BITS) | i64::from(u32::try_from(revision).unwrap_or(u32::MAX));
        let first = after.map_or(of(0), |after| of(after) + 1);
        [first << PART_BITS, (of(last) << PART_BITS) | PARTS as i64]
    }
}

/// What is visible of a guild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    /// Where its rows stand; `None`: the guild was never written of.
    pub(super) ordinal: Option<Ordinal>,
    pub(super) epoch: u64,
    pub(super) revision: u64,
    pub(super) snap_revision: u64,
    pub(super) snap_bytes: u64,
}

/// Why nobody with `epoch` may read or write any more what `owner` owns.
pub(super) fn fences(owner: u64, epoch: u64) -> Option<PortError> {
    let message = || format!("epoch {epoch} is over, {owner} owns it");
    (epoch < owner).then(|| PortError::new(PortErrorKind::Gone, message()))
}

impl Head {
    /// Why a record may not be written: it leaves a gap, or its writer no longer owns the guild.
    pub(super) fn refuses(&self, epoch: u64, revision: u64) -> Option<PortError> {
        if let Some(refusal) = fences(self.epoch, epoch) {
            return Some(refusal);
        }
        if revision > self.revision + 1 {
            let message = format!("revision {revision} would leave a gap after {}", self.revision);
            return Some(PortError::new(PortErrorKind::Refused, message));
        }
        None
    }
}

/// Where parts go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Table {
    Log,
    Snap,
}

/// A record or a snapshot.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) table: Table,
    pub(super) ordinal: Ordinal,
    pub(super) revision: u64,
}

impl Place {
    /// Why something of so many parts has no room there.
    pub(super) fn refuses(&self, parts: usize) -> Option<PortError> {
        let last = i64::try_from(parts).unwrap_or(i64::MAX).saturating_sub(1);
        self.ordinal
            .key(self.revision, last)
            .is_none()
            .then(|| self.too_much(last))
    }

    fn too_much(&self, part: i64) -> PortError {
        let message = format!(
            "part {part} of revision {} is beyond what the file can hold",
            self.revision
        );
        PortError::new(PortErrorKind::Malformed, message)
    }
}

/// The error of a store that can't be used now.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn down(error: rusqlite::Error) -> PortError {
    PortError::new(PortErrorKind::Unreachable, error.to_string())
}

/// The error of a value that can't be written.
#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
pub(super) fn unwritable(error: serde_json::Error) -> PortError {
    PortError::new(PortErrorKind::Malformed, error.to_string())
}

/// SQLite has signed numbers; ids and revisions are unsigned.
pub(super) const fn signed(id: u64) -> i64 {
    id.cast_signed()
}

/// Runs a statement that is run again and again: it is parsed once.
pub(super) fn run(connection: &Connection, sql: &str) -> Result<(), PortError> {
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    statement.execute([]).map(drop).map_err(down)
}

pub(super) fn head(connection: &Connection, guild: GuildId) -> Result<Head, PortError> {
    let sql = "SELECT ordinal, epoch, revision, snap_revision, snap_bytes, \
               (SELECT log.revision FROM log WHERE at BETWEEN guild.ordinal << 42 AND (guild.ordinal << 42) + (1 << 42) - 1 \
               AND part = -1 ORDER BY at DESC LIMIT 1) FROM guild WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let number = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let head = statement.query_row([signed(guild.0)], |row| {
        let newest = row.get::<_, Option<i64>>(5)?.unwrap_or_default();
        Ok(Head {
            ordinal: Some(Ordinal(row.get(0)?)),
            epoch: number(row, 1)?,
            revision: number(row, 2)?.max(newest.cast_unsigned()),
            snap_revision: number(row, 3)?,
            snap_bytes: number(row, 4)?,
        })
    });
    Ok(head.optional().map_err(down)?.unwrap_or_default())
}

pub(super) fn set_head(connection: &Connection, guild: GuildId, head: &Head) -> Result<(), PortError> {
    let sql = "INSERT INTO guild (id, epoch, revision, snap_revision, snap_bytes) VALUES (?1, ?2, ?3, ?4, ?5) \
               ON CONFLICT (id) DO UPDATE SET epoch = ?2, revision = ?3, snap_revision = ?4, snap_bytes = ?5";
    let values = [guild.0, head.epoch, head.revision, head.snap_revision, head.snap_bytes].map(signed);
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map_err(down)?;
    Ok(())
}

/// Where the guild's rows stand; a guild that has no place yet gets one.
pub(super) fn number(connection: &Connection, guild: GuildId, head: &Head) -> Result<Ordinal, PortError> {
    if let Some(ordinal) = head.ordinal {
        return Ok(ordinal);
    }
    set_head(connection, guild, &Head::default())?;
    Ok(Ordinal(connection.last_insert_rowid()))
}

/// The epoch that owns a shard; 0 before the first.
pub(super) fn shard_epoch(connection: &Connection, shard: ShardId) -> Result<u64, PortError> {
    let mut statement = connection
        .prepare_cached("SELECT epoch FROM shard WHERE id = ?1")
        .map_err(down)?;
    let epoch = statement.query_row([shard.0], |row| row.get::<_, i64>(0)).optional();
    Ok(epoch.map_err(down)?.map_or(0, i64::cast_unsigned))
}

/// Writes who owns a shard from now on.
pub(super) fn set_shard_epoch(connection: &Connection, shard: ShardId, epoch: u64) -> Result<(), PortError> {
    let mut statement = connection
        .prepare_cached("INSERT OR REPLACE INTO shard (id, epoch) VALUES (?1, ?2)")
        .map_err(down)?;
    statement.execute(params![shard.0, signed(epoch)]).map_err(down)?;
    Ok(())
}

/// A visible record as it was written; `None` if a snapshot has taken its place.
pub(super) fn record(connection: &Connection, ordinal: Ordinal, revision: u64) -> Result<Option<Vec<u8>>, PortError> {
    let sql = "SELECT data FROM log WHERE at BETWEEN ?1 AND ?2 ORDER BY at";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let parts = statement
        .query_map(ordinal.keys(revision.checked_sub(1), revision), |row| {
            row.get::<_, Vec<u8>>(0)
        })
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(down)?;
    Ok((!parts.is_empty()).then(|| parts.concat()))
}

/// Bytes of the guild's journal.
pub(super) fn log_bytes(connection: &Connection, ordinal: Ordinal) -> Result<u64, PortError> {
    let sql = "SELECT coalesce(sum(length(data)), 0) FROM log WHERE at BETWEEN ?1 AND ?2";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let bytes: i64 = statement
        .query_row(ordinal.keys(None, u64::MAX), |row| row.get(0))
        .map_err(down)?;
    Ok(bytes.unsigned_abs())
}

/// Writes one part. The first one replaces whatever an interrupted attempt left.
pub(super) fn put_part(connection: &Connection, place: Place, part: i64, data: &[u8]) -> Result<(), PortError> {
    let Place {
        table,
        ordinal,
        revision,
    } = place;
    let key = ordinal.key(revision, part).ok_or_else(|| place.too_much(part))?;
    let (stale, put) = match table {
        Table::Log => (
            "DELETE FROM log WHERE at BETWEEN ?1 AND ?2",
            "INSERT OR REPLACE INTO log (at, data) VALUES (?1, ?2)",
        ),
        Table::Snap => (
            "DELETE FROM snap WHERE at BETWEEN ?1 AND ?2",
            "INSERT OR REPLACE INTO snap (at, data) VALUES (?1, ?2)",
        ),
    };
    if part <= 0 {
        let mut statement = connection.prepare_cached(stale).map_err(down)?;
        statement
            .execute(ordinal.keys(revision.checked_sub(1), revision))
            .map_err(down)?;
    }
    let mut statement = connection.prepare_cached(put).map_err(down)?;
    statement.execute(params![key, data]).map_err(down)?;
    Ok(())
}

/// Drops what the snapshot at `revision` replaces.
pub(super) fn compact(connection: &Connection, ordinal: Ordinal, revision: u64) -> Result<(), PortError> {
    let log = ("DELETE FROM log WHERE at BETWEEN ?1 AND ?2", Some(revision));
    let snap = ("DELETE FROM snap WHERE at BETWEEN ?1 AND ?2", revision.checked_sub(1));
    for (sql, last) in [log, snap] {
        let Some(last) = last else { continue };
        let mut statement = connection.prepare_cached(sql).map_err(down)?;
        statement.execute(ordinal.keys(None, last)).map_err(down)?;
    }
    Ok(())
}

pub(super) fn set_awake(connection: &Connection, shard: ShardId, guild: GuildId, awake: bool) -> Result<(), PortError> {
    let sql = if awake {
        "INSERT OR IGNORE INTO awake (shard, guild) VALUES (?1, ?2)"
    } else {
        "DELETE FROM awake WHERE shard = ?1 AND guild = ?2"
    };
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    statement.execute(params![shard.0, signed(guild.0)]).map_err(down)?;
    Ok(())
}

/// Writes side data of a shard. Tells how many bytes of guilds it took.
pub(super) fn checkpoint(
    connection: &Connection,
    shard: ShardId,
    checkpoint: &ShardCheckpoint,
) -> Result<usize, PortError> {
    let mut bytes = 0;
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| -> Result<(), PortError> {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map_err(down)?;
        Ok(())
    };
    match &checkpoint.gateway {
        None => {}
        Some(None) => run("DELETE FROM gateway WHERE shard = ?1", &[&shard.0])?,
        Some(Some(session)) => {
            let data = serde_json::to_string(session).map_err(unwritable)?;
            run(
                "INSERT OR REPLACE INTO gateway (shard, data) VALUES (?1, ?2)",
                &[&shard.0, &data],
            )?;
        }
    }
    for (node, session) in &checkpoint.nodes {
        let node = node.to_string();
        match session {
            None => run("DELETE FROM node WHERE shard = ?1 AND node = ?2", &[&shard.0, &node])?,
            Some(session) => {
                run(
                    "INSERT OR REPLACE INTO node (shard, node, session) VALUES (?1, ?2, ?3)",
                    &[&shard.0, &node, session],
                )?;
            }
        }
    }
    for seats in &checkpoint.seats {
        let guild = signed(seats.guild);
        if seats.seats.is_empty() && seats.own.is_none() {
            run("DELETE FROM seats WHERE shard = ?1 AND guild = ?2", &[&shard.0, &guild])?;
        } else {
            let data = serde_json::to_string(seats).map_err(unwritable)?;
            bytes += data.len();
            run(
                "INSERT OR REPLACE INTO seats (shard, guild, data) VALUES (?1, ?2, ?3)",
                &[&shard.0, &guild, &data],
            )?;
        }
    }
    for (guild, about) in &checkpoint.known {
        let guild = signed(guild.0);
        if let Some(about) = about {
            let data = serde_json::to_string(about).map_err(unwritable)?;
            bytes += data.len();
            run(
                "INSERT OR REPLACE INTO known (shard, guild, data) VALUES (?1, ?2, ?3)",
                &[&shard.0, &guild, &data],
            )?;
        } else {
            run("DELETE FROM known WHERE shard = ?1 AND guild = ?2", &[&shard.0, &guild])?;
        }
    }
    Ok(bytes)
}
