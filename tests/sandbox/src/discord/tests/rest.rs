//! Interactions, messages, registration, limits.

use super::*;

impl House {
    async fn callback(&self, event: &Value, body: Value) -> (u16, Value) {
        let path = format!(
            "/interactions/{}/{}/callback",
            event["id"].as_str().expect("an id"),
            event["token"].as_str().expect("a token")
        );
        self.call("POST", &path, Some(body)).await
    }

    fn webhook(&self, event: &Value, rest: &str) -> String {
        let token = event["token"].as_str().expect("a token");
        format!("/webhooks/{}/{token}{rest}", self.discord.bot())
    }
}

async fn ready() -> (House, Socket) {
    let house = House::plain().await;
    house.register().await;
    let mut socket = Socket::to(&house).await;
    socket.begin(&house).await;
    (house, socket)
}

#[tokio::test]
async fn a_command_reaches_the_bot_with_who_where_and_what_and_its_answer_comes_back() {
    let (house, mut socket) = ready().await;
    let said = house.ann_says("/play query:First song");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(event["member"]["user"]["id"], house.ann().to_string());
    assert_eq!(event["guild_id"], house.guild.id.to_string());
    assert_eq!(event["data"]["name"], "play");
    assert_eq!(
        event["data"]["options"],
        json!([{ "name": "query", "type": 3, "value": "First song" }])
    );
    assert!(
        event["app_permissions"]
            .as_str()
            .is_some_and(|bits| bits.parse::<u64>().is_ok())
    );
    let body = json!({ "type": 4, "data": { "content": "Added", "embeds": [{ "title": "First" }], "flags": 64 } });
    assert_eq!(house.callback(&event, body).await.0, 204);
    let first = said.first(SOON).await.expect("a callback");
    assert_eq!((first.kind, first.seen_by), (4, SeenBy::Caller));
    let answer = said.answer(SOON).await.expect("an answer");
    assert_eq!(answer.text, "Added\nFirst");
    assert_eq!(answer.seen_by, SeenBy::Caller);
    assert_eq!(
        house.discord.rest_counts(Some(house.guild.id))["create_interaction_response"],
        1
    );
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_deferral_is_filled_deleted_and_followed_up() {
    let (house, mut socket) = ready().await;
    let said = house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    let original = house.webhook(&event, "/messages/@original");
    let (status, problem) = house.call("GET", &original, None).await;
    assert_eq!(
        (status, &problem["code"]),
        (404, &json!(10_015)),
        "no webhook before the callback"
    );
    assert_eq!(house.callback(&event, json!({ "type": 5 })).await.0, 204);
    assert_eq!(said.answers().len(), 0);
    let (status, message) = house
        .call("PATCH", &original, Some(json!({ "content": "Skipped" })))
        .await;
    assert_eq!((status, &message["content"]), (200, &json!("Skipped")));
    let answer = said.answer(SOON).await.expect("an answer");
    assert_eq!((answer.how, answer.seen_by), (AnswerHow::Edit, SeenBy::All));
    assert_eq!(house.call("DELETE", &original, None).await.0, 204);
    assert!(said.deleted(SOON).await.is_some());
    let body = json!({ "content": "No", "flags": 64 });
    assert_eq!(house.call("POST", &house.webhook(&event, ""), Some(body)).await.0, 200);
    let standing = said.standing();
    assert_eq!(standing.len(), 1);
    assert_eq!((standing[0].text.as_str(), standing[0].seen_by), ("No", SeenBy::Caller));
    assert_eq!(house.violations(), [""; 0]);
    assert_eq!(
        house.call("PATCH", &original, Some(json!({ "content": "x" }))).await.0,
        404
    );
    assert_eq!(house.violations().len(), 1, "the bot deleted it itself");
}

#[tokio::test]
async fn the_first_follow_up_fills_a_deferral_with_the_deferrals_visibility() {
    let (house, mut socket) = ready().await;
    let said = house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    house
        .callback(&event, json!({ "type": 5, "data": { "flags": 64 } }))
        .await;
    house
        .call("POST", &house.webhook(&event, ""), Some(json!({ "content": "Done" })))
        .await;
    let answer = said.answer(SOON).await.expect("an answer");
    assert_eq!((answer.how, answer.seen_by), (AnswerHow::Edit, SeenBy::Caller));
}

#[tokio::test]
async fn a_callback_after_three_seconds_is_refused_and_so_is_a_second_one() {
    let (house, mut socket) = ready().await;
    house.discord.0.lock().config.callback_within_ms = 0;
    let body = json!({ "type": 4, "data": { "content": "hi" } });
    let late = house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    until("the time is over", || house.discord.now_ms() > late.said_at_ms()).await;
    let (status, problem) = house.callback(&event, body.clone()).await;
    assert_eq!((status, &problem["code"]), (404, &json!(10_062)));
    assert_eq!(
        (house.violations().len(), house.discord.summary().interactions_late),
        (1, 1)
    );
    house.discord.0.lock().config.callback_within_ms = 3_000;
    let twice = house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(house.callback(&event, body.clone()).await.0, 204);
    let (status, problem) = house.callback(&event, body).await;
    assert_eq!((status, &problem["code"]), (400, &json!(40_060)));
    assert_eq!(house.violations().len(), 2);
    assert_eq!((house.discord.summary().answered_twice, twice.callbacks()), (1, 2));
}

#[tokio::test]
async fn after_a_replay_a_second_callback_is_a_race() {
    let (house, mut socket) = ready().await;
    let session = json!(house.discord.sessions()[0].1);
    house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    let body = json!({ "type": 4, "data": { "content": "hi" } });
    assert_eq!(house.callback(&event, body.clone()).await.0, 204);
    let mut again = Socket::to(&house).await;
    again.resume(&house, &session, socket.seq - 1).await;
    assert_eq!(again.event("INTERACTION_CREATE").await, event);
    assert_eq!(house.callback(&event, body).await.0, 400);
    assert_eq!(house.raced("answered again"), 1);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn an_interactions_token_ends() {
    let (house, mut socket) = ready().await;
    let said = house.ann_says("/skip");
    let event = socket.event("INTERACTION_CREATE").await;
    assert_eq!(house.callback(&event, json!({ "type": 5 })).await.0, 204);
    // Only from now on: however late the callback came, it was in time.
    house.discord.0.lock().config.token_life_ms = 0;
    until("the token's end", || house.discord.now_ms() > said.said_at_ms()).await;
    let path = house.webhook(&event, "/messages/@original");
    let (status, problem) = house.call("PATCH", &path, Some(json!({ "content": "x" }))).await;
    assert_eq!((status, &problem["code"]), (401, &json!(50_027)));
    assert_eq!(house.violations().len(), 1);
}

#[tokio::test]
async fn an_unknown_operation_and_a_missing_token_violate() {
    let house = House::plain().await;
    assert_eq!(house.call("GET", "/guilds/1/audit-logs", None).await.0, 404);
    assert!(
        house.violations()[0].contains("unknown operation GET"),
        "{:?}",
        house.violations()
    );
    let url = format!("{}/api/v10/users/@me", house.discord.base_url());
    let agent = "DiscordBot (https://bot.example, 1)";
    let request = reqwest::Client::new().get(url).header("User-Agent", agent);
    assert_eq!(request.send().await.expect("an answer").status(), 401);
    assert_eq!(house.violations().len(), 2);
}

#[tokio::test]
async fn a_message_over_the_limit_or_without_content_violates() {
    let house = House::plain().await;
    let path = format!("/channels/{}/messages", house.music());
    for body in [json!({ "content": "x".repeat(2_001) }), json!({ "content": "" })] {
        let (status, problem) = house.call("POST", &path, Some(body)).await;
        assert_eq!((status, &problem["code"]), (400, &json!(50_035)));
    }
    assert_eq!(house.violations().len(), 2);
}

#[tokio::test]
async fn messages_are_written_edited_and_deleted_and_read_by_the_runner() {
    let house = House::plain().await;
    let path = format!("/channels/{}/messages", house.music());
    let (status, message) = house
        .call("POST", &path, Some(json!({ "embeds": [{ "title": "Now" }] })))
        .await;
    assert_eq!(status, 200);
    let seen = house.discord.message(house.music(), SOON, |it| it.text == "Now").await;
    assert!(seen.expect("a message").by_bot);
    let one = format!("{path}/{}", message["id"].as_str().expect("an id"));
    assert_eq!(
        house
            .call("PATCH", &one, Some(json!({ "content": "Then", "embeds": [] })))
            .await
            .0,
        200
    );
    assert_eq!(house.discord.messages(house.music())[0].text, "Then");
    assert_eq!(house.call("DELETE", &one, None).await.0, 204);
    assert!(house.discord.messages(house.music())[0].deleted_at_ms.is_some());
    assert_eq!(house.violations(), [""; 0]);
    assert_eq!(house.call("DELETE", &one, None).await.0, 404);
    assert_eq!((house.raced("gone"), house.violations().len()), (1, 0));
}

#[tokio::test]
async fn a_channel_where_the_bot_may_not_write_is_learnt_once() {
    let house = House::plain().await;
    house.discord.deny_bot(house.music(), rights::SEND_MESSAGES);
    let path = format!("/channels/{}/messages", house.music());
    let body = json!({ "content": "x" });
    let (status, problem) = house.call("POST", &path, Some(body.clone())).await;
    assert_eq!((status, &problem["code"]), (403, &json!(50_013)));
    assert_eq!((house.raced("missing permissions"), house.violations().len()), (1, 0));
    house.discord.0.lock().forbidden.insert(house.music(), 0);
    until("what was under way is over", || house.discord.now_ms() > 250).await;
    assert_eq!(house.call("POST", &path, Some(body)).await.0, 403);
    assert_eq!(house.violations().len(), 1);
}

#[tokio::test]
async fn limits_are_told_in_headers_and_hammering_violates() {
    let house = House::plain().await;
    let path = format!("/channels/{}/messages", house.music());
    for left in [4, 3, 2, 1, 0] {
        let response = house
            .send("POST", &path, Some(json!({ "content": "x" })))
            .await
            .expect("an answer");
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["x-ratelimit-remaining"], left.to_string());
        assert_eq!(response.headers()["x-ratelimit-limit"], "5");
    }
    let (status, body) = house.call("POST", &path, Some(json!({ "content": "x" }))).await;
    assert_eq!((status, &body["global"]), (429, &json!(false)));
    assert!(
        body["retry_after"]
            .as_f64()
            .is_some_and(|wait| wait > 0.0 && wait <= 5.0)
    );
    assert_eq!((house.violations().len(), house.discord.summary().limited), (0, 1));
    let told = house.discord.now_ms();
    until("what was under way is over", || house.discord.now_ms() > told + 260).await;
    assert_eq!(house.call("POST", &path, Some(json!({ "content": "x" }))).await.0, 429);
    assert!(
        house.violations()[0].contains("before the 429 allows it"),
        "{:?}",
        house.violations()
    );
}

#[tokio::test]
async fn commands_are_kept_as_discord_keeps_them_and_come_back_equal() {
    let house = House::plain().await;
    house.register().await;
    let path = format!("/applications/{}/commands", house.discord.bot());
    let (_, first) = house.call("GET", &path, None).await;
    assert_eq!(
        first[0]["options"][0],
        json!({
            "name": "query", "description": "what", "type": 3, "required": true,
        })
    );
    house.register().await;
    let (_, second) = house.call("GET", &path, None).await;
    assert_eq!(first[0]["id"], second[0]["id"], "an id stays while the name does");
    let entry = json!({ "id": "7", "name": "launch", "type": 4, "description": "", "handler": 1 });
    house.discord.preset_commands(vec![entry]);
    let (status, problem) = house.call("PUT", &path, Some(json!([]))).await;
    assert_eq!((status, &problem["code"]), (400, &json!(50_240)));
}

#[tokio::test]
async fn questions_about_members_and_seats_are_answered_and_no_violation() {
    let house = House::plain().await;
    let (guild, ann) = (house.guild.id, house.ann());
    let seat = format!("/guilds/{guild}/voice-states/{ann}");
    let (status, problem) = house.call("GET", &seat, None).await;
    assert_eq!((status, &problem["code"]), (404, &json!(10_065)));
    house.discord.join_voice(guild, ann, house.lounge());
    let (_, state) = house.call("GET", &seat, None).await;
    assert_eq!(state["channel_id"], house.lounge().to_string());
    let (_, member) = house.call("GET", &format!("/guilds/{guild}/members/{ann}"), None).await;
    assert_eq!(member["user"]["username"], "ann");
    let (status, _) = house.call("GET", &format!("/guilds/{guild}/members/1"), None).await;
    assert_eq!(status, 404);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_command_that_nobody_registered_cannot_be_said() {
    let house = House::plain().await;
    house.register().await;
    let skip = SlashCommand {
        name: "skip".into(),
        options: vec![("far".into(), "1".into())],
    };
    let said = house.discord.say(house.ann(), house.guild.id, house.music(), &skip);
    assert!(matches!(said, Err(CannotAct::UnknownOption(..))));
    let said = house
        .discord
        .say(1, house.guild.id, house.music(), &SlashCommand::default());
    assert!(matches!(said, Err(CannotAct::UnknownCommand(..))));
    assert_eq!(house.violations(), [""; 0]);
}
