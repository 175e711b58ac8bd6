//! The language of scenarios: what a file may say, as data. `tests/scenarios/README.md` tells it to people.
//!
//! Reading ([`read`]) refuses what it does not know, at file and line, with the nearest word that it does know.

mod check;
mod read;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) use check::NOWHERE;
pub use read::{Problem, Problems, read};

/// The name of the bot in a file, where a user's name could stand.
pub const BOT: &str = "bot";

/// The name of the user who reads queues for expectations. It sits in no voice channel.
pub const OBSERVER: &str = "observer";

/// One scenario, read and checked: every name in it exists.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// The file it stands in.
    pub file: PathBuf,
    /// What it promises.
    pub name: String,
    /// What exists before the first step.
    pub world: World,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// What exists before the first step.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// Guilds by name.
    pub guilds: BTreeMap<String, GuildSpec>,
    /// Names of the audio nodes.
    pub nodes: Vec<String>,
    /// Tracks by id, copies written out.
    pub tracks: BTreeMap<String, TrackSpec>,
    /// Playlists by id, copies written out.
    pub playlists: BTreeMap<String, ListSpec>,
    /// Settings of the bot that differ from its defaults.
    pub config: BTreeMap<String, serde_json::Value>,
}

/// A guild.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GuildSpec {
    /// Text channels; commands are typed in the first one unless said otherwise.
    pub text: Vec<String>,
    /// Voice channels.
    pub voice: Vec<String>,
    /// Users.
    pub members: Vec<String>,
}

/// A track.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrackSpec {
    /// Title: what a search finds.
    pub title: String,
    /// Author.
    pub author: Option<String>,
    /// Length, ms; three minutes unless given.
    pub length_ms: Option<u64>,
    /// A live stream: it has no length.
    #[serde(default)]
    pub live: bool,
    /// It fails before its first frame.
    #[serde(default)]
    pub fails: bool,
    /// It breaks at this position, ms.
    pub breaks_at_ms: Option<u64>,
    /// It goes silent at this position for good, ms.
    pub sticks_at_ms: Option<u64>,
    /// Looking it up fails with this message.
    pub load_error: Option<String>,
    /// Looking it up takes this long, ms.
    #[serde(default)]
    pub load_ms: u64,
    /// So many of them: `x1`, `x2` … with the number behind the title.
    pub copies: Option<u32>,
}

/// A playlist.
#[derive(Clone, Debug, PartialEq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListSpec {
    /// Its name.
    pub name: String,
    /// Ids of its tracks, in order.
    pub tracks: Vec<String>,
}

/// One step and where it stands.
#[derive(Clone, Debug)]
pub struct Step {
    /// Line in the file.
    pub line: u64,
    /// What happens.
    pub action: Action,
}

/// What a step does.
#[derive(Clone, Debug)]
pub enum Action {
    /// A user, or the bot against its will, goes to a voice channel.
    Voice(VoiceStep),
    /// A user types a command.
    Say(Line),
    /// Several type at the same moment.
    Together(Vec<Line>),
    /// Goes on as soon as all of it is so.
    Wait(Wait),
    /// All of it stays so for a time.
    Hold(Hold),
    /// The bot says something in a channel that nobody asked for just now.
    Notice(Notice),
    /// Something breaks.
    Fault(Fault),
    /// All of it is so now, or the scenario has failed.
    Expect(Expect),
}

/// Somebody goes to a voice channel, or leaves.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceStep {
    /// The user, or `bot`: it is moved or thrown out.
    pub who: String,
    /// The channel, or `nowhere`.
    pub to: String,
    /// The guild, where there are several.
    pub guild: Option<String>,
}

/// A command and what must come back.
#[derive(Clone, Debug)]
pub struct Line {
    /// The command.
    pub say: Say,
    /// What must come back.
    pub reply: Reply,
}

/// A command, as it is typed.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Say {
    /// Who types it.
    pub who: String,
    /// The text: `/name option:value …`.
    pub text: String,
    /// The text channel, if not the first one.
    #[serde(rename = "in")]
    pub channel: Option<String>,
    /// The guild, where there are several.
    pub guild: Option<String>,
}

/// What must come back. Every command must be answered, whether a step says so or not.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Reply {
    /// Every one of these is in the final answer.
    pub contains: Texts,
    /// None of these is.
    pub lacks: Texts,
    /// Who sees it.
    pub seen_by: Option<SeenBy>,
    /// Whether a sign of work comes before the answer.
    pub deferred: Option<bool>,
    /// Whether an answer comes at all; `false`: none may come within the time.
    pub expected: Option<bool>,
    /// Until when the final answer is there, ms from typing; 3,000 unless given.
    pub within_ms: Option<u64>,
}

/// Who sees an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SeenBy {
    /// Everybody in the channel.
    All,
    /// The one who typed.
    Caller,
}

/// One text or a list of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Texts(pub Vec<String>);

/// What a guild sounds and looks like from outside.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Wait {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// This track is heard.
    pub sounding: Option<String>,
    /// Nothing is heard.
    pub silent: bool,
    /// The player is paused, or not.
    pub paused: Option<bool>,
    /// The player's volume, percent.
    pub volume: Option<i64>,
    /// The player's position lies between these, ms.
    pub position_ms: Option<(u64, u64)>,
    /// The voice channel of the bot, or `nowhere`.
    pub bot_in: Option<String>,
    /// The node that plays, by name.
    pub node: Option<String>,
    /// Until when, ms; 3,000 unless given.
    pub within_ms: Option<u64>,
}

/// What stays so for a time.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hold {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// This track is heard all the time.
    pub sounding: Option<String>,
    /// Nothing is heard all the time.
    pub silent: bool,
    /// The voice channel of the bot, or `nowhere`, all the time.
    pub bot_in: Option<String>,
    /// How long, ms.
    pub for_ms: u64,
}

/// Something the bot says by itself.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Notice {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// The text channel; any unless given.
    #[serde(rename = "in")]
    pub channel: Option<String>,
    /// Every one of these is in it.
    pub contains: Texts,
    /// Until when, ms; 3,000 unless given.
    pub within_ms: Option<u64>,
}

/// Something breaks. Exactly one of `node`, `node_of`, `gateway`, `rest`, `voice` and `bot` is given.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Fault {
    /// A node by name, or `all`.
    pub node: Option<String>,
    /// The node that plays for this guild.
    pub node_of: Option<String>,
    /// What the node does.
    #[serde(rename = "do")]
    pub what: Option<NodeFault>,
    /// What the gateway does.
    pub gateway: Option<GatewayFault>,
    /// What Discord's REST does.
    pub rest: Option<RestFault>,
    /// The voice server closes this guild's connection, with `code`.
    pub voice: Option<String>,
    /// What happens to the bot's process.
    pub bot: Option<BotFault>,
    /// A close code, of the gateway or a voice server.
    pub code: Option<u16>,
    /// How long the gateway is away, ms.
    pub for_ms: Option<u64>,
    /// How many requests REST refuses or delays; 1 unless given.
    pub times: Option<u32>,
}

/// What a node does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeFault {
    /// Its process dies.
    Kill,
    /// It is started again, empty.
    Revive,
    /// It reads and writes nothing, its connections stay open.
    Freeze,
    /// It goes on.
    Thaw,
    /// Its connections are reset; it lives.
    Abort,
    /// It answers what makes no sense.
    Garbage,
    /// It makes sense again.
    Sane,
}

/// What the gateway does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GatewayFault {
    /// Drops every connection without a farewell.
    Drop,
    /// Asks for a new connection (op 7).
    Reconnect,
    /// Calls the session over (op 9), not resumable.
    Invalid,
    /// Closes with `code`.
    Close,
    /// Is gone for `for_ms`.
    Away,
    /// Sends frames that are no JSON.
    Garbage,
}

/// What Discord's REST does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
pub enum RestFault {
    /// 429 with a short `Retry-After`.
    #[serde(rename = "429", alias = "rate_limit")]
    RateLimit,
    /// 503.
    #[serde(rename = "5xx", alias = "broken")]
    Broken,
    /// Answers after 700 ms.
    #[serde(rename = "slow")]
    Slow,
}

/// What happens to the bot's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotFault {
    /// SIGKILL, and started again at once with the same data.
    Kill9,
    /// SIGTERM, and started again once it has ended.
    Restart,
    /// SIGKILL; `start` starts it again.
    Kill9Only,
    /// Started again with the same data.
    Start,
}

/// What must be so now.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// What the player does.
    pub player: Option<PlayerSpec>,
    /// What `/queue` shows behind the current track: ids in order.
    pub queue: Option<Vec<String>>,
    /// What the reply to `/queue` contains.
    pub queue_says: Texts,
    /// Tracks heard so far, in order; the same one twice in a row is one unless it began again.
    pub heard: Option<Vec<String>>,
    /// The longest gap so far is at most this, ms.
    pub longest_gap_ms: Option<u64>,
    /// Notices that the bot has sent so far.
    pub notices: Option<usize>,
    /// How often Discord's REST was called, by operation.
    pub rest: BTreeMap<String, u64>,
    /// How often the gateway saw `identify` and `resume`.
    pub gateway: BTreeMap<String, u64>,
}

/// What a player does.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PlayerSpec {
    /// The track in it.
    pub track: Option<String>,
    /// Paused, or not.
    pub paused: Option<bool>,
    /// Volume, percent.
    pub volume: Option<i64>,
    /// The position lies between these, ms.
    pub position_ms: Option<(u64, u64)>,
}

impl Scenario {
    /// Whether it must not share a bot and stand-ins with others.
    pub fn needs_its_own(&self) -> bool {
        !self.world.config.is_empty() || self.world.nodes.len() != 2 || self.steps.iter().any(|step| step.is_private())
    }
}

impl Step {
    fn is_private(&self) -> bool {
        match &self.action {
            Action::Fault(_) => true,
            Action::Expect(expect) => !expect.rest.is_empty() || !expect.gateway.is_empty(),
            Action::Voice(_)
            | Action::Say(_)
            | Action::Together(_)
            | Action::Wait(_)
            | Action::Hold(_)
            | Action::Notice(_) => false,
        }
    }

    /// What a report calls it.
    pub fn title(&self) -> String {
        match &self.action {
            Action::Voice(step) => format!("voice: {} to {}", step.who, step.to),
            Action::Say(line) => format!("{}: {}", line.say.who, line.say.text),
            Action::Together(lines) => {
                let texts: Vec<String> = lines
                    .iter()
                    .map(|line| format!("{}: {}", line.say.who, line.say.text))
                    .collect();
                format!("together: {}", texts.join(" · "))
            }
            Action::Wait(_) => "wait".into(),
            Action::Hold(_) => "hold".into(),
            Action::Notice(_) => "notice".into(),
            Action::Fault(_) => "fault".into(),
            Action::Expect(_) => "expect".into(),
        }
    }
}

impl TrackSpec {
    /// Length, ms; `None` for a live stream.
    pub fn length(&self) -> Option<u64> {
        (!self.live).then(|| self.length_ms.unwrap_or(180_000))
    }
}

impl<'de> serde::Deserialize<'de> for Texts {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct OneOrMany;
        impl<'de> serde::de::Visitor<'de> for OneOrMany {
            type Value = Texts;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a text or a list of texts")
            }
            fn visit_str<E>(self, text: &str) -> Result<Texts, E> {
                Ok(Texts(vec![text.to_owned()]))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Texts, E> {
                Ok(Texts(vec![number.to_string()]))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Texts, E> {
                Ok(Texts(vec![number.to_string()]))
            }
            fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut seq: A) -> Result<Texts, A::Error> {
                let mut texts = Vec::new();
                while let Some(text) = seq.next_element::<String>()? {
                    texts.push(text);
                }
                Ok(Texts(texts))
            }
        }
        deserializer.deserialize_any(OneOrMany)
    }
}
