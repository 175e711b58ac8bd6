//! The commands that change the order of the queue.

use super::super::event::Event;
use super::super::{Brief, Refusal, Say};
use super::Draft;
use crate::ids::ReplyTo;

/// Takes out the entries from `index` to `last`, both counted: all of them or, if one end is not there, none.
pub(super) fn remove(d: &mut Draft<'_>, index: usize, last: Option<usize>, reply: Option<&ReplyTo>) {
    let queued = d.g.kept.queue.len();
    let other = last.unwrap_or(index);
    let (first, last) = (index.min(other), index.max(other));
    let Some(entry) = first.checked_sub(1).and_then(|place| d.g.kept.queue.get(place)) else {
        return d.refuse(reply, no_such(first, queued));
    };
    if last > queued {
        return d.refuse(reply, no_such(last, queued));
    }
    let count = last - first + 1;
    d.push(Event::Removed {
        index: first - 1,
        count,
    });
    d.answer(
        reply,
        Say::Removed {
            track: Brief::entry(entry),
            index: first,
            count,
        },
    );
}

pub(super) fn shift(d: &mut Draft<'_>, from: usize, to: usize, reply: Option<&ReplyTo>) {
    let count = d.g.kept.queue.len();
    let Some(entry) = from.checked_sub(1).and_then(|place| d.g.kept.queue.get(place)) else {
        return d.refuse(reply, no_such(from, count));
    };
    if to == 0 || to > count {
        return d.refuse(reply, no_such(to, count));
    }
    if from != to {
        d.push(Event::Moved {
            from: from - 1,
            to: to - 1,
        });
    }
    d.answer(
        reply,
        Say::Moved {
            track: Brief::entry(entry),
            from,
            to,
        },
    );
}

pub(super) fn shuffle(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let count = d.g.kept.queue.len();
    if count < 2 {
        return d.refuse(reply, Refusal::TooFewToShuffle);
    }
    let mut order: Vec<u32> = (0..u32::try_from(count).unwrap_or(u32::MAX)).collect();
    let mut state = d.seed;
    for place in (1..order.len()).rev() {
        let other = below(&mut state, place + 1);
        order.swap(place, other);
    }
    d.push(Event::Ordered { order });
    d.answer(reply, Say::Shuffled { count });
}

/// A number below `bound`, from a splitmix64 sequence: the machine has no chance of its own.
fn below(state: &mut u64, bound: usize) -> usize {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^= mixed >> 31;
    // The high half of the product: unbiased enough for a queue, and never out of bounds.
    let scaled = (u128::from(mixed) * bound as u128) >> 64;
    usize::try_from(scaled).unwrap_or(0)
}

pub(super) fn clear(d: &mut Draft<'_>, reply: Option<&ReplyTo>) {
    let count = d.g.kept.queue.len();
    if count == 0 {
        return d.refuse(reply, Refusal::QueueEmpty);
    }
    d.push(Event::Cleared);
    d.answer(reply, Say::Cleared { count });
}

fn no_such(index: usize, count: usize) -> Refusal {
    if count == 0 {
        Refusal::QueueEmpty
    } else {
        Refusal::NoSuchEntry { index, count }
    }
}
