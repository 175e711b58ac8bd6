//! A guild store in memory that keeps the contract: one writer, calls in order, gaps and stale owners refused. It outlives
//! the processes of its world, and can be slow, down, or silent.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use ostinato_machine::guild::Record;
use ostinato_machine::ids::{GuildId, ShardId};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::clock::VirtualClock;
use super::trace::{Trace, What};
use crate::ports::{
    Append, Appended, Audit, AuditFilter, Clock as _, GuildStore, Owner, PortError, PortErrorKind, Save,
    ShardCheckpoint, Stored, StoredShard, Told, Work,
};
use crate::station::sleep_ms;

/// Bytes of a journal from which on a snapshot is wanted.
const COMPACT_FROM: usize = 64 * 1024;

/// How the store behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreMode {
    /// It commits after so long, ms.
    Up(u64),
    /// It refuses every call.
    Down,
    /// It answers nothing, until it behaves otherwise.
    Silent,
}

/// The store of a world.
pub struct FakeStore {
    state: Rc<State>,
    jobs: mpsc::UnboundedSender<(Instant, Life, Job)>,
}

/// Whether the process that called still lives.
pub(super) type Life = Rc<Cell<bool>>;

struct State {
    clock: Rc<VirtualClock>,
    trace: Trace,
    mode: Cell<StoreMode>,
    guilds: RefCell<BTreeMap<GuildId, Journal>>,
    shards: RefCell<BTreeMap<ShardId, (u64, StoredShard)>>,
    audit: RefCell<BTreeMap<u64, Told>>,
}

#[derive(Default)]
struct Journal {
    epoch: u64,
    bytes: usize,
    stored: Stored,
    shard: Option<ShardId>,
    awake: bool,
}

type Job = Box<dyn FnOnce(&State, StoreMode)>;

impl FakeStore {
    pub(super) fn new(clock: Rc<VirtualClock>, trace: Trace) -> Rc<Self> {
        let (jobs, mut inbox) = mpsc::unbounded_channel::<(Instant, Life, Job)>();
        let state = Rc::new(State {
            clock,
            trace,
            mode: Cell::new(StoreMode::Up(1)),
            guilds: RefCell::default(),
            shards: RefCell::default(),
            audit: RefCell::default(),
        });
        let writer = Rc::clone(&state);
        actix_rt::spawn(async move {
            while let Some((asked, life, job)) = inbox.recv().await {
                let mode = loop {
                    match writer.mode.get() {
                        StoreMode::Silent => sleep_ms(20).await,
                        other @ (StoreMode::Up(_) | StoreMode::Down) => break other,
                    }
                };
                // Each call takes its own time, whatever others ask: one guild's calls don't delay another's.
                if let StoreMode::Up(ms) = mode
                    && let Some(left) = Duration::from_millis(ms).checked_sub(asked.elapsed())
                    && !left.is_zero()
                {
                    tokio::time::sleep(left).await;
                }
                // What a killed process had not committed is lost with it.
                if life.get() {
                    job(&writer, mode);
                }
            }
        });
        Rc::new(Self { state, jobs })
    }

    /// Changes how the store behaves from now on.
    pub fn set(&self, mode: StoreMode) {
        self.state.mode.set(mode);
    }

    /// What is stored of a guild.
    pub fn stored(&self, guild: GuildId) -> Stored {
        let guilds = self.state.guilds.borrow();
        guilds
            .get(&guild)
            .map(|journal| journal.stored.clone())
            .unwrap_or_default()
    }

    /// The newest durable revision of a guild.
    pub fn revision(&self, guild: GuildId) -> u64 {
        self.state.guilds.borrow().get(&guild).map_or(0, Journal::revision)
    }

    /// What is stored of the guild was written by a release to come.
    pub fn spoil(&self, guild: GuildId) {
        let mut guilds = self.state.guilds.borrow_mut();
        let Some(journal) = guilds.get_mut(&guild) else { return };
        if let Some(snapshot) = &mut journal.stored.snapshot {
            snapshot.v = u8::MAX;
        }
        for record in &mut journal.stored.records {
            record.v = u8::MAX;
        }
    }

    /// Another process takes the guild over: from now on it has this epoch.
    pub fn take_over(&self, guild: GuildId, epoch: u64) {
        let mut guilds = self.state.guilds.borrow_mut();
        guilds.entry(guild).or_default().epoch = epoch;
    }

    /// Loses what is stored of a guild.
    pub fn forget(&self, guild: GuildId) {
        self.state.guilds.borrow_mut().remove(&guild);
    }

    /// The stored side data of a shard.
    pub fn shard(&self, shard: ShardId) -> StoredShard {
        self.state.shard(shard)
    }

    /// The stored audit, oldest first.
    pub fn audit(&self) -> Vec<Told> {
        self.state.audit.borrow().values().cloned().collect()
    }

    pub(super) fn port(self: &Rc<Self>, life: &Life) -> Rc<dyn GuildStore> {
        Rc::new(Port {
            store: Rc::clone(self),
            life: Rc::clone(life),
        })
    }
}

impl Journal {
    fn revision(&self) -> u64 {
        let snapshot = self.stored.snapshot.as_ref().map_or(0, |snapshot| snapshot.revision);
        self.stored.records.last().map_or(snapshot, |record| record.revision)
    }
}

impl State {
    fn append(&self, append: &Append) -> Result<Appended, PortError> {
        let mut guilds = self.guilds.borrow_mut();
        let journal = guilds.entry(append.guild).or_default();
        let record: &Record = &append.record;
        fence(&mut journal.epoch, record.epoch)?;
        let head = journal.revision();
        if record.revision <= head {
            return Ok(Appended { wants_snapshot: false });
        }
        if record.revision != head + 1 {
            let message = format!("revision {} does not follow {head}", record.revision);
            return Err(PortError::new(PortErrorKind::Refused, message));
        }
        // As self-describing text, as every store writes it: what does not survive that is not stored.
        let text = serde_json::to_string(record).map_err(malformed)?;
        journal.bytes += text.len();
        journal
            .stored
            .records
            .push(serde_json::from_str(&text).map_err(malformed)?);
        (journal.shard, journal.awake) = (Some(append.shard), append.awake);
        let stored = What::Stored(record.revision, record.cause.clone());
        self.trace.note(self.clock.monotonic_ms(), Some(append.guild), stored);
        Ok(Appended {
            wants_snapshot: journal.bytes > COMPACT_FROM,
        })
    }

    fn load(&self, guild: GuildId, epoch: u64) -> Result<Stored, PortError> {
        let mut guilds = self.guilds.borrow_mut();
        let journal = guilds.entry(guild).or_default();
        fence(&mut journal.epoch, epoch)?;
        Ok(journal.stored.clone())
    }

    fn snapshot(&self, save: &Save) -> Result<(), PortError> {
        let Save {
            guild,
            shard,
            epoch,
            snapshot,
            awake,
        } = save;
        let mut guilds = self.guilds.borrow_mut();
        let journal = guilds.entry(*guild).or_default();
        fence(&mut journal.epoch, *epoch)?;
        if journal
            .stored
            .snapshot
            .as_ref()
            .is_some_and(|old| old.revision > snapshot.revision)
        {
            return Ok(());
        }
        let text = serde_json::to_string(snapshot).map_err(malformed)?;
        journal
            .stored
            .records
            .retain(|record| record.revision > snapshot.revision);
        journal.stored.snapshot = Some(serde_json::from_str(&text).map_err(malformed)?);
        (journal.bytes, journal.shard, journal.awake) = (0, Some(*shard), *awake);
        let saved = What::Saved(snapshot.revision);
        self.trace.note(self.clock.monotonic_ms(), Some(*guild), saved);
        Ok(())
    }

    fn shard(&self, shard: ShardId) -> StoredShard {
        let (_, mut stored) = self.shards.borrow().get(&shard).cloned().unwrap_or_default();
        let guilds = self.guilds.borrow();
        let awake = guilds
            .iter()
            .filter(|(_, journal)| journal.awake && journal.shard == Some(shard));
        stored.awake = awake.map(|(guild, _)| *guild).collect();
        stored
    }

    fn load_shard(&self, shard: ShardId, epoch: u64) -> Result<StoredShard, PortError> {
        fence(&mut self.shards.borrow_mut().entry(shard).or_default().0, epoch)?;
        Ok(self.shard(shard))
    }

    fn checkpoint(&self, shard: ShardId, epoch: u64, checkpoint: ShardCheckpoint) -> Result<(), PortError> {
        let mut shards = self.shards.borrow_mut();
        let (owner, stored) = shards.entry(shard).or_default();
        fence(owner, epoch)?;
        if let Some(gateway) = checkpoint.gateway {
            stored.gateway = gateway;
        }
        let changed: BTreeSet<u64> = checkpoint.seats.iter().map(|seats| seats.guild).collect();
        stored.seats.retain(|seats| !changed.contains(&seats.guild));
        let kept = checkpoint.seats.into_iter();
        stored
            .seats
            .extend(kept.filter(|seats| !seats.seats.is_empty() || seats.own.is_some()));
        for (node, session) in checkpoint.nodes {
            stored.nodes.retain(|(known, _)| *known != node);
            stored.nodes.extend(session.map(|session| (node, session)));
        }
        for (guild, about) in checkpoint.known {
            stored.known.retain(|(known, _)| *known != guild);
            stored.known.extend(about.map(|about| (guild, about)));
        }
        Ok(())
    }

    fn audit(&self, batch: &[Audit]) -> Result<(), PortError> {
        let mut audit = self.audit.borrow_mut();
        for entry in batch {
            let text = serde_json::to_string(&entry.told).map_err(malformed)?;
            audit
                .entry(entry.id)
                .or_insert(serde_json::from_str(&text).map_err(malformed)?);
        }
        let mut counts: BTreeMap<Owner, u32> = BTreeMap::new();
        let mut kept = |told: &Told| {
            let count = counts.entry(told.owner()).or_default();
            *count += 1;
            *count <= told.owner().keeps()
        };
        let gone: Vec<u64> = audit
            .iter()
            .rev()
            .filter(|(_, told)| !kept(told))
            .map(|(id, _)| *id)
            .collect();
        for id in gone {
            audit.remove(&id);
        }
        Ok(())
    }

    fn audited(&self, filter: &AuditFilter) -> Vec<Audit> {
        let meant = |id: u64, told: &Told| {
            filter.guild.is_none_or(|guild| told.owner() == Owner::Guild(guild))
                && filter.kind.is_none_or(|kind| told.kind() == kind)
                && filter.before.is_none_or(|before| id < before)
                && id >= Audit::first_of(filter.since_ms)
        };
        let audit = self.audit.borrow();
        let found = audit.iter().rev().filter(|(id, told)| meant(**id, told));
        let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
        found
            .take(limit)
            .map(|(id, told)| Audit {
                id: *id,
                told: told.clone(),
            })
            .collect()
    }
}

/// Refuses who has a lower epoch than the owner; who has a higher one is the owner from now on.
fn fence(owner: &mut u64, epoch: u64) -> Result<(), PortError> {
    if epoch < *owner {
        let message = format!("epoch {epoch} is over, {owner} owns it");
        return Err(PortError::new(PortErrorKind::Gone, message));
    }
    *owner = epoch;
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "the shape that map_err wants")]
fn malformed(error: serde_json::Error) -> PortError {
    PortError::new(PortErrorKind::Malformed, error.to_string())
}

/// The store as one process sees it.
struct Port {
    store: Rc<FakeStore>,
    life: Life,
}

impl Port {
    fn call<T: 'static>(&self, act: impl FnOnce(&State) -> Result<T, PortError> + 'static) -> Work<T> {
        let (done, answer) = oneshot::channel();
        let job: Job = Box::new(move |state, mode| {
            let result = match mode {
                StoreMode::Down => Err(PortError::new(PortErrorKind::Unreachable, "the store is down")),
                StoreMode::Up(_) | StoreMode::Silent => act(state),
            };
            let _ = done.send(result);
        });
        // The writer lives as long as the world.
        let _ = self.store.jobs.send((Instant::now(), Rc::clone(&self.life), job));
        async move {
            match answer.await {
                Ok(result) => result,
                Err(_) => std::future::pending().await,
            }
        }
        .boxed_local()
    }
}

impl GuildStore for Port {
    fn load(&self, guild: GuildId, epoch: u64) -> Work<Stored> {
        self.call(move |state| state.load(guild, epoch))
    }

    fn append(&self, append: Append) -> Work<Appended> {
        self.call(move |state| state.append(&append))
    }

    fn snapshot(&self, save: Save) -> Work<()> {
        self.call(move |state| state.snapshot(&save))
    }

    fn load_shard(&self, shard: ShardId, epoch: u64) -> Work<StoredShard> {
        self.call(move |state| state.load_shard(shard, epoch))
    }

    fn checkpoint(&self, shard: ShardId, epoch: u64, checkpoint: ShardCheckpoint) -> Work<()> {
        self.call(move |state| state.checkpoint(shard, epoch, checkpoint))
    }

    fn audit(&self, batch: Arc<[Audit]>) -> Work<()> {
        self.call(move |state| state.audit(&batch))
    }

    fn audited(&self, filter: AuditFilter) -> Work<Vec<Audit>> {
        self.call(move |state| Ok(state.audited(&filter)))
    }
}
