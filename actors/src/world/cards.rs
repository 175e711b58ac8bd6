//! Cards in the world: messages that are posted, edited and deleted.

use std::collections::BTreeMap;

use ostinato_machine::guild::NowView;
use ostinato_machine::ids::{ChannelId, GuildId};

use super::discord::FakeDiscord;
use crate::ports::{CardOrder, PortError, PortErrorKind};

/// One card.
#[derive(Clone, Debug)]
pub struct Card {
    /// Its guild.
    pub guild: GuildId,
    /// Its channel.
    pub channel: ChannelId,
    /// What it shows; `None`: that nothing plays any more.
    pub view: Option<NowView>,
    /// How often it was edited.
    pub edits: u32,
    /// It is there no more.
    pub deleted: bool,
    nonce: String,
}

/// All cards.
#[derive(Debug, Default)]
pub(super) struct Cards {
    all: BTreeMap<u64, Card>,
    /// Newer messages below every card.
    pub(super) newer: u8,
    forbidden: bool,
}

impl Cards {
    pub(super) fn act(&mut self, guild: GuildId, channel: ChannelId, order: CardOrder) -> Result<u64, PortError> {
        if self.forbidden {
            return Err(PortError::new(PortErrorKind::Refused, "missing permissions"));
        }
        let (message, view) = match order {
            CardOrder::Post { nonce, view } => return Ok(self.post(guild, channel, nonce, view)),
            CardOrder::Edit { message, view } => (message, Some(view)),
            CardOrder::End { message } => (message, None),
            CardOrder::Delete { message } => {
                self.there(message)?.deleted = true;
                return Ok(message);
            }
        };
        let card = self.there(message)?;
        card.view = view;
        card.edits += 1;
        Ok(message)
    }

    fn there(&mut self, message: u64) -> Result<&mut Card, PortError> {
        let card = self.all.get_mut(&message).filter(|card| !card.deleted);
        card.ok_or_else(|| PortError::new(PortErrorKind::Gone, "unknown message"))
    }

    fn post(&mut self, guild: GuildId, channel: ChannelId, nonce: String, view: NowView) -> u64 {
        // The nonce makes one message of several.
        let known = self.all.iter().find(|(_, card)| card.nonce == nonce);
        if let Some((message, _)) = known {
            return *message;
        }
        let message = 1 + self.all.len() as u64;
        let card = Card {
            guild,
            channel,
            view: Some(view),
            edits: 0,
            deleted: false,
            nonce,
        };
        self.all.insert(message, card);
        message
    }
}

impl FakeDiscord {
    /// Every card of a guild so far, in order.
    pub fn cards(&self, guild: GuildId) -> Vec<Card> {
        let cards = self.cards.borrow();
        cards.all.values().filter(|card| card.guild == guild).cloned().collect()
    }

    /// Somebody deletes every card of a guild.
    pub fn delete_cards(&self, guild: GuildId) {
        let mut cards = self.cards.borrow_mut();
        cards
            .all
            .values_mut()
            .filter(|card| card.guild == guild)
            .for_each(|card| card.deleted = true);
    }

    /// So many newer messages stand below every card from now on.
    pub fn bury_cards(&self, newer: u8) {
        self.cards.borrow_mut().newer = newer;
    }

    /// No channel may be written to from now on, or each again.
    pub fn forbid_cards(&self, forbidden: bool) {
        self.cards.borrow_mut().forbidden = forbidden;
    }
}
