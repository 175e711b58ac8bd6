//! Whether heartbeats are answered.
//!
//! The transport notices a connection that says nothing at all. One that goes on talking but acknowledges no heartbeat
//! is as dead, and is noticed here.

use std::time::{Duration, Instant};

/// Watches the acknowledgements of one connection.
#[derive(Debug, Default)]
pub(super) struct Pulse {
    interval: Duration,
    beat: Option<Instant>,
    acknowledged: bool,
}

impl Pulse {
    /// A pulse that beats each `interval`.
    pub(super) fn new(interval: Duration) -> Self {
        Self {
            interval,
            ..Self::default()
        }
    }

    /// An acknowledgement came; `sent` is the time of the newest heartbeat.
    pub(super) fn acknowledge(&mut self, sent: Option<Instant>) {
        self.beat = sent;
        self.acknowledged = true;
    }

    /// Whether a heartbeat went out before the one before was acknowledged. Heartbeats that Discord asked for in
    /// between are close to another one and prove nothing.
    pub(super) fn is_missed(&mut self, sent: Option<Instant>) -> bool {
        if sent == self.beat {
            return false;
        }
        let missed = match (self.beat, sent) {
            (Some(before), Some(now)) => {
                !self.acknowledged && now.saturating_duration_since(before) >= self.interval / 2
            }
            (None, _) | (_, None) => false,
        };
        self.beat = sent;
        self.acknowledged = false;
        missed
    }
}
