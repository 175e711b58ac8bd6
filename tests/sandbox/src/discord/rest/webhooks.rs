//! Answers to interactions: the first callback, `@original`, follow-ups.

use serde_json::{Value, json};

use super::{Blame, Call, Reply, check};
use crate::discord::interactions::{Answer, AnswerHow, FirstCallback, Interaction, Original, SeenBy};
use crate::discord::messages::text_of;
use crate::discord::state::State;

/// Only the caller sees it.
const EPHEMERAL: u64 = 64;
/// The application is thinking.
const LOADING: u64 = 128;

impl State {
    /// Whose fault it is when an answer to `interaction` is refused.
    fn blame(&self, interaction: &Interaction, race: &'static str) -> Blame {
        if self.disturbed(interaction) {
            Blame::Race(race)
        } else {
            Blame::Bot
        }
    }

    /// The first callback.
    pub(super) fn callback(&mut self, call: &Call) -> Reply {
        let (id, now) = (call.id(0), self.now());
        let within = self.config.callback_within_ms;
        let unknown = |blame| Reply::refused(404, 10_062, "Unknown interaction", blame);
        let Some(interaction) = self.interactions.get_mut(&id).filter(|it| it.token == call.text(1)) else {
            return unknown(Blame::Bot);
        };
        interaction.callbacks += 1;
        let (tried, after_ms) = (interaction.callbacks, now - interaction.made_ms);
        let Some(interaction) = self.interactions.get(&id) else {
            return unknown(Blame::Bot);
        };
        if interaction.first.is_some() {
            let blame = self.blame(interaction, "answered again");
            self.summary.answered_twice += u64::from(tried == 2);
            let why = "Interaction has already been acknowledged.";
            return Reply::refused(400, 40_060, why, blame);
        }
        if after_ms > within {
            let blame = self.blame(interaction, "interaction too old");
            if !interaction.late {
                self.summary.interactions_late += 1;
            }
            if let Some(interaction) = self.interactions.get_mut(&id) {
                interaction.late = true;
            }
            return unknown(blame);
        }
        let kind = call.body["type"].as_u64().unwrap_or(0);
        let data = &call.body["data"];
        if let Err(refusal) = self.suits(id, kind, data) {
            return refusal;
        }
        self.first_answer(id, kind, data);
        let response = self.interactions.get(&id).map(|it| it.original);
        let (Some(Original::Shown(message) | Original::Thinking(message)), true) =
            (response, call.asks("with_response"))
        else {
            return Reply::Empty;
        };
        let flags = data["flags"].as_u64().unwrap_or(0);
        Reply::Done(
            200,
            json!({
                "interaction": {
                    "id": id.to_string(), "type": if self.presses(id) { 3 } else { 2 }, "response_message_id": message.to_string(),
                    "response_message_loading": kind == 5, "response_message_ephemeral": flags & EPHEMERAL != 0,
                },
                "resource": { "type": kind, "message": self.shown(message) },
            }),
        )
    }

    /// Whether a callback of this kind and with these data answers the interaction.
    fn suits(&self, id: u64, kind: u64, data: &Value) -> Result<(), Reply> {
        let no = || Reply::invalid(&format!("type: {kind} does not answer this interaction"));
        let checked = match kind {
            8 if self.completes(id) => check::choices(data),
            // Who types can be answered in no other way.
            _ if self.completes(id) => return Err(no()),
            4 => check::message(data, true),
            7 if self.presses(id) => check::message(data, false),
            6 if self.presses(id) => Ok(()),
            5 | 9 => Ok(()),
            _ => return Err(no()),
        };
        checked.map_err(|why| Reply::invalid(&why))
    }

    /// Whether an interaction is the use of a component.
    fn presses(&self, id: u64) -> bool {
        self.interactions.get(&id).is_some_and(|it| it.on.is_some())
    }

    /// Whether an interaction asks what to offer.
    fn completes(&self, id: u64) -> bool {
        self.interactions.get(&id).is_some_and(|it| it.completes)
    }

    fn first_answer(&mut self, id: u64, kind: u64, data: &Value) {
        let flags = data["flags"].as_u64().unwrap_or(0);
        let now = self.now();
        let on = self.interactions.get(&id).and_then(|it| it.on);
        let message = match kind {
            6 | 7 => on,
            4 => Some(self.write_for(id, data, flags)),
            5 => Some(self.write_for(id, &json!({}), flags & EPHEMERAL | LOADING)),
            _ => None,
        };
        let embeds = data["embeds"].as_array().map(Vec::as_slice).unwrap_or_default();
        let text = text_of(data["content"].as_str().unwrap_or_default(), embeds);
        let seen_by = if flags & EPHEMERAL == 0 {
            SeenBy::All
        } else {
            SeenBy::Caller
        };
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.original = match (kind, message) {
                (4 | 6 | 7, Some(message)) => Original::Shown(message),
                (_, Some(message)) => Original::Thinking(message),
                (_, None) => Original::None,
            };
            interaction.first = Some(FirstCallback {
                at_ms: now,
                after_ms: now - interaction.made_ms,
                kind,
                seen_by,
                text,
                choices: check::offered(data),
            });
        }
        self.summary.interactions_answered += 1;
        if kind == 7
            && let Some(message) = message
        {
            self.edit(message, data);
        }
        if matches!(kind, 4 | 7)
            && let Some(message) = message
        {
            self.note_answer(id, message, AnswerHow::Callback, data);
        }
    }

    /// A message that answers interaction `id`.
    fn write_for(&mut self, id: u64, body: &Value, flags: u64) -> u64 {
        let Some(interaction) = self.interactions.get(&id) else {
            return 0;
        };
        let (guild, channel, user) = (interaction.guild, interaction.channel, interaction.user);
        let bot = self.world.bot;
        let written = self.write(guild, channel, bot, body);
        if let Some(message) = self.messages.get_mut(&written) {
            message.interaction = Some(id);
            message.only_for = (flags & EPHEMERAL != 0).then_some(user);
            message.flags = flags;
        }
        self.tell_message(written, "MESSAGE_CREATE");
        written
    }

    /// The user can read something.
    fn note_answer(&mut self, id: u64, message: u64, how: AnswerHow, body: &Value) {
        let now = self.now();
        let Some(shown) = self.messages.get(&message) else {
            return;
        };
        let seen_by = if shown.only_for.is_some() {
            SeenBy::Caller
        } else {
            SeenBy::All
        };
        let text = shown.text();
        if let Some(interaction) = self.interactions.get_mut(&id) {
            self.summary.interactions_read += u64::from(interaction.answers.is_empty());
            interaction.answers.push(Answer {
                at_ms: now,
                after_ms: now - interaction.made_ms,
                how,
                message,
                seen_by,
                text,
                body: body.clone(),
            });
        }
    }

    /// The interaction whose token stands in the path, if that is still good.
    fn by_path(&self, call: &Call) -> Result<&Interaction, Reply> {
        let found = self.by_token.get(call.text(1)).and_then(|id| self.interactions.get(id));
        let Some(interaction) = found.filter(|_| call.id(0) == self.world.bot) else {
            return Err(Reply::refused(404, 10_015, "Unknown Webhook", Blame::Bot));
        };
        if self.now() > interaction.made_ms + self.config.token_life_ms {
            let blame = self.blame(interaction, "interaction token expired");
            return Err(Reply::refused(401, 50_027, "Invalid Webhook Token", blame));
        }
        if interaction.first.is_none() {
            // Before the first callback there is no such webhook. A question about it is an expected one.
            let blame = if call.route.method == "GET" {
                Blame::Race("no original")
            } else {
                self.blame(interaction, "no original")
            };
            return Err(Reply::refused(404, 10_015, "Unknown Webhook", blame));
        }
        Ok(interaction)
    }

    /// The message that the path names, and its interaction.
    fn answer_in_path(&self, call: &Call) -> Result<(u64, u64), Reply> {
        let interaction = self.by_path(call)?;
        let named = match call.params.len() {
            2 => match interaction.original {
                Original::Thinking(message) | Original::Shown(message) => Some(message),
                Original::None | Original::Deleted => None,
            },
            _ => Some(call.id(2)),
        };
        let message = named.and_then(|id| self.messages.get(&id));
        let unknown = |blame| Err(Reply::refused(404, 10_008, "Unknown Message", blame));
        match message {
            Some(message) if message.interaction != Some(interaction.id) && interaction.on != Some(message.id) => {
                unknown(Blame::Bot)
            }
            Some(message) if message.deleted_at_ms.is_none() => Ok((interaction.id, message.id)),
            // Deleted by somebody else: the bot had no way to know.
            Some(message) if !interaction.deleted.iter().any(|(id, _)| *id == message.id) => {
                unknown(Blame::Race("gone"))
            }
            Some(_) | None if call.route.method == "GET" => unknown(Blame::Race("no original")),
            Some(_) | None => unknown(self.blame(interaction, "no original")),
        }
    }

    pub(super) fn read_answer(&self, call: &Call) -> Reply {
        match self.answer_in_path(call) {
            Ok((_, message)) => Reply::Done(200, self.shown(message)),
            Err(refusal) => refusal,
        }
    }

    pub(super) fn edit_answer(&mut self, call: &Call) -> Reply {
        let (id, message) = match self.answer_in_path(call) {
            Ok(found) => found,
            Err(refusal) => return refusal,
        };
        let thinking = self
            .interactions
            .get(&id)
            .is_some_and(|it| it.original == Original::Thinking(message));
        if let Err(why) = check::message(&call.body, thinking) {
            return Reply::invalid(&why);
        }
        let how = if call.params.len() == 2 {
            AnswerHow::Edit
        } else {
            AnswerHow::FollowUpEdit
        };
        self.fill(id, message, how, &call.body);
        Reply::Done(200, self.shown(message))
    }

    fn fill(&mut self, id: u64, message: u64, how: AnswerHow, body: &Value) {
        self.edit(message, body);
        if let Some(interaction) = self.interactions.get_mut(&id)
            && interaction.original == Original::Thinking(message)
        {
            interaction.original = Original::Shown(message);
        }
        self.note_answer(id, message, how, body);
    }

    pub(super) fn delete_answer(&mut self, call: &Call) -> Reply {
        let (id, message) = match self.answer_in_path(call) {
            Ok(found) => found,
            Err(refusal) => return refusal,
        };
        self.erase(message);
        let now = self.now();
        if let Some(interaction) = self.interactions.get_mut(&id) {
            interaction.deleted.push((message, now));
            if matches!(interaction.original, Original::Thinking(it) | Original::Shown(it) if it == message) {
                interaction.original = Original::Deleted;
            }
        }
        Reply::Empty
    }

    pub(super) fn follow_up(&mut self, call: &Call) -> Reply {
        let (id, original) = match self.by_path(call) {
            Ok(interaction) => (interaction.id, interaction.original),
            Err(refusal) => return refusal,
        };
        if let Err(why) = check::message(&call.body, true) {
            return Reply::invalid(&why);
        }
        // The first follow-up fills a deferral, with the deferral's visibility.
        let message = if let Original::Thinking(message) = original {
            self.fill(id, message, AnswerHow::Edit, &call.body);
            message
        } else {
            let flags = call.body["flags"].as_u64().unwrap_or(0);
            let message = self.write_for(id, &call.body, flags);
            self.note_answer(id, message, AnswerHow::FollowUp, &call.body);
            message
        };
        Reply::Done(200, self.shown(message))
    }
}
