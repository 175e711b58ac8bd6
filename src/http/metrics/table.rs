//! What a series is, and the small words that families are written in.

use super::super::facts::{Facts, Outside};
pub(super) use crate::figures::whole;
use crate::figures::{Histogram, Spread};

/// Labels of one value.
pub(super) type Labels = Vec<(&'static str, String)>;

/// Values of one series, each with its labels.
pub(super) type Values = Vec<(Labels, f64)>;

/// Histograms of one series, each with its labels.
pub(super) type Spreads = Vec<(Labels, Spread)>;

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises; its name ends in `_total` where it is served.
    Counter,
    /// It goes up and down.
    Gauge,
    /// Values by buckets, with `_bucket`, `_sum` and `_count` behind its name where it is served.
    Histogram,
}

impl Kind {
    /// Its word in tables.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Where the values of a series come from.
#[derive(Clone, Copy)]
pub(super) enum Read {
    Values(fn(&Facts) -> Values),
    Spreads(fn(&Facts) -> Spreads),
}

/// One series.
pub struct Series {
    /// Its name without `_total` and without its unit.
    pub name: &'static str,
    /// What it is.
    pub kind: Kind,
    /// What its name ends in, such as `seconds`.
    pub unit: Option<&'static str>,
    /// One sentence for the operator.
    pub help: &'static str,
    /// Its labels.
    pub labels: &'static [&'static str],
    pub(super) read: Read,
}

const fn series(name: &'static str, kind: Kind, help: &'static str, read: Read) -> Series {
    Series {
        name,
        kind,
        unit: None,
        help,
        labels: &[],
        read,
    }
}

pub(super) const fn gauge(name: &'static str, help: &'static str, read: fn(&Facts) -> Values) -> Series {
    series(name, Kind::Gauge, help, Read::Values(read))
}

pub(super) const fn counter(name: &'static str, help: &'static str, read: fn(&Facts) -> Values) -> Series {
    series(name, Kind::Counter, help, Read::Values(read))
}

pub(super) const fn histogram(name: &'static str, help: &'static str, read: fn(&Facts) -> Spreads) -> Series {
    series(name, Kind::Histogram, help, Read::Spreads(read))
}

impl Series {
    pub(super) const fn in_unit(self, unit: &'static str) -> Self {
        Self {
            unit: Some(unit),
            ..self
        }
    }

    pub(super) const fn by(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    /// Its name as it is served, without what stands behind a histogram's.
    pub fn served(&self) -> String {
        let unit = self.unit.map_or_else(String::new, |unit| format!("_{unit}"));
        let end = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{end}", self.name)
    }

    /// Every name that a query may call it by.
    pub fn names(&self) -> Vec<String> {
        let served = self.served();
        match self.kind {
            Kind::Counter | Kind::Gauge => vec![served],
            Kind::Histogram => ["bucket", "sum", "count"].map(|end| format!("{served}_{end}")).into(),
        }
    }
}

// ------------------------------------------------------------------------------------------ words of the families

/// The value of a series without labels.
pub(super) fn one(value: Option<f64>) -> Values {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

/// 1 where it is so.
pub(super) const fn flag(is_so: bool) -> f64 {
    if is_so { 1.0 } else { 0.0 }
}

/// A value for each shard that has one.
pub(super) fn by_shard(facts: &Facts, read: impl Fn(&Outside, u32) -> Option<f64>) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    (0..outside.shards)
        .filter_map(|shard| Some((vec![("shard", shard.to_string())], read(outside, shard)?)))
        .collect()
}

/// A histogram of a series without labels.
pub(super) fn spread(histogram: Option<&Histogram>) -> Spreads {
    let read = histogram.and_then(Histogram::read);
    read.map(|spread| (Vec::new(), spread)).into_iter().collect()
}

pub(super) fn seconds(ms: u64) -> f64 {
    whole(ms) / 1_000.0
}
