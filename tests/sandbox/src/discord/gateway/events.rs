//! What the bot sends over a socket, and what Discord makes of it.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::intents;
use super::session::{Session, ToSocket};
use crate::discord::render;
use crate::discord::state::State;
use crate::discord::world::Seat;

/// Sends that one connection may make within [`WINDOW_MS`].
const SENDS: usize = 120;
const WINDOW_MS: u64 = 60_000;
/// The largest payload.
const PAYLOAD: usize = 4_096;
/// Time in which a bucket may identify once.
const IDENTIFY_MS: u64 = 5_000;
/// Guilds that one shard may have.
const GUILDS: usize = 2_500;

/// What is known of one socket.
#[derive(Debug)]
pub(super) struct Socket {
    pub(super) number: u64,
    /// The path that it was opened with.
    pub(super) path: String,
    /// Whether single messages may be compressed, as IDENTIFY or the URL asked.
    pub(super) compress: bool,
    /// Whether a transport compression is on.
    pub(super) stream: bool,
    /// When the bot sent something within the last minute.
    pub(super) sent: VecDeque<u64>,
    /// When the bot last beat.
    pub(super) beaten_at_ms: u64,
}

impl State {
    /// The session that a socket serves.
    fn session_on(&self, number: u64) -> Option<&Session> {
        self.sessions.values().find(|session| session.socket == Some(number))
    }

    /// Closes a socket because of something that the bot should not have done.
    fn offend(&self, socket: &Socket, code: u16, what: &str) {
        self.findings.violation(format!("gateway: {what}: closed with {code}"));
        self.to_socket(socket.number, ToSocket::Close(code));
    }

    /// Takes what the bot sent.
    pub(super) fn receive(&mut self, socket: &mut Socket, text: &str) {
        let now = self.now();
        while socket.sent.front().is_some_and(|at| at + WINDOW_MS <= now) {
            socket.sent.pop_front();
        }
        socket.sent.push_back(now);
        if socket.sent.len() > SENDS {
            return self.offend(socket, 4008, "more than 120 sends within 60 s");
        }
        if text.len() > PAYLOAD {
            let what = format!("a payload of {} bytes, 4096 are allowed", text.len());
            return self.offend(socket, 4002, &what);
        }
        let Ok(frame) = serde_json::from_str::<Value>(text) else {
            return self.offend(socket, 4002, "a payload that is no JSON");
        };
        let (op, data) = (frame["op"].as_u64(), &frame["d"]);
        if let Some(op) = op {
            self.findings.count(format!("gateway.op {op}"));
        }
        match op {
            Some(1) => self.beat(socket, data),
            Some(2) => self.identify(socket, data),
            Some(6) => self.resume(socket, data),
            Some(3 | 4 | 8) if self.session_on(socket.number).is_none() => {
                // The session may have ended while this was under way.
                self.findings.race("gateway order without a session");
            }
            Some(3) => self.presence(socket, data),
            Some(4) => self.voice_order(socket, data),
            Some(8) => self
                .findings
                .note("members were requested over the gateway: not answered"),
            Some(_) | None => self.offend(socket, 4001, &format!("unknown op {}", frame["op"])),
        }
    }

    fn beat(&mut self, socket: &mut Socket, data: &Value) {
        if !data.is_null() && !data.is_u64() {
            return self.offend(socket, 4002, "a heartbeat without a sequence number");
        }
        socket.beaten_at_ms = self.now();
        if !self.faults.mute_ack {
            let text = r#"{"t":null,"s":null,"op":11,"d":null}"#;
            self.to_socket(socket.number, ToSocket::Text(text.into()));
        }
    }

    /// Whether the token is the bot's; closes the socket if not.
    fn knows(&self, socket: &Socket, data: &Value) -> bool {
        let token = data["token"].as_str().unwrap_or_default();
        if self.faults.refuse_token {
            self.findings.race("token refused");
            self.to_socket(socket.number, ToSocket::Close(4004));
            return false;
        }
        let good = token.strip_prefix("Bot ").unwrap_or(token) == self.config.token;
        if !good {
            self.offend(socket, 4004, "a wrong token");
        }
        good
    }

    fn identify(&mut self, socket: &mut Socket, data: &Value) {
        if self.session_on(socket.number).is_some() {
            return self.offend(socket, 4005, "IDENTIFY on a socket that has a session");
        }
        if !self.knows(socket, data) {
            return;
        }
        let pair = &data["shard"];
        let shard = if pair.is_null() {
            Some((0, 1))
        } else {
            pair[0].as_u64().zip(pair[1].as_u64())
        };
        let Some((shard, shards)) = shard.filter(|(shard, shards)| shard < shards) else {
            return self.offend(socket, 4010, &format!("IDENTIFY as shard {}", data["shard"]));
        };
        let Some(asked) = data["intents"].as_u64().filter(|bits| bits & !intents::ALL == 0) else {
            return self.offend(socket, 4013, &format!("intents {}", data["intents"]));
        };
        if !data["properties"].is_object() {
            return self.offend(socket, 4002, "IDENTIFY without properties");
        }
        if !self.may_intend(socket, asked) || !self.may_identify(socket, shard) {
            return;
        }
        let guilds = self.world.guilds.keys().filter(|id| (**id >> 22) % shards == shard);
        if guilds.count() > GUILDS {
            return self.offend(socket, 4011, "more than 2,500 guilds on one shard");
        }
        socket.compress = !socket.stream && data["compress"] == json!(true);
        self.begin(socket, (shard, shards), asked);
    }

    fn may_intend(&self, socket: &Socket, asked: u64) -> bool {
        if asked & (intents::MEMBERS | intents::PRESENCES) != 0 {
            self.offend(socket, 4014, "an intent that the application was not granted");
            return false;
        }
        if asked & intents::MESSAGE_CONTENT != 0 && !self.config.content_intent {
            // Whether it is granted is learnt by trying.
            self.findings.race("message content intent refused");
            self.to_socket(socket.number, ToSocket::Close(4014));
            return false;
        }
        true
    }

    /// Enforces the buckets of 5 s and the budget of the day.
    fn may_identify(&mut self, socket: &Socket, shard: u64) -> bool {
        let now = self.now();
        let bucket = shard % u64::from(self.config.max_concurrency.max(1));
        if let Some((at, process)) = self.identified.get(&bucket).copied()
            && now < at + IDENTIFY_MS
        {
            let what = format!(
                "shard {shard} identifies {} ms after another of its bucket, 5000 are asked",
                now - at
            );
            if process == self.process {
                self.findings.violation(format!("gateway: {what}"));
            } else {
                // A new process cannot know when the last one did.
                self.findings.race("identify soon after a restart");
            }
            self.send_op(socket.number, 9, &json!(false));
            return false;
        }
        if self.starts_left == 0 {
            self.offend(socket, 4004, "IDENTIFY without a session start left");
            return false;
        }
        self.starts_left -= 1;
        self.identified.insert(bucket, (now, self.process));
        true
    }

    /// A new session: READY and the guilds.
    fn begin(&mut self, socket: &Socket, (shard, shards): (u64, u64), asked: u64) {
        let older: Vec<(String, Option<u64>)> = self
            .sessions
            .values()
            .filter(|it| it.shard == shard && it.shards == shards)
            .map(|it| (it.id.clone(), it.socket))
            .collect();
        for (id, number) in older {
            self.end_session(&id);
            if let Some(number) = number {
                self.to_socket(number, ToSocket::Close(4009));
            }
        }
        let id = self.hex(32);
        let session = Session::new(id.clone(), (shard, shards), asked, socket.number);
        let guilds: Vec<u64> = self
            .world
            .guilds
            .keys()
            .copied()
            .filter(|guild| session.sees(*guild))
            .collect();
        self.sessions.insert(id.clone(), session);
        self.summary.identifies += 1;
        let unavailable: Vec<Value> = guilds
            .iter()
            .map(|id| json!({ "id": id.to_string(), "unavailable": true }))
            .collect();
        let bot = self.world.bot;
        let flags = if self.config.content_intent { 1 << 19 } else { 0 };
        let ready = json!({
            "v": 10, "user": self.world.users.get(&bot).map(render::own_user), "user_settings": {}, "session_type": "normal",
            "session_id": id, "resume_gateway_url": self.resume_url, "shard": [shard, shards], "relationships": [],
            "private_channels": [], "presences": [], "guilds": unavailable, "guild_join_requests": [],
            "geo_ordered_rtc_regions": [], "application": { "id": bot.to_string(), "flags": flags },
            "_trace": ["stand-in"],
        });
        self.dispatch_to(&id, "READY", &ready);
        if asked & intents::GUILDS != 0 {
            for guild in guilds {
                if let Some(guild) = self.world.guilds.get(&guild).filter(|guild| !guild.outage) {
                    let create = render::guild_create(&self.world, guild);
                    self.dispatch_to(&id, "GUILD_CREATE", &create);
                }
            }
        }
    }

    fn resume(&mut self, socket: &mut Socket, data: &Value) {
        if self.session_on(socket.number).is_some() {
            return self.offend(socket, 4005, "RESUME on a socket that has a session");
        }
        let (id, seq) = (data["session_id"].as_str(), data["seq"].as_u64());
        let (Some(id), Some(seq)) = (id, seq) else {
            return self.offend(socket, 4002, "RESUME without a session or a sequence number");
        };
        if !self.knows(socket, data) {
            return;
        }
        if self.faults.refuse_resume > 0 {
            self.faults.refuse_resume -= 1;
            self.end_session(id);
        }
        let Some(session) = self.sessions.get(id) else {
            self.findings.race("gateway session gone");
            self.summary.resumes_refused += 1;
            return self.send_op(socket.number, 9, &json!(false));
        };
        if seq > session.seq {
            let what = format!("RESUME at {seq}, the session is at {}", session.seq);
            self.end_session(id);
            return self.offend(socket, 4007, &what);
        }
        let Some(missed) = session.after(seq) else {
            self.findings.race("gateway session too far behind");
            self.summary.resumes_refused += 1;
            self.end_session(id);
            return self.send_op(socket.number, 9, &json!(false));
        };
        let last = session.seq;
        self.attach(id, socket.number);
        for text in missed {
            self.to_socket(socket.number, ToSocket::Text(text));
        }
        let text = format!(r#"{{"t":"RESUMED","s":{last},"op":0,"d":{{"_trace":["stand-in"]}}}}"#);
        self.to_socket(socket.number, ToSocket::Text(text.into()));
        *self.summary.resumes.entry(socket.path.clone()).or_default() += 1;
        let now = self.now();
        self.summary.resumed_at_ms.push(now);
    }

    fn presence(&mut self, socket: &Socket, data: &Value) {
        let known = ["online", "dnd", "idle", "invisible", "offline"];
        let status = data["status"].as_str().unwrap_or_default();
        if !known.contains(&status) || !data["activities"].is_array() || !data["afk"].is_boolean() {
            return self.offend(socket, 4002, "a presence that is none");
        }
        self.presences.push(data.clone());
    }

    /// Op 4: the bot wants to join, move or leave. What it may not is not answered.
    fn voice_order(&mut self, socket: &Socket, data: &Value) {
        let id = |value: &Value| value.as_str().and_then(|id| id.parse::<u64>().ok());
        let channel = id(&data["channel_id"]);
        let (Some(guild), true) = (id(&data["guild_id"]), channel.is_some() || data["channel_id"].is_null()) else {
            return self.offend(socket, 4002, &format!("op 4 with {data}"));
        };
        let (Some(self_mute), Some(self_deaf)) = (data["self_mute"].as_bool(), data["self_deaf"].as_bool()) else {
            return self.offend(socket, 4002, "op 4 without self_mute and self_deaf");
        };
        let sees = self
            .session_on(socket.number)
            .is_some_and(|session| session.sees(guild));
        let bot = self.world.bot;
        let place = self.world.guilds.get(&guild).filter(|place| sees && !place.outage);
        if self.faults.ignore_voice_orders {
            return;
        }
        let Some(place) = place else {
            if sees && (self.world.gone.contains(&guild) || self.world.guilds.contains_key(&guild)) {
                self.findings.race("op 4 for a guild that is away");
            } else {
                self.findings
                    .violation(format!("gateway: op 4 for guild {guild}, which is not on this shard"));
            }
            return;
        };
        let Some(channel) = channel else {
            return self.seat(guild, bot, None);
        };
        if !self.world.may_enter(place, bot, channel) {
            self.findings.count("gateway.op 4 not answered");
            return;
        }
        let present = place.seats.get(&bot);
        let suppress = match present {
            Some(seat) if seat.channel == channel => seat.suppress,
            Some(_) | None => self.world.starts_suppressed(place, bot, channel),
        };
        let session_id = present.map(|seat| seat.session_id.clone());
        let session_id = session_id.unwrap_or_else(|| self.hex(32));
        let seat = Seat {
            channel,
            session_id,
            self_mute,
            self_deaf,
            suppress,
        };
        self.seat(guild, bot, Some(&seat));
    }
}
