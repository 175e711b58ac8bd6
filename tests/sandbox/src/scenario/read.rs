//! From a file to a checked [`Scenario`], or to what is wrong with it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_saphyr::{Error, Spanned};

use super::{
    Action, Card, Click, Complete, Expect, Fault, GuildSpec, Hold, Line, ListSpec, Notice, Press, Reply, Say, Scenario,
    Staff, Step, TrackSpec, VoiceStep, Wait, World, check,
};

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The file.
    pub file: PathBuf,
    /// The line, from 1; 0 if it is the file as a whole.
    pub line: u64,
    /// What is wrong, and what would be right.
    pub text: String,
}

/// All that is wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file.display(), self.line, self.text)
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

/// The file as written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawScenario {
    name: String,
    world: Spanned<RawWorld>,
    steps: Vec<Spanned<RawStep>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawWorld {
    guilds: BTreeMap<String, GuildSpec>,
    #[serde(default)]
    nodes: Vec<String>,
    #[serde(default)]
    tracks: BTreeMap<String, TrackSpec>,
    #[serde(default)]
    playlists: BTreeMap<String, ListSpec>,
    #[serde(default)]
    stages: Vec<String>,
    #[serde(default)]
    operators: Vec<String>,
    #[serde(default)]
    managers: Vec<String>,
    message_content: Option<bool>,
    #[serde(default)]
    config: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct RawStep {
    voice: Option<VoiceStep>,
    say: Option<Say>,
    click: Option<Press>,
    complete: Option<Complete>,
    reply: Option<Reply>,
    together: Option<Vec<RawLine>>,
    wait: Option<Wait>,
    hold: Option<Hold>,
    notice: Option<Notice>,
    card: Option<Card>,
    staff: Option<Staff>,
    fault: Option<Fault>,
    expect: Option<Expect>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawLine {
    say: Say,
    #[serde(default)]
    reply: Reply,
}

/// Reads the scenario in `file`.
///
/// # Errors
/// What is wrong, with file and line: not readable, not YAML, an unknown key, a name that does not exist.
pub fn read(file: &Path) -> Result<Scenario, Problems> {
    let text = std::fs::read_to_string(file).map_err(|error| {
        Problems(vec![Problem {
            file: file.into(),
            line: 0,
            text: format!("not readable: {error}"),
        }])
    })?;
    parse(file, &text)
}

/// Reads the scenario in `text`, which stands in `file`.
pub(super) fn parse(file: &Path, text: &str) -> Result<Scenario, Problems> {
    let raw: RawScenario = serde_saphyr::from_str(text).map_err(|error| Problems(vec![explain(file, &error)]))?;
    let problem = |line: u64, text: String| Problem {
        file: file.into(),
        line,
        text,
    };
    let mut problems = Vec::new();
    let mut steps = Vec::new();
    for step in raw.steps {
        let line = step.referenced.line();
        match action(step.value) {
            Ok(action) => steps.push(Step { line, action }),
            Err(text) => problems.push(problem(line, text)),
        }
    }
    let (world_line, world) = (raw.world.referenced.line(), raw.world.value);
    let scenario = Scenario {
        file: file.into(),
        name: raw.name,
        world: write_out(world),
        steps,
    };
    problems.extend(
        check::check(&scenario, world_line)
            .into_iter()
            .map(|(line, text)| problem(line, text)),
    );
    if problems.is_empty() {
        Ok(scenario)
    } else {
        problems.sort_by_key(|problem| problem.line);
        Err(Problems(problems))
    }
}

fn action(raw: RawStep) -> Result<Action, String> {
    let mut reply = raw.reply;
    let mut actions: Vec<Action> = Vec::new();
    actions.extend(raw.voice.map(Action::Voice));
    if let Some(say) = raw.say {
        let reply = reply.take().unwrap_or_default();
        actions.push(Action::Say(Line { say, reply }));
    }
    if let Some(press) = raw.click {
        let reply = reply.take().unwrap_or_default();
        actions.push(Action::Click(Click { press, reply }));
    }
    actions.extend(raw.together.map(|lines| {
        let line = |line: RawLine| Line {
            say: line.say,
            reply: line.reply,
        };
        Action::Together(lines.into_iter().map(line).collect())
    }));
    actions.extend(raw.complete.map(Action::Complete));
    actions.extend(raw.wait.map(Action::Wait));
    actions.extend(raw.hold.map(Action::Hold));
    actions.extend(raw.notice.map(Action::Notice));
    actions.extend(raw.card.map(Action::Card));
    actions.extend(raw.staff.map(Action::Staff));
    actions.extend(raw.fault.map(Action::Fault));
    actions.extend(raw.expect.map(Action::Expect));
    if reply.is_some() {
        return Err("`reply` stands beside a `say` or a `click`, which this step lacks".into());
    }
    match (actions.pop(), actions.is_empty()) {
        (Some(action), true) => Ok(action),
        (None, _) => Err(
            "a step does one of: voice, say, click, complete, together, wait, hold, notice, card, staff, fault, expect; this one does nothing"
                .into(),
        ),
        (Some(_), false) => Err("a step does one thing; write two steps".into()),
    }
}

/// Writes copies of tracks out.
fn write_out(raw: RawWorld) -> World {
    let mut copies: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut tracks = BTreeMap::new();
    for (id, track) in raw.tracks {
        let Some(count) = track.copies else {
            tracks.insert(id, track);
            continue;
        };
        for number in 1..=count {
            let copy = TrackSpec {
                title: format!("{} {number}", track.title),
                copies: None,
                ..track.clone()
            };
            let copy_id = format!("{id}{number}");
            copies.entry(id.clone()).or_default().push(copy_id.clone());
            tracks.insert(copy_id, copy);
        }
    }
    let mut playlists = raw.playlists;
    for list in playlists.values_mut() {
        list.tracks = std::mem::take(&mut list.tracks)
            .into_iter()
            .flat_map(|id| copies.get(&id).cloned().unwrap_or_else(|| vec![id]))
            .collect();
    }
    let nodes = if raw.nodes.is_empty() {
        vec!["n1".into(), "n2".into()]
    } else {
        raw.nodes
    };
    World {
        guilds: raw.guilds,
        nodes,
        tracks,
        playlists,
        stages: raw.stages,
        operators: raw.operators,
        managers: raw.managers,
        message_content: raw.message_content.unwrap_or(true),
        config: raw.config,
    }
}

fn explain(file: &Path, error: &Error) -> Problem {
    let line = error.location().map_or(0, |location| location.line());
    let bare = error.without_snippet();
    let text = if let Error::SerdeUnknownField { field, expected, .. } = bare {
        unknown("key", field, expected)
    } else if let Error::SerdeUnknownVariant { variant, expected, .. } = bare {
        unknown("word", variant, expected)
    } else {
        bare.render().lines().next().unwrap_or_default().to_owned()
    };
    Problem {
        file: file.into(),
        line,
        text,
    }
}

fn unknown(what: &str, word: &str, known: &[&str]) -> String {
    let list = known.join(", ");
    match nearest(word, known.iter().copied()) {
        Some(near) => format!("unknown {what} `{word}`; did you mean `{near}`? Known here: {list}"),
        None => format!("unknown {what} `{word}`. Known here: {list}"),
    }
}

/// The word of `known` that `word` was probably meant to be.
pub(super) fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + candidate.len() / 4)
        .min()
        .map(|(_, candidate)| candidate)
}
