//! The smallest orders that lead from what a node was last told to what is wanted (L5).

use std::sync::Arc;

use smallvec::{SmallVec, smallvec};

use super::{PlayerOrder, Seen, VoiceCredentials, WantedPlayer, WantedTrack};
use crate::track::Track;

/// A seek that lands this close to the end is lost by a real node, ms: the track is played again from there.
const LOST_SEEK_MS: u64 = 6_000;

/// The orders that lead from `told` to `want`. Empty when nothing differs; repeating them is harmless.
///
/// A player on another node, or of another placement, is sent whole; the older node is told to delete its one.
pub fn differences(
    told: Option<&WantedPlayer>,
    want: Option<&WantedPlayer>,
    now_ms: u64,
) -> SmallVec<[PlayerOrder; 2]> {
    match (told, want) {
        (None, None) => smallvec![],
        (Some(told), None) => smallvec![PlayerOrder::Delete {
            node: told.node.clone()
        }],
        (None, Some(want)) => smallvec![whole(want, now_ms)],
        (Some(told), Some(want)) if told.node != want.node => {
            smallvec![
                whole(want, now_ms),
                PlayerOrder::Delete {
                    node: told.node.clone()
                }
            ]
        }
        (Some(told), Some(want)) if told.generation != want.generation => smallvec![whole(want, now_ms)],
        (Some(told), Some(want)) => change(told, want, now_ms).into_iter().collect(),
    }
}

fn position(track: &WantedTrack, now_ms: u64) -> u64 {
    let run = track.runs_since_ms.map_or(0, |since| now_ms.saturating_sub(since));
    let position = track.position_ms.saturating_add(run);
    track.encoded.length_ms.map_or(position, |length| position.min(length))
}

fn whole(want: &WantedPlayer, now_ms: u64) -> PlayerOrder {
    PlayerOrder::Patch {
        node: want.node.clone(),
        voice: Some(want.voice.clone()),
        position_ms: want.track.as_ref().map(|track| position(track, now_ms)),
        track: Some(want.track.clone()),
        tag: None,
        paused: Some(want.paused),
        volume: Some(want.volume),
    }
}

fn change(told: &WantedPlayer, want: &WantedPlayer, now_ms: u64) -> Option<PlayerOrder> {
    let redial = told.dial.is_some() && told.dial != want.dial;
    let voice: Option<VoiceCredentials> = (told.voice != want.voice || redial).then(|| want.voice.clone());
    let mut paused = (told.paused != want.paused).then_some(want.paused);
    let volume = (told.volume != want.volume).then_some(want.volume);
    let (mut track, mut tag, mut position_ms) = (None, None, None);
    match (&told.track, &want.track) {
        (None, None) => {}
        (Some(old), None) => {
            if want.ended != Some((old.tag.entry, old.tag.play)) {
                track = Some(None);
                // A node un-pauses with a stop, too, unless told otherwise.
                paused = Some(want.paused);
            }
        }
        (Some(old), Some(new)) if old.tag.same_play(&new.tag) => {
            if old.tag.seek != new.tag.seek {
                let at = position(new, now_ms);
                position_ms = Some(at);
                if is_lost(&new.encoded, new.position_ms, at) {
                    track = Some(Some(new.clone()));
                    paused = Some(want.paused);
                } else {
                    tag = Some(new.tag);
                }
            }
        }
        (_, Some(new)) => {
            position_ms = Some(position(new, now_ms));
            track = Some(Some(new.clone()));
            // A node un-pauses with a new track unless told otherwise.
            paused = Some(want.paused);
        }
    }
    let same = voice.is_none() && paused.is_none() && volume.is_none() && track.is_none() && tag.is_none();
    (!same).then(|| PlayerOrder::Patch {
        node: want.node.clone(),
        voice,
        track,
        tag,
        position_ms,
        paused,
        volume,
    })
}

/// Whether a node would lose a seek: its decoder may have reached the end already. Then the track is played anew.
pub(super) fn is_lost(track: &Track, from_ms: u64, to_ms: u64) -> bool {
    track.length_ms.is_some_and(|length| {
        let near = |at: u64| length.saturating_sub(at) < LOST_SEEK_MS;
        // Where it is now matters as much as where it goes to; a whole short track is decoded at once.
        near(to_ms) || near(from_ms) || length < 2 * LOST_SEEK_MS
    })
}

impl WantedPlayer {
    /// What a node must have been told to have the player that it reports; `None` without voice: then it is to be told
    /// everything. Only what [`differences`] compares is filled in.
    pub fn from_seen(seen: &Seen) -> Option<Self> {
        let track = seen.tag.map(|tag| WantedTrack {
            tag,
            encoded: Arc::default(),
            position_ms: seen.position_ms,
            runs_since_ms: (!seen.paused).then_some(seen.at_ms),
        });
        Some(Self {
            node: seen.node.clone(),
            generation: seen.tag.map_or(0, |tag| tag.generation),
            voice: seen.voice.clone()?,
            dial: None,
            track,
            ended: None,
            paused: seen.paused,
            volume: seen.volume,
        })
    }
}
