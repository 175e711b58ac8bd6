//! One player on one node of the world: what it plays, and what is heard of it.

use std::sync::Arc;

use ostinato_machine::guild::{EndReason, PlayerOrder, Report, Seen, Tag, VoiceCredentials};
use ostinato_machine::ids::{GuildId, NodeId};
use ostinato_machine::track::Track;

/// A stretch of sound in one guild.
#[derive(Clone, Debug, PartialEq)]
pub struct Sound {
    /// The guild.
    pub guild: GuildId,
    /// The node that it comes from.
    pub node: NodeId,
    /// Title of the track.
    pub title: Box<str>,
    /// The play that it belongs to.
    pub tag: Tag,
    /// When it began, ms since the world began.
    pub from_ms: u64,
    /// When it ended; `None`: it goes on.
    pub until_ms: Option<u64>,
    /// Position of the track at its begin, ms.
    pub position_ms: u64,
}

/// A player.
#[derive(Debug, Default)]
pub(super) struct Player {
    playing: Option<(Tag, Arc<Track>)>,
    position_ms: u64,
    /// Since when it sounds, ms since the world began.
    sounds_since_ms: Option<u64>,
    paused: bool,
    volume: u16,
    voice: Option<VoiceCredentials>,
    /// Rises with every change: an end that was foreseen before it means nothing.
    pub(super) turn: u64,
}

impl Player {
    pub(super) fn new() -> Self {
        Self {
            volume: 100,
            ..Self::default()
        }
    }

    pub(super) fn voice(&self) -> Option<&VoiceCredentials> {
        self.voice.as_ref()
    }

    fn position(&self, now_ms: u64) -> u64 {
        let run = self
            .sounds_since_ms
            .map_or(0, |since_ms| now_ms.saturating_sub(since_ms));
        self.position_ms.saturating_add(run)
    }

    /// Obeys an order; tells what the node says of it.
    pub(super) fn obey(&mut self, order: &PlayerOrder, now_ms: u64) -> Vec<Report> {
        let PlayerOrder::Patch {
            voice,
            track,
            tag,
            position_ms,
            paused,
            volume,
            ..
        } = order
        else {
            return Vec::new();
        };
        self.position_ms = self.position(now_ms);
        self.sounds_since_ms = self.sounds_since_ms.map(|_| now_ms);
        let mut said = Vec::new();
        if let Some(voice) = voice {
            self.voice = Some(voice.clone());
        }
        if let Some(volume) = volume {
            self.volume = *volume;
        }
        if let Some(track) = track {
            let old = self.playing.take();
            let reason = if track.is_some() {
                EndReason::Replaced
            } else {
                EndReason::Stopped
            };
            said.extend(old.map(|(tag, _)| Report::Ended { tag, reason }));
            (self.position_ms, self.paused) = (0, false);
            if let Some(track) = track {
                self.playing = Some((track.tag, Arc::clone(&track.encoded)));
                said.push(Report::Started { tag: track.tag });
            }
        }
        if let (Some(tag), Some((mine, _))) = (tag, &mut self.playing) {
            *mine = *tag;
        }
        if let Some(position_ms) = position_ms {
            self.position_ms = *position_ms;
        }
        if let Some(paused) = paused {
            self.paused = *paused;
        }
        said
    }

    /// Begins or ends the sound, as `audible` and the pause say. Notes it in `sounds`; tells when the track will be over.
    pub(super) fn settle(
        &mut self,
        (guild, node): (GuildId, &NodeId),
        audible: bool,
        now_ms: u64,
        sounds: &mut Vec<Sound>,
    ) -> Option<u64> {
        self.turn += 1;
        self.position_ms = self.position(now_ms);
        let open = sounds
            .iter_mut()
            .rfind(|sound| sound.guild == guild && sound.node == *node && sound.until_ms.is_none());
        if let Some(open) = open {
            open.until_ms = Some(now_ms);
        }
        self.sounds_since_ms = None;
        let (tag, track) = self.playing.as_ref().filter(|_| audible && !self.paused)?;
        self.sounds_since_ms = Some(now_ms);
        let goes_on = sounds.iter_mut().rfind(|sound| sound.guild == guild).filter(|last| {
            last.node == *node
                && last.until_ms == Some(now_ms)
                && last.tag.same_play(tag)
                && last.position_ms + (now_ms - last.from_ms) == self.position_ms
        });
        match goes_on {
            Some(last) => last.until_ms = None,
            None => sounds.push(Sound {
                guild,
                node: node.clone(),
                title: track.title.clone(),
                tag: *tag,
                from_ms: now_ms,
                until_ms: None,
                position_ms: self.position_ms,
            }),
        }
        track
            .length_ms
            .map(|length_ms| length_ms.saturating_sub(self.position_ms))
    }

    /// The track has played to its end.
    pub(super) fn finish(&mut self) -> Option<Report> {
        let (tag, _) = self.playing.take()?;
        (self.position_ms, self.sounds_since_ms) = (0, None);
        let reason = EndReason::Finished;
        Some(Report::Ended { tag, reason })
    }

    /// What it reports every few seconds.
    pub(super) fn update(&self, now_ms: u64, wall_ms: u64) -> Option<Report> {
        self.playing.as_ref()?;
        Some(Report::Update {
            position_ms: self.position(now_ms),
            at_ms: wall_ms,
            connected: self.sounds_since_ms.is_some() || self.paused,
        })
    }

    pub(super) fn seen(&self, node: &NodeId, now_ms: u64, wall_ms: u64) -> Seen {
        Seen {
            node: node.clone(),
            tag: self.playing.as_ref().map(|(tag, _)| *tag),
            position_ms: self.position(now_ms),
            at_ms: wall_ms,
            paused: self.paused,
            volume: self.volume,
            voice: self.voice.clone(),
            connected: self.sounds_since_ms.is_some(),
        }
    }
}
