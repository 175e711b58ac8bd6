//! What Discord says of a guild besides who sits where, as small as it can be kept for ten thousand of them.

use std::fmt;
use std::num::NonZeroU32;

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

/// What Discord said of a guild when it last announced it.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct About {
    /// Its name.
    pub name: Box<str>,
    /// Its members.
    pub members: Option<NonZeroU32>,
    /// Its picture.
    pub icon: Option<Icon>,
}

/// The name of a guild's picture. It is a sum of 16 bytes, and is kept as these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Icon {
    sum: [u8; 16],
    moves: bool,
}

impl Icon {
    /// Reads the name that Discord gives; `None`: it is none that is known.
    pub fn read(text: &str) -> Option<Self> {
        let plain = text.strip_prefix("a_");
        let digits = plain.unwrap_or(text);
        let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digits.len() != 32 || !digits.bytes().all(lower) {
            return None;
        }
        let sum = u128::from_str_radix(digits, 16).ok()?.to_be_bytes();
        let moves = plain.is_some();
        Some(Self { sum, moves })
    }

    /// Whether it moves.
    pub const fn moves(self) -> bool {
        self.moves
    }
}

impl fmt::Display for Icon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let prefix = if self.moves { "a_" } else { "" };
        write!(f, "{prefix}{:032x}", u128::from_be_bytes(self.sum))
    }
}

impl Serialize for Icon {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Icon {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("it is not the name of a picture"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_picture_is_written_as_it_was_read() {
        for text in ["00112233445566778899aabbccddeeff", "a_0f112233445566778899aabbccddeeff"] {
            let icon = Icon::read(text).expect("it is one");
            assert_eq!(
                (icon.to_string().as_str(), icon.moves()),
                (text, text.starts_with("a_"))
            );
        }
        for text in [
            "",
            "a_",
            "+0112233445566778899aabbccddeeff",
            "00112233445566778899AABBCCDDEEFF",
            "00ff",
        ] {
            assert_eq!(Icon::read(text), None, "{text}");
        }
    }
}
