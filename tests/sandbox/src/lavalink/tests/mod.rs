//! The stand-in's own promises, without recordings.

mod faults;
mod shell;
mod sound;
mod wire;

use serde_json::{Value, json};

use super::server::Numbered;
use super::{Answer, Body, Call, Core, CoreConfig, Out};
use crate::catalogue::{Behaviour, Catalogue, Song};
use crate::sound::SoundLedger;
use crate::voices::{Grant, Voices};

const GUILD: u64 = 7;
const BOT: u64 = 42;

/// A node without sockets, its client and what came of it.
struct Bench {
    node: u64,
    core: Core,
    voices: Voices,
    sound: SoundLedger,
    session: String,
    messages: Vec<Value>,
}

fn catalogue() -> Catalogue {
    let mut catalogue = Catalogue::default();
    catalogue.add(Song::new("long", "Long", 120_000));
    catalogue.add(Song::new("short", "Short", 2_000));
    let mut dry = Song::new("dry", "Dry", 60_000);
    dry.behaviour = Behaviour::SticksAt(3_000);
    catalogue.add(dry);
    catalogue
}

fn grant(number: u64) -> Grant {
    Grant {
        session_id: format!("voice-{number}"),
        token: "token".into(),
        endpoint: "voice.example:443".into(),
        channel_id: 5,
    }
}

fn voice(grant: &Grant) -> Value {
    json!({ "token": grant.token, "endpoint": grant.endpoint, "sessionId": grant.session_id,
            "channelId": grant.channel_id.to_string() })
}

fn encoded(id: &str) -> String {
    catalogue().song(id).unwrap().data().encode()
}

impl Bench {
    /// A node of this number with an open session.
    fn new(node: u64, voices: &Voices, sound: &SoundLedger) -> Self {
        let config = CoreConfig {
            name: "bench".into(),
            password: "pw".into(),
            version: "4.2.2".into(),
            seed: node,
            ..CoreConfig::default()
        };
        let net = Numbered {
            voices: voices.clone(),
            node,
        };
        let mut core = Core::new(config, Box::new(catalogue()), Box::new(net));
        let session = core.open(0, 1, BOT, None);
        let mut bench = Self {
            node,
            core,
            voices: voices.clone(),
            sound: sound.clone(),
            session,
            messages: Vec::new(),
        };
        bench.collect();
        bench.messages.clear();
        bench
    }

    /// One whose player is connected with a voice state that Discord holds.
    fn connected() -> Self {
        let mut bench = Self::new(1, &Voices::default(), &SoundLedger::default());
        bench.voices.issue(GUILD, BOT, grant(1));
        bench.patch(0, &json!({ "voice": voice(&grant(1)) }));
        bench.messages.clear();
        bench
    }

    fn collect(&mut self) {
        // Sources are numbered over all nodes.
        let numbered = |source: u64| self.node << 32 | source;
        for out in self.core.drain() {
            match out {
                Out::Send(_, message) => self.messages.push(message),
                Out::Sound(guild, source, Some(track), at) => self.sound.sounds(guild, numbered(source), &track, at),
                Out::Sound(guild, source, None, at) => self.sound.silent(guild, numbered(source), at),
            }
        }
    }

    fn tick(&mut self, now: u64) {
        self.core.tick(now);
        self.collect();
    }

    fn call(&mut self, now: u64, method: &str, body: &Value) -> Answer {
        self.core.tick(now);
        let call = Call {
            method: method.into(),
            path: format!("/v4/sessions/{}/players/{GUILD}", self.session),
            authorization: Some("pw".into()),
            content_type: Some("application/json".into()),
            body: body.to_string().into_bytes(),
            ..Call::default()
        };
        let answer = self.core.call(now, &call);
        self.collect();
        answer
    }

    /// A PATCH that is answered: status and body.
    fn patch(&mut self, now: u64, body: &Value) -> (u16, Value) {
        match self.call(now, "PATCH", body) {
            Answer::Now(reply) => match reply.body {
                Body::Json(json) => (reply.status, json),
                Body::Empty | Body::Text(_) => (reply.status, Value::Null),
            },
            Answer::Later(_) | Answer::Never => panic!("it is not answered"),
        }
    }

    fn play(&mut self, now: u64, id: &str) -> (u16, Value) {
        self.patch(now, &json!({ "track": { "encoded": encoded(id) } }))
    }

    /// The events so far, as `type` and `reason` or `code`; forgets them.
    fn events(&mut self) -> Vec<String> {
        let messages = std::mem::take(&mut self.messages);
        let events = messages.iter().filter(|message| message["op"] == "event");
        events
            .map(|event| {
                let kind = event["type"].as_str().unwrap_or_default().trim_end_matches("Event");
                let detail = [&event["reason"], &event["code"]]
                    .into_iter()
                    .filter(|detail| !detail.is_null() && *detail != "")
                    .map(ToString::to_string)
                    .next_back();
                detail.map_or_else(
                    || kind.to_owned(),
                    |detail| format!("{kind} {}", detail.replace('"', "")),
                )
            })
            .collect()
    }

    fn heard(&self, until: u64) -> u64 {
        self.sound.report(GUILD, until).frames_heard
    }
}
