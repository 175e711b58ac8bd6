//! Ostinato, a Discord music bot runtime that keeps playing.

pub mod discord;
pub mod lavalink;
pub mod store;
