//! A replay for machines: one object. Ids are texts: they are larger than the numbers of many readers.

use std::io::{self, Write};

use serde_json::{Map, Value, json};

use super::events::{answer, line};
use super::text::{cause, plain, time};
use super::{End, Face, Reader, Start, Step};
use crate::store::Row;

/// The guilds of a store.
pub(super) fn list(out: &mut dyn Write, path: &str, rows: &[Row]) -> io::Result<()> {
    let guilds: Vec<Value> = rows
        .iter()
        .map(|row| {
            let snapshot = row
                .snapshot
                .map(|revision| json!({ "revision": revision, "bytes": row.snap_bytes, "before_ms": row.since_ms }));
            json!({
                "guild": row.guild.to_string(),
                "revision": row.revision,
                "records": row.revision.saturating_sub(row.snapshot.unwrap_or(0)),
                "journal_bytes": row.log_bytes,
                "newest_ms": row.newest_ms,
                "snapshot": snapshot,
            })
        })
        .collect();
    writeln!(out, "{:#}", json!({ "file": path, "guilds": guilds }))
}

/// One guild, printed as a whole in the end.
pub(super) struct Object<'a> {
    out: &'a mut dyn Write,
    whole: Map<String, Value>,
    records: Vec<Value>,
}

impl<'a> Object<'a> {
    pub(super) fn new(out: &'a mut dyn Write) -> Self {
        Self {
            out,
            whole: Map::new(),
            records: Vec::new(),
        }
    }
}

fn face(face: &Face) -> Value {
    let fields = face
        .fields
        .iter()
        .map(|field| (field.name.to_owned(), field.value.clone()));
    let wants: Map<String, Value> = fields.collect();
    json!({ "revision": face.revision, "hash": face.hash, "wants": wants })
}

impl Reader for Object<'_> {
    fn guild(&mut self, start: &Start<'_>) -> io::Result<()> {
        let stored = start.stored;
        let aside: Vec<Value> = stored
            .aside
            .iter()
            .map(|(at_ms, why)| json!({ "at_ms": at_ms, "why": plain(why) }))
            .collect();
        let snapshot = stored.snapshot.is_some().then(|| face(start.face));
        for (name, value) in [
            ("file", json!(start.path)),
            ("guild", json!(start.guild.to_string())),
            ("revision", json!(stored.revision)),
            ("set_aside", json!(aside)),
            ("snapshot", json!(snapshot)),
        ] {
            self.whole.insert(name.into(), value);
        }
        Ok(())
    }

    fn step(&mut self, step: &Step<'_>) -> io::Result<()> {
        let record = step.record;
        let (kind, id) = cause(&record.cause);
        let events: Vec<Value> = record
            .events
            .iter()
            .map(line)
            .map(|(name, said)| json!({ "event": name, "says": said }))
            .collect();
        let said: Vec<Value> = record
            .said
            .iter()
            .map(|said| json!({ "to": said.id.to_string(), "with": answer(said) }))
            .collect();
        let changed: Map<String, Value> = step
            .after
            .changes(step.before)
            .map(|(_, new)| (new.name.to_owned(), new.value.clone()))
            .collect();
        self.records.push(json!({
            "revision": record.revision,
            "epoch": record.epoch,
            "at_ms": record.at_ms,
            "at": time(record.at_ms),
            "cause": { "kind": kind, "id": id },
            "events": events,
            "answered": said,
            "wants": changed,
            "hash": step.after.hash,
        }));
        Ok(())
    }

    fn end(&mut self, end: &End<'_>) -> io::Result<()> {
        self.whole
            .insert("records".into(), std::mem::take(&mut self.records).into());
        self.whole.insert("state".into(), face(end.face));
        self.whole.insert("fault".into(), json!(end.fault));
        writeln!(self.out, "{:#}", Value::Object(std::mem::take(&mut self.whole)))
    }
}
