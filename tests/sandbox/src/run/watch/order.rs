//! What commands do to the queue itself: `remove`, `clear`, `move`, `shuffle`, and what `/queue` tells of it.

use super::{Watched, first_title};
use crate::catalogue::Catalogue;
use crate::run::look;
use crate::run::typed::Typed;

impl Watched {
    /// A user has typed one of these commands.
    pub(super) fn typed_order(&mut self, typed: &Typed) {
        match typed.name.as_str() {
            "remove" => {
                if let Some((from, to)) = places(typed.option("index").unwrap_or_default()) {
                    self.model.asked_to_remove(from, to);
                }
            }
            "clear" => self.model.asked_to_clear(),
            "move" | "shuffle" => self.model.asked_to_reorder(),
            _ => {}
        }
    }

    /// One of these commands got its final answer.
    pub(super) fn answered_order(&mut self, typed: &Typed, text: &str, catalogue: &Catalogue) {
        let was_empty = self.model.is_empty();
        let title = || first_title(text, catalogue);
        match typed.name.as_str() {
            "remove" => match title().filter(|_| text.contains("Removed")) {
                Some(first) => self.model.removed(&first, tracks(text).unwrap_or(1)),
                None => self.model.not_removed(),
            },
            "clear" => match tracks(text).filter(|_| text.contains("Dropped")) {
                Some(count) => self.model.cleared(count),
                None => self.model.not_removed(),
            },
            "move" => match (title(), typed.option("dest").and_then(|dest| dest.parse().ok())) {
                (Some(track), Some(to)) if text.contains("Moved") => self.model.moved(&track, to),
                _ => self.model.not_reordered(),
            },
            "shuffle" if text.contains("Shuffled") => self.model.shuffled(),
            "shuffle" => self.model.not_reordered(),
            "queue" => self.model.learn(&look::queued(text, catalogue)),
            _ => {}
        }
        self.emptied = self.emptied || (!was_empty && self.model.is_empty());
    }
}

/// `3` and `3-7` as places, the lower one first.
fn places(text: &str) -> Option<(usize, usize)> {
    let (one, other) = text.split_once(['-', '–', '—']).unwrap_or((text, text));
    let (one, other) = (one.trim().parse().ok()?, other.trim().parse().ok()?);
    Some((usize::min(one, other), usize::max(one, other)))
}

/// The number in `3 tracks`.
fn tracks(text: &str) -> Option<usize> {
    let before = text.split(" track").next().filter(|before| before.len() < text.len())?;
    let number = before.rsplit(' ').next()?;
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    digits.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_numbers_of_tracks_are_read() {
        assert_eq!(places("3"), Some((3, 3)));
        assert_eq!(places("7 - 3"), Some((3, 7)));
        assert_eq!(places("first"), None);
        assert_eq!(tracks("Dropped 1,204 tracks from the queue"), Some(1_204));
        assert_eq!(tracks("Removed 1 track"), Some(1));
        assert_eq!(tracks("Removed **First** from place 2."), None);
    }
}
