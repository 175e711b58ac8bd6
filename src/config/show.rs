//! The table for people and machines: effective values, the reference page, `config.yml`.

use std::fmt::Write as _;

use serde_json::json;

use super::key::{Default, Key, Kind, Place};
use super::keys::KEYS;
use super::read::{Effective, Reading};
use super::value::Value;

/// The effective values as aligned columns: key, value, origin.
pub fn table(reading: &Reading) -> String {
    let rows: Vec<[String; 3]> = reading
        .values
        .iter()
        .map(|effective| {
            [
                effective.key.path.into(),
                shown(effective),
                effective.origin.to_string(),
            ]
        })
        .collect();
    let width = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or_default()
            .min(48)
    };
    let (first, second) = (width(0), width(1));
    rows.iter().fold(String::new(), |mut text, [key, value, origin]| {
        let _ = writeln!(text, "{key:<first$}  {value:<second$}  {origin}");
        text
    })
}

/// The effective values as one JSON object.
pub fn json(reading: &Reading) -> serde_json::Value {
    let values: Vec<_> = reading
        .values
        .iter()
        .map(|effective| {
            json!({
                "key": effective.key.path,
                "env": effective.key.env,
                "value": plain(&effective.value),
                "origin": effective.origin.to_string(),
            })
        })
        .collect();
    let problems: Vec<_> = reading
        .problems
        .iter()
        .map(|problem| {
            json!({
                "key": problem.key,
                "origin": problem.origin,
                "problem": problem.problem,
                "fix": problem.fix,
            })
        })
        .collect();
    json!({ "values": values, "problems": problems })
}

fn shown(effective: &Effective) -> String {
    match &effective.value {
        Value::Unset => "–".into(),
        Value::Text(_) | Value::Secret(_) | Value::Flag(_) | Value::Number(_) | Value::Auto | Value::Nodes(_) => {
            effective.value.to_string()
        }
    }
}

fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Unset => serde_json::Value::Null,
        Value::Flag(flag) => json!(flag),
        Value::Number(number) => json!(number),
        Value::Text(_) | Value::Secret(_) | Value::Auto => json!(value.to_string()),
        Value::Nodes(nodes) => nodes
            .iter()
            .map(|node| {
                json!({
                    "name": node.name, "host": node.host, "port": node.port, "password": node.password.to_string(),
                    "https": node.https, "region": node.region,
                })
            })
            .collect(),
    }
}

/// The page `docs/configuration.md`.
pub fn reference() -> String {
    let mut page = String::from(
        "# Configuration\n\n\
         <!-- Made from the table KEYS in src/config/keys.rs. To make it again: UPDATE_DOCS=1 cargo tidy -->\n\n\
         Every key can stand in `config.yml` or in the environment, unless it says otherwise. The environment goes \
         first; an empty value is the same as none. A key that does not exist is refused. All mistakes are told at \
         once, and with any of them the bot ends with exit code 78.\n\n\
         Times carry their unit in the key's name: `_ms`, `_s`. Numbers may be written as `5_000`. \
         `ostinato config` prints what holds and where each value comes from; secrets are shown as `***`.\n",
    );
    for section in KEYS {
        let _ = write!(page, "\n## {}\n\n", section.title);
        if !section.intro.is_empty() {
            let _ = write!(page, "{}\n\n", section.intro);
        }
        page.push_str("| key | variable | value | default | meaning |\n|---|---|---|---|---|\n");
        for key in section.keys {
            let path = match key.place {
                Place::Both => format!("`{}`", key.path),
                Place::Environment => "–".into(),
            };
            let default = match key.default {
                Default::Is(text) => format!("`{text}`"),
                Default::Unset => "–".into(),
                Default::Required => "required".into(),
            };
            let _ = writeln!(
                page,
                "| {path} | `{}` | {} | {default} | {} |",
                key.env,
                key.accepts(),
                key.doc
            );
        }
    }
    page
}

/// The file `config.yml`: every key that may stand there, its default and one comment.
pub fn example_file() -> String {
    let mut file = String::from(
        "# Every key with its default. Remove what you do not change; the environment goes before this file.\n\
         # Meaning, bounds and variables: docs/configuration.md. Secrets belong into the environment.\n\
         # To make this file again: UPDATE_DOCS=1 cargo tidy\n",
    );
    for section in KEYS {
        let mut keys = section.keys.iter().filter(|key| key.place == Place::Both).peekable();
        if keys.peek().is_none() {
            continue;
        }
        let _ = write!(file, "\n# ── {} ──\n", section.title);
        let mut group = "";
        for key in keys {
            let (own, name) = key.path.split_once('.').unwrap_or(("", key.path));
            if own != group && !own.is_empty() {
                let _ = writeln!(file, "{own}:");
            }
            group = own;
            entry(&mut file, key, if own.is_empty() { "" } else { "  " }, name);
        }
    }
    file
}

/// The file `.env.example`: every variable with its default, those without which nothing works ready to be filled in.
pub fn example_environment() -> String {
    let mut file = String::from(
        "# Every variable. Copy to .env and fill in what is not commented out; keep .env to yourself.\n\
         # compose.yaml reads .env by itself. Without it: set -a; . ./.env; set +a; ostinato run\n\
         # The environment goes before config.yml; empty is the same as unset. Meaning and bounds: docs/configuration.md\n\
         # To make this file again: UPDATE_DOCS=1 cargo tidy\n",
    );
    for section in KEYS {
        let _ = write!(file, "\n# ── {} ──\n", section.title);
        for key in section.keys {
            let _ = writeln!(file, "# {}", key.doc);
            let _ = match key.default {
                _ if matches!(key.env, "LAVALINK_HOST" | "LAVALINK_PASSWORD") => writeln!(file, "{}=", key.env),
                Default::Required => writeln!(file, "{}=", key.env),
                Default::Is(text) => writeln!(file, "#{}={text}", key.env),
                Default::Unset => writeln!(file, "#{}=", key.env),
            };
        }
    }
    file
}

fn entry(file: &mut String, key: &Key, indent: &str, name: &str) {
    let _ = writeln!(file, "{indent}# {}", key.doc);
    let _ = match (key.default, key.kind) {
        (Default::Is(text), Kind::Url | Kind::Text | Kind::Host | Kind::Path) => {
            writeln!(file, "{indent}{name}: \"{text}\"")
        }
        (
            Default::Is(text),
            Kind::Secret | Kind::Flag | Kind::Number { .. } | Kind::Auto { .. } | Kind::Choice(_) | Kind::Nodes,
        ) => writeln!(file, "{indent}{name}: {text}"),
        (Default::Unset | Default::Required, _) => writeln!(file, "{indent}#{name}:"),
    };
}
