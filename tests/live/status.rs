//! What the bot tells of itself, over real sockets: that it lives, what it lacks, and its metrics.

use std::time::Duration;

use sandbox::run::stage::Stage;
use sandbox::scenario::GatewayFault;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::{SEED, block_on, program};

/// How long a state may take to be told.
const SOON: Duration = Duration::from_secs(10);

/// One answer: its status code and everything that came. HTTP/1.0, so that it comes in one piece.
pub(crate) async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!("GET {path} HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: identity\r\n\r\n");
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    let code = text.split(' ').nth(1)?.parse().ok()?;
    Some((code, text))
}

/// Orders something with a body of JSON: the status code and the body of the answer.
pub(crate) async fn post(port: u16, path: &str, body: &serde_json::Value) -> Option<(u16, serde_json::Value)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let (body, kind) = (body.to_string(), "application/json");
    let request = format!(
        "POST {path} HTTP/1.0\r\nHost: localhost\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await.ok()?;
    let code = text.split(' ').nth(1)?.parse().ok()?;
    let (_, body) = text.split_once("\r\n\r\n")?;
    Some((code, serde_json::from_str(body).ok()?))
}

/// Asks until the answer is so.
pub(crate) async fn until(port: u16, path: &str, is_so: impl Fn(u16, &str) -> bool) -> String {
    let wait = async {
        loop {
            if let Some((code, body)) = get(port, path).await
                && is_so(code, &body)
            {
                return body;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(SOON, wait)
        .await
        .unwrap_or_else(|_| panic!("{path} does not get so"))
}

#[test]
fn the_bot_says_what_it_lacks_and_when_it_has_it_again() {
    block_on(async {
        let nodes = ["n1".to_owned(), "n2".to_owned()];
        let stage = Stage::prepare(program(), &nodes, SEED, serde_json::json!({}))
            .await
            .unwrap();
        stage.raise().await.unwrap();
        let ports = stage.bot.lock().await.ports();
        until(ports.status, "/live", |code, _| code == 200).await;
        let body = until(ports.status, "/ready", |code, body| {
            code == 200 && !body.contains("registered yet")
        })
        .await;
        assert!(
            body.contains("\"missing\":[]") && body.contains("\"notes\":[]"),
            "{body}"
        );

        let node = stage.at.node("n1").unwrap();
        node.kill();
        until(ports.status, "/ready", |code, body| {
            code == 200 && body.contains("audio node n1")
        })
        .await;
        stage.at.node("n2").unwrap().kill();
        until(ports.status, "/ready", |code, body| {
            code == 503 && body.contains("audio node n2")
        })
        .await;
        until(ports.metrics, "/metrics", |_, body| {
            body.contains("ostinato_ready 0.0") && body.contains("ostinato_node_up{node=\"n2\",shard=\"0\"} 0.0")
        })
        .await;
        node.restart();
        until(ports.status, "/ready", |code, _| code == 200).await;

        stage.at.chat.break_gateway(GatewayFault::Away, None, Some(1_500));
        until(ports.status, "/ready", |code, body| {
            code == 503 && body.contains("shard 0: ")
        })
        .await;
        until(ports.status, "/ready", |code, _| code == 200).await;
        let metrics = until(ports.metrics, "/metrics", |_, body| body.contains("ostinato_ready 1.0")).await;
        for line in [
            "ostinato_gateway_shard_up{shard=\"0\"} 1.0",
            "ostinato_gateway_resumes_total{shard=\"0\"} ",
            "ostinato_gateway_shard_state{shard=\"0\",state=\"active\"} 1.0",
            "process_cpu_seconds_total ",
            "# EOF",
        ] {
            assert!(metrics.contains(line), "{line} in {metrics}");
        }
        stage.terminate().await.unwrap();
    });
}
