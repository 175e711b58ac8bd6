//! The actor system of Ostinato: shards, guilds, the fleet, the gate and the lanes.
//!
//! It knows no vendor of Discord, audio or storage: those come in through [`ports`].

pub mod fleet_actor;
pub mod ports;
