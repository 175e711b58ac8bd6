//! A node that does what it is told, as far as orders go.

use std::collections::BTreeMap;

use super::*;

/// A player of the stand-in.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Player {
    pub(super) voice: Option<VoiceCredentials>,
    pub(super) tag: Option<Tag>,
    pub(super) paused: bool,
    pub(super) volume: u16,
    pub(super) position_ms: u64,
}

/// The players of one guild on all nodes.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Nodes(pub(super) BTreeMap<NodeId, Player>);

impl Nodes {
    pub(super) fn obey(&mut self, order: &PlayerOrder) {
        match order {
            PlayerOrder::Delete { node } => {
                self.0.remove(node);
            }
            PlayerOrder::Patch {
                node,
                voice,
                track,
                tag,
                position_ms,
                paused,
                volume,
            } => {
                let player = self.0.entry(node.clone()).or_default();
                if let Some(voice) = voice {
                    player.voice = Some(voice.clone());
                }
                player.volume = volume.unwrap_or(player.volume);
                match track {
                    Some(track) => {
                        player.tag = track.as_ref().map(|track| track.tag);
                        // A new track un-pauses, and so does a stop, unless told otherwise.
                        player.paused = paused.unwrap_or(false);
                        player.position_ms = position_ms.unwrap_or(0);
                    }
                    None => {
                        player.paused = paused.unwrap_or(player.paused);
                        if player.tag.is_some() {
                            player.tag = tag.or(player.tag);
                            player.position_ms = position_ms.unwrap_or(player.position_ms);
                        }
                    }
                }
            }
        }
    }

    /// A play is over there.
    pub(super) fn end(&mut self, node: &NodeId, tag: &Tag) {
        if let Some(player) = self.0.get_mut(node)
            && player.tag.as_ref() == Some(tag)
        {
            player.tag = None;
        }
    }

    /// The player of the youngest placement, as its node reports it.
    pub(super) fn seen(&self, at_ms: u64) -> Option<Seen> {
        let youngest = |(_, player): &(&NodeId, &Player)| player.tag.map(|tag| tag.generation);
        let (node, player) = self.0.iter().max_by_key(youngest)?;
        Some(Seen {
            node: node.clone(),
            tag: player.tag,
            position_ms: player.position_ms,
            at_ms,
            paused: player.paused,
            volume: player.volume,
            voice: player.voice.clone(),
            connected: true,
        })
    }

    /// Whether exactly the wanted player is there.
    pub(super) fn are(&self, want: Option<&WantedPlayer>) -> bool {
        let Some(want) = want else { return self.0.is_empty() };
        let mut players = self.0.iter();
        let (Some((node, player)), None) = (players.next(), players.next()) else {
            return false;
        };
        let tag = want.track.as_ref().map(|track| track.tag);
        *node == want.node
            && player.voice.as_ref() == Some(&want.voice)
            && player.tag == tag
            && (player.paused, player.volume) == (want.paused, want.volume)
    }
}
