//! The servers: how the bot does, an operator's orders, the console, and metrics.
//!
//! They run on a thread of their own; music never waits for them. Orders go to the actors as messages. A port that is taken is tried again:
//! during a deploy the process before this one may still hold it.
#![expect(
    clippy::needless_pass_by_value,
    reason = "an answer owns what was asked, because most of them take it along into a future"
)]
#![expect(
    clippy::result_large_err,
    reason = "an error is the answer itself, made once a request and handed through"
)]

mod asked;
mod console;
mod door;
mod events;
pub mod facts;
mod knocks;
pub mod manual;
pub mod metrics;
mod openapi;
mod orders;
mod panel;
mod probe;
mod routes;
mod samples;
mod seen;
mod status;
mod steer;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer, web};
use tokio::sync::watch;

pub use door::Scope;
pub use facts::{Facts, Inside, Outside, Readiness};
pub use probe::lives;
pub use routes::{Field, Method, ROUTES, Route};
pub use steer::{Leave, Steer, Steered};

use crate::config::{Config, ServerConfig};
use door::Door;

/// First and longest wait before a port that is taken is tried again, ms.
const AGAIN_MS: (u64, u64) = (500, 10_000);

/// Longest time that a request may take to arrive.
const REQUEST: Duration = Duration::from_secs(5);

/// Most connections of one server.
const CONNECTIONS: usize = 256;

/// Largest body of a request, bytes.
const BODY: usize = 16 * 1_024;

/// The running servers. They end when this is dropped.
#[derive(Debug)]
pub struct Servers {
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Servers {
    /// Starts those that `config` asks for.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(config: &Config, facts: &Arc<Facts>, steer: &Steer) -> std::io::Result<Self> {
        let (stop, stopped) = watch::channel(false);
        let all = [("status", config.status_api()), ("metrics", config.metrics())];
        let (facts, steer, chaos) = (Arc::clone(facts), steer.clone(), config.chaos());
        let thread = std::thread::Builder::new().name("http".into()).spawn(move || {
            actix::System::new().block_on(async move {
                let served = all.into_iter().filter(|(_, config)| config.enabled);
                let served = served.map(|(name, config)| {
                    let door = Door::new(Arc::clone(&facts), config.key.clone(), chaos.clone(), steer.clone());
                    serve(name, config, web::Data::new(door), stopped.clone())
                });
                let served = futures_util::future::join_all(served);
                futures_util::future::join(served, sample(&facts, stopped.clone())).await;
            });
        })?;
        Ok(Self {
            stop,
            thread: Some(thread),
        })
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        self.stop.send_replace(true);
        if let Some(thread) = self.thread.take() {
            // A panic of a server was logged when it happened.
            let _ = thread.join();
        }
    }
}

/// Takes a sample now and again and tells who was refused at the doors, until it is told to stop.
async fn sample(facts: &Facts, mut stopped: watch::Receiver<bool>) {
    loop {
        facts.samples.take(facts).await;
        facts.tell_knocks();
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(Duration::from_millis(samples::EVERY_MS)) => {}
        }
    }
}

/// Serves until it is told to stop.
async fn serve(name: &'static str, config: ServerConfig, door: web::Data<Door>, mut stopped: watch::Receiver<bool>) {
    let mut wait_ms = AGAIN_MS.0;
    let place = format!("{}:{}", config.host, config.port);
    loop {
        match bind(name, &config, &door) {
            Ok((server, handle)) => {
                tracing::info!(place, "the {name} port is open");
                let end = async {
                    let _ = stopped.wait_for(|stopped| *stopped).await;
                    handle.stop(false).await;
                };
                let (served, ()) = futures_util::future::join(server, end).await;
                if let Err(error) = served {
                    tracing::error!(place, %error, "the {name} port is open no more");
                }
                return;
            }
            Err(error) if wait_ms == AGAIN_MS.0 => tracing::warn!(
                place, %error, "the {name} port can't be opened yet, music plays without; free it or set {}",
                if name == "metrics" { "METRICS_PORT" } else { "STATUS_API_PORT" }
            ),
            Err(error) => tracing::debug!(place, %error, "the {name} port still can't be opened"),
        }
        let jittered = wait_ms / 2 + fastrand::u64(..=wait_ms / 2);
        tokio::select! {
            _ = stopped.wait_for(|stopped| *stopped) => return,
            () = tokio::time::sleep(Duration::from_millis(jittered)) => {}
        }
        wait_ms = wait_ms.saturating_mul(2).min(AGAIN_MS.1);
    }
}

fn bind(
    name: &'static str,
    config: &ServerConfig,
    door: &web::Data<Door>,
) -> std::io::Result<(actix_web::dev::Server, ServerHandle)> {
    let door = door.clone();
    let make = move || App::new().app_data(door.clone()).configure(|app| asked::add(app, name));
    let server = HttpServer::new(make)
        .workers(1)
        .max_connections(CONNECTIONS)
        .client_request_timeout(REQUEST)
        .disable_signals()
        .shutdown_timeout(1)
        .bind((config.host.trim_matches(['[', ']']), config.port))?
        .run();
    let handle = server.handle();
    Ok((server, handle))
}
