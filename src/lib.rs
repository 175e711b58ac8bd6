//! Ostinato, a Discord music bot runtime that keeps playing.

pub mod lavalink;
pub mod store;
