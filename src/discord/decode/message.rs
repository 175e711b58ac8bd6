//! Messages of people: what is used of them. Most of all gateway events are these, and most of them ask nobody here for
//! anything, so nothing is read but who wrote what where.

use ostinato_machine::ids::{ChannelId, GuildId, UserId};
use serde::Deserialize;

use super::lenient::Number;
use super::voice::User;
use super::{Decoded, Malformed, needed, read};
use crate::discord::written::Written;

const EVENT: &str = "MESSAGE_CREATE";

/// Message types that people write: a plain message and a reply to another one.
const BY_PEOPLE: [u64; 2] = [0, 19];

#[derive(Deserialize)]
struct Created {
    id: Option<Number>,
    channel_id: Option<Number>,
    guild_id: Option<Number>,
    #[serde(rename = "type")]
    kind: Option<Number>,
    author: Option<User>,
    webhook_id: Option<Number>,
    content: Option<Box<str>>,
}

/// A message of a person in a guild that has words. Bots and webhooks are nobody's callers: two bots that answer each
/// other would never end.
pub(super) fn create(data: &str, now_ms: u64) -> Result<Decoded, Malformed> {
    let created: Created = read(EVENT, data)?;
    let (Some(guild), Some(text)) = (created.guild_id, created.content.filter(|text| !text.is_empty())) else {
        return Ok(Decoded::Ignored);
    };
    let by_people = created.kind.is_none_or(|kind| BY_PEOPLE.contains(&kind.0));
    let author = needed(EVENT, "it has no author", created.author)?;
    if !by_people || created.webhook_id.is_some() || author.bot == Some(true) {
        return Ok(Decoded::Ignored);
    }
    Ok(Decoded::Written(Written {
        id: needed(EVENT, "it has no id", created.id)?.0,
        guild: GuildId(guild.0),
        channel: ChannelId(needed(EVENT, "it has no channel", created.channel_id)?.0),
        user: UserId(needed(EVENT, "its author has no id", author.id)?.0),
        arrived_ms: now_ms,
        replayed: false,
        text,
    }))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read_with(change: impl FnOnce(&mut Value)) -> Result<Decoded, Malformed> {
        let mut data = json!({
            "id": "5", "channel_id": "6", "guild_id": "7", "type": 0, "content": "!play \u{266b}\n", "tts": false,
            "author": { "id": "8", "username": "ann", "avatar": null }, "member": { "roles": ["1"] }, "mentions": [],
        });
        change(&mut data);
        create(&data.to_string(), 77)
    }

    #[test]
    fn a_message_is_who_wrote_what_where() {
        let expected = Written {
            id: 5,
            guild: GuildId(7),
            channel: ChannelId(6),
            user: UserId(8),
            text: "!play \u{266b}\n".into(),
            arrived_ms: 77,
            replayed: false,
        };
        for kind in [json!(0), json!(19), json!(null)] {
            let read = read_with(|data| data["type"] = kind);
            assert_eq!(read, Ok(Decoded::Written(expected.clone())));
        }
    }

    #[test]
    fn bots_webhooks_systems_direct_messages_and_silence_are_ignored() {
        let table: [(&str, Value); 6] = [
            ("/author/bot", json!(true)),
            ("/webhook_id", json!("9")),
            ("/type", json!(7)),
            ("/guild_id", json!(null)),
            ("/content", json!("")),
            ("/content", json!(null)),
        ];
        for (place, value) in table {
            let read = read_with(|data| match place.rsplit_once('/') {
                Some(("/author", key)) => data["author"][key] = value,
                _ => data[&place[1..]] = value,
            });
            assert_eq!(read, Ok(Decoded::Ignored), "{place}");
        }
    }

    #[test]
    fn a_message_without_its_ids_makes_no_sense() {
        for key in ["id", "channel_id", "author"] {
            assert!(read_with(|data| data[key] = json!(null)).is_err(), "{key}");
        }
        assert!(read_with(|data| data["author"] = json!({})).is_err());
    }
}
