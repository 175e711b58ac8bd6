//! Discord's limits hold, whatever tracks are called.

use ostinato_machine::guild::{Brief, HistoryView, LoopMode, NowView, QueueView, Refusal, Say};
use ostinato_machine::ids::UserId;
use proptest::prelude::*;

use super::now_view;
use crate::discord::commands::{COMMANDS, Local, Table};
use crate::discord::render::text::length;
use crate::discord::render::{Message, Moment, local, say};

fn within_limits(message: &Message) -> Result<(), TestCaseError> {
    prop_assert!(length(&message.text) <= 2_000);
    if let Some(card) = &message.card {
        let parts = [card.title.as_ref(), Some(&card.text), card.footer.as_ref()];
        let whole: usize = parts.into_iter().flatten().map(|part| length(part)).sum();
        prop_assert!(whole <= 6_000);
        prop_assert!(length(&card.text) <= 4_096);
        prop_assert!(
            card.title
                .as_ref()
                .is_none_or(|title| (1..=256).contains(&length(title)))
        );
        prop_assert!(
            card.footer
                .as_ref()
                .is_none_or(|footer| (1..=2_048).contains(&length(footer)))
        );
        for url in card.url.iter().chain(&card.picture) {
            prop_assert!(url.starts_with("http") && length(url) <= 2_048);
        }
    } else {
        prop_assert!(!message.text.is_empty());
    }
    Ok(())
}

prop_compose! {
    fn any_brief()(
        title in prop_oneof![any::<String>(), "[*_`@<]{0,600}", "\\PC{0,600}"],
        author in "\\PC{0,300}",
        uri in proptest::option::of(prop_oneof![any::<String>(), "https://music\\.example/[a-z()]{0,3000}"]),
        artwork in proptest::option::of(any::<String>()),
        length_ms in proptest::option::of(any::<u64>()),
        by in any::<u64>(),
    ) -> Brief {
        Brief {
            title: title.into(),
            author: author.into(),
            uri: uri.map(Into::into),
            artwork: artwork.map(Into::into),
            length_ms,
            by: UserId(by),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_track_breaks_discords_limits(
        tracks in proptest::collection::vec(any_brief(), 1..11),
        words in any::<String>(),
        position_ms in any::<u64>(),
        now_ms in any::<u64>(),
        number in any::<usize>(),
    ) {
        let moment = Moment { now_ms };
        let track = tracks[0].clone();
        let view = NowView { position_ms, track: track.clone(), next: tracks.last().cloned(), ..now_view() };
        let history = HistoryView {
            page: number,
            pages: number,
            first: number,
            entries: tracks.clone(),
            total: number,
        };
        let queue = QueueView {
            now: Some(view.clone()),
            page: number / 2,
            pages: number,
            first: number / 2,
            entries: tracks,
            total: number,
            total_ms: Some(position_ms),
            autoplay: None,
            loop_mode: LoopMode::Queue,
        };
        let all = [
            Say::NowPlaying(Box::new(view)),
            Say::Queue(Box::new(queue)),
            Say::History(Box::new(history)),
            Say::Removed { track: track.clone(), index: number, count: number },
            Say::Skipped { track: track.clone(), next: Some(track.clone()) },
            Say::TrackFailed { track: track.clone(), message: words.clone().into() },
            Say::Added {
                first: track,
                count: number,
                position: number,
                left_out: number,
                limit: number,
                playlist: Some(words.clone().into()),
                starts_in_ms: Some(position_ms),
            },
            Say::Refused(Refusal::NothingFound { query: words.clone().into() }),
            Say::Refused(Refusal::LoadError { message: words.clone().into() }),
        ];
        for what in &all {
            within_limits(&say(what, moment))?;
        }
        within_limits(&local(&Local::UnknownCommand { name: words.into() }))?;
    }
}

#[test]
fn help_is_within_limits() {
    for command in COMMANDS.iter().map(|spec| Some(spec.name)).chain([None]) {
        let table = Table { drills: true };
        within_limits(&local(&Local::Help { command, table })).unwrap();
    }
}
