//! A replay for people.

use std::io::{self, Write};

use super::events::{answer, line};
use super::text::{bytes, cause, count, plain, time};
use super::{End, Face, Reader, Start, Step};
use crate::store::Row;

/// The guilds of a store as aligned columns.
pub(super) fn list(out: &mut dyn Write, path: &str, rows: &[Row]) -> io::Result<()> {
    writeln!(out, "{path}: {}", count(rows.len(), "guild"))?;
    if rows.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "{:<20} {:>9} {:>8} {:>9}  {:<25} snapshot",
        "guild", "revision", "records", "journal", "newest record"
    )?;
    for row in rows {
        let records = row.revision.saturating_sub(row.snapshot.unwrap_or(0));
        let newest = row.newest_ms.map_or_else(|| "none".into(), time);
        writeln!(
            out,
            "{:<20} {:>9} {records:>8} {:>9}  {newest:<25} {}",
            row.guild.to_string(),
            row.revision,
            bytes(row.log_bytes),
            snapshot(row)
        )?;
    }
    Ok(())
}

/// How old the snapshot is: when it was written is not stored, but when the first record after it was.
fn snapshot(row: &Row) -> String {
    let Some(revision) = row.snapshot else {
        return "none".into();
    };
    let since = row
        .since_ms
        .map_or_else(String::new, |ms| format!(", before {}", time(ms)));
    format!("revision {revision}, {}{since}", bytes(row.snap_bytes))
}

/// One guild, line by line.
pub(super) struct Lines<'a> {
    out: &'a mut dyn Write,
}

impl<'a> Lines<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self { out }
    }

    fn face(&mut self, face: &Face) -> io::Result<()> {
        for field in &face.fields {
            writeln!(self.out, "    {:<9} {}", field.name, field.text)?;
        }
        writeln!(self.out, "    {:<9} {}", "hash", face.hash)
    }
}

impl Reader for Lines<'_> {
    fn guild(&mut self, start: &Start<'_>) -> io::Result<()> {
        let stored = start.stored;
        writeln!(
            self.out,
            "{}: guild {}, revision {}",
            start.path, start.guild, stored.revision
        )?;
        writeln!(
            self.out,
            "limits: queue {}, history {}; as `ostinato config` shows them here, to be those of the bot",
            start.limits.queue, start.limits.history
        )?;
        for (at_ms, why) in &stored.aside {
            writeln!(self.out, "set aside at {}: {}", time(*at_ms), plain(why))?;
        }
        match &stored.snapshot {
            Some(snapshot) => {
                let (size, records) = (bytes(stored.snap_bytes), count(stored.records.len(), "record"));
                writeln!(
                    self.out,
                    "snapshot: revision {}, {size}, {records} after it",
                    snapshot.revision
                )?;
                self.face(start.face)?;
            }
            None => writeln!(self.out, "no snapshot, {}", count(stored.records.len(), "record"))?,
        }
        if start.from > start.face.revision + 1 {
            writeln!(
                self.out,
                "records before revision {} are applied and not shown",
                start.from
            )?;
        }
        writeln!(self.out)
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let record = step.record;
        let (kind, id) = cause(&record.cause);
        let id = id.map_or_else(String::new, |id| format!(" {id}"));
        let (at, revision, epoch) = (time(record.at_ms), record.revision, record.epoch);
        writeln!(self.out, "{at}  revision {revision}  epoch {epoch}  {kind}{id}")?;
        for event in &record.events {
            let (name, said) = line(event);
            writeln!(self.out, "  * {name:<9} {said}")?;
        }
        for said in &record.said {
            writeln!(self.out, "  < answered  {} with {}", said.id, answer(said))?;
        }
        for (old, new) in step.after.changes(step.before) {
            writeln!(self.out, "  > {:<9} {}  (was {})", new.name, new.text, old.text)?;
        }
        writeln!(self.out, "  = hash      {}\n", step.after.hash)
    }

    fn end(&mut self, end: &End<'_>) -> io::Result<()> {
        let as_far = if end.fault.is_some() {
            ", as far as it can be followed"
        } else {
            ""
        };
        let (steps, revision) = (count(end.steps, "record"), end.face.revision);
        writeln!(self.out, "{steps} shown; the state at revision {revision}{as_far}:")?;
        self.face(end.face)
    }
}
