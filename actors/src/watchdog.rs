//! Sees to it that every arbiter lives: a thread that hangs can say nothing of itself.
//!
//! Each arbiter shows life a few times a second; a thread of its own looks. What is stuck is reported, and what stays
//! stuck ends the process: its guilds are served by nobody, and a new process goes on where this one stood.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How often an arbiter shows life, ms.
pub(crate) const BEAT_MS: u64 = 250;

/// How often it is looked, ms.
const LOOK_MS: u64 = 250;

/// When a stuck arbiter is reported, and when the process ends for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WatchTimes {
    /// Reported after so long without life, ms.
    pub alarm_ms: u64,
    /// Ended after so long, ms.
    pub exit_ms: u64,
}

impl Default for WatchTimes {
    fn default() -> Self {
        Self {
            alarm_ms: 5_000,
            exit_ms: 30_000,
        }
    }
}

/// The signs of life of all arbiters. Cloning shares them.
#[derive(Clone, Debug)]
pub struct Pulses {
    began: Instant,
    /// By arbiter: when it last showed life, ms since the beginning; 0: not yet, it is being started.
    beats: Arc<[AtomicU64]>,
}

impl Pulses {
    pub(crate) fn of(arbiters: usize) -> Self {
        Self {
            began: Instant::now(),
            beats: (0..arbiters).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The arbiter lives.
    pub(crate) fn beat(&self, arbiter: usize) {
        if let Some(beat) = self.beats.get(arbiter) {
            beat.store(self.now_ms().max(1), Ordering::Relaxed);
        }
    }

    /// How long ago each arbiter last showed life, ms; 0 for one that has not begun.
    pub fn silent_ms(&self) -> Vec<u64> {
        let now_ms = self.now_ms();
        let since = |beat: &AtomicU64| match beat.load(Ordering::Relaxed) {
            0 => 0,
            at_ms => now_ms.saturating_sub(at_ms),
        };
        self.beats.iter().map(since).collect()
    }
}

/// What the watchdog has to say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stuck {
    /// An arbiter shows no life; it may come back.
    Alarm {
        /// Which.
        arbiter: usize,
    },
    /// An arbiter shows life again after an alarm.
    Back {
        /// Which.
        arbiter: usize,
    },
    /// An arbiter stays stuck: the process is to end now.
    Exit {
        /// Which.
        arbiter: usize,
    },
}

/// The watching thread. It ends when this is dropped.
#[derive(Debug)]
pub struct Watchdog {
    /// Dropped, it tells the thread to end.
    stop: Mutex<Option<Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

impl Watchdog {
    /// Watches from a thread of its own; `say` is called there.
    ///
    /// # Errors
    /// When no thread can be started.
    pub fn start(pulses: Pulses, times: WatchTimes, say: impl Fn(Stuck) + Send + 'static) -> std::io::Result<Self> {
        let (stop, stopped) = channel::<()>();
        let thread = std::thread::Builder::new().name("watchdog".into()).spawn(move || {
            let mut alarmed = vec![false; pulses.beats.len()];
            let (mut last, mut patience) = (Instant::now(), 0);
            while stopped.recv_timeout(Duration::from_millis(LOOK_MS)) == Err(RecvTimeoutError::Timeout) {
                patience = patience_after(last.elapsed(), patience);
                last = Instant::now();
                if patience == 0 {
                    look(&pulses.silent_ms(), times, &mut alarmed, &say);
                }
            }
        })?;
        Ok(Self {
            stop: Mutex::new(Some(stop)),
            thread: Some(thread),
        })
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        drop(self.stop.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(thread) = self.thread.take() {
            // It only looks and says.
            let _ = thread.join();
        }
    }
}

/// How many looks are left out. Who comes late to look was stopped itself, and the whole process with it: arbiters are
/// given time to show life again.
fn patience_after(gap: Duration, patience: u32) -> u32 {
    if gap > Duration::from_millis(LOOK_MS + 1_000) {
        8
    } else {
        patience.saturating_sub(1)
    }
}

fn look(silent_ms: &[u64], times: WatchTimes, alarmed: &mut [bool], say: &impl Fn(Stuck)) {
    for ((arbiter, silent_ms), alarmed) in silent_ms.iter().enumerate().zip(alarmed) {
        let stuck = *silent_ms >= times.alarm_ms;
        if stuck != *alarmed {
            *alarmed = stuck;
            say(if stuck {
                Stuck::Alarm { arbiter }
            } else {
                Stuck::Back { arbiter }
            });
        }
        if *silent_ms >= times.exit_ms {
            say(Stuck::Exit { arbiter });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    #[test]
    fn p11_a_stuck_arbiter_is_reported_once_and_ends_the_process_when_it_stays_so() {
        let said = RefCell::new(Vec::new());
        let mut alarmed = vec![false; 2];
        for silent_ms in [
            [0, 0],
            [4_999, 10],
            [5_000, 10],
            [9_000, 10],
            [10, 5_000],
            [40, 29_999],
            [40, 30_000],
        ] {
            look(&silent_ms, WatchTimes::default(), &mut alarmed, &|stuck| {
                said.borrow_mut().push(stuck)
            });
        }
        let expected = [
            Stuck::Alarm { arbiter: 0 },
            Stuck::Back { arbiter: 0 },
            Stuck::Alarm { arbiter: 1 },
            Stuck::Exit { arbiter: 1 },
        ];
        assert_eq!(said.into_inner(), expected);
    }

    #[test]
    fn a_process_that_was_stopped_as_a_whole_is_not_stuck() {
        let mut patience = 0;
        for (gap_ms, expected) in [(250, 0), (260, 0), (40_000, 8), (250, 7), (250, 6)] {
            patience = patience_after(Duration::from_millis(gap_ms), patience);
            assert_eq!(patience, expected);
        }
    }

    #[test]
    fn an_arbiter_that_has_not_begun_is_not_stuck() {
        let pulses = Pulses::of(2);
        std::thread::sleep(Duration::from_millis(5));
        pulses.beat(1);
        assert_eq!(pulses.silent_ms().first(), Some(&0));
        let watchdog = Watchdog::start(pulses, WatchTimes::default(), |_| {}).expect("a thread");
        drop(watchdog);
    }
}
