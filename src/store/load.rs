//! Reading back what the writer wrote, and setting aside what can't be read.

use ostinato_actors::about::About;
use ostinato_actors::ports::{GatewaySession, GuildSeats, PortError, PortErrorKind, Stored, StoredShard};
use ostinato_machine::guild::{RECORD_VERSION, Record, Snapshot};
use ostinato_machine::ids::{GuildId, NodeId, ShardId};
use rusqlite::{Connection, OptionalExtension as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::aside::set_aside;
use super::tables::{self, Head, down};

/// The epoch of a first owner: nobody has a lower one, and so it is not written down by a read.
pub(super) const FIRST: u64 = 1;

/// A guild as it was read.
pub(super) struct Read {
    pub(super) stored: Stored,
    /// Something was set aside for it: what is read here is true once that is committed.
    pub(super) changed: bool,
}

/// Reads a guild: its newest snapshot and the records after it.
///
/// What a newer release wrote, or what has the form of JSON but words that are unknown here, refuses the guild; nothing
/// is guessed and nothing touched. Whoever has a higher epoch owns it from then on, and whoever has a lower one is
/// refused. A record that can't be read at all is moved to the table `aside` with all after it, and the guild goes on
/// from before it; with a snapshot that can't be read everything goes aside. Both are reported.
pub(super) fn guild(connection: &Connection, guild: GuildId, epoch: u64) -> Result<Read, PortError> {
    let mut head = tables::head(connection, guild)?;
    if let Some(refusal) = tables::fences(head.epoch, epoch) {
        return Err(refusal);
    }
    let nothing = Stored::default();
    let raised = epoch > head.epoch.max(FIRST);
    if raised {
        head.epoch = epoch;
        tables::set_head(connection, guild, &head)?;
    }
    let Some(ordinal) = head.ordinal.filter(|_| head.revision > 0) else {
        return Ok(Read {
            stored: nothing,
            changed: raised,
        });
    };
    let (snapshot, records) = match snapshot(connection, &head) {
        Ok(snapshot) => (snapshot, records(connection, &head)),
        Err(unreadable) => (None, Err((Vec::new(), unreadable))),
    };
    match records {
        Ok(records) => Ok(Read {
            stored: Stored { snapshot, records },
            changed: raised,
        }),
        Err((_, Unreadable::Store(error))) => Err(error),
        Err((_, Unreadable::Unknown(why))) => Err(PortError::new(PortErrorKind::Refused, why)),
        Err((records, Unreadable::Damaged(why))) => {
            let has_base = snapshot.is_some() || head.snap_bytes == 0;
            let good = has_base
                .then(|| head.snap_revision + records.len() as u64)
                .filter(|good| *good > 0);
            tracing::error!(%guild, why, goes_on_from = good, "what is stored of a guild can't be read; it is set aside");
            set_aside(connection, (guild, ordinal), (&head, good), &why)?;
            let stored = good.map_or(nothing, |_| Stored { snapshot, records });
            Ok(Read { stored, changed: true })
        }
    }
}

/// Why something can't be read.
pub(super) enum Unreadable {
    /// The store can't be asked now.
    Store(PortError),
    /// Another release wrote it.
    Unknown(String),
    /// Nobody can read it.
    Damaged(String),
}

impl From<rusqlite::Error> for Unreadable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(down(error))
    }
}

pub(super) fn snapshot(connection: &Connection, head: &Head) -> Result<Option<Snapshot>, Unreadable> {
    let Some(ordinal) = head.ordinal.filter(|_| head.snap_bytes > 0) else {
        return Ok(None);
    };
    let sql = "SELECT data FROM snap WHERE at BETWEEN ?1 AND ?2 ORDER BY at";
    let mut statement = connection.prepare_cached(sql)?;
    let mut data = Vec::new();
    let mut rows = statement.query(ordinal.keys(head.snap_revision.checked_sub(1), head.snap_revision))?;
    while let Some(row) = rows.next()? {
        data.extend_from_slice(row.get_ref(0)?.as_blob().map_err(rusqlite::Error::from)?);
    }
    let snapshot: Snapshot = parse(&data, "the snapshot")?;
    if snapshot.revision != head.snap_revision {
        return Err(Unreadable::Damaged("the snapshot is of another revision".into()));
    }
    Ok(Some(snapshot))
}

/// The records after the snapshot; with a fault, those before it.
pub(super) fn records(connection: &Connection, head: &Head) -> Result<Vec<Record>, (Vec<Record>, Unreadable)> {
    let mut records = Vec::new();
    match read_records(connection, head, &mut records) {
        Ok(()) => Ok(records),
        Err(unreadable) => Err((records, unreadable)),
    }
}

fn read_records(connection: &Connection, head: &Head, records: &mut Vec<Record>) -> Result<(), Unreadable> {
    let mut parts: Vec<(u64, Vec<u8>)> = Vec::new();
    let whole = read_parts(connection, head, &mut parts);
    if whole.is_err() {
        // More of it may have followed.
        parts.pop();
    }
    for (expected, (revision, data)) in (head.snap_revision + 1..).zip(parts) {
        if revision != expected {
            return Err(Unreadable::Damaged(format!("record {expected} is missing")));
        }
        let record: Record = parse(&data, &format!("record {revision}"))?;
        if record.revision != revision {
            return Err(Unreadable::Damaged(format!("record {revision} is of another revision")));
        }
        records.push(record);
    }
    whole?;
    if head.snap_revision + records.len() as u64 != head.revision {
        let why = format!("the journal ends before revision {}", head.revision);
        return Err(Unreadable::Damaged(why));
    }
    Ok(())
}

/// The visible records after the snapshot as they were written; with a fault, those before it and the one that it is in.
fn read_parts(connection: &Connection, head: &Head, parts: &mut Vec<(u64, Vec<u8>)>) -> rusqlite::Result<()> {
    let Some(ordinal) = head.ordinal else { return Ok(()) };
    let sql = "SELECT revision, data FROM log WHERE at BETWEEN ?1 AND ?2 ORDER BY at";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(ordinal.keys(Some(head.snap_revision), head.revision))?;
    while let Some(row) = rows.next()? {
        let revision = row.get::<_, i64>(0)?.cast_unsigned();
        let data = row.get_ref(1)?.as_blob()?;
        match parts.last_mut() {
            Some((last, whole)) if *last == revision => whole.extend_from_slice(data),
            Some(_) | None => parts.push((revision, data.to_vec())),
        }
    }
    Ok(())
}

fn parse<T: DeserializeOwned>(data: &[u8], what: &str) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Version {
        v: u64,
    }
    let unreadable = |error: serde_json::Error| {
        let why = format!("{what}: {error}");
        // Whole JSON is no damage: it speaks of things that this release does not know.
        if error.is_data() {
            Unreadable::Unknown(format!("{why}; start the release that wrote it"))
        } else {
            Unreadable::Damaged(why)
        }
    };
    let version: Version = serde_json::from_slice(data).map_err(unreadable)?;
    if version.v > u64::from(RECORD_VERSION) {
        return Err(Unreadable::Unknown(format!(
            "{what} was written by a newer release (version {}, this one knows {RECORD_VERSION})",
            version.v
        )));
    }
    serde_json::from_slice(data).map_err(unreadable)
}

/// Reads what is stored of a shard for the owner of `epoch`. `true`: it owns it since this commit. Side data that can't be
/// read is dropped: everything in it can be asked for again.
pub(super) fn shard(connection: &Connection, shard: ShardId, epoch: u64) -> Result<(StoredShard, bool), PortError> {
    let owner = tables::shard_epoch(connection, shard)?;
    if let Some(refusal) = tables::fences(owner, epoch) {
        return Err(refusal);
    }
    let raised = epoch > owner.max(FIRST);
    if raised {
        tables::set_shard_epoch(connection, shard, epoch)?;
    }
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
    let known = rows(
        connection,
        "SELECT guild, data FROM known WHERE shard = ?1",
        shard,
        |row| Ok((GuildId(row.get::<_, i64>(0)?.cast_unsigned()), row.get::<_, String>(1)?)),
    )?;
    let known = known
        .iter()
        .filter_map(|(guild, data)| Some((*guild, side::<About>(data, shard)?)))
        .collect();
    let stored = StoredShard {
        gateway,
        seats,
        awake,
        nodes,
        known,
    };
    Ok((stored, raised))
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
