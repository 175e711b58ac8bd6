//! The language of scenarios: what a file may say, as data. `tests/scenarios/README.md` tells it to people.
//!
//! Reading ([`read`]) refuses what it does not know, at file and line, with the nearest word that it does know.

mod check;
mod fault;
mod read;
#[cfg(test)]
mod tests;
mod texts;
mod world;

use std::collections::BTreeMap;
use std::path::PathBuf;

pub(crate) use check::NOWHERE;
pub use fault::{BotFault, Fault, GatewayFault, NodeFault, RestFault};
pub use read::{Problem, Problems, read};
pub use texts::Texts;
pub use world::{GuildSpec, ListSpec, TrackSpec, World};

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
    /// A user presses a button.
    Click(Click),
    /// A user types an option and is offered values of it.
    Complete(Complete),
    /// Several type at the same moment.
    Together(Vec<Line>),
    /// Goes on as soon as all of it is so.
    Wait(Wait),
    /// All of it stays so for a time.
    Hold(Hold),
    /// The bot says something in a channel that nobody asked for just now.
    Notice(Notice),
    /// Whoever runs the server does something to it.
    Staff(Staff),
    /// The card of what plays looks like this.
    Card(Card),
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
    /// The text: `/name option:value …`, or a message: `!name value …`, `@bot name value …`.
    pub text: String,
    /// So long after it is sent the bot is killed and started again, ms. The reply may come from either process.
    pub kill9_after_ms: Option<u64>,
    /// The text channel, if not the first one.
    #[serde(rename = "in")]
    pub channel: Option<String>,
    /// The guild, where there are several.
    pub guild: Option<String>,
}

/// A press of a button and what must come back.
#[derive(Clone, Debug)]
pub struct Click {
    /// The button.
    pub press: Press,
    /// What must come back.
    pub reply: Reply,
}

/// A slash command that is being typed, and what is offered for its last option.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Complete {
    /// Who types.
    pub who: String,
    /// The text so far: `/name option:val`.
    pub text: String,
    /// Every one of these is in one of the offers.
    #[serde(default)]
    pub offers: Texts,
    /// Nothing is offered.
    #[serde(default)]
    pub none: bool,
    /// The offer with these words is chosen and sent; they must be in the answer.
    pub choose: Option<String>,
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// Until when the offer is there, ms; 3,000 unless given.
    pub within_ms: Option<u64>,
}

/// A button, as it is pressed.
#[derive(Clone, Debug, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Press {
    /// Who presses it.
    pub who: String,
    /// Words of the button.
    pub button: String,
    /// Words of the message that it is on; the newest one with such a button if not said.
    #[serde(default)]
    pub on: String,
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
    /// Whether Discord's client sends the command at all; `false`: it refuses it, for an option that does not exist or
    /// a value out of bounds.
    pub sent: Option<bool>,
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

/// What whoever runs the server does to it: one of these.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Staff {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// Deletes this text or voice channel.
    pub deletes: Option<String>,
    /// Lets the bot speak on its stage (`true`), or sends it to the audience.
    pub lets_speak: Option<bool>,
    /// Makes the bot a moderator of this stage: it may let itself speak.
    pub makes_moderator_of: Option<String>,
    /// Removes the bot from the server.
    pub removes_bot: bool,
}

/// The card of what plays: the newest message with buttons that the bot posted by itself.
#[derive(Clone, Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Card {
    /// The guild, where there are several.
    pub guild: Option<String>,
    /// The text channel; any unless given.
    #[serde(rename = "in")]
    pub channel: Option<String>,
    /// Every one of these is in it.
    pub contains: Texts,
    /// None of these is.
    pub lacks: Texts,
    /// Its buttons in reading order, each by some of its words; `[]`: it has none any more.
    pub buttons: Option<Vec<String>>,
    /// How many were posted so far, those that are gone included.
    pub posted: Option<usize>,
    /// It is as said, and then somebody deletes it.
    pub delete: bool,
    /// Until when all is so, ms; 8,000 unless given: a card is written every 5 s at most.
    pub within_ms: Option<u64>,
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
        !self.world.config.is_empty()
            || !self.world.message_content
            || self.steps.iter().any(Step::asks_for_autoplay)
            || self.world.nodes.len() != 2
            || self.steps.iter().any(|step| step.is_private())
    }
}

impl Step {
    /// What autoplay finds by itself must not be another scenario's.
    fn asks_for_autoplay(&self) -> bool {
        let asks = |line: &Line| line.say.text.contains("autoplay");
        match &self.action {
            Action::Say(line) => asks(line),
            Action::Together(lines) => lines.iter().any(asks),
            Action::Voice(_)
            | Action::Click(_)
            | Action::Complete(_)
            | Action::Wait(_)
            | Action::Hold(_)
            | Action::Notice(_)
            | Action::Staff(_)
            | Action::Card(_)
            | Action::Fault(_)
            | Action::Expect(_) => false,
        }
    }

    fn is_private(&self) -> bool {
        match &self.action {
            Action::Fault(_) => true,
            Action::Say(line) => line.say.kill9_after_ms.is_some(),
            Action::Expect(expect) => !expect.rest.is_empty() || !expect.gateway.is_empty(),
            Action::Voice(_)
            | Action::Click(_)
            | Action::Complete(_)
            | Action::Together(_)
            | Action::Wait(_)
            | Action::Hold(_)
            | Action::Notice(_)
            | Action::Staff(_)
            | Action::Card(_) => false,
        }
    }

    /// What a report calls it.
    pub fn title(&self) -> String {
        match &self.action {
            Action::Voice(step) => format!("voice: {} to {}", step.who, step.to),
            Action::Say(line) => format!("{}: {}", line.say.who, line.say.text),
            Action::Complete(complete) => format!("{} types {}", complete.who, complete.text),
            Action::Click(click) => format!("click: {} on {}", click.press.who, click.press.button),
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
            Action::Card(_) => "card".into(),
            Action::Staff(_) => "staff".into(),
            Action::Fault(_) => "fault".into(),
            Action::Expect(_) => "expect".into(),
        }
    }
}
