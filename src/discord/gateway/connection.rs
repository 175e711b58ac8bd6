//! One connection: from the first packet to whatever ends it.

use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use futures_util::Stream as _;
use ostinato_machine::ids::{ChannelId, GuildId};
use tokio::time::Instant;
use twilight_gateway::error::{ReceiveMessageError, ReceiveMessageErrorType};
use twilight_gateway::{CloseFrame, Message, Shard, ShardState};

use super::close::{Verdict, verdict};
use super::driver::Driver;
use super::figures::State;
use super::frames;
use super::identify::Permits;
use super::pulse::Pulse;
use super::voice_wants::SendWindow;
use crate::discord::decode::sniff;

/// How often deadlines are looked at.
const CHECK: Duration = Duration::from_millis(250);

const VOICE_STATE: u64 = 4;

/// Why a connection ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// We were told to stop.
    Stopped,
    /// Discord refuses for good.
    Fatal {
        /// Close code.
        code: u16,
        /// What to do.
        fix: &'static str,
    },
    /// Discord does not grant an intent that was asked for.
    Unprivileged,
    /// It is no good any more. `keep`: its session can be resumed.
    Lost {
        /// For the log.
        why: String,
        /// Whether the session lives on.
        keep: bool,
    },
}

impl End {
    pub(super) fn lost(why: impl Into<String>) -> Self {
        Self::Lost {
            why: why.into(),
            keep: true,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Until the gateway's greeting, which must come before the given time.
    Dialling(Instant),
    /// Until the permit to identify.
    Waiting,
    /// Until READY or RESUMED, before the given time.
    Asking(Instant),
    Active(Instant),
}

enum Step {
    Item(Option<Result<Message, ReceiveMessageError>>),
    /// The peer is gone without a word, and the transport dials again by itself.
    Redialling,
    Woken,
    Check,
}

/// One connection.
pub(super) struct Connection {
    pub(super) shard: Shard<Permits>,
    pub(super) phase: Phase,
    /// The connection began with a session.
    pub(super) resuming: bool,
    pub(super) pulse: Pulse,
    pub(super) window: SendWindow,
    /// The session's own address may be dialled.
    pub(super) may_redial: bool,
    /// The transport has a close frame to send.
    pub(super) farewell: bool,
}

impl Connection {
    pub(super) fn new(shard: Shard<Permits>, resuming: bool, within: Duration) -> Self {
        Self {
            shard,
            phase: Phase::Dialling(Instant::now() + within),
            resuming,
            pulse: Pulse::default(),
            window: SendWindow::default(),
            may_redial: true,
            farewell: false,
        }
    }

    pub(super) fn active_since(&self) -> Option<Instant> {
        match self.phase {
            Phase::Active(since) => Some(since),
            Phase::Dialling(_) | Phase::Waiting | Phase::Asking(_) => None,
        }
    }

    /// Whether a permit to identify was used up and brought no session.
    pub(super) fn is_fruitless(&self, driver: &Driver) -> bool {
        !self.resuming
            && match self.phase {
                Phase::Waiting => !driver.settings.identify.is_waiting(driver.line.shard.0),
                Phase::Asking(_) => true,
                Phase::Dialling(_) | Phase::Active(_) => false,
            }
    }

    /// Polls the stream until the connection ends.
    pub(super) async fn attend(&mut self, driver: &mut Driver) -> End {
        let mut next_check = Instant::now() + CHECK;
        loop {
            if driver.line.is_stopping() {
                self.take_leave(driver.settings.close).await;
                return End::Stopped;
            }
            if let Some(afresh) = driver.line.takes_again() {
                self.hang_up().await;
                return End::Lost {
                    why: "an operator ordered a new connection".into(),
                    keep: !afresh,
                };
            }
            self.send_wants(driver);
            let now = Instant::now();
            self.tell(driver);
            if now >= next_check {
                next_check = now + CHECK;
                self.count_sends(driver, now);
                if let Some(end) = self.check(driver, now) {
                    self.hang_up().await;
                    return end;
                }
            }
            let line = Rc::clone(&driver.line);
            let step = tokio::select! {
                biased;
                step = self.next() => step,
                () = line.wake.notified() => Step::Woken,
                () = tokio::time::sleep_until(next_check) => Step::Check,
            };
            let end = match step {
                Step::Item(item) => self.item(driver, item),
                Step::Redialling => self.redial(driver, now),
                Step::Woken | Step::Check => None,
            };
            if let Some(end) = end {
                self.hang_up().await;
                return end;
            }
        }
    }

    /// The next item of the stream. The transport does not tell when the peer goes without a word; its state does.
    async fn next(&mut self) -> Step {
        let greeted = !matches!(self.phase, Phase::Dialling(_));
        let shard = &mut self.shard;
        poll_fn(|context| match Pin::new(&mut *shard).poll_next(context) {
            Poll::Ready(item) => Poll::Ready(Step::Item(item)),
            Poll::Pending if greeted && matches!(shard.state(), ShardState::Disconnected { .. }) => {
                Poll::Ready(Step::Redialling)
            }
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// The peer is gone and the transport dials the session's address. That is what is wanted after a connection that
    /// was good; any other is given up, so that there is a back-off.
    fn redial(&mut self, driver: &mut Driver, now: Instant) -> Option<End> {
        const WHY: &str = "the connection was dropped";
        let stable = self
            .active_since()
            .is_some_and(|since| now.saturating_duration_since(since) >= driver.settings.stable);
        if !stable || !self.may_redial {
            return Some(End::lost(WHY));
        }
        driver.latencies.set(driver.line.shard, None);
        driver.figures.connects.one();
        driver.say_away(WHY.into());
        self.phase = Phase::Dialling(now + driver.settings.connect);
        self.resuming = true;
        None
    }

    fn item(&mut self, driver: &mut Driver, item: Option<Result<Message, ReceiveMessageError>>) -> Option<End> {
        match item {
            Some(Ok(Message::Text(text))) => self.frame(driver, &text),
            Some(Ok(Message::Close(frame))) => {
                let code = frame.map(|frame| frame.code);
                let why = code.map_or_else(|| "closed by Discord".into(), |code| format!("closed with {code}"));
                Some(match code.map_or(Verdict::Resume, verdict) {
                    Verdict::Fatal(fix) => End::Fatal {
                        code: code.unwrap_or_default(),
                        fix,
                    },
                    Verdict::Resume => End::lost(why),
                    Verdict::Identify => End::Lost { why, keep: false },
                    Verdict::Unprivileged => End::Unprivileged,
                })
            }
            // What the transport can't read may still be readable; if it is not, it is counted like any such frame.
            Some(Err(error)) => match error.kind() {
                ReceiveMessageErrorType::Deserializing { event } => self.frame(driver, event),
                ReceiveMessageErrorType::Reconnect => {
                    let source = error.into_source();
                    let why = source.map_or_else(String::new, |source| format!(": {source}"));
                    Some(End::lost(format!("no connection{why}")))
                }
                ReceiveMessageErrorType::Compression | _ => Some(End::lost("a frame could not be inflated")),
            },
            None => Some(End::lost("the connection ended")),
        }
    }

    /// Looks at deadlines and heartbeats.
    fn check(&mut self, driver: &mut Driver, now: Instant) -> Option<End> {
        let age = driver.settings.voice_confirm;
        driver.line.wants.borrow_mut().expire(now, age);
        match self.phase {
            Phase::Dialling(until) if now >= until => return Some(End::lost("the gateway does not greet")),
            Phase::Asking(until) if now >= until => {
                return Some(End::lost("the gateway answers neither READY nor RESUMED"));
            }
            Phase::Waiting if !driver.settings.identify.is_waiting(driver.line.shard.0) => {
                self.phase = Phase::Asking(now + driver.settings.answer);
            }
            Phase::Waiting => {
                if let Err(spent) = driver.settings.identify.allows(1) {
                    driver.say_spent(&spent);
                }
            }
            Phase::Dialling(_) | Phase::Asking(_) | Phase::Active(_) => {}
        }
        self.pulse
            .is_missed(self.shard.latency().sent())
            .then(|| End::lost("a heartbeat was not acknowledged"))
    }

    /// Where the connection is, for the metrics.
    fn tell(&self, driver: &Driver) {
        driver.figures.is_now(match self.phase {
            Phase::Dialling(_) => State::Dialling,
            Phase::Waiting => State::Waiting,
            Phase::Asking(_) => State::Asking,
            Phase::Active(_) => State::Active,
        });
    }

    /// What may be sent and what waits for it, for the metrics.
    fn count_sends(&mut self, driver: &Driver, now: Instant) {
        let left = self.window.left(now, self.most_sends(driver));
        driver.figures.sends_left.set(u64::try_from(left).unwrap_or(u64::MAX));
        let waiting = driver.line.wants.borrow().waiting();
        driver
            .figures
            .voice_waiting
            .set(u64::try_from(waiting).unwrap_or(u64::MAX));
    }

    /// Voice wants that may be sent in a minute.
    fn most_sends(&self, driver: &Driver) -> usize {
        let most = self.shard.ratelimiter().map_or(0, |budget| budget.max());
        most.saturating_sub(driver.settings.send_reserve).into()
    }

    /// Hands voice wants over, as long as the shard is active and the budget keeps its reserve.
    fn send_wants(&mut self, driver: &Driver) {
        let mut wants = driver.line.wants.borrow_mut();
        if !wants.is_waiting() || self.active_since().is_none() || self.shard.state() != ShardState::Active {
            return;
        }
        let most = self.most_sends(driver);
        let now = Instant::now();
        while wants.is_waiting() && self.window.take(now, most) {
            if let Some((guild, channel)) = wants.send(now) {
                self.shard.send(voice_state_update(guild, channel));
                driver.figures.voice_sends.one();
            }
        }
    }

    /// Lets the close frame out, where there is one to send, and gives the connection up. Whatever still comes in is
    /// replayed by the resume. A connection that is closed already is not polled: the transport would dial again.
    async fn hang_up(&mut self) {
        match self.shard.state() {
            ShardState::Active | ShardState::Identifying | ShardState::Resuming => {
                self.shard.close(CloseFrame::RESUME);
                self.poll_once().await;
            }
            ShardState::FatallyClosed => self.poll_once().await,
            ShardState::Disconnected { .. } if self.farewell => self.poll_once().await,
            ShardState::Disconnected { .. } => {}
        }
    }

    async fn poll_once(&mut self) {
        let shard = &mut self.shard;
        poll_fn(|context| {
            let _ = Pin::new(&mut *shard).poll_next(context);
            Poll::Ready(())
        })
        .await;
    }

    /// Closes so that the session stays, and waits until Discord has said so too.
    async fn take_leave(&mut self, within: Duration) {
        if matches!(self.phase, Phase::Dialling(_)) {
            return;
        }
        self.shard.close(CloseFrame::RESUME);
        let _ = tokio::time::timeout(within, async {
            // Frames on their way are left to the next process: they come with its resume. A greeting is no such frame
            // but the start of another connection, which nobody wants any more.
            while let Some(Ok(Message::Text(text))) = self.next_item().await {
                if sniff(&text).is_some_and(|envelope| envelope.op == Some(frames::HELLO)) {
                    break;
                }
            }
        })
        .await;
    }

    async fn next_item(&mut self) -> Option<Result<Message, ReceiveMessageError>> {
        let shard = &mut self.shard;
        poll_fn(|context| Pin::new(&mut *shard).poll_next(context)).await
    }
}

/// Op 4: deaf, because a bot that plays needs to hear nobody.
fn voice_state_update(guild: GuildId, channel: Option<ChannelId>) -> String {
    let channel = channel.map(|channel| channel.to_string());
    let data = serde_json::json!({
        "guild_id": guild.to_string(), "channel_id": channel, "self_mute": false, "self_deaf": true,
    });
    serde_json::json!({ "op": VOICE_STATE, "d": data }).to_string()
}
