//! What is there no more: a channel, the guild itself.

use super::super::event::Event;
use super::super::{Refusal, Say};
use super::{Draft, Ignored, voice};
use crate::ids::ChannelId;

/// A channel was deleted: the bot's own voice channel, the one with its card, or one that is nothing to it.
pub(super) fn channel(d: &mut Draft<'_>, channel: ChannelId) {
    let kept = &d.g.kept;
    let (voice, card) = (kept.channel == Some(channel), kept.card.post);
    if let Some(post) = card.filter(|post| post.channel == channel) {
        super::card::gone(d, post.message);
    }
    if voice {
        let held = d.g.held();
        voice::leave(d);
        d.notice(Say::ChannelGone { kept: held });
    } else if card.is_none_or(|post| post.channel != channel) {
        d.ignore(Ignored::Late);
    }
}

/// The bot was removed from the guild: nothing plays, nobody is answered any more, and nothing is said where it may not
/// speak. Queue and settings stay for the day on which it is invited again.
pub(super) fn guild(d: &mut Draft<'_>) {
    for pending in &d.g.kept.pending {
        if d.settle(pending) {
            d.refuse(pending.reply.as_ref(), Refusal::Expired);
        }
    }
    if d.g.kept.channel.is_some() {
        voice::leave(d);
    }
    if let Some(post) = d.g.kept.card.post {
        super::card::gone(d, post.message);
    }
    let session_id = crate::ids::Hidden::new("");
    d.push(Event::OwnVoice {
        channel: None,
        session_id,
        at_ms: d.at_ms,
    });
    d.push(Event::Seated(Vec::new()));
}
