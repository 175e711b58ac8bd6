//! Inputs at random: sensible ones, and such as a late, lying or confused outside sends.

use super::rig::Rig;
use super::*;

/// One random step: what kind, details, and how much time passed before it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) kind: u8,
    pub(super) detail: u64,
    pub(super) pause: u16,
}

impl Step {
    /// Mostly moments, sometimes minutes.
    pub(super) fn pause_ms(self) -> u64 {
        let pause = u64::from(self.pause);
        match pause % 32 {
            0 => pause * 20,
            1..=6 => 0,
            7..=10 => 6_000,
            _ => pause % 3_000,
        }
    }
}

/// Draws small choices from one number.
pub(super) struct Draw(u64);

impl Draw {
    pub(super) fn new(detail: u64) -> Self {
        Self(detail)
    }

    pub(super) fn below(&mut self, bound: usize) -> usize {
        let bound = bound.max(1) as u64;
        let drawn = self.0 % bound;
        self.0 = (self.0 / bound) ^ self.0.rotate_right(17);
        drawn as usize
    }

    /// Once in so many times.
    fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }

    fn one<T: Clone>(&mut self, all: &[T]) -> Option<T> {
        let place = self.below(all.len());
        all.get(place).cloned()
    }

    fn channel(&mut self) -> ChannelId {
        ChannelId(10 + self.below(3) as u64 / 2)
    }

    fn session(&mut self) -> Hidden {
        Hidden::new(["s", "s", "s2"][self.below(3)])
    }

    fn node(&mut self) -> NodeId {
        NodeId::new(["n1", "n1", "n2"][self.below(3)])
    }
}

/// How many kinds [`input`] knows.
pub(super) const KINDS: u8 = 75;

/// The input of this kind, or `None` for the death of the guild or its process.
pub(super) fn input(rig: &Rig, kind: u8, draw: &mut Draw) -> Option<Input> {
    Some(match kind {
        0..=21 | 60..=62 | 64..=66 | 71..=74 => command(rig, kind, draw),
        22..=24 => Input::Seat(Seat {
            user: UserId(1 + draw.below(4) as u64),
            channel: (draw.below(3) > 0).then(|| draw.channel()),
            bot: draw.once_in(6),
        }),
        63 => Input::Seats(
            (0..draw.below(4))
                .map(|n| seat(UserId(1 + n as u64), Some(draw.channel())))
                .collect(),
        ),
        25..=27 => Input::OwnVoice {
            channel: (!draw.once_in(4)).then(|| draw.channel()),
            session_id: draw.session(),
            suppressed: draw.once_in(2),
        },
        28..=30 => Input::VoiceServer {
            token: Hidden::new(["v", "v2"][draw.below(2)]),
            endpoint: (!draw.once_in(5)).then(|| "127.0.0.1:1".into()),
        },
        31 => Input::VoiceLost,
        32..=34 => Input::Placed {
            node: (!draw.once_in(3)).then(|| draw.node()),
            generation: rig.now.saturating_sub(draw.below(3) as u64 * 5_000),
        },
        35..=50 => report(rig, kind, draw),
        51..=54 => done(rig, draw),
        55 => Input::Expired {
            interaction: expiring(rig, draw),
        },
        56..=57 => Input::Wake,
        58 => Input::Restored(Box::new(restored(rig, draw))),
        67..=68 => Input::Card(news(rig, draw)),
        69 => Input::ChannelGone {
            channel: if draw.once_in(2) { ChannelId(20) } else { draw.channel() },
        },
        70 => Input::GuildGone,
        _ => return None,
    })
}

/// What becomes of a card: mostly of the one that is there.
fn news(rig: &Rig, draw: &mut Draw) -> CardNews {
    let known = rig.g.kept.card.post.map_or(0, |post| post.message);
    let message = if draw.once_in(4) { draw.below(9) as u64 } else { known };
    match draw.below(3) {
        0 => CardNews::Ended { message },
        1 => CardNews::Gone { message },
        _ => CardNews::Posted(CardPost {
            channel: ChannelId(20 + draw.below(2) as u64),
            message: rig.now % 1_000,
            at_ms: rig.now,
        }),
    }
}

/// A button of a card: mostly of the one that is shown.
fn pressed(rig: &Rig, draw: &mut Draw) -> Command {
    let shown = rig.g.kept.current.as_ref().map(|current| current.entry.id);
    let entry = shown
        .filter(|_| !draw.once_in(4))
        .unwrap_or(EntryId(draw.below(20) as u64));
    let command = [
        Command::Pause,
        Command::Resume,
        Command::Skip,
        Command::Stop,
        Command::Shuffle,
        Command::Loop { mode: LoopMode::Queue },
    ];
    let command = Box::new(command[draw.below(6)].clone());
    Command::Of { entry, command }
}

fn command(rig: &Rig, kind: u8, draw: &mut Draw) -> Input {
    let command = match kind {
        0 => Command::Connect,
        1 => Command::Disconnect,
        2 => Command::Pause,
        3 => Command::Resume,
        4 | 5 => Command::Skip,
        6 => Command::Stop,
        7 => Command::Seek {
            position_ms: draw.below(9) as u64 * 7_700,
        },
        8 => Command::Replay,
        9 => Command::Volume {
            percent: draw.below(250) as u16,
        },
        10 => Command::Loop {
            mode: [LoopMode::Off, LoopMode::Track, LoopMode::Queue][draw.below(3)],
        },
        11 => Command::Remove {
            index: draw.below(9),
            last: draw.once_in(2).then(|| draw.below(9)),
        },
        12 => Command::Move {
            from: draw.below(9),
            to: draw.below(9),
        },
        13 => Command::Shuffle,
        14 => Command::Clear,
        15 => Command::Queue { page: draw.below(4) },
        16 => Command::NowPlaying,
        60 => Command::History { page: draw.below(3) },
        61 => Command::VoiceInfo,
        62 => Command::VolumeInfo,
        64..=66 => pressed(rig, draw),
        71..=74 => Command::Autoplay { on: kind > 71 },
        _ => Command::Play {
            query: ["x", "x", " ", "a very long text that nobody would look for"][draw.below(4)].into(),
            at: [Where::End, Where::Next, Where::Now][draw.below(3)],
        },
    };
    Input::Command {
        command,
        by: Caller {
            user: UserId(1 + draw.below(3) as u64),
            text: ChannelId(20 + draw.below(2) as u64),
            manager: false,
        },
        reply: (!draw.once_in(8)).then(|| rig.new_reply()),
    }
}

fn tag(rig: &Rig, draw: &mut Draw) -> Tag {
    let any = Tag {
        entry: EntryId(draw.below(20) as u64),
        play: draw.below(20) as u32,
        seek: draw.below(2) as u32,
        generation: rig.now,
    };
    let now = rig.told.as_ref().and_then(|told| told.track.clone());
    match (draw.below(8), now) {
        (0, _) => any,
        (1, _) => draw.one(&rig.tags).unwrap_or(any),
        (_, Some(track)) => track.tag,
        (_, None) => draw.one(&rig.tags).unwrap_or(any),
    }
}

fn report(rig: &Rig, kind: u8, draw: &mut Draw) -> Input {
    let placed = rig.g.passing.placed.as_ref().map(|(node, _)| node.clone());
    let node = match placed {
        Some(node) if !draw.once_in(8) => node,
        Some(_) | None => draw.node(),
    };
    let at_ms = rig.now.saturating_sub(draw.below(3) as u64 * 400);
    let tag = tag(rig, draw);
    let message = "broken".into();
    let report = match kind {
        35..=38 => Report::Started { tag },
        39 | 40 => Report::Update {
            position_ms: draw.below(70_000) as u64,
            at_ms,
            connected: !draw.once_in(5),
        },
        41..=43 => Report::Ended {
            tag,
            reason: [
                EndReason::Finished,
                EndReason::LoadFailed,
                EndReason::Stopped,
                EndReason::Replaced,
                EndReason::Cleanup,
            ][draw.below(5)],
        },
        44 | 45 => Report::Failed { tag, message },
        46 => Report::Stuck { tag },
        47 => Report::VoiceClosed {
            code: [4006, 4014, 4017, 1000, 4021][draw.below(5)],
            by_remote: true,
        },
        48 => Report::Refused {
            tag: (!draw.once_in(3)).then_some(tag),
            message,
        },
        49 => Report::Missing,
        _ => Report::Whole(match rig.nodes.seen(at_ms) {
            Some(seen) if !draw.once_in(4) => seen,
            Some(_) | None => seen(rig, node.clone(), draw),
        }),
    };
    Input::Player { node, report }
}

fn seen(rig: &Rig, node: NodeId, draw: &mut Draw) -> Seen {
    Seen {
        node,
        tag: (!draw.once_in(3)).then(|| tag(rig, draw)),
        position_ms: draw.below(70_000) as u64,
        at_ms: rig.now,
        paused: draw.once_in(2),
        volume: 100,
        voice: (!draw.once_in(4)).then(|| VoiceCredentials {
            token: Hidden::new("v"),
            endpoint: "127.0.0.1:1".into(),
            session_id: draw.session(),
            channel: draw.channel(),
        }),
        connected: true,
    }
}

fn done(rig: &Rig, draw: &mut Draw) -> Input {
    let strange = Ticket {
        incarnation: rig.g.passing.incarnation.wrapping_sub(draw.below(2) as u64),
        number: draw.below(40) as u32,
    };
    let ask = draw.one(&rig.open);
    let ticket = match &ask {
        Some(ask) if !draw.once_in(8) => ask.ticket,
        Some(_) | None => draw.one(&rig.closed).unwrap_or(strange),
    };
    let fits = !draw.once_in(8);
    let user = UserId(1);
    let outcome = match (ask.map(|ask| ask.question), fits, draw.below(8)) {
        (_, _, 0) => Outcome::Failed(
            [
                AskError::Timeout,
                AskError::NoNode,
                AskError::Unreachable,
                AskError::Refused,
            ][draw.below(4)],
        ),
        (Some(Question::SeatOf { user }), true, _) => Outcome::SeatIs {
            user,
            channel: (!draw.once_in(4)).then(|| draw.channel()),
        },
        (Some(Question::Related { seed }), true, _) => Outcome::Related(related(seed, draw)),
        (Some(Question::WhyNoVoice { .. }), true, _) => {
            Outcome::JoinBlocked([JoinBlock::Full, JoinBlock::Unknown][draw.below(2)])
        }
        (_, false, 1) => Outcome::JoinBlocked(JoinBlock::Gone),
        (_, false, 2) => Outcome::SeatIs { user, channel: None },
        (_, _, _) => Outcome::Loaded(loaded(draw)),
    };
    Input::Done { ticket, outcome }
}

fn related(seed: Arc<Track>, draw: &mut Draw) -> Related {
    let mut some = || -> Vec<Arc<Track>> {
        let tracks = match loaded(draw) {
            Loaded::Track(track) => vec![track],
            Loaded::Found(tracks) | Loaded::Playlist { tracks, .. } => tracks,
            Loaded::Empty | Loaded::Error { .. } => vec![],
        };
        let named = |one: Arc<Track>| {
            let title = format!("r{}", draw.below(12)).into();
            Arc::new(Track {
                title,
                ..(*one).clone()
            })
        };
        tracks.into_iter().map(named).collect()
    };
    let (mix, artist) = (some(), some());
    Related { seed, mix, artist }
}

fn loaded(draw: &mut Draw) -> Loaded {
    let mut tracks = |most: usize| -> Vec<Arc<Track>> {
        (0..draw.below(most))
            .map(|_| {
                let length_ms = [Some(60_000), Some(1_200), Some(9_000), None][draw.below(4)];
                let seekable = length_ms.is_some();
                Arc::new(Track {
                    length_ms,
                    seekable,
                    ..(*track("r")).clone()
                })
            })
            .collect()
    };
    match tracks(7) {
        many if many.len() > 2 => Loaded::Playlist {
            name: "list".into(),
            selected: Some(many.len() % 5),
            tracks: many,
        },
        some if some.len() > 1 => Loaded::Found(some),
        one => match (one.into_iter().next(), draw.below(3)) {
            (Some(one), _) => Loaded::Track(one),
            (None, 0) => Loaded::Empty,
            (None, 1) => Loaded::Found(vec![]),
            (None, _) => Loaded::Error { message: "no".into() },
        },
    }
}

fn expiring(rig: &Rig, draw: &mut Draw) -> u64 {
    let waiting: Vec<u64> = rig
        .g
        .kept
        .pending
        .iter()
        .filter_map(|pending| pending.reply.as_ref())
        .map(|reply| reply.id)
        .collect();
    draw.one(&waiting).unwrap_or(draw.below(50) as u64)
}

/// Facts for a new incarnation, mostly true ones.
pub(super) fn restored(rig: &Rig, draw: &mut Draw) -> Restored {
    let passing = &rig.g.passing;
    let seats = match draw.below(4) {
        0 => None,
        1 => Some(
            (1..=draw.below(9) as u64)
                .map(|user| seat(UserId(user), Some(draw.channel())))
                .collect(),
        ),
        _ => Some(seats(&rig.g).unwrap_or_default()),
    };
    let own = match draw.below(4) {
        0 => None,
        1 => Some((draw.channel(), draw.session())),
        _ => passing.own.clone(),
    };
    Restored {
        incarnation: passing.incarnation + 1,
        seats,
        own,
        player: rig.nodes.seen(rig.now.saturating_sub(draw.below(2) as u64 * 3_000)),
        cold: draw.once_in(8),
    }
}
