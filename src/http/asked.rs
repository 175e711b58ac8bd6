//! One request: what was asked, in what words, and how it is handed to its route.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use futures_util::future::LocalBoxFuture;
use ostinato_actors::clock::wall_ms;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::door::{Caller, Door, problem};
use super::orders;
use super::routes::{Method, ROUTES, Route};
use super::{BODY, REQUEST};

/// An answer that is there at once.
pub(super) fn answered(response: HttpResponse) -> LocalBoxFuture<'static, HttpResponse> {
    Box::pin(std::future::ready(response))
}

/// Plain data as an answer.
pub(super) fn data(value: &serde_json::Value) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json")
        .insert_header(("cache-control", "no-store"))
        .body(value.to_string())
}

/// One request that may be answered.
pub(super) struct Asked {
    pub(super) door: web::Data<Door>,
    pub(super) named: BTreeMap<String, String>,
    pub(super) query: BTreeMap<String, String>,
    pub(super) body: web::Bytes,
    pub(super) is_json: bool,
    route: &'static Route,
}

impl Asked {
    /// What the caller named in the path; empty if nothing.
    pub(super) fn named(&self, name: &str) -> &str {
        self.named.get(name).map_or("", String::as_str)
    }

    /// A number that the caller named in the path.
    pub(super) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<T, HttpResponse> {
        let text = self.named(name);
        text.parse().map_err(|_| {
            let detail = format!("`{text}` is no {name}: put its number there");
            problem(StatusCode::BAD_REQUEST, "the path names nothing", &detail)
        })
    }

    /// A number of the query; `None` where it is left out.
    pub(super) fn asked_number(&self, name: &str) -> Result<Option<u64>, HttpResponse> {
        let text = self.query.get(name).filter(|text| !text.is_empty());
        let number = text.map(|text| text.parse().map_err(|_| wrong_query(name, "it is no number")));
        number.transpose()
    }

    /// A field that nobody knows is a slip of the pen, and what was meant would not be done. Control panels may say more
    /// than is asked.
    fn knows_every_field(&self, bytes: &[u8]) -> Result<(), HttpResponse> {
        let theirs = !self.route.path.starts_with("/control/") || self.route.path == "/control/{action}";
        if theirs {
            return Ok(());
        }
        let body: BTreeMap<String, serde::de::IgnoredAny> = serde_json::from_slice(bytes)
            .map_err(|error| wrong_body(None, &format!("it is no JSON object: {error}")))?;
        let known =
            |name: &str| self.route.fields.iter().any(|field| field.name == name) || orders::ALIASES.contains(&name);
        match body.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let fields: Vec<&str> = self.route.fields.iter().map(|field| field.name).collect();
                Err(wrong_body(
                    Some(name),
                    &format!("`{name}` is no field of this order; there is {}", fields.join(", ")),
                ))
            }
        }
    }

    /// The body; an empty one is an empty object.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, HttpResponse> {
        let bytes: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        if !self.body.is_empty() && !self.is_json {
            return Err(problem(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "the body is not said to be JSON",
                "send it with `Content-Type: application/json`",
            ));
        }
        self.knows_every_field(bytes)?;
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        serde_path_to_error::deserialize(&mut reader).map_err(|error| {
            let path = error.path().to_string();
            let why = error.inner().to_string();
            // Where the path ends at the object itself, the words name the field that is missing.
            let missing = why
                .strip_prefix("missing field `")
                .and_then(|rest| rest.split('`').next());
            match (path.as_str(), missing) {
                (_, Some(field)) => wrong_body(Some(field), &format!("`{field}` is missing")),
                ("." | "?", None) => wrong_body(None, &why),
                (field, None) => wrong_body(Some(field), &format!("`{field}`: {why}")),
            }
        })
    }
}

/// The answer that says which field of the query can't be read.
pub(super) fn wrong_query(name: &str, what: &str) -> HttpResponse {
    let detail = format!("`{name}`: {what}");
    problem(StatusCode::BAD_REQUEST, "the query can't be read", &detail)
}

/// The answer that says what is wrong with the body, and with which field of it if it is one.
pub(super) fn wrong_body(field: Option<&str>, detail: &str) -> HttpResponse {
    let mut body = json!({ "title": "the body is not as this route takes it", "detail": detail, "status": 400 });
    if let Some(field) = field {
        body["field"] = field.into();
    }
    HttpResponse::BadRequest()
        .content_type("application/problem+json")
        .body(body.to_string())
}

/// A name of the query that `route` does not know: what was meant by it would be left out, and the answer show more.
fn unknown_of<'a>(route: &Route, query: &'a BTreeMap<String, String>) -> Option<&'a str> {
    let asks = route.method == Method::Get && !route.fields.is_empty();
    let known = |name: &str| route.fields.iter().any(|field| field.name == name);
    query.keys().map(String::as_str).find(|name| asks && !known(name))
}

/// Adds the routes of `server`.
pub(super) fn add(app: &mut web::ServiceConfig, server: &'static str) {
    for route in ROUTES.iter().filter(|route| route.server == server) {
        let method = match route.method {
            Method::Get => web::route().guard(guard::Any(guard::Get()).or(guard::Head())),
            Method::Post => web::route().guard(guard::Post()),
        };
        let taken = method.to(move |request, body, door| answer(route, request, body, door));
        let other = move || async move {
            let how = match route.method {
                Method::Get => "ask with GET",
                Method::Post => "order with POST",
            };
            problem(StatusCode::METHOD_NOT_ALLOWED, "this route does not take that", how)
        };
        app.service(web::resource(route.path).route(taken).default_service(web::to(other)));
    }
    app.default_service(web::to(move |request: HttpRequest| async move {
        let asked = if request.method() == "POST" {
            Method::Post
        } else {
            Method::Get
        };
        let mine = ROUTES
            .iter()
            .filter(|route| route.server == server && route.method == asked);
        let known: Vec<&str> = mine.map(|route| route.path).collect();
        problem(
            StatusCode::NOT_FOUND,
            "there is no such route",
            &format!(
                "there is {}",
                if known.is_empty() {
                    "nothing to order".into()
                } else {
                    known.join(", ")
                }
            ),
        )
    }));
}

/// The whole body. It is read only for who may come in, and not for ever.
async fn arrived(body: web::Payload) -> Result<web::Bytes, HttpResponse> {
    match tokio::time::timeout(REQUEST, body.to_bytes_limited(BODY)).await {
        Ok(Ok(Ok(body))) => Ok(body),
        Ok(Ok(Err(error))) => Err(problem(
            StatusCode::BAD_REQUEST,
            "the body did not arrive",
            &error.to_string(),
        )),
        Ok(Err(_)) => Err(problem(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body is too large",
            &format!("{BODY} bytes are taken at most"),
        )),
        Err(_) => Err(problem(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive",
            &format!("send it within {} s", REQUEST.as_secs()),
        )),
    }
}

async fn answer(
    route: &'static Route,
    request: HttpRequest,
    body: web::Payload,
    door: web::Data<Door>,
) -> HttpResponse {
    let caller = Caller {
        headers: request.headers(),
        peer: request.peer_addr().map(|peer| peer.ip()),
    };
    if let Some(refusal) = door.refusal(route.scope, &caller) {
        if route.method == Method::Post {
            let (path, status) = (request.path(), refusal.response.status().as_u16());
            tracing::info!(target: "audit", path, status, peer = ?caller.peer, "an order was refused at the door");
        }
        door.facts.knocks.note(refusal.why, route.scope, caller.peer, wall_ms());
        return refusal.response;
    }
    let body = match arrived(body).await {
        Ok(body) => body,
        Err(response) => return response,
    };
    let named = request.match_info().iter();
    let named = named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
    let query = query.map(web::Query::into_inner).unwrap_or_default();
    if let Some(name) = unknown_of(route, &query) {
        let fields: Vec<&str> = route.fields.iter().map(|field| field.name).collect();
        return wrong_query(name, &format!("it is not asked here; there is {}", fields.join(", ")));
    }
    let kind = request
        .headers()
        .get("content-type")
        .and_then(|kind| kind.to_str().ok());
    let is_json = kind.is_some_and(|kind| {
        kind.split(';')
            .next()
            .is_some_and(|kind| kind.trim() == "application/json")
    });
    let asked = Asked {
        door,
        named,
        query,
        body,
        is_json,
        route,
    };
    (route.answer)(asked).await
}
