//! `ostinato replay`: a guild's journal or a recording of its doors, step by step, offline.
//!
//! What is stored is read without touching it ([`crate::store::Look`]) and applied record by record by the code that the
//! bot itself restores guilds with. After each record stands what the guild wants now, where that changed, and the
//! fingerprint of its state: the same number that the bot has for the same revision.
//!
//! An operator may pass on what is printed: tokens, searches and addresses are no part of it, and what strangers wrote as
//! titles can do nothing to a terminal.

mod audit;
mod events;
mod face;
mod json;
mod recorded;
mod text;
mod words;

#[cfg(test)]
pub(crate) mod tests;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use ostinato_machine::guild::{Guild, Record, RestoreError};
use ostinato_machine::ids::GuildId;
use ostinato_machine::limits::Limits;

use crate::store::{Look, LookError, Looked, Row};
use face::Face;

/// What is to be replayed.
#[derive(Clone, Debug)]
pub struct Order {
    /// The store's file, or its directory.
    pub path: PathBuf,
    /// Which guild; `None`: the guilds are listed.
    pub guild: Option<GuildId>,
    /// Records before this revision are applied and not shown.
    pub from: u64,
    /// What is shown is the stored audit.
    pub audit: bool,
    /// One object for machines.
    pub json: bool,
    /// The limits that the bot has: they decide how long a history is.
    pub limits: Limits,
}

/// Why a replay ends early. What could be read was printed before.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The store can't be looked into.
    #[error("{}", text::plain(&.0.to_string()))]
    Look(#[from] LookError),
    /// The store has no such guild.
    #[error("{path}: there is no guild {guild} in it{others}", path = text::plain(&path.display().to_string()))]
    NoGuild {
        /// The file.
        path: PathBuf,
        /// The guild.
        guild: GuildId,
        /// What there is instead.
        others: String,
    },
    /// Something stored of the guild can't be read or does not fit.
    #[error("guild {guild}: {why}")]
    Damaged {
        /// The guild.
        guild: GuildId,
        /// What, and what to do.
        why: String,
    },
    /// A recording can't be read.
    #[error("{path}: {why}")]
    Recording {
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
    /// A recording says something else than its replay.
    #[error("{path}: {differences} differences from what was recorded; they are marked with !")]
    Differs {
        /// The file.
        path: String,
        /// How many.
        differences: u64,
    },
    /// Nobody reads what is printed.
    #[error("the output can't be written: {0}")]
    Output(#[from] io::Error),
}

/// Who is told what is found, in this order: the guild, its steps, the end.
trait Reader {
    fn guild(&mut self, start: &Start<'_>) -> io::Result<()>;
    fn step(&mut self, step: &Step<'_>) -> io::Result<()>;
    fn end(&mut self, end: &End<'_>) -> io::Result<()>;
}

/// Where a replay begins.
struct Start<'a> {
    path: String,
    guild: GuildId,
    stored: &'a Looked,
    limits: &'a Limits,
    from: u64,
    face: &'a Face,
}

/// One record that was applied.
struct Step<'a> {
    record: &'a Record,
    before: &'a Face,
    after: &'a Face,
}

/// Where it ends.
struct End<'a> {
    steps: usize,
    face: &'a Face,
    fault: Option<&'a str>,
}

/// Does what is ordered and prints it to `out`.
///
/// # Errors
/// When not everything could be read and applied; what could be is printed.
pub fn run(order: &Order, out: &mut dyn Write) -> Result<(), Fault> {
    if recorded::is_recording(&order.path) {
        return recorded::run(order, out);
    }
    let look = Look::open(&order.path)?;
    let path = text::plain(&look.path().display().to_string());
    if order.audit {
        let entries = look.audit(order.guild)?;
        let print = if order.json { audit::object } else { audit::lines };
        return Ok(print(out, &path, &entries)?);
    }
    let Some(guild) = order.guild else {
        let rows = look.guilds()?;
        if order.json {
            json::list(out, &path, &rows)?;
        } else {
            words::list(out, &path, &rows)?;
        }
        return Ok(());
    };
    let Some(stored) = look.guild(guild)? else {
        let others = others(&look.guilds()?);
        let path = look.path().to_path_buf();
        return Err(Fault::NoGuild { path, guild, others });
    };
    // A bot that runs is not held up while somebody reads.
    drop(look);
    if order.json {
        play(order, guild, &stored, path, &mut json::Object::new(out))
    } else {
        play(order, guild, &stored, path, &mut words::Lines::new(out))
    }
}

fn others(rows: &[Row]) -> String {
    let first: Vec<String> = rows.iter().take(5).map(|row| row.guild.to_string()).collect();
    let more = if rows.len() > first.len() { ", …" } else { "" };
    match rows.len() {
        0 => "; it is empty: is it the DATA_DIR of the bot that you mean?".into(),
        many => format!(
            "; it has {} ({}{more}), and without --guild they are listed",
            text::count(many, "guild"),
            first.join(", ")
        ),
    }
}

fn play(order: &Order, guild: GuildId, stored: &Looked, path: String, reader: &mut dyn Reader) -> Result<(), Fault> {
    let limits = Arc::new(order.limits.clone());
    let restored = Guild::restore(guild, stored.epoch, stored.snapshot.clone(), &[], limits);
    let mut fault = stored.fault.as_deref().map(text::plain);
    let mut value = match restored {
        Ok(value) => value,
        Err(error) => {
            let why = format!("the snapshot: {}", advice(&error));
            return Err(Fault::Damaged { guild, why });
        }
    };
    let mut face = Face::of(&value);
    let start = Start {
        path,
        guild,
        stored,
        limits: &order.limits,
        from: order.from,
        face: &face,
    };
    reader.guild(&start)?;
    let mut steps = 0;
    for record in &stored.records {
        if let Err(error) = value.replay(record) {
            fault = Some(format!("record {}: {}", record.revision, advice(&error)));
            break;
        }
        let after = Face::of(&value);
        if record.revision >= order.from {
            steps += 1;
            let (before, after) = (&face, &after);
            reader.step(&Step { record, before, after })?;
        }
        face = after;
    }
    let end = End {
        steps,
        face: &face,
        fault: fault.as_deref(),
    };
    reader.end(&end)?;
    match fault {
        None => Ok(()),
        Some(why) => Err(Fault::Damaged { guild, why }),
    }
}

/// Why a record does not follow, and what to do.
fn advice(error: &RestoreError) -> String {
    match error {
        RestoreError::Newer { .. } => format!("{error}; look, and run the bot, with that release"),
        RestoreError::Gap { .. } => format!("{error}; restore DATA_DIR from a backup"),
        RestoreError::Event { why, .. } => format!(
            "{why}: its events do not fit the state before it, and the bot would not start this guild either. If the bot has \
             other limits (queue_tracks, pending_commands), give them to this command too, by CONFIG_PATH or the \
             environment; else report it, and restore DATA_DIR from a backup"
        ),
    }
}
