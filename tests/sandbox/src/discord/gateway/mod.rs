//! The gateway: sockets, sessions that outlive them, and what is asked over them.

mod compress;
mod events;
mod server;
mod session;

pub(super) use server::accept;
pub(super) use session::{Session, ToSocket};

/// Intents, as bits.
pub(super) mod intents {
    /// Guilds, channels, roles.
    pub(in crate::discord) const GUILDS: u64 = 1;
    /// Members; privileged.
    pub(in crate::discord) const MEMBERS: u64 = 1 << 1;
    /// Who is in voice.
    pub(in crate::discord) const VOICE_STATES: u64 = 1 << 7;
    /// Presences; privileged.
    pub(in crate::discord) const PRESENCES: u64 = 1 << 8;
    /// Messages.
    pub(in crate::discord) const MESSAGES: u64 = 1 << 9;
    /// What stands in messages; privileged.
    pub(in crate::discord) const MESSAGE_CONTENT: u64 = 1 << 15;
    /// Every intent that there is.
    pub(in crate::discord) const ALL: u64 = 0x1_ffff | (1 << 20) | (1 << 21) | (1 << 24) | (1 << 25);
}
