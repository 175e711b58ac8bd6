//! What buttons of a card are answered with: the card as it is after the change.

use super::state::Guild;
use super::{Answer, Say};

/// Fills in what could not be known before the events of a decision were applied: what plays now. To be called with
/// what was said, once [`super::apply_all`] is done.
pub fn fill(g: &Guild, at_ms: u64, say: &mut [Answer]) {
    say.iter_mut().for_each(|answer| fill_words(g, at_ms, &mut answer.say));
}

/// The same for the words of one answer.
pub(super) fn fill_words(g: &Guild, at_ms: u64, say: &mut Say) {
    if let Say::Pressed(view) = say {
        let current = g.kept.current.as_ref();
        *view = current.map(|current| Box::new(g.face(current).view(at_ms)));
    }
}
