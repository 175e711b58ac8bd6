//! Texts of others made safe, and figures made readable. Pure.

use reqwest::Url;

/// Length as Discord counts it at its strictest: units of UTF-16.
pub(super) fn length(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// Cuts to `most`, with a sign that something is missing.
pub(super) fn cut(text: &str, most: usize) -> String {
    if length(text) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut used = 1;
    for c in text.chars() {
        used += c.len_utf16();
        if used > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

/// A text of somebody else in at most `most` characters: no markdown, no mention, no link, no line break.
pub(super) fn safe(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut used = 0;
    let mut space = false;
    let mut chars = text.trim().chars().peekable();
    while let Some(c) = chars.next() {
        if c.is_whitespace() || c.is_control() {
            space = true;
            continue;
        }
        if is_invisible(c) {
            continue;
        }
        let (before, after) = guard(c, chars.peek().copied());
        let wide = usize::from(space) + before.len() + c.len_utf16() + after.chars().count();
        // As long as more follows, one is kept for the sign that something is missing.
        if used + wide + usize::from(chars.peek().is_some()) > most {
            out.push('…');
            return out;
        }
        if space {
            out.push(' ');
            space = false;
        }
        out.push_str(before);
        out.push(c);
        out.push_str(after);
        used += wide;
    }
    out
}

/// What takes a character's meaning away. Marks that mean something only at the start of a line need nothing: what
/// others wrote never stands there.
fn guard(c: char, next: Option<char>) -> (&'static str, &'static str) {
    match (c, next) {
        ('\\' | '*' | '_' | '~' | '`' | '|' | '<' | '[' | ']', _) => ("\\", ""),
        // A name behind `@` and an address behind `:` are found without any mark.
        ('@', _) | (':', Some('/')) => ("", "\u{200b}"),
        _ => ("", ""),
    }
}

/// Marks that turn the direction of a line or hide.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// An address that Discord takes; `None` when it would not.
pub(super) fn web_address(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https") && url.has_host();
    let is_plain = url.username().is_empty() && url.password().is_none();
    let text = String::from(url);
    (is_web && is_plain && text.is_ascii() && length(&text) <= 2_048).then_some(text)
}

/// A safe text that leads somewhere, if it leads somewhere in few characters.
pub(super) fn link(safe_text: &str, address: Option<&str>) -> String {
    match address.and_then(web_address).filter(|url| length(url) <= 200) {
        Some(url) => format!("[{safe_text}]({})", url.replace('(', "%28").replace(')', "%29")),
        None => safe_text.to_owned(),
    }
}

/// A time in a track: `3:07`, `1:02:03`.
pub(super) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (h, m, s) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
    if h > 0 {
        format!("{h}:{m:02}:{s:02}")
    } else {
        format!("{m}:{s:02}")
    }
}

/// A length of a track.
pub(super) fn track_length(ms: Option<u64>) -> String {
    ms.map_or_else(|| "live".to_owned(), clock)
}

/// A short span: `52 ms`, `0.4 s`, `12 s`.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..100 => format!("{ms} ms"),
        100..10_000 => format!("{}.{} s", ms / 1_000, ms / 100 % 10),
        _ => format!("{} s", number(ms / 1_000)),
    }
}

/// A whole number with its thousands apart: `5,000`.
pub(super) fn number(n: impl TryInto<u64>) -> String {
    let digits = n.try_into().unwrap_or(u64::MAX).to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with its word: `1 track`, `12 tracks`.
pub(super) fn count(n: usize, one: &str, many: &str) -> String {
    if n == 1 {
        format!("1 {one}")
    } else {
        format!("{} {many}", number(n as u64))
    }
}

/// `12 tracks`.
pub(super) fn tracks(n: usize) -> String {
    count(n, "track", "tracks")
}

/// Position in a track as twelve cells.
pub(super) fn bar(position_ms: u64, length_ms: u64) -> String {
    const CELLS: u64 = 12;
    let full = position_ms.min(length_ms).saturating_mul(CELLS) / length_ms.max(1);
    (0..CELLS).map(|cell| if cell < full { '▓' } else { '░' }).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_others_wrote_is_only_text() {
        let table = [
            ("**bold** _it_", "\\*\\*bold\\*\\* \\_it\\_"),
            ("<@123> @everyone", "\\<@\u{200b}123> @\u{200b}everyone"),
            ("[a](http://x)", "\\[a\\](http:\u{200b}//x)"),
            ("Part 2: Rain (live) - #3", "Part 2: Rain (live) - #3"),
            ("a\nb\r\n  c\u{0}d", "a b c d"),
            ("left\u{202e}right", "leftright"),
            ("", ""),
        ];
        for (text, expected) in table {
            assert_eq!(safe(text, 100), expected);
        }
        assert_eq!(safe("abcdefghij", 6), "abcde…");
        assert_eq!(safe("abcdef", 6), "abcdef");
        assert_eq!(safe("*****", 6), "\\*\\*…");
    }

    #[test]
    fn figures_are_readable() {
        assert_eq!(clock(187_999), "3:07");
        assert_eq!(clock(3_723_000), "1:02:03");
        assert_eq!(clock(0), "0:00");
        assert_eq!(track_length(None), "live");
        assert_eq!(span(52), "52 ms");
        assert_eq!(span(420), "0.4 s");
        assert_eq!(span(12_345), "12 s");
        assert_eq!(number(5_000_u64), "5,000");
        assert_eq!(number(1_234_567_u64), "1,234,567");
        assert_eq!(number(12_u64), "12");
        assert_eq!(tracks(1), "1 track");
        assert_eq!(tracks(0), "0 tracks");
        assert_eq!(tracks(5_000), "5,000 tracks");
    }

    #[test]
    fn the_bar_has_twelve_cells() {
        assert_eq!(bar(0, 100), "░░░░░░░░░░░░");
        assert_eq!(bar(50, 100), "▓▓▓▓▓▓░░░░░░");
        assert_eq!(bar(100, 100), "▓▓▓▓▓▓▓▓▓▓▓▓");
        assert_eq!(bar(500, 100), "▓▓▓▓▓▓▓▓▓▓▓▓");
        assert_eq!(bar(0, 0), "░░░░░░░░░░░░");
    }

    #[test]
    fn only_web_addresses_become_links() {
        assert_eq!(
            link("T", Some("https://music.example/a_(b)")),
            "[T](https://music.example/a_%28b%29)"
        );
        for bad in [
            "javascript:alert(1)",
            "file:///etc/x",
            "no address",
            "https://u:p@music.example/",
            "http://",
        ] {
            assert_eq!(link("T", Some(bad)), "T", "{bad}");
        }
        assert_eq!(link("T", None), "T");
        assert_eq!(
            link("T", Some(&format!("https://music.example/{}", "x".repeat(300)))),
            "T"
        );
    }

    proptest! {
        #[test]
        fn no_text_grows_beyond_its_limit(text in any::<String>(), most in 1_usize..300) {
            prop_assert!(length(&safe(&text, most)) <= most);
            prop_assert!(length(&cut(&text, most)) <= most);
        }

        #[test]
        fn nothing_that_opens_a_mark_stays_open(text in "[*_`<@\\[\\]|~\\\\a]{0,60}") {
            let out = safe(&text, 40);
            let mut chars = out.chars().peekable();
            while let Some(c) = chars.next() {
                if c == '\\' {
                    prop_assert!(chars.next().is_some(), "a lone backslash escapes what follows: {out}");
                } else {
                    prop_assert!(!"*_`<[]|~".contains(c), "{out}");
                }
            }
        }
    }
}
