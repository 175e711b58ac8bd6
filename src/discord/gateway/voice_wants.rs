//! Where guilds want to be in voice: the last word of each, waiting for its turn to be sent.
//!
//! A want is forgotten when Discord confirms it. One that was sent into a connection which then broke may never have
//! arrived, so it is sent again after a reconnect, as long as it is young enough for its guild to be waiting still.

use std::collections::{HashMap, VecDeque};
use std::time::Duration;

use ostinato_machine::ids::{ChannelId, GuildId};
use tokio::time::Instant;

#[derive(Debug)]
struct Want {
    channel: Option<ChannelId>,
    /// When it was sent; `None` while it waits.
    sent: Option<Instant>,
}

/// The voice wants of one shard.
#[derive(Debug)]
pub(super) struct VoiceWants {
    most: usize,
    wants: HashMap<GuildId, Want>,
    waiting: VecDeque<GuildId>,
}

impl VoiceWants {
    /// Room for the wants of `most` guilds.
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            wants: HashMap::new(),
            waiting: VecDeque::new(),
        }
    }

    /// The guild's last word; an earlier one that waits loses its meaning but keeps its turn. `false`: no room.
    pub(super) fn want(&mut self, guild: GuildId, channel: Option<ChannelId>) -> bool {
        if !self.wants.contains_key(&guild) && self.wants.len() >= self.most {
            return false;
        }
        let before = self.wants.insert(guild, Want { channel, sent: None });
        if before.is_none_or(|want| want.sent.is_some()) {
            self.waiting.push_back(guild);
        }
        true
    }

    pub(super) fn is_waiting(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// How many wait for their turn.
    pub(super) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// The next want, which is sent now.
    pub(super) fn send(&mut self, now: Instant) -> Option<(GuildId, Option<ChannelId>)> {
        let guild = self.waiting.pop_front()?;
        let want = self.wants.get_mut(&guild)?;
        want.sent = Some(now);
        Some((guild, want.channel))
    }

    /// Discord holds the bot in `channel`: a want of the same that was sent is fulfilled.
    pub(super) fn confirm(&mut self, guild: GuildId, channel: Option<ChannelId>) {
        if self
            .wants
            .get(&guild)
            .is_some_and(|want| want.sent.is_some() && want.channel == channel)
        {
            self.wants.remove(&guild);
        }
    }

    /// Forgets wants that were sent longer than `age` ago: their guilds have given up waiting.
    pub(super) fn expire(&mut self, now: Instant, age: Duration) {
        self.wants
            .retain(|_, want| want.sent.is_none_or(|sent| now.saturating_duration_since(sent) < age));
    }

    /// The connection was replaced: what was sent and not confirmed waits again.
    pub(super) fn again(&mut self) {
        for (guild, want) in &mut self.wants {
            if want.sent.take().is_some() {
                self.waiting.push_back(*guild);
            }
        }
    }
}

/// What of a connection's send budget is used: the sends of the last minute.
#[derive(Debug, Default)]
pub(super) struct SendWindow(VecDeque<Instant>);

impl SendWindow {
    /// The minute that Discord counts by.
    const MINUTE: Duration = Duration::from_secs(60);

    /// Takes one of `most` sends a minute; `false` when they are used up.
    pub(super) fn take(&mut self, now: Instant, most: usize) -> bool {
        if self.left(now, most) == 0 {
            return false;
        }
        self.0.push_back(now);
        true
    }

    /// How many of `most` sends a minute are left.
    pub(super) fn left(&mut self, now: Instant, most: usize) -> usize {
        while self
            .0
            .front()
            .is_some_and(|sent| now.saturating_duration_since(*sent) >= Self::MINUTE)
        {
            self.0.pop_front();
        }
        most.saturating_sub(self.0.len())
    }
}
