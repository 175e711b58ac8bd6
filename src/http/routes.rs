//! The routes: one table with what each is and who may ask. Dispatch, documents and the test of who may come in are made
//! from it.

use std::collections::BTreeMap;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, guard, web};
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use serde_json::json;

use super::door::{Caller, Door, Scope, problem};
use super::{console, metrics, openapi, orders, panel, seen, status};

/// What a route takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// It only reads.
    Get,
    /// It orders something.
    Post,
}

/// One route.
pub struct Route {
    /// The server that has it.
    pub server: &'static str,
    /// What it takes.
    pub method: Method,
    /// Its path; what stands in braces is named by the caller.
    pub path: &'static str,
    /// Who may ask.
    pub scope: Scope,
    /// What it answers or does.
    pub about: &'static str,
    /// Fields of its body, or of its query where it only reads, each with what it means.
    pub fields: &'static [Field],
    answer: fn(Asked) -> LocalBoxFuture<'static, HttpResponse>,
}

/// One field of a body or a query.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    /// Its name.
    pub name: &'static str,
    /// Its type, as JSON Schema has it.
    pub kind: &'static str,
    /// What it means.
    pub about: &'static str,
}

impl std::fmt::Debug for Route {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {:?} {}", self.server, self.method, self.path)
    }
}

const fn get(
    path: &'static str,
    scope: Scope,
    about: &'static str,
    answer: fn(Asked) -> LocalBoxFuture<'static, HttpResponse>,
) -> Route {
    Route {
        server: "status",
        method: Method::Get,
        path,
        scope,
        about,
        fields: &[],
        answer,
    }
}

const fn post(
    path: &'static str,
    about: &'static str,
    answer: fn(Asked) -> LocalBoxFuture<'static, HttpResponse>,
) -> Route {
    Route {
        method: Method::Post,
        fields: &orders::WHO_AND_WHY,
        ..get(path, Scope::Control, about, answer)
    }
}

impl Route {
    const fn with(self, fields: &'static [Field]) -> Self {
        Self { fields, ..self }
    }

    const fn in_scope(self, scope: Scope) -> Self {
        Self { scope, ..self }
    }

    const fn on(self, server: &'static str) -> Self {
        Self { server, ..self }
    }
}

/// Every route there is.
pub const ROUTES: &[Route] = &[
    get("/live", Scope::Open, "200 as long as the process lives.", status::live),
    get(
        "/ready",
        Scope::Open,
        "200 when every shard is connected and an audio node is there, else 503 with what is missing.",
        status::ready,
    ),
    get(
        "/status",
        Scope::Read,
        "How the bot does, for a control panel. Made anew every few seconds.",
        status::status,
    ),
    get(
        "/actors",
        Scope::Read,
        "The tree of actors: shards, how many guilds are in which state, audio nodes.",
        seen::actors,
    ),
    get(
        "/guilds",
        Scope::Read,
        "Guilds with their states, by id, a page at a time.",
        seen::guilds,
    )
    .with(&seen::FILTERS),
    get(
        "/guilds/{guild}",
        Scope::Read,
        "One guild: its state, why it is silent, its last inputs and death.",
        seen::guild,
    ),
    get(
        "/events",
        Scope::Read,
        "The newest deaths, dead letters, alarms and orders.",
        seen::events,
    ),
    get(
        "/openapi.json",
        Scope::Read,
        "This interface as an OpenAPI document.",
        openapi::document,
    ),
    get("/", Scope::Read, "The console.", console::page),
    get("/console.css", Scope::Read, "The console's style.", console::style),
    get("/console.js", Scope::Read, "The console's script.", console::script),
    get(
        "/stream",
        Scope::Read,
        "What the console shows, once a second, as server-sent events.",
        console::stream,
    ),
    post(
        "/control/guilds/{guild}/restart",
        "Restarts the guild's actor; nothing is lost and no budget is charged.",
        orders::restart_guild,
    )
    .with(&orders::RESTART),
    post(
        "/control/guilds/{guild}/release",
        "Runs a parked guild again, with its queue and without its player.",
        orders::release,
    ),
    post(
        "/control/guilds/{guild}/park",
        "Runs the guild no more until it is released or the process ends.",
        orders::park,
    ),
    post(
        "/control/guilds/{guild}/passivate",
        "Puts a guild that rests to sleep.",
        orders::passivate,
    ),
    post(
        "/control/guilds/{guild}/move",
        "Moves the guild's player to another audio node.",
        orders::move_guild,
    )
    .with(&orders::MOVE),
    post(
        "/control/guilds/{guild}/record",
        "Records what goes in and what follows, without tokens and what listeners wrote, for `ostinato replay`.",
        orders::record,
    )
    .with(&orders::RECORD),
    post(
        "/control/guilds/{guild}/fault",
        "Lets the guild fail, to see how that is borne.",
        orders::fault,
    )
    .with(&orders::FAULT)
    .in_scope(Scope::Chaos),
    post(
        "/control/shards/{shard}/restart",
        "Restarts a shard: its actor, or its gateway connection.",
        orders::restart_shard,
    )
    .with(&orders::SHARD),
    post(
        "/control/nodes/{node}/reconnect",
        "Builds the connections with an audio node anew; players play on.",
        orders::reconnect_node,
    ),
    post(
        "/control/nodes/{node}/drain",
        "Moves every player away from an audio node and gives it none.",
        orders::drain_node,
    ),
    post(
        "/control/nodes/{node}/undrain",
        "Gives an audio node players again.",
        orders::undrain_node,
    ),
    post(
        "/control/process/drain",
        "Ends the process in order, exit code 0; players play on.",
        orders::drain_process,
    ),
    post(
        "/control/process/restart",
        "Ends the process in order, exit code 75, to be started again; players play on.",
        orders::restart_process,
    ),
    post(
        "/control/commands/register",
        "Makes Discord's list of commands ours again.",
        orders::register,
    ),
    post(
        "/control/log",
        "Sets the levels of the log until the process ends.",
        orders::log,
    )
    .with(&orders::LOG),
    post(
        "/control/store/fault",
        "Lets the store be slow or full, to see how that is borne.",
        orders::store_fault,
    )
    .with(&orders::STORE_FAULT)
    .in_scope(Scope::Chaos),
    post(
        "/reconcile-routing",
        "Looks again which audio node plays a guild.",
        panel::routing,
    )
    .with(&panel::GUILD),
    post(
        "/reconcile-settings",
        "Takes a guild's settings from the control panel again.",
        panel::settings,
    )
    .with(&panel::GUILD),
    post(
        "/reconcile-defaults",
        "Takes the settings that hold for every guild.",
        panel::defaults,
    ),
    post(
        "/control/{action}",
        "The orders of a control panel: start, stop, restart, reload, reload-commands, hot-patch.",
        panel::action,
    ),
    get("/metrics", Scope::Local, "The metrics in OpenMetrics text.", |asked| {
        let text = metrics::text(&asked.door.facts);
        answered(
            HttpResponse::Ok()
                .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .body(text),
        )
    })
    .on("metrics"),
];

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

    /// A field that nobody knows is a slip of the pen, and what was meant would not be done. Control panels may say more
    /// than is asked.
    fn knows_every_field(&self, bytes: &[u8]) -> Result<(), HttpResponse> {
        let theirs = !self.route.path.starts_with("/control/") || self.route.path == "/control/{action}";
        if theirs {
            return Ok(());
        }
        let Ok(body) = serde_json::from_slice::<BTreeMap<String, serde::de::IgnoredAny>>(bytes) else {
            return Ok(());
        };
        let known =
            |name: &str| self.route.fields.iter().any(|field| field.name == name) || orders::ALIASES.contains(&name);
        match body.keys().find(|name| !known(name)) {
            None => Ok(()),
            Some(name) => {
                let fields: Vec<&str> = self.route.fields.iter().map(|field| field.name).collect();
                Err(wrong_body(
                    name,
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
            let field = error.path().to_string();
            let detail = match field.as_str() {
                "." => error.inner().to_string(),
                field => format!("`{field}`: {}", error.inner()),
            };
            wrong_body(&field, &detail)
        })
    }
}

fn wrong_body(field: &str, detail: &str) -> HttpResponse {
    let body =
        json!({ "title": "the body is not as this route takes it", "detail": detail, "field": field, "status": 400 });
    HttpResponse::BadRequest()
        .content_type("application/problem+json")
        .body(body.to_string())
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
    app.default_service(web::to(move || async move {
        let mine = ROUTES
            .iter()
            .filter(|route| route.server == server && route.method == Method::Get);
        let known: Vec<&str> = mine.map(|route| route.path).collect();
        problem(
            StatusCode::NOT_FOUND,
            "there is no such route",
            &format!("there is {}", known.join(", ")),
        )
    }));
}

async fn answer(route: &'static Route, request: HttpRequest, body: web::Bytes, door: web::Data<Door>) -> HttpResponse {
    let caller = Caller {
        headers: request.headers(),
        peer: request.peer_addr().map(|peer| peer.ip()),
    };
    if let Some(refusal) = door.refusal(route.scope, &caller) {
        return refusal;
    }
    let named = request.match_info().iter();
    let named = named.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let query = web::Query::<BTreeMap<String, String>>::from_query(request.query_string());
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
        query: query.map(web::Query::into_inner).unwrap_or_default(),
        body,
        is_json,
        route,
    };
    (route.answer)(asked).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_routes_are_one_and_none_is_open_by_accident() {
        for (at, route) in ROUTES.iter().enumerate() {
            let rest = ROUTES.iter().skip(at + 1);
            let twin = rest
                .clone()
                .find(|other| (other.server, other.path) == (route.server, route.path));
            assert!(twin.is_none(), "{route:?}");
            let open = ["/live", "/ready"].contains(&route.path);
            assert_eq!(route.scope == Scope::Open, open, "{route:?}");
            let changes = matches!(route.scope, Scope::Control | Scope::Chaos);
            assert_eq!(changes, route.method == Method::Post, "{route:?}");
            assert!(route.about.ends_with('.'), "{route:?}");
        }
    }
}
