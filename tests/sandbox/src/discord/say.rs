//! Users act: a command becomes an interaction that the bot gets.

use serde_json::{Value, json};

use super::DiscordStandIn;
use super::interactions::{Interaction, InteractionHandle, Original};
use super::model::rights;
use super::render;
use super::slash::{CannotAct, SlashCommand, find, options, parse_slash};
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
        let mut options = options(&typed.name, &known, &typed.options)?;
        for sub in known.path.iter().rev() {
            options = vec![json!({ "name": sub["name"], "type": sub["type"], "options": options })];
        }
        let data = json!({
            "id": known.command["id"], "name": known.command["name"], "type": 1, "options": options,
        });
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
        Ok(self.interact(&typed.name, (user, guild, channel), None, &data))
    }

    /// Sends an interaction to the bot, if it has a session. `on`: the message whose component was used; without one it
    /// is a command.
    pub(super) fn interact(
        &mut self,
        name: &str,
        (user, guild, channel): (u64, u64, u64),
        on: Option<u64>,
        data: &Value,
    ) -> u64 {
        let id = self.world.ids.next();
        let token = self.hex(64);
        let went_to = self
            .session_for(guild)
            .map(|session| (session.id.clone(), session.generation));
        let kind = if on.is_some() { 3 } else { 2 };
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

impl DiscordStandIn {
    fn handle(&self, id: u64, said_at_ms: u64) -> InteractionHandle {
        let shared = std::sync::Arc::clone(&self.0);
        InteractionHandle { shared, id, said_at_ms }
    }

    /// `user` presses the button with `custom_id` on `message`, as long as Discord's client shows it and lets it be
    /// pressed.
    ///
    /// # Errors
    /// When there is no such message or button for this user, or it can't be pressed.
    pub fn click(&self, user: u64, message: u64, custom_id: &str) -> Result<InteractionHandle, CannotAct> {
        let (id, said_at_ms) = self.0.change(|state| {
            let said_at_ms = state.now();
            state.click(user, message, custom_id).map(|id| (id, said_at_ms))
        })?;
        Ok(self.handle(id, said_at_ms))
    }

    /// Reads a typed command against what the bot registered for `guild`, see [`parse_slash`].
    ///
    /// # Errors
    /// As [`parse_slash`].
    pub fn parse_slash(&self, guild: u64, text: &str) -> Result<SlashCommand, CannotAct> {
        parse_slash(text, &self.0.lock().commands_in(guild))
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
        let (id, said_at_ms) = self.0.change(|state| {
            let said_at_ms = state.now();
            state.say(user, guild, channel, command).map(|id| (id, said_at_ms))
        })?;
        Ok(self.handle(id, said_at_ms))
    }
}
