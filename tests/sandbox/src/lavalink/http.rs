//! REST over HTTP: requests in, replies out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::{Request, Response, StatusCode};

use super::door::Verdict;
use super::reply::{Answer, Body, Reply};
use super::rest::Call;
use super::server::{Node, lock, thawed};
use super::socket::upgrade;

/// Answers a request, or does not while a fault says so.
pub(super) async fn answer(node: Arc<Node>, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    thawed(&node).await;
    if request.uri().path() == "/v4/websocket" {
        if node.never_upgrade.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        return upgrade(&node, &mut request);
    }
    let call = read(&mut request).await;
    node.findings
        .count(format!("lavalink.{} {}", call.method, route_name(&call.path)));
    if node.mute_rest.load(Ordering::SeqCst) {
        std::future::pending::<()>().await;
    }
    if node.garbage.load(Ordering::SeqCst) {
        let mut reply = Reply::new(502, Body::Text("<html>bad gateway</html>".into()));
        reply.headers = vec![("Content-Type", "text/html".into())];
        return respond(reply);
    }
    look_up(&node, &call).await;
    loop {
        let now = node.now();
        let (answer, verdict) = node.with_core(|core| {
            core.tick(now);
            let answer = core.call(now, &call);
            let verdict = core.judge(&call, &answer);
            (answer, verdict)
        });
        match verdict {
            Verdict::Fine => {}
            Verdict::Race(kind) => node.findings.race(kind),
            Verdict::Violation(what) => node.findings.violation(what),
        }
        match answer {
            Answer::Never => std::future::pending().await,
            Answer::Later(at) => {
                let wait = at.saturating_sub(node.now()).max(1);
                tokio::time::sleep(Duration::from_millis(wait)).await;
            }
            Answer::Now(reply) => return respond(reply),
        }
    }
}

async fn read(request: &mut Request<Incoming>) -> Call {
    let mut call = Call {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
        query: query(request.uri().query().unwrap_or_default()),
        authorization: header(request, "authorization"),
        content_type: header(request, "content-type"),
        body: Vec::new(),
    };
    let body = request.body_mut().collect().await;
    call.body = body.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
    call
}

/// Looking a track up takes as long as the track says, and longer by a fault.
async fn look_up(node: &Node, call: &Call) {
    if call.path != "/v4/loadtracks" {
        return;
    }
    let own = call.query("identifier").map_or(0, |identifier| {
        super::Media::find_ms(&*lock(&node.catalogue), identifier)
    });
    let wait = own + node.slow_loads_ms.load(Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(wait)).await;
}

fn route_name(path: &str) -> String {
    let part = |(place, part): (usize, &str)| {
        if matches!(place, 2 | 4) && path.contains("/sessions/") {
            "…".to_owned()
        } else {
            part.to_owned()
        }
    };
    path.split('/')
        .skip(1)
        .enumerate()
        .map(part)
        .collect::<Vec<_>>()
        .join("/")
}

/// The pairs of a query, decoded.
fn query(text: &str) -> Vec<(String, String)> {
    reqwest::Url::parse(&format!("http://x/?{text}"))
        .map(|url| {
            url.query_pairs()
                .map(|(key, value)| (key.into_owned(), value.into_owned()))
                .collect()
        })
        .unwrap_or_default()
}

/// A header's value, where it is text.
pub(super) fn header(request: &Request<Incoming>, name: &str) -> Option<String> {
    let value = request.headers().get(name)?;
    value.to_str().ok().map(str::to_owned)
}

/// The reply on the wire.
pub(super) fn respond(reply: Reply) -> Response<Full<Bytes>> {
    let body = match reply.body {
        Body::Empty => Bytes::new(),
        Body::Text(text) => text.into(),
        Body::Json(json) => json.to_string().into(),
    };
    let mut response = Response::new(Full::new(body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let Ok(value) = http::HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}
