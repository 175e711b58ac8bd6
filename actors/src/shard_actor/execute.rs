//! Doing what a slot wants done.

use std::rc::Rc;
use std::sync::Arc;

use actix::Actor as _;
use ostinato_machine::guild::{Guild, Input, Refusal, Restored, Said, Say, Stamped, command_name};
use ostinato_machine::ids::{CauseId, GuildId};
use ostinato_machine::slot::{LoadFault, Phase, Refused, SlotInput, SlotOutput};

use super::ShardActor;
use crate::chronicle::{Cause, DeadLetter};
use crate::faults::Note;
use crate::guild_actor::GuildActor;
use crate::messages::{Deliver, Item, Retire, Work};
use crate::obituary;
use crate::ports::Stored;
use crate::record::input_name;
use crate::shard::{Greeting, Shard};
use crate::station::{Station, sleep_ms};

impl ShardActor {
    pub(super) fn execute(&self, guild: GuildId, output: SlotOutput<Item>, loaded: &mut Option<Box<Guild>>) {
        let shard = self.shard.id;
        match output {
            SlotOutput::Load { attempt } => {
                let work = load(Rc::clone(&self.station), Rc::clone(&self.shard), guild, attempt);
                self.station.spawn(work);
            }
            SlotOutput::Start { incarnation, cold } => self.start(guild, incarnation, cold, loaded),
            SlotOutput::Deliver {
                incarnation,
                seq,
                input,
            } => self.deliver(guild, incarnation, seq, input),
            SlotOutput::Refuse { input, why } => self.refuse(guild, &input, &why),
            SlotOutput::DeadLetter { input, reference, .. } => {
                self.station.note(guild, Note::DeadLettered);
                let (command, cause) = (input_name(&input.stamped.input), &input.stamped.cause);
                tracing::error!(%guild, %shard, command, ?cause, %reference, "a dead letter: this input killed its guild and is not tried again");
                self.station.chronicle.dead_letter(DeadLetter {
                    at_ms: self.station.ports.clock.now_ms(),
                    guild,
                    shard,
                    input: command.into(),
                    cause: cause.clone(),
                    reference: Arc::clone(&reference),
                });
                let reference = reference.as_ref().into();
                self.tell(guild, &input, Refusal::Fault { reference });
            }
            SlotOutput::Save { incarnation } => {
                let (station, shard) = (Rc::clone(&self.station), Rc::clone(&self.shard));
                self.station.spawn(async move {
                    let saved = station.gate.save(&station, &shard, guild).await;
                    shard.put(guild, Work::Slot(SlotInput::Saved { incarnation, saved }));
                });
            }
            SlotOutput::Retire { incarnation } => self.retire(guild, incarnation),
            SlotOutput::End { .. } => self.shard.table.borrow_mut().entry(guild).end(),
            SlotOutput::Drop => {
                let mut table = self.shard.table.borrow_mut();
                table.entry(guild).value = None;
            }
            SlotOutput::BackingOff { rung, until_ms } => {
                let in_ms = until_ms.saturating_sub(self.station.ports.clock.monotonic_ms());
                tracing::warn!(%guild, %shard, rung, in_ms, "the guild will be started again");
            }
            SlotOutput::Parked { reference, probe_at_ms } => {
                let now_ms = self.station.ports.clock.monotonic_ms();
                let probe_in_ms = probe_at_ms.map(|at_ms| at_ms.saturating_sub(now_ms));
                tracing::error!(%guild, %shard, %reference, ?probe_in_ms, "a guild is parked; what led to it stands in the lines before");
                self.station.note(guild, Note::Parked);
                {
                    let mut table = self.shard.table.borrow_mut();
                    let entry = table.entry(guild);
                    entry.end();
                    entry.trail.park(self.station.ports.clock.now_ms());
                }
                self.silence_later(guild);
            }
        }
    }

    fn retire(&self, guild: GuildId, incarnation: u64) {
        let told = {
            let mut table = self.shard.table.borrow_mut();
            let address = table.entry(guild).address.as_ref();
            let address = address.filter(|address| address.connected());
            address.map(|address| address.do_send(Retire))
        };
        if told.is_none() {
            self.lost(guild, incarnation, Cause::Gone);
        }
    }

    /// Nobody can control the player of a guild that stays parked: after a while it goes, and the channel is left.
    fn silence_later(&self, guild: GuildId) {
        let (station, shard) = (Rc::clone(&self.station), Rc::clone(&self.shard));
        self.station.spawn(async move {
            sleep_ms(station.settings.parked_leave_ms).await;
            if shard.phase(guild) == Phase::Parked && !station.gate.is_fenced(guild) {
                station.lanes.silence(&station, &shard, guild);
            }
        });
    }

    fn start(&self, guild: GuildId, incarnation: u64, cold: bool, loaded: &mut Option<Box<Guild>>) {
        let value = self.shard.table.borrow_mut().entry(guild).value.take();
        let Some(value) = value.or_else(|| loaded.take()) else {
            return self.lost(guild, incarnation, Cause::NoValue);
        };
        let restored = {
            let seats = self.shard.seats.borrow();
            Restored {
                incarnation,
                seats: seats.of(guild),
                own: seats.own(guild),
                player: self.station.lanes.player(guild),
                cold,
            }
        };
        self.station.note(guild, Note::Started);
        self.station.lanes.restart(&self.shard, guild, restored.own.as_ref());
        let stamped = Stamped {
            at_ms: self.station.ports.clock.now_ms(),
            seed: self.station.ports.clock.chance(),
            cause: CauseId::Internal,
            input: Input::Restored(Box::new(restored)),
        };
        let (station, shard) = (Rc::clone(&self.station), Rc::clone(&self.shard));
        let address = GuildActor::new(station, shard, guild, incarnation, value).start();
        let item = Arc::new(Item { stamped, mark: None });
        address.do_send(Deliver { seq: 0, item });
        self.shard.table.borrow_mut().entry(guild).address = Some(address);
    }

    fn deliver(&self, guild: GuildId, incarnation: u64, seq: u64, item: Arc<Item>) {
        let sent = {
            let mut table = self.shard.table.borrow_mut();
            let address = table.entry(guild).address.as_ref();
            let address = address.filter(|address| address.connected());
            address.map(|address| address.do_send(Deliver { seq, item }))
        };
        if sent.is_some() {
            return;
        }
        self.lost(guild, incarnation, Cause::Gone);
    }

    fn refuse(&self, guild: GuildId, item: &Item, why: &Refused) {
        self.station.note(guild, Note::Refused);
        if let Input::Command { command, .. } = &item.stamped.input {
            let command = command_name(command);
            tracing::info!(%guild, shard = %self.shard.id, command, cause = ?item.stamped.cause, %why, "a command was refused");
        }
        self.tell(guild, item, why.refusal());
    }

    /// Tells whoever waits for this input why it is not done.
    fn tell(&self, guild: GuildId, item: &Item, refusal: Refusal) {
        if let Input::Command { reply: Some(reply), .. } = &item.stamped.input {
            let replies = &self.station.lanes.replies;
            replies.say(&self.station, guild, reply, Say::Refused(refusal));
        }
    }
}

/// Reads a guild and rebuilds its value.
async fn load(station: Rc<Station>, shard: Rc<Shard>, guild: GuildId, attempt: u64) {
    known(&station, &shard, guild).await;
    let stored = station.ports.store.load(guild, station.settings.epoch).await;
    if stored.is_ok() {
        station.gate.owns(guild);
    }
    let work = match stored {
        Ok(stored) => match rebuild(&station, guild, stored) {
            Ok(value) => Work::Loaded { attempt, guild: value },
            Err(said) => unreadable(&station, &shard, guild, attempt, &said),
        },
        Err(error) if error.is_retryable() => {
            tracing::warn!(%guild, shard = %shard.id, %error, "a guild can't be read now");
            let fault = LoadFault::Unreachable;
            Work::Slot(SlotInput::LoadFailed { attempt, fault })
        }
        Err(error) => unreadable(&station, &shard, guild, attempt, &error),
    };
    shard.put(guild, work);
}

/// A shard that opens, and one whose gateway has a new session, wait a little until they know players and seats: a
/// guild that starts with them goes on unheard.
async fn known(station: &Station, shard: &Shard, guild: GuildId) {
    let patience = station
        .settings
        .adopt_ms
        .min(station.settings.slots.load_deadline_ms / 2);
    let all = async {
        loop {
            let more = shard.known.notified();
            let fresh = shard.greeted.get() == Some(Greeting::New);
            if shard.opened.get() && (!fresh || shard.seats.borrow().knows(guild)) {
                return;
            }
            more.await;
        }
    };
    tokio::select! {
        biased;
        () = all => {}
        () = sleep_ms(patience) => {}
    }
}

fn rebuild(station: &Station, guild: GuildId, mut stored: Stored) -> Result<Box<Guild>, String> {
    let read = stored.records.last().map(|record| record.revision);
    let read = read
        .or(stored.snapshot.as_ref().map(|snapshot| snapshot.revision))
        .unwrap_or(0);
    // What the store did not take yet is as true as what it has.
    let waiting = station.gate.unconfirmed(guild);
    let younger = waiting.iter().filter(|record| record.revision > read);
    stored.records.extend(younger.map(|record| record.as_ref().clone()));
    let said = words(&mut stored);
    station.lanes.replies.recall(guild, said, station.ports.clock.now_ms());
    let (epoch, limits) = (station.settings.epoch, Arc::clone(&station.settings.limits));
    let restored = obituary::guard(|| Guild::restore(guild, epoch, stored.snapshot, &stored.records, limits));
    match restored {
        Ok(Ok(value)) => Ok(Box::new(value)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(said) => Err(said),
    }
}

/// The words that stand beside what was read.
fn words(stored: &mut Stored) -> Vec<Said> {
    let mut said = stored
        .snapshot
        .as_mut()
        .map(|snapshot| std::mem::take(&mut snapshot.said))
        .unwrap_or_default();
    said.extend(
        stored
            .records
            .iter_mut()
            .flat_map(|record| std::mem::take(&mut record.said)),
    );
    said
}

fn unreadable(station: &Station, shard: &Shard, guild: GuildId, attempt: u64, why: &impl std::fmt::Display) -> Work {
    let reference = obituary::reference(station.ports.clock.chance());
    tracing::error!(%guild, shard = %shard.id, %reference, %why, "what is stored of a guild can't be read; nothing is guessed");
    let fault = LoadFault::Unreadable { reference };
    Work::Slot(SlotInput::LoadFailed { attempt, fault })
}
