//! The REST executor: every request to Discord goes through here, none around it.
//!
//! serenity's routes and builders make the requests; this module sends them: in their bucket's turn, under a deadline,
//! again when that can help, and never so often that Discord blocks the address. Callbacks to interactions wait behind
//! nothing. It must not know what a request means, nor any word that listeners read.

mod answer;
mod breaker;
mod buckets;
mod execute;
mod facts;
mod figures;
mod operation;
mod permits;
mod skew;

#[cfg(test)]
pub(super) mod tests;

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::ports::{Clock, PortError, PortErrorKind};
use ostinato_machine::ids::Hidden;
use tokio::time::Instant;

pub use facts::{Application, CurrentUser, GatewayBot, Owners, SessionStartLimit};
pub use figures::RestFigures;
pub(super) use operation::Operation;
pub use permits::{Closed, Permits, ProcessPermits};
pub use skew::Skew;

use execute::Desk;

/// How Discord's REST interface is reached. Made once, handed to every arbiter.
#[derive(Clone)]
pub struct RestSettings {
    /// Scheme, host and port, without `/api/v10`.
    pub base_url: String,
    /// The bot's token, without `Bot `.
    pub token: Hidden,
    /// What all executors with this token and address share.
    pub permits: Arc<dyn Permits>,
    /// How far Discord's clock is away; filled by answers.
    pub skew: Skew,
    /// What was sent and how it was answered; filled by all executors.
    pub figures: Arc<RestFigures>,
    /// How old an interaction may be when its first callback leaves.
    pub callback: Duration,
    /// Longest call, with all its waiting and its retries.
    pub call: Duration,
    /// Longest single attempt of a call.
    pub attempt: Duration,
    /// Longest connect.
    pub connect: Duration,
    /// Shortest wait before a retry.
    pub backoff_min: Duration,
    /// Longest wait before a retry.
    pub backoff_max: Duration,
    /// For how long a place that answered 403 is left alone.
    pub forbidden: Duration,
    /// Most calls of one arbiter that may wait for their bucket.
    pub queue: usize,
    /// Most bytes of an answer.
    pub body_bytes: usize,
}

impl RestSettings {
    /// The design's times and bounds for `base_url` and `token`.
    pub fn new(base_url: &str, token: Hidden) -> Self {
        Self {
            base_url: base_url.trim_end_matches('/').to_owned(),
            token,
            permits: Arc::new(ProcessPermits::new(50)),
            skew: Skew::default(),
            figures: Arc::default(),
            callback: Duration::from_millis(2_500),
            call: Duration::from_secs(10),
            attempt: Duration::from_secs(5),
            connect: Duration::from_secs(2),
            backoff_min: Duration::from_millis(50),
            backoff_max: Duration::from_secs(2),
            forbidden: Duration::from_secs(60),
            queue: 1_024,
            body_bytes: 8 * 1024 * 1024,
        }
    }
}

/// The REST executor of one arbiter. Cloning is cheap and gives the same one.
#[derive(Clone)]
pub struct Rest(Rc<Desk>);

impl Rest {
    /// An executor for the arbiter that calls this.
    ///
    /// # Errors
    /// When the HTTP client can't be set up.
    pub fn new(settings: &RestSettings, clock: Rc<dyn Clock>) -> Result<Self, PortError> {
        Ok(Self(Rc::new(Desk::new(settings.clone(), clock)?)))
    }

    pub(super) fn settings(&self) -> &RestSettings {
        self.0.settings()
    }

    /// Runs a call under the ordinary deadline and returns the body of its success.
    pub(super) async fn call(&self, operation: Operation, body: Option<Vec<u8>>) -> Result<Vec<u8>, PortError> {
        let deadline = Instant::now() + self.settings().call;
        self.call_until(operation, body, deadline).await
    }

    /// Runs a call under a deadline of its own.
    pub(super) async fn call_until(
        &self,
        operation: Operation,
        body: Option<Vec<u8>>,
        deadline: Instant,
    ) -> Result<Vec<u8>, PortError> {
        self.0.run(operation, body, deadline).await
    }

    /// Runs a call that reads, and decodes what comes back.
    pub(super) async fn read<T: serde::de::DeserializeOwned>(&self, operation: Operation) -> Result<T, PortError> {
        let name = operation.name();
        let body = self.call(operation, None).await?;
        serde_json::from_slice(&body).map_err(|error| {
            PortError::new(
                PortErrorKind::Malformed,
                format!("{name}: the answer makes no sense: {error}"),
            )
        })
    }
}
