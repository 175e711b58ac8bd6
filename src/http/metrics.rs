//! The series that are served: one table, from which the page `docs/metrics.md` is made too.
//!
//! No label ever names a guild or a user: their number has no bound.

use std::fmt::Write as _;

use ostinato_machine::ids::ShardId;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, MetricEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};

use super::facts::{Facts, Outside};

/// Values of one series, each with its labels.
type Values = Vec<(Vec<(&'static str, String)>, f64)>;

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It only rises; its name ends in `_total` where it is served.
    Counter,
    /// It goes up and down.
    Gauge,
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
    read: fn(&Facts) -> Values,
}

const fn gauge(name: &'static str, help: &'static str, read: fn(&Facts) -> Values) -> Series {
    Series {
        name,
        kind: Kind::Gauge,
        unit: None,
        help,
        labels: &[],
        read,
    }
}

const fn counter(name: &'static str, help: &'static str, read: fn(&Facts) -> Values) -> Series {
    Series {
        kind: Kind::Counter,
        ..gauge(name, help, read)
    }
}

impl Series {
    const fn in_unit(self, unit: &'static str) -> Self {
        Self {
            unit: Some(unit),
            ..self
        }
    }

    const fn by(self, labels: &'static [&'static str]) -> Self {
        Self { labels, ..self }
    }

    /// Its name as it is served.
    pub fn served(&self) -> String {
        let unit = self.unit.map_or_else(String::new, |unit| format!("_{unit}"));
        let end = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{end}", self.name)
    }
}

/// Every series, in the order in which it is served.
pub const SERIES: &[Series] = &[
    gauge("ostinato_build_info", "Always 1; the release is in the label.", |_| {
        vec![(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0)]
    })
    .by(&["version"]),
    gauge(
        "ostinato_ready",
        "1 when nothing is missing that /ready names, else 0.",
        |facts| one(Some(if facts.readiness().ready { 1.0 } else { 0.0 })),
    ),
    gauge("process_start_time", "When the process began, since 1970.", |facts| {
        one(Some(seconds(facts.started_ms)))
    })
    .in_unit("seconds"),
    counter("process_cpu", "Processor time of the process, user and system.", |_| {
        one(process::cpu_seconds())
    })
    .in_unit("seconds"),
    gauge("process_resident_memory", "Resident memory of the process.", |_| {
        one(process::resident_bytes())
    })
    .in_unit("bytes"),
    gauge("process_open_fds", "Open file descriptors of the process.", |_| {
        one(process::open_fds())
    }),
    gauge(
        "ostinato_gateway_shard_up",
        "1 while the shard has a gateway session with a connection, else 0.",
        |facts| {
            let up = |outside: &Outside, shard: u32| {
                let standing = outside.gateways.standings().of(&ShardId(shard));
                Some(if standing.is_some_and(|standing| standing.is_up()) {
                    1.0
                } else {
                    0.0
                })
            };
            by_shard(facts, up)
        },
    )
    .by(&["shard"]),
    gauge(
        "ostinato_gateway_heartbeat",
        "How long Discord took to acknowledge the shard's newest heartbeat.",
        |facts| {
            by_shard(facts, |outside, shard| {
                let latency = outside.gateways.latencies().of(ShardId(shard));
                latency.map(|latency| latency.as_secs_f64())
            })
        },
    )
    .in_unit("seconds")
    .by(&["shard"]),
    counter(
        "ostinato_gateway_connects",
        "Gateway connections that were tried.",
        |facts| of(facts, |outside| outside.gateways.counts().connects()),
    ),
    counter("ostinato_gateway_resumes", "RESUMEs that were sent.", |facts| {
        of(facts, |outside| outside.gateways.counts().resumes())
    }),
    counter(
        "ostinato_gateway_identifies",
        "Permits to IDENTIFY that were used.",
        |facts| of(facts, |outside| outside.gateways.identifies()),
    ),
    counter(
        "ostinato_gateway_dispatches",
        "Events that came in, used or not.",
        |facts| of(facts, |outside| outside.gateways.counts().dispatches()),
    ),
    counter(
        "ostinato_gateway_voice_sends",
        "Requests for voice channels that were sent.",
        |facts| of(facts, |outside| outside.gateways.counts().voice_sends()),
    ),
    counter(
        "ostinato_gateway_malformed",
        "Frames that made no sense, by the name of their event.",
        |facts| {
            let Some(outside) = facts.outside() else {
                return Values::new();
            };
            let all = outside.gateways.counts().malformed().into_iter();
            all.map(|(event, count)| (vec![("event", event.to_owned())], whole(count)))
                .collect()
        },
    )
    .by(&["event"]),
    gauge(
        "ostinato_node_up",
        "1 while the shard has a session with the audio node, else 0.",
        |facts| {
            let Some(outside) = facts.outside() else {
                return Values::new();
            };
            let all = outside.nodes.standings().all().into_iter();
            all.map(|((node, shard), standing)| {
                let labels = vec![("node", node.to_string()), ("shard", shard.to_string())];
                (labels, if standing.is_up() { 1.0 } else { 0.0 })
            })
            .collect()
        },
    )
    .by(&["node", "shard"]),
];

fn one(value: Option<f64>) -> Values {
    value.map(|value| (Vec::new(), value)).into_iter().collect()
}

fn of(facts: &Facts, read: impl FnOnce(&Outside) -> u64) -> Values {
    one(facts.outside().map(|outside| whole(read(outside))))
}

fn by_shard(facts: &Facts, read: impl Fn(&Outside, u32) -> Option<f64>) -> Values {
    let Some(outside) = facts.outside() else {
        return Values::new();
    };
    (0..outside.shards)
        .filter_map(|shard| Some((vec![("shard", shard.to_string())], read(outside, shard)?)))
        .collect()
}

#[expect(clippy::cast_precision_loss, reason = "no count of ours comes near 2^53")]
fn whole(count: u64) -> f64 {
    count as f64
}

fn seconds(ms: u64) -> f64 {
    whole(ms) / 1_000.0
}

/// What the system says of this process; nothing where it says nothing.
mod process {
    /// Ticks of a second in the system's accounts.
    const TICKS: f64 = 100.0;

    /// Bytes of a page.
    const PAGE: f64 = 4_096.0;

    pub(super) fn cpu_seconds() -> Option<f64> {
        let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
        // The name in parentheses may have spaces; user and system time are the 12th and 13th words behind it.
        let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
        let mut ticks = || words.next()?.parse::<f64>().ok();
        Some((ticks()? + ticks()?) / TICKS)
    }

    pub(super) fn resident_bytes() -> Option<f64> {
        let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
        Some(statm.split_whitespace().nth(1)?.parse::<f64>().ok()? * PAGE)
    }

    pub(super) fn open_fds() -> Option<f64> {
        let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
        u32::try_from(open).ok().map(f64::from)
    }
}

/// The table as a collector: every scrape reads the facts anew.
#[derive(Debug)]
struct Table(std::sync::Arc<Facts>);

struct Value(Kind, f64);

impl EncodeMetric for Value {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> Result<(), std::fmt::Error> {
        match self.0 {
            Kind::Counter => encoder.encode_counter::<NoLabelSet, _, f64>(&self.1, None),
            Kind::Gauge => encoder.encode_gauge(&self.1),
        }
    }

    fn metric_type(&self) -> MetricType {
        match self.0 {
            Kind::Counter => MetricType::Counter,
            Kind::Gauge => MetricType::Gauge,
        }
    }
}

impl Collector for Table {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        for series in SERIES {
            let unit = series.unit.map(|unit| Unit::Other(unit.to_owned()));
            let kind = Value(series.kind, 0.0).metric_type();
            let mut family = encoder.encode_descriptor(series.name, series.help, unit.as_ref(), kind)?;
            let values = (series.read)(&self.0);
            if series.labels.is_empty() {
                if let Some((_, value)) = values.first() {
                    Value(series.kind, *value).encode(family)?;
                }
                continue;
            }
            for (labels, value) in values {
                Value(series.kind, value).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }
}

/// All series as they are now, in OpenMetrics text.
pub fn text(facts: &std::sync::Arc<Facts>) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Table(std::sync::Arc::clone(facts))));
    let mut text = String::new();
    // Writing to a text never fails.
    let _ = prometheus_client::encoding::text::encode(&mut text, &registry);
    text
}

/// The page `docs/metrics.md`.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Metrics\n\n\
         Made from the table `SERIES` in `src/http/metrics.rs`; change that instead.\n\n\
         Served at `/metrics` in OpenMetrics text, on the port of the keys `metrics` in \
         [configuration.md](configuration.md). No label names a guild or a user.\n\n\
         | series | kind | labels | is |\n|---|---|---|---|\n",
    );
    for series in SERIES {
        let kind = match series.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
        };
        let labels: Vec<String> = series.labels.iter().map(|label| format!("`{label}`")).collect();
        let _ = writeln!(
            page,
            "| `{}` | {kind} | {} | {} |",
            series.served(),
            labels.join(", "),
            series.help
        );
    }
    page
}
