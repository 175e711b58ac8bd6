//! Buttons below messages: seeing and pressing them.

use serde_json::{Value, json};

use super::messages::MessageView;
use super::slash::CannotAct;
use super::state::State;

/// A component type: a button.
const BUTTON: u64 = 2;

/// A button, as a user sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ButtonView {
    /// What the bot knows it by.
    pub custom_id: String,
    /// Its words.
    pub label: String,
    /// Its sign; empty without one.
    pub emoji: String,
    /// Discord's number of its look: 1 primary, 2 secondary, 3 success, 4 danger.
    pub style: u64,
    /// It is shown but can't be pressed.
    pub disabled: bool,
}

impl ButtonView {
    fn new(component: &Value) -> Option<Self> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (component["type"] == BUTTON && component["custom_id"].is_string()).then(|| Self {
            custom_id: text(&component["custom_id"]),
            label: text(&component["label"]),
            emoji: text(&component["emoji"]["name"]),
            style: component["style"].as_u64().unwrap_or(0),
            disabled: component["disabled"] == true,
        })
    }
}

/// The rows of buttons among `components`, from top to bottom.
fn rows(components: &[Value]) -> Vec<Vec<ButtonView>> {
    let inside = |row: &Value| {
        let parts = row["components"].as_array().map(Vec::as_slice).unwrap_or_default();
        parts.iter().filter_map(ButtonView::new).collect()
    };
    components.iter().map(inside).collect()
}

impl MessageView {
    /// Its buttons in rows, from top to bottom.
    pub fn rows(&self) -> Vec<Vec<ButtonView>> {
        rows(&self.components)
    }

    /// Its buttons in reading order.
    pub fn buttons(&self) -> Vec<ButtonView> {
        self.rows().into_iter().flatten().collect()
    }
}

impl State {
    /// `user` presses a button; the interaction.
    pub(super) fn click(&mut self, user: u64, message: u64, custom_id: &str) -> Result<u64, CannotAct> {
        let missing = |what: String| CannotAct::NotThere(what);
        let shown = self.messages.get(&message);
        let shown = shown.filter(|it| it.deleted_at_ms.is_none() && it.only_for.is_none_or(|only| only == user));
        let shown = shown.ok_or_else(|| missing(format!("message {message}")))?;
        let (guild, channel) = (shown.guild, shown.channel);
        let all = rows(&shown.components).into_iter().flatten();
        let button = all.into_iter().find(|button| button.custom_id == custom_id);
        let button = button.ok_or_else(|| missing(format!("button {custom_id}")))?;
        if button.disabled {
            return Err(CannotAct::Disabled(button.label));
        }
        let place = self.world.guilds.get(&guild);
        let place = place.filter(|place| place.channels.contains_key(&channel) && place.members.contains_key(&user));
        if place.is_none() {
            return Err(missing(format!("member {user} in channel {channel}")));
        }
        let data = json!({ "component_type": BUTTON, "custom_id": custom_id, "id": 1 });
        Ok(self.interact(&button.label, (user, guild, channel), Some(message), &data, false))
    }
}
