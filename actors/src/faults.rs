//! Faults that the world puts into guilds and shards. Without the feature `world` there are none and nothing is asked.

use ostinato_machine::guild::Stamped;
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

/// Whether a fault strikes here, as the world says. Asked on the arbiter; an input is named where there is one.
#[cfg(feature = "world")]
pub(crate) type Faults = std::sync::Arc<dyn Fn(Strike, GuildId, Option<&Stamped>) -> bool + Send + Sync>;

/// Panics if the world wants a fault here.
#[cfg(feature = "world")]
pub(crate) fn strike(faults: Option<&Faults>, at: Strike, guild: GuildId, input: Option<&Stamped>) {
    if faults.is_some_and(|faults| faults(at, guild, input)) {
        std::panic::panic_any(format!("a fault was ordered: {at:?}"));
    }
}

/// No faults.
#[cfg(not(feature = "world"))]
#[derive(Clone, Debug)]
pub(crate) enum Faults {}

/// No faults.
#[cfg(not(feature = "world"))]
pub(crate) fn strike(_: Option<&Faults>, _: Strike, _: GuildId, _: Option<&Stamped>) {}
