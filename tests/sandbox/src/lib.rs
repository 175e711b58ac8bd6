//! Stand-ins for Discord and Lavalink v4 over real sockets on loopback, a scenario runner and a demo.
//!
//! Nothing here is shared with the product: a common type would hide a common mistake. What the real services would
//! refuse is a *violation* ([`findings`]), and a run with one has failed.

pub mod audio;
pub mod bot;
pub mod catalogue;
pub mod chaos;
pub mod control;
pub mod crash;
pub mod demo;
pub mod discord;
pub mod findings;
pub mod lavalink;
pub mod load;
pub mod out;
pub mod playground;
pub mod run;
pub mod scenario;
pub mod serve;
pub mod sound;
pub mod time;
pub mod voices;
