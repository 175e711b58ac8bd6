//! What can be broken, and what is broken now.

use std::time::Duration;

use serde_json::json;

use super::DiscordStandIn;
use super::gateway::ToSocket;
use super::state::{Later, State};

/// How the two voice events reach the bot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VoiceDelivery {
    /// State, then server.
    #[default]
    InOrder,
    /// Server, then state.
    Reversed,
    /// Both, twice.
    Doubled,
}

/// Whose limit a 429 speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitScope {
    /// The bot's, on one route.
    User,
    /// All who use the resource.
    Shared,
    /// The bot's, on all routes.
    Global,
}

impl LimitScope {
    /// As the header names it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Shared => "shared",
            Self::Global => "global",
        }
    }
}

/// What happens to a REST request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RestFaultKind {
    /// 429 without a limit having been exceeded.
    TooMany {
        /// Whose limit.
        scope: LimitScope,
        /// How long to wait, ms.
        retry_after_ms: u64,
    },
    /// This status (500, 502, 503 …), nothing done.
    ServerError(u16),
    /// The answer comes so much later, ms.
    Slow(u64),
    /// The connection is dropped, before or after the request took effect.
    Drop {
        /// Whether the request took effect.
        done: bool,
    },
}

/// A fault for the next requests.
#[derive(Clone, Debug)]
pub struct RestFault {
    /// What happens.
    pub kind: RestFaultKind,
    /// Only requests of this operation, named as Discord names it; all if `None`.
    pub operation: Option<String>,
    /// To how many requests; `u32::MAX` until [`Fault::Calm`].
    pub next: u32,
}

/// One fault to be injected.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Heartbeats are not acknowledged while this is on.
    MuteAck(bool),
    /// Sockets end without a farewell: those of one shard, or all.
    DropTcp {
        /// The shard; all if `None`.
        shard: Option<u64>,
    },
    /// Sockets end and the gateway's port is closed for so long, ms.
    GatewayAway {
        /// How long, ms.
        for_ms: u64,
    },
    /// The next RESUMEs are answered with op 9 `false`, their sessions end.
    RefuseResume {
        /// How many.
        next: u32,
    },
    /// Op 7: reconnect, please.
    Reconnect {
        /// The shard; all if `None`.
        shard: Option<u64>,
    },
    /// Op 9. Not resumable: the session ends, and with it the bot's voice.
    InvalidSession {
        /// The shard; all if `None`.
        shard: Option<u64>,
        /// Whether it may be resumed.
        resumable: bool,
    },
    /// Sockets are closed with this code. 4003, 4004, 4007, 4009 and 4010 to 4014 end the session too.
    Close {
        /// The shard; all if `None`.
        shard: Option<u64>,
        /// The code.
        code: u16,
    },
    /// Op 1: beat now.
    RequestHeartbeat {
        /// The shard; all if `None`.
        shard: Option<u64>,
    },
    /// A frame that is no JSON.
    MalformedFrame {
        /// The shard; all if `None`.
        shard: Option<u64>,
    },
    /// An event that nobody has heard of.
    UnknownEvent {
        /// The shard; all if `None`.
        shard: Option<u64>,
    },
    /// Compressed messages come in several frames while this is on.
    SplitFrames(bool),
    /// How voice events are delivered from now on.
    VoiceDelivery(VoiceDelivery),
    /// From now on a voice server has no endpoint at first and gets one after so long; 0 ends this.
    NullEndpoint {
        /// How long, ms.
        for_ms: u64,
    },
    /// Op 4 is not answered while this is on.
    IgnoreVoiceOrders(bool),
    /// The token is refused, by REST with 401 and at the gateway with 4004, while this is on.
    RefuseToken(bool),
    /// Something happens to the next REST requests.
    Rest(RestFault),
    /// All faults end.
    Calm,
}

/// What is broken now.
#[derive(Debug, Default)]
pub(super) struct Faults {
    pub(super) mute_ack: bool,
    pub(super) refuse_resume: u32,
    pub(super) split_frames: bool,
    pub(super) voice_delivery: VoiceDelivery,
    pub(super) null_endpoint_ms: u64,
    pub(super) ignore_voice_orders: bool,
    pub(super) refuse_token: bool,
    pub(super) rest: Vec<RestFault>,
}

impl Faults {
    /// The fault that hits a request of `operation`, used up by one.
    pub(super) fn hit(&mut self, operation: &str) -> Option<RestFaultKind> {
        let place = self
            .rest
            .iter()
            .position(|fault| fault.next > 0 && fault.operation.as_deref().is_none_or(|only| only == operation))?;
        let fault = &mut self.rest[place];
        let kind = fault.kind;
        if fault.next != u32::MAX {
            fault.next -= 1;
        }
        self.rest.retain(|fault| fault.next > 0);
        Some(kind)
    }
}

impl DiscordStandIn {
    /// Injects a fault. What the bot is refused because of it is no violation.
    pub fn fault(&self, fault: Fault) {
        let opens_after_ms = if let Fault::GatewayAway { for_ms } = fault {
            Some(for_ms)
        } else if matches!(fault, Fault::Calm) && !*self.0.open.borrow() {
            Some(0)
        } else {
            None
        };
        if let Some(after_ms) = opens_after_ms {
            self.0.open.send_replace(false);
            self.0.change(|state| {
                let due = state.now().saturating_add(after_ms);
                state.later.retain(|(_, it)| !matches!(it, Later::OpenGateway));
                state.later.push((due, Later::OpenGateway));
            });
        }
        self.0.change(|state| state.inject(fault));
    }

    /// The gateway is away for `length`: sockets end, the port is closed.
    pub fn gateway_away(&self, length: Duration) {
        let for_ms = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
        self.fault(Fault::GatewayAway { for_ms });
    }
}

impl State {
    fn inject(&mut self, fault: Fault) {
        match fault {
            Fault::MuteAck(on) => self.faults.mute_ack = on,
            Fault::DropTcp { shard } => self.tell(shard, || ToSocket::Drop),
            Fault::GatewayAway { .. } => self.drop_sockets(),
            Fault::RefuseResume { next } => self.faults.refuse_resume = next,
            Fault::Reconnect { shard } => self.tell_op(shard, 7, &serde_json::Value::Null),
            Fault::InvalidSession { shard, resumable } => self.invalidate(shard, resumable),
            Fault::Close { shard, code } => self.close(shard, code),
            Fault::RequestHeartbeat { shard } => self.tell_op(shard, 1, &serde_json::Value::Null),
            Fault::MalformedFrame { shard } => {
                self.tell(shard, || ToSocket::Text(r#"{"t":"VOICE_STATE_UPDATE","s":"#.into()));
            }
            Fault::UnknownEvent { shard } => {
                for id in self.sessions_of(shard) {
                    self.dispatch_to(&id, "SURPRISE_CREATE", &json!({ "anything": [1, null] }));
                }
            }
            Fault::SplitFrames(on) => self.faults.split_frames = on,
            Fault::VoiceDelivery(how) => self.faults.voice_delivery = how,
            Fault::NullEndpoint { for_ms } => self.faults.null_endpoint_ms = for_ms,
            Fault::IgnoreVoiceOrders(on) => self.faults.ignore_voice_orders = on,
            Fault::RefuseToken(on) => self.faults.refuse_token = on,
            Fault::Rest(fault) => self.faults.rest.push(fault),
            Fault::Calm => self.faults = Faults::default(),
        }
    }

    /// The sessions of one shard, or all.
    fn sessions_of(&self, shard: Option<u64>) -> Vec<String> {
        self.sessions
            .values()
            .filter(|session| shard.is_none_or(|shard| shard == session.shard))
            .map(|session| session.id.clone())
            .collect()
    }

    fn tell(&self, shard: Option<u64>, message: impl Fn() -> ToSocket) {
        for id in self.sessions_of(shard) {
            let number = self.sessions.get(&id).and_then(|session| session.socket);
            if let Some(socket) = number.and_then(|number| self.sockets.get(&number)) {
                // A socket that has ended needs no telling.
                let _ = socket.send(message());
            }
        }
    }

    fn tell_op(&self, shard: Option<u64>, op: u8, data: &serde_json::Value) {
        let text = json!({ "t": null, "s": null, "op": op, "d": data }).to_string();
        self.tell(shard, || ToSocket::Text(text.as_str().into()));
    }

    fn drop_sockets(&self) {
        for socket in self.sockets.values() {
            let _ = socket.send(ToSocket::Drop);
        }
    }

    fn invalidate(&mut self, shard: Option<u64>, resumable: bool) {
        self.tell_op(shard, 9, &json!(resumable));
        if !resumable {
            for id in self.sessions_of(shard) {
                self.end_session(&id);
            }
        }
    }

    fn close(&mut self, shard: Option<u64>, code: u16) {
        self.tell(shard, || ToSocket::Close(code));
        if matches!(code, 4003 | 4004 | 4007 | 4009..=4014) {
            for id in self.sessions_of(shard) {
                self.end_session(&id);
            }
        }
    }
}
