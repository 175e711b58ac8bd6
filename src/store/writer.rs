//! The writer thread: takes what is waiting, commits it at once, wakes the callers.
//!
//! It never lingers for more work: whatever came in during one commit makes the next one. A record or snapshot beyond
//! [`PART`] bytes is written in parts, one a commit, so that nobody else waits for it; the last part makes it visible.

use std::collections::{HashMap, VecDeque};
use std::sync::mpsc::Receiver;

use ostinato_actors::ports::{Append, Appended, PortError};
use ostinato_machine::guild::Snapshot;
use ostinato_machine::ids::{GuildId, ShardId};
use rusqlite::Connection;

use super::job::{Done, Job};
use super::load;
use super::tables::{self, Head, Place, Table};

/// Most bytes of one part of a record.
const PART: usize = 64 * 1024;

/// Most bytes that one commit takes in.
const COMMIT: usize = 128 * 1024;

/// Most callers that one commit answers.
const TELLS: usize = 1_024;

/// A journal smaller than this is never compacted, bytes.
const COMPACT_FROM: u64 = 64 * 1024;

/// What tells a caller, once the commit has succeeded or failed.
type Tell = Box<dyn FnOnce(Result<(), PortError>)>;

/// What makes a written record or snapshot visible.
struct End {
    head: Head,
    shard: ShardId,
    awake: bool,
}

/// Something too large for one commit, under way.
struct Large {
    place: Place,
    end: End,
    guild: GuildId,
    rest: VecDeque<Vec<u8>>,
    part: i64,
    tell: Tell,
}

/// The writer. Owns the connection.
pub(super) struct Writer {
    connection: Connection,
    large: Option<Large>,
    /// Jobs that wait for the large one: of the same guild, or large themselves.
    deferred: VecDeque<Job>,
    /// Jobs whose wait is over; they come before the inbox.
    ready: VecDeque<Job>,
    awake: HashMap<(u32, u64), bool>,
    stopping: bool,
}

impl Writer {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
            large: None,
            deferred: VecDeque::new(),
            ready: VecDeque::new(),
            awake: HashMap::new(),
            stopping: false,
        }
    }

    /// Works until every sender is gone or a stop was asked for.
    pub(super) fn run(mut self, inbox: &Receiver<Job>) {
        loop {
            let mut next = self.next(inbox);
            if next.is_none() && self.large.is_none() {
                if self.stopping {
                    return;
                }
                let Ok(job) = inbox.recv() else { return };
                next = Some(job);
            }
            let mut tells = Vec::new();
            let outcome = self.commit(inbox, next, &mut tells);
            if outcome.is_err() {
                self.awake.clear();
            }
            for tell in tells {
                tell(outcome.clone());
            }
        }
    }

    fn next(&mut self, inbox: &Receiver<Job>) -> Option<Job> {
        self.ready.pop_front().or_else(|| inbox.try_recv().ok())
    }

    /// One commit: the jobs that are waiting, up to [`COMMIT`] bytes, and one part of a large one.
    fn commit(&mut self, inbox: &Receiver<Job>, first: Option<Job>, tells: &mut Vec<Tell>) -> Result<(), PortError> {
        let mut failed = self
            .connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(tables::down)
            .err();
        let mut next = first;
        let mut bytes = 0;
        while let Some(job) = next {
            match self.take(job, tells, failed.as_ref()) {
                Ok(more) => bytes += more,
                Err(error) => failed = Some(error),
            }
            next = if bytes < COMMIT && tells.len() < TELLS {
                self.next(inbox)
            } else {
                None
            };
        }
        if failed.is_none() && self.large.is_some() {
            failed = self.write_part(tells).err();
        }
        let outcome = match failed {
            None => self.connection.execute_batch("COMMIT").map_err(tables::down),
            Some(error) => Err(error),
        };
        if outcome.is_err() {
            self.abandon(tells);
        }
        outcome
    }

    /// Rolls back. A large one that was under way has failed with the commit.
    fn abandon(&mut self, tells: &mut Vec<Tell>) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::error!(%error, "the store could not roll back");
        }
        if let Some(large) = self.large.take() {
            tells.push(large.tell);
            self.release();
        }
    }

    /// What waited for the large one comes next, before anything younger of the same guilds.
    fn release(&mut self) {
        self.deferred.append(&mut self.ready);
        std::mem::swap(&mut self.deferred, &mut self.ready);
    }

    fn must_wait(&self, job: &Job) -> bool {
        let (Some(large), Some(guild)) = (&self.large, job.guild()) else {
            return false;
        };
        large.guild == guild || self.deferred.iter().any(|waiting| waiting.guild() == Some(guild))
    }

    /// Does one job inside the open transaction, or puts it off; tells how many bytes it wrote. An error fails the
    /// whole commit, and `failed` says that this has happened already.
    fn take(&mut self, job: Job, tells: &mut Vec<Tell>, failed: Option<&PortError>) -> Result<usize, PortError> {
        if self.must_wait(&job) {
            self.deferred.push_back(job);
            return Ok(0);
        }
        let connection = &self.connection;
        match job {
            Job::Stop => self.stopping = true,
            // In these two a caller that is gone no longer wants to know.
            Job::Load { guild, done } => {
                let _ = done.send(failed.map_or_else(|| load::guild(connection, guild), |error| Err(error.clone())));
            }
            Job::LoadShard { shard, done } => {
                let _ = done.send(failed.map_or_else(|| load::shard(connection, shard), |error| Err(error.clone())));
            }
            Job::Checkpoint {
                shard,
                checkpoint,
                done,
            } => {
                tells.push(Box::new(move |result| drop(done.send(result))));
                if failed.is_none() {
                    tables::checkpoint(connection, shard, &checkpoint)?;
                }
            }
            Job::Append { append, done } => return self.append(append, done, tells, failed),
            Job::Snapshot {
                guild,
                shard,
                snapshot,
                awake,
                done,
            } => {
                if failed.is_some() {
                    tells.push(Box::new(move |result| drop(done.send(result))));
                } else {
                    return self.snapshot(guild, shard, snapshot, awake, done, tells);
                }
            }
        }
        Ok(0)
    }

    fn append(
        &mut self,
        append: Append,
        done: Done<Appended>,
        tells: &mut Vec<Tell>,
        failed: Option<&PortError>,
    ) -> Result<usize, PortError> {
        let tell = |done: Done<Appended>, wants_snapshot| -> Tell {
            Box::new(move |result: Result<(), PortError>| drop(done.send(result.map(|()| Appended { wants_snapshot }))))
        };
        if failed.is_some() {
            tells.push(tell(done, false));
            return Ok(0);
        }
        let record = &append.record;
        let head = tables::head(&self.connection, append.guild)?;
        if let Some(refusal) = head.refuses(record.epoch, record.revision) {
            let _ = done.send(Err(refusal));
            return Ok(0);
        }
        if record.revision <= head.revision {
            // Written already, and the caller did not hear of it: saying so again is harmless.
            tells.push(tell(done, false));
            return Ok(0);
        }
        let data = serde_json::to_vec(&**record).map_err(tables::unwritable)?;
        if data.len() > PART && self.large.is_some() {
            self.deferred.push_back(Job::Append { append, done });
            return Ok(0);
        }
        let log_bytes = head.log_bytes + data.len() as u64;
        let wants_snapshot = log_bytes > COMPACT_FROM.max(head.snap_bytes);
        let place = Place {
            table: Table::Log,
            guild: append.guild,
            revision: record.revision,
        };
        let end = End {
            head: Head {
                epoch: record.epoch,
                revision: record.revision,
                log_bytes,
                ..head
            },
            shard: append.shard,
            awake: append.awake,
        };
        self.put(place, end, &data, tell(done, wants_snapshot), tells)
    }

    fn snapshot(
        &mut self,
        guild: GuildId,
        shard: ShardId,
        snapshot: Box<Snapshot>,
        awake: bool,
        done: Done<()>,
        tells: &mut Vec<Tell>,
    ) -> Result<usize, PortError> {
        let revision = snapshot.revision;
        let head = tables::head(&self.connection, guild)?;
        if revision < head.snap_revision {
            // A younger one is there already.
            let _ = done.send(Ok(()));
            return Ok(0);
        }
        let data = serde_json::to_vec(&*snapshot).map_err(tables::unwritable)?;
        if data.len() > PART && self.large.is_some() {
            self.deferred.push_back(Job::Snapshot {
                guild,
                shard,
                snapshot,
                awake,
                done,
            });
            return Ok(0);
        }
        let head = Head {
            revision: head.revision.max(revision),
            log_bytes: if revision >= head.revision { 0 } else { head.log_bytes },
            snap_revision: revision,
            snap_bytes: data.len() as u64,
            ..head
        };
        let place = Place {
            table: Table::Snap,
            guild,
            revision,
        };
        let tell: Tell = Box::new(move |result| drop(done.send(result)));
        self.put(place, End { head, shard, awake }, &data, tell, tells)
    }

    /// Writes `data`, at once or in parts.
    fn put(
        &mut self,
        place: Place,
        end: End,
        data: &[u8],
        tell: Tell,
        tells: &mut Vec<Tell>,
    ) -> Result<usize, PortError> {
        let bytes = data.len();
        if bytes > PART {
            let rest = data.chunks(PART).map(<[u8]>::to_vec).collect();
            self.large = Some(Large {
                place,
                end,
                guild: place.guild,
                rest,
                part: 0,
                tell,
            });
            return Ok(0);
        }
        tells.push(tell);
        tables::put_part(&self.connection, place, 0, data)?;
        self.finish(place, &end)?;
        Ok(bytes)
    }

    /// Writes the next part of the large one; the last one makes it visible.
    fn write_part(&mut self, tells: &mut Vec<Tell>) -> Result<(), PortError> {
        let Some(mut large) = self.large.take() else {
            return Ok(());
        };
        if let Some(data) = large.rest.pop_front() {
            if let Err(error) = tables::put_part(&self.connection, large.place, large.part, &data) {
                self.large = Some(large);
                return Err(error);
            }
            large.part += 1;
        }
        if !large.rest.is_empty() {
            self.large = Some(large);
            return Ok(());
        }
        tells.push(large.tell);
        self.release();
        self.finish(large.place, &large.end)
    }

    /// Makes what was written visible and drops what it replaces.
    fn finish(&mut self, place: Place, end: &End) -> Result<(), PortError> {
        if matches!(place.table, Table::Snap) {
            tables::compact(&self.connection, place.guild, place.revision)?;
        }
        tables::set_head(&self.connection, place.guild, &end.head)?;
        let key = (end.shard.0, place.guild.0);
        if self.awake.get(&key) != Some(&end.awake) {
            tables::set_awake(&self.connection, end.shard, place.guild, end.awake)?;
            self.awake.insert(key, end.awake);
        }
        Ok(())
    }
}

/// Carries what is committed to the disk without making writers wait.
pub(super) fn side_checkpoint(connection: &Connection) {
    if let Err(error) = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        tracing::warn!(%error, "the store's side checkpoint failed; what is committed stands in the write-ahead file");
    }
}
