//! Gateway frames and command options from strangers: 20,000 of each.

use ostinato_machine::ids::UserId;
use serde_json::{Value, json};

use super::{Decoded, decode, sniff};
use crate::discord::commands::{COMMANDS, Completes, Interpreted, Kind, Table, completes, interpret, written};
use crate::discord::interaction::Data;
use crate::hostile::storm;

const ALL: Table = Table { drills: true };

fn dispatch(name: &str, data: &Value) -> Value {
    json!({ "op": 0, "s": 7, "t": name, "d": data })
}

fn command(name: &str, options: &Value) -> Value {
    dispatch(
        "INTERACTION_CREATE",
        &json!({
            "id": "1204567890123456789", "application_id": "5", "type": 2, "token": "tok", "guild_id": "1", "channel_id": "2",
            "app_permissions": "8", "locale": "en-GB", "version": 1,
            "member": { "user": { "id": "3", "username": "ann" }, "permissions": "2147483647", "roles": ["4"] },
            "data": { "id": "9", "name": name, "type": 1, "options": options },
        }),
    )
}

fn written_message(content: &str) -> Value {
    let author = json!({ "id": "3", "username": "ann" });
    dispatch(
        "MESSAGE_CREATE",
        &json!({ "id": "5", "guild_id": "1", "channel_id": "6", "type": 0, "content": content, "author": author,
            "mentions": [], "timestamp": "2026-01-01T00:00:00Z" }),
    )
}

fn voice_state() -> Value {
    json!({ "guild_id": "1", "channel_id": "6", "user_id": "3", "session_id": "abc", "suppress": false, "deaf": false,
        "mute": false, "self_deaf": false, "self_mute": false, "member": { "user": { "id": "3", "bot": false } } })
}

/// One of every dispatch that means something.
fn frames() -> Vec<Value> {
    vec![
        dispatch(
            "READY",
            &json!({ "v": 10, "user": { "id": "9" }, "session_id": "s", "resume_gateway_url": "wss://x",
            "guilds": [{ "id": "1", "unavailable": true }] }),
        ),
        dispatch(
            "GUILD_CREATE",
            &json!({ "id": "1", "name": "Home", "voice_states": [voice_state()],
            "members": [{ "user": { "id": "3", "bot": true } }] }),
        ),
        written_message("!play \"First\" where:next"),
        dispatch("GUILD_UPDATE", &json!({ "id": "1", "name": "New Home", "icon": null })),
        dispatch("GUILD_DELETE", &json!({ "id": "1", "unavailable": false })),
        dispatch("CHANNEL_DELETE", &json!({ "id": "6", "guild_id": "1", "type": 2 })),
        dispatch("VOICE_STATE_UPDATE", &voice_state()),
        dispatch(
            "VOICE_SERVER_UPDATE",
            &json!({ "guild_id": "1", "token": "t", "endpoint": "voice.example:443" }),
        ),
        command("play", &json!([{ "name": "query", "type": 3, "value": "First" }])),
        json!({ "op": 10, "d": { "heartbeat_interval": 41_250 }, "s": null, "t": null }),
        json!({ "op": 9, "d": true }),
    ]
}

/// Every command with a good value for each option, and a button.
fn orders() -> Vec<Value> {
    let value = |kind: &Kind| match kind {
        Kind::Text { .. } | Kind::Search { .. } => json!({ "type": 3, "value": "1:30" }),
        Kind::Whole { min, .. } => json!({ "type": 4, "value": min }),
        Kind::Choice(choices) => json!({ "type": 3, "value": choices[0].0 }),
        Kind::CommandName => json!({ "type": 3, "value": "play" }),
    };
    let mut all: Vec<Value> = COMMANDS
        .iter()
        .map(|spec| {
            let options = spec.options.iter().map(|option| {
                let mut given = value(&option.kind);
                given["name"] = json!(option.name);
                given
            });
            let options: Value = options.collect();
            match spec.sub() {
                Some((family, name)) => command(family, &json!([{ "name": name, "type": 1, "options": options }])),
                None => command(spec.name, &options),
            }
        })
        .collect();
    let mut press = command("play", &json!([]));
    press["d"]["type"] = json!(3);
    press["d"]["data"] = json!({ "custom_id": "o1:skip:7", "component_type": 2 });
    press["d"]["message"] = json!({ "id": "8", "flags": 0 });
    all.push(press);
    let mut typing = command(
        "play",
        &json!([{ "name": "query", "type": 3, "value": "blu", "focused": true }]),
    );
    typing["d"]["type"] = json!(4);
    all.push(typing);
    let lines = [
        "!play where:next \"First\"",
        "<@9> move 1 2",
        "!seek position:1:30",
        "<@!9>vol 80%",
    ];
    all.extend(lines.map(written_message));
    all
}

fn decoded(bytes: &[u8]) -> Option<Decoded> {
    let text = std::str::from_utf8(bytes).ok()?;
    let envelope = sniff(text)?;
    decode(envelope.name?, envelope.data?, UserId(9), 1_700_000_000_000).ok()
}

#[test]
fn hostile_gateway_frames_harm_nothing() {
    storm("gateway frames", &frames(), |bytes| {
        decoded(bytes).is_some_and(|it| it != Decoded::Ignored)
    });
}

#[test]
fn hostile_options_buttons_and_messages_harm_nothing() {
    storm("options", &orders(), |bytes| match decoded(bytes) {
        Some(Decoded::Interaction(interaction)) => match &interaction.data {
            Data::Complete { name, option, typed } => completes(ALL, name, option, typed) != Completes::Nothing,
            Data::Command { .. } | Data::Component { .. } | Data::Other(_) => {
                matches!(
                    interpret(ALL, &interaction),
                    Interpreted::Guild { .. } | Interpreted::Drill(_)
                )
            }
        },
        Some(Decoded::Written(message)) => written(ALL, &message, UserId(9), "!").is_some(),
        Some(_) | None => false,
    });
}
