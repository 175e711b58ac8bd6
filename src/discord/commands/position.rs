//! Positions in a track, as people write them: `90`, `1:30`, `1:02:03`, `1m30s`. Pure.

/// Longest position, seconds: a thousand hours.
const LONGEST: u64 = 3_600_000;

/// A position in ms; `None` when the text is none.
///
/// Seconds alone may be any number; after a colon or a larger unit they must be below sixty, and so must minutes after
/// hours.
pub(super) fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let seconds = if text.contains(':') {
        clock(text)?
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        number(text)?
    } else {
        units(text)?
    };
    (seconds <= LONGEST).then(|| seconds * 1_000)
}

fn clock(text: &str) -> Option<u64> {
    let mut parts = text.split(':');
    let mut seconds = number(parts.next()?)?;
    let mut smaller = 0;
    for part in parts {
        let value = number(part)?;
        smaller += 1;
        if part.len() > 2 || value >= 60 || smaller > 2 {
            return None;
        }
        seconds = seconds.checked_mul(60)?.checked_add(value)?;
    }
    Some(seconds)
}

fn units(text: &str) -> Option<u64> {
    let mut rest = text;
    let mut seconds: u64 = 0;
    // Seconds of the unit before: units come once each, the largest first.
    let mut last = u64::MAX;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (digits, behind) = rest.split_at(end);
        let letter = behind.chars().next()?;
        let size = match letter.to_ascii_lowercase() {
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        let value = number(digits)?;
        if size >= last || (last != u64::MAX && value >= 60) {
            return None;
        }
        last = size;
        seconds = seconds.checked_add(value.checked_mul(size)?)?;
        rest = behind.get(letter.len_utf8()..)?.trim_start();
    }
    (last != u64::MAX).then_some(seconds)
}

fn number(digits: &str) -> Option<u64> {
    let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_way_of_writing_a_position_is_understood() {
        let table = [
            ("90", 90),
            ("0", 0),
            (" 90 ", 90),
            ("1:30", 90),
            ("1:05", 65),
            ("1:5", 65),
            ("01:30", 90),
            ("90:00", 5_400),
            ("1:02:03", 3_723),
            ("1m30s", 90),
            ("1m 30s", 90),
            ("1M30S", 90),
            ("90s", 90),
            ("90m", 5_400),
            ("2h", 7_200),
            ("1h2m3s", 3_723),
            ("1h3s", 3_603),
        ];
        for (text, seconds) in table {
            assert_eq!(parse(text), Some(seconds * 1_000), "{text}");
        }
    }

    #[test]
    fn what_is_no_position_is_refused() {
        let table = [
            "",
            " ",
            ":",
            "1:",
            ":30",
            "1:60",
            "1:99",
            "1:2:3:4",
            "1:60:00",
            "1:030",
            "-5",
            "+5",
            "1.5",
            "1,5",
            "abc",
            "m",
            "1x",
            "30s1m",
            "1m1m",
            "1m90s",
            "1m30",
            "s",
            "½",
            "１",
            "1:３0",
            "17280906385992533213",
            "99999999999999999999999",
            "9999999",
            "1h60m",
        ];
        for text in table {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn all_spellings_of_a_position_mean_the_same(seconds in 0_u64..360_000) {
            let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
            let spellings = [
                format!("{seconds}"),
                format!("{seconds}s"),
                format!("{}:{s:02}", seconds / 60),
                format!("{h}:{m:02}:{s:02}"),
                format!("{h}h{m}m{s}s"),
            ];
            for text in spellings {
                prop_assert_eq!(parse(&text), Some(seconds * 1_000), "{}", text);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in ".{0,40}") {
            let _ = parse(&text);
        }

        #[test]
        fn digits_and_marks_never_panic(text in "[0-9:hms ]{0,30}") {
            if let Some(ms) = parse(&text) {
                prop_assert!(ms <= LONGEST * 1_000);
            }
        }
    }
}
