//! Texts that nobody may see.

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use ostinato_machine::ids::Hidden;

/// A token, key or password. It prints as `***` everywhere and compares in a time that does not depend on where two
/// texts differ.
#[derive(Clone)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Hides `text`.
    pub fn new(text: &str) -> Self {
        Self(text.into())
    }

    /// The text, for the one place that sends it.
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The same secret for the inner crates.
    pub fn hidden(&self) -> Hidden {
        Hidden::new(&self.0)
    }

    /// Whether `candidate` is this secret. An empty secret matches nothing.
    pub fn matches(&self, candidate: &str) -> bool {
        let own = self.0.as_bytes();
        if own.is_empty() {
            return false;
        }
        let mut difference = own.len() ^ candidate.len();
        for (byte, expected) in candidate.bytes().zip(own.iter().cycle()) {
            difference |= usize::from(byte ^ expected);
        }
        black_box(difference) == 0
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.matches(&other.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}
