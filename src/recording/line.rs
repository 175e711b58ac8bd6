//! The lines of a recording, how they are summed up, and how they are read again.

use std::io::BufRead;

use ostinato_actors::fingerprint::{chained, whole_fingerprint};
use ostinato_machine::guild::{Event, Guild, Mask, Stamped, Whole, wants};
use ostinato_machine::ids::GuildId;
use ostinato_machine::limits::Limits;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Version of the form.
pub(crate) const VERSION: u32 = 1;

/// Longest line that is read, bytes: a guild with a full queue, written whole.
const LONGEST: u64 = 32 * 1_024 * 1_024;

/// What stands between a line and its sum.
const SUM: &str = ",\"sum\":\"";

/// One line.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// The first one.
    Recording(Box<Header>),
    /// An input that was applied.
    Step(Box<Step>),
    /// An input at which the guild's actor died.
    Died {
        /// The input.
        stamped: Box<Stamped>,
        /// How.
        cause: String,
    },
    /// The last one: why no more follows.
    End(String),
}

/// What a recording begins with.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Header {
    /// Version of the form.
    pub(crate) v: u32,
    /// The guild.
    pub(crate) guild: GuildId,
    /// The release whose rules were followed.
    pub(crate) release: String,
    /// Wall-clock ms.
    pub(crate) at_ms: u64,
    /// The limits that held.
    pub(crate) limits: Limits,
    /// All that the guild was, masked.
    pub(crate) state: Whole,
    /// How it stood.
    pub(crate) after: After,
}

/// An input and what followed.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Step {
    /// The input, masked.
    pub(crate) stamped: Stamped,
    /// What followed.
    pub(crate) after: After,
}

/// What an input led to.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct After {
    /// What changed, in order; of what is passing, the name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) events: Vec<Value>,
    /// What is wanted, if that changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) wanted: Option<Value>,
    /// The revision.
    pub(crate) revision: u64,
    /// The hash of the state.
    pub(crate) hash: String,
}

impl After {
    /// What followed, with `guild` as it is now, masked. `wanted`: what was wanted before, and is from now on.
    pub(crate) fn of(guild: &Guild, events: &[Event], mask: &mut dyn Mask, wanted: &mut Value) -> Self {
        let now = serde_json::to_value(wants(guild)).unwrap_or_default();
        let changed = (now != *wanted).then(|| now.clone());
        *wanted = now;
        Self {
            events: events.iter().map(|event| written(event, mask)).collect(),
            wanted: changed,
            revision: guild.revision(),
            hash: format!("{:016x}", whole_fingerprint(guild)),
        }
    }
}

fn written(event: &Event, mask: &mut dyn Mask) -> Value {
    if event.kept() {
        return serde_json::to_value(event.masked(mask)).unwrap_or_default();
    }
    // Nothing of it but its name: the input that it comes from stands in the same line.
    let told = format!("{event:?}");
    let name = told.split(|sign: char| !sign.is_alphanumeric()).next();
    json!(name)
}

/// A line as it is written, and the sum that the next one goes on from.
pub(super) fn write(line: &Line, before: u64) -> serde_json::Result<(String, u64)> {
    let mut text = serde_json::to_string(line)?;
    let sum = chained(before, &text);
    // Its last sign closes the object; a unit variant would have none, and there is none.
    text.truncate(text.len().saturating_sub(1));
    text.push_str(&format!("{SUM}{sum:016x}\"}}\n"));
    Ok((text, sum))
}

/// The lines of a file, one after the other.
pub(crate) struct Reading<R> {
    from: R,
    sum: u64,
    number: u64,
}

impl<R: BufRead> Reading<R> {
    pub(crate) fn new(from: R) -> Self {
        Self {
            from,
            sum: 0,
            number: 0,
        }
    }

    /// The next line; `None` behind the last one. `false`: somebody has changed it, or one before it is missing.
    ///
    /// # Errors
    /// With the number of the line that can't be read.
    pub(crate) fn next(&mut self) -> Result<Option<(Line, bool)>, String> {
        self.number += 1;
        let fault = |what: &str| format!("line {}: {what}", self.number);
        let mut text = String::new();
        let read = std::io::Read::take(&mut self.from, LONGEST).read_line(&mut text);
        if read.map_err(|error| fault(&error.to_string()))? == 0 {
            return Ok(None);
        }
        let line = text.trim_end_matches('\n');
        let (body, sum) = line
            .rsplit_once(SUM)
            .ok_or_else(|| fault("it is cut off, or no line of a recording"))?;
        let body = format!("{body}}}");
        let mine = chained(self.sum, &body);
        let good = sum.strip_suffix("\"}") == Some(&format!("{mine:016x}"));
        self.sum = mine;
        let line = serde_json::from_str(&body).map_err(|error| fault(&error.to_string()))?;
        Ok(Some((line, good)))
    }
}
