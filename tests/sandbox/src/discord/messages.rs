//! Messages: what stands in a channel, who sees it, how the runner reads it.

use std::time::Duration;

use serde_json::{Value, json};

use super::DiscordStandIn;
use super::gateway::intents;
use super::interactions::SeenBy;
use super::model::{iso, unix_ms};
use super::render;
use super::state::State;

/// A message as it is kept.
#[derive(Clone, Debug)]
pub(super) struct Message {
    pub(super) id: u64,
    pub(super) channel: u64,
    pub(super) guild: u64,
    pub(super) author: u64,
    /// The interaction that it answers.
    pub(super) interaction: Option<u64>,
    /// Who alone sees it.
    pub(super) only_for: Option<u64>,
    pub(super) content: String,
    pub(super) embeds: Vec<Value>,
    pub(super) components: Vec<Value>,
    pub(super) flags: u64,
    pub(super) reply_to: Option<u64>,
    pub(super) nonce: Option<String>,
    /// It has, or had, buttons.
    pub(super) buttons: bool,
    pub(super) at_ms: u64,
    pub(super) made_unix_ms: u64,
    pub(super) edited_unix_ms: Option<u64>,
    pub(super) edits: u32,
    pub(super) deleted_at_ms: Option<u64>,
}

/// A message, for a runner.
#[derive(Clone, Debug)]
pub struct MessageView {
    /// Its id.
    pub id: u64,
    /// Its channel.
    pub channel: u64,
    /// Its guild.
    pub guild: u64,
    /// Who wrote it.
    pub author: u64,
    /// Whether the bot wrote it.
    pub by_bot: bool,
    /// The interaction that it answers.
    pub interaction: Option<u64>,
    /// The message that it refers to.
    pub reply_to: Option<u64>,
    /// Who sees it.
    pub seen_by: SeenBy,
    /// The one user who sees it, if not all do.
    pub only_for: Option<u64>,
    /// Content and all texts of its embeds, joined by line breaks.
    pub text: String,
    /// Its embeds, as they were sent.
    pub embeds: Vec<Value>,
    /// Its buttons and menus, as they were sent.
    pub components: Vec<Value>,
    /// Whether it has buttons, or had some.
    pub had_buttons: bool,
    /// When it was made, on the run's clock.
    pub at_ms: u64,
    /// How often it was edited.
    pub edits: u32,
    /// When it was deleted.
    pub deleted_at_ms: Option<u64>,
}

/// Content and all texts of embeds, joined by line breaks.
pub(super) fn text_of(content: &str, embeds: &[Value]) -> String {
    let mut parts = vec![content.to_owned()];
    for embed in embeds {
        for value in [
            &embed["author"]["name"],
            &embed["title"],
            &embed["url"],
            &embed["description"],
        ] {
            parts.extend(value.as_str().map(str::to_owned));
        }
        for field in embed["fields"].as_array().into_iter().flatten() {
            parts.extend(field["name"].as_str().map(str::to_owned));
            parts.extend(field["value"].as_str().map(str::to_owned));
        }
        parts.extend(embed["footer"]["text"].as_str().map(str::to_owned));
    }
    parts.retain(|part| !part.is_empty());
    parts.join("\n")
}

impl Message {
    /// Takes over what a body says about the message; what it does not mention stays.
    pub(super) fn take(&mut self, body: &Value) {
        if let Some(content) = body.get("content") {
            self.content = content.as_str().unwrap_or_default().to_owned();
        }
        let list = |name: &str| body.get(name).map(|list| list.as_array().cloned().unwrap_or_default());
        if let Some(embeds) = list("embeds") {
            self.embeds = embeds;
        }
        if let Some(components) = list("components") {
            self.buttons |= !components.is_empty();
            self.components = components;
        }
        if let Some(flags) = body["flags"].as_u64() {
            self.flags = flags;
        }
    }

    pub(super) fn text(&self) -> String {
        text_of(&self.content, &self.embeds)
    }

    fn view(&self, bot: u64) -> MessageView {
        MessageView {
            id: self.id,
            channel: self.channel,
            guild: self.guild,
            author: self.author,
            by_bot: self.author == bot,
            interaction: self.interaction,
            reply_to: self.reply_to,
            seen_by: if self.only_for.is_some() {
                SeenBy::Caller
            } else {
                SeenBy::All
            },
            only_for: self.only_for,
            text: self.text(),
            embeds: self.embeds.clone(),
            components: self.components.clone(),
            had_buttons: self.buttons,
            at_ms: self.at_ms,
            edits: self.edits,
            deleted_at_ms: self.deleted_at_ms,
        }
    }
}

impl MessageView {
    /// What it answers: an interaction, or a message.
    pub fn answers(&self) -> Option<u64> {
        self.interaction.or(self.reply_to)
    }
}

impl State {
    /// A new message of `author`.
    pub(super) fn write(&mut self, guild: u64, channel: u64, author: u64, body: &Value) -> u64 {
        let id = self.world.ids.next();
        let mut message = Message {
            id,
            channel,
            guild,
            author,
            interaction: None,
            only_for: None,
            content: String::new(),
            embeds: Vec::new(),
            components: Vec::new(),
            flags: 0,
            reply_to: body["message_reference"]["message_id"]
                .as_str()
                .and_then(|id| id.parse().ok()),
            nonce: body["nonce"].as_str().map(str::to_owned),
            buttons: false,
            at_ms: self.now(),
            made_unix_ms: unix_ms(),
            edited_unix_ms: None,
            edits: 0,
            deleted_at_ms: None,
        };
        message.take(body);
        self.messages.insert(id, message);
        id
    }

    /// The message as REST and the gateway show it.
    pub(super) fn render_message(&self, message: &Message) -> Value {
        let embeds: Vec<Value> = message
            .embeds
            .iter()
            .map(|embed| {
                let mut embed = embed.clone();
                embed["type"] = json!("rich");
                for field in embed
                    .get_mut("fields")
                    .and_then(Value::as_array_mut)
                    .into_iter()
                    .flatten()
                {
                    if field["inline"].is_null() {
                        field["inline"] = json!(false);
                    }
                }
                embed
            })
            .collect();
        let mut components = message.components.clone();
        let mut next = 0;
        for component in &mut components {
            number(component, &mut next);
        }
        let kind = match (message.interaction, message.reply_to) {
            (Some(_), _) => 20,
            (None, Some(_)) => 19,
            (None, None) => 0,
        };
        let mut value = json!({
            "id": message.id.to_string(), "type": kind, "channel_id": message.channel.to_string(),
            "content": message.content, "author": self.world.users.get(&message.author).map(render::user),
            "embeds": embeds, "components": components, "attachments": [], "mentions": [], "mention_roles": [],
            "mention_everyone": false, "tts": false, "pinned": false, "flags": message.flags,
            "timestamp": iso(message.made_unix_ms), "edited_timestamp": message.edited_unix_ms.map(iso),
        });
        if message.interaction.is_some() {
            let application = self.world.bot.to_string();
            value["webhook_id"] = json!(application);
            value["application_id"] = json!(application);
        }
        if let Some(to) = message.reply_to {
            value["message_reference"] = json!({
                "type": 0, "channel_id": message.channel.to_string(), "message_id": to.to_string(),
                "guild_id": message.guild.to_string(),
            });
        }
        value
    }

    /// Tells the gateway about a message that not only one user sees.
    pub(super) fn tell_message(&mut self, id: u64, event: &str) {
        let Some(message) = self.messages.get(&id).filter(|message| message.only_for.is_none()) else {
            return;
        };
        let (guild, channel, author) = (message.guild, message.channel, message.author);
        if event == "MESSAGE_DELETE" {
            let data =
                json!({ "id": id.to_string(), "channel_id": channel.to_string(), "guild_id": guild.to_string() });
            return self.dispatch(guild, intents::MESSAGES, event, &data);
        }
        let mut full = self.render_message(message);
        full["guild_id"] = json!(guild.to_string());
        if let Some(place) = self.world.guilds.get(&guild) {
            let mut member = render::member(&self.world, place, author);
            if let Some(member) = member.as_object_mut() {
                member.remove("user");
            }
            full["member"] = member;
        }
        let bot = self.world.bot;
        let mention = [format!("<@{bot}>"), format!("<@!{bot}>")];
        let mentioned = mention.iter().any(|name| message.content.contains(name));
        if mentioned {
            full["mentions"] = json!([self.world.users.get(&bot).map(render::user)]);
        }
        let mut bare = full.clone();
        bare["content"] = json!("");
        for list in ["embeds", "components", "attachments"] {
            bare[list] = json!([]);
        }
        // What stands in a message is for those who may read it, are mentioned or wrote it.
        let open = mentioned || author == bot;
        let seeing: Vec<(String, bool)> = self
            .sessions
            .values()
            .filter(|session| session.sees(guild) && session.intents & intents::MESSAGES != 0)
            .map(|session| {
                let reads = open || session.intents & intents::MESSAGE_CONTENT != 0;
                (session.id.clone(), reads)
            })
            .collect();
        for (session, reads) in seeing {
            self.dispatch_to(&session, event, if reads { &full } else { &bare });
        }
    }

    /// A message is gone.
    pub(super) fn erase(&mut self, id: u64) {
        let now = self.now();
        if let Some(message) = self.messages.get_mut(&id) {
            message.deleted_at_ms = Some(now);
            self.tell_message(id, "MESSAGE_DELETE");
        }
    }
}

/// Discord numbers every component that has no number yet.
fn number(component: &mut Value, next: &mut u64) {
    *next += 1;
    if component["id"].is_null() {
        component["id"] = json!(*next);
    }
    for inner in component["components"].as_array_mut().into_iter().flatten() {
        number(inner, next);
    }
}

impl DiscordStandIn {
    /// `user` writes `content` into `channel`; the message's id. `None` if the channel is not there.
    pub fn chat(&self, user: u64, channel: u64, content: &str) -> Option<u64> {
        self.0.change(|state| {
            let guild = state.world.guild_of_channel(channel)?;
            let id = state.write(guild, channel, user, &json!({ "content": content }));
            state.tell_message(id, "MESSAGE_CREATE");
            Some(id)
        })
    }

    /// Somebody deletes a message.
    pub fn delete_message(&self, id: u64) {
        self.0.change(|state| state.erase(id));
    }

    /// All messages of `channel` in order, deleted ones included.
    pub fn messages(&self, channel: u64) -> Vec<MessageView> {
        let state = self.0.lock();
        let bot = state.world.bot;
        let inside = state.messages.values().filter(|message| message.channel == channel);
        inside.map(|message| message.view(bot)).collect()
    }

    /// Waits for a message of `channel` that `fits`, at most for `within`; the first of them.
    pub async fn message(
        &self,
        channel: u64,
        within: Duration,
        mut fits: impl FnMut(&MessageView) -> bool,
    ) -> Option<MessageView> {
        self.0
            .wait_for(within, |state| {
                let bot = state.world.bot;
                let inside = state.messages.values().filter(|message| message.channel == channel);
                inside.map(|message| message.view(bot)).find(|view| fits(view))
            })
            .await
    }
}
