//! Text of the bot and of users as HTML: everything is escaped, and the little of Discord's markup that the bot uses is
//! drawn.

use std::fmt::Write as _;

/// Text with every sign that means something in HTML made harmless, in quoted attributes too.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for sign in text.chars() {
        match sign {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

/// Draws text as Discord's client does: `**bold**`, `` `code` ``, `[words](address)`, `-# small`, mentions, time stamps and
/// escaped signs. `name` tells what `<#id>` and `<@id>` are called.
pub(super) fn drawn(text: &str, name: &dyn Fn(u64) -> Option<String>) -> String {
    let lines: Vec<String> = text
        .lines()
        .map(|line| match line.strip_prefix("-# ") {
            Some(small) => format!("<small>{}</small>", inline(small, name)),
            None => inline(line, name),
        })
        .collect();
    lines.join("<br>")
}

fn inline(text: &str, name: &dyn Fn(u64) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(sign) = rest.chars().next() {
        if let Some((html, left)) = special(sign, rest, name) {
            out.push_str(&html);
            rest = left;
        } else {
            out.push_str(&escaped(&rest[..sign.len_utf8()]));
            rest = &rest[sign.len_utf8()..];
        }
    }
    out
}

/// What begins here, if it is more than a sign, and what follows it.
fn special<'a>(sign: char, text: &'a str, name: &dyn Fn(u64) -> Option<String>) -> Option<(String, &'a str)> {
    match sign {
        '\\' => {
            let next = text[1..].chars().next().filter(char::is_ascii_punctuation)?;
            Some((escaped(&next.to_string()), &text[1 + next.len_utf8()..]))
        }
        '*' => {
            let (inside, left) = text.strip_prefix("**")?.split_once("**")?;
            (!inside.is_empty()).then(|| (format!("<b>{}</b>", inline(inside, name)), left))
        }
        '`' => {
            let (inside, left) = text[1..].split_once('`')?;
            (!inside.is_empty()).then(|| (format!("<code>{}</code>", escaped(inside)), left))
        }
        '[' => {
            let (words, left) = text[1..].split_once("](")?;
            let (address, left) = left.split_once(')')?;
            let good = address.starts_with("https://") || address.starts_with("http://");
            let link = || {
                // Nothing of the sandbox's addresses can be reached, so nobody is led there.
                format!(
                    "<span class=\"link\" title=\"{}\">{}</span>",
                    escaped(address),
                    inline(words, name)
                )
            };
            good.then(|| (link(), left))
        }
        '<' => {
            let (inside, left) = text[1..].split_once('>')?;
            Some((angled(inside, name)?, left))
        }
        _ => None,
    }
}

/// `#1`, `@1`, `t:5:R`.
fn angled(inside: &str, name: &dyn Fn(u64) -> Option<String>) -> Option<String> {
    if let Some(stamp) = inside.strip_prefix("t:") {
        let seconds: i64 = stamp.split(':').next()?.parse().ok()?;
        return Some(format!("<time data-at=\"{seconds}\">soon</time>"));
    }
    let (sign, id) = (inside.chars().next()?, inside.get(1..)?);
    let id: u64 = id.trim_start_matches('!').parse().ok()?;
    let known = name(id).unwrap_or_else(|| id.to_string());
    let mut out = String::new();
    match sign {
        '#' | '@' => write!(out, "<span class=\"mention\">{sign}{}</span>", escaped(&known)).ok()?,
        _ => return None,
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(text: &str) -> String {
        drawn(text, &|id| (id == 7).then(|| "Lounge".to_owned()))
    }

    #[test]
    fn hostile_text_stays_text() {
        for text in [
            "<script>alert(1)</script>",
            "<img src=x onerror=alert(1)>",
            "**<b onclick='x'>**",
            "[<i>](https://a\"onmouseover=\"x)",
            "`</code><script>`",
            "[x](javascript:alert(1))",
        ] {
            let html = draw(text);
            let rest = ["<b>", "</b>", "<code>", "</code>", "</span>", "<br>"]
                .iter()
                .fold(html.clone(), |html, tag| html.replace(tag, ""));
            let rest = rest.replace("<span class=\"link\" title=\"", "");
            assert!(
                !rest.contains('<') && !rest.contains("title=\"x"),
                "{text} became {html}"
            );
            assert!(!html.contains("\"onmouseover"), "{html}");
        }
    }

    #[test]
    fn what_the_bot_uses_of_discords_markup_is_drawn() {
        assert_eq!(draw("**Now**: `a` \\*b\\*"), "<b>Now</b>: <code>a</code> *b*");
        assert_eq!(draw("in <#7>"), "in <span class=\"mention\">#Lounge</span>");
        assert_eq!(draw("ends <t:5:R>"), "ends <time data-at=\"5\">soon</time>");
        assert!(draw("[First](https://music.example/track/a)").contains(">First</span>"));
        assert_eq!(draw("2 * 3 < 7"), "2 * 3 &lt; 7");
        assert_eq!(draw("-# small\nlarge"), "<small>small</small><br>large");
    }
}
