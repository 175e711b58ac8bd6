//! The guild machine: what should this guild do?
//!
//! A shell holds one guild and feeds it [`Stamped`] inputs, in this order and no other: decide, then apply
//! for every event, then wants. Kept events make a [`Record`]; the difference between two [`Wanted`] values is what
//! leaves for the audio node and the gateway.

mod answer;
mod ask;
mod command;
mod event;
mod input;
mod record;
mod state;
mod wanted;

pub use answer::{Answer, Brief, NowView, QueueView, Refusal, Say, Stage, To, command_name};
pub use ask::{Ask, AskError, JoinBlock, Loaded, Outcome, Question};
pub use command::{Caller, Command, LoopMode, Where};
pub use event::Event;
pub use input::{EndReason, Input, Report, Restored, Seat, Seen, Stamped, Tag};
pub use record::{RECORD_VERSION, Record, Snapshot};
pub use state::Kept;
pub use wanted::{PlayerOrder, VoiceCredentials, Wanted, WantedPlayer, WantedTrack, WantedVoice};
