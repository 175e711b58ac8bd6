//! What a guild weighs: a sum over what it holds, not a measurement of the allocator.

use super::autoplay::Mark;
use super::event::Pending;
use super::state::{Guild, Open};
use super::{Against, Autoplay, VoiceCredentials};
use crate::ids::{ChannelId, Hidden, NodeId, UserId};
use crate::track::{Entry, Track};

/// Bytes of one live guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Weight {
    /// The guild without its tracks: the value itself, remembered causes, seats, voice, what waits.
    pub guild: usize,
    /// Places of tracks in queue and history, room to grow counted.
    pub places: usize,
    /// The tracks themselves with all their text. One that stands in several places is counted in each.
    pub tracks: usize,
}

impl Guild {
    /// What this guild weighs. Takes time with the length of the queue: for benchmarks and consoles.
    pub fn weight(&self) -> Weight {
        let (kept, passing) = (&self.kept, &self.passing);
        let hidden = |hidden: &Hidden| hidden.reveal().len();
        let voice = |voice: &VoiceCredentials| hidden(&voice.token) + voice.endpoint.len() + hidden(&voice.session_id);
        let open = if passing.tickets.spilled() {
            passing.tickets.capacity()
        } else {
            0
        };
        let own = passing.own.as_ref().map_or(0, |(_, session)| hidden(session));
        let server = passing
            .server
            .as_ref()
            .map_or(0, |(token, endpoint)| hidden(token) + endpoint.len());
        let node = passing.placed.as_ref().map_or(0, |(NodeId(name), _)| name.len());
        let autoplay = kept.autoplay.as_deref();
        let autoplay = autoplay.map_or(0, |auto| {
            let memory = auto.memory.capacity() * size_of::<Mark>();
            size_of::<Autoplay>() + auto.against.capacity() * size_of::<Against>() + memory
        });
        let heap = kept.causes.heap()
            + autoplay
            + kept.pending.len() * size_of::<Pending>()
            + passing.seats.as_ref().map_or(0, Vec::capacity) * size_of::<(UserId, ChannelId)>()
            + open * size_of::<Open>()
            + passing.voice.as_ref().map_or(0, voice);
        let all = kept.queue.iter().chain(&kept.history);
        let current = kept.current.as_ref().map(|current| &current.entry);
        Weight {
            guild: size_of::<Self>() + heap + own + server + node,
            places: (kept.queue.capacity() + kept.history.capacity()) * size_of::<Entry>(),
            tracks: all.chain(current).map(|entry| weight(&entry.track)).sum(),
        }
    }
}

fn weight(track: &Track) -> usize {
    let optional = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
    let text = track.encoded.len() + track.title.len() + track.author.len() + track.source.len();
    // Two counters stand before what an `Arc` shares.
    2 * size_of::<usize>() + size_of::<Track>() + text + optional(&track.uri) + optional(&track.artwork)
}
