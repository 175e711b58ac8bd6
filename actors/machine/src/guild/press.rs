//! What buttons of a card are answered with: the card as it is after the change.

use super::state::{Current, Guild};
use super::{Answer, Brief, NowView, Say};

/// Fills in what could not be known before the events of a decision were applied: what plays now. To be called with
/// what was said, once [`super::apply_all`] is done.
pub fn fill(g: &Guild, at_ms: u64, say: &mut [Answer]) {
    for answer in say {
        if let Say::Pressed(view) = &mut answer.say {
            let current = g.kept.current.as_ref();
            *view = current.map(|current| Box::new(g.now_view(current, at_ms)));
        }
    }
}

impl Guild {
    /// The current track as people see it.
    pub(super) fn now_view(&self, current: &Current, at_ms: u64) -> NowView {
        let kept = &self.kept;
        NowView {
            entry: current.entry.id,
            track: Brief::entry(&current.entry),
            position_ms: self.position(at_ms),
            paused: kept.paused_by_user,
            alone: kept.paused_alone,
            waiting: !self.audible(),
            volume: self.volume(),
            loop_mode: kept.loop_mode,
            next: kept.queue.front().map(Brief::entry),
            queued: kept.queue.len(),
        }
    }
}
