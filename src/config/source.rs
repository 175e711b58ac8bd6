//! Where values come from: one file and the environment, read once, as they are.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

use config::{FileFormat, Source, ValueKind};

use super::keys::keys;
use super::problem::Problem;

/// The file that is read when none is named.
pub const DEFAULT_FILE: &str = "config.yml";
/// Most bytes of a configuration file.
const FILE_BYTES: u64 = 256 * 1024;
/// Deepest nesting of a configuration file: the deepest key needs three.
const FILE_DEPTH: usize = 32;

/// A value as it was written, before anybody knows what it should be.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Raw {
    /// Nothing: the key stands there without a value.
    Nothing,
    /// Text.
    Text(String),
    /// Whole number.
    Number(i128),
    /// Number with a fraction.
    Fraction(f64),
    /// Truth.
    Flag(bool),
    /// List.
    List(Vec<Raw>),
    /// Group.
    Map(BTreeMap<String, Raw>),
}

impl From<config::Value> for Raw {
    fn from(value: config::Value) -> Self {
        match value.kind {
            ValueKind::Nil => Self::Nothing,
            ValueKind::Boolean(flag) => Self::Flag(flag),
            ValueKind::I64(number) => Self::Number(number.into()),
            ValueKind::I128(number) => Self::Number(number),
            ValueKind::U64(number) => Self::Number(number.into()),
            ValueKind::U128(number) => Self::Number(i128::try_from(number).unwrap_or(i128::MAX)),
            ValueKind::Float(number) => Self::Fraction(number),
            ValueKind::String(text) => Self::Text(text),
            ValueKind::Table(table) => Self::Map(table.into_iter().map(|(name, value)| (name, value.into())).collect()),
            ValueKind::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
        }
    }
}

impl From<serde_json::Value> for Raw {
    fn from(value: serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Nothing,
            serde_json::Value::Bool(flag) => Self::Flag(flag),
            serde_json::Value::Number(number) => match number.as_i128() {
                Some(whole) => Self::Number(whole),
                None => Self::Fraction(number.as_f64().unwrap_or(f64::NAN)),
            },
            serde_json::Value::String(text) => Self::Text(text),
            serde_json::Value::Array(list) => Self::List(list.into_iter().map(Self::from).collect()),
            serde_json::Value::Object(map) => {
                Self::Map(map.into_iter().map(|(name, value)| (name, value.into())).collect())
            }
        }
    }
}

/// The file and the environment of one reading.
#[derive(Debug, std::default::Default)]
pub struct Sources {
    /// Name of the file, and its text if there is one.
    pub(super) file: Option<(PathBuf, String)>,
    /// The variables that are set and not empty.
    pub(super) environment: BTreeMap<String, String>,
    /// What went wrong on the way.
    pub(super) problems: Vec<Problem>,
}

impl Sources {
    /// The text of a file called `config.yml` and variables, for tests and tools.
    pub fn of(yaml: &str, environment: &[(&str, &str)]) -> Self {
        Self {
            file: Some((DEFAULT_FILE.into(), yaml.into())),
            environment: environment
                .iter()
                .map(|(name, text)| ((*name).into(), (*text).into()))
                .collect(),
            problems: Vec::new(),
        }
    }

    /// The environment of this process and the file that `CONFIG_PATH` names, else `config.yml` in the working
    /// directory if it is there.
    pub fn of_process() -> Self {
        let mut sources = Self::default();
        for (name, text) in env::vars_os() {
            let Ok(name) = name.into_string() else { continue };
            match text.into_string() {
                Ok(text) => {
                    sources.environment.insert(name, text);
                }
                Err(_) if keys().any(|key| key.env == name) => sources.problems.push(Problem {
                    key: name,
                    origin: "environment".into(),
                    problem: "is not valid UTF-8".into(),
                    fix: "write it again as plain text".into(),
                }),
                Err(_) => {}
            }
        }
        sources.read_file();
        sources
    }

    fn read_file(&mut self) {
        let named = self.variable("CONFIG_PATH").map(PathBuf::from);
        let path = named.clone().unwrap_or_else(|| DEFAULT_FILE.into());
        let size = match fs::metadata(&path) {
            Ok(found) if found.is_file() => found.len(),
            // A pipe or a device may never end.
            Ok(_) => return self.unreadable(&path, "is no file"),
            Err(error) if error.kind() == io::ErrorKind::NotFound && named.is_none() => return,
            Err(error) => return self.unreadable(&path, &error.to_string()),
        };
        if size > FILE_BYTES {
            return self.unreadable(&path, &format!("has {size} bytes, more than {FILE_BYTES}"));
        }
        match fs::read_to_string(&path) {
            Ok(text) => self.file = Some((path, text)),
            Err(error) => self.unreadable(&path, &error.to_string()),
        }
    }

    pub(super) fn unreadable(&mut self, path: &Path, why: &str) {
        self.problems.push(Problem {
            key: "CONFIG_PATH".into(),
            origin: path.display().to_string(),
            problem: format!("the file can't be read: {why}"),
            fix: "name a readable file, or leave CONFIG_PATH unset to use config.yml".into(),
        });
    }

    /// A variable; empty is unset.
    pub(super) fn variable(&self, name: &str) -> Option<&str> {
        self.environment
            .get(name)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }

    /// The file's tree; empty without a file.
    pub(super) fn tree(&self) -> Result<BTreeMap<String, Raw>, Problem> {
        let Some((path, text)) = &self.file else {
            return Ok(BTreeMap::new());
        };
        let problem = |problem: String, fix: &str| Problem {
            key: "the whole file".into(),
            origin: path.display().to_string(),
            problem,
            fix: fix.into(),
        };
        if deepest(text) > FILE_DEPTH {
            return Err(problem(
                format!("is nested deeper than {FILE_DEPTH}"),
                "compare it with docs/configuration.md",
            ));
        }
        // Some editors put a mark of the encoding first, which nobody sees.
        let text = text.trim_start_matches('\u{feff}');
        match config::File::from_str(text, FileFormat::Yaml).collect() {
            Ok(map) => Ok(map.into_iter().map(|(name, value)| (name, value.into())).collect()),
            Err(error) => Err(problem(
                format!("is not YAML: {error}"),
                "mind spaces before keys, one space after a colon, quotes around texts with : or #",
            )),
        }
    }
}

/// An upper bound of the nesting of a YAML text: brackets that are open at once, or list dashes in one line. The parser
/// recurses, so this is asked before it. (Nesting by indentation costs its square in bytes, which the file's size bounds.)
fn deepest(text: &str) -> usize {
    let (mut open, mut deepest) = (0_usize, 0);
    for line in text.lines() {
        let dashes = line
            .split_whitespace()
            .take_while(|word| matches!(*word, "-" | "?" | ":"))
            .count();
        for character in line.chars() {
            match character {
                '[' | '{' => open += 1,
                ']' | '}' => open = open.saturating_sub(1),
                _ => {}
            }
            deepest = deepest.max(open);
        }
        deepest = deepest.max(dashes);
    }
    deepest
}
