//! The series that are served: one table of families, from which the page `docs/metrics.md` is made too.
//!
//! No label ever names a guild or a user: their number has no bound. To add a family: a file with a table of its own,
//! and a line in [`SERIES`].

mod answers;
mod gateway;
mod nodes;
mod process;
mod rest;
mod store;
mod supervision;
mod table;

use std::fmt::Write as _;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::facts::Facts;
use crate::figures::Spread;
use table::Read;
pub use table::{Kind, Series};

/// Every series, by family, in the order in which it is served.
pub const SERIES: &[&[Series]] = &[
    process::SERIES,
    supervision::SERIES,
    answers::SERIES,
    gateway::SERIES,
    rest::SERIES,
    nodes::SERIES,
    store::SERIES,
];

/// Every series, one after the other.
pub fn all() -> impl Iterator<Item = &'static Series> {
    SERIES.iter().copied().flatten()
}

/// The table as a collector: every scrape reads the facts anew.
#[derive(Debug)]
struct Table(Arc<Facts>);

/// One value on its way out.
enum Value {
    Count(f64),
    Level(f64),
    Spread(Spread),
}

impl EncodeMetric for Value {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self {
            Self::Count(value) => encoder.encode_counter::<NoLabelSet, _, f64>(value, None),
            Self::Level(value) => encoder.encode_gauge(value),
            Self::Spread(Spread { buckets, sum, count }) => {
                encoder.encode_histogram::<NoLabelSet>(*sum, *count, buckets, None)
            }
        }
    }

    fn metric_type(&self) -> MetricType {
        match self {
            Self::Count(_) => MetricType::Counter,
            Self::Level(_) => MetricType::Gauge,
            Self::Spread(_) => MetricType::Histogram,
        }
    }
}

/// The values of a series, with their labels.
fn values(series: &Series, facts: &Facts) -> Vec<(table::Labels, Value)> {
    let number = |value| match series.kind {
        Kind::Counter => Value::Count(value),
        Kind::Gauge | Kind::Histogram => Value::Level(value),
    };
    match series.read {
        Read::Values(read) => read(facts)
            .into_iter()
            .map(|(labels, value)| (labels, number(value)))
            .collect(),
        Read::Spreads(read) => read(facts)
            .into_iter()
            .map(|(labels, spread)| (labels, Value::Spread(spread)))
            .collect(),
    }
}

impl Collector for Table {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for series in all() {
            let unit = series.unit.map(|unit| Unit::Other(unit.to_owned()));
            let kind = match series.kind {
                Kind::Counter => MetricType::Counter,
                Kind::Gauge => MetricType::Gauge,
                Kind::Histogram => MetricType::Histogram,
            };
            let mut family = encoder.encode_descriptor(series.name, series.help, unit.as_ref(), kind)?;
            let values = values(series, &self.0);
            if series.labels.is_empty() {
                if let Some((_, value)) = values.first() {
                    value.encode(family)?;
                }
                continue;
            }
            for (labels, value) in values {
                value.encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// All series as they are now, in OpenMetrics text.
pub fn text(facts: &Arc<Facts>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Table(Arc::clone(facts))));
    let mut text = String::new();
    // Writing to a text never fails.
    let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
    text
}

/// The page `docs/metrics.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         Made from the table `SERIES` in `src/http/metrics/mod.rs`; change that instead.\n\n\
         Served at `/metrics` in OpenMetrics text, on the port of the keys `metrics` in \
         [configuration.md](configuration.md). No label names a guild or a user. A histogram has `_bucket`, `_sum` and \
         `_count` behind its name. What has labels is there from its first value on.\n\n\
         | series | kind | labels | is |\n|---|---|---|---|\n",
    );
    for series in all() {
        let labels: Vec<String> = series.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {} | {} | {} |",
            series.served(),
            series.kind.word(),
            labels.join(", "),
            series.help
        );
    }
    page
}
