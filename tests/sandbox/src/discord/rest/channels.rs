//! Messages in channels, written with the bot's token.

use serde_json::{Value, json};

use super::{Blame, Call, Reply, check};
use crate::discord::messages::Message;
use crate::discord::model::{rights, unix_ms};
use crate::discord::state::State;

/// For so long a nonce makes one message of several, ms.
const NONCE_MS: u64 = 300_000;

/// What was under way when a 403 was sent cannot be held against the bot.
const UNDER_WAY_MS: u64 = 250;

impl State {
    /// The guild of a channel in which the bot has `needed`.
    fn channel_with(&mut self, channel: u64, needed: u64) -> Result<u64, Reply> {
        let guild = self.world.guild_of_channel(channel);
        let place = guild.and_then(|guild| self.world.guilds.get(&guild));
        let Some(place) = place.filter(|place| !place.outage) else {
            let once = self.world.gone.contains(&channel) || place.is_some();
            return Err(Reply::unknown(10_003, "Channel", once));
        };
        let id = place.id;
        let own = self.world.rights_in(place, self.world.bot, channel);
        let refusal = if own & rights::VIEW_CHANNEL == 0 {
            (50_001, "Missing Access")
        } else if own & needed != needed {
            (50_013, "Missing Permissions")
        } else {
            self.forbidden.remove(&channel);
            return Ok(id);
        };
        // It is learnt by trying, once.
        let now = self.now();
        let told = *self.forbidden.entry(channel).or_insert(now);
        let blame = if now > told + UNDER_WAY_MS {
            Blame::Bot
        } else {
            Blame::Race("missing permissions")
        };
        Err(Reply::refused(403, refusal.0, refusal.1, blame))
    }

    /// A message of the channel that the bot's token can reach.
    fn reachable(&self, channel: u64, id: u64) -> Result<u64, Reply> {
        let unknown = |once| Err(Reply::unknown(10_008, "Message", once));
        match self.messages.get(&id) {
            Some(message) if message.channel != channel || message.only_for.is_some() => unknown(false),
            Some(message) if message.deleted_at_ms.is_some() => unknown(true),
            Some(message) => Ok(message.author),
            None => unknown(false),
        }
    }

    /// Messages of a channel, the newest first; none for a bot that may not read what was written before.
    pub(super) fn list_messages(&mut self, call: &Call) -> Reply {
        let channel = call.id(0);
        let guild = match self.channel_with(channel, rights::VIEW_CHANNEL) {
            Ok(guild) => guild,
            Err(refusal) => return refusal,
        };
        let limit = call.number("limit").unwrap_or(50);
        if !(1..=100).contains(&limit) {
            return Reply::invalid("limit: 1 to 100 are allowed");
        }
        let after = call.number("after").unwrap_or(0);
        let place = self.world.guilds.get(&guild);
        let reads = place.is_some_and(|place| {
            self.world.rights_in(place, self.world.bot, channel) & rights::READ_MESSAGE_HISTORY != 0
        });
        let all = self.messages.values().filter(|message| {
            let there = message.deleted_at_ms.is_none() && message.only_for.is_none();
            reads && there && message.channel == channel && message.id > after
        });
        // The oldest of those after it, and those in the order of their coming, the newest first.
        let count = usize::try_from(limit).unwrap_or(usize::MAX);
        let mut shown: Vec<Value> = all.take(count).map(|message| self.render_message(message)).collect();
        shown.reverse();
        Reply::Done(200, json!(shown))
    }

    /// The message that this author wrote with this nonce just before.
    fn written_before(&self, channel: u64, body: &Value) -> Option<u64> {
        let nonce = body["nonce"].as_str().filter(|_| body["enforce_nonce"] == true)?;
        let (now, bot) = (self.now(), self.world.bot);
        let same = |message: &&Message| {
            let recent = now < message.at_ms + NONCE_MS;
            recent && message.channel == channel && message.author == bot && message.nonce.as_deref() == Some(nonce)
        };
        self.messages.values().rev().find(same).map(|message| message.id)
    }

    pub(super) fn create_message(&mut self, call: &Call) -> Reply {
        let channel = call.id(0);
        let guild = match self.channel_with(channel, rights::SEND_MESSAGES) {
            Ok(guild) => guild,
            Err(refusal) => return refusal,
        };
        if let Err(why) = check::message(&call.body, true) {
            return Reply::invalid(&why);
        }
        let reference = &call.body["message_reference"];
        let target = reference["message_id"].as_str().and_then(|id| id.parse::<u64>().ok());
        if let Some(target) = target.filter(|_| reference["fail_if_not_exists"] != false)
            && let Err(Reply::Refused(.., blame)) = self.reachable(channel, target)
        {
            return Reply::refused(
                400,
                50_035,
                "Invalid Form Body: message_reference: unknown message",
                blame,
            );
        }
        if let Some(id) = self.written_before(channel, &call.body) {
            return Reply::Done(200, self.shown(id));
        }
        let bot = self.world.bot;
        let id = self.write(guild, channel, bot, &call.body);
        self.note_reply(id, &call.body);
        self.tell_message(id, "MESSAGE_CREATE");
        Reply::Done(200, self.shown(id))
    }

    pub(super) fn update_message(&mut self, call: &Call) -> Reply {
        let (channel, id) = (call.id(0), call.id(1));
        if let Err(refusal) = self.channel_with(channel, 0) {
            return refusal;
        }
        match self.reachable(channel, id) {
            Err(refusal) => return refusal,
            Ok(author) if author != self.world.bot => {
                let why = "Cannot edit a message authored by another user";
                return Reply::refused(403, 50_005, why, Blame::Bot);
            }
            Ok(_) => {}
        }
        if let Err(why) = check::message(&call.body, false) {
            return Reply::invalid(&why);
        }
        self.edit(id, &call.body);
        Reply::Done(200, self.shown(id))
    }

    pub(super) fn delete_message(&mut self, call: &Call) -> Reply {
        let (channel, id) = (call.id(0), call.id(1));
        if let Err(refusal) = self.channel_with(channel, 0) {
            return refusal;
        }
        let author = match self.reachable(channel, id) {
            Err(refusal) => return refusal,
            Ok(author) => author,
        };
        if author != self.world.bot
            && let Err(refusal) = self.channel_with(channel, rights::MANAGE_MESSAGES)
        {
            return refusal;
        }
        self.erase(id);
        Reply::Empty
    }

    pub(super) fn bulk_delete(&mut self, call: &Call) -> Reply {
        let channel = call.id(0);
        if let Err(refusal) = self.channel_with(channel, rights::MANAGE_MESSAGES) {
            return refusal;
        }
        let ids = call.body["messages"].as_array().map(Vec::as_slice).unwrap_or_default();
        let ids: Vec<u64> = ids.iter().filter_map(|id| id.as_str()?.parse().ok()).collect();
        if !(2..=100).contains(&ids.len()) {
            return Reply::invalid("messages: 2 to 100 are allowed");
        }
        for id in ids {
            if self.reachable(channel, id).is_ok() {
                self.erase(id);
            }
        }
        Reply::Empty
    }

    /// Typing, and a voice channel's status: allowed or not, and nothing more.
    pub(super) fn touch_channel(&mut self, call: &Call, needed: u64) -> Reply {
        match self.channel_with(call.id(0), needed) {
            Ok(_) => Reply::Empty,
            Err(refusal) => refusal,
        }
    }

    /// Changes a message and tells the gateway.
    pub(super) fn edit(&mut self, id: u64, body: &Value) {
        if let Some(message) = self.messages.get_mut(&id) {
            let flags = message.flags;
            message.take(body);
            // Whether only one user sees it was decided when it was written.
            message.flags = message.flags & !(64 | 128) | (flags & 64);
            message.edited_unix_ms = Some(unix_ms());
            message.edits += 1;
        }
        self.tell_message(id, "MESSAGE_UPDATE");
    }

    /// The message as it is answered.
    pub(super) fn shown(&self, id: u64) -> Value {
        self.messages
            .get(&id)
            .map_or_else(|| json!(null), |message| self.render_message(message))
    }
}
