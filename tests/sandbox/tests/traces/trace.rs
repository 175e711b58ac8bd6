//! One recording: its header, its steps, and what its placeholders stand for.

use std::path::Path;

use sandbox::lavalink::TrackData;
use serde_json::Value;

/// Stands for the port of the media server.
const MEDIA: &str = "8199";

/// Stands for an address where nothing listens.
pub(crate) const REFUSED: &str = "127.0.0.1:1";

/// A recording.
pub(crate) struct Trace {
    pub(crate) name: String,
    pub(crate) header: Value,
    pub(crate) steps: Vec<Step>,
}

/// One line of it.
pub(crate) struct Step {
    pub(crate) n: u64,
    pub(crate) at: u64,
    pub(crate) kind: String,
    pub(crate) conn: u64,
    pub(crate) line: Value,
}

impl Step {
    /// When the test did it, and the last step it had seen before.
    pub(crate) fn sent(&self) -> (u64, u64) {
        let unanswered = self.kind == "rest" && self.line["response"].is_null();
        let sent = self.line["sent_ms"].as_u64().filter(|_| !unanswered);
        let after = self.line["sent_after"].as_u64().filter(|_| !unanswered);
        (sent.unwrap_or(self.at), after.unwrap_or(self.n - 1))
    }

    /// Whether the test did it; all else it saw.
    pub(crate) fn is_driven(&self) -> bool {
        matches!(self.kind.as_str(), "ws_open" | "rest" | "action")
    }

    pub(crate) fn action(&self) -> &str {
        self.line["action"]["do"].as_str().unwrap_or_default()
    }
}

impl Trace {
    pub(crate) fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).expect("the recording can be read");
        let mut lines = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).expect("a line is JSON"));
        let header = lines.next().expect("a recording has a header");
        let number = |line: &Value, name: &str| line[name].as_u64().unwrap_or(0);
        let steps = lines.map(|line| Step {
            n: number(&line, "n"),
            at: number(&line, "at_ms"),
            kind: line["kind"].as_str().unwrap_or_default().to_owned(),
            conn: number(&line, "conn"),
            line,
        });
        Self {
            name: header["scenario"].as_str().expect("it has a name").to_owned(),
            steps: steps.collect(),
            header,
        }
    }

    /// What the test did.
    pub(crate) fn driven(&self) -> impl Iterator<Item = &Step> {
        self.steps.iter().filter(|step| step.is_driven())
    }

    /// The messages of the node up to step `n`.
    pub(crate) fn messages(&self, n: u64) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(move |step| step.kind == "ws" && step.n <= n && step.line.get("message").is_some())
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.header[flag] == true
    }

    /// The track behind a letter of the header.
    fn track(&self, letter: &str, position: i64) -> TrackData {
        let track = &self.header["tracks"][letter];
        let text = |name: &str| track[name].as_str().map(|text| text.replace("<media>", MEDIA));
        TrackData {
            title: text("title").expect("a track has a title"),
            author: text("author").expect("a track has an author"),
            length: track["length"].as_i64().expect("a track has a length"),
            identifier: text("identifier").expect("a track has an identifier"),
            is_stream: track["isStream"] == true,
            uri: text("uri"),
            source_name: text("sourceName").expect("a track has a source"),
            probe_info: text("probeInfo"),
            position,
            ..TrackData::default()
        }
    }

    /// The tracks of the header with what their media does.
    pub(crate) fn tracks(&self) -> Vec<(TrackData, String)> {
        let tracks = self.header["tracks"].as_object();
        let all = tracks.into_iter().flatten();
        all.map(|(letter, track)| {
            let media = track["media"].as_str().unwrap_or_default().to_owned();
            (self.track(letter, 0), media)
        })
        .collect()
    }

    /// The track that `<encoded:L@1360>` stands for, with the version of its encoding.
    pub(crate) fn encoded(&self, text: &str) -> Option<(TrackData, u8)> {
        let inner = text.strip_prefix("<encoded:")?.strip_suffix('>')?;
        let (letter, rest) = inner.split_once('@')?;
        let (position, version) = rest.split_once(":v").unwrap_or((rest, "3"));
        let version = version.parse().ok()?;
        let mut track = self.track(letter, position.parse().ok()?);
        track.uri = track.uri.filter(|_| version > 1);
        Some((track, version))
    }

    /// Text with everything filled in that a placeholder stands for.
    pub(crate) fn fill(&self, text: &str, sessions: &[String]) -> String {
        if let Some((track, version)) = self.encoded(text) {
            return track.encode_version(version);
        }
        let mut out = text.replace("<media>", MEDIA);
        for (place, id) in sessions.iter().enumerate() {
            out = out.replace(&format!("<session:{}>", place + 1), id);
        }
        for server in 1..=2 {
            out = out.replace(&format!("<voice:{server}>"), &voice_server(server));
        }
        // As a port in an address, as an address of its own.
        out.replace("127.0.0.1:<refused>", REFUSED)
            .replace("<refused>", REFUSED)
    }

    /// The same all over a JSON value.
    pub(crate) fn fill_all(&self, value: &Value, sessions: &[String]) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text, sessions)),
            Value::Array(list) => list.iter().map(|one| self.fill_all(one, sessions)).collect(),
            Value::Object(map) => {
                let all = map.iter();
                all.map(|(key, one)| (key.clone(), self.fill_all(one, sessions)))
                    .collect()
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
        }
    }
}

/// The address of a stand-in voice server.
pub(crate) fn voice_server(number: u64) -> String {
    format!("127.0.0.1:{}", 7_000 + number)
}
