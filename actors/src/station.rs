//! What one arbiter has: ports, shards, gate and lanes. It outlives every actor on it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use ostinato_machine::guild::{Input, Say, Stamped, command_name};
use ostinato_machine::ids::{CauseId, GuildId, ShardId};
use ostinato_machine::slot::{Refused, SlotInput};
use tokio::sync::{mpsc, watch};

use crate::chronicle::{Chronicle, Count};
use crate::faults::{self, Faults, Note, Strike};
use crate::gate::Gate;
use crate::ingress;
use crate::lanes::Lanes;
use crate::messages::{Item, Work};
use crate::ports::Ports;
use crate::root::Fatal;
use crate::settings::Settings;
use crate::shard::{Now, Shard};

/// Before a task that failed is begun anew, ms.
const KEEP_MS: u64 = 1_000;

/// One arbiter's belongings.
pub(crate) struct Station {
    pub(crate) settings: Settings,
    pub(crate) ports: Ports,
    pub(crate) gate: Gate,
    pub(crate) lanes: Lanes,
    pub(crate) faults: Option<Faults>,
    pub(crate) chronicle: Arc<Chronicle>,
    shards: RefCell<BTreeMap<ShardId, Rc<Shard>>>,
    over: watch::Sender<bool>,
    fatal: mpsc::Sender<Fatal>,
    /// Whether the last word from the store was an error: said once, not for each guild.
    pub(crate) store_down: Cell<bool>,
}

impl Station {
    pub(crate) fn new(
        settings: Settings,
        ports: Ports,
        faults: Option<Faults>,
        chronicle: Arc<Chronicle>,
        fatal: mpsc::Sender<Fatal>,
    ) -> Rc<Self> {
        Rc::new(Self {
            settings,
            ports,
            gate: Gate::default(),
            lanes: Lanes::default(),
            faults,
            chronicle,
            shards: RefCell::default(),
            over: watch::Sender::new(false),
            fatal,
            store_down: Cell::new(false),
        })
    }

    pub(crate) fn add(&self, shard: Rc<Shard>) {
        self.shards.borrow_mut().insert(shard.id, shard);
    }

    pub(crate) fn shard(&self, id: ShardId) -> Option<Rc<Shard>> {
        self.shards.borrow().get(&id).cloned()
    }

    pub(crate) fn shards(&self) -> Vec<Rc<Shard>> {
        self.shards.borrow().values().cloned().collect()
    }

    pub(crate) fn now(&self) -> Now {
        let clock = &self.ports.clock;
        Now {
            rising_ms: clock.monotonic_ms(),
            wall_ms: clock.now_ms(),
            chance: clock.chance(),
        }
    }

    /// Runs a task of this station; it ends with the station.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + 'static) {
        let mut over = self.over.subscribe();
        actix_rt::spawn(async move {
            tokio::select! {
                biased;
                _ = over.wait_for(|over| *over) => {}
                () = task => {}
            }
        });
    }

    /// Runs a task of this station that must never end early: after a fault it is begun anew.
    pub(crate) fn keep<T: Future<Output = ()> + 'static>(&self, name: &'static str, task: impl Fn() -> T + 'static) {
        self.spawn(async move {
            while AssertUnwindSafe(task()).catch_unwind().await.is_err() {
                tracing::error!(name, "a task of the arbiter failed; it is begun anew");
                sleep_ms(KEEP_MS).await;
            }
        });
    }

    /// Ends every task of this station.
    pub(crate) fn end(&self) {
        self.over.send_replace(true);
    }

    /// Ends everything here as a killed process does.
    pub(crate) fn vanish(&self) {
        self.end();
        for shard in self.shards.take().into_values() {
            shard.vanish();
        }
    }

    /// The process can't go on.
    pub(crate) fn fatal(&self, fatal: Fatal) {
        // A full channel means that the process has been told already.
        let _ = self.fatal.try_send(fatal);
    }

    /// Panics if the world wants a fault here.
    pub(crate) fn strike(&self, at: Strike, guild: GuildId, input: Option<&Stamped>) {
        faults::strike(self.faults.as_ref(), at, guild, input);
    }

    /// Counts what became of an input or an actor, and tells the world, if there is one.
    pub(crate) fn note(&self, guild: GuildId, note: Note) {
        let count = match note {
            Note::Accepted => Some(Count::Accepted),
            Note::Applied => Some(Count::Applied),
            Note::Refused => Some(Count::Refused),
            Note::Started => Some(Count::Started),
            Note::Parked => Some(Count::Parked),
            // The chronicle knows more of these than their number.
            Note::DeadLettered | Note::Died | Note::Alarm => None,
        };
        if let Some(count) = count {
            self.chronicle.count(count);
        }
        faults::note(self.faults.as_ref(), guild, note);
    }

    /// The way to a guild on this arbiter. Whoever waits for a refused command is answered at once.
    pub(crate) fn push(
        self: &Rc<Self>,
        guild: GuildId,
        cause: CauseId,
        input: Input,
        sequence: u64,
    ) -> Result<(), Refused> {
        let waits = match &input {
            Input::Command {
                command,
                reply: Some(reply),
                ..
            } => Some((command_name(command), reply.clone())),
            Input::Command { .. }
            | Input::Restored(_)
            | Input::Seat(_)
            | Input::Seats(_)
            | Input::OwnVoice { .. }
            | Input::ChannelGone { .. }
            | Input::GuildGone
            | Input::VoiceServer { .. }
            | Input::VoiceLost
            | Input::Placed { .. }
            | Input::Player { .. }
            | Input::Done { .. }
            | Input::Card(_)
            | Input::Expired { .. }
            | Input::Wake
            | Input::Fault(_) => None,
        };
        let result = self.admit(guild, cause, input, sequence);
        if result.is_err() {
            self.chronicle.count(Count::TurnedAway);
        }
        if let (Some((command, reply)), Err(why)) = (&waits, &result) {
            tracing::info!(%guild, command, cause = reply.id, %why, "a command was refused at the door");
            self.lanes.replies.say(self, guild, reply, Say::Refused(why.refusal()));
        }
        result
    }

    fn admit(self: &Rc<Self>, guild: GuildId, cause: CauseId, input: Input, sequence: u64) -> Result<(), Refused> {
        let id = ingress::shard_of(guild, self.settings.total_shards);
        let shard = self.shard(id).ok_or(Refused::NotHere)?;
        let (at_ms, seed) = (self.ports.clock.now_ms(), self.ports.clock.chance());
        let mut command = None;
        if let Input::Command { reply, .. } = &input {
            command = Some(self.ports.clock.monotonic_ms());
            if let Some(reply) = reply {
                // Its timer runs from here on, whatever becomes of guild and store.
                self.lanes
                    .replies
                    .open(self, guild, reply, shard.marks.open(sequence))?;
            }
        }
        let item = Item {
            stamped: Stamped {
                at_ms,
                seed,
                cause,
                input,
            },
            mark: shard.marks.open(sequence),
        };
        shard.offer(guild, item, command, &self.settings)?;
        self.note(guild, Note::Accepted);
        Ok(())
    }

    /// Tells a guild a fact. Cold guilds are not woken for it: what they must know they are told at their start.
    pub(crate) fn fact(self: &Rc<Self>, shard: &Shard, guild: GuildId, input: Input, sequence: u64) {
        if shard.sleeps(guild) {
            return;
        }
        if let Err(why) = self.push(guild, CauseId::Internal, input, sequence) {
            tracing::debug!(%guild, shard = %shard.id, %why, "a fact was refused; the guild learns it at its next start");
        }
    }

    /// Runs a guild although nobody asked for it.
    pub(crate) fn activate(&self, shard: &Shard, guild: GuildId) {
        shard.table.borrow_mut().activating.insert(guild);
        shard.put(guild, Work::Slot(SlotInput::Activate));
    }
}

/// Waits; for lanes, the gate and the shards' timers alone.
pub(crate) async fn sleep_ms(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
