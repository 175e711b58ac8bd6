//! The first input of every incarnation: adopting what plays, finishing what waits.

use super::super::event::Event;
use super::super::{Question, Refusal, Restored, Say, Seen};
use super::player::LEAD_MS;
use super::{Draft, voice};
use crate::ids::Ticket;

/// How long an interaction's token is good, less a minute of care, ms.
const TOKEN_MS: u64 = 14 * 60 * 1_000;

pub(super) fn restored(d: &mut Draft<'_>, restored: &Restored) {
    d.incarnation = restored.incarnation;
    d.renumber();
    d.push(Event::Awoke(Box::new(restored.clone())));
    if restored.cold {
        let had_voice = d.g.kept.channel.is_some();
        if had_voice {
            voice::leave(d);
        }
    } else if let Some(wanted) = d.g.kept.channel {
        match &restored.own {
            Some((own, _)) if *own == wanted => {}
            // Moved while nobody looked: stay where Discord has put the bot.
            Some((own, _)) => d.push(Event::Channel { channel: Some(*own) }),
            None => d.push(Event::Joining {
                since_ms: Some(d.at_ms),
                forget: false,
                again: false,
            }),
        }
        match restored.player.as_ref().filter(|seen| seen.voice.is_some()) {
            Some(seen) => adopt(d, seen),
            // In the channel, but nobody has the voice server's address: ask for it again.
            None if restored.own.is_some() => {
                d.push(Event::Joining {
                    since_ms: Some(d.at_ms),
                    forget: false,
                    again: true,
                });
            }
            None => {}
        }
    }
    resume_pending(d, restored);
}

/// Takes over a player that a node reports. The audible track wins if it stands later in the queue: the end of the one
/// before it can have died in a socket's buffer.
pub(super) fn adopt(d: &mut Draft<'_>, seen: &Seen) {
    let Some(tag) = seen.tag else { return };
    let Some(current) = &d.g.kept.current else { return };
    d.push(Event::Placed {
        node: Some((seen.node.clone(), tag.generation)),
    });
    if tag.entry == current.entry.id && tag.play == current.play {
        d.push(Event::Sounds { play: tag.play });
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
        requeued: false,
    });
    for _ in 0..place {
        d.push(Event::Removed { index: 0 });
    }
    let position_ms = seen.position_ms.saturating_sub(LEAD_MS);
    d.push(Event::Began {
        entry: tag.entry,
        play: tag.play,
        position_ms,
        at_ms: seen.at_ms,
    });
    d.push(Event::Sounds { play: tag.play });
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
            d.push(Event::Settled { key: pending.key });
            d.answer(pending.reply.as_ref(), Say::Refused(Refusal::Expired));
        } else if arrived && let Some((channel, _)) = &restored.own {
            d.push(Event::Settled { key: pending.key });
            d.answer(pending.reply.as_ref(), Say::Joined { channel: *channel });
        } else if let Some(question) = &pending.question {
            d.ask(question.clone(), Some(pending.key));
        }
    }
}

/// Asks why nobody lets the bot in.
pub(super) fn ask_why(d: &mut Draft<'_>) {
    if let Some(channel) = d.g.kept.channel {
        d.ask(Question::WhyNoVoice { channel }, None);
    }
}

/// Whether such a question is open: one that no command waits for.
pub(super) fn asks_why(tickets: &[(Ticket, Option<u64>)]) -> bool {
    tickets.iter().any(|(_, key)| key.is_none())
}
