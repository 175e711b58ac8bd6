//! The process itself: its release, whether it is ready, and what the system says of it.

use super::table::{Series, counter, flag, gauge, one, seconds};

pub(super) const SERIES: &[Series] = &[
    gauge("ostinato_build_info", "Always 1; the release is in the label.", |_| {
        vec![(vec![("version", env!("CARGO_PKG_VERSION").to_owned())], 1.0)]
    })
    .by(&["version"]),
    gauge(
        "ostinato_ready",
        "1 when nothing is missing that /ready names, else 0.",
        |facts| one(Some(flag(facts.readiness().ready))),
    ),
    gauge("process_start_time", "When the process began, since 1970.", |facts| {
        one(Some(seconds(facts.started_ms)))
    })
    .in_unit("seconds"),
    counter("process_cpu", "Processor time of the process, user and system.", |_| {
        one(cpu_seconds())
    })
    .in_unit("seconds"),
    gauge("process_resident_memory", "Resident memory of the process.", |_| {
        one(resident_bytes())
    })
    .in_unit("bytes"),
    gauge("process_open_fds", "Open file descriptors of the process.", |_| {
        one(open_fds())
    }),
];

/// Ticks of a second in the system's accounts.
const TICKS: f64 = 100.0;

/// Bytes of a page.
const PAGE: f64 = 4_096.0;

fn cpu_seconds() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    // The name in parentheses may have spaces; user and system time are the 12th and 13th words behind it.
    let mut words = stat.rsplit_once(')')?.1.split_whitespace().skip(11);
    let mut ticks = || words.next()?.parse::<f64>().ok();
    Some((ticks()? + ticks()?) / TICKS)
}

fn resident_bytes() -> Option<f64> {
    let statm = std::fs::read_to_string("/proc/self/statm").ok()?;
    Some(statm.split_whitespace().nth(1)?.parse::<f64>().ok()? * PAGE)
}

fn open_fds() -> Option<f64> {
    let open = std::fs::read_dir("/proc/self/fd").ok()?.count();
    u32::try_from(open).ok().map(f64::from)
}
