//! The routes: one table with what each is and who may ask, and the door that keeps to it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::facts::Facts;
use super::metrics;
use crate::config::Secret;

/// Who may ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Everybody who reaches the port.
    Open,
    /// Who shows the key; without a key, who asks from this machine.
    Read,
    /// Who asks from this machine; others who show the key.
    Local,
}

/// One route.
#[derive(Debug)]
pub struct Route {
    /// The server that has it.
    pub server: &'static str,
    /// Its path; every route is a GET.
    pub path: &'static str,
    /// Who may ask.
    pub scope: Scope,
    /// What it answers.
    pub about: &'static str,
    answer: fn(&Door) -> HttpResponse,
}

/// Every route there is.
pub const ROUTES: &[Route] = &[
    Route {
        server: "status",
        path: "/live",
        scope: Scope::Open,
        about: "200 as long as the process lives",
        answer: live,
    },
    Route {
        server: "status",
        path: "/ready",
        scope: Scope::Open,
        about: "200 when every shard is connected and an audio node is there, else 503 with what is missing",
        answer: ready,
    },
    Route {
        server: "metrics",
        path: "/metrics",
        scope: Scope::Local,
        about: "the metrics in OpenMetrics text",
        answer: series,
    },
];

/// What a server knows.
pub(super) struct Door {
    pub(super) facts: Arc<Facts>,
    pub(super) key: Option<Secret>,
    pub(super) server: &'static str,
}

/// Adds the routes of all servers; each server answers its own.
pub(super) fn add(app: &mut web::ServiceConfig) {
    app.default_service(web::to(answer));
}

async fn answer(request: HttpRequest, door: web::Data<Door>) -> HttpResponse {
    let mine = ROUTES.iter().filter(|route| route.server == door.server);
    let Some(route) = mine.clone().find(|route| route.path == request.path()) else {
        let known: Vec<&str> = mine.map(|route| route.path).collect();
        let detail = format!("there is {}", known.join(", "));
        return problem(StatusCode::NOT_FOUND, "there is no such route", &detail);
    };
    if !matches!(
        *request.method(),
        actix_web::http::Method::GET | actix_web::http::Method::HEAD
    ) {
        return problem(
            StatusCode::METHOD_NOT_ALLOWED,
            "this route is read only",
            "ask with GET",
        );
    }
    let direct = is_direct(request.peer_addr().map(|peer| peer.ip()), request.headers());
    if let Some(refusal) = refusal(route.scope, door.key.as_ref(), shown(request.headers()), direct) {
        return refusal;
    }
    (route.answer)(&door)
}

/// What is said to who may not have what `scope` protects; `None` to who may. `direct`: from this machine, not through a
/// proxy on it.
fn refusal(scope: Scope, key: Option<&Secret>, shown: Option<&str>, direct: bool) -> Option<HttpResponse> {
    let knows = key.zip(shown).is_some_and(|(key, shown)| key.matches(shown));
    let may = match (scope, key) {
        (Scope::Open, _) => true,
        (Scope::Local, _) => direct || knows,
        (Scope::Read, Some(_)) => knows,
        (Scope::Read, None) => direct,
    };
    match (may, key) {
        (true, _) => None,
        (false, Some(_)) => Some(problem(
            StatusCode::UNAUTHORIZED,
            "a key is needed",
            "send it as `Authorization: Bearer KEY`",
        )),
        (false, None) => Some(problem(
            StatusCode::FORBIDDEN,
            "only this machine may ask",
            "set a key for this server, and show it",
        )),
    }
}

fn shown(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, key) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// Whether a request comes from this machine, and from no proxy that stands on it for others.
fn is_direct(peer: Option<IpAddr>, headers: &HeaderMap) -> bool {
    let local = peer.is_some_and(|ip| ip.to_canonical().is_loopback());
    let forwarded = ["forwarded", "x-forwarded-for", "x-real-ip", "via"];
    local && !forwarded.iter().any(|name| headers.contains_key(*name))
}

/// An error as RFC 9457 has it.
fn problem(status: StatusCode, title: &str, detail: &str) -> HttpResponse {
    HttpResponse::build(status)
        .content_type("application/problem+json")
        .body(json!({ "title": title, "detail": detail, "status": status.as_u16() }).to_string())
}

fn live(door: &Door) -> HttpResponse {
    HttpResponse::Ok().content_type("application/json").body(
        json!({ "live": true, "version": env!("CARGO_PKG_VERSION"), "started_ms": door.facts.started_ms }).to_string(),
    )
}

fn ready(door: &Door) -> HttpResponse {
    let readiness = door.facts.readiness();
    let mut response = if readiness.ready {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    let body = serde_json::to_string(&readiness).unwrap_or_default();
    response.content_type("application/json").body(body)
}

fn series(door: &Door) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
        .body(metrics::text(&door.facts))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    #[test]
    fn every_scope_admits_whom_it_names_and_nobody_else() {
        let key = Secret::new("secret");
        let may = |scope, key: Option<&Secret>, shown, direct| refusal(scope, key, shown, direct).is_none();
        for (shown, direct) in [(None, false), (Some("wrong"), false), (None, true)] {
            assert!(may(Scope::Open, Some(&key), shown, direct));
            assert!(
                !may(Scope::Read, Some(&key), shown, direct),
                "with a key it is needed here too"
            );
            assert_eq!(may(Scope::Read, None, shown, direct), direct);
            assert_eq!(may(Scope::Local, Some(&key), shown, direct), direct);
        }
        assert!(may(Scope::Read, Some(&key), Some("secret"), false));
        assert!(may(Scope::Local, Some(&key), Some("secret"), false));
        assert!(!may(Scope::Local, None, Some("secret"), false));
    }

    #[test]
    fn a_proxy_on_this_machine_is_not_this_machine() {
        let peer = |text: &str| Some(text.parse().unwrap());
        let mut headers = HeaderMap::new();
        assert!(is_direct(peer("127.0.0.1"), &headers) && is_direct(peer("::ffff:127.0.0.1"), &headers));
        assert!(!is_direct(peer("10.0.0.1"), &headers) && !is_direct(None, &headers));
        headers.insert(
            HeaderName::from_static("x-forwarded-for"),
            HeaderValue::from_static("9.9.9.9"),
        );
        assert!(!is_direct(peer("127.0.0.1"), &headers));
        headers.insert(header::AUTHORIZATION, HeaderValue::from_static("bearer  key "));
        assert_eq!(shown(&headers), Some("key"));
    }

    #[test]
    fn no_two_routes_are_one_and_none_is_open_by_accident() {
        for (at, route) in ROUTES.iter().enumerate() {
            let twin = ROUTES
                .iter()
                .skip(at + 1)
                .find(|other| (other.server, other.path) == (route.server, route.path));
            assert!(twin.is_none(), "{route:?}");
            assert!(
                route.scope != Scope::Open || ["/live", "/ready"].contains(&route.path),
                "{route:?}"
            );
        }
    }
}
