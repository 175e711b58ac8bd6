//! Sends a request: in its turn, under its deadline, again when that can help.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use ostinato_actors::ports::{Clock, PortError, PortErrorKind};
use reqwest::StatusCode;
use reqwest::header::{AUTHORIZATION, USER_AGENT};
use serenity::http::Request;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use tracing::Dispatch;

use super::RestSettings;
use super::answer::{ALREADY_ACKNOWLEDGED, Answer, Scope, unreachable};
use super::buckets::{Buckets, Flight, Key, Ticket, Turn};
use super::operation::{Lane, Operation, Place};
use super::permits::Closed;

/// What one executor holds.
pub(super) struct Desk {
    settings: RestSettings,
    authorization: String,
    client: reqwest::Client,
    clock: Rc<dyn Clock>,
    buckets: RefCell<Buckets>,
    /// Somebody's turn may have come.
    changed: Notify,
    origin: Instant,
}

/// How an attempt ended.
enum Attempt {
    Success(Vec<u8>),
    /// Trying again after the wait may help; until then this is the failure.
    Again(Duration, PortError),
    Failure(PortError),
}

/// A call on its way.
struct Course {
    operation: Operation,
    body: Option<Vec<u8>>,
    deadline: Instant,
    attempts: u32,
}

impl Desk {
    pub(super) fn new(settings: RestSettings, clock: Rc<dyn Clock>) -> Result<Self, PortError> {
        let client = reqwest::Client::builder()
            .connect_timeout(settings.connect)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .pool_idle_timeout(Duration::from_secs(90))
            .build()
            .map_err(unreachable)?;
        Ok(Self {
            authorization: format!("Bot {}", settings.token.reveal()),
            settings,
            client,
            clock,
            buckets: RefCell::default(),
            changed: Notify::new(),
            origin: Instant::now(),
        })
    }

    pub(super) fn settings(&self) -> &RestSettings {
        &self.settings
    }

    /// Runs one call to its end. Every error names the operation.
    pub(super) async fn run(
        &self,
        operation: Operation,
        body: Option<Vec<u8>>,
        deadline: Instant,
    ) -> Result<Vec<u8>, PortError> {
        let mut course = Course {
            operation,
            body,
            deadline,
            attempts: 0,
        };
        let result = loop {
            let attempt = match self.attempt(&course).await {
                Ok(attempt) => attempt,
                Err(error) => {
                    self.settings.figures.unsent(course.operation.family());
                    break Err(error);
                }
            };
            course.attempts += 1;
            match attempt {
                Attempt::Success(body) => break Ok(body),
                Attempt::Failure(error) => break Err(error),
                Attempt::Again(wait, error) => {
                    if Instant::now() + wait >= deadline {
                        break Err(error);
                    }
                    tracing::debug!(operation = course.operation.name(), %error, wait_ms = wait.as_millis(), "a request is sent again");
                    self.settings.figures.again(course.operation.family());
                    tokio::time::sleep(wait).await;
                }
            }
        };
        result.map_err(|error| PortError::new(error.kind, format!("{}: {}", course.operation.name(), error.message)))
    }

    /// Waits for the turn and sends once. An error ends the call.
    async fn attempt(&self, course: &Course) -> Result<Attempt, PortError> {
        let request = self.request(course)?;
        let key = course.operation.key();
        let lane = course.operation.lane();
        let flight = match lane {
            Lane::Callback => None,
            Lane::Interaction | Lane::Bot => {
                self.may_send(key)?;
                Some(self.wait_for_turn(key, course).await?)
            }
        };
        if lane == Lane::Bot {
            let within = course.deadline.saturating_duration_since(Instant::now());
            if !self.settings.permits.take(within).await {
                return Err(PortError::new(
                    PortErrorKind::Overloaded,
                    "no global permit before the deadline",
                ));
            }
        }
        let began = Instant::now();
        let sent = self.send(request, course.deadline).await;
        let answered = sent.as_ref().ok().map(|answer| (answer.status, answer.scope));
        let family = course.operation.family();
        self.settings.figures.sent(family, answered, began.elapsed());
        let now_ms = self.now_ms();
        if let Some(flight) = flight {
            flight.landed(sent.as_ref().ok(), now_ms);
        }
        Ok(match sent {
            Ok(answer) => self.judge(course, key, answer, now_ms),
            Err(Lost { error, .. }) if !error.is_retryable() => Attempt::Failure(error),
            Err(Lost { error, sure }) if sure || course.operation.is_repeatable() => {
                Attempt::Again(self.backoff(course.attempts), error)
            }
            Err(Lost { error, .. }) => Attempt::Failure(error),
        })
    }

    fn judge(&self, course: &Course, key: Key, answer: Answer, now_ms: u64) -> Attempt {
        if answer.is_invalid() {
            self.settings.permits.invalid();
        }
        if answer.is_unauthorized() && course.operation.lane() == Lane::Bot {
            tracing::error!(
                operation = course.operation.name(),
                "Discord refuses the token: check DISCORD_TOKEN"
            );
            self.settings.permits.unauthorized();
        }
        if answer.status.is_success() {
            return Attempt::Success(answer.body);
        }
        let is_again = course.attempts > 0;
        if is_again && answer.code() == ALREADY_ACKNOWLEDGED {
            // The attempt before this one got through, only its answer was lost.
            return Attempt::Success(Vec::new());
        }
        if is_again
            && answer.status == StatusCode::NOT_FOUND
            && matches!(course.operation, Operation::DeleteOriginal { .. })
        {
            return Attempt::Success(Vec::new());
        }
        match answer.status {
            StatusCode::TOO_MANY_REQUESTS => {
                let pause = answer.retry_after.unwrap_or_else(|| self.backoff(course.attempts));
                match answer.scope {
                    Scope::Global => self.settings.permits.hold(pause),
                    Scope::User | Scope::Shared => {
                        let pause_ms = u64::try_from(pause.as_millis()).unwrap_or(u64::MAX);
                        self.buckets
                            .borrow_mut()
                            .block(key, now_ms.saturating_add(pause_ms + 1));
                    }
                }
                Attempt::Again(pause, answer.fault())
            }
            StatusCode::FORBIDDEN => {
                if course.operation.lane() == Lane::Bot {
                    let forbidden_ms = u64::try_from(self.settings.forbidden.as_millis()).unwrap_or(u64::MAX);
                    self.buckets
                        .borrow_mut()
                        .forbid(key, now_ms.saturating_add(forbidden_ms));
                }
                Attempt::Failure(answer.fault())
            }
            status if status.is_server_error() && course.operation.is_repeatable() => {
                Attempt::Again(self.backoff(course.attempts), answer.fault())
            }
            _ => Attempt::Failure(answer.fault()),
        }
    }

    /// Refuses at once what Discord would count against us.
    fn may_send(&self, key: Key) -> Result<(), PortError> {
        let refuse = |kind, message: &str| Err(PortError::new(kind, message));
        match self.settings.permits.closed() {
            Some(Closed::Invalid) => {
                return refuse(PortErrorKind::Overloaded, "too many invalid requests in ten minutes");
            }
            Some(Closed::Unauthorized) => {
                return refuse(PortErrorKind::Refused, "Discord refuses the token: check DISCORD_TOKEN");
            }
            None => {}
        }
        if self.buckets.borrow().is_forbidden(key, self.now_ms()) {
            return refuse(PortErrorKind::Refused, "forbidden a short while ago");
        }
        Ok(())
    }

    async fn wait_for_turn(&self, key: Key, course: &Course) -> Result<InFlight<'_>, PortError> {
        if self.buckets.borrow().waiting() >= self.settings.queue {
            return Err(PortError::new(
                PortErrorKind::Overloaded,
                "too many requests wait already",
            ));
        }
        let ticket = self.buckets.borrow_mut().enter(key, course.attempts > 0, self.now_ms());
        let mut place = InLine {
            desk: self,
            ticket: Some(ticket),
        };
        loop {
            // Registered before the question is asked, so that no change in between is missed.
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let turn = self.buckets.borrow_mut().turn(ticket, self.now_ms());
            let until = match turn {
                Turn::Go(flight) => {
                    place.ticket = None;
                    self.changed.notify_waiters();
                    return Ok(InFlight {
                        desk: self,
                        flight: Some(flight),
                    });
                }
                Turn::At(at_ms) => course.deadline.min(self.origin + Duration::from_millis(at_ms)),
                Turn::Later => course.deadline,
            };
            let _ = timeout_at(until, changed).await;
            if Instant::now() >= course.deadline {
                return Err(PortError::new(
                    PortErrorKind::Overloaded,
                    "its turn did not come before the deadline",
                ));
            }
        }
    }

    async fn send(&self, request: reqwest::RequestBuilder, deadline: Instant) -> Result<Answer, Lost> {
        let until = deadline.min(Instant::now() + self.settings.attempt);
        let work = async {
            let response = request.send().await.map_err(|error| Lost {
                sure: error.is_connect(),
                error: unreachable(error),
            })?;
            if let Some(date) = response.headers().get("date").and_then(|date| date.to_str().ok()) {
                self.settings.skew.observe(date, self.clock.now_ms());
            }
            Answer::read(response, self.settings.body_bytes)
                .await
                .map_err(Lost::unsure)
        };
        match timeout_at(until, work).await {
            Ok(result) => result,
            Err(_) => Err(Lost::unsure(PortError::new(
                PortErrorKind::Timeout,
                "no answer in time",
            ))),
        }
    }

    fn request(&self, course: &Course) -> Result<reqwest::RequestBuilder, PortError> {
        let method = course.operation.method();
        match course.operation.place()? {
            Place::Route(route) => {
                let request = Request::new(route, method).body(course.body.clone());
                let build = || request.build(&self.client, &self.authorization, Some(&self.settings.base_url));
                // serenity opens a span that prints the whole request, an interaction's token in it.
                tracing::dispatcher::with_default(&Dispatch::none(), build)
                    .map(|request| request.query(&course.operation.query()))
                    .map_err(|_| {
                        let message = "the request can't be made: check DISCORD_API_BASE_URL";
                        PortError::new(PortErrorKind::Malformed, message)
                    })
            }
            Place::Path(path) => Ok(self
                .client
                .request(method.reqwest_method(), format!("{}{path}", self.settings.base_url))
                .header(AUTHORIZATION, &self.authorization)
                .header(USER_AGENT, serenity::constants::USER_AGENT)),
        }
    }

    /// Doubles with each attempt; jitter of a half to either side.
    fn backoff(&self, attempts: u32) -> Duration {
        let full = self
            .settings
            .backoff_min
            .saturating_mul(1 << attempts.min(16))
            .min(self.settings.backoff_max);
        let share = u32::try_from(self.clock.chance() % 1_000).unwrap_or(0);
        full / 2 + full * share / 1_000
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// No answer came.
struct Lost {
    error: PortError,
    /// Discord certainly never saw the request.
    sure: bool,
}

impl Lost {
    const fn unsure(error: PortError) -> Self {
        Self { error, sure: false }
    }
}

/// A place in line that is given up when its call is dropped.
struct InLine<'a> {
    desk: &'a Desk,
    ticket: Option<Ticket>,
}

impl Drop for InLine<'_> {
    fn drop(&mut self) {
        if let Some(ticket) = self.ticket.take() {
            self.desk.buckets.borrow_mut().leave(ticket);
            self.desk.changed.notify_waiters();
        }
    }
}

/// A request under way; dropped, it counts as unanswered.
struct InFlight<'a> {
    desk: &'a Desk,
    flight: Option<Flight>,
}

impl InFlight<'_> {
    fn landed(mut self, answer: Option<&Answer>, now_ms: u64) {
        let Some(flight) = self.flight.take() else { return };
        let mut buckets = self.desk.buckets.borrow_mut();
        let limits = answer.and_then(|answer| answer.limits.as_ref());
        buckets.landed(flight, limits, now_ms);
        if limits.is_none() && answer.is_some_and(|answer| answer.status.is_success()) {
            buckets.free(flight);
        }
        drop(buckets);
        self.desk.changed.notify_waiters();
    }
}

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(flight) = self.flight.take() {
            self.desk.buckets.borrow_mut().landed(flight, None, self.desk.now_ms());
            self.desk.changed.notify_waiters();
        }
    }
}
