//! What the outside should look like, read off the state in constant time.

use super::event::{Asker, Pending};
use super::state::Guild;
use super::{Tag, Wanted, WantedPlayer, WantedTrack, WantedVoice};

/// How long after a decoder's failure an end is waited for, ms: the buffered audio plays on for up to 5 s.
pub(super) const FAILING_MS: u64 = 6_000;

/// Patience beyond the reply lane's own before a waiting command is answered by the guild, ms.
pub(super) const EXPIRE_SLACK_MS: u64 = 2_000;

/// What the outside should look like now. Constant time, whatever the queue's length.
pub fn wants(g: &Guild) -> Wanted {
    let (kept, passing) = (&g.kept, &g.passing);
    let wake_at_ms = [
        kept.leave_at_ms,
        kept.hold_until_ms,
        passing
            .joining_since_ms
            .map(|since| since.saturating_add(g.limits.join_ms)),
        passing.failing.map(|(_, at)| at.saturating_add(FAILING_MS)),
        kept.pending.iter().map(|pending| g.expires_at(pending)).min(),
        g.autoplay_due_ms(),
    ];
    let in_voice = kept.channel.is_some();
    Wanted {
        revision: kept.revision,
        voice: kept.channel.map(|channel| WantedVoice {
            channel,
            join: passing.join,
        }),
        player: player(g),
        card: g.card().map(Box::new),
        speak: kept.channel.filter(|_| kept.suppressed),
        // A player that rests between two tracks keeps its node.
        needs_node: in_voice && (kept.current.is_some() || passing.placed.is_some()),
        wake_at_ms: wake_at_ms.into_iter().flatten().min(),
        awake: in_voice || !kept.pending.is_empty() || kept.leave_at_ms.is_some() || kept.card.post.is_some(),
        restful: !in_voice && kept.pending.is_empty() && passing.tickets.is_empty() && kept.card.post.is_none(),
    }
}

impl Guild {
    /// When a waiting command is given up: counted from when it was asked for last, which a restart does anew.
    pub(super) fn expires_at(&self, pending: &Pending) -> u64 {
        let passing = &self.passing;
        let asked_ms = match pending.question {
            Some(_) => passing
                .tickets
                .iter()
                .find(|open| open.asker == Asker::Command(pending.key))
                .map(|open| open.at_ms),
            None => passing.joining_since_ms,
        };
        pending
            .since_ms
            .max(asked_ms.unwrap_or(0))
            .saturating_add(self.limits.expire_ms)
            .saturating_add(EXPIRE_SLACK_MS)
    }
}

fn player(g: &Guild) -> Option<WantedPlayer> {
    let (kept, passing) = (&g.kept, &g.passing);
    kept.channel?;
    let (node, generation) = passing.placed.clone()?;
    let voice = passing.voice.clone()?;
    let track = kept.current.as_ref().map(|current| {
        let (position_ms, at_ms) = g.anchor(current);
        WantedTrack {
            tag: Tag {
                entry: current.entry.id,
                play: current.play,
                seek: current.seek,
                generation,
            },
            encoded: current.entry.track.clone(),
            position_ms,
            runs_since_ms: (!g.paused() && g.audible()).then_some(at_ms),
        }
    });
    Some(WantedPlayer {
        node,
        generation,
        voice,
        dial: Some(passing.dial),
        track,
        ended: passing.over,
        paused: g.paused(),
        volume: g.volume(),
    })
}
