//! REST calls to one node: every one under a deadline, the status always seen.

use std::time::Duration;

use futures_util::StreamExt as _;
use ostinato_actors::ports::{PortError, PortErrorKind};
use ostinato_machine::guild::{Loaded, PlayerOrder};
use ostinato_machine::ids::GuildId;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::found::{self, Player};
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

/// A call that failed.
pub(super) struct Failure {
    pub(super) error: PortError,
    /// Whether the node itself said so. Otherwise nobody did, or something in front of the node.
    pub(super) answered: bool,
}

impl Failure {
    fn unanswered(kind: PortErrorKind, message: impl Into<String>) -> Self {
        Self {
            error: PortError::new(kind, message),
            answered: false,
        }
    }
}

/// A node's error body. Nothing but a node has this form.
#[derive(Deserialize)]
struct Complaint {
    #[serde(default)]
    message: String,
    path: String,
}

impl Rest {
    pub(super) fn new(http: reqwest::Client, settings: Shared, node: NodeSettings) -> Self {
        Self { http, settings, node }
    }

    pub(super) fn settings(&self) -> &Shared {
        &self.settings
    }

    /// Sends one order.
    pub(super) async fn order(&self, session: &str, guild: GuildId, order: &PlayerOrder) -> Result<(), Failure> {
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
                let body = wire::patch(voice.as_ref(), track.as_ref(), *tag, *position_ms, *paused, *volume).map_err(
                    |error| Failure {
                        error: PortError::new(PortErrorKind::Malformed, error.to_string()),
                        answered: true,
                    },
                )?;
                self.empty(Method::PATCH, &path, Some(body)).await
            }
        }
    }

    /// Looks up an address or a search text.
    pub(super) async fn load(&self, identifier: &str) -> Result<Loaded, PortError> {
        let query = [("identifier", identifier)];
        let request = self.request(Method::GET, "/v4/loadtracks").query(&query);
        self.read(request, self.settings.load, found::loaded).await
    }

    /// Switches resuming on and checks that it is.
    pub(super) async fn enable_resuming(&self, session: &str) -> Result<(), PortError> {
        #[derive(Deserialize)]
        struct Resuming {
            resuming: bool,
        }
        let body = serde_json::json!({ "resuming": true, "timeout": self.settings.resume_timeout.as_secs() });
        let request = self
            .request(Method::PATCH, &format!("/v4/sessions/{session}"))
            .json(&body);
        let answer: Resuming = self.read(request, self.settings.order, json).await?;
        if answer.resuming {
            Ok(())
        } else {
            Err(PortError::new(
                PortErrorKind::Malformed,
                "the node did not switch resuming on",
            ))
        }
    }

    /// The players of a session. One that makes no sense does not hide the others.
    pub(super) async fn players(&self, session: &str) -> Result<Vec<Player>, PortError> {
        let request = self.request(Method::GET, &format!("/v4/sessions/{session}/players"));
        self.read(request, self.settings.order, found::sensible).await
    }

    /// The node's version.
    pub(super) async fn version(&self) -> Result<String, PortError> {
        let request = self.request(Method::GET, "/version");
        let body = self
            .bytes(request, self.settings.order)
            .await
            .map_err(|failure| failure.error)?;
        Ok(String::from_utf8_lossy(&body).trim().to_owned())
    }

    fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http
            .request(method, self.node.url("http", path))
            .header("Authorization", self.node.password.reveal())
    }

    async fn empty(&self, method: Method, path: &str, body: Option<Value>) -> Result<(), Failure> {
        let mut request = self.request(method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        self.bytes(request, self.settings.order).await.map(|_| ())
    }

    async fn read<T: Send + 'static>(
        &self,
        request: reqwest::RequestBuilder,
        within: Duration,
        read: fn(&[u8]) -> Result<T, serde_json::Error>,
    ) -> Result<T, PortError> {
        let body = self.bytes(request, within).await.map_err(|failure| failure.error)?;
        if body.len() <= OFF_THREAD {
            return read(&body).map_err(malformed);
        }
        tokio::task::spawn_blocking(move || read(&body))
            .await
            .map_err(|_| PortError::new(PortErrorKind::Malformed, "reading the answer failed"))?
            .map_err(malformed)
    }

    async fn bytes(&self, request: reqwest::RequestBuilder, within: Duration) -> Result<Vec<u8>, Failure> {
        let most = self.settings.body_bytes;
        let work = async {
            let response = request.send().await.map_err(unreachable)?;
            let status = response.status();
            let mut body = Vec::new();
            let mut stream = response.bytes_stream();
            while let Some(chunk) = stream.next().await {
                let chunk = chunk.map_err(unreachable)?;
                if body.len().saturating_add(chunk.len()) > most {
                    let message = format!("the answer is longer than {most} bytes");
                    return Err(Failure::unanswered(PortErrorKind::Malformed, message));
                }
                body.extend_from_slice(&chunk);
            }
            if status.is_success() {
                Ok(body)
            } else {
                Err(complaint(status, &body))
            }
        };
        tokio::time::timeout(within, work).await.unwrap_or_else(|_| {
            let message = format!("no answer within {} ms", within.as_millis());
            Err(Failure::unanswered(PortErrorKind::Timeout, message))
        })
    }
}

fn json<T: DeserializeOwned>(body: &[u8]) -> Result<T, serde_json::Error> {
    serde_json::from_slice(body)
}

fn unreachable(error: reqwest::Error) -> Failure {
    // The address is not part of the message: the caller names the node.
    Failure::unanswered(PortErrorKind::Unreachable, error.without_url().to_string())
}

#[expect(clippy::needless_pass_by_value, reason = "it is what map_err gives")]
fn malformed(error: serde_json::Error) -> PortError {
    PortError::new(PortErrorKind::Malformed, format!("the answer makes no sense: {error}"))
}

/// What a status other than success means. A refusal condemns the order, so only what the order itself is to blame for
/// is one; what befalls the node, or stands in front of it, passes.
pub(super) fn complaint(status: StatusCode, body: &[u8]) -> Failure {
    let said = serde_json::from_slice::<Complaint>(body).ok();
    let message = said.as_ref().map_or_else(
        || format!("status {status}"),
        |said| format!("{status}: {}", said.message),
    );
    let kind = match (status, &said) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            let message = format!("the node refuses the password ({status}); set `password` of this node");
            return Failure::unanswered(PortErrorKind::Unreachable, message);
        }
        (StatusCode::NOT_FOUND, Some(said)) if said.path.contains("/sessions/") => PortErrorKind::Gone,
        // The voice server's fault, and a passing one: nothing of the order was done.
        (StatusCode::INTERNAL_SERVER_ERROR, Some(said)) if said.message.contains("voice server") => {
            PortErrorKind::Unreachable
        }
        // So a node says that it can't decode a track.
        (StatusCode::INTERNAL_SERVER_ERROR, Some(_)) => PortErrorKind::Refused,
        (StatusCode::BAD_REQUEST | StatusCode::UNSUPPORTED_MEDIA_TYPE | StatusCode::METHOD_NOT_ALLOWED, Some(_)) => {
            PortErrorKind::Refused
        }
        _ => PortErrorKind::Unreachable,
    };
    Failure {
        error: PortError::new(kind, message),
        answered: said.is_some(),
    }
}
