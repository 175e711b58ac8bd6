//! What stands in a track as nodes hand it out, beyond what they say of it beside.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The bit of a frame's length that says that a version follows.
const VERSIONED: u32 = 1 << 30;

/// What the track's source calls it; `None`: it is of no form that is known here.
pub(crate) fn identifier(encoded: &str) -> Option<String> {
    let bytes = STANDARD.decode(encoded).ok()?;
    let (frame, mut rest) = bytes.split_first_chunk()?;
    if u32::from_be_bytes(*frame) & VERSIONED != 0 {
        rest = rest.get(1..)?;
    }
    let (_title, rest) = text(rest)?;
    let (_author, rest) = text(rest)?;
    let (_length, rest) = rest.split_first_chunk::<8>()?;
    let (identifier, _) = text(rest)?;
    String::from_utf8(identifier.to_vec()).ok()
}

/// A text behind its length, and what follows.
fn text(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk()?;
    rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))
}

#[cfg(test)]
mod tests {
    use sandbox::lavalink::TrackData;

    use super::*;

    #[test]
    fn every_version_says_what_the_source_calls_the_track_and_anything_else_says_nothing() {
        let track = TrackData {
            title: "Été \u{1f3b5}".into(),
            author: "Ann".into(),
            length: 3_000,
            identifier: "dQw4w9WgXcQ".into(),
            source_name: "youtube".into(),
            ..TrackData::default()
        };
        for version in 1..=3 {
            let encoded = track.encode_version(version);
            assert_eq!(identifier(&encoded).as_deref(), Some("dQw4w9WgXcQ"), "{version}");
            for cut in (0..40).step_by(4) {
                assert_eq!(identifier(&encoded[..cut]), None, "{cut}");
            }
        }
        assert_eq!(identifier("no base64"), None);
    }
}
