//! A decision in the making.

use smallvec::SmallVec;

use super::super::event::{Asker, Event, Pending};
use super::super::state::Guild;
use super::super::{Answer, Ask, Caller, Command, LoopMode, Question, Refusal, Say, Stage, Stamped, To};
use super::{Decision, Ignored, autoplay};
use crate::ids::{ChannelId, EntryId, ReplyTo, Ticket};

/// A decision in the making, with what the rules of one input share.
pub(crate) struct Draft<'a> {
    pub(super) g: &'a Guild,
    pub(super) at_ms: u64,
    pub(super) seed: u64,
    out: Decision,
    plays: u32,
    keys: u64,
    tickets: u32,
    /// Number of incarnation that questions of this decision carry.
    pub(super) incarnation: u64,
    ahead: Ahead,
}

/// What the events of this decision have changed so far, where a rule must know it: the guild itself changes only when
/// they are applied.
struct Ahead {
    channel: Option<ChannelId>,
    leave_at_ms: Option<u64>,
    user: bool,
    alone: bool,
    /// The position is fixed already.
    anchored: bool,
    /// A new incarnation: passing facts of the guild are void.
    fresh: bool,
    settled: SmallVec<[u64; 2]>,
}

impl<'a> Draft<'a> {
    pub(super) fn new(g: &'a Guild, i: &Stamped) -> Self {
        Self {
            g,
            at_ms: i.at_ms,
            seed: i.seed,
            out: Decision::default(),
            plays: g.kept.last_play,
            keys: g.kept.last_key,
            tickets: g.passing.last_ticket,
            incarnation: g.passing.incarnation,
            ahead: Ahead {
                channel: g.kept.channel,
                leave_at_ms: g.kept.leave_at_ms,
                user: g.kept.paused_by_user,
                alone: g.kept.paused_alone,
                anchored: false,
                fresh: false,
                settled: SmallVec::new(),
            },
        }
    }

    /// A new incarnation: it numbers its questions from 1, and passing facts of the one before say nothing.
    pub(super) fn awake(&mut self, incarnation: u64) {
        self.incarnation = incarnation;
        self.tickets = 0;
        self.ahead.fresh = true;
    }

    /// Whether this decision begins an incarnation.
    pub(super) fn is_fresh(&self) -> bool {
        self.ahead.fresh
    }

    /// The time to leave, as this decision has it so far.
    pub(super) fn leave_at_ms(&self) -> Option<u64> {
        self.ahead.leave_at_ms
    }

    /// Whether nobody listens, as this decision has it so far.
    pub(super) fn is_alone(&self) -> bool {
        self.ahead.alone
    }

    /// Whether something is journalled so far.
    pub(super) fn keeps(&self) -> bool {
        self.out.events.iter().any(Event::kept)
    }

    pub(super) fn finish(self) -> Decision {
        self.out
    }

    pub(super) fn push(&mut self, event: Event) {
        let ahead = &mut self.ahead;
        if let Event::Channel { channel } = &event {
            ahead.channel = *channel;
        } else if let Event::LeaveAt { at_ms } = &event {
            ahead.leave_at_ms = *at_ms;
        } else if let Event::Paused { user, alone } = &event {
            (ahead.user, ahead.alone) = (*user, *alone);
        }
        self.out.events.push(event);
    }

    /// Changes one reason to pause or both.
    pub(super) fn pause(&mut self, user: bool, alone: bool) {
        if (user, alone) != (self.ahead.user, self.ahead.alone) {
            self.push(Event::Paused { user, alone });
        }
    }

    /// Takes the user's reason to pause away.
    pub(super) fn lift_pause(&mut self) {
        self.pause(false, self.ahead.alone);
    }

    /// Sets or takes back the time to leave.
    pub(super) fn leave_at(&mut self, at_ms: Option<u64>) {
        if at_ms != self.ahead.leave_at_ms {
            self.push(Event::LeaveAt { at_ms });
        }
    }

    /// Ends the waiting of a command. Tells whether it still waited: only then may it be answered.
    pub(super) fn settle(&mut self, pending: &Pending) -> bool {
        if self.ahead.settled.contains(&pending.key) {
            return false;
        }
        self.ahead.settled.push(pending.key);
        self.push(Event::Settled { key: pending.key });
        true
    }

    pub(super) fn ignore(&mut self, why: Ignored) {
        self.out.ignored = Some(why);
    }

    /// The final answer, if somebody waits for one.
    pub(super) fn answer(&mut self, reply: Option<&ReplyTo>, say: Say) {
        if let Some(reply) = reply {
            self.out.say.push(Answer {
                to: To::Reply(reply.clone()),
                stage: Stage::Final,
                say,
            });
        }
    }

    pub(super) fn refuse(&mut self, reply: Option<&ReplyTo>, refusal: Refusal) {
        self.answer(reply, Say::Refused(refusal));
    }

    /// What was said of the command is told by the card instead, unless it was refused.
    pub(super) fn show_card(&mut self) {
        for answer in &mut self.out.say {
            let plain = !matches!(answer.say, Say::Refused(_));
            if plain && answer.stage == Stage::Final && matches!(answer.to, To::Reply(_)) {
                answer.say = Say::Pressed(None);
            }
        }
    }

    pub(super) fn working(&mut self, reply: Option<&ReplyTo>) {
        if let Some(reply) = reply {
            let to = To::Reply(reply.clone());
            self.out.say.push(Answer {
                to,
                stage: Stage::Working,
                say: Say::Working,
            });
        }
    }

    /// A notice in the channel where music was asked for.
    pub(super) fn notice(&mut self, say: Say) {
        if let Some(text) = self.g.kept.text {
            self.out.say.push(Answer {
                to: To::Channel(text),
                stage: Stage::Final,
                say,
            });
        }
    }

    /// Journals a command that waits, and asks its question.
    pub(super) fn wait(&mut self, command: &Command, by: &Caller, reply: Option<&ReplyTo>, question: Option<Question>) {
        self.keys += 1;
        let pending = Pending {
            key: self.keys,
            reply: reply.cloned(),
            command: command.clone(),
            by: by.clone(),
            question: question.clone(),
            since_ms: self.at_ms,
        };
        self.push(Event::Waiting {
            pending: Box::new(pending),
        });
        if let Some(question) = question {
            self.ask(question, Asker::Command(self.keys));
        }
        self.working(reply);
    }

    pub(super) fn ask(&mut self, question: Question, asker: Asker) {
        self.tickets += 1;
        let ticket = Ticket {
            incarnation: self.incarnation,
            number: self.tickets,
        };
        let at_ms = self.at_ms;
        self.push(Event::Asked { ticket, asker, at_ms });
        self.out.ask.push(Ask { ticket, question });
    }

    /// Whether another command may wait.
    pub(super) fn may_wait(&self) -> bool {
        let waiting = self.g.kept.pending.len().saturating_sub(self.ahead.settled.len());
        waiting < self.g.limits.pending
    }

    /// Starts a play of `entry`, which is the current one or the first of the queue.
    pub(super) fn begin(&mut self, entry: EntryId, position_ms: u64) {
        self.plays += 1;
        self.push(Event::Began {
            entry,
            play: self.plays,
            position_ms,
            at_ms: self.at_ms,
        });
        if !self.ahead.alone {
            self.leave_at(None);
        }
    }

    /// Leaves the current track; with loop mode *queue* it goes to the end. Tells what is first in the queue then.
    pub(super) fn leave_current(&mut self, requeue: bool) -> Option<EntryId> {
        let current = self.g.kept.current.as_ref()?;
        let id = current.entry.id;
        self.push(Event::Left {
            entry: id,
            requeued: requeue,
        });
        self.g
            .kept
            .queue
            .front()
            .map(|entry| entry.id)
            .or(requeue.then_some(id))
    }

    /// Leaves the current track for the next one, for what autoplay has, or for silence. Tells whether the music goes
    /// on, now or as soon as autoplay finds something.
    pub(super) fn advance(&mut self) -> bool {
        let requeue = self.g.kept.loop_mode == LoopMode::Queue;
        match self.leave_current(requeue) {
            Some(next) => {
                self.begin(next, 0);
                true
            }
            None => autoplay::run_out(self),
        }
    }

    /// Remembers that the play that this decision began followed a skip.
    pub(super) fn mark_skip(&mut self) {
        if self.plays != self.g.kept.last_play {
            self.push(Event::SkippedTo { play: self.plays });
        }
    }

    pub(super) fn reset_failures(&mut self) {
        if self.g.kept.failures > 0 || self.g.kept.hold_until_ms.is_some() {
            self.push(Event::Failures {
                count: 0,
                hold_until_ms: None,
            });
        }
    }

    /// Nothing is left to play: no user's pause either, and leave the channel after a while.
    pub(super) fn rest(&mut self) {
        self.lift_pause();
        if self.ahead.channel.is_some() && self.ahead.leave_at_ms.is_none() {
            self.leave_at(Some(self.at_ms.saturating_add(self.g.limits.idle_leave_ms)));
        }
    }

    /// Fixes the position of the current track as it is now, less `back_ms`. A new incarnation knows no better one than
    /// the journal's.
    pub(super) fn anchor(&mut self, back_ms: u64) {
        if self.g.kept.current.is_some() && !self.ahead.anchored && !self.ahead.fresh {
            self.ahead.anchored = true;
            let position_ms = self.g.position(self.at_ms).saturating_sub(back_ms);
            self.push(Event::Anchored {
                position_ms,
                at_ms: self.at_ms,
            });
        }
    }
}
