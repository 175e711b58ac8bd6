//! Discord's REST interface in the world: one first callback an interaction, edits only of what is there.

use std::rc::Rc;

use futures_util::FutureExt as _;
use ostinato_machine::guild::{JoinBlock, Say};
use ostinato_machine::ids::{ChannelId, GuildId, ReplyTo, UserId};

use super::discord::FakeDiscord;
use super::store::Life;
use super::trace::What;
use crate::ports::{Clock as _, Discord, First, PortError, PortErrorKind, Work};
use crate::station::sleep_ms;

/// How long Discord waits for a first callback, ms.
const FIRST_MS: u64 = 3_000;

/// What Discord has of one interaction.
#[derive(Clone, Debug)]
pub struct Interaction {
    /// It is a message: it takes one answer, whenever that comes, and a typing indicator before it.
    pub message: bool,
    /// When it was made, wall-clock ms.
    pub made_ms: u64,
    /// When the first callback came, wall-clock ms, and what it was.
    pub first: Option<(u64, First)>,
    /// What the caller sees as answer; `None` while thinking, or after a deletion.
    pub shown: Option<Say>,
    /// The first answer was taken away: it can't be edited any more.
    pub deleted: bool,
    /// Further messages and whether they are for everybody.
    pub follow_ups: Vec<(Say, bool)>,
    /// First callbacks and edits that Discord refused because of an earlier one or none.
    pub races: u32,
    /// Answers that reached it: a first one, edits and follow-ups.
    pub answers: u32,
}

impl Interaction {
    pub(super) fn new(made_ms: u64) -> Self {
        Self {
            message: false,
            made_ms,
            first: None,
            shown: None,
            deleted: false,
            follow_ups: Vec::new(),
            races: 0,
            answers: 0,
        }
    }

    /// The newest thing that the caller was told.
    pub fn said(&self) -> Option<&Say> {
        self.follow_ups.last().map(|(say, _)| say).or(self.shown.as_ref())
    }

    fn first(&mut self, now_ms: u64, first: First) -> Result<(), PortError> {
        if self.message {
            // The nonce makes one of several answers.
            if let (First::Answer { say, .. }, None) = (&first, &self.shown) {
                self.shown = Some(say.clone());
                self.answers += 1;
            }
            self.first.get_or_insert((now_ms, first));
            return Ok(());
        }
        if self.first.is_some() || now_ms.saturating_sub(self.made_ms) > FIRST_MS {
            self.races += 1;
            return Err(gone());
        }
        if let First::Answer { say, .. } = &first {
            self.shown = Some(say.clone());
            self.answers += 1;
        }
        self.first = Some((now_ms, first));
        Ok(())
    }

    fn edit(&mut self, say: Say) -> Result<(), PortError> {
        if self.first.is_none() || self.deleted {
            self.races += 1;
            return Err(gone());
        }
        self.shown = Some(say);
        self.answers += 1;
        Ok(())
    }

    fn follow_up(&mut self, say: Say, public: bool) -> Result<(), PortError> {
        if self.first.is_none() {
            self.races += 1;
            return Err(gone());
        }
        self.follow_ups.push((say, public));
        self.answers += 1;
        Ok(())
    }
}

fn gone() -> PortError {
    PortError::new(PortErrorKind::Gone, "unknown interaction")
}

impl FakeDiscord {
    /// What Discord has of an interaction.
    pub fn interaction(&self, id: u64) -> Option<Interaction> {
        self.interactions.borrow().get(&id).cloned()
    }

    /// Every interaction so far, by id.
    pub fn interactions(&self) -> Vec<(u64, Interaction)> {
        let all = self.interactions.borrow();
        all.iter().map(|(id, interaction)| (*id, interaction.clone())).collect()
    }

    /// REST calls take so long from now on, ms.
    pub fn slow_rest(&self, ms: u64) {
        self.rest_ms.set(ms);
    }

    /// REST calls fail from now on, or succeed again.
    pub fn rest_down(&self, down: bool) {
        self.rest_down.set(down);
    }

    pub(super) fn rest(self: &Rc<Self>, life: &Life) -> Rc<dyn Discord> {
        Rc::new(Port {
            discord: Rc::clone(self),
            life: Rc::clone(life),
        })
    }
}

/// The REST interface as one process sees it.
struct Port {
    discord: Rc<FakeDiscord>,
    life: Life,
}

impl Port {
    /// A call: notes it, takes its time, then acts, unless the process is gone by then.
    fn call<T: 'static>(
        &self,
        guild: Option<GuildId>,
        what: Option<What>,
        act: impl FnOnce(&FakeDiscord) -> Result<T, PortError> + 'static,
    ) -> Work<T> {
        let (discord, life) = (Rc::clone(&self.discord), Rc::clone(&self.life));
        async move {
            if !life.get() {
                return std::future::pending().await;
            }
            if let Some(what) = what {
                discord.trace.note(discord.clock.monotonic_ms(), guild, what);
            }
            sleep_ms(discord.rest_ms.get()).await;
            if discord.rest_down.get() {
                return Err(PortError::new(PortErrorKind::Unreachable, "the world has no REST now"));
            }
            act(&discord)
        }
        .boxed_local()
    }

    fn on(
        &self,
        reply: &ReplyTo,
        guild: Option<GuildId>,
        what: What,
        act: impl FnOnce(&mut Interaction, u64) -> Result<(), PortError> + 'static,
    ) -> Work<()> {
        let id = reply.id;
        self.call(guild, Some(what), move |discord| {
            let now_ms = discord.clock.now_ms();
            let mut all = discord.interactions.borrow_mut();
            all.get_mut(&id)
                .ok_or_else(gone)
                .and_then(|interaction| act(interaction, now_ms))
        })
    }
}

impl Discord for Port {
    fn first(&self, reply: &ReplyTo, guild: GuildId, first: First) -> Work<()> {
        let what = What::First(reply.id, first.clone());
        self.on(reply, Some(guild), what, move |interaction, now_ms| {
            interaction.first(now_ms, first)
        })
    }

    fn edit(&self, reply: &ReplyTo, guild: GuildId, say: Say) -> Work<()> {
        let what = What::Edit(reply.id, say.clone());
        self.on(reply, Some(guild), what, move |interaction, _| interaction.edit(say))
    }

    fn delete(&self, reply: &ReplyTo) -> Work<()> {
        let what = What::Delete(reply.id);
        self.on(reply, None, what, move |interaction, _| {
            (interaction.shown, interaction.deleted) = (None, interaction.first.is_some());
            Ok(())
        })
    }

    fn follow_up(&self, reply: &ReplyTo, guild: GuildId, say: Say, public: bool) -> Work<()> {
        let what = What::FollowUp(reply.id, say.clone(), public);
        self.on(reply, Some(guild), what, move |interaction, _| {
            interaction.follow_up(say, public)
        })
    }

    fn post(&self, guild: GuildId, channel: ChannelId, say: Say) -> Work<()> {
        self.call(Some(guild), Some(What::Post(channel, say)), |_| Ok(()))
    }

    fn seat_of(&self, guild: GuildId, user: UserId) -> Work<Option<ChannelId>> {
        self.call(Some(guild), None, move |discord| Ok(discord.seat_of(guild, user)))
    }

    fn why_no_voice(&self, guild: GuildId, _: ChannelId) -> Work<JoinBlock> {
        self.call(Some(guild), None, |_| Ok(JoinBlock::Connect))
    }
}
