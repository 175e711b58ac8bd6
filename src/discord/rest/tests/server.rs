//! A tiny server that answers what a test scripted and remembers what it was asked.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use ostinato_machine::ids::Hidden;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::discord::rest::RestSettings;

/// What a request looked like.
#[derive(Clone, Debug)]
pub(in crate::discord) struct Asked {
    /// Method and path, with its query.
    pub(in crate::discord) line: String,
    pub(in crate::discord) authorization: String,
    /// Its body; `Null` without one.
    pub(in crate::discord) body: Value,
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub(in crate::discord) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Close the connection instead of answering.
    drop: bool,
    /// Never answer.
    silent: bool,
}

impl Reply {
    pub(in crate::discord) fn status(status: u16) -> Self {
        Self {
            status,
            ..Self::default()
        }
    }

    pub(in crate::discord) fn json(status: u16, body: &Value) -> Self {
        Self {
            status,
            body: body.to_string(),
            ..Self::default()
        }
    }

    pub(in crate::discord) fn dropped() -> Self {
        Self {
            drop: true,
            ..Self::default()
        }
    }

    pub(in crate::discord) fn silence() -> Self {
        Self {
            silent: true,
            ..Self::default()
        }
    }

    pub(in crate::discord) fn header(mut self, name: &'static str, value: &dyn ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// With the headers of a bucket.
    pub(in crate::discord) fn limited(self, bucket: &str, limit: u32, remaining: u32, reset_after: f64) -> Self {
        self.header("x-ratelimit-bucket", &bucket)
            .header("x-ratelimit-limit", &limit)
            .header("x-ratelimit-remaining", &remaining)
            .header("x-ratelimit-reset-after", &reset_after)
    }
}

type Script = Box<dyn FnMut(&Asked) -> Reply + Send>;

/// The server.
pub(in crate::discord) struct Server {
    pub(in crate::discord) base_url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Answers by `script`.
    pub(in crate::discord) async fn answering(script: impl FnMut(&Asked) -> Reply + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Mutex<Script>> = Arc::new(Mutex::new(Box::new(script)));
        let log = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                tokio::spawn(async move {
                    let service = service_fn(move |request| serve(request, Arc::clone(&log), Arc::clone(&script)));
                    let connection = hyper::server::conn::http1::Builder::new();
                    // A dropped answer ends the connection with an error, as it should.
                    let _ = connection.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { base_url, asked }
    }

    /// Answers with each of `replies` once, in order, and with 500 from then on.
    pub(in crate::discord) async fn scripted(replies: Vec<Reply>) -> Self {
        let mut replies = VecDeque::from(replies);
        Self::answering(move |_| replies.pop_front().unwrap_or_else(|| Reply::status(500))).await
    }

    /// What was asked so far.
    pub(in crate::discord) fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap().clone()
    }

    /// Settings that reach it, with short waits.
    pub(in crate::discord) fn settings(&self) -> RestSettings {
        let mut settings = RestSettings::new(&self.base_url, Hidden::new("secret"));
        settings.backoff_min = Duration::from_millis(2);
        settings.backoff_max = Duration::from_millis(10);
        settings
    }
}

async fn serve(
    request: Request<Incoming>,
    log: Arc<Mutex<Vec<Asked>>>,
    script: Arc<Mutex<Script>>,
) -> Result<Response<Full<Bytes>>, std::io::Error> {
    let line = format!("{} {}", request.method(), request.uri());
    let header = request
        .headers()
        .get("authorization")
        .map(|value| value.to_str().unwrap().to_owned());
    let body = request
        .into_body()
        .collect()
        .await
        .map_err(std::io::Error::other)?
        .to_bytes();
    let asked = Asked {
        line,
        authorization: header.unwrap_or_default(),
        body: serde_json::from_slice(&body).unwrap_or(Value::Null),
    };
    log.lock().unwrap().push(asked.clone());
    let reply = (script.lock().unwrap())(&asked);
    if reply.drop {
        return Err(std::io::Error::other("scripted"));
    }
    if reply.silent {
        let never: Result<Response<Full<Bytes>>, Infallible> = std::future::pending().await;
        return never.map_err(|never| match never {});
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    response
        .body(Full::new(Bytes::from(reply.body)))
        .map_err(std::io::Error::other)
}
