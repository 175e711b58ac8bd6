//! What the frames of a connection do to it, and to whom dispatches go.

use std::rc::Rc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ostinato_actors::ports::{GatewayEvent, GatewaySession};
use ostinato_machine::guild::Input;
use ostinato_machine::ids::{GuildId, Hidden, UserId};
use tokio::time::Instant;

use super::address::resume_address;
use super::connection::{Connection, End, Phase};
use super::driver::Driver;
use super::pulse::Pulse;
use super::voice_wants::SendWindow;
use crate::discord::decode::{Decoded, Envelope, Malformed, decode, sniff};

const DISPATCH: u64 = 0;
const RECONNECT: u64 = 7;
const INVALID_SESSION: u64 = 9;
/// Opcode of the greeting.
pub(super) const HELLO: u64 = 10;
const ACKNOWLEDGED: u64 = 11;

impl Connection {
    /// One frame; `Some` when it ends the connection.
    pub(super) fn frame(&mut self, driver: &mut Driver, text: &str) -> Option<End> {
        let Some(envelope) = sniff(text) else {
            no_sense(driver, "frame", "it is no JSON object");
            return None;
        };
        match envelope.op {
            Some(DISPATCH) => self.dispatch(driver, &envelope),
            Some(ACKNOWLEDGED) => {
                let latency = self.shard.latency();
                self.pulse.acknowledge(latency.sent());
                driver
                    .latencies
                    .set(driver.line.shard, latency.recent().first().copied());
                None
            }
            Some(RECONNECT) => {
                self.farewell = true;
                Some(End::lost("Discord asks for a new connection"))
            }
            Some(INVALID_SESSION) => {
                self.farewell = true;
                let keep = envelope.data.is_some_and(|data| data.starts_with("true"));
                let why = "the session is invalid".to_owned();
                Some(End::Lost { why, keep })
            }
            Some(HELLO) => {
                self.greeted(driver, envelope.data.unwrap_or_default());
                None
            }
            Some(_) => None,
            None => {
                no_sense(driver, "frame", "it has no opcode");
                None
            }
        }
    }

    fn greeted(&mut self, driver: &Driver, data: &str) {
        #[derive(serde::Deserialize)]
        struct Hello {
            heartbeat_interval: u64,
        }
        let hello = <Hello as serde::Deserialize>::deserialize(&mut serde_json::Deserializer::from_str(data));
        // A greeting that the transport could not read either brings no connection up: its deadline goes on.
        let Ok(hello) = hello else {
            no_sense(driver, "HELLO", "it has no heartbeat interval");
            return;
        };
        self.pulse = Pulse::new(Duration::from_millis(hello.heartbeat_interval));
        self.window = SendWindow::default();
        self.phase = if self.resuming {
            driver.figures.resumes.one();
            Phase::Asking(Instant::now() + driver.settings.answer)
        } else {
            Phase::Waiting
        };
    }

    fn dispatch(&mut self, driver: &mut Driver, envelope: &Envelope<'_>) -> Option<End> {
        driver.figures.dispatches.one();
        let sequence = envelope.sequence.unwrap_or_default();
        if let (Some(session), Some(sequence)) = (driver.line.session.borrow_mut().as_mut(), envelope.sequence) {
            session.sequence = sequence;
            driver.figures.sequence.set(sequence);
        }
        if let Phase::Asking(_) = self.phase {
            // A long replay is no silence.
            self.phase = Phase::Asking(Instant::now() + driver.settings.answer);
        }
        let (Some(name), Some(data)) = (envelope.name, envelope.data) else {
            no_sense(driver, "frame", "it has no event");
            return None;
        };
        match decode(name, data, driver.own, now_ms()) {
            Ok(Decoded::Ready { user, guilds }) => return self.ready(driver, sequence, user, guilds),
            Ok(Decoded::Resumed) => {
                self.active(driver);
                tracing::info!(shard = %driver.line.shard, sequence, "the gateway session goes on");
                driver.sink.event(sequence, GatewayEvent::Resumed);
            }
            Ok(Decoded::Event(event)) => {
                if let GatewayEvent::Input {
                    guild,
                    input: Input::OwnVoice { channel, .. },
                    ..
                } = &event
                {
                    driver.line.wants.borrow_mut().confirm(*guild, *channel);
                }
                driver.sink.event(sequence, event);
            }
            Ok(Decoded::Interaction(interaction)) => {
                let sink = Rc::clone(&driver.sink);
                driver
                    .interactions
                    .interaction(driver.line.shard, sequence, interaction, &*sink);
            }
            Ok(Decoded::Written(mut written)) => {
                written.replayed = matches!(self.phase, Phase::Asking(_));
                let sink = Rc::clone(&driver.sink);
                let (shard, own) = (driver.line.shard, driver.own);
                driver.interactions.written(shard, sequence, &written, own, &*sink);
            }
            Ok(Decoded::Ignored) => {}
            Err(malformed) => complain(driver, malformed),
        }
        None
    }

    fn ready(&mut self, driver: &mut Driver, sequence: u64, user: Option<UserId>, guilds: Vec<GuildId>) -> Option<End> {
        let Some(session) = self.shard.session() else {
            let why = "READY has no session that could be resumed".to_owned();
            return Some(End::Lost { why, keep: false });
        };
        let resume_url = self
            .shard
            .resume_url()
            .and_then(|url| resume_address(&driver.settings.url, url));
        self.may_redial = resume_url.is_some();
        driver.figures.sequence.set(sequence);
        driver.line.session.replace(Some(GatewaySession {
            id: Hidden::new(session.id()),
            sequence,
            resume_url,
            intents: driver.settings.intents,
        }));
        if let Some(user) = user.filter(|user| *user != driver.own) {
            tracing::error!(shard = %driver.line.shard, expected = %driver.own, %user, "the gateway knows the bot as another user; it is believed");
            driver.own = user;
        }
        self.active(driver);
        tracing::info!(shard = %driver.line.shard, guilds = guilds.len(), "the gateway session begins");
        driver.sink.event(sequence, GatewayEvent::Ready { guilds });
        None
    }

    fn active(&mut self, driver: &mut Driver) {
        self.phase = Phase::Active(Instant::now());
        driver.active();
    }
}

/// Counts a frame that makes no sense, and logs some: the first ones, then ever fewer.
fn no_sense(driver: &Driver, event: &'static str, what: &str) {
    let count = driver.counts.make_no_sense(event);
    if count.is_power_of_two() {
        tracing::warn!(shard = %driver.line.shard, event, count, what, "the gateway sent what makes no sense; it is ignored");
    }
}

fn complain(driver: &Driver, malformed: Malformed) {
    no_sense(driver, malformed.event, malformed.what);
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
