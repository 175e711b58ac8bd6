//! REST calls to one node: every one under a deadline, the status always seen.

use std::time::Duration;

use futures_util::StreamExt as _;
use ostinato_actors::ports::{PortError, PortErrorKind};
use ostinato_machine::guild::{Loaded, PlayerOrder};
use ostinato_machine::ids::GuildId;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::{NodeSettings, Shared, wire};

/// Bodies beyond this are read on another thread, bytes.
const OFF_THREAD: usize = 256 * 1024;

/// REST calls to one node.
#[derive(Clone)]
pub(super) struct Rest {
    http: reqwest::Client,
    settings: Shared,
    node: NodeSettings,
}

/// A node's error body.
#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: String,
}

impl Rest {
    pub(super) fn new(http: reqwest::Client, settings: Shared, node: NodeSettings) -> Self {
        Self { http, settings, node }
    }

    /// Sends one order.
    pub(super) async fn order(&self, session: &str, guild: GuildId, order: &PlayerOrder) -> Result<(), PortError> {
        let path = format!("/v4/sessions/{session}/players/{guild}");
        match order {
            PlayerOrder::Delete { .. } => self.empty(Method::DELETE, &path, None).await,
            PlayerOrder::Patch {
                voice,
                track,
                tag,
                position_ms,
                paused,
                volume,
                ..
            } => {
                let body = wire::patch(voice.as_ref(), track.as_ref(), *tag, *position_ms, *paused, *volume)
                    .map_err(|error| PortError::new(PortErrorKind::Malformed, error.to_string()))?;
                self.empty(Method::PATCH, &path, Some(body)).await
            }
        }
    }

    /// Looks up an address or a search text.
    pub(super) async fn load(&self, identifier: &str) -> Result<Loaded, PortError> {
        let query = [("identifier", identifier)];
        let request = self.request(Method::GET, "/v4/loadtracks").query(&query);
        let result: wire::LoadResult = self.send(request, self.settings.load).await?;
        result.loaded().map_err(malformed)
    }

    /// Switches resuming on and checks that it is.
    pub(super) async fn enable_resuming(&self, session: &str) -> Result<(), PortError> {
        #[derive(Deserialize)]
        struct Resuming {
            resuming: bool,
        }
        let body = json!({ "resuming": true, "timeout": self.settings.resume_timeout.as_secs() });
        let request = self
            .request(Method::PATCH, &format!("/v4/sessions/{session}"))
            .json(&body);
        let answer: Resuming = self.send(request, self.settings.order).await?;
        if answer.resuming {
            Ok(())
        } else {
            Err(PortError::new(
                PortErrorKind::Malformed,
                "the node did not switch resuming on",
            ))
        }
    }

    /// The players of a session.
    pub(super) async fn players(&self, session: &str) -> Result<Vec<wire::Player>, PortError> {
        let request = self.request(Method::GET, &format!("/v4/sessions/{session}/players"));
        let players: Vec<Value> = self.send(request, self.settings.order).await?;
        // One that makes no sense must not hide the others.
        Ok(players
            .into_iter()
            .filter_map(|player| serde_json::from_value(player).ok())
            .collect())
    }

    /// The node's version.
    pub(super) async fn version(&self) -> Result<String, PortError> {
        let request = self.request(Method::GET, "/version");
        let body = self.bytes(request, self.settings.order).await?;
        Ok(String::from_utf8_lossy(&body).trim().to_owned())
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, self.node.url("http", path))
            .header("Authorization", self.node.password.reveal())
    }

    async fn empty(&self, method: Method, path: &str, body: Option<Value>) -> Result<(), PortError> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.bytes(request, self.settings.order).await.map(|_| ())
    }

    async fn send<T: DeserializeOwned + Send + 'static>(
        &self,
        request: reqwest::RequestBuilder,
        within: Duration,
    ) -> Result<T, PortError> {
        let body = self.bytes(request, within).await?;
        if body.len() <= OFF_THREAD {
            return serde_json::from_slice(&body).map_err(malformed);
        }
        let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice(&body));
        parsed
            .await
            .map_err(|_| PortError::new(PortErrorKind::Malformed, "reading the answer failed"))?
            .map_err(malformed)
    }

    async fn bytes(&self, request: reqwest::RequestBuilder, within: Duration) -> Result<Vec<u8>, PortError> {
        let work = async {
            let response = request.send().await.map_err(unreachable)?;
            let status = response.status();
            let mut body = Vec::new();
            let mut stream = response.bytes_stream();
            while let Some(chunk) = stream.next().await {
                body.extend_from_slice(&chunk.map_err(unreachable)?);
                if body.len() > self.settings.body_bytes {
                    return Err(PortError::new(PortErrorKind::Malformed, "the answer is too long"));
                }
            }
            if status.is_success() {
                Ok(body)
            } else {
                Err(complaint(status, &body))
            }
        };
        match tokio::time::timeout(within, work).await {
            Ok(result) => result,
            Err(_) => Err(PortError::new(
                PortErrorKind::Timeout,
                format!("no answer within {} ms", within.as_millis()),
            )),
        }
    }
}

fn unreachable(error: reqwest::Error) -> PortError {
    // The address is not part of the message: the caller names the node.
    PortError::new(PortErrorKind::Unreachable, error.without_url().to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn malformed(error: serde_json::Error) -> PortError {
    PortError::new(PortErrorKind::Malformed, format!("the answer makes no sense: {error}"))
}

fn complaint(status: StatusCode, body: &[u8]) -> PortError {
    let said = serde_json::from_slice::<Complaint>(body).ok();
    let message = said.as_ref().map_or_else(
        || format!("status {status}"),
        |said| format!("{status}: {}", said.message),
    );
    let kind = match status {
        StatusCode::NOT_FOUND if said.as_ref().is_some_and(|said| said.path.contains("/sessions/")) => {
            PortErrorKind::Gone
        }
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PortErrorKind::Refused,
        StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::METHOD_NOT_ALLOWED => {
            PortErrorKind::Refused
        }
        // A node says 500 with an error body for what it can't decode, and something else when it is in trouble.
        StatusCode::INTERNAL_SERVER_ERROR if said.is_some() => PortErrorKind::Refused,
        _ => PortErrorKind::Unreachable,
    };
    PortError::new(kind, message)
}
