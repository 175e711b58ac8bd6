//! Registration of commands.

use serde_json::{Value, json};

use super::{Call, Reply, check};
use crate::discord::state::State;

impl State {
    pub(super) fn list_commands(&self, call: &Call) -> Reply {
        if call.id(0) != self.world.bot {
            return Reply::unknown(10_002, "Application", false);
        }
        let list = if call.params.len() > 1 {
            self.guild_commands.get(&call.id(1)).cloned().unwrap_or_default()
        } else {
            self.commands.clone()
        };
        Reply::Done(200, json!(list))
    }

    pub(super) fn set_commands(&mut self, call: &Call) -> Reply {
        if call.id(0) != self.world.bot {
            return Reply::unknown(10_002, "Application", false);
        }
        if let Err(why) = check::commands(&call.body) {
            return Reply::invalid(&why);
        }
        let guild = (call.params.len() > 1).then(|| call.id(1));
        if let Some(guild) = guild
            && !self.world.guilds.contains_key(&guild)
        {
            return Reply::unknown(10_004, "Guild", self.world.gone.contains(&guild));
        }
        let present = match guild {
            Some(guild) => self.guild_commands.get(&guild).cloned().unwrap_or_default(),
            None => self.commands.clone(),
        };
        let entry_point = |it: &&Value| it["type"].as_u64() == Some(4);
        let given = call.body.as_array().map(Vec::as_slice).unwrap_or_default();
        if present.iter().any(|it| entry_point(&it)) && !given.iter().any(|it| entry_point(&it)) {
            let why = "You cannot remove this app's Entry Point command in a bulk update operation.";
            return Reply::refused(400, 50_240, why, super::Blame::Bot);
        }
        let list: Vec<Value> = given.iter().map(|it| self.registered(it, guild, &present)).collect();
        match guild {
            Some(guild) => {
                self.guild_commands.insert(guild, list.clone());
            }
            None => self.commands.clone_from(&list),
        }
        Reply::Done(200, json!(list))
    }

    /// A command as Discord keeps it; its id stays while its name does.
    fn registered(&mut self, given: &Value, guild: Option<u64>, present: &[Value]) -> Value {
        let kind = given["type"].as_u64().unwrap_or(1);
        let older = present
            .iter()
            .find(|it| it["name"] == given["name"] && it["type"].as_u64() == Some(kind));
        let version = self.world.ids.next().to_string();
        let id = older.map_or_else(|| json!(version), |it| it["id"].clone());
        let mut rights = given["default_member_permissions"].clone();
        if let Some(bits) = rights.as_u64() {
            rights = json!(bits.to_string());
        }
        let mut command = json!({
            "id": id, "application_id": self.world.bot.to_string(), "version": version,
            "default_member_permissions": rights, "type": kind, "name": given["name"],
            "description": given["description"].as_str().unwrap_or_default(), "nsfw": given["nsfw"] == true,
        });
        for list in ["name_localizations", "description_localizations"] {
            command[list] = given[list].clone();
        }
        if guild.is_none() {
            let dm = given["dm_permission"].as_bool().unwrap_or(true);
            command["dm_permission"] = json!(dm);
            command["contexts"] = given["contexts"].clone();
            let types = &given["integration_types"];
            command["integration_types"] = if types.is_array() { types.clone() } else { json!([0]) };
        }
        if let Some(guild) = guild {
            command["guild_id"] = json!(guild.to_string());
        }
        if kind == 4 {
            command["handler"] = given["handler"].clone();
        }
        if let Some(options) = given["options"].as_array().filter(|list| !list.is_empty()) {
            command["options"] = options.iter().map(kept_option).collect();
        }
        command
    }
}

/// An option as Discord keeps it: without what says nothing.
fn kept_option(given: &Value) -> Value {
    let mut option = given.clone();
    if let Some(fields) = option.as_object_mut() {
        fields.retain(|name, value| {
            let says_nothing = value.is_null()
                || (matches!(name.as_str(), "required" | "autocomplete") && value == false)
                || (matches!(name.as_str(), "choices" | "options" | "channel_types") && *value == json!([]));
            !says_nothing
        });
        if let Some(inner) = fields.get_mut("options").and_then(Value::as_array_mut) {
            for option in inner {
                *option = kept_option(option);
            }
        }
    }
    option
}
