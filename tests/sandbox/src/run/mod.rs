//! Running things against the real bot: what is expected of a guild, what was heard, step by step.

pub mod model;
pub mod typed;
