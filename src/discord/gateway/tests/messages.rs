//! Messages, and the intents that they ask for.

use ostinato_actors::ports::GatewayEvent;
use serde_json::json;

use super::server::{Seen, Server};
use super::{Bot, SHARD, local};

/// All intents that a bot asks for which reads messages.
const FULL: u64 = 33_409;

fn asked(server: &Server) -> Vec<u64> {
    let seen = server.seen().into_iter();
    seen.filter_map(|seen| match seen {
        Seen::Identify { data, .. } => data["intents"].as_u64(),
        Seen::Connect { .. } | Seen::Resume { .. } | Seen::Voice { .. } | Seen::Closed { .. } => None,
    })
    .collect()
}

#[tokio::test]
async fn a_message_of_a_person_is_handed_over_with_its_number() {
    local(async {
        let server = Server::start().await;
        let bot = Bot::ready(&server, |settings| settings.intents = FULL).await;
        let author = json!({ "id": "2", "username": "ann" });
        let by_bot = json!({ "id": "3", "bot": true });
        for author in [&by_bot, &author] {
            let data = json!({ "id": "5", "guild_id": "1", "channel_id": "70", "type": 0, "author": author, "content": "!skip" });
            server.dispatch("MESSAGE_CREATE", &data);
        }
        bot.sink.until("the message", |sink| sink.events.borrow().len() == 2).await;
        let why = "2 to 9: !skip".to_owned();
        assert_eq!(bot.sink.events.borrow().last(), Some(&(3, GatewayEvent::Away { why })));
        assert_eq!(asked(&server), [FULL]);
    })
    .await;
}

#[tokio::test]
async fn a_refused_intent_is_done_without_and_said_once_for_all_shards() {
    local(async {
        let server = Server::start().await;
        server.refuse_identify(4014);
        let bot = Bot::new(&server, |settings| settings.intents = FULL);
        let content = bot.gateways.content();
        assert!(!content.is_refused());
        bot.start(None);
        bot.sink.until("READY", |sink| sink.readies() == 1).await;
        assert_eq!(asked(&server), [FULL, 641]);
        assert!(content.is_refused());
        server.close(4009);
        bot.sink.until("a second READY", |sink| sink.readies() == 2).await;
        assert_eq!(asked(&server), [FULL, 641, 641], "it is not tried again");
    })
    .await;
}

#[tokio::test]
async fn a_session_with_other_intents_is_not_resumed_and_one_with_the_same_is() {
    local(async {
        let server = Server::start().await;
        let first = Bot::ready(&server, |_| {}).await;
        let session = first.gateway.session(SHARD).unwrap();
        assert_eq!(session.intents, 129);
        first.gateway.close(SHARD).await.unwrap();
        let same = Bot::new(&server, |_| {});
        same.start(Some(session.clone()));
        same.sink.until("RESUMED", |sink| sink.resumes() == 1).await;
        same.gateway.close(SHARD).await.unwrap();
        let other = Bot::new(&server, |settings| settings.intents = 641);
        other.start(Some(session));
        other.sink.until("READY", |sink| sink.readies() == 1).await;
        assert_eq!(asked(&server), [129, 641]);
    })
    .await;
}
