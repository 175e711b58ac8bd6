//! The page that documents the interface, made from the table of routes.

use std::fmt::Write as _;

use super::door::Scope;
use super::routes::{Method, ROUTES, Route};

/// `docs/api.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Routes\n\n\
         Made from the table `ROUTES` in `src/http/routes.rs`; change that instead.\n\n\
         Served on the port of the keys `status_api` in [configuration.md](configuration.md), but for `/metrics`, which \
         has the keys `metrics`. How to call them, with examples: [operations.md](operations.md#the-operators-seat). The \
         bot serves the same as an OpenAPI document at `/openapi.json`.\n\n\
         | scope | who is let in |\n|---|---|\n",
    );
    for scope in Scope::ALL {
        let _ = writeln!(page, "| {} | {} |", scope.name(), scope.about());
    }
    page.push_str(
        "\nA `POST` takes a JSON object, which may be left out where no field is needed. One that is understood is written \
         down with `who` and `why`, done or not, in the log (target `audit`) and at `/events`; panels may say `actor` or \
         `discordId` and `reason` instead. What is done is answered with 200, `ok` and a `reference`; what is not, with a \
         problem document (RFC 9457) that says why, and names the `field` where one is wrong.\n",
    );
    for (title, wanted) in [("What is read", Method::Get), ("What is ordered", Method::Post)] {
        let _ = write!(page, "\n## {title}\n\n| route | scope | does |\n|---|---|---|\n");
        for route in ROUTES.iter().filter(|route| route.method == wanted) {
            row(&mut page, route);
        }
    }
    page.push_str(STATUS);
    page
}

/// What must be known of `/status` beside its fields.
const STATUS: &str = "\n## What `/status` says, and what it does not\n\n\
    It has the fields that control panels read, under all their names. What is not known is `null` or empty, never a guess:\n\n\
    | field | is |\n|---|---|\n\
    | `uptimeSeconds`, `onlineSince` | since this process began. They do not add up over restarts |\n\
    | `totalStreams`, `commandsTotal`, `incidentsTotal` | counted since this process began |\n\
    | fields that end in `24h` | over the last 24 hours of this process, from one sample a minute; younger, over its life. `listeners24h` is the average of the samples |\n\
    | `uptimePercent` | of the same samples, those in which the bot was ready |\n\
    | `name`, `memberCount`, `icon` of a guild | as Discord last announced the guild: at a new gateway session, and when the bot is invited; name and picture are told anew when they change. A process that resumes a session is told nothing and says what the one before it was told. Members who come and go later are not counted: their events are not asked for |\n\
    | `channelName` | `null`. The names of all channels of ten thousand guilds would take more memory than everything else that is kept of them, and a request for each channel would be taken from those that answers need |\n\
    | `region` of a node, `nodeRegion` | as the configuration says it (`lavalink_nodes`, `region`); `null` where it does not |\n\
    | `desiredRegion` | `auto`: no settings wish for a region |\n\
    | `loopLagMs` | how long all threads of shards took to say how they stand |\n";

fn row(page: &mut String, route: &Route) {
    let method = match route.method {
        Method::Get => "GET",
        Method::Post => "POST",
    };
    let (path, scope, about) = (route.path, route.scope.name(), route.about);
    let _ = write!(page, "| `{method} {path}` | {scope} | {about}");
    for field in route
        .fields
        .iter()
        .filter(|field| !["who", "why"].contains(&field.name))
    {
        let _ = write!(page, "<br>`{}` ({}): {}", field.name, field.kind, field.about);
    }
    page.push_str(" |\n");
}
