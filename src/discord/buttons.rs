//! What buttons mean: their custom ids, made and read in one place.
//!
//! An id is for ever: it stands in messages that outlive every release. It begins with the version of its form; whatever
//! this release does not know, or would not have written so, means nothing.

use ostinato_machine::guild::{Command, LoopMode};
use ostinato_machine::ids::EntryId;

/// Version of the form.
const FORM: &str = "o1";

/// What a button does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::discord) enum Press {
    /// Pauses while this track is the current one.
    Pause(EntryId),
    /// Goes on while this track is the current one.
    Resume(EntryId),
    /// Leaves this track.
    Skip(EntryId),
    /// Stops while this track is the current one.
    Stop(EntryId),
    /// Sets the loop mode while this track is the current one.
    Loop(EntryId, LoopMode),
    /// Shuffles the queue while this track is the current one.
    Shuffle(EntryId),
    /// Shows the queue to the one who pressed.
    Queue,
    /// Turns the message into this page of the queue, from 0.
    QueuePage(usize),
    /// Turns the message into this page of the history, from 0.
    HistoryPage(usize),
}

impl Press {
    /// The custom id. At most 100 characters, as Discord demands; two of different meaning differ.
    pub(in crate::discord) fn id(self) -> String {
        match self {
            Self::Pause(entry) => format!("{FORM}:pause:{entry}"),
            Self::Resume(entry) => format!("{FORM}:resume:{entry}"),
            Self::Skip(entry) => format!("{FORM}:skip:{entry}"),
            Self::Stop(entry) => format!("{FORM}:stop:{entry}"),
            Self::Loop(entry, mode) => format!("{FORM}:loop:{entry}:{}", mode_name(mode)),
            Self::Shuffle(entry) => format!("{FORM}:shuffle:{entry}"),
            Self::Queue => format!("{FORM}:queue"),
            Self::QueuePage(page) => format!("{FORM}:page:{page}"),
            Self::HistoryPage(page) => format!("{FORM}:past:{page}"),
        }
    }

    /// What an id means; `None` if it is of another form or release.
    pub(in crate::discord) fn read(id: &str) -> Option<Self> {
        let parts: Vec<&str> = id.split(':').collect();
        let entry = || parts.get(2)?.parse().ok().map(EntryId);
        let page = || parts.get(2)?.parse().ok();
        let press = match *parts.get(1)? {
            "pause" => Self::Pause(entry()?),
            "resume" => Self::Resume(entry()?),
            "skip" => Self::Skip(entry()?),
            "stop" => Self::Stop(entry()?),
            "loop" => Self::Loop(entry()?, mode_of(parts.get(3)?)?),
            "shuffle" => Self::Shuffle(entry()?),
            "queue" => Self::Queue,
            "page" => Self::QueuePage(page()?),
            "past" => Self::HistoryPage(page()?),
            _ => return None,
        };
        // Version, number of parts and the way of writing numbers in one go.
        (press.id() == id).then_some(press)
    }

    /// The command that it gives, and whether the answer takes the place of the message that the button is on.
    pub(in crate::discord) fn command(self) -> (Command, bool) {
        let of = |entry, command| {
            let command = Box::new(command);
            (Command::Of { entry, command }, true)
        };
        match self {
            Self::Pause(entry) => of(entry, Command::Pause),
            Self::Resume(entry) => of(entry, Command::Resume),
            Self::Skip(entry) => of(entry, Command::Skip),
            Self::Stop(entry) => of(entry, Command::Stop),
            Self::Loop(entry, mode) => of(entry, Command::Loop { mode }),
            Self::Shuffle(entry) => of(entry, Command::Shuffle),
            Self::Queue => (Command::Queue { page: 0 }, false),
            Self::QueuePage(page) => (Command::Queue { page }, true),
            Self::HistoryPage(page) => (Command::History { page }, true),
        }
    }
}

const fn mode_name(mode: LoopMode) -> &'static str {
    match mode {
        LoopMode::Off => "off",
        LoopMode::Track => "track",
        LoopMode::Queue => "queue",
    }
}

fn mode_of(name: &str) -> Option<LoopMode> {
    let all = [LoopMode::Off, LoopMode::Track, LoopMode::Queue];
    all.into_iter().find(|mode| mode_name(*mode) == name)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn all(entry: EntryId, page: usize) -> Vec<Press> {
        vec![
            Press::Pause(entry),
            Press::Resume(entry),
            Press::Skip(entry),
            Press::Stop(entry),
            Press::Loop(entry, LoopMode::Off),
            Press::Loop(entry, LoopMode::Track),
            Press::Loop(entry, LoopMode::Queue),
            Press::Shuffle(entry),
            Press::Queue,
            Press::QueuePage(page),
            Press::HistoryPage(page),
        ]
    }

    #[test]
    fn ids_are_as_earlier_releases_wrote_them() {
        let ids: Vec<String> = all(EntryId(17), 3).into_iter().map(Press::id).collect();
        let written = [
            "o1:pause:17",
            "o1:resume:17",
            "o1:skip:17",
            "o1:stop:17",
            "o1:loop:17:off",
            "o1:loop:17:track",
            "o1:loop:17:queue",
            "o1:shuffle:17",
            "o1:queue",
            "o1:page:3",
            "o1:past:3",
        ];
        assert_eq!(ids, written);
    }

    #[test]
    fn what_no_release_wrote_means_nothing() {
        let garbage = [
            "",
            "o1",
            "o1:",
            "o1:skip",
            "o1:skip:",
            "o1:skip:x",
            "o1:skip:+7",
            "o1:skip:07",
            "o1:skip:7:8",
            "o2:skip:7",
            "skip:7",
            "o1:loop:7",
            "o1:loop:7:forever",
            "o1:queue:1",
            "o1:page:-1",
            "O1:skip:7",
            "o1:skip:7 ",
            "o1:skip:99999999999999999999",
        ];
        for id in garbage {
            assert_eq!(Press::read(id), None, "{id:?}");
        }
    }

    proptest! {
        #[test]
        fn every_id_is_read_as_it_was_meant_and_is_short(entry in any::<u64>(), page in any::<usize>()) {
            let all = all(EntryId(entry), page);
            let ids: BTreeSet<String> = all.iter().map(|press| press.id()).collect();
            prop_assert_eq!(ids.len(), all.len());
            for press in all {
                prop_assert!(press.id().len() <= 100);
                prop_assert_eq!(Press::read(&press.id()), Some(press));
            }
        }

        #[test]
        fn no_text_makes_it_fail(id in ".{0,120}") {
            if let Some(press) = Press::read(&id) {
                prop_assert_eq!(press.id(), id);
            }
        }
    }
}
