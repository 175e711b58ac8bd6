//! What only sockets show, over loopback.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::findings::Findings;
use crate::lavalink::{LavalinkNode, NodeConfig};
use crate::sound::SoundLedger;
use crate::voices::Voices;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long something that must not come is waited for.
const GLANCE: Duration = Duration::from_millis(200);

async fn node(findings: &Findings) -> LavalinkNode {
    let config = NodeConfig {
        name: "shell".into(),
        password: "pw".into(),
        seed: 1,
        origin: Instant::now(),
    };
    let catalogue = Arc::new(Mutex::new(super::catalogue()));
    LavalinkNode::start(
        config,
        catalogue,
        Voices::default(),
        SoundLedger::default(),
        findings.clone(),
    )
    .await
    .unwrap()
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn open(node: &LavalinkNode, password: &'static str, user: &'static str) -> Result<Socket, Error> {
    let mut request = format!("ws://{}/v4/websocket", node.addr()).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("Authorization", http::HeaderValue::from_static(password));
    headers.insert("User-Id", http::HeaderValue::from_static(user));
    let (socket, response) = tokio_tungstenite::connect_async(request).await?;
    assert_eq!(response.headers()["Session-Resumed"], "false");
    assert_eq!(response.headers()["Lavalink-Api-Version"], "4");
    Ok(socket)
}

/// The next frame that `wanted` takes.
async fn next(socket: &mut Socket, wanted: impl Fn(&Message) -> bool) -> Message {
    let search = async {
        loop {
            let frame = socket.next().await.expect("the socket is open").expect("a frame");
            if wanted(&frame) {
                return frame;
            }
        }
    };
    tokio::time::timeout(PATIENCE, search).await.expect("it comes in time")
}

fn is_ready(frame: &Message) -> bool {
    let text = frame.to_text().unwrap_or_default();
    serde_json::from_str(text).is_ok_and(|message: Value| message["op"] == "ready")
}

fn code(frame: &Message) -> u16 {
    let Message::Close(Some(frame)) = frame else { return 0 };
    frame.code.into()
}

async fn get(node: &LavalinkNode, path: &str, patience: Duration) -> Option<u16> {
    let url = format!("http://{}{path}", node.addr());
    let request = reqwest::Client::new()
        .get(url)
        .header("Authorization", "pw")
        .timeout(patience);
    request.send().await.ok().map(|response| response.status().as_u16())
}

#[tokio::test]
async fn text_means_nothing_and_pings_and_closes_are_answered() {
    let node = node(&Findings::default()).await;
    let mut socket = open(&node, "pw", "42").await.unwrap();
    next(&mut socket, is_ready).await;
    socket.send(Message::text("{\"op\":\"play\"}")).await.unwrap();
    socket.send(Message::Ping("hello".into())).await.unwrap();
    let pong = next(&mut socket, Message::is_pong).await;
    assert_eq!(pong.into_data(), "hello");
    socket.send(super::super::farewell(1000)).await.unwrap();
    assert_eq!(code(&next(&mut socket, Message::is_close).await), 1000);
}

#[tokio::test]
async fn a_handshake_is_refused_or_slammed_and_noted() {
    let findings = Findings::default();
    let node = node(&findings).await;
    for (password, user, status) in [("wrong", "42", 401), ("pw", "0", 400)] {
        match open(&node, password, user).await {
            Err(Error::Http(response)) => assert_eq!(response.status(), status),
            other => panic!("{other:?}"),
        }
    }
    let mut socket = open(&node, "pw", "me").await.unwrap();
    assert_eq!(code(&next(&mut socket, |_| true).await), 1011);
    assert_eq!(findings.summary().violations.len(), 3);
}

#[tokio::test]
async fn a_node_that_is_told_to_end_says_1001_and_comes_back_empty() {
    let node = node(&Findings::default()).await;
    let mut socket = open(&node, "pw", "42").await.unwrap();
    next(&mut socket, is_ready).await;
    node.shut_down();
    assert_eq!(code(&next(&mut socket, Message::is_close).await), 1001);
    assert!(!node.is_connected());
    assert_eq!(get(&node, "/version", PATIENCE).await, None);
    node.restart();
    assert_eq!(get(&node, "/version", PATIENCE).await, Some(200));
}

#[tokio::test]
async fn a_node_that_never_upgrades_answers_rest_all_the_same() {
    let node = node(&Findings::default()).await;
    node.never_upgrade(true);
    assert!(tokio::time::timeout(GLANCE, open(&node, "pw", "42")).await.is_err());
    assert_eq!(get(&node, "/version", PATIENCE).await, Some(200));
    node.never_upgrade(false);
    assert!(open(&node, "pw", "42").await.is_ok());
}

#[tokio::test]
async fn look_ups_can_be_slow_alone() {
    let node = node(&Findings::default()).await;
    let look_up = "/v4/loadtracks?identifier=nothing";
    node.slow_loads(3_600_000);
    assert_eq!(get(&node, look_up, GLANCE).await, None);
    assert_eq!(get(&node, "/version", PATIENCE).await, Some(200));
    node.slow_loads(0);
    assert_eq!(get(&node, look_up, PATIENCE).await, Some(200));
}

#[tokio::test]
async fn a_node_that_is_killed_says_nothing_even_while_it_is_frozen() {
    let node = node(&Findings::default()).await;
    let mut socket = open(&node, "pw", "42").await.unwrap();
    next(&mut socket, is_ready).await;
    node.freeze(true);
    node.kill();
    let end = async {
        loop {
            match socket.next().await {
                Some(Ok(frame)) => assert!(!frame.is_close(), "it says farewell"),
                Some(Err(_)) | None => return,
            }
        }
    };
    tokio::time::timeout(PATIENCE, end).await.expect("it is gone");
}
