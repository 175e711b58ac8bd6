//! Requests and answers held against Discord's own document, where there is one.

use super::*;

/// The house with the document, or `None`, said loudly.
async fn house() -> Option<House> {
    let Some(path) = std::env::var_os("DISCORD_OPENAPI") else {
        eprintln!(
            "SKIPPED: DISCORD_OPENAPI is not set; the stand-in's answers are NOT held against Discord's document"
        );
        return None;
    };
    Some(
        House::new(DiscordConfig {
            openapi: Some(path.into()),
            ..DiscordConfig::default()
        })
        .await,
    )
}

#[tokio::test]
async fn every_read_is_answered_as_the_document_says() {
    let Some(house) = house().await else { return };
    house.register().await;
    let (guild, ann, bot) = (house.guild.id, house.ann(), house.discord.bot());
    house.discord.join_voice(guild, ann, house.lounge());
    house.discord.deny_bot(house.lounge(), rights::CONNECT);
    for path in [
        "/gateway".to_owned(),
        "/gateway/bot".to_owned(),
        "/applications/@me".to_owned(),
        "/users/@me".to_owned(),
        format!("/applications/{bot}/commands?with_localizations=true"),
        format!("/applications/{bot}/guilds/{guild}/commands"),
        format!("/channels/{}", house.music()),
        format!("/channels/{}", house.lounge()),
        format!("/guilds/{guild}"),
        format!("/guilds/{guild}?with_counts=true"),
        format!("/guilds/{guild}/channels"),
        format!("/guilds/{guild}/roles"),
        format!("/guilds/{guild}/members/{ann}"),
        format!("/guilds/{guild}/voice-states/{ann}"),
        "/voice/regions".to_owned(),
    ] {
        assert_eq!(house.call("GET", &path, None).await.0, 200, "{path}");
        assert_eq!(house.violations(), [""; 0], "{path}");
    }
}

#[tokio::test]
async fn every_write_is_answered_as_the_document_says() {
    let Some(house) = house().await else { return };
    house.register().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    let (id, token) = (
        event["id"].as_str().expect("an id"),
        event["token"].as_str().expect("a token"),
    );
    let rich = json!({
        "content": "text", "flags": 64, "allowed_mentions": { "parse": [] },
        "embeds": [{ "title": "t", "description": "d", "color": 255, "fields": [{ "name": "n", "value": "v" }],
            "footer": { "text": "f" }, "author": { "name": "a" }, "url": "https://music.example/1" }],
        "components": [{ "type": 1, "components": [{ "type": 2, "style": 1, "label": "b", "custom_id": "c" }] }],
    });
    let path = format!("/interactions/{id}/{token}/callback?with_response=true");
    let (status, answer) = house
        .call("POST", &path, Some(json!({ "type": 4, "data": rich })))
        .await;
    assert_eq!(status, 200, "{answer} {:?}", house.violations());
    let webhook = format!("/webhooks/{}/{token}", house.discord.bot());
    let original = format!("{webhook}/messages/@original");
    assert_eq!(house.call("GET", &original, None).await.0, 200);
    assert_eq!(
        house
            .call("PATCH", &original, Some(json!({ "content": "new" })))
            .await
            .0,
        200
    );
    let (status, follow) = house.call("POST", &webhook, Some(rich.clone())).await;
    assert_eq!(status, 200);
    let follow = format!("{webhook}/messages/{}", follow["id"].as_str().expect("an id"));
    assert_eq!(
        house.call("PATCH", &follow, Some(json!({ "content": "new" }))).await.0,
        200
    );
    assert_eq!(house.call("DELETE", &follow, None).await.0, 204);
    assert_eq!(house.call("DELETE", &original, None).await.0, 204);
    let messages = format!("/channels/{}/messages", house.music());
    let (status, message) = house.call("POST", &messages, Some(rich)).await;
    assert_eq!(status, 200, "{:?}", house.violations());
    let reply = json!({ "content": "re", "message_reference": { "message_id": message["id"] } });
    assert_eq!(house.call("POST", &messages, Some(reply)).await.0, 200);
    let message = format!("{messages}/{}", message["id"].as_str().expect("an id"));
    assert_eq!(
        house.call("PATCH", &message, Some(json!({ "content": "new" }))).await.0,
        200
    );
    assert_eq!(house.call("DELETE", &message, None).await.0, 204);
    let typing = format!("/channels/{}/typing", house.music());
    assert_eq!(house.call("POST", &typing, None).await.0, 204);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn what_the_document_does_not_allow_violates() {
    let Some(house) = house().await else { return };
    let messages = format!("/channels/{}/messages", house.music());
    let commands = format!("/applications/{}/commands", house.discord.bot());
    let cases = [
        ("POST", messages.clone(), json!({ "contnet": "x" })),
        ("POST", messages.clone(), json!({ "content": 5 })),
        ("POST", format!("{messages}?wait=true"), json!({ "content": "x" })),
        ("PUT", commands.clone(), json!([{ "description": "without a name" }])),
        (
            "PUT",
            commands.clone(),
            json!([{ "name": "a", "description": "d", "descripton": "d" }]),
        ),
    ];
    for (n, (method, path, body)) in cases.into_iter().enumerate() {
        assert_eq!(house.call(method, &path, Some(body.clone())).await.0, 400, "{body}");
        assert_eq!(house.violations().len(), n + 1, "{body}");
    }
    let good = json!([{ "name": "a", "description": "d", "default_member_permissions": "32" }]);
    assert_eq!(
        house.call("PUT", &commands, Some(good)).await.0,
        200,
        "{:?}",
        house.violations()
    );
    house.register().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    let (id, token) = (
        event["id"].as_str().expect("an id"),
        event["token"].as_str().expect("a token"),
    );
    let path = format!("/interactions/{id}/{token}/callback");
    let before = house.violations().len();
    for body in [
        json!({ "type": 99 }),
        json!({ "type": 4, "data": { "content": "x", "ephemeral": true } }),
    ] {
        assert_eq!(house.call("POST", &path, Some(body)).await.0, 400);
    }
    assert_eq!(house.violations().len(), before + 2);
}
