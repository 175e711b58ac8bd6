//! The routes: one table with what each is and who may ask. Dispatch, documents and the test of who may come in are made
//! from it.

use actix_web::HttpResponse;
use futures_util::future::LocalBoxFuture;

use super::asked::Asked;
use super::door::Scope;
use super::{console, events, metrics, openapi, orders, panel, seen, status};

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
    pub(super) answer: fn(Asked) -> LocalBoxFuture<'static, HttpResponse>,
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
        "One guild: its state, why it is silent, what was heard of it lately, its last inputs and deaths.",
        seen::guild,
    ),
    get(
        "/events",
        Scope::Read,
        "The newest deaths, dead letters, alarms, orders and refusals of the door; asked for anything, what is stored of them, newest first.",
        events::events,
    )
    .with(&events::FILTERS),
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
        "/console-timeline.js",
        Scope::Read,
        "The console's drawing of what was heard of a guild.",
        console::timeline,
    ),
    get(
        "/stream",
        Scope::Read,
        "What the console shows, once a second, as server-sent events.",
        console::stream,
    )
    .with(&seen::LIVE),
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
        "Records what goes in and what follows, without tokens and what listeners wrote, for `ostinato replay`. The oldest recordings make room.",
        orders::record,
    )
    .with(&orders::RECORD),
    post(
        "/control/guilds/{guild}/fault",
        "Lets the guild fail, to see how that is borne. Others feel a block: for that the list must be `*`.",
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
        "Lets the store be slow or full, to see how that is borne. All guilds feel it: the list must be `*`.",
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
        Box::pin(async move {
            asked.door.facts.look().await;
            let text = metrics::text(&asked.door.facts);

            HttpResponse::Ok()
                .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
                .body(text)
        })
    })
    .on("metrics"),
];

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
