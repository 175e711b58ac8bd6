use std::cell::Cell;

use ostinato_machine::ids::{ChannelId, Hidden, Via};
use serde_json::{Value, json};

use super::*;
use crate::discord::rest::tests::TestClock;
use crate::discord::rest::tests::server::{Reply, Server};

const NOW_MS: u64 = 1_000_000_000_000;
const GUILD: GuildId = GuildId(5);
const ANN: UserId = UserId(7);
const EVE: UserId = UserId(8);
const FULL: Drill = Drill::Run(DrillFault::StoreFull { for_s: 60 });

/// Drills in a process that has no actors yet: the store can fail, guilds can't.
struct House {
    server: Server,
    drills: Drills,
    replies: Replies,
    store: StoreFaults,
    last: Cell<u64>,
}

impl House {
    /// `application`: what Discord says of it; `callback`: how it takes an answer.
    async fn new(config: ChaosConfig, application: Reply, callback: u16) -> Self {
        let server = Server::answering(move |asked| match asked.line.contains("/applications/@me") {
            true => application.clone(),
            false => Reply::json(callback, &json!({ "code": 0, "message": "" })),
        })
        .await;
        let clock: Rc<dyn Clock> = TestClock::at(NOW_MS);
        let rest = Rest::new(&server.settings(), Rc::clone(&clock)).unwrap();
        let store = StoreFaults::default();
        let range = Range::new(config, store.clone());
        Self {
            drills: Drills::new(range, rest.clone(), Rc::clone(&clock)),
            replies: Replies::new(rest, clock, UserId(9)),
            server,
            store,
            last: Cell::new(0),
        }
    }

    async fn anns(config: ChaosConfig) -> Self {
        let application = json!({ "id": "1", "owner": { "id": "7" }, "team": null });
        Self::new(config, Reply::json(200, &application), 200).await
    }

    /// What `user` was told, if anything.
    async fn asks(&self, user: UserId, drill: Drill) -> Result<String, PortError> {
        self.last.set(self.last.get() + 1);
        let via = Via::Interaction {
            application: 1,
            token: Hidden::new("tok"),
            component: false,
        };
        self.hears(user, drill, (via, NOW_MS)).await
    }

    async fn hears(&self, user: UserId, drill: Drill, (via, made_ms): (Via, u64)) -> Result<String, PortError> {
        let reply = ReplyTo {
            id: self.last.get(),
            via,
            arrived_ms: NOW_MS,
            made_ms,
            public: false,
        };
        self.drills.take(drill, (GUILD, user), (&reply, &self.replies)).await?;
        let body = self.server.asked().pop().unwrap().body;
        let data = if body["data"].is_object() { &body["data"] } else { &body };
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        Ok(text(&data["content"]) + &text(&data["embeds"][0]["description"]))
    }

    fn is_full(&self) -> bool {
        self.store.strike().is_err()
    }
}

#[tokio::test]
async fn who_runs_the_bot_is_told_and_then_it_happens() {
    let house = House::anns(ChaosConfig::on(&[])).await;
    let told = house.asks(ANN, FULL).await.unwrap();
    assert!(told.starts_with("Ordered: nothing can be saved"), "{told}");
    assert!(house.is_full());
}

#[tokio::test]
async fn nothing_happens_that_nobody_could_be_told_of() {
    let application = json!({ "owner": { "id": "7" } });
    let house = House::new(ChaosConfig::on(&[]), Reply::json(200, &application), 404).await;
    assert!(house.asks(ANN, FULL).await.is_err());
    assert!(!house.is_full());
}

#[tokio::test]
async fn everybody_else_is_refused_whatever_they_ask() {
    let house = House::anns(ChaosConfig::on(&[])).await;
    for drill in [FULL, Drill::Status, Drill::Run(DrillFault::Panic)] {
        let told = house.asks(EVE, drill).await.unwrap();
        assert!(told.starts_with("Only who runs this bot"), "{told}");
    }
    assert!(!house.is_full());
    let asked = house.server.asked();
    let questions = asked.iter().filter(|asked| asked.line.starts_with("GET"));
    assert_eq!(questions.count(), 1, "the answer is good for a minute");
}

#[tokio::test]
async fn while_discord_does_not_say_who_runs_the_bot_nobody_may() {
    for application in [Reply::status(403), Reply::json(200, &json!({ "id": "1" }))] {
        let house = House::new(ChaosConfig::on(&[]), application, 200).await;
        let told = house.asks(ANN, FULL).await.unwrap();
        assert!(told.contains("does not say right now"), "{told}");
        assert!(!house.is_full());
    }
}

#[tokio::test]
async fn a_fault_goes_no_further_than_the_list_lets_it() {
    let panic = Drill::Run(DrillFault::Panic);
    let block = Drill::Run(DrillFault::Block { ms: 1 });
    let elsewhere = House::anns(ChaosConfig::on(&[6])).await;
    let told = elsewhere.asks(ANN, panic).await.unwrap();
    assert!(told.contains("add `5` to `chaos.guild_allowlist`"), "{told}");
    let here = House::anns(ChaosConfig::on(&[5])).await;
    for house in [&elsewhere, &here] {
        for drill in [block, FULL] {
            let told = house.asks(ANN, drill).await.unwrap();
            assert!(told.starts_with("Other servers would feel that too"), "{told}");
        }
    }
    assert!(!elsewhere.is_full() && !here.is_full());
    // It gets as far as the actors, and there are none.
    let told = here.asks(ANN, panic).await.unwrap();
    assert!(told.starts_with("Nobody answers"), "{told}");
}

#[tokio::test]
async fn a_message_of_yesterday_strikes_nobody() {
    let house = House::anns(ChaosConfig::on(&[])).await;
    let via = || Via::Message { channel: ChannelId(3) };
    house.last.set(1);
    // The last one has a date that makes no sense.
    for made_ms in [NOW_MS - OLD_MS - 1, 0] {
        let told = house.hears(ANN, FULL, (via(), made_ms)).await.unwrap();
        assert!(told.contains("too late"), "{told}");
        assert!(!house.is_full());
    }
    house.hears(ANN, FULL, (via(), NOW_MS - OLD_MS)).await.unwrap();
    assert!(house.is_full());
}

#[test]
fn without_the_switch_there_are_no_such_commands() {
    let clock = || -> Rc<dyn Clock> { TestClock::at(NOW_MS) };
    let settings = crate::discord::rest::RestSettings::new("http://localhost", Hidden::new("t"));
    let table = |config| {
        let range = Range::new(config, StoreFaults::default());
        Drills::new(range, Rest::new(&settings, clock()).unwrap(), clock()).table()
    };
    assert!(!table(ChaosConfig::default()).drills);
    assert!(table(ChaosConfig::on(&[1])).drills);
}
