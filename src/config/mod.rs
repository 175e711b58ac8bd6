//! Configuration: one table, two sources, all mistakes at once.
//!
//! [`KEYS`] is the only list of what can be set. It is walked once over `config.yml` and the environment, which goes
//! before the file; empty is unset. What comes out is a typed [`Config`], or every [`Problem`] together. Nothing here
//! opens a socket or starts anything, and nothing outside reads a variable.

mod chaos;
mod check;
mod key;
mod keys;
mod node;
mod parts;
mod problem;
mod read;
mod secret;
mod show;
mod source;
mod system;
mod value;

#[cfg(test)]
mod tests;

pub use chaos::{ChaosConfig, NotAllowed, Reach, Struck};
pub use check::is_loopback;
pub use key::{Default, Key, Kind, Place, Section, Unit};
pub use keys::{KEYS, keys};
pub use node::Node;
pub use parts::{LogConfig, PrefixMode, ServerConfig};
pub use problem::{Problem, Problems};
pub use read::{Effective, Origin, Reading, read};
pub use secret::Secret;
pub use show::{example_environment, example_file, json, reference, table};
pub use source::{DEFAULT_FILE, Sources};
pub use value::Value;

/// Everything that can be set, checked. Each part of the bot gets its settings from a method of this.
#[derive(Clone, Debug)]
pub struct Config {
    /// The bot's token, without the word `Bot`.
    pub token: Secret,
    /// The audio nodes, at least one, names unique.
    pub nodes: Vec<Node>,
    /// Every key with its value and where it comes from.
    pub reading: Reading,
}

impl Config {
    /// Reads `config.yml` and the environment of this process.
    ///
    /// # Errors
    /// Every mistake, each with key, origin, problem and fix.
    pub fn load() -> Result<Self, Problems> {
        Self::from_reading(read(&Sources::of_process()))
    }

    /// The typed form of `reading`.
    ///
    /// # Errors
    /// Its problems, if it has any.
    pub fn from_reading(reading: Reading) -> Result<Self, Problems> {
        if !reading.problems.is_empty() {
            return Err(Problems(reading.problems));
        }
        Ok(Self {
            token: reading
                .secret("discord.token")
                .cloned()
                .unwrap_or_else(|| Secret::new("")),
            nodes: reading.nodes().to_vec(),
            reading,
        })
    }

    /// Whether `host` may be spoken to without TLS.
    pub fn may_be_plain(&self, host: &str) -> bool {
        self.reading.flag("allow_plaintext") || is_loopback(host)
    }

    /// Every secret that is configured, for whoever must keep them out of a text.
    pub fn secrets(&self) -> Vec<Secret> {
        let single = self
            .reading
            .values
            .iter()
            .filter_map(|effective| self.reading.secret(effective.key.path).cloned());
        single
            .chain(self.nodes.iter().map(|node| node.password.clone()))
            .collect()
    }
}
