//! The SQL of the embedded store, one statement a function. All run inside the writer's open transaction.

use ostinato_actors::ports::{PortError, PortErrorKind, ShardCheckpoint};
use ostinato_machine::ids::{GuildId, ShardId};
use rusqlite::{Connection, OptionalExtension as _, params};

/// What is visible of a guild.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) epoch: u64,
    pub(super) revision: u64,
    pub(super) log_bytes: u64,
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
    pub(super) guild: GuildId,
    pub(super) revision: u64,
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

pub(super) fn head(connection: &Connection, guild: GuildId) -> Result<Head, PortError> {
    let sql = "SELECT epoch, revision, log_bytes, snap_revision, snap_bytes FROM guild WHERE id = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let number = |row: &rusqlite::Row<'_>, column| row.get::<_, i64>(column).map(i64::cast_unsigned);
    let head = statement.query_row([signed(guild.0)], |row| {
        Ok(Head {
            epoch: number(row, 0)?,
            revision: number(row, 1)?,
            log_bytes: number(row, 2)?,
            snap_revision: number(row, 3)?,
            snap_bytes: number(row, 4)?,
        })
    });
    Ok(head.optional().map_err(down)?.unwrap_or_default())
}

pub(super) fn set_head(connection: &Connection, guild: GuildId, head: &Head) -> Result<(), PortError> {
    let sql = "INSERT INTO guild (id, epoch, revision, log_bytes, snap_revision, snap_bytes) \
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (id) DO UPDATE SET epoch = ?2, revision = ?3, \
               log_bytes = ?4, snap_revision = ?5, snap_bytes = ?6";
    let values = [
        guild.0,
        head.epoch,
        head.revision,
        head.log_bytes,
        head.snap_revision,
        head.snap_bytes,
    ]
    .map(signed);
    connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.execute(values))
        .map_err(down)?;
    Ok(())
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
pub(super) fn record(connection: &Connection, guild: GuildId, revision: u64) -> Result<Option<Vec<u8>>, PortError> {
    let sql = "SELECT data FROM log WHERE guild = ?1 AND revision = ?2 ORDER BY part";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let parts = statement
        .query_map([signed(guild.0), signed(revision)], |row| row.get::<_, Vec<u8>>(0))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(down)?;
    Ok((!parts.is_empty()).then(|| parts.concat()))
}

/// Bytes of the guild's journal.
pub(super) fn log_bytes(connection: &Connection, guild: GuildId) -> Result<u64, PortError> {
    let sql = "SELECT coalesce(sum(length(data)), 0) FROM log WHERE guild = ?1";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let bytes: i64 = statement.query_row([signed(guild.0)], |row| row.get(0)).map_err(down)?;
    Ok(bytes.unsigned_abs())
}

/// Writes one part. A part that an interrupted attempt left is replaced.
pub(super) fn put_part(connection: &Connection, place: Place, part: i64, data: &[u8]) -> Result<(), PortError> {
    let sql = match place.table {
        Table::Log => "INSERT OR REPLACE INTO log (guild, revision, part, data) VALUES (?1, ?2, ?3, ?4)",
        Table::Snap => "INSERT OR REPLACE INTO snap (guild, revision, part, data) VALUES (?1, ?2, ?3, ?4)",
    };
    if part == 0 {
        let stale = match place.table {
            Table::Log => "DELETE FROM log WHERE guild = ?1 AND revision = ?2 AND part > 0",
            Table::Snap => "DELETE FROM snap WHERE guild = ?1 AND revision = ?2 AND part > 0",
        };
        let mut statement = connection.prepare_cached(stale).map_err(down)?;
        statement
            .execute([signed(place.guild.0), signed(place.revision)])
            .map_err(down)?;
    }
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    statement
        .execute(params![signed(place.guild.0), signed(place.revision), part, data])
        .map_err(down)?;
    Ok(())
}

/// Drops what the snapshot at `revision` replaces.
pub(super) fn compact(connection: &Connection, guild: GuildId, revision: u64) -> Result<(), PortError> {
    for sql in [
        "DELETE FROM log WHERE guild = ?1 AND revision <= ?2",
        "DELETE FROM snap WHERE guild = ?1 AND revision < ?2",
    ] {
        let mut statement = connection.prepare_cached(sql).map_err(down)?;
        statement.execute([signed(guild.0), signed(revision)]).map_err(down)?;
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

/// Writes side data of a shard.
pub(super) fn checkpoint(
    connection: &Connection,
    shard: ShardId,
    checkpoint: &ShardCheckpoint,
) -> Result<(), PortError> {
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
            run(
                "INSERT OR REPLACE INTO seats (shard, guild, data) VALUES (?1, ?2, ?3)",
                &[&shard.0, &guild, &data],
            )?;
        }
    }
    Ok(())
}
