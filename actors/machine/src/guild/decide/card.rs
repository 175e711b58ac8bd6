//! The card of what plays: which message it is.

use super::super::CardNews;
use super::super::event::Event;
use super::{Draft, Ignored};

/// What became of the card.
pub(super) fn news(d: &mut Draft<'_>, news: &CardNews) {
    let kept = d.g.kept.card;
    let is_card = |message: u64| kept.post.is_some_and(|post| post.message == message);
    let (post, none_for) = match news {
        CardNews::Posted(post) if kept.post == Some(*post) => return d.ignore(Ignored::Late),
        CardNews::Posted(post) => (Some(*post), None),
        CardNews::Ended { message } if is_card(*message) => (None, None),
        CardNews::Gone { message } if is_card(*message) => return gone(d, *message),
        CardNews::Ended { .. } | CardNews::Gone { .. } => return d.ignore(Ignored::Late),
    };
    d.push(Event::Card { post, none_for });
}

/// The card is there no more. Who deletes it wants none: it is not posted again for the same track.
pub(super) fn gone(d: &mut Draft<'_>, message: u64) {
    if d.g.kept.card.post.is_some_and(|post| post.message == message) {
        let none_for = d.g.kept.current.as_ref().map(|current| current.entry.id);
        d.push(Event::Card { post: None, none_for });
    }
}
