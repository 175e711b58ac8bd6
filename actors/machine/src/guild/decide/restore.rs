//! The first input of every incarnation: adopting what plays, finishing what waits.

use super::super::event::{Asker, Event};
use super::super::state::Open;
use super::super::{LoopMode, Question, Refusal, Restored, Say, Seen};
use super::player::LEAD_MS;
use super::{Draft, voice};
use crate::ids::ChannelId;

/// How long an interaction's token is good, less a minute of care, ms.
const TOKEN_MS: u64 = 14 * 60 * 1_000;

pub(super) fn restored(d: &mut Draft<'_>, restored: &Restored) {
    d.awake(restored.incarnation);
    d.push(Event::Awoke(Box::new(restored.clone())));
    if let Some(wanted) = d.g.kept.channel {
        if restored.cold {
            voice::leave(d);
        } else {
            go_on(d, restored, wanted);
        }
    }
    resume_pending(d, restored);
}

/// In voice again, or still.
fn go_on(d: &mut Draft<'_>, restored: &Restored, wanted: ChannelId) {
    let own = restored.own.as_ref().map(|(own, _)| *own);
    let (here, has_voice) = (own.unwrap_or(wanted), restored.voice().is_some());
    if here != wanted {
        // Moved while nobody looked: stay where Discord has put the bot.
        d.push(Event::Channel { channel: Some(here) });
        if d.g.kept.suppressed {
            d.push(Event::Suppressed { on: false });
        }
    }
    if !has_voice {
        // In the channel without the voice server's address, it must be asked for again.
        d.push(Event::Joining {
            since_ms: Some(d.at_ms),
            forget: false,
            again: own.is_some(),
        });
    }
    if let Some(seen) = restored.player.as_ref().filter(|seen| seen.voice.is_some()) {
        adopt(d, seen, has_voice);
    }
    let seats = restored.seats.as_ref();
    let listeners = seats.map(|seats| seats.iter().filter(|seat| seat.listens_in(here)).count());
    voice::listeners_changed(d, here, listeners);
}

/// Takes over a player that a node reports. The audible track wins if it stands later in the queue: the end of the one
/// before it can have died in a socket's buffer. `heard`: its voice session is still Discord's.
pub(super) fn adopt(d: &mut Draft<'_>, seen: &Seen, heard: bool) {
    let Some(tag) = seen.tag else { return };
    let Some(current) = &d.g.kept.current else { return };
    let placed = d.g.passing.placed.as_ref().filter(|_| !d.is_fresh());
    if placed.is_none_or(|(node, generation)| *node != seen.node || *generation < tag.generation) {
        d.push(Event::Placed {
            node: Some((seen.node.clone(), tag.generation)),
        });
    }
    if tag.entry == current.entry.id && tag.play == current.play {
        if heard {
            d.push(Event::Sounds { play: tag.play });
        }
        if tag.seek == current.seek {
            let position_ms = seen.position_ms;
            d.push(Event::Reported {
                position_ms,
                at_ms: seen.at_ms,
            });
        }
        return;
    }
    let Some(place) = d.g.kept.queue.iter().position(|entry| entry.id == tag.entry) else {
        return;
    };
    if tag.play <= current.play {
        return;
    }
    d.push(Event::Left {
        entry: current.entry.id,
        requeued: d.g.kept.loop_mode == LoopMode::Queue,
    });
    if place > 0 {
        d.push(Event::Removed { index: 0, count: place });
    }
    let position_ms = seen.position_ms.saturating_sub(LEAD_MS);
    d.push(Event::Began {
        entry: tag.entry,
        play: tag.play,
        position_ms,
        at_ms: seen.at_ms,
    });
    if heard {
        d.push(Event::Sounds { play: tag.play });
    }
    d.push(Event::Reported {
        position_ms: seen.position_ms,
        at_ms: seen.at_ms,
    });
}

/// Commands that waited when the process before this one ended: finish them, or answer that they are not done.
fn resume_pending(d: &mut Draft<'_>, restored: &Restored) {
    for pending in &d.g.kept.pending {
        let gone = d.at_ms.saturating_sub(pending.since_ms) > TOKEN_MS;
        let arrived = match (&pending.question, d.g.kept.channel, &restored.own) {
            (None, Some(wanted), Some((own, _))) => *own == wanted,
            _ => false,
        };
        if gone || restored.cold {
            if d.settle(pending) {
                d.refuse(pending.reply.as_ref(), Refusal::Expired);
            }
        } else if arrived && let Some((channel, _)) = &restored.own {
            d.settle(pending);
            d.answer(pending.reply.as_ref(), Say::Joined { channel: *channel });
        } else if let Some(question) = &pending.question {
            d.ask(question.clone(), Asker::Command(pending.key));
        }
    }
}

/// Asks why nobody lets the bot in.
pub(super) fn ask_why(d: &mut Draft<'_>) {
    if let Some(channel) = d.g.kept.channel {
        d.ask(Question::WhyNoVoice { channel }, Asker::Voice);
    }
}

/// Whether such a question is open.
pub(super) fn asks_why(tickets: &[Open]) -> bool {
    tickets.iter().any(|open| open.asker == Asker::Voice)
}
