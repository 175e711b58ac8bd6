//! What Discord refuses although its document allows it: lengths, sums, empty messages, names of commands.

use serde_json::Value;

fn length(value: &Value) -> usize {
    value.as_str().map_or(0, |text| text.chars().count())
}

/// Whether a message with this body would be taken. `fresh` says that it is new, so that it may not be empty.
///
/// # Errors
/// Which rule is broken.
pub(super) fn message(body: &Value, fresh: bool) -> Result<(), String> {
    if length(&body["content"]) > 2_000 {
        return Err(format!(
            "content has {} characters, 2000 are allowed",
            length(&body["content"])
        ));
    }
    let list = |name: &str| body[name].as_array().map(Vec::as_slice).unwrap_or_default();
    let embeds = list("embeds");
    if embeds.len() > 10 {
        return Err(format!("{} embeds, 10 are allowed", embeds.len()));
    }
    let mut sum = 0;
    for embed in embeds {
        sum += self::embed(embed)?;
    }
    if sum > 6_000 {
        return Err(format!("{sum} characters in all embeds, 6000 are allowed"));
    }
    let rows = list("components");
    let v2 = body["flags"].as_u64().unwrap_or(0) & (1 << 15) != 0;
    if !v2 && rows.len() > 5 {
        return Err(format!("{} rows of components, 5 are allowed", rows.len()));
    }
    for row in rows.iter().filter(|row| row["type"] == 1) {
        let inside = row["components"].as_array().map_or(0, Vec::len);
        if !(1..=5).contains(&inside) {
            return Err(format!("a row of {inside} components, 1 to 5 are allowed"));
        }
    }
    buttons(rows)?;
    let others = ["attachments", "sticker_ids", "poll"]
        .iter()
        .any(|name| !body[name].is_null() && body[name] != Value::Array(Vec::new()));
    if fresh && length(&body["content"]) == 0 && embeds.is_empty() && rows.is_empty() && !others {
        return Err("an empty message".into());
    }
    Ok(())
}

/// Whether these choices can be offered to somebody who types.
///
/// # Errors
/// Which rule is broken.
pub(super) fn choices(data: &Value) -> Result<(), String> {
    let Some(all) = data["choices"].as_array() else {
        return Err("choices: there must be a list, which may be empty".into());
    };
    if all.len() > 25 {
        return Err(format!("{} choices, 25 are allowed", all.len()));
    }
    for (name, value) in offered(data) {
        let short = |text: &str| (1..=100).contains(&text.chars().count());
        if !short(&name) || !short(&value) {
            return Err(format!(
                "the choice {name:?} with {value:?}: 1 to 100 characters are allowed for both"
            ));
        }
    }
    Ok(())
}

/// What is offered, as (name, value).
pub(super) fn offered(data: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let all = data["choices"].as_array().into_iter().flatten();
    all.map(|choice| (text(&choice["name"]), text(&choice["value"])))
        .collect()
}

/// Whether every button has a look, words and an id of its own.
fn buttons(rows: &[Value]) -> Result<(), String> {
    let mut seen: Vec<&str> = Vec::new();
    let inside = rows.iter().filter_map(|row| row["components"].as_array());
    for button in inside.flatten().filter(|it| it["type"] == 2) {
        let id = button["custom_id"].as_str().unwrap_or_default();
        let style = button["style"].as_u64().unwrap_or(0);
        if !(1..=4).contains(&style) {
            return Err(format!("the button {id:?} has the style {style}; 1 to 4 have an id"));
        }
        if !(1..=100).contains(&id.chars().count()) || seen.contains(&id) {
            return Err(format!("{id:?} is no id for a button, or there twice"));
        }
        seen.push(id);
        if length(&button["label"]) > 80 || (button["label"].is_null() && button["emoji"].is_null()) {
            return Err(format!(
                "the button {id:?} has a label that is too long, or nothing to show"
            ));
        }
    }
    Ok(())
}

/// The characters of an embed.
fn embed(embed: &Value) -> Result<usize, String> {
    let mut sum = 0;
    let mut take = |what: &str, value: &Value, most: usize| {
        let length = length(value);
        sum += length;
        if length > most {
            return Err(format!(
                "{what} of an embed has {length} characters, {most} are allowed"
            ));
        }
        Ok(())
    };
    take("title", &embed["title"], 256)?;
    take("description", &embed["description"], 4_096)?;
    take("footer", &embed["footer"]["text"], 2_048)?;
    take("author", &embed["author"]["name"], 256)?;
    let fields = embed["fields"].as_array().map(Vec::as_slice).unwrap_or_default();
    if fields.len() > 25 {
        return Err(format!("{} fields in an embed, 25 are allowed", fields.len()));
    }
    for field in fields {
        take("a field's name", &field["name"], 256)?;
        take("a field's value", &field["value"], 1_024)?;
        if length(&field["name"]) == 0 || length(&field["value"]) == 0 {
            return Err("a field without a name or a value".into());
        }
    }
    Ok(sum)
}

/// Whether these commands would be registered.
///
/// # Errors
/// Which rule is broken.
pub(super) fn commands(body: &Value) -> Result<(), String> {
    let commands = body.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut seen: Vec<(u64, &str)> = Vec::new();
    for command in commands {
        let kind = command["type"].as_u64().unwrap_or(1);
        let name = command["name"].as_str().unwrap_or_default();
        if seen.contains(&(kind, name)) {
            return Err(format!("the command {name} comes twice"));
        }
        seen.push((kind, name));
        if kind == 1 {
            named(name, command)?;
            options(name, command)?;
        }
    }
    let of = |wanted: u64| seen.iter().filter(|(kind, _)| *kind == wanted).count();
    if of(1) > 100 {
        return Err(format!("{} chat commands, 100 are allowed", of(1)));
    }
    Ok(())
}

fn named(name: &str, it: &Value) -> Result<(), String> {
    let count = name.chars().count();
    let fine = |c: char| c.is_alphanumeric() && !c.is_uppercase() || matches!(c, '-' | '_' | '\'');
    if !(1..=32).contains(&count) || !name.chars().all(fine) {
        return Err(format!("{name:?} is no name for a command or an option"));
    }
    if !(1..=100).contains(&length(&it["description"])) {
        return Err(format!("the description of {name} has to have 1 to 100 characters"));
    }
    Ok(())
}

fn options(of: &str, it: &Value) -> Result<(), String> {
    let options = it["options"].as_array().map(Vec::as_slice).unwrap_or_default();
    if options.len() > 25 {
        return Err(format!("{of} has {} options, 25 are allowed", options.len()));
    }
    let mut optional = false;
    let mut seen: Vec<&str> = Vec::new();
    for option in options {
        let name = option["name"].as_str().unwrap_or_default();
        named(name, option)?;
        if seen.contains(&name) {
            return Err(format!("{of} has the option {name} twice"));
        }
        seen.push(name);
        let required = option["required"] == true;
        if required && optional {
            return Err(format!(
                "{of}: the required option {name} stands behind an optional one"
            ));
        }
        optional |= !required;
        let choices = option["choices"].as_array().map_or(0, Vec::len);
        if choices > 25 || (choices > 0 && option["autocomplete"] == true) {
            return Err(format!(
                "{of}: choices of {name}: at most 25, and none beside autocomplete"
            ));
        }
        options_of_sub(option)?;
    }
    Ok(())
}

/// Subcommands have options of their own.
fn options_of_sub(option: &Value) -> Result<(), String> {
    if matches!(option["type"].as_u64(), Some(1 | 2)) {
        return options(option["name"].as_str().unwrap_or_default(), option);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_keeps_discords_lengths() {
        assert_eq!(message(&json!({ "content": "é".repeat(2_000) }), true), Ok(()));
        assert!(message(&json!({ "content": "x".repeat(2_001) }), true).is_err());
        assert!(message(&json!({ "content": "" }), true).is_err(), "empty");
        assert_eq!(message(&json!({ "content": "" }), false), Ok(()));
        let long = json!({ "description": "x".repeat(4_000) });
        assert_eq!(message(&json!({ "embeds": [long] }), true), Ok(()));
        assert!(
            message(&json!({ "embeds": [long, long] }), true).is_err(),
            "6000 in all"
        );
        let fields = vec![json!({ "name": "n", "value": "v" }); 26];
        assert!(message(&json!({ "embeds": [{ "fields": fields }] }), true).is_err());
        let nothing = json!({ "name": "n", "value": "" });
        assert!(message(&json!({ "embeds": [{ "fields": [nothing] }] }), true).is_err());
    }

    #[test]
    fn buttons_keep_discords_rules() {
        let row = |buttons: Value| json!({ "components": [{ "type": 1, "components": buttons }] });
        let one = |id: &str| json!({ "type": 2, "style": 2, "label": "Skip", "custom_id": id });
        assert_eq!(message(&row(json!([one("a"), one("b")])), true), Ok(()));
        assert!(message(&row(json!([one("a"), one("a")])), true).is_err(), "twice");
        assert!(message(&row(json!([one("")])), true).is_err());
        assert!(message(&row(json!([one(&"x".repeat(101))])), true).is_err());
        assert!(
            message(
                &row(json!([{ "type": 2, "style": 9, "label": "x", "custom_id": "a" }])),
                true
            )
            .is_err()
        );
        assert!(message(&row(json!([{ "type": 2, "style": 2, "custom_id": "a" }])), true).is_err());
        let six: Vec<Value> = ["1", "2", "3", "4", "5", "6"].map(one).into();
        assert!(message(&row(json!(six)), true).is_err());
    }

    #[test]
    fn commands_keep_discords_rules() {
        let one = |name: &str, options: Value| json!([{ "name": name, "description": "d", "options": options }]);
        assert_eq!(commands(&one("play", json!([]))), Ok(()));
        assert!(commands(&one("Play", json!([]))).is_err());
        assert!(commands(&one("play it", json!([]))).is_err());
        assert!(commands(&json!([{ "name": "play", "description": "" }])).is_err());
        let twice = json!([{ "name": "a", "description": "d" }, { "name": "a", "description": "d" }]);
        assert!(commands(&twice).is_err());
        let first = json!({ "name": "a", "description": "d", "type": 3 });
        let second = json!({ "name": "b", "description": "d", "type": 3, "required": true });
        assert!(commands(&one("play", json!([first, second]))).is_err());
        assert_eq!(commands(&one("play", json!([second, first]))), Ok(()));
    }
}
