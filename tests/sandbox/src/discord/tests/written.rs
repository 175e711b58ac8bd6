//! Messages that users write to the bot, and its replies.

use super::*;

/// Ann's message and where replies to it go.
fn written(house: &House) -> (InteractionHandle, String) {
    let said = house
        .discord
        .write(house.ann(), house.guild.id, house.music(), "!skip")
        .unwrap();
    (said, format!("/channels/{}/messages", house.music()))
}

fn reply(to: u64, nonce: &str) -> Value {
    json!({
        "content": "Skipped", "message_reference": { "message_id": to.to_string(), "fail_if_not_exists": false },
        "allowed_mentions": { "parse": [], "replied_user": false }, "nonce": nonce, "enforce_nonce": true,
    })
}

#[tokio::test]
async fn a_reply_to_a_message_is_its_answer_and_no_message_by_itself() {
    let house = House::plain().await;
    let (said, path) = written(&house);
    // A reply that is sent again is the same one.
    for _ in 0..2 {
        assert_eq!(house.call("POST", &path, Some(reply(said.id(), "n"))).await.0, 200);
    }
    let answer = said.answer(Duration::from_secs(5)).await.unwrap();
    assert_eq!((answer.text.as_str(), answer.how), ("Skipped", AnswerHow::Reply));
    assert_eq!(answer.seen_by, SeenBy::All);
    let all = house.discord.messages(house.music());
    let answers: Vec<Option<u64>> = all.iter().map(MessageView::answers).collect();
    assert_eq!(answers, [None, Some(said.id())]);
    assert_eq!(house.violations(), [""; 0]);
}

#[tokio::test]
async fn a_second_reply_and_one_that_pings_are_violations() {
    let house = House::plain().await;
    let (said, path) = written(&house);
    let mut loud = reply(said.id(), "n");
    loud["allowed_mentions"]["replied_user"] = json!(true);
    house.call("POST", &path, Some(loud)).await;
    house.call("POST", &path, Some(reply(said.id(), "other"))).await;
    let violations = house.violations();
    assert_eq!(violations.len(), 2, "{violations:?}");
    assert!(
        violations[0].contains("pings") && violations[1].contains("second reply"),
        "{violations:?}"
    );
}
