//! Asking the bot's servers, over plain sockets.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How long a state may take to be told.
const SOON: Duration = Duration::from_secs(10);

/// Asks: status code, and everything that came. HTTP/1.0, so that it comes in one piece.
async fn send(port: u16, method: &str, path: &str, body: &str) -> Option<(u16, String)> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let request = format!(
        "{method} {path} HTTP/1.0\r\nHost: localhost\r\nAccept-Encoding: identity\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.ok()?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.ok()?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let code = text.split(' ').nth(1)?.parse().ok()?;
    Some((code, text))
}

/// What is said at `path`, with its head.
pub(crate) async fn get(port: u16, path: &str) -> Option<(u16, String)> {
    send(port, "GET", path, "").await
}

/// Plain data at `path`.
pub(crate) async fn data(port: u16, path: &str) -> (u16, Value) {
    let (code, text) = get(port, path)
        .await
        .unwrap_or_else(|| panic!("nobody answers at {path}"));
    (code, json(&text))
}

/// Gives an order.
pub(crate) async fn order(port: u16, path: &str, body: &str) -> (u16, Value) {
    let (code, text) = send(port, "POST", path, body)
        .await
        .unwrap_or_else(|| panic!("nobody answers at {path}"));
    (code, json(&text))
}

/// The data of an answer.
fn json(text: &str) -> Value {
    let body = text.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {text}"))
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

/// Asks until the data is so.
pub(crate) async fn until_data(port: u16, path: &str, is_so: impl Fn(&Value) -> bool) -> Value {
    let text = until(port, path, |code, text| code == 200 && is_so(&json(text))).await;
    json(&text)
}
