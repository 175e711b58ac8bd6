//! Applying passing events: facts that are never journalled. No rule, no panic, and nothing that does not fit.
#![deny(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::arithmetic_side_effects
)]

use super::event::{Asker, Event};
use super::state::{AGAIN_MS, Open, Passing};
use super::{Restored, Seat, VoiceCredentials};
use crate::ids::{ChannelId, Hidden, NodeId, Ticket, UserId};

/// A voice server that was named so shortly before a new voice session belongs to it, ms: Discord says both at once, in
/// either order.
const SAME_JOIN_MS: u64 = 1_000;

/// Applies a passing event; at most `seats` seats are remembered.
pub(super) fn pass(seats: usize, passing: &mut Passing, event: &Event) {
    match event {
        Event::Awoke(restored) => {
            // What the outside was told in this process goes on from the same number.
            let dial = passing.dial;
            *passing = awoke(seats, restored);
            passing.dial = dial;
        }
        Event::Sat(seat) => {
            if let Some(known) = &mut passing.seats {
                known.retain(|(user, _)| *user != seat.user);
                let room = known.len() < seats;
                known.extend(sits(seat).filter(|_| room));
            }
        }
        Event::Seated(known) => passing.seats = Some(known.iter().filter_map(sits).take(seats).collect()),
        Event::OwnVoice {
            channel,
            session_id,
            at_ms,
        } => own_voice(passing, *channel, session_id, *at_ms),
        Event::Server { server, at_ms } => named(passing, server.as_ref(), *at_ms),
        Event::Joining {
            since_ms,
            forget,
            again,
        } => joining(passing, *since_ms, *forget, *again),
        Event::Placed { node } => placed(passing, node.as_ref()),
        Event::ToldNoNode => passing.told_no_node = true,
        Event::Reported { position_ms, at_ms } => passing.reported = Some((*position_ms, *at_ms)),
        Event::Sounds { play } => passing.sounds = Some(*play),
        Event::Failing { play, at_ms } => passing.failing = Some((*play, *at_ms)),
        Event::Over { entry, play } => passing.over = Some((*entry, *play)),
        Event::Asked { ticket, asker, at_ms } => open(passing, *ticket, *asker, *at_ms),
        Event::Closed { ticket } => close(passing, *ticket),
        Event::Added { .. }
        | Event::Removed { .. }
        | Event::Moved { .. }
        | Event::Ordered { .. }
        | Event::Cleared
        | Event::Left { .. }
        | Event::Began { .. }
        | Event::Anchored { .. }
        | Event::Sought { .. }
        | Event::Paused { .. }
        | Event::Volume { .. }
        | Event::Loop { .. }
        | Event::Channel { .. }
        | Event::Text { .. }
        | Event::LeaveAt { .. }
        | Event::Waiting { .. }
        | Event::Settled { .. }
        | Event::Failures { .. }
        | Event::SkippedTo { .. }
        | Event::Card { .. }
        | Event::Suppressed { .. }
        | Event::Autoplay { .. }
        | Event::Picked { .. }
        | Event::Chosen { .. }
        | Event::Awaiting { .. }
        | Event::Missed { .. }
        | Event::Taste { .. }
        | Event::Heard => {}
    }
}

fn placed(passing: &mut Passing, node: Option<&(NodeId, u64)>) {
    passing.placed = node.cloned();
    passing.sounds = None;
    if node.is_some() {
        passing.told_no_node = false;
    }
}

fn open(passing: &mut Passing, ticket: Ticket, asker: Asker, at_ms: u64) {
    passing.last_ticket = passing.last_ticket.max(ticket.number);
    passing.tickets.push(Open { ticket, asker, at_ms });
}

fn own_voice(passing: &mut Passing, channel: Option<ChannelId>, session_id: &Hidden, at_ms: u64) {
    let other = passing.own.as_ref().is_some_and(|(_, known)| known != session_id);
    passing.own = channel.map(|channel| (channel, session_id.clone()));
    if channel.is_none() {
        (passing.server, passing.voice, passing.sounds) = (None, None, None);
    } else if other && at_ms.saturating_sub(passing.server_at_ms) > SAME_JOIN_MS {
        // The server known so far belongs to the session before.
        passing.server = None;
        passing.joining_since_ms.get_or_insert(at_ms);
    }
    complete(passing);
}

fn named(passing: &mut Passing, server: Option<&(Hidden, Box<str>)>, at_ms: u64) {
    if server.is_none() {
        passing.joining_since_ms = Some(at_ms);
    } else {
        passing.server_at_ms = at_ms;
        if passing.server.is_none() {
            passing.dial = passing.dial.saturating_add(1);
        }
    }
    passing.server = server.cloned();
    complete(passing);
}

fn joining(passing: &mut Passing, since_ms: Option<u64>, forget: bool, again: bool) {
    passing.joining_since_ms = since_ms;
    if forget {
        (passing.server, passing.voice, passing.sounds, passing.own) = (None, None, None, None);
    }
    if !again {
        return;
    }
    passing.join = passing.join.saturating_add(1);
    if let Some(now_ms) = since_ms {
        passing.again = match passing.again {
            Some((count, since)) if now_ms.saturating_sub(since) < AGAIN_MS => Some((count.saturating_add(1), since)),
            Some(_) | None => Some((1, now_ms)),
        };
    }
}

fn close(passing: &mut Passing, ticket: Ticket) {
    passing.tickets.retain(|open| open.ticket != ticket);
}

/// The place of somebody who can listen.
fn sits(seat: &Seat) -> Option<(UserId, ChannelId)> {
    let channel = seat.channel.filter(|_| !seat.bot)?;
    Some((seat.user, channel))
}

fn awoke(seats: usize, restored: &Restored) -> Passing {
    let known = restored.seats.as_ref();
    let known = known.map(|known| known.iter().filter_map(sits).take(seats).collect());
    Passing {
        incarnation: restored.incarnation,
        seats: known,
        own: restored.own.clone(),
        voice: restored.voice(),
        ..Passing::default()
    }
}

impl Restored {
    /// What a node was given is good for as long as Discord holds that voice session, in whatever channel.
    pub(super) fn voice(&self) -> Option<VoiceCredentials> {
        let (channel, session_id) = self.own.as_ref()?;
        let mut voice = self.player.as_ref()?.voice.clone()?;
        voice.channel = *channel;
        (voice.session_id == *session_id).then_some(voice)
    }
}

/// Puts the two halves of a voice connection together once both are there. Until then the older set stays.
fn complete(passing: &mut Passing) {
    if let (Some((channel, session_id)), Some((token, endpoint))) = (&passing.own, &passing.server) {
        passing.voice = Some(VoiceCredentials {
            token: token.clone(),
            endpoint: endpoint.clone(),
            session_id: session_id.clone(),
            channel: *channel,
        });
        passing.joining_since_ms = None;
    } else if let (Some((channel, session_id)), Some(voice)) = (&passing.own, &mut passing.voice)
        && voice.session_id == *session_id
    {
        voice.channel = *channel;
    }
}
