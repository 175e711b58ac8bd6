//! Everything behind the one lock, and what is shared around it.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::{mpsc, watch};

use super::faults::{Faults, VoiceDelivery};
use super::gateway::{Session, ToSocket, intents};
use super::interactions::Interaction;
use super::messages::Message;
use super::model::{DiscordConfig, DiscordSummary, RequestRecord};
use super::render;
use super::rest::{Limits, Spec};
use super::world::{Seat, World};
use crate::findings::Findings;
use crate::voices::{Grant, Voices};

/// How many requests are remembered in full.
const REQUESTS: usize = 50_000;

/// What all clones of a stand-in and its tasks share.
pub(super) struct Shared {
    pub(super) state: Mutex<State>,
    pub(super) findings: Findings,
    /// Rises with every change that somebody may wait for.
    pub(super) changed: watch::Sender<u64>,
    /// Set once, when everything ends.
    pub(super) stopped: watch::Sender<bool>,
    /// Whether the gateway's port is open.
    pub(super) open: watch::Sender<bool>,
    pub(super) rest: SocketAddr,
    pub(super) gateway: SocketAddr,
    pub(super) spec: Option<Spec>,
}

/// What is changed under the lock; nothing here waits.
pub(super) struct State {
    pub(super) config: DiscordConfig,
    pub(super) world: World,
    pub(super) random: fastrand::Rng,
    pub(super) findings: Findings,
    pub(super) voices: Voices,
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) sockets: BTreeMap<u64, mpsc::UnboundedSender<ToSocket>>,
    pub(super) next_socket: u64,
    pub(super) resume_url: String,
    /// When and by which process a bucket last identified.
    pub(super) identified: HashMap<u64, (u64, u64)>,
    /// Which bot process runs, counted by who starts it.
    pub(super) process: u64,
    pub(super) starts_left: u32,
    pub(super) faults: Faults,
    pub(super) interactions: HashMap<u64, Interaction>,
    pub(super) by_token: HashMap<String, u64>,
    pub(super) messages: BTreeMap<u64, Message>,
    pub(super) commands: Vec<Value>,
    pub(super) guild_commands: HashMap<u64, Vec<Value>>,
    pub(super) requests: VecDeque<RequestRecord>,
    pub(super) counted: HashMap<Option<u64>, BTreeMap<&'static str, u64>>,
    pub(super) limits: Limits,
    /// Channels in which the bot was told that it may not write, and when.
    pub(super) forbidden: HashMap<u64, u64>,
    pub(super) presences: Vec<Value>,
    pub(super) summary: DiscordSummary,
    pub(super) later: Vec<(u64, Later)>,
}

/// Something that happens when its time has come.
#[derive(Clone, Debug)]
pub(super) enum Later {
    /// The endpoint of a voice server becomes known.
    VoiceServer(u64),
    /// The gateway accepts connections again.
    OpenGateway,
}

impl Shared {
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes who waits.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_modify(|n| *n += 1);
        result
    }

    /// Waits until `look` finds something, at most for `within`.
    pub(super) async fn wait_for<T>(&self, within: Duration, mut look: impl FnMut(&State) -> Option<T>) -> Option<T> {
        let mut changed = self.changed.subscribe();
        let search = async {
            loop {
                changed.borrow_and_update();
                if let Some(found) = look(&self.lock()) {
                    return Some(found);
                }
                if changed.changed().await.is_err() {
                    return None;
                }
            }
        };
        tokio::time::timeout(within, search).await.ok().flatten()
    }
}

/// Does what is due: events that wait for their time, sessions that nobody resumed.
pub(super) async fn clock(shared: Arc<Shared>) {
    let mut stopped = shared.stopped.subscribe();
    loop {
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(20)) => {}
            _ = stopped.wait_for(|stopped| *stopped) => return,
        }
        let mut state = shared.lock();
        let now = state.now();
        let due: Vec<Later> = state
            .later
            .extract_if(.., |(at, _)| *at <= now)
            .map(|(_, it)| it)
            .collect();
        let expired = state.expired(now);
        if due.is_empty() && expired.is_empty() {
            continue;
        }
        for session in expired {
            state.end_session(&session);
        }
        for later in due {
            match later {
                Later::VoiceServer(guild) => state.tell_voice_server(guild),
                Later::OpenGateway => {
                    shared.open.send_replace(true);
                    state.summary.gateway_back_at_ms.push(now);
                }
            }
        }
        drop(state);
        shared.changed.send_modify(|n| *n += 1);
    }
}

impl State {
    /// The run's clock, ms.
    pub(super) fn now(&self) -> u64 {
        u64::try_from(self.config.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// `length` random hexadecimal digits.
    pub(super) fn hex(&mut self, length: usize) -> String {
        (0..length)
            .map(|_| char::from_digit(self.random.u32(..16), 16).unwrap_or('0'))
            .collect()
    }

    pub(super) fn record(&mut self, record: RequestRecord) {
        if !record.operation.is_empty() {
            self.findings.count(format!("rest.{}", record.operation));
            *self
                .counted
                .entry(record.guild)
                .or_default()
                .entry(record.operation)
                .or_default() += 1;
        }
        if self.requests.len() == REQUESTS {
            self.requests.pop_front();
        }
        self.requests.push_back(record);
    }

    /// Sends an event about `guild` to every session that sees it and asked for `intent`.
    pub(super) fn dispatch(&mut self, guild: u64, intent: u64, name: &str, data: &Value) {
        let seeing: Vec<String> = self
            .sessions
            .values()
            .filter(|session| session.sees(guild) && session.intents & intent == intent)
            .map(|session| session.id.clone())
            .collect();
        for session in seeing {
            self.dispatch_to(&session, name, data);
        }
    }

    /// Sends an event to one session, or keeps it until that is resumed.
    pub(super) fn dispatch_to(&mut self, session: &str, name: &str, data: &Value) {
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        let text = session.next_event(name, data);
        if let Some(socket) = session.socket.and_then(|number| self.sockets.get(&number)) {
            // A socket that has ended reads no more; the event stays with the session.
            let _ = socket.send(ToSocket::Text(text));
        }
    }

    /// The session that sees `guild`; the one with a socket, then the newest, if several do.
    pub(super) fn session_for(&self, guild: u64) -> Option<&Session> {
        let seeing = self.sessions.values().filter(|session| session.sees(guild));
        seeing.max_by_key(|session| (session.socket.is_some(), session.born))
    }

    /// Seats `user` in `channel`, or takes the seat away, and tells who may know.
    pub(super) fn seat(&mut self, guild: u64, user: u64, seat: Option<&Seat>) {
        let Some(place) = self.world.guilds.get_mut(&guild) else {
            return;
        };
        let changed = match seat {
            Some(seat) => {
                place.seats.insert(user, seat.clone());
                true
            }
            None => place.seats.remove(&user).is_some(),
        };
        if !changed {
            return;
        }
        let Some(place) = self.world.guilds.get(&guild) else {
            return;
        };
        let mut state = render::seat(guild, user, seat);
        state["member"] = render::member(&self.world, place, user);
        let seen = !place.outage;
        if user == self.world.bot {
            self.seat_bot(guild, &state, seat);
        } else if seen {
            self.dispatch(guild, intents::VOICE_STATES, "VOICE_STATE_UPDATE", &state);
        }
    }

    /// The bot's own seat comes with a voice server and a grant.
    fn seat_bot(&mut self, guild: u64, state: &Value, seat: Option<&Seat>) {
        let Some(seat) = seat else {
            self.voices.revoke(guild, self.world.bot);
            self.later
                .retain(|(_, it)| !matches!(it, Later::VoiceServer(of) if *of == guild));
            self.dispatch(guild, intents::VOICE_STATES, "VOICE_STATE_UPDATE", state);
            return;
        };
        let null_for_ms = self.faults.null_endpoint_ms;
        let server = if null_for_ms > 0 {
            let due = self.now() + null_for_ms;
            self.later.push((due, Later::VoiceServer(guild)));
            self.voices.revoke(guild, self.world.bot);
            json!({ "token": "", "guild_id": guild.to_string(), "endpoint": null })
        } else {
            self.grant(guild, seat)
        };
        let state = ("VOICE_STATE_UPDATE", intents::VOICE_STATES, state.clone());
        let server = ("VOICE_SERVER_UPDATE", intents::VOICE_STATES, server);
        let events = match self.faults.voice_delivery {
            VoiceDelivery::InOrder => vec![state, server],
            VoiceDelivery::Reversed => vec![server, state],
            VoiceDelivery::Doubled => vec![state.clone(), server.clone(), state, server],
        };
        for (name, intent, data) in events {
            self.dispatch(guild, intent, name, &data);
        }
    }

    /// Gives out a voice state, the same again while nothing about it changed.
    fn grant(&mut self, guild: u64, seat: &Seat) -> Value {
        let token = format!(
            "{:016x}",
            fastrand::Rng::with_seed(seat.channel ^ hash(&seat.session_id)).u64(..)
        );
        let endpoint = "voice.localhost:2048".to_owned();
        let grant = Grant {
            session_id: seat.session_id.clone(),
            token: token.clone(),
            endpoint: endpoint.clone(),
            channel_id: seat.channel,
        };
        let bot = self.world.bot;
        if !self.voices.holds(guild, bot, &grant) {
            self.voices.issue(guild, bot, grant);
        }
        json!({ "token": token, "guild_id": guild.to_string(), "endpoint": endpoint })
    }

    /// The endpoint of the guild's voice server is known now.
    fn tell_voice_server(&mut self, guild: u64) {
        let bot = self.world.bot;
        let seat = self
            .world
            .guilds
            .get(&guild)
            .and_then(|guild| guild.seats.get(&bot))
            .cloned();
        if let Some(seat) = seat {
            let server = self.grant(guild, &seat);
            self.dispatch(guild, intents::VOICE_STATES, "VOICE_SERVER_UPDATE", &server);
        }
    }
}

fn hash(text: &str) -> u64 {
    use std::hash::{DefaultHasher, Hash as _, Hasher as _};
    let mut hasher = DefaultHasher::new();
    text.hash(&mut hasher);
    hasher.finish()
}
