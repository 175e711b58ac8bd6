use std::time::Duration;

use ostinato_actors::clock::SystemClock;
use ostinato_actors::ports::{AudioSink, PortError, PortErrorKind, Work};
use ostinato_machine::guild::{PlayerOrder, Related};
use ostinato_machine::ids::{GuildId, NodeId};
use tokio::sync::Notify;

use super::*;

const SHARD: ShardId = ShardId(0);
const ANN: UserId = UserId(1);

/// Nodes that find two tracks for everything, once they may, and remember what they were asked.
#[derive(Default)]
struct Nodes {
    asked: RefCell<Vec<String>>,
    /// Whoever asks waits until this rings.
    waits: RefCell<Option<Rc<Notify>>>,
    fails: Cell<bool>,
}

fn track(title: &str, uri: &str) -> Arc<Track> {
    Arc::new(Track {
        title: title.into(),
        author: "Ann Author".into(),
        uri: Some(uri.into()),
        length_ms: Some(187_000),
        ..Track::default()
    })
}

impl Audio for Nodes {
    fn start(&self, _: ShardId, _: Vec<(NodeId, String)>, _: Rc<dyn AudioSink>) {}

    fn order(&self, _: ShardId, _: GuildId, _: PlayerOrder) -> Work<()> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn load(&self, _: ShardId, query: Arc<str>) -> Work<Loaded> {
        self.asked.borrow_mut().push(query.to_string());
        let (waits, fails) = (self.waits.borrow().clone(), self.fails.get());
        Box::pin(async move {
            if let Some(waits) = waits {
                waits.notified().await;
            }
            if fails {
                return Err(PortError::new(PortErrorKind::Unreachable, "away"));
            }
            let long = format!("https://music.example/{}", "x".repeat(100));
            Ok(Loaded::Found(vec![
                track(&format!("{query} song"), "https://music.example/a"),
                track("Other", &long),
            ]))
        })
    }

    fn related(&self, _: ShardId, seed: Arc<Track>) -> Work<Related> {
        Box::pin(std::future::ready(Ok(Related {
            seed,
            ..Related::default()
        })))
    }

    fn reconnect(&self, _: ShardId, _: &NodeId) {}

    fn close(&self, _: ShardId) -> Work<()> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn suggest() -> (Rc<Nodes>, Suggest) {
    let nodes = Rc::new(Nodes::default());
    let audio: Rc<dyn Audio> = Rc::<Nodes>::clone(&nodes);
    let mut suggest = Suggest::new(audio, Rc::new(SystemClock::new()));
    suggest.times.0 = Duration::from_millis(1);
    (nodes, suggest)
}

fn names(offers: &[Offer]) -> Vec<&str> {
    offers.iter().map(|offer| offer.name.as_str()).collect()
}

#[tokio::test]
async fn a_track_is_offered_with_its_page_or_else_its_words() {
    let (nodes, suggest) = suggest();
    let found = suggest.tracks(SHARD, ANN, 1, "  Blue  IN green ").await;
    assert_eq!(
        names(&found),
        ["blue in green song · Ann Author · 3:07", "Other · Ann Author · 3:07"]
    );
    let values: Vec<&str> = found.iter().map(|offer| offer.value.as_str()).collect();
    assert_eq!(values, ["https://music.example/a", "Ann Author Other"]);
    assert_eq!(*nodes.asked.borrow(), ["blue in green"]);
}

#[tokio::test]
async fn what_is_too_short_too_long_or_an_address_asks_nobody() {
    let (nodes, suggest) = suggest();
    let long = "x".repeat(101);
    for typed in [
        "",
        "ab",
        "  a b"[..4].trim(),
        "https://music.example/a",
        "HTTP://x.example",
        &long,
    ] {
        assert!(suggest.tracks(SHARD, ANN, 1, typed).await.is_empty(), "{typed}");
    }
    assert!(nodes.asked.borrow().is_empty());
}

#[tokio::test]
async fn somebody_who_types_on_asks_once_and_again_after_a_minute() {
    let (nodes, suggest) = suggest();
    let typing = (3..=7_u64).map(|length| {
        let suggest = &suggest;
        async move {
            let text: String = "bluesky".chars().take(usize::try_from(length).unwrap()).collect();
            suggest.tracks(SHARD, ANN, length, &text).await.len()
        }
    });
    let found = futures_util::future::join_all(typing).await;
    assert_eq!(
        found,
        [0, 0, 0, 0, 2],
        "only the newest question has an answer that anybody sees"
    );
    assert_eq!(*nodes.asked.borrow(), ["bluesky"]);
    assert_eq!(suggest.tracks(SHARD, UserId(2), 9, "BlueSky").await.len(), 2);
    assert_eq!(nodes.asked.borrow().len(), 1, "it is remembered, for everybody");
    assert!(suggest.newest.borrow().is_empty());
}

#[tokio::test]
async fn a_slow_node_is_not_waited_for_and_a_broken_one_costs_nothing() {
    let (nodes, mut suggest) = suggest();
    let waits = Rc::new(Notify::new());
    nodes.waits.replace(Some(waits));
    suggest.times.1 = Duration::from_millis(20);
    assert!(suggest.tracks(SHARD, ANN, 1, "blue").await.is_empty());
    assert_eq!((nodes.asked.borrow().len(), suggest.under_way.get()), (1, 0));
    suggest.times.1 = WITHIN;
    nodes.waits.replace(None);
    nodes.fails.set(true);
    assert!(suggest.tracks(SHARD, ANN, 2, "blue").await.is_empty());
    nodes.fails.set(false);
    assert_eq!(
        suggest.tracks(SHARD, ANN, 3, "blue").await.len(),
        2,
        "a failure is not remembered"
    );
    nodes.fails.set(true);
    let shorter = suggest.tracks(SHARD, ANN, 4, "blue song").await;
    assert_eq!(
        names(&shorter),
        ["blue song · Ann Author · 3:07"],
        "what was found before still helps"
    );
}

#[tokio::test]
async fn many_at_once_share_a_few_searches_and_little_is_remembered() {
    let (nodes, suggest) = suggest();
    let waits = Rc::new(Notify::new());
    nodes.waits.replace(Some(Rc::clone(&waits)));
    let all = (1..=50_u64).map(|user| {
        let suggest = &suggest;
        async move {
            let text = format!("text {user}");
            suggest.tracks(SHARD, UserId(user), user, &text).await.len()
        }
    });
    let all = futures_util::future::join_all(all);
    let ring = async {
        // Whoever is left out has its answer before the others have theirs.
        while nodes.asked.borrow().len() < AT_ONCE || suggest.newest.borrow().len() > AT_ONCE {
            tokio::task::yield_now().await;
        }
        waits.notify_waiters();
    };
    let (found, ()) = futures_util::future::join(all, ring).await;
    assert_eq!(found.iter().filter(|offers| **offers > 0).count(), AT_ONCE);
    assert_eq!(nodes.asked.borrow().len(), AT_ONCE);
    for number in 0..REMEMBERED + 20 {
        suggest.remember(&format!("n {number}"), Rc::default());
    }
    assert_eq!(suggest.found.borrow().len(), REMEMBERED);
}
