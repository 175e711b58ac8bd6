//! What a decision costs, and what a guild weighs.
//!
//! `decide` alone is all rules of one input; `step` is what a shell does with it: decide, apply, wants. Each runs on a
//! guild that plays, with 10, 1,000 and 5,000 tracks in its queue: the length must not show.
#![expect(clippy::expect_used, reason = "a benchmark may fail loudly")]

use std::hint::black_box;
use std::sync::Arc;

use divan::Bencher;
use ostinato_machine::guild::{
    Caller, Command, Decision, Guild, Input, Loaded, Outcome, Record, Report, Restored, Seat, Stamped, Tag, Wanted,
    Where, apply_all, decide, wants,
};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, NodeId, ReplyTo, UserId};
use ostinato_machine::limits::Limits;
use ostinato_machine::track::Track;

/// Bytes that a live guild may have besides its tracks.
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
    queued: usize,
}

impl Stage {
    /// A guild that plays, with `queued` tracks behind the current one and eight listeners.
    fn new(queued: usize) -> Self {
        let mut stage = Self {
            guild: Guild::new(GuildId(1), 1, Arc::new(Limits::default())),
            now_ms: NOW_MS,
            queued,
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
            interaction: 1,
            application: 9,
            token: Hidden::new("token"),
            arrived_ms: NOW_MS,
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

/// An input that is measured, on a guild that is ready for it.
fn prepared(queued: usize, input: impl FnOnce(&mut Stage) -> Input) -> (Guild, Stamped) {
    let mut stage = Stage::new(queued);
    let input = input(&mut stage);
    let cause = match &input {
        Input::Command { .. } => stage.interaction(1),
        Input::Restored(_)
        | Input::Seat(_)
        | Input::OwnVoice { .. }
        | Input::VoiceServer { .. }
        | Input::VoiceLost
        | Input::Placed { .. }
        | Input::Player { .. }
        | Input::Done { .. }
        | Input::Expired { .. }
        | Input::Wake => CauseId::Internal,
    };
    let stamped = stage.stamped(input, cause);
    (stage.guild, stamped)
}

fn rules(bencher: Bencher<'_, '_>, (guild, input): (Guild, Stamped)) {
    bencher.bench_local(|| decide(black_box(&guild), black_box(&input)));
}

fn step(guild: &mut Guild, input: &Stamped) -> (Decision, Option<Record>, Wanted) {
    let decision = decide(guild, input);
    let record = apply_all(guild, input, &decision).expect("applied");
    (decision, record, wants(guild))
}

fn whole(bencher: Bencher<'_, '_>, (guild, input): (Guild, Stamped)) {
    bencher
        .with_inputs(|| guild.clone())
        .bench_local_refs(|guild| step(guild, black_box(&input)));
}

/// One more track that a search has found.
fn add_one(stage: &mut Stage) -> Input {
    if stage.queued >= Limits::default().queue {
        // A full queue takes no more: make room for one.
        stage.put(command(Command::Remove { index: 1 }), CauseId::Internal);
    }
    let search = stage.put(play(), CauseId::Internal);
    Input::Done {
        ticket: search.ask.first().expect("a search").ticket,
        outcome: Outcome::Loaded(Loaded::Track(track(0))),
    }
}

macro_rules! measured {
    ($($name:ident: $input:expr;)*) => {
        /// All rules of one input.
        #[divan::bench_group]
        mod decide_alone {
            use super::*;
            $(
                #[divan::bench(args = LENGTHS)]
                fn $name(bencher: Bencher<'_, '_>, queued: usize) {
                    rules(bencher, prepared(queued, $input));
                }
            )*
        }

        /// Decide, apply, wants.
        #[divan::bench_group(sample_size = 16)]
        mod decide_apply_wants {
            use super::*;
            $(
                #[divan::bench(args = LENGTHS)]
                fn $name(bencher: Bencher<'_, '_>, queued: usize) {
                    whole(bencher, prepared(queued, $input));
                }
            )*
        }
    };
}

measured! {
    skip: |_| command(Command::Skip);
    pause: |_| command(Command::Pause);
    add_one_track: add_one;
    queue_page: |_| command(Command::Queue { page: 0 });
    seat: |_| Input::Seat(super::seat(9, Some(LOUNGE)));
    player_update: |_| report(Report::Update { position_ms: 12_000, at_ms: NOW_MS + 10_000, connected: true });
}
