//! Answers on their way out, with what Discord says about limits.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::time::Duration;

use http_body_util::Full;
use hyper::body::Bytes;
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::{Call, problem};
use crate::discord::faults::LimitScope;
use crate::discord::model::unix_ms;

/// An answer on its way out.
#[derive(Default)]
pub(super) struct Out {
    pub(super) status: u16,
    pub(super) body: Option<Value>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Out {
    pub(super) fn refusal(status: u16, code: u32, message: &str) -> Self {
        Self {
            status,
            body: Some(problem(code, message)),
            headers: Vec::new(),
        }
    }
}

/// Milliseconds as Discord writes seconds.
fn seconds(ms: u64) -> String {
    format!("{}.{:03}", ms / 1_000, ms % 1_000)
}

pub(super) fn headers(call: &Call, remaining: u32, reset_after_ms: u64) -> Vec<(&'static str, String)> {
    let mut hasher = DefaultHasher::new();
    call.route.operation.hash(&mut hasher);
    vec![
        ("X-RateLimit-Limit", call.route.limit.to_string()),
        ("X-RateLimit-Remaining", remaining.to_string()),
        ("X-RateLimit-Reset", seconds(unix_ms() + reset_after_ms)),
        ("X-RateLimit-Reset-After", seconds(reset_after_ms)),
        ("X-RateLimit-Bucket", format!("{:016x}", hasher.finish())),
    ]
}

pub(super) fn limited(scope: LimitScope, retry_after_ms: u64) -> Out {
    let global = scope == LimitScope::Global;
    // The header counts whole seconds, the body does not.
    let mut headers = vec![
        ("Retry-After", retry_after_ms.div_ceil(1_000).to_string()),
        ("X-RateLimit-Scope", scope.name().to_owned()),
        ("X-RateLimit-Reset-After", seconds(retry_after_ms)),
    ];
    if global {
        headers.push(("X-RateLimit-Global", "true".to_owned()));
    }
    let retry_after = Duration::from_millis(retry_after_ms).as_secs_f64();
    let body = json!({
        "code": 0, "message": "You are being rate limited.", "retry_after": retry_after, "global": global,
    });
    Out {
        status: 429,
        body: Some(body),
        headers,
    }
}

pub(super) fn respond(out: Out) -> Response<Full<Bytes>> {
    let body = out.body.map(|body| body.to_string()).unwrap_or_default();
    let has_body = !body.is_empty();
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(out.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if has_body {
        headers.insert("Content-Type", http::HeaderValue::from_static("application/json"));
    }
    for (name, value) in out.headers {
        if let Ok(value) = http::HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}
