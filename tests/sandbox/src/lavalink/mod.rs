//! A stand-in for Lavalink v4.2: a pure core on a clock that is passed in, and a socket shell around it.

mod core;
mod encode;
mod patch;
mod player;
mod rest;
mod server;
mod voice;

pub use self::core::{Core, CoreConfig, Out};
pub use encode::{DecodeError, TrackData};
pub use player::PlayerView;
pub use rest::{Answer, Body, Call};
pub use server::{LavalinkNode, NodeConfig};
pub use voice::{Connect, Media, MediaFound, VoiceNet};
