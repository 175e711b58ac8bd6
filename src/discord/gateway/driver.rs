//! One shard over all its connections: who is told what, and when the next connection is built.

use std::cell::{Cell, RefCell};
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::FutureExt as _;
use ostinato_actors::ports::{GatewayEvent, GatewaySession, GatewaySink};
use ostinato_machine::ids::{ChannelId, GuildId, ShardId, UserId};
use serde_json::json;
use tokio::sync::Notify;
use tokio::time::Instant;
use twilight_gateway::{Config, ConfigBuilder, Intents, Session, Shard, ShardId as Place};

use super::address::resume_address;
use super::backoff::{Backoff, Ending};
use super::connection::{Connection, End};
use super::figures::State;
use super::identify::{BudgetSpent, Permits};
use super::voice_wants::VoiceWants;
use super::{Content, Counts, GatewaySettings, Gateways, Interactions, Latencies, ShardFigures};
use crate::board::Board;

/// What the port and the polling task of one shard share.
pub(super) struct Line {
    pub(super) shard: ShardId,
    pub(super) wants: RefCell<VoiceWants>,
    /// The session that the next connection resumes.
    pub(super) session: RefCell<Option<GatewaySession>>,
    pub(super) wake: Notify,
    stop: Cell<bool>,
    /// The connection is to be built anew; with a new session, if it says so.
    again: Cell<Option<bool>>,
    over: Cell<bool>,
    ended: Notify,
}

impl Line {
    pub(super) fn new(shard: ShardId, session: Option<GatewaySession>, wants: usize) -> Self {
        Self {
            shard,
            wants: RefCell::new(VoiceWants::new(wants)),
            session: RefCell::new(session),
            wake: Notify::new(),
            stop: Cell::new(false),
            again: Cell::new(None),
            over: Cell::new(false),
            ended: Notify::new(),
        }
    }

    pub(super) fn want_voice(&self, guild: GuildId, channel: Option<ChannelId>) {
        if !self.wants.borrow_mut().want(guild, channel) {
            tracing::error!(shard = %self.shard, %guild, "too many guilds wait for a voice channel; this one is left out");
        }
        self.wake.notify_one();
    }

    pub(super) fn session(&self) -> Option<GatewaySession> {
        self.session.borrow().clone()
    }

    pub(super) fn stop(&self) {
        self.stop.set(true);
        self.wake.notify_one();
    }

    pub(super) fn reconnect(&self, afresh: bool) {
        self.again.set(Some(afresh));
        self.wake.notify_one();
    }

    /// Whether the connection is to be built anew, and with a new session.
    pub(super) fn takes_again(&self) -> Option<bool> {
        self.again.take()
    }

    pub(super) fn is_stopping(&self) -> bool {
        self.stop.get()
    }

    /// Ends once the task has ended.
    pub(super) async fn ended(&self) {
        let ended = self.ended.notified();
        if !self.over.get() {
            ended.await;
        }
    }

    fn finish(&self) {
        self.over.set(true);
        self.ended.notify_waiters();
    }
}

/// The polling task of one shard.
pub(super) struct Driver {
    pub(super) line: Rc<Line>,
    pub(super) settings: Arc<GatewaySettings>,
    pub(super) latencies: Latencies,
    pub(super) counts: Counts,
    /// Those of this shard.
    pub(super) figures: Arc<ShardFigures>,
    pub(super) sink: Rc<dyn GatewaySink>,
    pub(super) interactions: Rc<dyn Interactions>,
    /// The bot's user, as READY says it or else the settings.
    pub(super) own: UserId,
    pub(super) backoff: Backoff,
    place: Place,
    /// The sink knows that the connection is away.
    away: bool,
    /// The sink knows that the day's budget of IDENTIFYs is spent.
    spent: bool,
    content: Content,
    standings: Board<ShardId>,
}

/// Intents that Discord must have granted: members, presences, the words of messages.
const PRIVILEGED: u64 = 1 << 1 | 1 << 8 | 1 << 15;

impl Driver {
    pub(super) fn new(
        line: Rc<Line>,
        place: Place,
        gateways: &Gateways,
        sink: Rc<dyn GatewaySink>,
        interactions: Rc<dyn Interactions>,
    ) -> Self {
        let settings = Arc::clone(&gateways.settings);
        Self {
            figures: gateways.counts.of(line.shard),
            line,
            latencies: gateways.latencies(),
            counts: gateways.counts(),
            sink,
            interactions,
            own: settings.user,
            backoff: Backoff::new(settings.backoff_min, settings.backoff_max),
            place,
            away: false,
            spent: false,
            content: gateways.content(),
            standings: gateways.standings(),
            settings,
        }
    }

    /// Keeps the shard connected until it is stopped or refused for good.
    pub(super) async fn run(mut self) {
        while self.pause().await {
            let intents = self.intents();
            let mut connection = self.connect(self.config(intents));
            // A panic of a handler must not silence the shard. What it was given is counted, so it does not come again.
            let end = AssertUnwindSafe(connection.attend(&mut self)).catch_unwind().await;
            let end = end.unwrap_or_else(|_| End::lost("handling an event failed"));
            self.latencies.set(self.line.shard, None);
            self.figures.is_now(State::Away);
            match end {
                End::Stopped => break,
                End::Fatal { code, fix } => {
                    self.fatal(code, fix);
                    break;
                }
                End::Unprivileged if intents & PRIVILEGED != 0 => {
                    if self.content.refuse() {
                        tracing::warn!(
                            shard = %self.line.shard,
                            "Discord refuses the words of messages, so commands in messages work by mention alone: switch on \
                             Message Content Intent (Developer Portal, Bot) and start again, or set prefix.mode to mention"
                        );
                    }
                    self.lost(
                        &connection,
                        "an intent is not granted; it goes on without".to_owned(),
                        false,
                    );
                }
                End::Unprivileged => {
                    self.fatal(
                        4014,
                        "Discord refuses intents that need no leave: take back changes to them, or upgrade Ostinato",
                    );
                    break;
                }
                End::Lost { why, keep } => self.lost(&connection, why, keep),
            }
        }
        self.standings.forget(&self.line.shard);
        self.line.finish();
    }

    /// What is asked for: all that is wanted, but for what was refused.
    fn intents(&self) -> u64 {
        let refused = if self.content.is_refused() { PRIVILEGED } else { 0 };
        self.settings.intents & !refused
    }

    fn fatal(&self, code: u16, fix: &str) {
        tracing::error!(shard = %self.line.shard, code, fix, "Discord refuses the shard for good");
        self.line.session.replace(None);
        let fix = fix.to_owned();
        self.sink.event(0, GatewayEvent::Fatal { code, fix });
    }

    fn lost(&mut self, connection: &Connection, why: String, keep: bool) {
        let two = self.resume_url().is_some();
        if connection.is_fruitless(self) {
            self.backoff.fruitless();
        }
        let ending = match connection.active_since() {
            None => Ending::Early,
            Some(since) if since.elapsed() < self.settings.stable => Ending::Short,
            Some(_) => Ending::Stable,
        };
        self.backoff.ended(ending, two);
        if !keep {
            self.line.session.replace(None);
        }
        self.say_away(why);
    }

    /// Tells that the connection is away, once until it is back.
    pub(super) fn say_away(&mut self, why: String) {
        let shard = self.line.shard;
        if self.away {
            tracing::debug!(%shard, why, "the gateway is still away");
            return;
        }
        self.away = true;
        self.standings.down(shard, &why);
        tracing::warn!(%shard, why, "the gateway is away");
        self.sink.event(0, GatewayEvent::Away { why });
    }

    /// Tells that the shard has to wait for the next day's budget, once until it is back.
    pub(super) fn say_spent(&mut self, spent: &BudgetSpent) {
        if !self.spent {
            self.spent = true;
            self.away = true;
            let why = spent.to_string();
            self.standings.down(self.line.shard, &why);
            tracing::error!(shard = %self.line.shard, why, "the shard may not identify");
            self.sink.event(0, GatewayEvent::Away { why });
        }
    }

    /// The connection is up and has a session.
    pub(super) fn active(&mut self) {
        self.standings.up(self.line.shard);
        self.away = false;
        self.spent = false;
        self.backoff.active();
        self.line.wants.borrow_mut().again();
    }

    /// Waits until the next connection is due; `false` when there shall be none.
    async fn pause(&self) -> bool {
        let identify = self.line.session.borrow().is_none();
        let due = Instant::now() + self.backoff.delay(identify, fastrand::f64());
        loop {
            if self.line.is_stopping() {
                return false;
            }
            tokio::select! {
                biased;
                () = self.line.wake.notified() => {}
                () = tokio::time::sleep_until(due) => return !self.line.is_stopping(),
            }
        }
    }

    /// Where the session may be resumed besides the gateway's own address.
    fn resume_url(&self) -> Option<String> {
        let session = self.line.session.borrow();
        resume_address(&self.settings.url, session.as_ref()?.resume_url.as_deref()?)
    }

    fn config(&self, intents: u64) -> Config<Permits> {
        let token = self.settings.token.reveal().to_owned();
        let mut builder = ConfigBuilder::new(token, Intents::from_bits_retain(intents))
            .queue(Permits(Arc::clone(&self.settings.identify)))
            .proxy_url(self.settings.url.clone());
        let properties = json!({ "os": std::env::consts::OS, "browser": "Ostinato", "device": "Ostinato" });
        if let Ok(properties) = serde_json::from_value(properties) {
            builder = builder.identify_properties(properties);
        }
        if let Some(name) = &self.settings.listening_to {
            const LISTENING: u8 = 2;
            let activity = json!({ "name": name, "type": LISTENING });
            let presence = json!({ "activities": [activity], "afk": false, "since": null, "status": "online" });
            if let Ok(presence) = serde_json::from_value(presence) {
                builder = builder.presence(presence);
            }
        }
        builder.build()
    }

    /// The next connection: a transport of its own each time, so that its own slow reconnect never has a say.
    fn connect(&self, config: Config<Permits>) -> Connection {
        let mut builder = ConfigBuilder::from(config);
        let session = self.line.session();
        if let Some(session) = &session {
            builder = builder.session(Session::new(session.sequence, session.id.reveal().to_owned()));
            // Without an address of its own the session is resumed at the gateway's.
            if let Some(url) = self.resume_url().filter(|_| !self.backoff.is_second()) {
                builder = builder.resume_url(url);
            }
        }
        self.figures.connects.one();
        self.figures.is_now(State::Dialling);
        let shard = Shard::with_config(self.place, builder.build());
        Connection::new(shard, session.is_some(), self.settings.connect)
    }
}
