//! What can't be read, kept aside for whoever looks into it: the newest, within bounds.

use std::time::{SystemTime, UNIX_EPOCH};

use ostinato_actors::ports::PortError;
use ostinato_machine::ids::GuildId;
use rusqlite::{Connection, params};

use super::load::FIRST;
use super::tables::{self, Head, Ordinal, down, signed};

/// Rows and bytes that are kept of one guild: a few times what it can have.
pub(super) const OF_ONE: (i64, i64) = (4_096, 16 * 1_024 * 1_024);

/// Rows and bytes that are kept in all.
pub(super) const OF_ALL: (i64, i64) = (16_384, 64 * 1_024 * 1_024);

/// Moves what can't be read out of the way: the records after `good`, or, without a good revision, everything. The oldest
/// of what lies there makes room.
pub(super) fn set_aside(
    connection: &Connection,
    (guild, ordinal): (GuildId, Ordinal),
    (head, good): (&Head, Option<u64>),
    why: &str,
) -> Result<(), PortError> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_millis());
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    let id = signed(guild.0);
    let [first, last] = ordinal.keys(good, u64::MAX);
    for (kind, table) in [("log", "log"), ("snapshot", "snap")] {
        let whose = format!("FROM {table} WHERE at BETWEEN ?1 AND ?2");
        let copy = format!(
            "INSERT INTO aside (guild, at_ms, why, kind, revision, part, data) \
             SELECT ?3, ?4, ?5, ?6, revision, part, data {whose}"
        );
        connection
            .execute(&copy, params![first, last, id, now, why, kind])
            .map_err(down)?;
        connection
            .execute(&format!("DELETE {whose}"), [first, last])
            .map_err(down)?;
    }
    trim(connection, id)?;
    let Some(revision) = good else {
        if head.epoch <= FIRST {
            connection
                .execute("DELETE FROM guild WHERE id = ?1", [id])
                .map_err(down)?;
            return Ok(());
        }
        let nothing = Head {
            epoch: head.epoch,
            ..Head::default()
        };
        return tables::set_head(connection, guild, &nothing);
    };
    let head = Head { revision, ..*head };
    tables::set_head(connection, guild, &head)
}

/// Drops what is beyond the newest of the guild, and beyond the newest of all.
fn trim(connection: &Connection, guild: i64) -> Result<(), PortError> {
    for (whose, (rows, bytes)) in [("WHERE guild = ?3", OF_ONE), ("WHERE ?3 = ?3", OF_ALL)] {
        // Rows are numbered as they come, and the newest are never deleted.
        let sql = format!(
            "DELETE FROM aside WHERE rowid IN (SELECT id FROM \
             (SELECT rowid AS id, row_number() OVER newest AS rows, sum(length(data)) OVER newest AS bytes \
             FROM aside {whose} WINDOW newest AS (ORDER BY rowid DESC)) WHERE rows > ?1 OR bytes > ?2)"
        );
        connection.execute(&sql, params![rows, bytes, guild]).map_err(down)?;
    }
    Ok(())
}
