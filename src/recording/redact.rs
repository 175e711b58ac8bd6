//! What stands in the place of tokens, of what listeners wrote, and of addresses.

use std::collections::HashMap;
use std::sync::Arc;

use ostinato_machine::guild::Mask;
use ostinato_machine::ids::Hidden;
use ostinato_machine::track::Track;

/// The source of tracks whose page is an address that a listener wrote.
const DIRECT: &str = "http";

/// The names of one recording.
#[derive(Debug, Default)]
pub(super) struct Redact {
    tokens: HashMap<Hidden, Hidden>,
    addresses: HashMap<Box<str>, Box<str>>,
    /// By place in memory; the track is held so that its place is no other's.
    tracks: HashMap<usize, (Arc<Track>, Arc<Track>)>,
}

impl Redact {
    fn address(&mut self, address: &str) -> Box<str> {
        let number = self.addresses.len() + 1;
        let masked = self.addresses.entry(address.into());
        masked
            .or_insert_with(|| format!("https://masked.invalid/{number}").into())
            .clone()
    }
}

impl Mask for Redact {
    fn hidden(&mut self, token: &Hidden) -> Hidden {
        let number = self.tokens.len() + 1;
        let masked = self.tokens.entry(token.clone());
        masked
            .or_insert_with(|| Hidden::new(&format!("masked {number}")))
            .clone()
    }

    fn words(&mut self, text: &str) -> String {
        let inner = text.trim();
        let start = text.len() - text.trim_start().len();
        let (before, after) = (&text[..start], &text[start + inner.len()..]);
        format!("{before}{}{after}", "x".repeat(inner.chars().count()))
    }

    fn track(&mut self, track: &Arc<Track>) -> Arc<Track> {
        let place = Arc::as_ptr(track).addr();
        if let Some((_, masked)) = self.tracks.get(&place) {
            return Arc::clone(masked);
        }
        let encoded = self.address(&track.encoded);
        let uri = track.uri.as_deref().map(|uri| {
            if &*track.source == DIRECT {
                self.address(uri)
            } else {
                uri.into()
            }
        });
        let masked = Arc::new(Track {
            encoded,
            uri,
            artwork: None,
            ..(**track).clone()
        });
        self.tracks.insert(place, (Arc::clone(track), Arc::clone(&masked)));
        masked
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_have_equal_names_and_words_keep_their_length_and_their_blanks() {
        let mut redact = Redact::default();
        let one = redact.hidden(&Hidden::new("one"));
        assert_eq!(redact.hidden(&Hidden::new("one")), one);
        assert_ne!(redact.hidden(&Hidden::new("two")), one);
        assert_eq!(redact.words(" été 1\n"), " xxxxx\n");
        assert_eq!(redact.words("   "), "   ");
        assert_eq!(redact.words(""), "");
    }
}
