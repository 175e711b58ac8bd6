//! The guild machine: what should this guild do?
//!
//! A shell holds one [`Guild`] and feeds it [`Stamped`] inputs, in this order and no other: [`decide`], then
//! [`apply_all`], then [`wants`]. Kept events make a [`Record`]; the difference between two [`Wanted`] values is what
//! leaves for the audio node and the gateway.

mod answer;
mod apply;
mod ask;
mod autoplay;
mod card;
mod causes;
mod command;
mod decide;
mod difference;
mod event;
mod facts;
mod info;
mod input;
mod mask;
mod outline;
mod pass;
mod press;
mod record;
mod state;
mod wanted;
mod wants;
mod weight;

#[cfg(test)]
mod tests;

pub use answer::{Answer, Brief, Refusal, Say, Stage, To};
pub use apply::{NotApplicable, apply, apply_all};
pub use ask::{Ask, AskError, JoinBlock, Loaded, Outcome, Question};
pub use autoplay::{Against, Autoplay, Pick, Related, Why};
pub use card::{CardFace, CardNews, CardPost, CardState, WantedCard};
pub use command::{Caller, Command, LoopMode, Where, command_name};
pub use decide::{Decision, Ignored, decide};
pub use difference::differences;
pub use event::{Asker, Event, Pending};
pub use facts::{GuildFacts, Silence, TrackFacts};
pub use info::{HistoryView, NowView, PlayerView, QueueView, VoiceView, VolumeView};
pub use input::{EndReason, Fault, Input, Report, Restored, Seat, Seen, Stamped, Tag};
pub use mask::{Mask, Unmasked, Whole};
pub use outline::Outline;
pub use press::fill;
pub use record::{RECORD_VERSION, Record, Said, Snapshot};
pub use state::{Current, Guild, Kept, RestoreError};
pub use wanted::{PlayerOrder, VoiceCredentials, Wanted, WantedPlayer, WantedTrack, WantedVoice};
pub use wants::wants;
pub use weight::Weight;
