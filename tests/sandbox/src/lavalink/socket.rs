//! The websocket of a client: handshake, messages out, farewell.

use std::sync::Arc;
use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt as _, StreamExt as _};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::sync::{mpsc, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use super::door::{Door, Knock, answer_frame, farewell};
use super::http::{header, respond};
use super::server::{Cut, Node, lock, thawed};

type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

/// How long a closed websocket may linger until its client has read the farewell.
const LINGER: Duration = Duration::from_secs(1);

/// Answers a websocket handshake.
pub(super) fn upgrade(node: &Arc<Node>, request: &mut Request<Incoming>) -> Response<Full<Bytes>> {
    let knock = Knock {
        authorization: header(request, "authorization"),
        user_id: header(request, "user-id"),
        session_id: header(request, "session-id"),
    };
    let door = lock(&node.core).knock(&knock);
    let (reply, user) = match door {
        Door::Shut(reply) => {
            let why = if reply.status == 401 {
                "with a wrong password"
            } else {
                "without a User-Id"
            };
            node.findings
                .violation(format!("websocket of {} opened {why}", node.config.name));
            return respond(reply);
        }
        Door::Open(reply, user) => (reply, Ok(user)),
        Door::Slammed(reply, code) => {
            node.findings.violation(format!(
                "websocket of {} opened with a User-Id that is no number",
                node.config.name
            ));
            (reply, Err(code))
        }
    };
    let key = header(request, "sec-websocket-key").unwrap_or_default();
    let upgraded = hyper::upgrade::on(request);
    let task = Arc::clone(node);
    let cut = node.cut.subscribe();
    tokio::spawn(async move {
        let Ok(upgraded) = upgraded.await else { return };
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
        match user {
            Ok(user) => attend(task, socket, user, knock.session_id, cut).await,
            Err(code) => {
                let (sink, stream) = socket.split();
                part(sink, stream, farewell(code)).await;
            }
        }
    });
    let mut response = respond(reply);
    let headers = response.headers_mut();
    headers.insert("Upgrade", http::HeaderValue::from_static("websocket"));
    headers.insert("Connection", http::HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = http::HeaderValue::from_str(&derive_accept_key(key.as_bytes())) {
        headers.insert("Sec-WebSocket-Accept", accept);
    }
    response
}

async fn attend(
    node: Arc<Node>,
    socket: Socket,
    user: u64,
    session: Option<String>,
    mut cut: watch::Receiver<Option<Cut>>,
) {
    let (mut sink, mut stream) = socket.split();
    let (send, mut outbox) = mpsc::unbounded_channel();
    let number = node.open_socket(send);
    let now = node.now();
    node.with_core(|core| core.open(now, number, user, session.as_deref()));
    let last = loop {
        tokio::select! {
            biased;
            _ = cut.changed() => break last_word(&cut),
            () = thawed(&node) => {}
        }
        tokio::select! {
            biased;
            _ = cut.changed() => break last_word(&cut),
            message = outbox.recv() => {
                let Some(message) = message else { break None };
                if sink.send(message).await.is_err() {
                    break None;
                }
            }
            frame = stream.next() => match frame {
                Some(Ok(frame @ Message::Close(_))) => break answer_frame(&frame),
                None | Some(Err(_)) => break None,
                // Pings are answered below us; text of the client means nothing.
                Some(Ok(_)) => {}
            }
        }
    };
    lock(&node.sockets).remove(&number);
    let now = node.now();
    node.with_core(|core| core.close(now, number));
    if let Some(last) = last {
        part(sink, stream, last).await;
    }
}

/// What is said when every connection ends at once.
fn last_word(cut: &watch::Receiver<Option<Cut>>) -> Option<Message> {
    (*cut.borrow() == Some(Cut::GoingAway)).then(|| farewell(1001))
}

/// Says farewell and waits until the client has gone: closing at once would reset the connection under it.
async fn part(mut sink: SplitSink<Socket, Message>, mut stream: SplitStream<Socket>, last: Message) {
    // The client's own close is answered by the layer beneath; sending another is refused there.
    let _ = sink.send(last).await;
    let gone = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = tokio::time::timeout(LINGER, gone).await;
}
