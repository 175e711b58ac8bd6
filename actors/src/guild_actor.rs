//! The shell of the guild machine: one actor a guild, fed with one input at a time.
//!
//! Its order is fixed: decide (first guard) → apply, wants, hand over to the gate (second guard) → say that the input was
//! applied, or that the guild died. It holds no rule, waits for nothing and reaches nothing outside but the gate.

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, ActorContext as _, Context, Handler, MessageResult};
use ostinato_machine::guild::{self, Decision, Event, Guild, Ignored, Input, Report};
use ostinato_machine::ids::{ChannelId, GuildId, NodeId};

use crate::chronicle::{Cause, Had};
use crate::faults::{Note, Strike, induce};
use crate::fingerprint::fingerprint;
use crate::gate::Effects;
use crate::messages::{Applied, Deliver, Fate, Item, Look, Looked, RecordTo, Retire, TakeSnapshot, Work};
use crate::obituary::{self, Obituary};
use crate::record::{Take, Tape, input_name};
use crate::shard::Shard;
use crate::station::Station;
use crate::trail::Heard;

/// Inputs that are remembered for whoever asks what led to a death.
const HAD: usize = 32;

/// One incarnation of one guild.
pub(crate) struct GuildActor {
    station: Rc<Station>,
    shard: Rc<Shard>,
    id: GuildId,
    incarnation: u64,
    value: Option<Box<Guild>>,
    /// What was said of the newest input: a delivery that is repeated is answered again and not applied again.
    applied: Option<Applied>,
    /// The newest inputs, oldest first.
    had: VecDeque<Had>,
    /// Where what goes through its doors is handed to, while somebody records it.
    tape: Option<Tape>,
    _obituary: Obituary,
}

/// How an input ended.
enum Outcome {
    Applied(Applied),
    /// The value is intact: it could not be changed.
    DiedDeciding(String),
    /// The value may be half changed.
    DiedApplying(String),
}

impl GuildActor {
    pub(crate) fn new(
        station: Rc<Station>,
        shard: Rc<Shard>,
        id: GuildId,
        incarnation: u64,
        value: Box<Guild>,
    ) -> Self {
        let (mourner, chance) = (Rc::clone(&shard), station.ports.clock.chance());
        let obituary = Obituary::new(move || {
            let fate = Fate::of(Cause::Gone, obituary::reference(chance));
            let died = Work::Died {
                incarnation,
                value: None,
                fate,
            };
            mourner.put(id, died);
        });
        Self {
            station,
            shard,
            id,
            incarnation,
            value: Some(value),
            applied: None,
            had: VecDeque::new(),
            tape: None,
            _obituary: obituary,
        }
    }

    fn run(&mut self, seq: u64, item: &Arc<Item>) -> Option<Outcome> {
        let guild = self.value.as_deref_mut()?;
        let (station, id) = (&self.station, self.id);
        let input = &item.stamped;
        let decision = obituary::guard(|| {
            station.strike(Strike::Decide, id, Some(input));
            induce(Strike::Decide, &input.input);
            guild::decide(guild, input)
        });
        let decision = match decision {
            Ok(decision) => decision,
            Err(said) => return Some(Outcome::DiedDeciding(said)),
        };
        let events = self.tape.as_ref().map(|_| decision.events.to_vec());
        let applied = obituary::guard(|| {
            station.strike(Strike::Apply, id, Some(input));
            induce(Strike::Apply, &input.input);
            let record = guild::apply_all(guild, input, &decision)?;
            let wanted = guild::wants(guild);
            let applied = Applied {
                incarnation: self.incarnation,
                seq,
                wake_at_ms: wanted.wake_at_ms,
                restful: wanted.restful,
                command: matches!(input.input, Input::Command { .. }),
                queue: u32::try_from(guild.queued()).unwrap_or(u32::MAX),
                text: guild.text(),
                heard: guild.silence().map_or(Heard::Sound, Heard::Silence),
                node: wanted.player.as_ref().map(|player| player.node.clone()),
            };
            let (adopted, closes) = (adopted(&input.input, &decision), closes(&input.input, &decision));
            let mut say = decision.say;
            guild::fill(guild, input.at_ms, &mut say);
            let effects = Effects {
                adopted,
                sits: sits(&input.input),
                closes,
                wanted,
                say,
                ask: decision.ask,
                item: Arc::clone(item),
            };
            station.gate.push(station, &self.shard, id, record, effects);
            Ok::<_, guild::NotApplicable>(applied)
        });
        Some(match applied {
            Ok(Ok(applied)) => {
                if let Some((tape, events)) = self.tape.as_ref().zip(events)
                    && !tape.put(Take::step(input, events, guild))
                {
                    self.tape = None;
                }
                Outcome::Applied(applied)
            }
            Ok(Err(why)) => Outcome::DiedApplying(why.to_string()),
            Err(said) => Outcome::DiedApplying(said),
        })
    }

    fn die(&mut self, cause: Cause, said: String, item: &Item, ctx: &mut Context<Self>) {
        if let Some(tape) = self.tape.take() {
            tape.put(Take::Died(Box::new(item.stamped.clone()), cause.name()));
        }
        let value = self.value.take().filter(|_| cause == Cause::Decide);
        let fate = Fate {
            cause,
            reference: obituary::reference(self.station.ports.clock.chance()),
            said,
            input: input_name(&item.stamped.input),
            before: self.had.drain(..).collect(),
        };
        let died = Work::Died {
            incarnation: self.incarnation,
            value,
            fate: Box::new(fate),
        };
        self.shard.put(self.id, died);
        ctx.stop();
    }

    fn remember(&mut self, item: &Item) {
        if self.had.len() >= HAD {
            self.had.pop_front();
        }
        self.had.push_back(Had {
            at_ms: item.stamped.at_ms,
            input: input_name(&item.stamped.input).into(),
        });
    }
}

/// The player that the guild goes on with, if it took one over.
fn adopted(input: &Input, decision: &Decision) -> Option<(NodeId, u64)> {
    let tells = matches!(
        input,
        Input::Restored(_)
            | Input::Player {
                report: Report::Whole(_),
                ..
            }
    );
    if !tells {
        return None;
    }
    decision.events.iter().find_map(|event| match event {
        Event::Placed { node } => node.clone(),
        Event::Added { .. }
        | Event::Removed { .. }
        | Event::Moved { .. }
        | Event::Ordered { .. }
        | Event::Cleared
        | Event::Left { .. }
        | Event::Began { .. }
        | Event::Anchored { .. }
        | Event::Sought { .. }
        | Event::Paused { .. }
        | Event::Volume { .. }
        | Event::Loop { .. }
        | Event::Channel { .. }
        | Event::Text { .. }
        | Event::LeaveAt { .. }
        | Event::Waiting { .. }
        | Event::Settled { .. }
        | Event::Failures { .. }
        | Event::Autoplay { .. }
        | Event::Picked { .. }
        | Event::Chosen { .. }
        | Event::Awaiting { .. }
        | Event::Missed { .. }
        | Event::Taste { .. }
        | Event::Heard
        | Event::Awoke(_)
        | Event::Sat(_)
        | Event::Seated(_)
        | Event::OwnVoice { .. }
        | Event::Server { .. }
        | Event::Joining { .. }
        | Event::ToldNoNode
        | Event::Reported { .. }
        | Event::Sounds { .. }
        | Event::SkippedTo { .. }
        | Event::Card { .. }
        | Event::Suppressed { .. }
        | Event::Failing { .. }
        | Event::Over { .. }
        | Event::Asked { .. }
        | Event::Closed { .. } => None,
    })
}

/// Where the bot sits, if that is what the input says.
fn sits(input: &Input) -> Option<ChannelId> {
    match input {
        Input::OwnVoice { channel, .. } => *channel,
        Input::Command { .. }
        | Input::Restored(_)
        | Input::Seat(_)
        | Input::Seats(_)
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
    }
}

/// The interaction that is closed without a word: it was answered, or is being answered, under the same cause.
fn closes(input: &Input, decision: &Decision) -> Option<u64> {
    match input {
        Input::Command { reply, .. } if decision.ignored == Some(Ignored::Repeat) => {
            reply.as_ref().map(|reply| reply.id)
        }
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
    }
}

impl Actor for GuildActor {
    type Context = Context<Self>;
}

impl Handler<Deliver> for GuildActor {
    type Result = ();

    fn handle(&mut self, Deliver { seq, item }: Deliver, ctx: &mut Self::Context) {
        if let Some(applied) = self.applied.as_ref().filter(|applied| applied.seq == seq) {
            self.shard.put(self.id, Work::Applied(applied.clone()));
            return;
        }
        match self.run(seq, &item) {
            Some(Outcome::Applied(applied)) => {
                self.applied = Some(applied.clone());
                self.remember(&item);
                if seq > 0 {
                    self.station.note(self.id, Note::Applied);
                }
                self.shard.put(self.id, Work::Applied(applied));
            }
            Some(Outcome::DiedDeciding(said)) => self.die(Cause::Decide, said, &item, ctx),
            Some(Outcome::DiedApplying(said)) => self.die(Cause::Apply, said, &item, ctx),
            None => {}
        }
    }
}

impl Handler<Retire> for GuildActor {
    type Result = ();

    fn handle(&mut self, _: Retire, ctx: &mut Self::Context) {
        let yielded = Work::Yielded {
            incarnation: self.incarnation,
            value: self.value.take(),
        };
        self.shard.put(self.id, yielded);
        ctx.stop();
    }
}

impl Handler<Look> for GuildActor {
    type Result = MessageResult<Look>;

    fn handle(&mut self, _: Look, _: &mut Self::Context) -> Self::Result {
        let now_ms = self.station.ports.clock.now_ms();
        let looked = self.value.as_deref().and_then(|guild| {
            obituary::guard(|| (guild.facts(now_ms), fingerprint(guild)))
                .inspect_err(|said| tracing::error!(guild = %self.id, said, "a guild could not be looked at"))
                .ok()
        });
        MessageResult(looked.map(|(state, hash)| {
            Box::new(Looked {
                state,
                hash,
                had: self.had.iter().cloned().collect(),
            })
        }))
    }
}

impl Handler<RecordTo> for GuildActor {
    type Result = bool;

    fn handle(&mut self, RecordTo(tape): RecordTo, _: &mut Self::Context) -> Self::Result {
        let Some(guild) = self.value.as_deref().filter(|_| self.tape.is_none()) else {
            return false;
        };
        let begun = tape.put(Take::Begin(Box::new(guild.clone())));
        self.tape = begun.then_some(tape);
        begun
    }
}

impl Handler<TakeSnapshot> for GuildActor {
    type Result = MessageResult<TakeSnapshot>;

    fn handle(&mut self, _: TakeSnapshot, _: &mut Self::Context) -> Self::Result {
        let taken = self.value.as_deref().and_then(|guild| {
            obituary::guard(|| (guild.snapshot(), guild::wants(guild).awake))
                .inspect_err(|said| tracing::error!(guild = %self.id, said, "a snapshot could not be taken"))
                .ok()
        });
        MessageResult(taken)
    }
}
