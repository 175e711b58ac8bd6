//! The pure machines of Ostinato: they decide, others act.
//!
//! Nothing in this crate has a clock, chance, input or output, a lock, a task or a log. Time, seeds and facts come in
//! with the input; what should happen goes out as data. The guild machine is *decide / apply / wants*:
//! `guild::decide` holds all rules and cannot change the guild, `guild::apply` holds none and cannot panic, and
//! `guild::wants` says what the outside world should look like now.
//!
//! # The laws of the guild machine
//!
//! * **L1 Deterministic**: equal state and input give an equal decision.
//! * **L2 Total**: a refused command yields exactly one answer and no change: no event but the one that keeps its cause
//!   ([`guild::Event::Heard`]); `apply` accepts every event that `decide` can produce on that state, and rejects others
//!   by an error value.
//! * **L3 Answered once**: every [`ids::ReplyTo`] gets exactly one final answer, every [`ids::Ticket`] is closed exactly
//!   once; late or foreign completions are ignored and counted.
//! * **L4 Written before seen**: every outside effect of a revision waits until that revision is durable (kept by the
//!   gate of the actor system).
//! * **L5 Desired state, not verbs**: what leaves is the difference between what is wanted and what was last wanted;
//!   repeating it is harmless.
//! * **L6 Bounded**: queue, history, seats, tickets and events per decision have limits from configuration.
//! * **L7 Revisions rise** by one for each record, and never otherwise.
//! * **L8 Applied once**: an input with an outside identity carries it into the record as its cause; a repeat is closed
//!   silently. A command that changes nothing, refused or not, leaves a record too, and its answer waits for it; one that
//!   only reads leaves none, and one that comes too late needs none.

pub mod fleet;
pub mod guild;
pub mod ids;
pub mod limits;
pub mod restart;
pub mod slot;
pub mod track;
