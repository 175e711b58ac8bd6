//! The handshake with a node. One attempt; when to try again is the session's business.

use http::header::{AUTHORIZATION, HeaderValue};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{self, http};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::{NodeSettings, Shared};

/// A node's websocket.
pub(super) type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Opens the websocket, asking for the session `last` if there is one. The error says why not, and how to mend it where
/// a person can.
pub(super) async fn connect(settings: Shared, node: NodeSettings, last: Option<String>) -> Result<Socket, String> {
    let mut request = node
        .url("ws", "/v4/websocket")
        .into_client_request()
        .map_err(|error| error.to_string())?;
    let headers = request.headers_mut();
    let mut password = HeaderValue::from_str(node.password.reveal())
        .map_err(|_| "the password has characters that no header may have; set `password` of this node".to_owned())?;
    password.set_sensitive(true);
    headers.insert(AUTHORIZATION, password);
    headers.insert("User-Id", HeaderValue::from(settings.user.0));
    let name = HeaderValue::from_static(concat!("Ostinato/", env!("CARGO_PKG_VERSION")));
    headers.insert("Client-Name", name);
    // A stored id that no node can have given is no reason to stay away from the node.
    if let Some(Ok(last)) = last.as_deref().map(HeaderValue::from_str) {
        headers.insert("Session-Id", last);
    }
    let size = Some(settings.body_bytes);
    let config = WebSocketConfig::default().max_message_size(size).max_frame_size(size);
    let without_delay = true;
    match tokio_tungstenite::connect_async_with_config(request, Some(config), without_delay).await {
        Ok((socket, _)) => Ok(socket),
        Err(tungstenite::Error::Http(response)) if matches!(response.status().as_u16(), 401 | 403) => Err(format!(
            "the node refuses the password ({}); set `password` of this node in LAVALINK_NODES or lavalink_nodes",
            response.status()
        )),
        Err(error) => Err(error.to_string()),
    }
}
