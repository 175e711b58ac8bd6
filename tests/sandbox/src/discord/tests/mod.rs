//! Promises of the stand-in, over real sockets, with a bot of a few lines.

mod buttons;
mod faults;
mod gateway;
mod openapi;
mod rest;
mod voice;
mod written;

use std::time::{Duration, Instant};

use flate2::{Decompress, FlushDecompress};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::*;

/// Longer than anything here takes, shorter than a run that hangs.
const SOON: Duration = Duration::from_secs(10);

/// A stand-in with one guild, and what watches it.
struct House {
    discord: DiscordStandIn,
    voices: Voices,
    findings: Findings,
    guild: GuildIds,
}

impl House {
    async fn new(config: DiscordConfig) -> Self {
        let (voices, findings) = (Voices::default(), Findings::default());
        let discord = DiscordStandIn::start(config, voices.clone(), findings.clone())
            .await
            .expect("ports");
        let guild = discord.add_guild(&GuildSpec {
            name: "g1".into(),
            text: vec!["music".into()],
            voice: vec![
                VoiceSpec {
                    name: "Lounge".into(),
                    ..VoiceSpec::default()
                },
                VoiceSpec {
                    name: "Small".into(),
                    user_limit: 1,
                    stage: false,
                },
            ],
            members: vec![
                MemberSpec {
                    name: "ann".into(),
                    ..MemberSpec::default()
                },
                MemberSpec {
                    name: "bob".into(),
                    ..MemberSpec::default()
                },
            ],
            ..GuildSpec::default()
        });
        Self {
            discord,
            voices,
            findings,
            guild,
        }
    }

    async fn plain() -> Self {
        Self::new(DiscordConfig::default()).await
    }

    fn ann(&self) -> u64 {
        self.guild.members["ann"]
    }

    fn music(&self) -> u64 {
        self.guild.text["music"]
    }

    fn lounge(&self) -> u64 {
        self.guild.voice["Lounge"]
    }

    fn violations(&self) -> Vec<String> {
        self.findings.summary().violations
    }

    fn raced(&self, kind: &str) -> u64 {
        self.findings.summary().races.get(kind).copied().unwrap_or(0)
    }

    /// A request with the bot's token.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let response = self.send(method, path, body).await.expect("an answer");
        let status = response.status().as_u16();
        let text = response.text().await.expect("a body");
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    async fn send(&self, method: &str, path: &str, body: Option<Value>) -> reqwest::Result<reqwest::Response> {
        let url = format!("{}/api/v10{path}", self.discord.base_url());
        let method = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = reqwest::Client::new()
            .request(method, url)
            .header("Authorization", format!("Bot {}", self.discord.token()))
            .header("User-Agent", "DiscordBot (https://bot.example, 1)");
        if let Some(body) = body {
            request = request.json(&body);
        }
        request.send().await
    }

    /// Registers `/play query` and `/skip`.
    async fn register(&self) {
        let commands = json!([
            { "name": "play", "description": "plays", "options": [
                { "name": "query", "description": "what", "type": 3, "required": true },
            ] },
            { "name": "skip", "description": "skips" },
        ]);
        let path = format!("/applications/{}/commands", self.discord.bot());
        let (status, _) = self.call("PUT", &path, Some(commands)).await;
        assert_eq!(status, 200);
    }

    /// Ann uses a command.
    fn ann_says(&self, text: &str) -> InteractionHandle {
        let command = self
            .discord
            .parse_slash(self.guild.id, text)
            .expect("a registered command");
        self.discord
            .say(self.ann(), self.guild.id, self.music(), &command)
            .expect("a command that can be used")
    }
}

/// A socket as a bot has it.
struct Socket {
    ws: WebSocketStream<MaybeTlsStream<TcpStream>>,
    inflate: Option<Decompress>,
    pending: Vec<u8>,
    seq: u64,
}

impl Socket {
    /// Connects, and takes HELLO.
    async fn open(url: &str, query: &str) -> Self {
        let (ws, _) = tokio_tungstenite::connect_async(format!("{url}/?v=10&encoding=json{query}"))
            .await
            .expect("a gateway");
        let mut socket = Self {
            ws,
            inflate: query.contains("zlib-stream").then(|| Decompress::new(true)),
            pending: Vec::new(),
            seq: 0,
        };
        assert_eq!(socket.next().await["op"], 10, "HELLO comes first");
        socket
    }

    async fn to(house: &House) -> Self {
        Self::open(&format!("ws://{}", house.discord.gateway_addr()), "").await
    }

    async fn send(&mut self, op: u64, data: Value) {
        let text = json!({ "op": op, "d": data }).to_string();
        self.ws.send(Message::text(text)).await.expect("an open socket");
    }

    async fn identify(&mut self, house: &House, more: Value) {
        let mut data = json!({ "token": house.discord.token(), "intents": 129, "properties": {} });
        for (key, value) in more.as_object().into_iter().flatten() {
            data[key] = value.clone();
        }
        self.send(2, data).await;
    }

    /// Identifies and waits for READY and the first guild; READY's data.
    async fn begin(&mut self, house: &House) -> Value {
        self.identify(house, Value::Null).await;
        let ready = self.event("READY").await;
        self.event("GUILD_CREATE").await;
        ready
    }

    async fn resume(&mut self, house: &House, session: &Value, seq: u64) {
        let data = json!({ "token": house.discord.token(), "session_id": session, "seq": seq });
        self.send(6, data).await;
    }

    fn text(&mut self, message: Message) -> Option<String> {
        if let Message::Text(text) = message {
            return Some(text.to_string());
        }
        assert!(message.is_binary(), "{message:?} is no payload");
        let bytes = message.into_data();
        self.pending.extend_from_slice(&bytes);
        let stream = self.inflate.is_some();
        if stream && !self.pending.ends_with(&[0, 0, 0xff, 0xff]) {
            return None;
        }
        let mut once = Decompress::new(true);
        let inflate = self.inflate.as_mut().unwrap_or(&mut once);
        let mut out = Vec::with_capacity(1 << 20);
        inflate
            .decompress_vec(&self.pending, &mut out, FlushDecompress::Sync)
            .expect("inflates");
        self.pending.clear();
        Some(String::from_utf8(out).expect("text"))
    }

    /// The next payload, as text.
    async fn raw(&mut self) -> String {
        loop {
            let message = tokio::time::timeout(SOON, self.ws.next()).await.expect("in time");
            let message = message.expect("an open socket").expect("a message");
            if let Some(text) = self.text(message) {
                return text;
            }
        }
    }

    async fn next(&mut self) -> Value {
        let value: Value = serde_json::from_str(&self.raw().await).expect("JSON");
        self.seq = value["s"].as_u64().unwrap_or(self.seq);
        value
    }

    /// The next event of this name; its data.
    async fn event(&mut self, name: &str) -> Value {
        loop {
            let value = self.next().await;
            if value["t"] == name {
                return value["d"].clone();
            }
        }
    }

    /// The next payload with this op.
    async fn op(&mut self, op: u64) -> Value {
        loop {
            let value = self.next().await;
            if value["op"] == op {
                return value;
            }
        }
    }

    /// The code that the gateway closes with; `None` if it ends without one.
    async fn closed(&mut self) -> Option<u16> {
        loop {
            match tokio::time::timeout(SOON, self.ws.next()).await.expect("in time") {
                Some(Ok(Message::Close(frame))) => return frame.map(|frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return None,
            }
        }
    }

    async fn close(mut self, code: u16) {
        let frame = CloseFrame {
            code: code.into(),
            reason: "".into(),
        };
        self.ws.close(Some(frame)).await.expect("a farewell");
        while let Some(Ok(_)) = self.ws.next().await {}
    }
}

/// Waits until `look` holds.
async fn until(what: &str, mut look: impl FnMut() -> bool) {
    let start = Instant::now();
    while !look() {
        assert!(start.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
