//! Faults that the world puts into guilds and shards, and what it is told of them. Without the feature `world` there is none
//! and nothing is asked.

use std::time::Duration;

use ostinato_machine::guild::{Fault, Input, Stamped};
use ostinato_machine::ids::GuildId;

/// Where a fault can strike.
#[cfg_attr(
    not(feature = "world"),
    expect(
        unreachable_pub,
        reason = "the world shows it, and there is none without the feature"
    )
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strike {
    /// Before the guild decides.
    Decide,
    /// After it decided, while it applies.
    Apply,
    /// While its shard attends to it.
    Shard,
}

/// What became of an input, or of a guild's actor.
#[cfg_attr(
    not(feature = "world"),
    expect(
        unreachable_pub,
        reason = "the world shows it, and there is none without the feature"
    )
)]
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Note {
    /// An input was accepted by the slot.
    Accepted,
    /// An accepted input was applied.
    Applied,
    /// An accepted input was refused after all, and whoever waited was told.
    Refused,
    /// An accepted input killed its guild and is not tried again.
    DeadLettered,
    /// The actor died.
    Died,
    /// An actor was started.
    Started,
    /// The guild was parked.
    Parked,
    /// Many guilds die at once: the alarm was raised.
    Alarm,
}

/// Longest block that is done, ms.
pub const LONGEST_BLOCK_MS: u32 = 120_000;

/// Fails as an operator ordered it. Whoever lets such an input in has seen to it that faults are wanted.
pub(crate) fn induce(at: Strike, input: &Input) {
    let Input::Fault(fault) = input else { return };
    match fault {
        Fault::Panic if at == Strike::Decide => std::panic::panic_any("a panic was ordered"),
        Fault::Poison if at == Strike::Apply => std::panic::panic_any("poison was ordered"),
        Fault::BlockMs(ms) if at == Strike::Decide => {
            std::thread::sleep(Duration::from_millis((*ms).min(LONGEST_BLOCK_MS.into())));
        }
        Fault::Panic | Fault::Poison | Fault::BlockMs(_) => {}
    }
}

/// The world's hand in a process. Called on the arbiter.
#[cfg(feature = "world")]
pub(crate) trait Tap: Send + Sync {
    /// Whether a fault strikes here; an input is named where there is one.
    fn strikes(&self, at: Strike, guild: GuildId, input: Option<&Stamped>) -> bool;
    /// Something became of an input or an actor.
    fn notes(&self, guild: GuildId, note: Note);
}

/// The world's hand, if there is a world.
#[cfg(feature = "world")]
pub(crate) type Faults = std::sync::Arc<dyn Tap>;

/// Panics if the world wants a fault here.
#[cfg(feature = "world")]
pub(crate) fn strike(faults: Option<&Faults>, at: Strike, guild: GuildId, input: Option<&Stamped>) {
    if faults.is_some_and(|faults| faults.strikes(at, guild, input)) {
        std::panic::panic_any(format!("a fault was ordered: {at:?}"));
    }
}

/// Tells the world.
#[cfg(feature = "world")]
pub(crate) fn note(faults: Option<&Faults>, guild: GuildId, note: Note) {
    if let Some(faults) = faults {
        faults.notes(guild, note);
    }
}

/// No faults.
#[cfg(not(feature = "world"))]
#[derive(Clone, Debug)]
pub(crate) enum Faults {}

/// No faults.
#[cfg(not(feature = "world"))]
pub(crate) fn strike(_: Option<&Faults>, _: Strike, _: GuildId, _: Option<&Stamped>) {}

/// Nobody to tell.
#[cfg(not(feature = "world"))]
pub(crate) fn note(_: Option<&Faults>, _: GuildId, _: Note) {}
