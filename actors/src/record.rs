//! Recording a guild: what comes in through its one door, and what follows, handed to whoever writes it down.
//!
//! The guild's actor never waits: what does not fit into the tape ends the recording. Masking, adding up and writing are
//! done by the one at the other end, on a thread of its own.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;

use ostinato_machine::guild::{self, Event, Guild, Input, Stamped};

/// Takes that may wait to be written.
const WAITING: usize = 64;

/// What is handed over, in order. Nothing in it is masked.
#[derive(Debug)]
pub enum Take {
    /// The guild as it was when the recording began; comes first.
    Begin(Box<Guild>),
    /// An input that was applied.
    Step(Box<Step>),
    /// An input at which the guild's actor died, and how; comes last.
    Died(Box<Stamped>, &'static str),
}

/// An input that was applied.
#[derive(Debug)]
pub struct Step {
    /// The input.
    pub stamped: Stamped,
    /// What it changed.
    pub events: Vec<Event>,
    /// The guild afterwards.
    pub guild: Guild,
}

impl Take {
    /// An input that was applied, with what it changed and the guild afterwards.
    pub fn step(stamped: &Stamped, events: Vec<Event>, guild: &Guild) -> Self {
        Self::Step(Box::new(Step {
            stamped: stamped.clone(),
            events,
            guild: guild.clone(),
        }))
    }
}

/// The end that the guild's actor holds.
#[derive(Debug)]
pub struct Tape {
    out: SyncSender<Take>,
    full: Arc<AtomicBool>,
}

/// The end that is written down.
#[derive(Debug)]
pub struct Reel {
    inbox: Receiver<Take>,
    full: Arc<AtomicBool>,
}

/// What comes next.
#[derive(Debug)]
pub enum Next {
    /// A take.
    Take(Take),
    /// Nothing came in time.
    Nothing,
    /// Nothing comes any more: the guild's actor has ended. `true`: something did not fit.
    Over(bool),
}

/// Both ends of a tape.
pub fn tape() -> (Tape, Reel) {
    let (out, inbox) = sync_channel(WAITING);
    let full = Arc::new(AtomicBool::new(false));
    let tape = Tape {
        out,
        full: Arc::clone(&full),
    };
    (tape, Reel { inbox, full })
}

impl Tape {
    /// Hands something over at once. `false`: the recording is over.
    pub fn put(&self, take: Take) -> bool {
        match self.out.try_send(take) {
            Ok(()) => true,
            Err(TrySendError::Full(_)) => {
                self.full.store(true, Ordering::Release);
                false
            }
            Err(TrySendError::Disconnected(_)) => false,
        }
    }
}

impl Reel {
    /// Waits for what comes next, so long at most.
    pub fn next(&self, within: Duration) -> Next {
        match self.inbox.recv_timeout(within) {
            Ok(take) => Next::Take(take),
            Err(RecvTimeoutError::Timeout) => Next::Nothing,
            Err(RecvTimeoutError::Disconnected) => Next::Over(self.full.load(Ordering::Acquire)),
        }
    }
}

/// What an input goes by in logs; never what a user wrote.
pub fn input_name(input: &Input) -> &'static str {
    match input {
        Input::Command { command, .. } => guild::command_name(command),
        Input::Restored(_) => "(restored)",
        Input::Seat(_) => "(seat)",
        Input::Seats(_) => "(seats)",
        Input::OwnVoice { .. } => "(own voice)",
        Input::ChannelGone { .. } => "(channel gone)",
        Input::GuildGone => "(guild gone)",
        Input::VoiceServer { .. } => "(voice server)",
        Input::VoiceLost => "(voice lost)",
        Input::Placed { .. } => "(placed)",
        Input::Player { .. } => "(player)",
        Input::Done { .. } => "(done)",
        Input::Card(_) => "(card)",
        Input::Expired { .. } => "(expired)",
        Input::Wake => "(wake)",
        Input::Fault(_) => "(fault)",
    }
}
