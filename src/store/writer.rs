//! The writer thread: takes what is waiting, commits it at once, wakes the callers.
//!
//! It never lingers for more work: whatever came in during one commit makes the next one. A record or snapshot beyond
//! [`PART`] bytes is written in parts, one a commit, so that nobody else waits for it; the last part makes it visible.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Receiver;
use std::time::Instant;

use ostinato_actors::ports::PortError;
use ostinato_machine::ids::{GuildId, ShardId};
use rusqlite::Connection;

use super::figures::{Load, StoreFigures};
use super::job::Job;
use super::tables::{self, Head, Place, Table};
use super::{StoreFaults, audit, load};

/// Most bytes of one part of a record.
pub(super) const PART: usize = 64 * 1024;

/// Most bytes that one commit takes in.
const COMMIT: usize = 128 * 1024;

/// Most callers that one commit answers.
const TELLS: usize = 1_024;

/// What a load counts for in a commit, bytes: appends must not wait for all the loads of a starting process.
const LOAD: usize = 4 * 1024;

/// What tells a caller, once the commit has succeeded or failed.
pub(super) type Tell = Box<dyn FnOnce(Result<(), PortError>)>;

/// What makes a written record or snapshot visible.
pub(super) struct End {
    pub(super) guild: GuildId,
    /// It is visible with the part itself: the guild's row says nothing new.
    pub(super) is_seen: bool,
    pub(super) head: Head,
    pub(super) shard: ShardId,
    pub(super) awake: bool,
}

/// Something too large for one commit, under way.
pub(super) struct Large {
    pub(super) place: Place,
    pub(super) end: End,
    pub(super) rest: VecDeque<Vec<u8>>,
    pub(super) part: i64,
    pub(super) tell: Tell,
}

/// The writer. Owns the connection.
pub(super) struct Writer {
    pub(super) connection: Connection,
    faults: StoreFaults,
    pub(super) large: Option<Large>,
    /// Jobs that wait for the large one: of the same guild, or large themselves.
    pub(super) deferred: VecDeque<Job>,
    /// Jobs whose wait is over; they come before the inbox.
    ready: VecDeque<Job>,
    awake: HashMap<(u32, u64), bool>,
    /// Bytes of the journals of guilds that were written to, as far as they are known.
    pub(super) journals: HashMap<GuildId, u64>,
    /// Something large was written that nobody reads again before the next start.
    pub(super) once: bool,
    /// New entries of the audit since its whole length was looked at.
    pub(super) audited: usize,
    stopping: bool,
    pub(super) figures: Arc<StoreFigures>,
    /// What the commit under way takes in.
    pub(super) taken: Load,
}

impl Writer {
    pub(super) fn new(connection: Connection, figures: Arc<StoreFigures>, faults: StoreFaults) -> Self {
        Self {
            connection,
            faults,
            large: None,
            deferred: VecDeque::new(),
            ready: VecDeque::new(),
            awake: HashMap::new(),
            journals: HashMap::new(),
            once: false,
            audited: 0,
            stopping: false,
            figures,
            taken: Load::default(),
        }
    }

    /// Works until every sender is gone or a stop was asked for, then carries everything to the disk.
    pub(super) fn run(mut self, inbox: &Receiver<Job>) {
        self.work(inbox);
        checkpoint(&self.connection, true);
    }

    fn work(&mut self, inbox: &Receiver<Job>) {
        loop {
            let mut next = self.next(inbox);
            if next.is_none() && self.large.is_none() {
                if self.stopping {
                    return;
                }
                self.give_back();
                let Ok(job) = inbox.recv() else { return };
                self.figures.waiting.fall();
                next = Some(job);
            }
            let mut tells = Vec::new();
            let began = Instant::now();
            let outcome = self.commit(inbox, next, &mut tells);
            self.note(began, outcome.as_ref().err());
            if outcome.is_err() {
                self.awake.clear();
                self.journals.clear();
            }
            for tell in tells {
                tell(outcome.clone());
            }
        }
    }

    /// Gives back the pages of what is written once and not read again, such as ten thousand guilds at a first start.
    fn give_back(&mut self) {
        if std::mem::take(&mut self.once)
            && let Err(error) = self.connection.execute_batch("PRAGMA shrink_memory")
        {
            tracing::debug!(%error, "the store keeps its pages in memory");
        }
    }

    fn next(&mut self, inbox: &Receiver<Job>) -> Option<Job> {
        self.ready.pop_front().or_else(|| {
            let job = inbox.try_recv().ok()?;
            self.figures.waiting.fall();
            Some(job)
        })
    }

    /// Notes for the metrics and for who asks whether all is well how a commit went.
    fn note(&mut self, began: Instant, failure: Option<&PortError>) {
        let Load { writes, bytes } = std::mem::take(&mut self.taken);
        if let Some(error) = failure {
            self.figures.errors.one();
            self.figures.went(Some(error.message.clone()));
        } else if writes > 0 {
            self.figures.went(None);
            self.figures.commits.took(began.elapsed());
            self.figures.together.add(writes);
            self.figures.bytes.add(bytes);
        }
    }

    /// One commit: the jobs that are waiting, up to [`COMMIT`] bytes, and one part of a large one.
    fn commit(&mut self, inbox: &Receiver<Job>, first: Option<Job>, tells: &mut Vec<Tell>) -> Result<(), PortError> {
        let mut failed = tables::run(&self.connection, "BEGIN IMMEDIATE").err();
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
            None => self
                .faults
                .strike()
                .and_then(|()| tables::run(&self.connection, "COMMIT")),
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
        large.end.guild == guild || self.deferred.iter().any(|waiting| waiting.guild() == Some(guild))
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
            // Wherever a result is dropped, its caller is gone and no longer wants to know.
            Job::Load { guild, epoch, done } => {
                self.journals.remove(&guild);
                match failed.map_or_else(|| load::guild(connection, guild, epoch), |error| Err(error.clone())) {
                    // The guild is not what it was before this commit: that is true only if the commit succeeds.
                    Ok(load::Read { stored, changed: true }) => {
                        tells.push(Box::new(move |result| drop(done.send(result.map(|()| stored)))));
                    }
                    result => drop(done.send(result.map(|read| read.stored))),
                }
                return Ok(LOAD);
            }
            Job::LoadShard { shard, epoch, done } => {
                match failed.map_or_else(|| load::shard(connection, shard, epoch), |error| Err(error.clone())) {
                    // It is read for its owner only if the commit says who that is.
                    Ok((stored, true)) => {
                        tells.push(Box::new(move |result| drop(done.send(result.map(|()| stored)))));
                    }
                    result => drop(done.send(result.map(|(stored, _)| stored))),
                }
            }
            Job::Checkpoint {
                shard,
                epoch,
                checkpoint,
                done,
            } => return self.checkpoint((shard, epoch), &checkpoint, done, tells, failed),
            Job::Audit { batch, done } => return self.audit(&batch, done, tells, failed),
            Job::Audited { filter, done } => {
                let read = failed.map_or_else(|| audit::read(connection, &filter), |error| Err(error.clone()));
                drop(done.send(read));
                return Ok(LOAD);
            }
            Job::Append { append, done } => return self.append(append, done, tells, failed),
            Job::Snapshot { save, done } => {
                if failed.is_some() {
                    tells.push(Box::new(move |result| drop(done.send(result))));
                    return Ok(0);
                }
                return self.snapshot(save, done, tells);
            }
        }
        Ok(0)
    }

    /// Writes the next part of the large one; the last one makes it visible.
    fn write_part(&mut self, tells: &mut Vec<Tell>) -> Result<(), PortError> {
        let Some(mut large) = self.large.take() else {
            return Ok(());
        };
        match tables::head(&self.connection, large.end.guild) {
            Ok(head) => {
                // Since the part before, another process may have come to own the guild, and may have written this revision.
                if let Some(refusal) = tables::fences(head.epoch, large.end.head.epoch) {
                    (large.tell)(Err(refusal));
                    self.release();
                    return Ok(());
                }
            }
            Err(error) => {
                self.large = Some(large);
                return Err(error);
            }
        }
        if let Some(data) = large.rest.pop_front() {
            if let Err(error) = tables::put_part(&self.connection, large.place, large.part, &data) {
                self.large = Some(large);
                return Err(error);
            }
            self.taken.more(data.len());
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
    pub(super) fn finish(&mut self, place: Place, end: &End) -> Result<(), PortError> {
        if matches!(place.table, Table::Snap) {
            tables::compact(&self.connection, place.ordinal, place.revision)?;
            self.journals.remove(&end.guild);
        }
        if !end.is_seen {
            tables::set_head(&self.connection, end.guild, &end.head)?;
        }
        self.wake(end.shard, end.guild, end.awake)
    }

    /// Notes whether a process that starts must load the guild.
    pub(super) fn wake(&mut self, shard: ShardId, guild: GuildId, awake: bool) -> Result<(), PortError> {
        let key = (shard.0, guild.0);
        if self.awake.get(&key) != Some(&awake) {
            tables::set_awake(&self.connection, shard, guild, awake)?;
            self.awake.insert(key, awake);
        }
        Ok(())
    }
}

/// Carries what is committed to the disk without making writers wait. Tells whether it could. `could`: the one before; a
/// disk that stays full is told once.
pub(super) fn checkpoint(connection: &Connection, could: bool) -> bool {
    match connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())) {
        Ok(()) => true,
        Err(error) if could => {
            tracing::warn!(%error, "the store's side checkpoint failed; what is committed stands in the write-ahead file");
            false
        }
        Err(error) => {
            tracing::debug!(%error, "the store's side checkpoint still fails");
            false
        }
    }
}
