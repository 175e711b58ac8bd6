//! The buttons below cards and pages.

use ostinato_machine::guild::{LoopMode, NowView};

use super::message::Button;
use crate::discord::buttons::Press;

/// Fewest queued entries that can be shuffled.
const SHUFFLED: usize = 2;

fn button(press: Option<Press>, sign: &'static str, words: &'static str) -> Button {
    Button {
        press,
        sign,
        words,
        grave: false,
    }
}

/// The buttons of the card of what is playing.
pub(super) fn player(view: &NowView) -> Vec<Vec<Button>> {
    let entry = view.entry;
    let pause = if view.paused {
        button(Some(Press::Resume(entry)), "▶️", "Resume")
    } else {
        button(Some(Press::Pause(entry)), "⏸️", "Pause")
    };
    let stop = Button {
        grave: true,
        ..button(Some(Press::Stop(entry)), "⏹️", "Stop")
    };
    let (words, next) = match view.loop_mode {
        LoopMode::Off => ("Loop: off", LoopMode::Track),
        LoopMode::Track => ("Loop: track", LoopMode::Queue),
        LoopMode::Queue => ("Loop: queue", LoopMode::Off),
    };
    let shuffle = (view.queued >= SHUFFLED).then_some(Press::Shuffle(entry));
    vec![
        vec![pause, button(Some(Press::Skip(entry)), "⏭️", "Skip"), stop],
        vec![
            button(Some(Press::Loop(entry, next)), "🔁", words),
            button(shuffle, "🔀", "Shuffle"),
            button(Some(Press::Queue), "📜", "Queue"),
        ],
    ]
}

/// The buttons that turn pages; none where there is one page.
pub(super) fn pager(page: usize, pages: usize, turn: fn(usize) -> Press) -> Vec<Vec<Button>> {
    if pages <= 1 {
        return Vec::new();
    }
    let back = page.checked_sub(1).map(turn);
    let next = page.checked_add(1).filter(|next| *next < pages).map(turn);
    vec![vec![button(back, "◀️", "Back"), button(next, "▶️", "Next")]]
}
