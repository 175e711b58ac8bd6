//! What the listeners of a load type.

use crate::catalogue::Song;
use crate::run::stage::Stage;

/// Titles that are searched for, in turn.
const TITLES: u64 = 32;

/// Longer than any load, ms.
const LENGTH_MS: u64 = 1_800_000;

/// What is typed, step after step in each guild.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Mix {
    /// What listeners do in an evening: add, look, pause, go on, volume, skip
    Everyday,
    /// `/ping` alone: what an interaction costs that touches no guild
    Ping,
}

/// One command and what its answer says when the work was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// The command.
    pub(super) text: String,
    success: &'static str,
}

impl Step {
    /// Whether `answer` says that the work was done.
    pub(super) fn is_success(&self, answer: &str) -> bool {
        answer.contains(self.success)
    }
}

impl Mix {
    /// The command of turn `turn` of a guild. Every order in it can be carried out when those before it were.
    pub(super) fn step(self, turn: u64) -> Step {
        let step = |text: String, success| Step { text, success };
        let plain = |text: &str, success| step(text.to_owned(), success);
        match self {
            Self::Ping => plain("/ping", "ms"),
            Self::Everyday => match turn % 10 {
                0 | 5 => step(format!("/play query:{}", title(turn % TITLES)), "Load"),
                2 => plain("/pause", "Paused"),
                3 => plain("/resume", "goes on"),
                4 => step(format!("/volume level:{}", 50 + turn % 50), "olume"),
                6 | 9 => plain("/skip", "Skipped"),
                7 => plain("/nowplaying", "Load"),
                _ => plain("/queue", "Load"),
            },
        }
    }
}

/// Commands that make a guild ready for every mix.
pub(crate) fn preparation() -> [&'static str; 2] {
    [
        "/play query:Load opening",
        "/play query:https://music.example/playlist/load",
    ]
}

/// Whether the answer to a command of [`preparation`] says that it was done.
pub(crate) fn is_prepared(answer: &str) -> bool {
    answer.contains("Load")
}

fn title(number: u64) -> String {
    format!("Load {number:03}")
}

/// The track `number`.
pub(super) fn song(number: u64) -> Song {
    Song::new(&format!("load{number}"), &title(number), LENGTH_MS)
}

/// Adds the tracks, and a playlist of `queue` of them.
pub(crate) fn add_tracks(stage: &Stage, queue: usize) {
    let mut catalogue = stage.at.catalogue();
    catalogue.add(Song::new("loadopening", "Load opening", LENGTH_MS));
    for number in 0..TITLES {
        catalogue.add(song(number));
    }
    let ids = (0..TITLES)
        .cycle()
        .take(queue.max(4))
        .map(|number| format!("load{number}"));
    catalogue.add_list("load", "Load list", ids.collect());
}
