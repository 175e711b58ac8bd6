//! The books of what operators order: the log, and the chronicle once there are actors.

use std::sync::Arc;

use ostinato_actors::chronicle::{Chronicle, Ordered};

/// Most characters of each thing that is said of an order.
const SAID: usize = 200;

/// Writes down an order, done or not. What is said of it is cut, and has no control characters: who orders chooses some
/// of the words.
pub(crate) fn note(chronicle: Option<&Arc<Chronicle>>, ordered: Ordered) {
    let clean = |text: &str| -> String { text.chars().filter(|c| !c.is_control()).take(SAID).collect() };
    let ordered = Ordered {
        who: clean(&ordered.who),
        why: clean(&ordered.why),
        what: clean(&ordered.what),
        outcome: clean(&ordered.outcome),
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

#[cfg(test)]
mod tests {
    use ostinato_actors::chronicle::DONE;

    use super::*;

    #[test]
    fn an_order_takes_no_more_room_than_it_should_and_does_nothing_to_a_terminal() {
        let chronicle = Arc::new(Chronicle::default());
        let long = "\u{1b}[2J".to_owned() + &"x".repeat(16_000);
        let order = |outcome: &str| Ordered {
            at_ms: 1,
            who: long.clone(),
            why: long.clone(),
            what: long.clone(),
            guild: None,
            reference: "r".into(),
            outcome: outcome.into(),
            fault: None,
        };
        note(Some(&chronicle), order(DONE));
        note(Some(&chronicle), order(&long));
        let kept = chronicle.orders();
        let cut = |text: &str| text.chars().count() <= SAID && !text.contains('\u{1b}');
        assert!(kept.iter().all(|order| {
            [&order.who, &order.why, &order.what, &order.outcome]
                .into_iter()
                .all(|text| cut(text))
        }));
        assert!(kept[1].is_done());
    }
}
