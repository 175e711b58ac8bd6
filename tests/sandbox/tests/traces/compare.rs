//! Compares a recorded JSON value with one of the stand-in: placeholders, positions within a tolerance, all else as is.

use sandbox::lavalink::TrackData;
use serde_json::Value;

use crate::trace::Trace;

/// What may differ.
pub(crate) struct Rule<'a> {
    pub(crate) trace: &'a Trace,
    pub(crate) sessions: &'a [String],
    /// How far a position may be off, ms.
    pub(crate) off_by: i64,
    /// Positions that will do as well, equally far off.
    pub(crate) or: Vec<i64>,
}

impl Rule<'_> {
    /// Every difference, as path and what is there.
    pub(crate) fn differences(&self, recorded: &Value, here: &Value) -> Vec<String> {
        let mut out = Vec::new();
        self.compare("", recorded, here, &mut out);
        out
    }

    fn compare(&self, path: &str, recorded: &Value, here: &Value, out: &mut Vec<String>) {
        match (recorded, here) {
            (Value::Object(a), Value::Object(b)) => {
                for (key, value) in a {
                    match b.get(key) {
                        Some(other) => self.compare(&format!("{path}.{key}"), value, other, out),
                        None => out.push(format!("{path}.{key} is missing")),
                    }
                }
                let more = b.keys().filter(|key| !a.contains_key(*key));
                out.extend(more.map(|key| format!("{path}.{key} is too much")));
                self.position_inside(path, b, out);
            }
            (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
                for (place, (one, other)) in a.iter().zip(b).enumerate() {
                    self.compare(&format!("{path}[{place}]"), one, other, out);
                }
            }
            _ if self.leaf(path, recorded, here) => {}
            _ => out.push(format!("{path}: {recorded} was recorded, here is {here}")),
        }
    }

    fn leaf(&self, path: &str, recorded: &Value, here: &Value) -> bool {
        match recorded {
            Value::Number(number) if path.ends_with(".position") => {
                number.as_i64().zip(here.as_i64()).is_some_and(|(a, b)| self.near(a, b))
            }
            Value::Number(number) => number.as_f64() == here.as_f64(),
            Value::String(text) => self.text(text, here),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => recorded == here,
        }
    }

    fn text(&self, recorded: &str, here: &Value) -> bool {
        match recorded {
            "<time>" | "<timestamp>" | "<number>" => here.is_number(),
            "<ping>" => here.as_i64().is_some_and(|ping| ping >= 0),
            "<stacktrace>" | "<git>" | "<jvm>" | "<lavaplayer>" => here.is_string(),
            _ if recorded.starts_with("<encoded:") => here.as_str().is_some_and(|here| self.encoded(recorded, here)),
            _ => here.as_str() == Some(&self.trace.fill(recorded, self.sessions)),
        }
    }

    fn encoded(&self, recorded: &str, here: &str) -> bool {
        let (Some((mut track, version)), Ok(decoded)) = (self.trace.encoded(recorded), TrackData::decode(here)) else {
            return false;
        };
        let near = self.near(track.position, decoded.position);
        track.position = decoded.position;
        near && track.encode_version(version) == here
    }

    fn near(&self, recorded: i64, here: i64) -> bool {
        let mut all = [recorded].into_iter().chain(self.or.iter().copied());
        all.any(|position| (position - here).abs() <= self.off_by)
    }

    /// A track's encoded string carries the position that is told beside it.
    fn position_inside(&self, path: &str, here: &serde_json::Map<String, Value>, out: &mut Vec<String>) {
        let (Some(encoded), Some(info)) = (here.get("encoded").and_then(Value::as_str), here.get("info")) else {
            return;
        };
        let inside = TrackData::decode(encoded).map(|track| track.position);
        if inside.ok() != info["position"].as_i64() {
            out.push(format!("{path}.encoded carries another position than info"));
        }
    }
}
