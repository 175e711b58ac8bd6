//! Reading what may be said in more than one way.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::value::RawValue;

/// An id, a bit set or a small number: bare or in a string.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number(pub(super) u64);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NumberVisitor)
    }
}

struct NumberVisitor;

impl Visitor<'_> for NumberVisitor {
    type Value = Number;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a number, bare or in a string")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Number, E> {
        Ok(Number(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Number, E> {
        u64::try_from(value).map(Number).map_err(E::custom)
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Number, E> {
        value.parse().map(Number).map_err(E::custom)
    }
}

/// The elements of a list that make sense; the others are left out.
pub(super) fn sensible<'a, T: Deserialize<'a>>(list: Option<Vec<&'a RawValue>>) -> impl Iterator<Item = T> {
    list.into_iter()
        .flatten()
        .filter_map(|raw| serde_json::from_str(raw.get()).ok())
}
