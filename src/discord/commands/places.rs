//! Places in the queue, as people write them: `3`, `3-7`. Pure.

/// A place, and the other end if it is a range; `None` when the text is neither. Places count from 1.
pub(super) fn parse(text: &str) -> Option<(usize, Option<usize>)> {
    match text.split_once(['-', '–', '—']) {
        None => Some((place(text)?, None)),
        Some((one, other)) => Some((place(one)?, Some(place(other)?))),
    }
}

fn place(text: &str) -> Option<usize> {
    let text = text.trim();
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    plain.then(|| text.parse().ok()).flatten().filter(|place| *place > 0)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_place_and_a_range_are_understood() {
        let table = [
            ("3", (3, None)),
            (" 12 ", (12, None)),
            ("007", (7, None)),
            ("3-7", (3, Some(7))),
            ("3 - 7", (3, Some(7))),
            ("3–7", (3, Some(7))),
            ("7-3", (7, Some(3))),
            ("4-4", (4, Some(4))),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused() {
        let table = [
            "",
            " ",
            "0",
            "0-3",
            "3-0",
            "-3",
            "3-",
            "-",
            "3--7",
            "3-5-7",
            "+3",
            "3,4",
            "3 4",
            "3..7",
            "first",
            "1e3",
            "３",
            "99999999999999999999999",
            "1-99999999999999999999999",
        ];
        for text in table {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_range_is_read_as_it_is_written(one in 1_usize..100_000, other in 1_usize..100_000) {
            prop_assert_eq!(parse(&format!("{one}-{other}")), Some((one, Some(other))));
            prop_assert_eq!(parse(&one.to_string()), Some((one, None)));
        }

        #[test]
        fn no_text_is_too_strange(text in prop_oneof![".{0,40}", "[0-9 –-]{0,30}"]) {
            if let Some((one, other)) = parse(&text) {
                prop_assert!(one > 0 && other != Some(0));
            }
        }
    }
}
