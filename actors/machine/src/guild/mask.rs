//! Inputs and whole states as they may be passed on: without tokens and without what listeners wrote.
//!
//! No rule reads those texts but for their length, and for whether two are the same. So a mask that keeps both takes
//! nothing away that a decision depends on: a masked guild that is given masked inputs goes the way of the real one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::state::{Kept, Passing};
use super::{
    Command, Event, Guild, Input, Loaded, Outcome, Pending, Pick, Question, Related, Report, Restored, Seen, Stamped,
    VoiceCredentials,
};
use crate::ids::{ChannelId, GuildId, Hidden, ReplyTo, Via};
use crate::limits::Limits;
use crate::track::{Entry, Track};

/// What stands in the place of what may not be passed on.
pub trait Mask {
    /// For a token; equal for equal ones, and for those alone.
    fn hidden(&mut self, token: &Hidden) -> Hidden;
    /// For what a listener wrote, or somebody who may repeat it; as long, with the same blanks around it.
    fn words(&mut self, text: &str) -> String;
    /// For a track; its page is equal for equal ones, and for those alone.
    fn track(&mut self, track: &Arc<Track>) -> Arc<Track>;
}

/// Leaves everything as it is.
#[derive(Clone, Copy, Debug)]
pub struct Unmasked;

impl Mask for Unmasked {
    fn hidden(&mut self, token: &Hidden) -> Hidden {
        token.clone()
    }

    fn words(&mut self, text: &str) -> String {
        text.into()
    }

    fn track(&mut self, track: &Arc<Track>) -> Arc<Track> {
        Arc::clone(track)
    }
}

/// All that a guild is, what is passing included.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Whole {
    epoch: u64,
    kept: Kept,
    passing: Passing,
}

impl Guild {
    /// All that it is.
    pub fn whole(&self) -> Whole {
        Whole {
            epoch: self.epoch,
            kept: self.kept.clone(),
            passing: self.passing.clone(),
        }
    }

    /// The guild that was `whole`.
    pub fn revive(id: GuildId, whole: Whole, limits: Arc<Limits>) -> Self {
        Self {
            id,
            epoch: whole.epoch,
            limits,
            kept: whole.kept,
            passing: whole.passing,
        }
    }

    /// The limits that it keeps.
    pub fn limits(&self) -> &Arc<Limits> {
        &self.limits
    }

    /// The same guild behind a mask.
    #[must_use]
    pub fn masked(&self, mask: &mut dyn Mask) -> Self {
        let mut masked = self.clone();
        let kept = &mut masked.kept;
        let entries = kept.queue.iter_mut().chain(&mut kept.history);
        for entry in entries.chain(kept.current.as_mut().map(|current| &mut current.entry)) {
            entry.track = mask.track(&entry.track);
        }
        for waiting in &mut kept.pending {
            **waiting = pending(waiting, mask);
        }
        if let Some(pick) = kept.autoplay.as_mut().and_then(|autoplay| autoplay.next.as_mut()) {
            pick.track = mask.track(&pick.track);
        }
        let passing = &mut masked.passing;
        passing.own = own(passing.own.as_ref(), mask);
        if let Some((token, _)) = &mut passing.server {
            *token = mask.hidden(token);
        }
        passing.voice = passing.voice.as_ref().map(|voice| credentials(voice, mask));
        masked
    }

    /// Forgets what is remembered of pages of tracks as numbers: no mask can be put over those.
    pub fn forget_pages(&mut self) {
        if let Some(autoplay) = &mut self.kept.autoplay {
            autoplay.forget_pages();
        }
    }
}

impl Event {
    /// The same event behind a mask. Passing ones, which nobody writes down, stay as they are.
    #[must_use]
    pub fn masked(&self, mask: &mut dyn Mask) -> Self {
        let mut masked = self.clone();
        if let Self::Added { entries, .. } = &mut masked {
            entries.iter_mut().for_each(|one| *one = entry(one, mask));
        } else if let Self::Waiting { pending: waiting } = &mut masked {
            **waiting = pending(waiting, mask);
        } else if let Self::Picked { pick: Some(pick) } = &mut masked {
            **pick = Pick {
                track: mask.track(&pick.track),
                why: pick.why.clone(),
            };
        }
        masked
    }
}

impl Stamped {
    /// The same input behind a mask.
    #[must_use]
    pub fn masked(&self, mask: &mut dyn Mask) -> Self {
        Self {
            input: input(&self.input, mask),
            ..self.clone()
        }
    }
}

fn input(from: &Input, mask: &mut dyn Mask) -> Input {
    match from {
        Input::Command {
            command: what,
            by,
            reply,
        } => Input::Command {
            command: command(what, mask),
            by: by.clone(),
            reply: reply.as_ref().map(|reply| reply_to(reply, mask)),
        },
        Input::Restored(restored) => Input::Restored(Box::new(Restored {
            own: own(restored.own.as_ref(), mask),
            player: restored.player.as_ref().map(|player| seen(player, mask)),
            ..(**restored).clone()
        })),
        Input::OwnVoice {
            channel,
            session_id,
            suppressed,
        } => Input::OwnVoice {
            channel: *channel,
            session_id: mask.hidden(session_id),
            suppressed: *suppressed,
        },
        Input::VoiceServer { token, endpoint } => Input::VoiceServer {
            token: mask.hidden(token),
            endpoint: endpoint.clone(),
        },
        Input::Player { node, report: what } => Input::Player {
            node: node.clone(),
            report: report(what, mask),
        },
        Input::Done { ticket, outcome: what } => Input::Done {
            ticket: *ticket,
            outcome: outcome(what, mask),
        },
        Input::Seat(_)
        | Input::Seats(_)
        | Input::ChannelGone { .. }
        | Input::GuildGone
        | Input::VoiceLost
        | Input::Placed { .. }
        | Input::Card(_)
        | Input::Expired { .. }
        | Input::Wake
        | Input::Fault(_) => from.clone(),
    }
}

fn command(from: &Command, mask: &mut dyn Mask) -> Command {
    let mut masked = from.clone();
    if let Command::Play { query, .. } = &mut masked {
        *query = mask.words(query).into();
    } else if let Command::Of { command: what, .. } = &mut masked {
        **what = command(what, mask);
    }
    masked
}

fn reply_to(from: &ReplyTo, mask: &mut dyn Mask) -> ReplyTo {
    let mut masked = from.clone();
    if let Via::Interaction { token, .. } = &mut masked.via {
        *token = mask.hidden(token);
    }
    masked
}

fn own(from: Option<&(ChannelId, Hidden)>, mask: &mut dyn Mask) -> Option<(ChannelId, Hidden)> {
    from.map(|(channel, session)| (*channel, mask.hidden(session)))
}

fn credentials(from: &VoiceCredentials, mask: &mut dyn Mask) -> VoiceCredentials {
    VoiceCredentials {
        token: mask.hidden(&from.token),
        session_id: mask.hidden(&from.session_id),
        ..from.clone()
    }
}

fn seen(from: &Seen, mask: &mut dyn Mask) -> Seen {
    Seen {
        voice: from.voice.as_ref().map(|voice| credentials(voice, mask)),
        ..from.clone()
    }
}

fn report(from: &Report, mask: &mut dyn Mask) -> Report {
    match from {
        Report::Whole(player) => Report::Whole(seen(player, mask)),
        Report::Failed { tag, message } => Report::Failed {
            tag: *tag,
            message: mask.words(message).into(),
        },
        Report::Refused { tag, message } => Report::Refused {
            tag: *tag,
            message: mask.words(message).into(),
        },
        Report::Update { .. }
        | Report::Started { .. }
        | Report::Ended { .. }
        | Report::Stuck { .. }
        | Report::VoiceClosed { .. }
        | Report::Missing => from.clone(),
    }
}

fn outcome(from: &Outcome, mask: &mut dyn Mask) -> Outcome {
    match from {
        Outcome::Loaded(what) => Outcome::Loaded(loaded(what, mask)),
        Outcome::Related(related) => Outcome::Related(Related {
            seed: mask.track(&related.seed),
            mix: tracks(&related.mix, mask),
            artist: tracks(&related.artist, mask),
        }),
        Outcome::SeatIs { .. } | Outcome::JoinBlocked(_) | Outcome::Failed(_) => from.clone(),
    }
}

fn loaded(from: &Loaded, mask: &mut dyn Mask) -> Loaded {
    match from {
        Loaded::Track(track) => Loaded::Track(mask.track(track)),
        Loaded::Playlist {
            name,
            selected,
            tracks: all,
        } => Loaded::Playlist {
            name: name.clone(),
            selected: *selected,
            tracks: tracks(all, mask),
        },
        Loaded::Found(all) => Loaded::Found(tracks(all, mask)),
        Loaded::Empty => Loaded::Empty,
        Loaded::Error { message } => Loaded::Error {
            message: mask.words(message).into(),
        },
    }
}

fn tracks(from: &[Arc<Track>], mask: &mut dyn Mask) -> Vec<Arc<Track>> {
    from.iter().map(|track| mask.track(track)).collect()
}

fn entry(from: &Entry, mask: &mut dyn Mask) -> Entry {
    Entry {
        track: mask.track(&from.track),
        ..from.clone()
    }
}

fn pending(from: &Pending, mask: &mut dyn Mask) -> Pending {
    let question = from.question.as_ref().map(|question| match question {
        Question::Search { query } => Question::Search {
            query: mask.words(query).into(),
        },
        Question::Related { seed } => Question::Related { seed: mask.track(seed) },
        Question::SeatOf { .. } | Question::WhyNoVoice { .. } => question.clone(),
    });
    Pending {
        reply: from.reply.as_ref().map(|reply| reply_to(reply, mask)),
        command: command(&from.command, mask),
        question,
        ..from.clone()
    }
}
