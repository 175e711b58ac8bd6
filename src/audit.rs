//! The books of what operators order: the log, and the chronicle once there are actors.

use std::sync::Arc;

use ostinato_actors::chronicle::{Chronicle, Ordered};

/// Most characters of what somebody says of themselves.
const SAID: usize = 200;

/// Writes down an order, done or not. What somebody said of themselves is cut, and has no control characters.
pub(crate) fn note(chronicle: Option<&Arc<Chronicle>>, ordered: Ordered) {
    let clean = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(SAID).collect() };
    let ordered = Ordered {
        who: clean(&ordered.who),
        why: clean(&ordered.why),
        ..ordered
    };
    let Ordered {
        who,
        why,
        what,
        reference,
        outcome,
        ..
    } = &ordered;
    tracing::info!(target: "audit", who, why, what, %reference, outcome, "an order");
    if let Some(chronicle) = chronicle {
        chronicle.ordered(ordered);
    }
}
