//! HTTP ranges, one at a time (RFC 9110 §14): which bytes of a body are asked for. Pure.

use std::ops::Range;

/// The longest piece that is sent at once; every melody fits. What is left of a longer one is asked for again.
pub(super) const PIECE: u64 = 32 << 20;

/// What a `Range` header comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// The whole body, or as much of it as one answer takes.
    Whole,
    /// These bytes.
    Part(Range<u64>),
    /// Bytes that are not there.
    Outside,
}

/// Reads the header. What is malformed, names another unit or several ranges is as good as no header.
pub(super) fn read(header: Option<&str>, length: u64) -> Wanted {
    let Some((from, to)) = header
        .and_then(|header| header.trim().strip_prefix("bytes="))
        .and_then(|spec| spec.split_once('-'))
    else {
        return Wanted::Whole;
    };
    let (from, to) = (from.trim(), to.trim());
    let range = match (from.is_empty(), to.is_empty(), number(from), number(to)) {
        (false, true, Some(from), _) => from..length,
        (false, false, Some(from), Some(to)) if from <= to => from..to.saturating_add(1).min(length),
        (true, false, _, Some(last)) => length.saturating_sub(last)..length,
        _ => return Wanted::Whole,
    };
    if range.is_empty() {
        return Wanted::Outside;
    }
    Wanted::Part(range.start..range.end.min(range.start.saturating_add(PIECE)))
}

fn number(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_range_is_read() {
        let table = [
            (None, Wanted::Whole),
            (Some("bytes=0-"), Wanted::Part(0..1_000)),
            (Some("bytes=0-0"), Wanted::Part(0..1)),
            (Some("bytes=990-2000"), Wanted::Part(990..1_000)),
            (Some("bytes=-10"), Wanted::Part(990..1_000)),
            (Some("bytes=-5000"), Wanted::Part(0..1_000)),
            (Some("bytes=1000-"), Wanted::Outside),
            (Some("bytes=-0"), Wanted::Outside),
            (Some("bytes=99999999999999999999999-"), Wanted::Outside),
            (Some("bytes=5-2"), Wanted::Whole),
            (Some("bytes=0-1,5-6"), Wanted::Whole),
            (Some("bytes=-"), Wanted::Whole),
            (Some("bytes=a-b"), Wanted::Whole),
            (Some("bytes=+1-2"), Wanted::Whole),
            (Some("lines=1-2"), Wanted::Whole),
            (Some(""), Wanted::Whole),
        ];
        for (header, expected) in table {
            assert_eq!(read(header, 1_000), expected, "{header:?}");
        }
    }

    #[test]
    fn no_piece_is_longer_than_one_answer_takes() {
        assert_eq!(read(Some("bytes=7-"), u64::MAX), Wanted::Part(7..7 + PIECE));
        assert_eq!(read(Some("bytes=0-"), 0), Wanted::Outside);
    }
}
