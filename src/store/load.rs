//! Reading back what the writer wrote, and setting aside what can't be read.

use std::time::{SystemTime, UNIX_EPOCH};

use ostinato_actors::ports::{GatewaySession, GuildSeats, PortError, PortErrorKind, Stored, StoredShard};
use ostinato_machine::guild::{RECORD_VERSION, Record, Snapshot};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::tables::{self, Head, down, signed};

/// Reads a guild: its newest snapshot and the records after it.
///
/// A record or snapshot of a newer release refuses the guild; nothing is guessed. One that can't be read at all is
/// moved, with everything else of the guild, to the table `aside`, reported, and the guild starts afresh.
pub(super) fn guild(connection: &Connection, guild: GuildId) -> Result<Stored, PortError> {
    let head = tables::head(connection, guild)?;
    if head == Head::default() {
        return Ok(Stored::default());
    }
    match read(connection, guild, &head) {
        Ok(stored) => Ok(stored),
        Err(Unreadable::Store(error)) => Err(error),
        Err(Unreadable::Newer(v)) => {
            let message = format!("written by a newer release (version {v}, this one knows {RECORD_VERSION})");
            Err(PortError::new(PortErrorKind::Refused, message))
        }
        Err(Unreadable::Damaged(why)) => {
            tracing::error!(%guild, why, "the stored guild can't be read; it is set aside and the guild starts empty");
            set_aside(connection, guild, &why)?;
            Ok(Stored::default())
        }
    }
}

enum Unreadable {
    Store(PortError),
    Newer(u64),
    Damaged(String),
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(down(error))
    }
}

fn read(connection: &Connection, guild: GuildId, head: &Head) -> Result<Stored, Unreadable> {
    let id = signed(guild.0);
    let snapshot = if head.snap_bytes == 0 {
        None
    } else {
        let sql = "SELECT data FROM snap WHERE guild = ?1 AND revision = ?2 ORDER BY part";
        let mut statement = connection.prepare_cached(sql)?;
        let mut data = Vec::new();
        let mut rows = statement.query([id, signed(head.snap_revision)])?;
        while let Some(row) = rows.next()? {
            data.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
        }
        Some(parse::<Snapshot>(&data, "snapshot")?)
    };
    let sql = "SELECT revision, data FROM log WHERE guild = ?1 AND revision > ?2 AND revision <= ?3 \
               ORDER BY revision, part";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id, signed(head.snap_revision), signed(head.revision)])?;
    let mut parts: Vec<(u64, Vec<u8>)> = Vec::new();
    while let Some(row) = rows.next()? {
        let revision = row.get::<_, i64>(0)?.cast_unsigned();
        let data = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
        match parts.last_mut() {
            Some((last, whole)) if *last == revision => whole.extend_from_slice(data),
            Some(_) | None => parts.push((revision, data.to_vec())),
        }
    }
    let mut records = Vec::with_capacity(parts.len());
    for (expected, (revision, data)) in (head.snap_revision + 1..).zip(parts) {
        if revision != expected {
            return Err(Unreadable::Damaged(format!("revision {expected} is missing")));
        }
        records.push(parse::<Record>(&data, "record")?);
    }
    if head.snap_revision + records.len() as u64 != head.revision {
        return Err(Unreadable::Damaged(format!(
            "the journal ends before revision {}",
            head.revision
        )));
    }
    Ok(Stored { snapshot, records })
}

fn parse<T: DeserializeOwned>(data: &[u8], what: &str) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let damaged = |error: serde_json::Error| Unreadable::Damaged(format!("{what}: {error}"));
    let version: Version = serde_json::from_slice(data).map_err(damaged)?;
    if version.v > u64::from(RECORD_VERSION) {
        return Err(Unreadable::Newer(version.v));
    }
    serde_json::from_slice(data).map_err(damaged)
}

fn set_aside(connection: &Connection, guild: GuildId, why: &str) -> Result<(), PortError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let id = signed(guild.0);
    let copy = "INSERT INTO aside (guild, at_ms, why, kind, revision, part, data) ";
    for (kind, table) in [("log", "log"), ("snapshot", "snap")] {
        let sql = format!("{copy} SELECT guild, ?2, ?3, ?4, revision, part, data FROM {table} WHERE guild = ?1");
        connection.execute(&sql, params![id, now, why, kind]).map_err(down)?;
        connection
            .execute(&format!("DELETE FROM {table} WHERE guild = ?1"), [id])
            .map_err(down)?;
    }
    connection
        .execute("DELETE FROM guild WHERE id = ?1", [id])
        .map_err(down)?;
    Ok(())
}

/// Reads what is stored of a shard. Side data that can't be read is dropped: everything in it can be asked for again.
pub(super) fn shard(connection: &Connection, shard: ShardId) -> Result<StoredShard, PortError> {
    let gateway: Option<String> = connection
        .query_row("SELECT data FROM gateway WHERE shard = ?1", [shard.0], |row| row.get(0))
        .optional()
        .map_err(down)?;
    let gateway = gateway.and_then(|data| side::<GatewaySession>(&data, shard));
    let seats = rows(connection, "SELECT data FROM seats WHERE shard = ?1", shard, |row| {
        row.get::<_, String>(0)
    })?;
    let seats = seats
        .iter()
        .filter_map(|data| side::<GuildSeats>(data, shard))
        .collect();
    let awake = rows(connection, "SELECT guild FROM awake WHERE shard = ?1", shard, |row| {
        row.get::<_, i64>(0)
    })?;
    let awake = awake.into_iter().map(|id| GuildId(id.cast_unsigned())).collect();
    let nodes = rows(
        connection,
        "SELECT node, session FROM node WHERE shard = ?1",
        shard,
        |row| Ok((NodeId::new(&row.get::<_, String>(0)?), row.get::<_, String>(1)?)),
    )?;
    Ok(StoredShard {
        gateway,
        seats,
        awake,
        nodes,
    })
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    shard: ShardId,
    read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, PortError> {
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let found = statement.query_map([shard.0], read).map_err(down)?;
    found.collect::<rusqlite::Result<Vec<T>>>().map_err(down)
}

fn side<T: DeserializeOwned>(data: &str, shard: ShardId) -> Option<T> {
    serde_json::from_str(data)
        .inspect_err(|error| tracing::warn!(%shard, %error, "stored side data can't be read and is dropped"))
        .ok()
}
