//! A stand-in for Lavalink v4.2: a pure core on a clock that is passed in, and a socket shell around it.

mod clock;
mod core;
mod describe;
mod door;
mod encode;
mod faults;
mod filters;
mod http;
mod link;
mod patch;
mod player;
mod playing;
mod reply;
mod rest;
mod server;
mod socket;
#[cfg(test)]
mod tests;
mod update;
mod voice;

pub use self::core::{Core, CoreConfig, Out};
pub use door::{Door, Knock, Verdict, answer_frame, farewell};
pub use encode::{DecodeError, TrackData};
pub use player::PlayerView;
pub use reply::{Answer, Body, Reply};
pub use rest::Call;
pub use server::{LavalinkNode, NodeConfig};
pub use voice::{Connect, Media, MediaFound, VoiceNet};
