//! The REST port: reads requests, lets faults and limits have their say, and answers.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::{TcpListener, TcpStream};

use super::limits::Verdict;
use super::out::{Out, headers, limited, respond};
use super::routes::{About, find};
use super::{Blame, Call, Reply};
use crate::discord::faults::{LimitScope, RestFaultKind};
use crate::discord::model::{RequestRecord, rights};
use crate::discord::state::{Shared, State};

/// The largest body that is read.
const BODY: usize = 25 * 1024 * 1024;

pub(in crate::discord) async fn accept(shared: Arc<Shared>, listener: TcpListener) {
    let mut stopped = shared.stopped.subscribe();
    loop {
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            accepted = listener.accept() => {
                if let Ok((stream, _)) = accepted {
                    tokio::spawn(serve(Arc::clone(&shared), stream));
                }
            }
        }
    }
}

/// The connection is to be dropped without an answer.
#[derive(Debug, thiserror::Error)]
#[error("dropped")]
struct Dropped;

async fn serve(shared: Arc<Shared>, stream: TcpStream) {
    // Small answers must not wait for more.
    let _ = stream.set_nodelay(true);
    let mut stopped = shared.stopped.subscribe();
    let service = service_fn(move |request| {
        let shared = Arc::clone(&shared);
        async move { answer(shared, request).await.ok_or(Dropped) }
    });
    let connection = hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    tokio::select! {
        // A connection that breaks is the client's affair.
        _ = connection => {}
        _ = stopped.wait_for(|stopped| *stopped) => {}
    }
}

/// A request's head and body, before anything is known about it.
struct Raw {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    authorization: Option<String>,
    agent: String,
    is_json: bool,
    body: Bytes,
}

async fn read(request: Request<Incoming>) -> Option<Raw> {
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|value| value.to_str().ok());
        value.map(str::to_owned)
    };
    let query = reqwest::Url::parse(&format!("http://x/?{}", request.uri().query().unwrap_or_default()));
    let query = query
        .map(|url| url.query_pairs().into_owned().collect())
        .unwrap_or_default();
    let mut raw = Raw {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query,
        authorization: header("authorization"),
        agent: header("user-agent").unwrap_or_default(),
        is_json: header("content-type").is_some_and(|kind| kind.starts_with("application/json")),
        body: Bytes::new(),
    };
    let limited = http_body_util::Limited::new(request.into_body(), BODY);
    raw.body = limited.collect().await.ok()?.to_bytes();
    Some(raw)
}

async fn answer(shared: Arc<Shared>, request: Request<Incoming>) -> Option<Response<Full<Bytes>>> {
    let raw = read(request).await?;
    let found = raw
        .path
        .strip_prefix("/api/v10")
        .and_then(|path| find(&raw.method, path));
    let Some((route, params)) = found else {
        let what = format!("rest: unknown operation {} {}", raw.method, raw.path);
        shared.findings.violation(what);
        let out = Out::refusal(404, 0, "404: Not Found");
        shared.change(|state| state.log(&raw, "", None, Value::Null, out.status));
        return Some(respond(out));
    };
    let parsed = if raw.body.is_empty() {
        Ok(Value::Null)
    } else {
        serde_json::from_slice(&raw.body)
    };
    let malformed = parsed.is_err() || (!raw.body.is_empty() && !raw.is_json);
    let call = Call {
        route,
        params,
        query: raw.query.clone(),
        body: parsed.unwrap_or_default(),
    };
    let hit = shared.change(|state| state.hit(&call));
    if let Some(RestFaultKind::Slow(ms)) = hit {
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }
    let out = match hit {
        Some(RestFaultKind::Drop { done: false }) => None,
        Some(RestFaultKind::TooMany { scope, retry_after_ms }) => {
            Some(shared.change(|state| state.too_many(&call, scope, retry_after_ms)))
        }
        Some(RestFaultKind::ServerError(status)) => Some(Out {
            status,
            ..Out::default()
        }),
        Some(RestFaultKind::Slow(_) | RestFaultKind::Drop { done: true }) | None => {
            Some(shared.change(|state| state.process(&shared, &raw, &call, malformed)))
        }
    };
    let dropped = matches!(hit, Some(RestFaultKind::Drop { .. }));
    let status = out.as_ref().filter(|_| !dropped).map_or(0, |out| out.status);
    shared.change(|state| {
        let guild = state.guild_of(&call);
        state.log(&raw, route.operation, guild, call.body, status);
    });
    out.filter(|_| !dropped).map(respond)
}

impl State {
    fn log(&mut self, raw: &Raw, operation: &'static str, guild: Option<u64>, body: Value, status: u16) {
        let at_ms = self.now();
        self.record(RequestRecord {
            at_ms,
            operation,
            method: raw.method.clone(),
            path: raw.path.clone(),
            guild,
            body,
            status,
        });
    }

    /// The guild that a request is about.
    fn guild_of(&self, call: &Call) -> Option<u64> {
        match call.route.about() {
            About::Guild => Some(call.id(0)),
            About::GuildSecond => Some(call.id(1)),
            About::Channel => self.world.guild_of_channel(call.id(0)),
            About::Interaction => self.interactions.get(&call.id(0)).map(|it| it.guild),
            About::Webhook => self
                .interaction_of(call)
                .and_then(|id| self.interactions.get(&id))
                .map(|it| it.guild),
            About::Nothing => None,
        }
    }

    /// The interaction that a request answers.
    fn interaction_of(&self, call: &Call) -> Option<u64> {
        match call.route.about() {
            About::Interaction => Some(call.id(0)),
            About::Webhook => self.by_token.get(call.text(1)).copied(),
            About::Guild | About::GuildSecond | About::Channel | About::Nothing => None,
        }
    }

    /// Takes the fault that hits this request, and remembers what it hit.
    fn hit(&mut self, call: &Call) -> Option<RestFaultKind> {
        let hit = self.faults.hit(call.route.operation)?;
        self.findings.count("rest.fault");
        if let Some(interaction) = self.interaction_of(call).and_then(|id| self.interactions.get_mut(&id)) {
            interaction.faulted = true;
        }
        Some(hit)
    }

    /// What a limit counts this request under.
    fn bucket(call: &Call) -> String {
        let about = match call.route.about() {
            About::Channel | About::Guild => call.text(0).to_owned(),
            About::GuildSecond => call.text(1).to_owned(),
            About::Webhook | About::Interaction => format!("{}/{}", call.text(0), call.text(1)),
            About::Nothing => String::new(),
        };
        format!("{}:{about}", call.route.operation)
    }

    /// An injected 429.
    fn too_many(&mut self, call: &Call, scope: LimitScope, retry_after_ms: u64) -> Out {
        let now = self.now();
        self.limits.block(now, &Self::bucket(call), scope, retry_after_ms);
        limited(scope, retry_after_ms)
    }

    /// Checks and does what was asked.
    fn process(&mut self, shared: &Shared, raw: &Raw, call: &Call, malformed: bool) -> Out {
        if let Some(refusal) = self.authorize(raw, call) {
            return refusal;
        }
        let now = self.now();
        let global = !call.route.by_interaction();
        let verdict = self
            .limits
            .ask(now, &Self::bucket(call), call.route.limit, call.route.window_ms, global);
        let (remaining, reset_after_ms) = match verdict {
            Verdict::Pass {
                remaining,
                reset_after_ms,
            } => (remaining, reset_after_ms),
            Verdict::Over {
                scope,
                retry_after_ms,
                told,
            } => {
                self.summary.limited += 1;
                self.findings.count(format!("rest.429 {}", scope.name()));
                if told {
                    let what = format!("rest: {} again before the 429 allows it", call.route.operation);
                    self.findings.violation(what);
                }
                return limited(scope, retry_after_ms);
            }
        };
        let mut out = self.checked(shared, call, malformed);
        if call.route.limit > 0 {
            out.headers.extend(headers(call, remaining, reset_after_ms));
        }
        out
    }

    /// Who asks, and with what program.
    fn authorize(&mut self, raw: &Raw, call: &Call) -> Option<Out> {
        if !raw.agent.starts_with("DiscordBot (") {
            let what = format!("rest: the User-Agent {:?} is none of a bot's", raw.agent);
            self.findings.violation(what);
        }
        if call.route.by_interaction() {
            return None;
        }
        let token = raw
            .authorization
            .as_deref()
            .and_then(|value| value.strip_prefix("Bot "));
        if self.faults.refuse_token {
            self.findings.race("token refused");
        } else if token != Some(self.config.token.as_str()) {
            let what = format!("rest: {} without the bot's token", call.route.operation);
            self.findings.violation(what);
        } else {
            return None;
        }
        Some(Out::refusal(401, 0, "401: Unauthorized"))
    }

    /// Holds the request, and then the answer, against what Discord says.
    fn checked(&mut self, shared: &Shared, call: &Call, malformed: bool) -> Out {
        let operation = call.route.operation;
        let good = if malformed {
            Err("the body is no JSON".to_owned())
        } else {
            shared
                .spec
                .as_ref()
                .map_or(Ok(()), |spec| spec.request(call.route, &call.query, &call.body))
        };
        let reply = match good {
            Ok(()) => self.perform(shared, call),
            Err(why) => Reply::invalid(&why),
        };
        let out = match reply {
            Reply::Done(status, body) => Out {
                status,
                body: Some(body),
                headers: Vec::new(),
            },
            Reply::Empty => Out {
                status: 204,
                ..Out::default()
            },
            Reply::Refused(status, code, message, blame) => {
                match blame {
                    Blame::Bot => self
                        .findings
                        .violation(format!("rest: {operation}: {status} {code} {message}")),
                    Blame::Race(kind) => self.findings.race(kind),
                    Blame::Nobody => self.findings.count(format!("rest.{status} {code}")),
                }
                return Out::refusal(status, code, &message);
            }
        };
        let body = out.body.as_ref().unwrap_or(&Value::Null);
        let fits = shared
            .spec
            .as_ref()
            .map_or(Ok(()), |spec| spec.answer(call.route, out.status, body));
        if let Err(why) = fits {
            self.findings
                .violation(format!("the stand-in itself answers {operation} wrongly: {why}"));
        }
        out
    }

    fn perform(&mut self, shared: &Shared, call: &Call) -> Reply {
        let url = || format!("ws://{}", shared.gateway);
        match call.route.operation {
            "get_gateway" => self.about_gateway(false, &url()),
            "get_bot_gateway" => self.about_gateway(true, &url()),
            "list_application_commands" | "list_guild_application_commands" => self.list_commands(call),
            "bulk_set_application_commands" | "bulk_set_guild_application_commands" => self.set_commands(call),
            "create_interaction_response" => self.callback(call),
            "get_original_webhook_message" | "get_webhook_message" => self.read_answer(call),
            "update_original_webhook_message" | "update_webhook_message" => self.edit_answer(call),
            "delete_original_webhook_message" | "delete_webhook_message" => self.delete_answer(call),
            "execute_webhook" => self.follow_up(call),
            "list_messages" => self.list_messages(call),
            "create_message" => self.create_message(call),
            "update_message" => self.update_message(call),
            "delete_message" => self.delete_message(call),
            "bulk_delete_messages" => self.bulk_delete(call),
            "trigger_typing_indicator" => self.touch_channel(call, rights::SEND_MESSAGES),
            "update_voice_channel_status" => self.touch_channel(call, rights::CONNECT),
            "get_channel" => self.about_channel(call),
            "update_self_voice_state" => self.change_own_seat(call),
            "list_voice_regions" => self.regions(),
            "get_my_application" | "get_my_user" => self.about_me(call.route.operation),
            _ => self.about_guild(call),
        }
    }
}
