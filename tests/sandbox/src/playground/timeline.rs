//! The promise made visible: each guild's last two minutes as sound, explained silence and gaps.

use std::fmt::Write as _;

use super::markup::escaped;
use crate::sound::{Kind, SoundLedger};

/// What is shown, ms.
const SHOWN_MS: u64 = 120_000;

/// Units of the drawing's width.
const WIDTH: u64 = 1_000;

/// Rows: name, drawing, longest gap. `now_ms` is the right edge.
pub(super) fn rows<'a>(sound: &SoundLedger, guilds: impl Iterator<Item = (&'a str, u64)>, now_ms: u64) -> String {
    let mut out = String::new();
    for (name, guild) in guilds {
        let gap_ms = sound.report(guild, now_ms).longest_gap_ms;
        let class = if gap_ms > 0 { " class=\"fault\"" } else { "" };
        let _ = write!(
            out,
            "<div class=\"row\"><span>{}</span>{}<span{class}>longest gap <b>{gap_ms} ms</b></span></div>",
            escaped(name),
            row(sound, guild, now_ms)
        );
    }
    out
}

fn row(sound: &SoundLedger, guild: u64, now_ms: u64) -> String {
    let from_ms = now_ms.saturating_sub(SHOWN_MS);
    let place = |at_ms: u64| (at_ms.saturating_sub(from_ms) * WIDTH) as f64 / SHOWN_MS as f64;
    let mut out = format!(
        "<svg viewBox=\"0 0 {WIDTH} 16\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"sound of the last two minutes\">"
    );
    for stretch in sound.stretches(guild, from_ms, now_ms) {
        let (x, length_ms) = (place(stretch.from_ms), stretch.to_ms - stretch.from_ms);
        // What is shorter than a line of the drawing is drawn all the same: a gap must be seen.
        let width = (place(stretch.to_ms) - x).max(1.5);
        let (class, why) = match &stretch.kind {
            Kind::Sound => ("sound", "sound".to_owned()),
            Kind::Excused(why) => ("excused", format!("silent: {why}")),
            Kind::Gap => ("gap", "a gap".to_owned()),
        };
        let _ = write!(
            out,
            "<rect class=\"{class}\" x=\"{x:.1}\" y=\"0\" width=\"{width:.1}\" height=\"16\"><title>{}, {:.1} s</title></rect>",
            escaped(&why),
            length_ms as f64 / 1_000.0
        );
    }
    out.push_str("</svg>");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_is_drawn_and_named_with_its_length() {
        let ledger = SoundLedger::default();
        ledger.sounds(1, 1, "a", 0);
        ledger.silent(1, 1, 60_000);
        ledger.sounds(1, 1, "a", 60_400);
        let html = rows(&ledger, [("A <b>", 1)].into_iter(), 120_000);
        assert!(
            html.contains("class=\"gap\"") && html.contains("a gap, 0.4 s"),
            "{html}"
        );
        assert!(
            html.contains("longest gap <b>400 ms</b>") && html.contains("A &lt;b&gt;"),
            "{html}"
        );
    }
}
