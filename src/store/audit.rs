//! The audit in the tables: each owner's newest entries, by numbers that rise.

use std::collections::BTreeSet;
use std::sync::Arc;

use ostinato_actors::ports::{Audit, AuditFilter, AuditKind, Owner, PortError};
use rusqlite::{Connection, params};

use super::job::Done;
use super::tables::{self, down, signed};
use super::writer::{Tell, Writer};

/// The owner as the table has it. No guild has the numbers of the others: [`Told::owner`](ostinato_actors::ports::Told::owner).
const fn column(owner: Owner) -> i64 {
    match owner {
        Owner::Guild(guild) => signed(guild.0),
        Owner::Process => 0,
        Owner::Door => -1,
    }
}

const TRIM: &str = "DELETE FROM audit WHERE owner = ?1 AND id <= \
                    (SELECT id FROM audit WHERE owner = ?1 ORDER BY id DESC LIMIT 1 OFFSET ?2)";

const TRIM_ALL: &str = "DELETE FROM audit WHERE id <= (SELECT id FROM audit ORDER BY id DESC LIMIT 1 OFFSET ?1)";

/// Most entries of all guilds and of the process together: beyond, the oldest go, whosever they are.
const MOST: u32 = 65_536;

/// After so many new entries that bound is looked at.
const LOOK_AFTER: usize = 1_024;

impl Writer {
    /// Writes a batch. An error fails the whole commit; the caller hears of it with the others.
    pub(super) fn audit(
        &mut self,
        batch: &Arc<[Audit]>,
        done: Done<()>,
        tells: &mut Vec<Tell>,
        failed: Option<&PortError>,
    ) -> Result<usize, PortError> {
        let rows = batch.iter().map(|entry| serde_json::to_string(&entry.told));
        let rows = match rows.collect::<Result<Vec<_>, _>>() {
            Ok(rows) => rows,
            Err(error) => {
                // Its caller is gone if nobody listens.
                drop(done.send(Err(tables::unwritable(error))));
                return Ok(0);
            }
        };
        tells.push(Box::new(move |result| drop(done.send(result))));
        if failed.is_some() {
            return Ok(0);
        }
        for (entry, data) in batch.iter().zip(&rows) {
            put(&self.connection, entry, data)?;
        }
        let owners: BTreeSet<Owner> = batch.iter().map(|entry| entry.told.owner()).collect();
        for owner in owners {
            trim(&self.connection, owner)?;
        }
        self.audited = self.audited.saturating_add(batch.len());
        if self.audited >= LOOK_AFTER {
            trim_all(&self.connection, MOST)?;
            self.audited = 0;
        }
        let bytes = rows.iter().map(String::len).sum();
        self.taken.more(bytes);
        Ok(bytes)
    }
}

fn put(connection: &Connection, entry: &Audit, data: &str) -> Result<(), PortError> {
    let sql = "INSERT OR IGNORE INTO audit (id, owner, kind, data) VALUES (?1, ?2, ?3, ?4)";
    let mut statement = connection.prepare_cached(sql).map_err(down)?;
    let (owner, kind) = (column(entry.told.owner()), entry.told.kind().name());
    statement
        .execute(params![signed(entry.id), owner, kind, data])
        .map_err(down)?;
    Ok(())
}

/// Drops what is beyond the owner's newest entries. The index alone tells where those begin.
fn trim(connection: &Connection, owner: Owner) -> Result<(), PortError> {
    let mut statement = connection.prepare_cached(TRIM).map_err(down)?;
    statement.execute(params![column(owner), owner.keeps()]).map_err(down)?;
    Ok(())
}

/// Drops what is beyond the newest `most` entries of all.
fn trim_all(connection: &Connection, most: u32) -> Result<(), PortError> {
    let mut statement = connection.prepare_cached(TRIM_ALL).map_err(down)?;
    statement.execute([most]).map_err(down)?;
    Ok(())
}

/// The newest between two numbers, `?1` and `?2`, `?3` of them; then the owner and the kind, where they are asked for.
fn question(of_owner: bool, of_kind: bool) -> String {
    let which = match (of_owner, of_kind) {
        (false, false) => "",
        (true, false) => "AND owner = ?4",
        (false, true) => "AND kind = ?4",
        (true, true) => "AND owner = ?4 AND kind = ?5",
    };
    format!("SELECT id, data FROM audit WHERE id >= ?1 AND id < ?2 {which} ORDER BY id DESC LIMIT ?3")
}

/// Reads what is asked for, newest first. What can't be read, because it is damaged or of another release, is left out.
pub(super) fn read(connection: &Connection, filter: &AuditFilter) -> Result<Vec<Audit>, PortError> {
    let sql = question(filter.guild.is_some(), filter.kind.is_some());
    let since = i64::try_from(Audit::first_of(filter.since_ms)).unwrap_or(i64::MAX);
    let before = filter.before.and_then(|id| i64::try_from(id).ok()).unwrap_or(i64::MAX);
    let owner = filter.guild.map(|guild| column(Owner::Guild(guild)));
    let kind = filter.kind.map(AuditKind::name);
    let mut values: Vec<&dyn rusqlite::ToSql> = vec![&since, &before, &filter.limit];
    values.extend(owner.as_ref().map(|owner| owner as &dyn rusqlite::ToSql));
    values.extend(kind.as_ref().map(|kind| kind as &dyn rusqlite::ToSql));
    let mut statement = connection.prepare_cached(&sql).map_err(down)?;
    let rows = statement
        .query_map(&*values, |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))
        .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>)
        .map_err(down)?;
    Ok(rows.into_iter().filter_map(|(id, data)| entry(id, &data)).collect())
}

fn entry(id: i64, data: &str) -> Option<Audit> {
    let id = id.cast_unsigned();
    serde_json::from_str(data)
        .map(|told| Audit { id, told })
        .inspect_err(|error| tracing::warn!(id, %error, "an entry of the audit can't be read and is left out"))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().unwrap();
        let settings = crate::store::StoreSettings {
            data_dir: folder.path().into(),
            durability: crate::store::Durability::Process,
            limit_bytes: None,
        };
        let connection = crate::store::schema::open(&folder.path().join("guilds.db"), &settings).unwrap();
        (folder, connection)
    }

    #[test]
    fn of_all_entries_together_the_newest_stay() {
        let (_folder, connection) = table();
        for id in 1..=9 {
            let put = "INSERT INTO audit (id, owner, kind, data) VALUES (?1, ?1 % 3, 'order', '')";
            connection.execute(put, [id]).unwrap();
        }
        for (most, oldest) in [(9, 1), (4, 6)] {
            trim_all(&connection, most).unwrap();
            let left = connection.query_row("SELECT min(id), count(*) FROM audit", [], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?))
            });
            assert_eq!(left, Ok((oldest, most)));
        }
    }

    #[test]
    fn no_question_about_one_owner_or_kind_goes_through_the_whole_table() {
        let (_folder, connection) = table();
        let owner = question(true, false);
        let kind = question(false, true);
        for sql in [TRIM, &owner, &kind, &question(true, true), &question(false, false)] {
            let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
            let nothing = vec![rusqlite::types::Null; statement.parameter_count()];
            let steps = statement.query_map(rusqlite::params_from_iter(nothing), |row| row.get::<_, String>(3));
            let steps: Vec<String> = steps.unwrap().map(Result::unwrap).collect();
            let cheap = |step: &String| step.starts_with("SEARCH") || step.starts_with("SCALAR SUBQUERY");
            assert!(steps.iter().all(cheap), "{sql}: {steps:?}");
        }
    }
}
