//! Records and snapshots on their way into the tables: what is refused, what is written at once, what in parts.
//!
//! What is visible is never written over: a record or snapshot of a revision that is there already is either the same
//! one again, or refused.

use std::collections::hash_map::Entry;
use std::sync::Arc;

use ostinato_actors::ports::{Append, Appended, PortError, PortErrorKind, Save, ShardCheckpoint};
use ostinato_machine::ids::{GuildId, ShardId};

use super::job::{Done, Job};
use super::load::FIRST;
use super::tables::{self, Head, Ordinal, Place, Table, WHOLE};
use super::writer::{End, Large, PART, Tell, Writer};

/// A journal smaller than this is never compacted, bytes.
const COMPACT_FROM: u64 = 64 * 1024;

/// So many guilds that become known at once are a start, and no invitation.
const MANY: usize = 32;

/// Most journals whose length is remembered.
const JOURNALS: usize = 16_384;

fn appended(done: Done<Appended>, wants_snapshot: bool) -> Tell {
    Box::new(move |result: Result<(), PortError>| drop(done.send(result.map(|()| Appended { wants_snapshot }))))
}

fn told(done: Done<()>) -> Tell {
    Box::new(move |result| drop(done.send(result)))
}

impl Writer {
    /// Writes a record, or tells why not. An error fails the whole commit; the caller hears of it with the others.
    pub(super) fn append(
        &mut self,
        append: Append,
        done: Done<Appended>,
        tells: &mut Vec<Tell>,
        failed: Option<&PortError>,
    ) -> Result<usize, PortError> {
        if failed.is_some() {
            tells.push(appended(done, false));
            return Ok(0);
        }
        let record = Arc::clone(&append.record);
        let data = match serde_json::to_vec(&*record) {
            Ok(data) => data,
            Err(error) => {
                drop(done.send(Err(tables::unwritable(error))));
                return Ok(0);
            }
        };
        let (head, refusal) = match self.look(&append, &data) {
            Ok(found) => found,
            Err(error) => {
                tells.push(appended(done, false));
                return Err(error);
            }
        };
        if let Some(refusal) = refusal {
            drop(done.send(Err(refusal)));
            return Ok(0);
        }
        if record.revision <= head.revision {
            // Written already, and the caller did not hear of it: saying so again is harmless.
            tells.push(appended(done, false));
            return Ok(0);
        }
        if data.len() > PART && self.large.is_some() {
            self.deferred.push_back(Job::Append { append, done });
            return Ok(0);
        }
        let (ordinal, journal) = match self.ordinal(append.guild, &head, data.len() as u64) {
            Ok(found) => found,
            Err(error) => {
                tells.push(appended(done, false));
                return Err(error);
            }
        };
        let wants_snapshot = journal > COMPACT_FROM.max(head.snap_bytes);
        let place = Place {
            table: Table::Log,
            ordinal,
            revision: record.revision,
        };
        // What stands in one row is seen without the guild's row: that is half of the pages of most commits.
        let is_seen = data.len() <= PART && record.epoch == head.epoch;
        let end = End {
            guild: append.guild,
            is_seen,
            head: Head {
                epoch: record.epoch,
                revision: record.revision,
                ..head
            },
            shard: append.shard,
            awake: append.awake,
        };
        self.put(place, end, &data, appended(done, wants_snapshot), tells)
    }

    /// Where the guild's rows stand, and the bytes of its journal with `more` of it.
    fn ordinal(&mut self, guild: GuildId, head: &Head, more: u64) -> Result<(Ordinal, u64), PortError> {
        let ordinal = tables::number(&self.connection, guild, head)?;
        if self.journals.len() >= JOURNALS && !self.journals.contains_key(&guild) {
            self.journals.clear();
        }
        let journal = match self.journals.entry(guild) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(tables::log_bytes(&self.connection, ordinal)?),
        };
        *journal += more;
        Ok((ordinal, *journal))
    }

    /// What is visible of the guild, and why the record may not be written.
    fn look(&self, append: &Append, data: &[u8]) -> Result<(Head, Option<PortError>), PortError> {
        let record = &append.record;
        let head = tables::head(&self.connection, append.guild)?;
        let mut refusal = head.refuses(record.epoch, record.revision);
        if refusal.is_none() && record.revision <= head.revision {
            let there = match head.ordinal {
                Some(ordinal) => tables::record(&self.connection, ordinal, record.revision)?,
                None => None,
            };
            if there.is_some_and(|there| there != data) {
                let message = format!("another record of revision {} is written already", record.revision);
                refusal = Some(PortError::new(PortErrorKind::Refused, message));
            }
        }
        Ok((head, refusal))
    }

    /// Writes a snapshot, unless one as young is there. An error fails the whole commit.
    pub(super) fn snapshot(
        &mut self,
        save: Box<Save>,
        done: Done<()>,
        tells: &mut Vec<Tell>,
    ) -> Result<usize, PortError> {
        let (guild, shard, awake) = (save.guild, save.shard, save.awake);
        let revision = save.snapshot.revision;
        let head = match tables::head(&self.connection, guild) {
            Ok(head) => head,
            Err(error) => {
                tells.push(told(done));
                return Err(error);
            }
        };
        if let Some(refusal) = tables::fences(head.epoch, save.epoch) {
            drop(done.send(Err(refusal)));
            return Ok(0);
        }
        if head.snap_bytes > 0 && revision <= head.snap_revision {
            tells.push(told(done));
            return self.wake(shard, guild, awake).map(|()| 0);
        }
        let data = match serde_json::to_vec(&save.snapshot) {
            Ok(data) => data,
            Err(error) => {
                drop(done.send(Err(tables::unwritable(error))));
                return Ok(0);
            }
        };
        if data.len() > PART && self.large.is_some() {
            self.deferred.push_back(Job::Snapshot { save, done });
            return Ok(0);
        }
        let head = Head {
            epoch: save.epoch,
            revision: head.revision.max(revision),
            snap_revision: revision,
            snap_bytes: data.len() as u64,
            ..head
        };
        let ordinal = match tables::number(&self.connection, guild, &head) {
            Ok(ordinal) => ordinal,
            Err(error) => {
                tells.push(told(done));
                return Err(error);
            }
        };
        let place = Place {
            table: Table::Snap,
            ordinal,
            revision,
        };
        let end = End {
            guild,
            is_seen: false,
            head,
            shard,
            awake,
        };
        self.put(place, end, &data, told(done), tells)
    }

    /// Writes side data of a shard, or tells why not. An error fails the whole commit; the caller hears of it with the
    /// others.
    pub(super) fn checkpoint(
        &mut self,
        (shard, epoch): (ShardId, u64),
        checkpoint: &ShardCheckpoint,
        done: Done<()>,
        tells: &mut Vec<Tell>,
        failed: Option<&PortError>,
    ) -> Result<usize, PortError> {
        let owner = match failed {
            Some(error) => Err(error.clone()),
            None => tables::shard_epoch(&self.connection, shard),
        };
        if let Some(refusal) = owner.as_ref().ok().and_then(|owner| tables::fences(*owner, epoch)) {
            drop(done.send(Err(refusal)));
            return Ok(0);
        }
        let figures = Arc::clone(&self.figures);
        let session = checkpoint.gateway.as_ref();
        let stored = session.map(|session| session.as_ref().map(|at| at.sequence));
        tells.push(Box::new(move |result: Result<(), PortError>| {
            if let (Ok(()), Some(sequence)) = (&result, stored) {
                figures.stored(shard, sequence);
            }
            drop(done.send(result));
        }));
        if failed.is_some() {
            return Ok(0);
        }
        if epoch > owner?.max(FIRST) {
            tables::set_shard_epoch(&self.connection, shard, epoch)?;
        }
        let bytes = tables::checkpoint(&self.connection, shard, checkpoint)?;
        self.taken.more(bytes);
        self.once |= checkpoint.known.len() >= MANY;
        Ok(bytes)
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
        if let Some(refusal) = place.refuses(bytes.div_ceil(PART)) {
            tell(Err(refusal));
            return Ok(0);
        }
        if bytes > PART {
            self.large = Some(Large {
                place,
                end,
                rest: data.chunks(PART).map(<[u8]>::to_vec).collect(),
                part: 0,
                tell,
            });
            return Ok(0);
        }
        tells.push(tell);
        let part = match place.table {
            Table::Log => WHOLE,
            Table::Snap => 0,
        };
        tables::put_part(&self.connection, place, part, data)?;
        self.taken.more(bytes);
        self.finish(place, &end)?;
        Ok(bytes)
    }
}
