//! The actor system of Ostinato: shards, guilds, the fleet, the gate and the lanes.
//!
//! It knows no vendor of Discord, audio or storage: those come in through [`ports`]. One [`root::Root`] is one process;
//! several may live in one thread, because nothing here is global. On each arbiter a keeper owns a station: the ports,
//! the slots of its shards, the gate and the lanes. Actors come and go over it; what they are fed from stays.
//!
//! The way of an input: [`ingress`] → slot (`shard`) → `shard_actor` → `guild_actor` (decide, apply) → `gate` (waits
//! until it is durable) → `lanes` (audio, voice, replies, questions).
//!
//! Beside it: [`operator`] sees and orders, [`record`] hands over what goes through a guild's doors, [`chronicle`] keeps
//! what happened and `shelf` stores it, [`watchdog`] sees that every arbiter lives.
//!
//! Later work has its place: `bridge_actor` and `telemetry_actor` beside [`fleet_actor`].

#[cfg(panic = "abort")]
compile_error!("a guild that panics must not end the process: build with panic = \"unwind\"");

pub mod about;
pub mod chronicle;
pub mod clock;
mod faults;
pub mod fingerprint;
pub mod fleet_actor;
mod gate;
mod guild_actor;
pub mod ingress;
mod keeper;
mod known;
mod lanes;
mod marks;
mod messages;
mod obituary;
pub mod operator;
pub mod ports;
pub mod record;
pub mod root;
mod seats;
pub mod settings;
mod shard;
mod shard_actor;
mod shelf;
mod station;
pub mod trail;
pub mod watchdog;
#[cfg(feature = "world")]
pub mod world;
