//! Frames as Discord sends them, as it might, and as nobody should.

use std::num::NonZeroU32;

use ostinato_actors::about::{About, Icon};
use ostinato_actors::ports::{GatewayEvent, GuildSeats};
use ostinato_machine::guild::{Input, Seat};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, UserId};
use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::{Decoded, Envelope, decode, sniff};
use crate::discord::interaction::{Data, GivenOption, Interaction, Value};

const OWN: UserId = UserId(9);

fn read(name: &str, data: &Json) -> Decoded {
    decode(name, &data.to_string(), OWN, 77).unwrap()
}

fn input(input: Input) -> Decoded {
    Decoded::Event(GatewayEvent::Input {
        guild: GuildId(1),
        cause: CauseId::Internal,
        input,
    })
}

#[test]
fn the_outside_of_a_frame_is_read_in_any_order() {
    let first = r#"{"t":"READY","s":3,"op":0,"d":{"op":5,"t":"no","s":8}}"#;
    let envelope = sniff(first).unwrap();
    assert_eq!(
        (envelope.op, envelope.sequence, envelope.name),
        (Some(0), Some(3), Some("READY"))
    );
    assert_eq!(envelope.data, Some(r#"{"op":5,"t":"no","s":8}}"#));
    let last = " { \"op\" : 0 , \"d\" : { \"a\" : [ \"}\\\"\" , { } , -1.5e3 , null ] , \"t\" : 1 } , \"s\" : \"4\" , \"t\" : \"X\" , \"z\" : [] } ";
    let envelope = sniff(last).unwrap();
    assert_eq!(
        (envelope.op, envelope.sequence, envelope.name),
        (Some(0), Some(4), Some("X"))
    );
    let hello = sniff(r#"{"op":10,"d":{"heartbeat_interval":5},"s":null,"t":null}"#).unwrap();
    assert_eq!((hello.op, hello.sequence, hello.name), (Some(10), None, None));
    assert_eq!(sniff("{}"), Some(Envelope::default()));
    for no_object in [
        "",
        "no JSON",
        "[]",
        "{",
        "{\"op\"",
        "{\"op\":}",
        "{\"d\":[}",
        "{\"op\":0",
    ] {
        assert_eq!(sniff(no_object), None, "{no_object}");
    }
}

#[test]
fn a_guild_comes_with_everybody_in_voice() {
    let guild = json!({ "id": "1", "name": "Home", "member_count": 7, "icon": "a_00112233445566778899aabbccddeeff", "voice_states": [
        { "user_id": "2", "channel_id": "50", "member": { "user": { "id": "2" } } },
        { "user_id": 3, "channel_id": 50, "suppress": null },
        { "user_id": "4", "channel_id": null },
        { "user_id": { "no": "number" }, "channel_id": "50" },
        { "user_id": "9", "channel_id": "50", "session_id": "abc" },
    ], "members": [ { "user": { "id": "3", "bot": true } }, 17 ], "channels": [ {} ] });
    let seat = |user, bot| Seat {
        user: UserId(user),
        channel: Some(ChannelId(50)),
        bot,
    };
    let seats = GuildSeats {
        guild: 1,
        seats: vec![seat(2, false), seat(3, true)],
        own: Some((ChannelId(50), Hidden::new("abc"))),
    };
    let about = About {
        name: "Home".into(),
        members: NonZeroU32::new(7),
        icon: Icon::read("a_00112233445566778899aabbccddeeff"),
    };
    assert_eq!(
        read("GUILD_CREATE", &guild),
        Decoded::Event(GatewayEvent::GuildUp { seats, about })
    );
}

#[test]
fn a_guild_that_is_called_otherwise_says_so_and_may_have_lost_its_picture() {
    let icon = "00112233445566778899aabbccddeeff";
    let renamed = |icon| {
        let about = About {
            name: "New Home".into(),
            members: None,
            icon,
        };
        let guild = GuildId(1);
        Decoded::Event(GatewayEvent::GuildChanged { guild, about })
    };
    let update = |icon: Json| json!({ "id": "1", "name": "New Home", "icon": icon, "roles": [{}], "owner_id": "4" });
    assert_eq!(read("GUILD_UPDATE", &update(json!(icon))), renamed(Icon::read(icon)));
    assert_eq!(read("GUILD_UPDATE", &update(Json::Null)), renamed(None));
}

#[test]
fn an_outage_is_not_a_removal() {
    let outage = json!({ "id": "1", "unavailable": true });
    assert_eq!(read("GUILD_DELETE", &outage), Decoded::Ignored);
    assert_eq!(read("GUILD_CREATE", &outage), Decoded::Ignored);
    let gone = Decoded::Event(GatewayEvent::GuildGone { guild: GuildId(1) });
    assert_eq!(read("GUILD_DELETE", &json!({ "id": "1" })), gone);
    assert_eq!(read("GUILD_DELETE", &json!({ "id": "1", "unavailable": null })), gone);
}

#[test]
fn a_deleted_channel_is_told_to_its_guild() {
    let channel = json!({ "id": "5", "guild_id": "1", "type": 2, "name": "Lounge" });
    let gone = Input::ChannelGone { channel: ChannelId(5) };
    assert_eq!(read("CHANNEL_DELETE", &channel), input(gone));
    assert_eq!(
        read("CHANNEL_DELETE", &json!({ "id": "5", "type": 1 })),
        Decoded::Ignored
    );
}

#[test]
fn voice_states_are_the_bots_own_or_a_seat() {
    let state = json!({ "guild_id": "1", "user_id": "9", "channel_id": "50", "session_id": "abc", "suppress": true });
    let own = Input::OwnVoice {
        channel: Some(ChannelId(50)),
        session_id: Hidden::new("abc"),
        suppressed: true,
    };
    assert_eq!(read("VOICE_STATE_UPDATE", &state), input(own));
    let state = json!({ "guild_id": "1", "channel_id": null, "member": { "user": { "id": "2", "bot": true } } });
    let seat = Seat {
        user: UserId(2),
        channel: None,
        bot: true,
    };
    assert_eq!(read("VOICE_STATE_UPDATE", &state), input(Input::Seat(seat)));
    let call = json!({ "user_id": "2", "channel_id": "50" });
    assert_eq!(read("VOICE_STATE_UPDATE", &call), Decoded::Ignored);
}

#[test]
fn a_voice_server_may_be_away() {
    let server = |endpoint: Json| {
        let data = json!({ "guild_id": "1", "token": "t", "endpoint": endpoint });
        read("VOICE_SERVER_UPDATE", &data)
    };
    let expected = |endpoint: Option<&str>| {
        input(Input::VoiceServer {
            token: Hidden::new("t"),
            endpoint: endpoint.map(Into::into),
        })
    };
    assert_eq!(server(json!("voice.example:443")), expected(Some("voice.example:443")));
    assert_eq!(server(Json::Null), expected(None));
    assert_eq!(server(json!("")), expected(None));
}

#[test]
fn ready_names_the_guilds() {
    let ready = json!({ "v": 10, "user": { "id": "9", "username": "o" }, "guilds": [ { "id": "1", "unavailable": true }, null, { "id": 2 } ] });
    let guilds = vec![GuildId(1), GuildId(2)];
    let user = Some(OWN);
    assert_eq!(read("READY", &ready), Decoded::Ready { user, guilds });
    assert_eq!(read("RESUMED", &Json::Null), Decoded::Resumed);
    assert_eq!(read("PRESENCE_UPDATE", &json!("whatever")), Decoded::Ignored);
}

fn command() -> Json {
    json!({ "id": "5", "application_id": "6", "token": "secret", "type": 2, "version": 1, "guild_id": "1", "channel_id": "70",
        "member": { "user": { "id": "2", "username": "ann" }, "permissions": "1099511627776", "roles": [] },
        "app_permissions": "8", "data": { "id": "8", "name": "play", "type": 1, "options": [
            { "name": "query", "type": 3, "value": "\"t\":1" }, { "name": "level", "type": 4, "value": 5 },
            { "name": "late", "type": 4, "value": "6" }, { "name": "half", "type": 10, "value": 1 },
            { "name": "yes", "type": 5, "value": true }, { "name": "nothing", "type": 3 } ] } })
}

#[test]
fn a_command_brings_its_options_and_rights() {
    let option = |name: &str, value| GivenOption {
        name: name.into(),
        value,
    };
    let expected = Interaction {
        id: 5,
        application: 6,
        token: Hidden::new("secret"),
        arrived_ms: 77,
        guild: Some(GuildId(1)),
        channel: Some(ChannelId(70)),
        user: UserId(2),
        user_permissions: 1_099_511_627_776,
        app_permissions: 8,
        data: Data::Command {
            name: "play".into(),
            options: vec![
                option("query", Value::Text("\"t\":1".into())),
                option("level", Value::Integer(5)),
                option("late", Value::Integer(6)),
                option("half", Value::Number(1.0)),
                option("yes", Value::Bool(true)),
            ],
        },
    };
    assert_eq!(read("INTERACTION_CREATE", &command()), Decoded::Interaction(expected));
}

fn data_of(interaction: &Json) -> Data {
    let Decoded::Interaction(interaction) = read("INTERACTION_CREATE", interaction) else {
        panic!("no interaction");
    };
    interaction.data
}

#[test]
fn a_button_brings_its_id_and_other_kinds_are_named_by_their_number() {
    let private = json!({ "id": "5", "application_id": "6", "token": "t", "type": 3, "user": { "id": "2" },
        "channel": { "id": "70" }, "data": { "custom_id": "x", "component_type": 2, "values": [] } });
    assert_eq!(data_of(&private), Data::Component { id: "x".into() });
    let mut menu = private;
    menu["data"]["component_type"] = json!(3);
    assert_eq!(data_of(&menu), Data::Other(3));
    menu["type"] = json!(5);
    assert_eq!(data_of(&menu), Data::Other(5));
    let mut message_command = command();
    message_command["data"]["type"] = json!(3);
    assert_eq!(data_of(&message_command), Data::Other(2));
    let mut sub = command();
    sub["data"]["options"] =
        json!([{ "name": "add", "type": 1, "options": [{ "name": "n", "type": 3, "value": "v" }] }]);
    let options = vec![GivenOption {
        name: "n".into(),
        value: Value::Text("v".into()),
    }];
    let name = "play add".into();
    assert_eq!(data_of(&sub), Data::Command { name, options });
}

#[test]
fn what_makes_no_sense_is_an_error_without_its_content() {
    let cases = [
        (
            "INTERACTION_CREATE",
            r#"{"id":"5","application_id":"6","token":12345,"type":2}"#,
        ),
        (
            "INTERACTION_CREATE",
            r#"{"id":"5","application_id":"6","type":2,"user":{"id":"2"}}"#,
        ),
        ("VOICE_SERVER_UPDATE", r#"{"guild_id":"1","token":{"12345":1}}"#),
        ("VOICE_STATE_UPDATE", r#"{"guild_id":"1","user_id":"-12345"}"#),
        ("GUILD_CREATE", r#"{"name":"12345"}"#),
        ("GUILD_DELETE", r#"["12345"#),
        ("GUILD_UPDATE", r#"{"id":"12345"}"#),
        ("READY", "12345"),
    ];
    for (name, data) in cases {
        let error = decode(name, data, OWN, 0).unwrap_err();
        assert_eq!(error.event, name);
        assert!(!error.to_string().contains("12345"), "{error}");
    }
}

const EVENTS: [&str; 7] = [
    "READY",
    "RESUMED",
    "GUILD_CREATE",
    "GUILD_DELETE",
    "VOICE_STATE_UPDATE",
    "VOICE_SERVER_UPDATE",
    "INTERACTION_CREATE",
];

fn any_json() -> impl Strategy<Value = Json> {
    let key = prop::sample::select(vec![
        "id",
        "guild_id",
        "user_id",
        "channel_id",
        "user",
        "member",
        "data",
        "options",
        "name",
        "type",
        "value",
        "token",
        "endpoint",
        "voice_states",
        "members",
        "guilds",
        "unavailable",
        "application_id",
        "permissions",
        "suppress",
    ]);
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        "[0-9]{0,22}".prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 48, 8, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Json::from),
            prop::collection::vec((key.clone(), inner), 0..10)
                .prop_map(|fields| fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()),
        ]
    })
}

/// Everything that a connection does with the text of a frame.
fn take(text: &str) {
    if let Some(envelope) = sniff(text)
        && let (Some(name), Some(data)) = (envelope.name, envelope.data)
    {
        let _ = decode(name, data, OWN, 0).map_err(|error| error.to_string());
    }
}

proptest! {
    #[test]
    fn no_changed_frame_can_panic(event in prop::sample::select(EVENTS.to_vec()),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8), cut in any::<prop::sample::Index>()) {
        let mut bytes = json!({ "t": event, "s": 1, "op": 0, "d": command() }).to_string().into_bytes();
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        bytes.truncate(cut.index(bytes.len()) + 1);
        take(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn no_data_can_panic(event in prop::sample::select(EVENTS.to_vec()), data in any_json()) {
        take(&json!({ "op": 0, "d": data, "s": 1, "t": event }).to_string());
    }

    #[test]
    fn the_outside_is_what_a_whole_parser_finds(data in any_json(), op in any::<u32>(), sequence in any::<u64>(),
        name in "[A-Z_]{1,20}", front in any::<bool>()) {
        let text = if front {
            format!(r#"{{"t":"{name}","s":{sequence},"op":{op},"d":{data}}}"#)
        } else {
            format!(r#"{{"d": {data} , "op": {op}, "t":"{name}" ,"x":{data},"s":{sequence} }}"#)
        };
        let envelope = sniff(&text).unwrap();
        prop_assert_eq!((envelope.op, envelope.sequence, envelope.name), (Some(u64::from(op)), Some(sequence), Some(&*name)));
        let mut values = serde_json::Deserializer::from_str(envelope.data.unwrap()).into_iter::<Json>();
        let (read, meant): (Json, Json) = (values.next().unwrap().unwrap(), serde_json::from_str(&data.to_string()).unwrap());
        prop_assert_eq!(read, meant);
    }

    #[test]
    fn no_text_can_panic(text in any::<String>()) {
        take(&text);
    }
}
