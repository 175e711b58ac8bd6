//! Users act: a command becomes an interaction that the bot gets.

use serde_json::{Value, json};

use super::DiscordStandIn;
use super::interactions::{Answer, AnswerHow, Interaction, InteractionHandle, Original, SeenBy};
use super::model::rights;
use super::render;
use super::slash::{CannotAct, SlashCommand, completing, find, options, parse_slash};
use super::state::State;

impl State {
    /// All chat-input commands that a user of `guild` has.
    pub(super) fn commands_in(&self, guild: u64) -> Vec<Value> {
        let own = self.guild_commands.get(&guild).into_iter().flatten();
        own.chain(&self.commands).cloned().collect()
    }

    fn say(&mut self, user: u64, guild: u64, channel: u64, typed: &SlashCommand) -> Result<u64, CannotAct> {
        let words: Vec<&str> = typed.name.split_whitespace().collect();
        let known = find(&self.commands_in(guild), &words)?;
        let data = known.data(options(&typed.name, &known, &typed.options)?);
        let place = self
            .world
            .guilds
            .get(&guild)
            .ok_or_else(|| CannotAct::NotThere(format!("guild {guild}")))?;
        if !place.channels.contains_key(&channel) {
            return Err(CannotAct::NotThere(format!("channel {channel}")));
        }
        if !place.members.contains_key(&user) {
            return Err(CannotAct::NotThere(format!("member {user}")));
        }
        let own = self.world.rights_in(place, user, channel);
        let asked = known.command["default_member_permissions"]
            .as_str()
            .and_then(|bits| bits.parse::<u64>().ok())
            .unwrap_or(0);
        let needed = rights::USE_APPLICATION_COMMANDS | asked;
        if own & needed != needed {
            return Err(CannotAct::NotAllowed(typed.name.clone()));
        }
        Ok(self.interact(&typed.name, (user, guild, channel), None, &data, false))
    }

    /// `user` types `option` of a command and has come to `typed`: Discord asks the bot what to offer, if it was registered
    /// so.
    fn complete(&mut self, place: (u64, u64, u64), typed: &SlashCommand) -> Result<u64, CannotAct> {
        let words: Vec<&str> = typed.name.split_whitespace().collect();
        let known = find(&self.commands_in(place.1), &words)?;
        let data = known.data(completing(&typed.name, &known, &typed.options)?);
        let id = self.interact(&typed.name, place, None, &data, true);
        Ok(id)
    }

    /// Sends an interaction to the bot, if it has a session. `on`: the message whose component was used; without one it
    /// is a command.
    pub(super) fn interact(
        &mut self,
        name: &str,
        (user, guild, channel): (u64, u64, u64),
        on: Option<u64>,
        data: &Value,
        completes: bool,
    ) -> u64 {
        let id = self.world.ids.next();
        let token = self.hex(64);
        let went_to = self
            .session_for(guild)
            .map(|session| (session.id.clone(), session.generation));
        let kind = match on {
            Some(_) => 3,
            None if completes => 4,
            None => 2,
        };
        let mut event = self.interaction_event(id, &token, (user, guild, channel), kind, data);
        if let Some(message) = on.and_then(|on| self.messages.get(&on)) {
            event["message"] = self.render_message(message);
        }
        self.summary.interactions_sent += 1;
        match &went_to {
            Some((session, _)) => self.dispatch_to(&session.clone(), "INTERACTION_CREATE", &event),
            None => self.summary.interactions_undelivered += 1,
        }
        self.by_token.insert(token.clone(), id);
        let interaction = Interaction {
            id,
            token,
            name: name.to_owned(),
            guild,
            channel,
            user,
            on,
            completes,
            written: false,
            made_ms: self.now(),
            went_to,
            faulted: false,
            first: None,
            original: Original::None,
            answers: Vec::new(),
            deleted: Vec::new(),
            callbacks: 0,
            late: false,
        };
        self.interactions.insert(id, interaction);
        id
    }

    fn interaction_event(
        &self,
        id: u64,
        token: &str,
        (user, guild, channel): (u64, u64, u64),
        kind: u8,
        data: &Value,
    ) -> Value {
        let bot = self.world.bot;
        let Some(place) = self.world.guilds.get(&guild) else {
            return Value::Null;
        };
        let mut member = render::member(&self.world, place, user);
        member["permissions"] = json!(self.world.rights_in(place, user, channel).to_string());
        let room = place
            .channels
            .get(&channel)
            .map(|it| render::channel(&self.world, place, it));
        json!({
            "id": id.to_string(), "application_id": bot.to_string(), "type": kind, "data": data,
            "guild": { "id": guild.to_string(), "locale": "en-US", "features": [] }, "guild_id": guild.to_string(),
            "channel": room, "channel_id": channel.to_string(), "member": member, "token": token, "version": 1,
            "app_permissions": self.world.rights_in(place, bot, channel).to_string(), "locale": "en-US",
            "guild_locale": "en-US", "entitlements": [], "entitlement_sku_ids": [], "context": 0,
            "authorizing_integration_owners": { "0": guild.to_string() }, "attachment_size_limit": 10_485_760,
        })
    }
}

impl State {
    /// `user` writes a message that may be a command to the bot, and waits for a reply to it.
    fn write_command(&mut self, user: u64, guild: u64, channel: u64, text: &str) -> Result<u64, CannotAct> {
        let place = self.world.guilds.get(&guild);
        let place = place.ok_or_else(|| CannotAct::NotThere(format!("guild {guild}")))?;
        if !place.channels.contains_key(&channel) {
            return Err(CannotAct::NotThere(format!("channel {channel}")));
        }
        if self.world.rights_in(place, user, channel) & rights::SEND_MESSAGES == 0 {
            return Err(CannotAct::NotAllowed(text.to_owned()));
        }
        let went_to = self
            .session_for(guild)
            .map(|session| (session.id.clone(), session.generation));
        let id = self.write(guild, channel, user, &json!({ "content": text }));
        let written = Interaction {
            id,
            token: String::new(),
            name: text.split_whitespace().next().unwrap_or_default().to_owned(),
            guild,
            channel,
            user,
            on: None,
            completes: false,
            written: true,
            made_ms: self.now(),
            went_to,
            faulted: false,
            first: None,
            original: Original::None,
            answers: Vec::new(),
            deleted: Vec::new(),
            callbacks: 0,
            late: false,
        };
        self.interactions.insert(id, written);
        self.tell_message(id, "MESSAGE_CREATE");
        Ok(id)
    }

    /// The bot has replied with `message` to what a user wrote. A second reply is one too many.
    pub(super) fn note_reply(&mut self, message: u64, body: &Value) {
        let target = self.messages.get(&message).and_then(|message| message.reply_to);
        let now = self.now();
        let Some(written) = target
            .and_then(|id| self.interactions.get_mut(&id))
            .filter(|it| it.written)
        else {
            return;
        };
        if !written.answers.is_empty() {
            let what = format!("a second reply to {:?}, which was answered already", written.name);
            self.findings.violation(format!("rest: {what}"));
        }
        if body["allowed_mentions"]["replied_user"] != false {
            self.findings
                .violation("rest: a reply that pings who is replied to".to_owned());
        }
        let text = self.messages.get(&message).map(super::messages::Message::text);
        written.answers.push(Answer {
            at_ms: now,
            after_ms: now.saturating_sub(written.made_ms),
            how: AnswerHow::Reply,
            message,
            seen_by: SeenBy::All,
            text: text.unwrap_or_default(),
            body: body.clone(),
        });
    }
}

impl DiscordStandIn {
    /// Lets a user act. Its time is the one that the bot is held to, not another look at the clock.
    fn acted(&self, act: impl FnOnce(&mut State) -> Result<u64, CannotAct>) -> Result<InteractionHandle, CannotAct> {
        let (id, said_at_ms) = self.0.change(|state| {
            let id = act(state)?;
            let made_ms = state.interactions.get(&id).map(|it| it.made_ms);
            Ok((id, made_ms.unwrap_or_else(|| state.now())))
        })?;
        let shared = std::sync::Arc::clone(&self.0);
        Ok(InteractionHandle { shared, id, said_at_ms })
    }

    /// `user` presses the button with `custom_id` on `message`, as long as Discord's client shows it and lets it be
    /// pressed.
    ///
    /// # Errors
    /// When there is no such message or button for this user, or it can't be pressed.
    pub fn click(&self, user: u64, message: u64, custom_id: &str) -> Result<InteractionHandle, CannotAct> {
        self.acted(|state| state.click(user, message, custom_id))
    }

    /// Reads a typed command against what the bot registered for `guild`, see [`parse_slash`].
    ///
    /// # Errors
    /// As [`parse_slash`].
    pub fn parse_slash(&self, guild: u64, text: &str) -> Result<SlashCommand, CannotAct> {
        parse_slash(text, &self.0.lock().commands_in(guild))
    }

    /// `user` types a slash command and is at its last option; the first callback has what is offered.
    ///
    /// # Errors
    /// When there is no such command, or its option offers nothing.
    pub fn complete(
        &self,
        user: u64,
        guild: u64,
        channel: u64,
        command: &SlashCommand,
    ) -> Result<InteractionHandle, CannotAct> {
        self.acted(|state| state.complete((user, guild, channel), command))
    }

    /// `user` writes `text` into `channel` of `guild`; what refers to it is its answer.
    ///
    /// # Errors
    /// When there is no such channel, or the user may not write there.
    pub fn write(&self, user: u64, guild: u64, channel: u64, text: &str) -> Result<InteractionHandle, CannotAct> {
        self.acted(|state| state.write_command(user, guild, channel, text))
    }

    /// `user` uses a slash command in `channel` of `guild`.
    ///
    /// # Errors
    /// When Discord's client would not send it.
    pub fn say(
        &self,
        user: u64,
        guild: u64,
        channel: u64,
        command: &SlashCommand,
    ) -> Result<InteractionHandle, CannotAct> {
        self.acted(|state| state.say(user, guild, channel, command))
    }
}
