//! From what was written to what it means.

use std::fmt;

use super::key::{Key, Kind, Unit};
use super::node::{self, Node};
use super::secret::Secret;
use super::source::Raw;

/// A checked value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Nothing.
    Unset,
    /// Text, a word, an address or a path.
    Text(String),
    /// A text that is never shown.
    Secret(Secret),
    /// Truth.
    Flag(bool),
    /// A whole number in the key's unit.
    Number(u64),
    /// Left to the bot.
    Auto,
    /// Audio nodes.
    Nodes(Vec<Node>),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unset => Ok(()),
            Self::Text(text) => f.write_str(text),
            Self::Secret(secret) => secret.fmt(f),
            Self::Flag(flag) => flag.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Auto => f.write_str("auto"),
            Self::Nodes(nodes) => {
                let names: Vec<_> = nodes.iter().map(ToString::to_string).collect();
                f.write_str(&names.join(", "))
            }
        }
    }
}

/// Why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The part of the value that is at fault, such as `[1].port`; empty: the whole.
    pub(super) part: String,
    /// What is wrong.
    pub(super) problem: String,
    /// What to do.
    pub(super) fix: String,
}

impl Fault {
    pub(super) fn new(problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            part: String::new(),
            problem: problem.into(),
            fix: fix.into(),
        }
    }

    pub(super) fn in_part(mut self, part: &str) -> Self {
        self.part = format!("{part}{}", self.part);
        self
    }
}

/// What `raw` means for `key`; the node list may have several faults at once.
pub(super) fn parse(key: &Key, raw: &Raw) -> Result<Value, Vec<Fault>> {
    match key.kind {
        Kind::Nodes => return node::list(raw).map(Value::Nodes),
        Kind::Text => text(raw).map(Value::Text),
        Kind::Secret => secret(raw).map(Value::Secret),
        Kind::Flag => flag(raw).map(Value::Flag),
        Kind::Number { unit, min, max } => number(raw, unit, min, max).map(Value::Number),
        Kind::Auto { min, max } => auto(raw, min, max),
        Kind::Choice(words) => choice(raw, words).map(Value::Text),
        Kind::Url => url(raw).map(Value::Text),
        Kind::Host => host(raw).map(Value::Text),
        Kind::Path => text(raw).map(Value::Text),
    }
    .map_err(|fault| vec![fault])
}

/// One line of text.
pub(super) fn text(raw: &Raw) -> Result<String, Fault> {
    match raw {
        Raw::Text(text) if text.trim().chars().any(char::is_control) => Err(Fault::new(
            "has line breaks or control characters",
            "write it in one line",
        )),
        Raw::Text(text) => Ok(text.trim().to_owned()),
        Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) => Err(Fault::new(
            "is a number or a truth value to YAML, not a text",
            "put it in quotes",
        )),
        Raw::List(_) | Raw::Map(_) | Raw::Nothing => Err(Fault::new("is not a text", "write one text in quotes")),
    }
}

/// A text that travels in a header. No message shows it.
pub(super) fn secret(raw: &Raw) -> Result<Secret, Fault> {
    let text = text(raw)?;
    if let Some(bare) = text.strip_prefix("Bot ").or_else(|| text.strip_prefix("Bearer "))
        && !bare.is_empty()
    {
        return Err(Fault::new(
            "begins with the word of a header",
            "leave out Bot or Bearer",
        ));
    }
    if text
        .chars()
        .any(|character| !character.is_ascii_graphic() && character != ' ')
    {
        return Err(Fault::new(
            "has characters that no header carries",
            "use letters, digits and signs of ASCII",
        ));
    }
    Ok(Secret::new(&text))
}

/// `true` or `false`, or a usual word for it.
pub(super) fn flag(raw: &Raw) -> Result<bool, Fault> {
    let fault = |written: &str| {
        Fault::new(
            format!("`{}` is neither true nor false", short(written)),
            "write true or false",
        )
    };
    match raw {
        Raw::Flag(flag) => Ok(*flag),
        Raw::Text(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Ok(true),
            "false" | "no" | "off" | "0" => Ok(false),
            _ => Err(fault(text)),
        },
        Raw::Number(0) => Ok(false),
        Raw::Number(1) => Ok(true),
        Raw::Number(_) | Raw::Fraction(_) | Raw::List(_) | Raw::Map(_) | Raw::Nothing => Err(fault(&written(raw))),
    }
}

/// A whole number in `unit`, from `min` to `max`.
pub(super) fn number(raw: &Raw, unit: Unit, min: u64, max: u64) -> Result<u64, Fault> {
    let range = format!("{min} to {max} {}", unit.word());
    let fix = format!("write a whole number, {}", range.trim_end());
    let whole = match raw {
        Raw::Number(number) => Some(*number),
        Raw::Text(text) => digits(text.trim()),
        Raw::Fraction(_) | Raw::Flag(_) | Raw::List(_) | Raw::Map(_) | Raw::Nothing => None,
    };
    let Some(whole) = whole else {
        let of = if unit == Unit::Count {
            String::new()
        } else {
            format!(" of {}", unit.long())
        };
        return Err(Fault::new(
            format!("`{}` is not a whole number{of}", short(&written(raw))),
            fix,
        ));
    };
    match u64::try_from(whole) {
        Ok(number) if (min..=max).contains(&number) => Ok(number),
        _ => Err(Fault::new(format!("{whole} is not within {}", range.trim_end()), fix)),
    }
}

/// `auto`, or a number of things.
fn auto(raw: &Raw, min: u64, max: u64) -> Result<Value, Fault> {
    if matches!(raw, Raw::Text(word) if word.trim().eq_ignore_ascii_case("auto")) {
        return Ok(Value::Auto);
    }
    let mut read = number(raw, Unit::Count, min, max).map(Value::Number);
    if let Err(fault) = &mut read {
        fault.fix = format!("write auto, or {min} to {max}");
    }
    read
}

/// The number in `text`; `5_000` is read as people write it.
fn digits(text: &str) -> Option<i128> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if !unsigned.starts_with(|first: char| first.is_ascii_digit()) || unsigned.ends_with('_') {
        return None;
    }
    text.replace('_', "").parse().ok()
}

fn choice(raw: &Raw, words: &[&str]) -> Result<String, Fault> {
    let written = match raw {
        Raw::Text(text) => text.trim().to_ascii_lowercase(),
        Raw::Number(_) | Raw::Fraction(_) | Raw::Flag(_) | Raw::List(_) | Raw::Map(_) | Raw::Nothing => written(raw),
    };
    if words.contains(&written.as_str()) {
        return Ok(written);
    }
    Err(Fault::new(
        format!("`{}` is not one of its words", short(&written)),
        format!("write {}", words.join(" or ")),
    ))
}

/// An address without a trailing slash.
fn url(raw: &Raw) -> Result<String, Fault> {
    let text = text(raw)?;
    let example = "write it like https://discord.com";
    let parsed: http::Uri = text
        .parse()
        .map_err(|_| Fault::new(format!("`{}` is not an address", short(&text)), example))?;
    if !matches!(parsed.scheme_str(), Some("http" | "https")) || parsed.host().is_none_or(str::is_empty) {
        return Err(Fault::new(
            format!("`{}` has no http:// or https:// with a host", short(&text)),
            example,
        ));
    }
    if parsed
        .authority()
        .is_some_and(|authority| authority.as_str().contains('@'))
    {
        return Err(Fault::new(
            "has a user name in it",
            "leave out what stands before the @",
        ));
    }
    if parsed.query().is_some() || text.contains('#') {
        return Err(Fault::new(
            format!("`{}` has a query", short(&text)),
            "leave out what stands after ? or #",
        ));
    }
    let bare = text.trim_end_matches('/');
    if bare.ends_with("/api") || bare.contains("/api/v") {
        return Err(Fault::new(
            format!("`{}` names a version", short(bare)),
            "leave out /api and what follows",
        ));
    }
    Ok(bare.to_owned())
}

/// A host name or an address; a v6 address may stand in brackets, which are dropped.
pub(super) fn host(raw: &Raw) -> Result<String, Fault> {
    let text = text(raw)?;
    let shown = short(&text).into_owned();
    if text.contains("://") || text.contains('/') {
        return Err(Fault::new(
            format!("`{shown}` is an address with more than a host"),
            "write the host name alone",
        ));
    }
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if bare.contains(':') && bare.parse::<std::net::Ipv6Addr>().is_err() {
        return Err(Fault::new(
            format!("`{shown}` has a port in it"),
            "write the port with the key for ports",
        ));
    }
    let proper = |character: char| character.is_ascii_alphanumeric() || matches!(character, '.' | '-' | '_' | ':');
    if bare.is_empty() || !bare.chars().all(proper) {
        return Err(Fault::new(
            format!("`{shown}` is not a host name"),
            "write a host name or an address",
        ));
    }
    Ok(bare.to_owned())
}

/// What was written, for a message about something that is no secret.
fn written(raw: &Raw) -> String {
    match raw {
        Raw::Nothing => "nothing".into(),
        Raw::Text(text) => text.trim().to_owned(),
        Raw::Number(number) => number.to_string(),
        Raw::Fraction(number) => number.to_string(),
        Raw::Flag(flag) => flag.to_string(),
        Raw::List(_) => "a list".into(),
        Raw::Map(_) => "a group of keys".into(),
    }
}

/// The beginning of a long text.
fn short(text: &str) -> std::borrow::Cow<'_, str> {
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()).into(),
        None => text.into(),
    }
}
