//! The messages of a channel as HTML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use super::Playground;
use super::markup::{drawn, escaped};
use super::view::{Look, form, initial};
use crate::discord::{ButtonView, MessageView};
use crate::run::chat::GuildIds;

/// Lines of a channel that are shown.
const LINES: usize = 40;

impl Playground {
    /// What was said in the channel, as this user sees it.
    pub(super) fn lines(&self, guild: &GuildIds, look: Look) -> String {
        let mut lines: BTreeMap<u64, String> = BTreeMap::new();
        let mut answered = Vec::new();
        let bot = self.stage.at.chat.bot();
        let names = |id: u64| {
            let people = guild.people().find(|(_, user)| *user == id);
            let people = people.or_else(|| (id == bot).then_some(("Ostinato", id)));
            people
                .or_else(|| guild.voices().find(|(_, voice)| *voice == id))
                .map(|(name, _)| name.to_owned())
        };
        let books = self.books();
        for message in self.stage.at.chat.shown(guild.first_text) {
            if !message.by_bot {
                answered.push(message.id);
                lines.insert(message.id, written(&message, &names));
                continue;
            }
            let typed = message.answers().and_then(|id| books.typed.get(&id));
            answered.extend(message.answers());
            if message.only_for.is_none_or(|only| only == look.user) {
                let head = typed.map(|typed| used(&names(typed.user).unwrap_or_default(), &typed.text));
                lines.insert(message.id, self.message(&message, head.as_deref(), look, &names));
            }
        }
        let mine = books
            .typed
            .iter()
            .filter(|(_, typed)| typed.channel == guild.first_text);
        for (id, typed) in mine.filter(|(id, _)| !answered.contains(id)) {
            // A press is answered on the card itself; a command without a message waits.
            let pressed = typed.text.starts_with("pressed");
            let late = self.stage.at.now() > typed.at_ms + 3_000;
            let state = match (pressed, late) {
                (true, _) => "",
                (false, false) => "sending …",
                (false, true) => "the application did not respond",
            };
            let head = used(&names(typed.user).unwrap_or_default(), &typed.text);
            lines.insert(
                *id,
                format!("<li class=\"waits\">{head}<p class=\"small\">{state}</p></li>"),
            );
        }
        let skip = lines.len().saturating_sub(LINES);
        let out: String = lines.into_values().skip(skip).collect();
        if out.is_empty() {
            return "<li class=\"empty\">Nothing was said here yet. Join a voice channel on the right and type <code>/play query:First Light</code>.</li>".into();
        }
        out
    }

    fn message(
        &self,
        message: &MessageView,
        head: Option<&str>,
        look: Look,
        names: &dyn Fn(u64) -> Option<String>,
    ) -> String {
        let mut out = format!(
            "<li class=\"bot\">{}<div class=\"by\"><span class=\"dot\" aria-hidden=\"true\">O</span><b>Ostinato</b> <span class=\"tag\">APP</span></div>",
            head.unwrap_or_default()
        );
        if message.text.is_empty() && message.embeds.is_empty() {
            out.push_str("<p class=\"small\">Ostinato is thinking …</p>");
        }
        let embeds: Vec<String> = message.embeds.iter().map(|embed| card(embed, names)).collect();
        if embeds.is_empty() && !message.text.is_empty() {
            let _ = write!(out, "<p>{}</p>", drawn(&message.text, names));
        }
        out.extend(embeds);
        for row in message.rows() {
            out.push_str("<div class=\"buttons\">");
            row.iter().for_each(|one| out.push_str(&button(one, message.id, look)));
            out.push_str("</div>");
        }
        if message.only_for.is_some() {
            out.push_str("<p class=\"small\">Only you can see this</p>");
        }
        out.push_str("</li>");
        out
    }
}

/// A message of a person.
fn written(message: &MessageView, names: &dyn Fn(u64) -> Option<String>) -> String {
    let name = names(message.author).unwrap_or_default();
    format!(
        "<li class=\"person\"><div class=\"by\"><span class=\"dot\" aria-hidden=\"true\">{}</span><b>{}</b></div><p>{}</p></li>",
        escaped(&initial(&name)),
        escaped(&name),
        drawn(&message.text, names)
    )
}

fn used(name: &str, text: &str) -> String {
    format!(
        "<p class=\"used\"><b>{}</b> <code>{}</code></p>",
        escaped(name),
        escaped(text)
    )
}

fn card(embed: &Value, names: &dyn Fn(u64) -> Option<String>) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let colour = embed["color"].as_u64().unwrap_or(0) & 0xFF_FFFF;
    // A drawing keeps its colour as an attribute: the page allows no inline styles.
    let mut out = format!(
        "<div class=\"card\"><svg class=\"edge\" viewBox=\"0 0 4 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect width=\"4\" height=\"4\" fill=\"#{colour:06x}\"/></svg><div>"
    );
    let part = |out: &mut String, class: &str, text: &str| {
        if !text.is_empty() {
            let _ = write!(out, "<p class=\"{class}\">{}</p>", drawn(text, names));
        }
    };
    part(&mut out, "small", &text(&embed["author"]["name"]));
    part(&mut out, "title", &text(&embed["title"]));
    part(&mut out, "", &text(&embed["description"]));
    for field in embed["fields"].as_array().into_iter().flatten() {
        part(&mut out, "title", &text(&field["name"]));
        part(&mut out, "", &text(&field["value"]));
    }
    part(&mut out, "small", &text(&embed["footer"]["text"]));
    out.push_str("</div></div>");
    out
}

fn button(button: &ButtonView, message: u64, look: Look) -> String {
    let (off, kind) = (if button.disabled { " disabled" } else { "" }, button.style);
    // Signs need a font that not every machine has; words are enough.
    let words = if button.label.is_empty() {
        &button.emoji
    } else {
        &button.label
    };
    let inside = format!("<button class=\"style{kind}\"{off}>{}</button>", escaped(words));
    let fields = [("message", message.to_string()), ("id", button.custom_id.clone())];
    let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
    form("press", look, &fields, &inside)
}
