//! Ostinato, a Discord music bot runtime that keeps playing.

pub mod config;
pub mod discord;
pub mod lavalink;
pub mod logging;
pub mod store;
