//! What an answer of Discord says: its limits, and what kind of failure it is.

use std::time::Duration;

use futures_util::StreamExt as _;
use ostinato_actors::ports::{PortError, PortErrorKind};
use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde::Deserialize;

use super::buckets::Limits;

/// Longest part of Discord's own words in an error, characters.
const WORDS: usize = 200;
/// Answered already: an earlier attempt got through.
pub(super) const ALREADY_ACKNOWLEDGED: u32 = 40_060;
/// An interaction token that has run out, answered with 401.
const INVALID_WEBHOOK_TOKEN: u32 = 50_027;

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) limits: Option<Limits>,
    pub(super) scope: Scope,
    /// How long to wait, as a 429 says it.
    pub(super) retry_after: Option<Duration>,
    pub(super) body: Vec<u8>,
    complaint: Complaint,
}

/// Whose limit a 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// This bot on this bucket.
    User,
    /// This bot on everything.
    Global,
    /// The place itself, whoever asks; does not count as an invalid request.
    Shared,
}

/// Discord's error body.
#[derive(Default, Deserialize)]
struct Complaint {
    #[serde(default)]
    code: u32,
    #[serde(default)]
    message: String,
    #[serde(default)]
    retry_after: Option<f64>,
    #[serde(default)]
    global: bool,
}

impl Answer {
    /// Reads an answer whose body has at most `most` bytes.
    pub(super) async fn read(response: reqwest::Response, most: usize) -> Result<Self, PortError> {
        let status = response.status();
        let limits = limits(response.headers());
        let scope = scope(response.headers());
        let header_wait = seconds(response.headers(), "retry-after");
        let mut body = Vec::new();
        let mut stream = response.bytes_stream();
        while let Some(chunk) = stream.next().await {
            body.extend_from_slice(&chunk.map_err(unreachable)?);
            if body.len() > most {
                return Err(PortError::new(PortErrorKind::Malformed, "the answer is too long"));
            }
        }
        let complaint: Complaint = if status.is_success() {
            Complaint::default()
        } else {
            serde_json::from_slice(&body).unwrap_or_default()
        };
        let scope = if complaint.global { Scope::Global } else { scope };
        Ok(Self {
            status,
            limits,
            scope,
            retry_after: complaint.retry_after.and_then(positive).or(header_wait),
            body,
            complaint,
        })
    }

    /// Discord's own error code; 0 when there is none.
    pub(super) const fn code(&self) -> u32 {
        self.complaint.code
    }

    /// Whether Discord counts it as an invalid request.
    pub(super) fn is_invalid(&self) -> bool {
        match self.status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => true,
            StatusCode::TOO_MANY_REQUESTS => self.scope != Scope::Shared,
            _ => false,
        }
    }

    /// Whether it is the bot's own token that was refused, not that of an interaction.
    pub(super) fn is_unauthorized(&self) -> bool {
        self.status == StatusCode::UNAUTHORIZED && self.complaint.code != INVALID_WEBHOOK_TOKEN
    }

    /// The failure that it is.
    pub(super) fn fault(&self) -> PortError {
        let kind = match self.status {
            _ if matches!(self.complaint.code, ALREADY_ACKNOWLEDGED | INVALID_WEBHOOK_TOKEN) => PortErrorKind::Gone,
            StatusCode::NOT_FOUND => PortErrorKind::Gone,
            StatusCode::TOO_MANY_REQUESTS => PortErrorKind::Overloaded,
            status if status.is_client_error() => PortErrorKind::Refused,
            status if status.is_server_error() => PortErrorKind::Unreachable,
            _ => PortErrorKind::Malformed,
        };
        let words: String = self.complaint.message.chars().take(WORDS).collect();
        let message = match (self.complaint.code, words.is_empty()) {
            (0, true) => format!("status {}", self.status.as_u16()),
            (code, _) => format!("status {}, code {code}: {words}", self.status.as_u16()),
        };
        PortError::new(kind, message)
    }
}

/// A connection that failed. The address stays out of the message: it can hold an interaction's token.
pub(super) fn unreachable(error: reqwest::Error) -> PortError {
    let kind = if error.is_timeout() {
        PortErrorKind::Timeout
    } else {
        PortErrorKind::Unreachable
    };
    let mut message = error.to_string();
    let mut source = std::error::Error::source(&error);
    while let Some(cause) = source {
        message = cause.to_string();
        source = cause.source();
    }
    if error.url().is_some_and(|url| message.contains(url.as_str())) {
        message = error.without_url().to_string();
    }
    PortError::new(kind, message)
}

fn limits(headers: &HeaderMap) -> Option<Limits> {
    Some(Limits {
        bucket: text(headers, "x-ratelimit-bucket").map(Into::into),
        limit: text(headers, "x-ratelimit-limit")?.parse().ok()?,
        remaining: text(headers, "x-ratelimit-remaining")?.parse().ok()?,
        reset_after_ms: seconds(headers, "x-ratelimit-reset-after").map(ceil_ms)?,
    })
}

fn scope(headers: &HeaderMap) -> Scope {
    match text(headers, "x-ratelimit-scope") {
        Some("global") => Scope::Global,
        Some("shared") => Scope::Shared,
        Some(_) | None => Scope::User,
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn seconds(headers: &HeaderMap, name: &str) -> Option<Duration> {
    positive(text(headers, name)?.trim().parse().ok()?)
}

fn positive(seconds: f64) -> Option<Duration> {
    Duration::try_from_secs_f64(seconds).ok()
}

fn ceil_ms(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(u64::MAX)
}
