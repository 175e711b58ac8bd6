//! What is wrong with a configuration, said so that it can be put right.

use std::fmt;

/// Where a value comes from that nobody set.
pub(super) const NOT_SET: &str = "not set";

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The key, or what stands in its place.
    pub key: String,
    /// Where the value comes from: a file, a variable, or `not set`.
    pub origin: String,
    /// What is wrong.
    pub problem: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}; {}", self.key, self.origin, self.problem, self.fix)
    }
}

/// All mistakes of a configuration at once.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => write!(f, "the configuration has 1 problem:")?,
            many => write!(f, "the configuration has {many} problems:")?,
        }
        for Problem {
            key,
            origin,
            problem,
            fix,
        } in &self.0
        {
            write!(f, "\n\n  {key}  ({origin})\n    {problem}\n    fix: {fix}")?;
        }
        Ok(())
    }
}

/// The names in `known` that somebody who wrote `unknown` may have meant, best first, at most one.
pub(super) fn suggestion<'a>(unknown: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let unknown = unknown.to_ascii_lowercase();
    known
        .map(|name| (closeness(&unknown, &name.to_ascii_lowercase()), name))
        .filter(|(close, _)| *close >= 0.85)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, name)| name)
}

/// How close two names are, from 0 to 1; the part after the last dot counts nearly as much as the whole.
fn closeness(one: &str, other: &str) -> f64 {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    let whole = strsim::jaro_winkler(one, other);
    whole.max(strsim::jaro_winkler(&last(one), &last(other)) * 0.97)
}
