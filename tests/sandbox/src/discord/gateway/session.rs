//! Sessions: what was sent, to whom it goes next, when it is over.

use std::collections::VecDeque;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::discord::state::State;

/// How many events a session keeps for a RESUME.
const KEPT: usize = 50_000;

/// What a socket is told.
#[derive(Clone, Debug)]
pub(in crate::discord) enum ToSocket {
    /// Send this.
    Text(Arc<str>),
    /// Say farewell with this code and end.
    Close(u16),
    /// End without a farewell.
    Drop,
}

/// A session of one shard.
#[derive(Debug)]
pub(in crate::discord) struct Session {
    pub(in crate::discord) id: String,
    pub(in crate::discord) shard: u64,
    pub(in crate::discord) shards: u64,
    pub(in crate::discord) intents: u64,
    pub(in crate::discord) seq: u64,
    sent: VecDeque<(u64, Arc<str>)>,
    /// The socket that serves it now.
    pub(in crate::discord) socket: Option<u64>,
    /// Rises whenever a socket is gained or lost: what was sent before may have been lost on the way.
    pub(in crate::discord) generation: u64,
    /// When the last socket was lost, on the run's clock.
    lost_at_ms: u64,
    /// Later sessions have higher numbers.
    pub(in crate::discord) born: u64,
}

impl Session {
    pub(super) fn new(id: String, (shard, shards): (u64, u64), intents: u64, socket: u64) -> Self {
        Self {
            id,
            shard,
            shards,
            intents,
            seq: 0,
            sent: VecDeque::new(),
            socket: Some(socket),
            generation: 0,
            lost_at_ms: 0,
            born: socket,
        }
    }

    /// Whether `guild` falls on its shard.
    pub(in crate::discord) const fn sees(&self, guild: u64) -> bool {
        (guild >> 22) % self.shards == self.shard
    }

    /// Numbers an event and keeps it.
    pub(in crate::discord) fn next_event(&mut self, name: &str, data: &Value) -> Arc<str> {
        self.seq += 1;
        // In Discord's own order of keys.
        let name = Value::from(name);
        let text: Arc<str> = format!(r#"{{"t":{name},"s":{},"op":0,"d":{data}}}"#, self.seq).into();
        if self.sent.len() == KEPT {
            self.sent.pop_front();
        }
        self.sent.push_back((self.seq, Arc::clone(&text)));
        text
    }

    /// What was sent after `seq`; `None` if that is kept no more or was never sent.
    pub(super) fn after(&self, seq: u64) -> Option<Vec<Arc<str>>> {
        let oldest = self.sent.front().map_or(self.seq + 1, |(first, _)| *first);
        (seq <= self.seq && seq + 1 >= oldest).then(|| {
            self.sent
                .iter()
                .filter(|(number, _)| *number > seq)
                .map(|(_, text)| Arc::clone(text))
                .collect()
        })
    }
}

impl State {
    /// Tells a socket something; one that has ended needs no telling.
    pub(super) fn to_socket(&self, number: u64, message: ToSocket) {
        if let Some(socket) = self.sockets.get(&number) {
            let _ = socket.send(message);
        }
    }

    /// Sends something that is no event.
    pub(super) fn send_op(&self, number: u64, op: u8, data: &Value) {
        let text = json!({ "t": null, "s": null, "op": op, "d": data }).to_string();
        self.to_socket(number, ToSocket::Text(text.into()));
    }

    /// A socket serves `session` from now on; the one that did is closed.
    pub(super) fn attach(&mut self, session: &str, number: u64) {
        let Some(session) = self.sessions.get_mut(session) else {
            return;
        };
        session.generation += 1;
        if let Some(older) = session.socket.replace(number)
            && older != number
        {
            self.to_socket(older, ToSocket::Close(4000));
        }
    }

    /// A socket has ended; `farewell` is the code that the bot closed it with.
    pub(super) fn detach(&mut self, number: u64, farewell: Option<u16>) {
        self.sockets.remove(&number);
        let now = self.now();
        let Some(session) = self.sessions.values_mut().find(|it| it.socket == Some(number)) else {
            return;
        };
        session.socket = None;
        session.generation += 1;
        session.lost_at_ms = now;
        // Discord ends a session that its owner closes normally; with any other code it can be resumed.
        if matches!(farewell, Some(1000 | 1001)) {
            let id = session.id.clone();
            self.findings.count("gateway.session closed by the bot");
            self.end_session(&id);
        }
    }

    /// Sessions that have been without a socket for too long.
    pub(in crate::discord) fn expired(&self, now: u64) -> Vec<String> {
        self.sessions
            .values()
            .filter(|session| session.socket.is_none())
            .filter(|session| now >= session.lost_at_ms.saturating_add(self.config.resume_window_ms))
            .map(|session| session.id.clone())
            .collect()
    }

    /// A session is over: the bot leaves the voice channels of its guilds.
    pub(in crate::discord) fn end_session(&mut self, id: &str) {
        let Some(session) = self.sessions.remove(id) else {
            return;
        };
        let bot = self.world.bot;
        let seated: Vec<u64> = self
            .world
            .guilds
            .values()
            .filter(|guild| session.sees(guild.id) && guild.seats.contains_key(&bot))
            .map(|guild| guild.id)
            .collect();
        for guild in seated {
            self.seat(guild, bot, None);
        }
    }
}
