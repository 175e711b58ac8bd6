//! The gateway's sockets.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::json;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use super::compress::Way;
use super::events::Socket;
use super::session::ToSocket;
use crate::discord::state::Shared;

/// Accepts sockets while the gateway is there; its port is closed while it is away.
pub(in crate::discord) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut listener = Some(listener);
    let mut open = shared.open.subscribe();
    let mut stopped = shared.stopped.subscribe();
    loop {
        if *stopped.borrow() {
            return;
        }
        if !*open.borrow_and_update() {
            listener = None;
        } else if listener.is_none() {
            listener = bind(shared.gateway).await;
        }
        let incoming = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = stopped.changed() => {}
            _ = open.changed() => {}
            accepted = incoming => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(Arc::clone(&shared), stream));
                }
            }
        }
    }
}

/// Takes the port again.
async fn bind(addr: SocketAddr) -> Option<TcpListener> {
    for _ in 0..100 {
        match TcpListener::bind(addr).await {
            Ok(listener) => return Some(listener),
            Err(error) => tracing::warn!(%error, %addr, "the gateway's port is not free yet"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    None
}

/// What the URL of a socket asks for.
fn asks(uri: &http::Uri) -> Result<(String, bool), &'static str> {
    let mut stream = false;
    let mut version = None;
    for pair in uri.query().unwrap_or_default().split('&') {
        match pair.split_once('=') {
            Some(("v", number)) => version = Some(number),
            Some(("compress", "zlib-stream")) => stream = true,
            Some(("compress", _)) => return Err("a compression that is not served here (zlib-stream is)"),
            Some(("encoding", "json")) | None => {}
            Some(("encoding", _)) => return Err("an encoding that is not served here (json is)"),
            Some(_) => return Err("an unknown parameter in the gateway's URL"),
        }
    }
    if version != Some("10") {
        return Err("a gateway version other than 10");
    }
    Ok((uri.path().to_owned(), stream))
}

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    // Small frames must not wait for more.
    let _ = stream.set_nodelay(true);
    let mut asked = Err("no handshake");
    #[expect(clippy::result_large_err, reason = "the signature is the handshake callback's")]
    let handshake = |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
        asked = asks(request.uri());
        asked.as_ref().map_or_else(
            |problem| {
                Err(http::Response::builder()
                    .status(400)
                    .body(Some((*problem).to_owned()))
                    .unwrap_or_default())
            },
            |_| Ok(response),
        )
    };
    let accepted = tokio_tungstenite::accept_hdr_async(stream, handshake).await;
    match (accepted, asked) {
        (Ok(socket), Ok((path, zlib))) => attend(shared, socket, path, zlib).await,
        (_, Err("no handshake")) | (Err(_), Ok(_)) => {}
        (_, Err(problem)) => shared.findings.violation(format!("gateway: {problem}")),
    }
}

/// Enters a socket and says HELLO to it.
fn greet(shared: &Shared, path: String, zlib: bool) -> (Socket, mpsc::UnboundedReceiver<ToSocket>) {
    let (send, outbox) = mpsc::unbounded_channel();
    let socket = shared.change(|state| {
        state.next_socket += 1;
        state.sockets.insert(state.next_socket, send);
        let interval_ms = state.config.heartbeat_interval_ms;
        let hello = json!({ "heartbeat_interval": interval_ms, "_trace": ["stand-in"] });
        state.send_op(state.next_socket, 10, &hello);
        Socket {
            number: state.next_socket,
            path,
            compress: false,
            stream: zlib,
            sent: VecDeque::new(),
            beaten_at_ms: state.now(),
        }
    });
    (socket, outbox)
}

async fn attend(shared: Arc<Shared>, ws: WebSocketStream<TcpStream>, path: String, zlib: bool) {
    let (mut socket, mut outbox) = greet(&shared, path, zlib);
    let mut way = if zlib { Way::stream() } else { Way::Plain };
    let interval_ms = shared.lock().config.heartbeat_interval_ms;
    let (mut sink, mut stream) = ws.split();
    let (mut farewell, mut said_farewell) = (None, false);
    let mut stopped = shared.stopped.subscribe();
    let silence_ms = interval_ms.saturating_mul(2).saturating_add(5_000);
    let mut beats = tokio::time::interval(Duration::from_secs(1));
    loop {
        tokio::select! {
            biased;
            _ = stopped.changed() => break,
            _ = beats.tick() => {
                let now = shared.lock().now();
                if now > socket.beaten_at_ms.saturating_add(silence_ms) {
                    shared.findings.count("gateway.no heartbeat");
                    break;
                }
            }
            message = outbox.recv() => match message {
                Some(ToSocket::Text(text)) => {
                    let split = shared.lock().faults.split_frames;
                    let mut failed = false;
                    for frame in way.frames(&text, socket.compress, split) {
                        failed |= sink.send(frame).await.is_err();
                    }
                    if failed {
                        break;
                    }
                }
                Some(ToSocket::Close(code)) => {
                    let frame = CloseFrame { code: code.into(), reason: "".into() };
                    // The other side may be gone already.
                    let _ = sink.send(Message::Close(Some(frame))).await;
                    said_farewell = true;
                    break;
                }
                Some(ToSocket::Drop) | None => break,
            },
            frame = stream.next() => match frame {
                Some(Ok(Message::Text(text))) => shared.change(|state| state.receive(&mut socket, &text)),
                Some(Ok(Message::Binary(bytes))) => {
                    let text = String::from_utf8_lossy(&bytes).into_owned();
                    shared.change(|state| state.receive(&mut socket, &text));
                }
                Some(Ok(Message::Close(frame))) => {
                    farewell = frame.map(|frame| frame.code.into());
                    break;
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => break,
            },
        }
    }
    shared.change(|state| state.detach(socket.number, farewell));
    if said_farewell || farewell.is_some() {
        // Ending with something unread would reset the connection, and the farewell could be lost on the way.
        let rest = async { while let Some(Ok(_)) = stream.next().await {} };
        let _ = tokio::time::timeout(Duration::from_secs(2), rest).await;
    }
}
