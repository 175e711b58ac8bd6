//! Buttons: what a press brings the bot, and what it may answer.

use super::*;

/// A house that holds requests against Discord's document where there is one, with a bot that listens.
async fn ready() -> (House, Socket) {
    let openapi = std::env::var_os("DISCORD_OPENAPI").map(Into::into);
    let config = DiscordConfig {
        openapi,
        ..DiscordConfig::default()
    };
    let house = House::new(config).await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    (house, socket)
}

fn card(text: &str) -> Value {
    let button = |id: &str, disabled: bool| json!({ "type": 2, "style": 2, "label": id, "custom_id": id, "disabled": disabled, "emoji": { "name": "⏭️" } });
    let row = json!({ "type": 1, "components": [button("skip", false), button("rest", true)] });
    json!({ "embeds": [{ "description": text }], "components": [row] })
}

impl House {
    /// The bot posts a card; the message's id.
    async fn posts(&self, body: Value) -> u64 {
        let path = format!("/channels/{}/messages", self.music());
        let (status, answer) = self.call("POST", &path, Some(body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["id"].as_str().and_then(|id| id.parse().ok()).expect("an id")
    }

    async fn answers(&self, event: &Value, body: Value) -> u16 {
        let (id, token) = (&event["id"], &event["token"]);
        let path = format!(
            "/interactions/{}/{}/callback",
            id.as_str().expect("an id"),
            token.as_str().expect("a token")
        );
        self.call("POST", &path, Some(body)).await.0
    }

    fn shown(&self, message: u64) -> MessageView {
        let all = self.discord.messages(self.music()).into_iter();
        all.into_iter().find(|it| it.id == message).expect("it is there")
    }
}

#[tokio::test]
async fn a_press_brings_the_button_and_its_message() {
    let (house, mut socket) = ready().await;
    let message = house.posts(card("First")).await;
    let said = house.discord.click(house.ann(), message, "skip").expect("pressed");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(
        (&event["type"], &event["data"]["custom_id"]),
        (&json!(3), &json!("skip"))
    );
    assert_eq!(event["data"]["component_type"], 2);
    assert_eq!(event["member"]["user"]["id"], house.ann().to_string());
    assert_eq!(event["message"]["id"], message.to_string());
    assert_eq!(event["message"]["embeds"][0]["description"], "First");
    assert_eq!(event["message"]["components"][0]["components"][0]["custom_id"], "skip");
    assert_eq!(
        house
            .answers(&event, json!({ "type": 7, "data": card("Second") }))
            .await,
        204
    );
    let answer = said.answer(SOON).await.expect("an answer");
    assert_eq!((answer.text.as_str(), answer.message), ("Second", message));
    assert_eq!(house.shown(message).text, "Second");
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_deferred_press_edits_its_message_and_follow_ups_stand_beside_it() {
    let (house, mut socket) = ready().await;
    let message = house.posts(card("First")).await;
    let said = house.discord.click(house.ann(), message, "skip").expect("pressed");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(house.answers(&event, json!({ "type": 6 })).await, 204);
    assert_eq!(said.answers().len(), 0, "nothing is shown for it");
    let webhook = format!(
        "/webhooks/{}/{}",
        house.discord.bot(),
        event["token"].as_str().expect("a token")
    );
    let private = json!({ "content": "no", "flags": 64 });
    assert_eq!(house.call("POST", &webhook, Some(private)).await.0, 200);
    assert_eq!(house.shown(message).text, "First", "a follow-up is another message");
    let original = format!("{webhook}/messages/@original");
    assert_eq!(house.call("PATCH", &original, Some(card("Second"))).await.0, 200);
    assert_eq!(house.shown(message).text, "Second");
    assert_eq!(said.standing().len(), 2);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn what_the_client_does_not_show_can_not_be_pressed() {
    let (house, _socket) = ready().await;
    let message = house.posts(card("First")).await;
    let press = |user, message, id| house.discord.click(user, message, id).map(|_| ());
    assert!(matches!(
        press(house.ann(), message, "rest"),
        Err(CannotAct::Disabled(_))
    ));
    assert!(matches!(
        press(house.ann(), message, "other"),
        Err(CannotAct::NotThere(_))
    ));
    assert!(matches!(
        press(house.ann(), message + 1, "skip"),
        Err(CannotAct::NotThere(_))
    ));
    assert!(matches!(press(999, message, "skip"), Err(CannotAct::NotThere(_))));
    house.discord.delete_message(message);
    assert!(matches!(
        press(house.ann(), message, "skip"),
        Err(CannotAct::NotThere(_))
    ));
}

#[tokio::test]
async fn a_command_has_no_message_to_update() {
    let (house, mut socket) = ready().await;
    house.register().await;
    house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(house.answers(&event, json!({ "type": 6 })).await, 400);
    assert_eq!(
        house.answers(&event, json!({ "type": 7, "data": card("x") })).await,
        400
    );
    assert_eq!(house.violations().len(), 2);
}

#[tokio::test]
async fn a_nonce_makes_one_message_of_several() {
    let (house, _socket) = ready().await;
    let mut body = card("First");
    (body["nonce"], body["enforce_nonce"]) = (json!("n"), json!(true));
    let first = house.posts(body.clone()).await;
    assert_eq!(house.posts(body.clone()).await, first);
    body["nonce"] = json!("other");
    assert_ne!(house.posts(body).await, first);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn messages_after_one_are_read_the_newest_first_and_up_to_a_limit() {
    let (house, _socket) = ready().await;
    let first = house.posts(card("First")).await;
    let mut newer = Vec::new();
    for text in ["a", "b", "c"] {
        newer.push(house.discord.chat(house.ann(), house.music(), text).expect("written"));
    }
    let path = |limit| format!("/channels/{}/messages?after={first}&limit={limit}", house.music());
    let ids = |answer: &Value| -> Vec<u64> {
        let all = answer.as_array().expect("a list").iter();
        all.filter_map(|it| it["id"].as_str()?.parse().ok()).collect()
    };
    let (status, answer) = house.call("GET", &path(20), None).await;
    assert_eq!((status, ids(&answer)), (200, vec![newer[2], newer[1], newer[0]]));
    let (_, answer) = house.call("GET", &path(2), None).await;
    assert_eq!(ids(&answer), [newer[1], newer[0]]);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_bot_in_the_audience_of_a_stage_may_ask_and_a_moderator_speaks() {
    let (house, mut socket) = ready().await;
    let (guild, lounge) = (house.guild.id, house.lounge());
    house.discord.make_stage(lounge);
    socket
        .send(
            4,
            json!({ "guild_id": guild.to_string(), "channel_id": lounge.to_string(),
            "self_mute": false, "self_deaf": true }),
        )
        .await;
    let inside = house.discord.voice_is(guild, house.discord.bot(), SOON, |seat| {
        seat.is_some_and(|seat| seat.suppressed)
    });
    assert!(inside.await, "it comes into the audience");
    let path = format!("/guilds/{guild}/voice-states/@me");
    let hand = json!({ "channel_id": lounge.to_string(), "request_to_speak_timestamp": "2026-01-01T00:00:00Z" });
    assert_eq!(house.call("PATCH", &path, Some(hand)).await.0, 204);
    let speak = json!({ "channel_id": lounge.to_string(), "suppress": false });
    assert_eq!(house.call("PATCH", &path, Some(speak.clone())).await.0, 403);
    house.discord.allow_bot(guild, lounge, rights::MUTE_MEMBERS);
    assert_eq!(house.call("PATCH", &path, Some(speak)).await.0, 204);
    let heard = house.discord.voice(guild, house.discord.bot());
    assert!(heard.is_some_and(|seat| !seat.suppressed));
    assert_eq!(house.violations(), [""; 0]);
}
