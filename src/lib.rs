//! Ostinato, a Discord music bot runtime that keeps playing.

mod audit;
pub mod board;
pub mod boot;
pub mod cli;
pub mod config;
pub mod discord;
pub mod figures;
#[cfg(test)]
mod hostile;
pub mod http;
pub mod lavalink;
pub mod logging;
pub mod recording;
pub mod replay;
pub mod store;
