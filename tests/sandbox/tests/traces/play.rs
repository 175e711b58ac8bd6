//! Plays a recording to a node on a stepped clock: does what the test did, when it had seen what the test had seen,
//! and keeps what comes back.

use std::collections::BTreeMap;

use sandbox::lavalink::{Answer, Body, Call, Core, Door, Knock, Out, Reply, answer_frame, farewell};
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use crate::trace::{Step, Trace};
use crate::world;

/// How much later than recorded a message may come before it is not waited for any more, ms.
const PATIENCE_MS: u64 = 12_000;

/// A message of the node.
pub(crate) struct Seen {
    pub(crate) conn: u64,
    pub(crate) at: u64,
    pub(crate) message: Value,
}

/// A node and what it did.
pub(crate) struct Play<'a> {
    trace: &'a Trace,
    core: Core,
    now: u64,
    pub(crate) seen: Vec<Seen>,
    /// Replies by step; none for a request that is never answered.
    pub(crate) replies: BTreeMap<u64, Option<Reply>>,
    /// Position of the player just before a request, by step.
    pub(crate) before: BTreeMap<u64, i64>,
    /// Close codes, by connection.
    pub(crate) closes: Vec<(u64, u16)>,
    pub(crate) pongs: Vec<(u64, String)>,
    pub(crate) sessions: Vec<String>,
    /// When each driven step was done: recorded, here.
    pub(crate) anchors: Vec<(u64, u64)>,
    open: Vec<u64>,
    /// Answers to requests that were not waited for.
    unanswered: Vec<(Value, Answer)>,
}

impl<'a> Play<'a> {
    /// Plays all of it.
    pub(crate) fn run(trace: &'a Trace) -> Self {
        let mut play = Self {
            trace,
            core: world::node(trace),
            now: 1_000,
            seen: Vec::new(),
            replies: BTreeMap::new(),
            before: BTreeMap::new(),
            closes: Vec::new(),
            pongs: Vec::new(),
            sessions: Vec::new(),
            anchors: vec![(0, 1_000)],
            open: Vec::new(),
            unanswered: Vec::new(),
        };
        for step in trace.driven() {
            play.step(step);
        }
        let last = trace.steps.last().map_or(0, |step| step.n);
        play.wait_for(last, 0);
        play
    }

    fn step(&mut self, step: &Step) {
        let (sent, after) = step.sent();
        self.wait_for(after, sent);
        let (recorded, here) = self.anchors.last().copied().unwrap_or_default();
        self.advance(here + sent.saturating_sub(recorded));
        self.anchors.push((sent, self.now));
        match step.kind.as_str() {
            "ws_open" => self.open(step),
            "rest" => self.rest(step),
            _ => self.action(step),
        }
        self.collect();
    }

    /// Steps the clock until every message up to step `n` has been seen.
    fn wait_for(&mut self, n: u64, sent: u64) {
        let (recorded, here) = self.anchors.last().copied().unwrap_or_default();
        let limit = here + sent.saturating_sub(recorded) + PATIENCE_MS;
        let needed = counts(self.trace.messages(n).map(|step| (step.conn, &step.line["message"])));
        loop {
            let seen = counts(self.seen.iter().map(|seen| (seen.conn, &seen.message)));
            let all = needed
                .iter()
                .all(|(key, count)| seen.get(key).copied().unwrap_or(0) >= *count);
            match self.core.deadline().filter(|at| *at <= limit && !all) {
                Some(at) => self.advance(at),
                None => return,
            }
        }
    }

    fn advance(&mut self, to: u64) {
        while let Some(at) = self.core.deadline().filter(|at| *at <= to) {
            self.now = at.max(self.now);
            self.core.tick(at);
            self.collect();
        }
        self.now = self.now.max(to);
    }

    fn collect(&mut self) {
        for out in self.core.drain() {
            let Out::Send(conn, message) = out else { continue };
            if message["op"] == "ready" && message["resumed"] == false {
                self.sessions.extend(message["sessionId"].as_str().map(str::to_owned));
            }
            let at = self.now;
            self.seen.push(Seen { conn, at, message });
        }
    }

    fn open(&mut self, step: &Step) {
        let header = |name: &str| {
            let value = step.line["request"]["headers"][name].as_str()?;
            Some(self.trace.fill(value, &self.sessions))
        };
        let knock = Knock {
            authorization: header("Authorization"),
            user_id: header("User-Id"),
            session_id: header("Session-Id"),
        };
        let reply = match self.core.knock(&knock) {
            Door::Shut(reply) => reply,
            Door::Open(reply, user) => {
                self.core.open(self.now, step.conn, user, knock.session_id.as_deref());
                self.open.push(step.conn);
                reply
            }
            Door::Slammed(reply, code) => {
                self.closes.push((step.conn, code_of(Some(&farewell(code)))));
                reply
            }
        };
        self.replies.insert(step.n, Some(reply));
    }

    fn rest(&mut self, step: &Step) {
        let request = &step.line["request"];
        if step.line["response"].is_null() {
            let sent = self.unanswered.iter().find(|(sent, _)| sent == request);
            let answer = sent.map(|(_, answer)| answer.clone());
            let reply = match answer.expect("it was sent before") {
                Answer::Now(reply) => Some(reply),
                Answer::Later(_) | Answer::Never => None,
            };
            self.replies.insert(step.n, reply);
            return;
        }
        let call = self.request(request);
        if let Some(position) = self.position(&call) {
            self.before.insert(step.n, position);
        }
        let reply = match self.call(&call) {
            Answer::Now(reply) => Some(reply),
            Answer::Later(_) | Answer::Never => None,
        };
        self.replies.insert(step.n, reply);
    }

    /// Sends a request and waits as long as the node says.
    fn call(&mut self, call: &Call) -> Answer {
        loop {
            match self.core.call(self.now, call) {
                Answer::Later(at) => self.advance(at),
                answer @ (Answer::Now(_) | Answer::Never) => return answer,
            }
        }
    }

    fn position(&mut self, call: &Call) -> Option<i64> {
        let look = Call {
            method: "GET".into(),
            body: Vec::new(),
            query: Vec::new(),
            ..call.clone()
        };
        match self.core.call(self.now, &look) {
            Answer::Now(Reply {
                body: Body::Json(body), ..
            }) => body["state"]["position"].as_i64(),
            Answer::Now(_) | Answer::Later(_) | Answer::Never => None,
        }
    }

    fn request(&self, request: &Value) -> Call {
        let path = self.trace.fill(request["path"].as_str().unwrap(), &self.sessions);
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let url = reqwest::Url::parse(&format!("http://x/?{query}")).unwrap();
        let pair = |(key, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            (key.into_owned(), self.trace.fill(&value, &self.sessions))
        };
        let headers = request["headers"].as_object();
        let header = |name: &str| headers.and_then(|headers| headers.get(name)?.as_str().map(str::to_owned));
        let none = headers.is_some_and(serde_json::Map::is_empty);
        let body = match (request.get("body"), request["body_raw"].as_str()) {
            (Some(body), _) => self.trace.fill_all(body, &self.sessions).to_string(),
            (None, raw) => raw.unwrap_or_default().to_owned(),
        };
        let declared = request.get("body").is_some() || request.get("body_raw").is_some();
        Call {
            method: request["method"].as_str().unwrap().to_owned(),
            path: path.to_owned(),
            query: url.query_pairs().map(pair).collect(),
            authorization: header("Authorization").or_else(|| (!none).then(|| "pw".to_owned())),
            content_type: header("Content-Type").or_else(|| declared.then(|| "application/json".to_owned())),
            body: body.into_bytes(),
        }
    }

    fn action(&mut self, step: &Step) {
        let action = &step.line["action"];
        let conn = action["conn"].as_u64().unwrap_or(0);
        let code = action["code"].as_u64().and_then(|code| u16::try_from(code).ok());
        match step.action() {
            // Their time passes before the next step.
            "wait" | "not_seen_within" => {}
            "client_closes" => self.hears(conn, &farewell(code.unwrap_or(1000))),
            "client_sends_text" => self.hears(conn, &Message::text(action["text"].as_str().unwrap())),
            "client_sends_ping" => {
                let payload = action["payload"].as_str().unwrap().to_owned();
                self.hears(conn, &Message::Ping(payload.into()));
            }
            "client_aborts_tcp" => {
                self.open.retain(|open| *open != conn);
                self.core.close(self.now, conn);
            }
            "voice_server_closes" => self.close_voice(action, code.unwrap()),
            "voice_server_vanishes" => self.core.lose_voice(self.now, 1_001),
            "node_gets_signal" => {
                let last = (action["signal"] == "SIGTERM").then(|| farewell(1001));
                let code = code_of(last.as_ref());
                self.closes.extend(self.open.drain(..).map(|conn| (conn, code)));
                self.core.die(self.now);
            }
            "node_started_again" => {}
            "sent_without_waiting" => {
                let request = &action["request"];
                let call = self.request(request);
                let answer = self.call(&call);
                self.unanswered.push((request.clone(), answer));
            }
            other => panic!("{}: the action {other} is not known", self.trace.name),
        }
    }

    fn hears(&mut self, conn: u64, frame: &Message) {
        match answer_frame(frame) {
            None => {}
            Some(Message::Pong(payload)) => {
                let payload = String::from_utf8(payload.to_vec()).unwrap();
                self.pongs.push((conn, payload));
            }
            closing => {
                self.closes.push((conn, code_of(closing.as_ref())));
                self.open.retain(|open| *open != conn);
                self.core.close(self.now, conn);
            }
        }
    }

    /// The connection of a voice server that is closed is the one that was opened for this guild; in a recording of
    /// the lost race it is the discarded one.
    fn close_voice(&mut self, action: &Value, code: u16) {
        let opened = self.trace.steps.iter().map(|step| &step.line["voice"]);
        let guild = opened
            .filter(|voice| voice["server"] == action["server"] && voice["conn"] == action["conn"])
            .find_map(|voice| voice["d"]["server_id"].as_str())
            .and_then(|guild| guild.parse().ok())
            .expect("the connection was opened for a guild");
        if self.trace.has("rare") {
            self.core.close_zombie(self.now, guild, code);
            return;
        }
        for id in self.core.sessions_with(guild) {
            self.core.close_voice(self.now, &id, guild, code);
        }
    }
}

/// The close code that a client sees; 1006 without a farewell.
fn code_of(frame: Option<&Message>) -> u16 {
    match frame {
        Some(Message::Close(Some(frame))) => frame.code.into(),
        Some(_) | None => 1006,
    }
}

/// How many messages of each kind there are; load figures come when they like.
fn counts<'m>(messages: impl Iterator<Item = (u64, &'m Value)>) -> BTreeMap<(u64, String), usize> {
    let mut counts = BTreeMap::new();
    for (conn, message) in messages.filter(|(_, message)| message["op"] != "stats") {
        let key = format!("{}{}{}", message["op"], message["type"], message["guildId"]);
        *counts.entry((conn, key)).or_default() += 1;
    }
    counts
}
