//! What a decision costs, and what a guild weighs.
//!
//! First the rules of one input alone, then what a shell does with it: decide, apply, wants. Each runs on a guild that
//! plays, with 10, 1,000 and 5,000 tracks in its queue: the length must not show.
#![expect(clippy::expect_used, reason = "a benchmark may fail loudly")]

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use ostinato_machine::guild::{
    Caller, Command, Decision, Guild, Input, Loaded, LoopMode, Outcome, Record, Report, Restored, Seat, Stamped, Tag,
    Wanted, Where, apply_all, decide, wants,
};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ReplyTo, Ticket, UserId, Via};
use ostinato_machine::limits::Limits;
use ostinato_machine::track::Track;

/// Bytes that a live guild may have besides its tracks: 1.5 kB.
const BUDGET: usize = 1_536;

const NOW_MS: u64 = 1_700_000_000_000;
const LENGTHS: [usize; 3] = [10, 1_000, 5_000];
const LOUNGE: ChannelId = ChannelId(400_000_000_000_000_010);
const TEXT: ChannelId = ChannelId(400_000_000_000_000_020);

fn main() {
    weigh();
    divan::main();
}

fn weigh() {
    for (what, queued, commands) in [("new", 10, 0), ("busy", 10, 200), ("full", 5_000, 200)] {
        let mut stage = Stage::new(queued);
        for number in 0..commands {
            stage.now_ms += 1_000;
            let percent = 50 + u16::from(number % 2 == 0);
            stage.put(command(Command::Volume { percent }), stage.interaction(number));
        }
        let weight = stage.guild.weight();
        let verdict = if weight.guild <= BUDGET { "within" } else { "OVER" };
        println!(
            "{what} guild, {queued} tracks queued: {} bytes without its tracks ({verdict} the budget of {BUDGET}), places of \
             tracks {}, tracks with their text {}",
            weight.guild, weight.places, weight.tracks
        );
    }
}

/// A guild on its way.
struct Stage {
    guild: Guild,
    now_ms: u64,
    asked: Option<Ticket>,
}

impl Stage {
    /// A guild that plays, with `queued` tracks behind the current one and eight listeners.
    fn new(queued: usize) -> Self {
        let mut stage = Self {
            guild: Guild::new(GuildId(1), 1, Arc::new(Limits::default())),
            now_ms: NOW_MS,
            asked: None,
        };
        let seats = (1..=8).map(|user| seat(user, Some(LOUNGE))).collect();
        let restored = Restored {
            incarnation: NOW_MS,
            seats: Some(seats),
            ..Restored::default()
        };
        stage.put(Input::Restored(Box::new(restored)), CauseId::Internal);
        let search = stage.put(play(), CauseId::Internal);
        let ticket = search.ask.first().expect("a search").ticket;
        let tracks = (0..=queued).map(track).collect();
        let playlist = Loaded::Playlist {
            name: "list".into(),
            selected: None,
            tracks,
        };
        let outcome = Outcome::Loaded(playlist);
        stage.put(Input::Done { ticket, outcome }, CauseId::Internal);
        stage.join();
        stage.now_ms += 10_000;
        stage
    }

    fn join(&mut self) {
        let own = Input::OwnVoice {
            channel: Some(LOUNGE),
            session_id: Hidden::new("0123456789abcdef0123456789abcdef"),
            suppressed: false,
        };
        let server = Input::VoiceServer {
            token: Hidden::new("0123456789abcdef"),
            endpoint: Some("rotterdam1234.discord.media:443".into()),
        };
        let placed = Input::Placed {
            node: Some(node()),
            generation: NOW_MS,
        };
        for input in [own, server, placed] {
            self.put(input, CauseId::Internal);
        }
        let tag = self.tag();
        self.put(report(Report::Started { tag }), CauseId::Internal);
    }

    fn tag(&self) -> Tag {
        let player = wants(&self.guild).player.expect("a player");
        player.track.expect("a track").tag
    }

    fn interaction(&self, number: u64) -> CauseId {
        CauseId::Interaction(((self.now_ms - 1_420_070_400_000) << 22) | number)
    }

    fn put(&mut self, input: Input, cause: CauseId) -> Decision {
        let i = self.stamped(input, cause);
        let decision = decide(&self.guild, &i);
        apply_all(&mut self.guild, &i, &decision).expect("applied");
        decision
    }

    fn stamped(&self, input: Input, cause: CauseId) -> Stamped {
        Stamped {
            at_ms: self.now_ms,
            seed: 7,
            cause,
            input,
        }
    }
}

fn node() -> NodeId {
    NodeId::new("node-1")
}

fn seat(user: u64, channel: Option<ChannelId>) -> Seat {
    Seat {
        user: UserId(user),
        channel,
        bot: false,
    }
}

fn report(report: Report) -> Input {
    Input::Player { node: node(), report }
}

fn command(command: Command) -> Input {
    Input::Command {
        command,
        by: Caller {
            user: UserId(1),
            text: TEXT,
            manager: false,
        },
        reply: Some(ReplyTo {
            id: 1,
            via: Via::Interaction {
                application: 9,
                token: Hidden::new("token"),
                component: false,
            },
            arrived_ms: NOW_MS,
            made_ms: NOW_MS,
            public: true,
        }),
    }
}

fn play() -> Input {
    command(Command::Play {
        query: "a song".into(),
        at: Where::End,
    })
}

fn track(number: usize) -> Arc<Track> {
    Arc::new(Track {
        encoded: "QAAAjQIAJVJpY2sgQXN0bGV5IC0gTmV2ZXIgR29ubmEgR2l2ZSBZb3UgVXAADlJpY2tBc3RsZXlWRVZPAAAAAAADPCA".into(),
        title: format!("Track number {number} of a long evening").into(),
        author: "Somebody".into(),
        uri: Some(format!("https://music.example/{number}").into()),
        artwork: None,
        source: "http".into(),
        length_ms: Some(180_000),
        seekable: true,
    })
}

/// Inputs that lead a guild back to where it was, to be played over and over.
type Round = Vec<Input>;

impl Stage {
    /// One round: what a shell does with each input.
    fn play(&mut self, round: &mut [Stamped]) {
        for i in round {
            self.now_ms += 1_000;
            self.next(i);
            let step = step(&mut self.guild, i);
            if let Some(ask) = step.0.ask.first() {
                self.asked = Some(ask.ticket);
            }
            black_box(step);
        }
    }

    /// Brings an input of a round up to date.
    fn next(&mut self, i: &mut Stamped) {
        i.at_ms = self.now_ms;
        let asked = self.asked;
        match &mut i.input {
            Input::Command { .. } => i.cause = self.interaction(1),
            Input::Done { ticket, .. } => *ticket = asked.expect("a question"),
            Input::Player {
                report: Report::Update { at_ms, .. },
                ..
            } => *at_ms = self.now_ms,
            Input::Player { .. }
            | Input::Restored(_)
            | Input::Seat(_)
            | Input::Seats(_)
            | Input::OwnVoice { .. }
            | Input::ChannelGone { .. }
            | Input::GuildGone
            | Input::VoiceServer { .. }
            | Input::VoiceLost
            | Input::Placed { .. }
            | Input::Card(_)
            | Input::Expired { .. }
            | Input::Wake
            | Input::Fault(_) => {}
        }
    }

    fn stamp(&self, round: Round) -> Vec<Stamped> {
        let stamp = |input| self.stamped(input, CauseId::Internal);
        round.into_iter().map(stamp).collect()
    }
}

fn step(guild: &mut Guild, input: &Stamped) -> (Decision, Option<Record>, Wanted) {
    let decision = decide(guild, input);
    let record = apply_all(guild, input, &decision).expect("applied");
    (decision, record, wants(guild))
}

/// The rules of the first input of a round.
fn rules(bencher: Bencher<'_, '_>, queued: usize, round: Round) {
    let mut stage = Stage::new(queued);
    stage.now_ms += 1_000;
    let mut inputs = stage.stamp(round);
    let first = inputs.first_mut().expect("an input");
    stage.next(first);
    let (guild, input) = (&stage.guild, &*first);
    bencher.bench_local(|| decide(black_box(guild), black_box(input)));
}

/// A whole round, applied.
fn whole(bencher: Bencher<'_, '_>, queued: usize, round: Round) {
    let mut stage = Stage::new(queued);
    // Skipped tracks come back, so that the queue keeps its length.
    let mode = LoopMode::Queue;
    stage.put(command(Command::Loop { mode }), CauseId::Internal);
    let mut inputs = stage.stamp(round);
    bencher.bench_local(|| stage.play(&mut inputs));
}

/// One track more at the end, and the one before it out: three decisions.
fn add_one_track(queued: usize) -> Round {
    let ticket = Ticket {
        incarnation: 0,
        number: 0,
    };
    let outcome = Outcome::Loaded(Loaded::Track(track(0)));
    // A full queue takes no more: first one out, then one in.
    vec![
        command(Command::Remove {
            index: queued,
            last: None,
        }),
        play(),
        Input::Done { ticket, outcome },
    ]
}

/// What a recording takes along of a guild for every input, on the guild's thread.
#[divan::bench(args = LENGTHS)]
fn copy_of_a_guild(bencher: Bencher<'_, '_>, queued: usize) {
    let stage = Stage::new(queued);
    bencher.bench_local(|| black_box(&stage.guild).clone());
}

macro_rules! measured {
    ($($name:ident: $round:expr;)*) => {
        /// All rules of one input.
        #[divan::bench_group]
        mod decide_alone {
            use super::*;
            $(
                #[divan::bench(args = LENGTHS)]
                fn $name(bencher: Bencher<'_, '_>, queued: usize) {
                    rules(bencher, queued, $round(queued));
                }
            )*
        }

        /// Decide, apply, wants, for each input of a round.
        #[divan::bench_group]
        mod decide_apply_wants {
            use super::*;
            $(
                #[divan::bench(args = LENGTHS)]
                fn $name(bencher: Bencher<'_, '_>, queued: usize) {
                    whole(bencher, queued, $round(queued));
                }
            )*
        }
    };
}

measured! {
    skip: |_| vec![command(Command::Skip)];
    pause_and_resume: |_| vec![command(Command::Pause), command(Command::Resume)];
    remove_and_add_one: add_one_track;
    queue_page: |_| vec![command(Command::Queue { page: 0 })];
    seat: |_| vec![Input::Seat(super::seat(9, Some(LOUNGE)))];
    player_update: |_| vec![report(Report::Update { position_ms: 12_000, at_ms: NOW_MS, connected: true })];
}
