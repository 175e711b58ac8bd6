//! How things are written: safe for a terminal, one form for each kind of thing.

use ostinato_machine::ids::CauseId;
use ostinato_machine::track::{Entry, Track};

/// Most signs of a title that are shown.
const TITLE: usize = 80;

/// What somebody else wrote, in quotes: at most 80 signs, and none that a terminal would obey or that hides others.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    let mut signs = text.chars();
    for sign in signs.by_ref().take(TITLE) {
        match sign {
            '"' | '\\' => out.extend(['\\', sign]),
            sign if is_unsafe(sign) => out.extend(sign.escape_unicode()),
            sign => out.push(sign),
        }
    }
    out.push('"');
    if signs.next().is_some() {
        out.push('…');
    }
    out
}

/// A message of this program, which may quote what a stranger wrote: on one line.
pub(super) fn plain(text: &str) -> String {
    text.chars().fold(String::new(), |mut out, sign| {
        if is_unsafe(sign) {
            out.extend(sign.escape_unicode());
        } else {
            out.push(sign);
        }
        out
    })
}

/// JSON, without signs that a terminal would obey: they stand in texts alone, where JSON has another form for them.
pub(super) fn plain_json(json: &str) -> String {
    json.chars().fold(String::new(), |mut out, sign| {
        if sign != '\n' && is_unsafe(sign) {
            let mut units = [0; 2];
            let units = sign.encode_utf16(&mut units);
            units.iter().for_each(|unit| out.push_str(&format!("\\u{unit:04x}")));
        } else {
            out.push(sign);
        }
        out
    })
}

/// Control signs, and those that turn the direction of writing or take no place.
fn is_unsafe(sign: char) -> bool {
    sign.is_control()
        || matches!(sign,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// A wall-clock time, UTC.
pub(super) fn time(ms: u64) -> String {
    let second = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    // Beyond the year 9999: nobody's time.
    let Ok(at) = time::OffsetDateTime::from_unix_timestamp(second) else {
        return format!("{ms} ms");
    };
    let (year, month, day) = (at.year(), u8::from(at.month()), at.day());
    let (hour, minute, second) = at.to_hms();
    let milli = ms % 1_000;
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// A length or position: `3:25`, `1:02:03`, with thousandths where there are any.
pub(super) fn span(ms: u64) -> String {
    let (hours, minutes, seconds, milli) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000);
    let whole = match hours {
        0 => format!("{minutes}:{seconds:02}"),
        hours => format!("{hours}:{minutes:02}:{seconds:02}"),
    };
    match milli {
        0 => whole,
        milli => format!("{whole}.{milli:03}"),
    }
}

/// A number of bytes.
pub(super) fn bytes(count: u64) -> String {
    match count {
        0..10_000 => format!("{count} B"),
        10_000..10_000_000 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}

/// `1 record`, `2 records`.
pub(super) fn count(number: usize, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {what}{plural}")
}

/// The hash of a state.
pub(super) fn hash(fingerprint: u64) -> String {
    format!("{fingerprint:016x}")
}

/// A track: its title and length.
pub(super) fn track(track: &Track) -> String {
    let title = quoted(&track.title);
    match track.length_ms {
        Some(length) => format!("{title} {}", span(length)),
        None => format!("{title} live"),
    }
}

/// An entry of the queue: its number and track.
pub(super) fn entry(entry: &Entry) -> String {
    format!("#{} {}", entry.id, track(&entry.track))
}

/// Who caused a record: kind and id.
pub(super) fn cause(cause: &CauseId) -> (&'static str, Option<String>) {
    match cause {
        CauseId::Internal => ("internal", None),
        CauseId::Interaction(id) => ("interaction", Some(id.to_string())),
        CauseId::Message(id) => ("message", Some(id.to_string())),
        CauseId::Order(key) => ("order", Some(quoted(key))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_can_do_nothing_to_a_terminal() {
        assert_eq!(quoted("Été \"x\""), "\"Été \\\"x\\\"\"");
        assert_eq!(
            quoted("\u{1b}[2J\n\u{202e}z\u{200b}\u{9b}"),
            r#""\u{1b}[2J\u{a}\u{202e}z\u{200b}\u{9b}""#
        );
        assert_eq!(plain("a\r\u{7}b"), r"a\u{d}\u{7}b");
        assert_eq!(quoted(&"é".repeat(81)), format!("\"{}\"…", "é".repeat(80)));
        for sign in (0..=0x1f_u8).chain(0x7f..=0x9f).map(char::from) {
            assert!(!quoted(&sign.to_string()).contains(sign));
        }
    }

    #[test]
    fn times_and_lengths_are_those_of_a_calendar_and_a_clock() {
        for (ms, shown) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_399_999, "2000-02-28T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_000, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        ] {
            assert_eq!(time(ms), shown);
        }
        assert_eq!(time(u64::MAX), format!("{} ms", u64::MAX));
        assert_eq!((span(205_000), span(3_723_040)), ("3:25".into(), "1:02:03.040".into()));
        assert_eq!((bytes(9_999), bytes(64_000)), ("9999 B".into(), "64 kB".into()));
    }
}
