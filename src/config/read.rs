//! One walk over [`KEYS`](super::KEYS): file, environment, defaults; every mistake is kept and the walk goes on.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use super::check;
use super::key::{Default, Key, Place};
use super::keys::keys;
use super::node::is_empty;
use super::problem::{NOT_SET, Problem, suggestion};
use super::source::{Raw, Sources};
use super::value::{Value, parse};

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody set it.
    Default,
    /// A file.
    File(PathBuf),
    /// A variable.
    Environment(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path) => path.display().fmt(f),
            Self::Environment(name) => f.write_str(name),
        }
    }
}

/// One key with the value that holds.
#[derive(Clone, Debug)]
pub struct Effective {
    /// The key.
    pub key: &'static Key,
    /// Its value.
    pub value: Value,
    /// Where the value comes from.
    pub origin: Origin,
}

/// What a reading found.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Every key, in the table's order. A value that could not be taken is replaced by the next one in rank.
    pub values: Vec<Effective>,
    /// Mistakes: with any of them the bot does not start.
    pub problems: Vec<Problem>,
    /// What is probably a mistake, but may be meant for somebody else.
    pub warnings: Vec<Problem>,
}

/// Reads `sources` whole.
pub fn read(sources: &Sources) -> Reading {
    let mut reading = Reading {
        values: Vec::new(),
        problems: sources.problems.clone(),
        warnings: misspelt_variables(sources),
    };
    let mut leaves = BTreeMap::new();
    let mut is_known = !sources.problems.iter().any(|problem| problem.key == "CONFIG_PATH");
    match sources.tree() {
        Ok(tree) => flatten(&tree, "", &mut leaves, &mut reading.problems, &file_name(sources)),
        Err(problem) => {
            is_known = false;
            reading.problems.push(problem);
        }
    }
    for key in keys() {
        let effective = effective(key, sources, &leaves, &mut reading.problems);
        if key.default == Default::Required && effective.value == Value::Unset {
            let tried = reading.problems.iter().any(|problem| problem.key == key.path);
            if !tried {
                reading.problems.push(Problem {
                    key: key.path.into(),
                    origin: NOT_SET.into(),
                    problem: "the bot does not start without it".into(),
                    fix: format!("set {} (docs/configuration.md says where it comes from)", key.env),
                });
            }
        }
        reading.values.push(effective);
    }
    check::all(&mut reading);
    if !is_known {
        // Who can't read the file can't say what is missing.
        reading.problems.retain(|problem| problem.origin != NOT_SET);
    }
    reading
}

fn file_name(sources: &Sources) -> String {
    sources
        .file
        .as_ref()
        .map(|(path, _)| path.display().to_string())
        .unwrap_or_default()
}

/// The value that holds: environment, then file, then default.
fn effective(
    key: &'static Key,
    sources: &Sources,
    leaves: &BTreeMap<&'static str, Raw>,
    problems: &mut Vec<Problem>,
) -> Effective {
    let environment = sources
        .variable(key.env)
        .map(|text| (Raw::Text(text.to_owned()), Origin::Environment(key.env)));
    let path = sources.file.as_ref().map(|(path, _)| path.clone()).unwrap_or_default();
    let file = leaves.get(key.path).map(|raw| (raw.clone(), Origin::File(path)));
    let default = match key.default {
        Default::Is(text) => Some((Raw::Text(text.to_owned()), Origin::Default)),
        Default::Unset | Default::Required => None,
    };
    let mut holds = None;
    for (raw, origin) in [environment, file, default].into_iter().flatten() {
        match parse(key, &raw) {
            Ok(value) if holds.is_none() => holds = Some(Effective { key, value, origin }),
            Ok(_) => {}
            Err(faults) => problems.extend(faults.into_iter().map(|fault| Problem {
                key: format!("{}{}", key.path, fault.part),
                origin: origin.to_string(),
                problem: fault.problem,
                fix: fault.fix,
            })),
        }
    }
    holds.unwrap_or(Effective {
        key,
        value: Value::Unset,
        origin: Origin::Default,
    })
}

/// The file's values by path. What is not in the table is a problem.
fn flatten(
    tree: &BTreeMap<String, Raw>,
    prefix: &str,
    leaves: &mut BTreeMap<&'static str, Raw>,
    problems: &mut Vec<Problem>,
    file: &str,
) {
    for (name, raw) in tree {
        let path = format!("{prefix}{name}");
        let mut problem = |problem: &str, fix: String| {
            problems.push(Problem {
                key: path.clone(),
                origin: file.into(),
                problem: problem.into(),
                fix,
            });
        };
        if let Some(key) = keys().find(|key| key.path == path) {
            if key.place == Place::Environment {
                problem("belongs to the environment", elsewhere(key));
            } else if leaves.contains_key(key.path) {
                problem("is there twice", "keep one of the two".into());
            } else if !is_empty(raw) {
                leaves.insert(key.path, raw.clone());
            }
            continue;
        }
        let group = format!("{path}.");
        if !keys().any(|key| key.path.starts_with(&group)) {
            problem("is not a key", meant(&path));
            continue;
        }
        match raw {
            Raw::Map(inner) => flatten(inner, &group, leaves, problems, file),
            Raw::Nothing => {}
            Raw::Text(_) | Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) | Raw::List(_) => {
                problem(
                    "is a group of keys, not a value",
                    "put its keys under it, two spaces in".into(),
                );
            }
        }
    }
}

fn elsewhere(key: &Key) -> String {
    if key.path.starts_with("lavalink.") {
        return format!("set {}, or describe the node under lavalink_nodes", key.env);
    }
    format!("set {} instead", key.env)
}

/// The key that was probably meant.
fn meant(path: &str) -> String {
    let known = || keys().filter(|key| key.place == Place::Both);
    let found = suggestion(path, known().map(|key| key.path));
    match found.and_then(|name| known().find(|key| key.path == name)) {
        Some(key) => format!("did you mean `{}` ({})?", key.path, key.accepts()),
        None => "remove it; docs/configuration.md lists all keys".into(),
    }
}

/// Variables that look like a key of ours, misspelt. Others share our environment, so this is no more than a hint.
fn misspelt_variables(sources: &Sources) -> Vec<Problem> {
    const OURS: [&str; 6] = [
        "DISCORD_",
        "LAVALINK_",
        "SHARDING_",
        "SUPERVISION_",
        "STATUS_API_",
        "METRICS_",
    ];
    let unknown = |name: &&String| {
        OURS.iter().any(|prefix| name.starts_with(prefix)) && !keys().any(|key| key.env == name.as_str())
    };
    let hint = |name: &String| {
        let meant =
            suggestion(name, keys().map(|key| key.env)).filter(|meant| strsim::levenshtein(meant, name) <= 2)?;
        Some(Problem {
            key: name.clone(),
            origin: "environment".into(),
            problem: "is not a variable of the bot".into(),
            fix: format!("did you mean {meant}?"),
        })
    };
    sources.environment.keys().filter(unknown).filter_map(hint).collect()
}

impl Reading {
    /// The key with its value.
    pub fn get(&self, path: &str) -> Option<&Effective> {
        let found = self.values.iter().find(|effective| effective.key.path == path);
        debug_assert!(found.is_some(), "{path} is not in KEYS");
        found
    }
}
