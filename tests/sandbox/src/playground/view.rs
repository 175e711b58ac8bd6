//! The page and its pieces as HTML.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::markup::escaped;
use super::{Playground, act, timeline};
use crate::run::chat::GuildIds;

/// Who looks at what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Look {
    pub(super) guild: u64,
    pub(super) user: u64,
}

impl Playground {
    /// What a request asks to see, or the nearest that there is.
    pub(super) fn look(&self, guild: Option<u64>, user: Option<u64>) -> Option<Look> {
        let (_, first) = self.guilds.first()?;
        let guild = guild.and_then(|id| self.guild(id)).unwrap_or(first);
        let people: Vec<u64> = guild.people().map(|(_, id)| id).collect();
        let user = user.filter(|user| people.contains(user)).or(people.first().copied())?;
        Some(Look { guild: guild.id, user })
    }

    /// The pieces of the page as they are now, by the id of their places.
    pub(super) async fn pieces(&self, look: Look) -> Vec<(&'static str, String)> {
        let Some(guild) = self.guild(look.guild) else {
            return Vec::new();
        };
        let now_ms = self.stage.at.now();
        let guilds = self.guilds.iter().map(|(name, guild)| (name.as_str(), guild.id));
        let counters = self.counters().await;
        let hint = self.books().hints.get(&look.user).map(|why| escaped(why));
        let hint = hint.unwrap_or_default();
        vec![
            ("servers", self.servers(look)),
            ("who", people(guild, look)),
            ("lines", self.lines(guild, look)),
            ("hint", hint),
            ("voice", self.voice(guild, look)),
            ("now", self.now(guild)),
            ("timeline", timeline::rows(&self.stage.at.sound, guilds, now_ms)),
            ("counters", counters),
            ("breaks", self.breaks(look)),
        ]
    }

    /// What the player of the guild does, for the ears.
    pub(super) fn sound(&self, guild: u64) -> Value {
        let at = &self.stage.at;
        let player = at.player(guild);
        let sounding = at.sound.sounding(guild);
        let track = sounding.clone().or_else(|| {
            let uri = player.as_ref().and_then(|player| player.track.clone())?;
            at.catalogue().by_uri(&uri).map(|song| song.id.clone())
        });
        json!({
            "guild": guild.to_string(),
            "src": track.as_deref().map(|track| self.audio.source(track)),
            "track": track,
            "position_ms": player.as_ref().map_or(0, |player| player.position_ms),
            "at_ms": at.now(),
            "paused": player.as_ref().is_some_and(|player| player.paused),
            "volume": player.as_ref().map_or(100, |player| player.volume),
            "playing": sounding.is_some(),
        })
    }

    /// What the bot offers to who looks so and has typed `text` so far: a list of names and values, as JSON.
    pub(super) async fn offers(&self, look: Option<Look>, text: &str) -> String {
        let guild = look.and_then(|look| Some((self.guild(look.guild)?, look.user)));
        let offers = match guild {
            Some((guild, user)) => act::complete(self, guild, user, text).await,
            None => Vec::new(),
        };
        let offers = offers.into_iter();
        let offers = offers.map(|(name, value)| json!({ "name": name, "value": value }));
        Value::from(offers.collect::<Vec<_>>()).to_string()
    }

    fn servers(&self, look: Look) -> String {
        let mut out = String::new();
        for (name, guild) in &self.guilds {
            let here = if guild.id == look.guild {
                " aria-current=\"true\""
            } else {
                ""
            };
            let sign = if self.stage.at.sound.sounding(guild.id).is_some() {
                "♪"
            } else {
                ""
            };
            let _ = write!(
                out,
                "<a href=\"/?guild={}\" data-guild=\"{}\"{here}><span class=\"dot\" aria-hidden=\"true\">{}</span>{}<span class=\"sign\">{sign}</span></a>",
                guild.id,
                guild.id,
                escaped(&initial(name)),
                escaped(name)
            );
        }
        out
    }

    fn voice(&self, guild: &GuildIds, look: Look) -> String {
        let chat = &self.stage.at.chat;
        let (bot, mine) = (chat.bot_channel(guild.id), chat.seat_of(guild.id, look.user));
        let mut out = String::new();
        for (name, channel) in guild.voices() {
            let _ = write!(out, "<section><h3>{}</h3><ul>", escaped(name));
            if bot == Some(channel) {
                out.push_str("<li class=\"app\"><span class=\"dot\" aria-hidden=\"true\">O</span>Ostinato</li>");
            }
            let here = guild
                .people()
                .filter(|(_, user)| chat.seat_of(guild.id, *user) == Some(channel));
            for (person, user) in here {
                let you = if user == look.user { " (you)" } else { "" };
                let _ = write!(
                    out,
                    "<li><span class=\"dot\" aria-hidden=\"true\">{}</span>{}{you}</li>",
                    escaped(&initial(person)),
                    escaped(person)
                );
            }
            out.push_str("</ul>");
            let (to, words) = match mine {
                Some(seat) if seat == channel => (0, "Leave"),
                Some(_) => (channel, "Move here"),
                None => (channel, "Join"),
            };
            out.push_str(&form(
                "voice",
                look,
                &[("to", &to.to_string())],
                &format!("<button>{words}</button>"),
            ));
            out.push_str("</section>");
        }
        out
    }

    fn now(&self, guild: &GuildIds) -> String {
        let at = &self.stage.at;
        let Some(player) = at.player(guild.id).filter(|player| player.track.is_some()) else {
            return "<p class=\"small\">No player has a track.</p>".into();
        };
        let title = player.title.clone().unwrap_or_default();
        let state = match (player.paused, at.sound.sounding(guild.id).is_some()) {
            (true, _) => "⏸ paused",
            (false, true) => "♪ sounding",
            (false, false) => "silent",
        };
        format!(
            "<p><b>{}</b></p><p class=\"small\">{state} · {} · node {} · {} %</p>",
            escaped(&title),
            clock(player.position_ms),
            escaped(&player.node),
            player.volume
        )
    }

    async fn counters(&self) -> String {
        let at = &self.stage.at;
        let (mut lost, mut doubled) = (0, 0);
        for (_, guild) in &self.guilds {
            let model = at.watch.model(guild.id);
            lost += model.lost().len();
            doubled += model.doubled().len();
        }
        let connected = at.chat.is_connected().await;
        let violations = at.finish().violations.len();
        let books = self.books();
        let state = if connected { "● running" } else { "▲ not connected" };
        let class = |bad: usize| if bad > 0 { "fault" } else { "" };
        let told: String = books
            .told
            .iter()
            .rev()
            .map(|line| format!("<li>{}</li>", escaped(line)))
            .collect();
        format!(
            "<p>bot {state} · {} restarts</p><p>commands <b>{}</b> sent · <b>{}</b> answered · <span class=\"{}\"><b>{lost}</b> lost</span> · \
             <span class=\"{}\"><b>{doubled}</b> doubled</span> · <span class=\"{}\"><b>{violations}</b> violations of Discord's or Lavalink's rules</span></p>\
             <ol class=\"told\">{told}</ol>",
            books.restarts,
            books.sent,
            books.answered,
            class(lost),
            class(doubled),
            class(violations)
        )
    }

    fn breaks(&self, look: Look) -> String {
        let mut out = String::new();
        for (what, words) in act::BREAKS {
            let words = act::break_words(self, what, words);
            let button = format!("<button>{}</button>", escaped(&words));
            out.push_str(&form("break", look, &[("what", what)], &button));
        }
        out
    }

    /// The whole page, for a browser without a script too.
    pub(super) async fn page(&self, look: Look) -> String {
        let pieces: BTreeMap<&str, String> = self.pieces(look).await.into_iter().collect();
        let mut page = include_str!("page.html")
            .replace("{guild}", &look.guild.to_string())
            .replace("{user}", &look.user.to_string());
        for (id, html) in &pieces {
            page = page.replacen(&format!("<!--{id}-->"), html, 1);
        }
        page
    }
}

fn people(guild: &GuildIds, look: Look) -> String {
    let mut out = String::new();
    for (name, user) in guild.people() {
        let here = if user == look.user {
            " aria-current=\"true\""
        } else {
            ""
        };
        let _ = write!(
            out,
            "<a href=\"/?guild={}&amp;as={user}\" data-as=\"{user}\"{here}>{}</a>",
            guild.id,
            escaped(name)
        );
    }
    out
}

pub(super) fn form(to: &str, look: Look, fields: &[(&str, &str)], inside: &str) -> String {
    let mut out = format!("<form method=\"post\" action=\"/{to}\">");
    let own = [("guild", look.guild.to_string()), ("as", look.user.to_string())];
    let own = own.iter().map(|(name, value)| (*name, value.as_str()));
    for (name, value) in own.chain(fields.iter().copied()) {
        let _ = write!(
            out,
            "<input type=\"hidden\" name=\"{name}\" value=\"{}\">",
            escaped(value)
        );
    }
    out.push_str(inside);
    out.push_str("</form>");
    out
}

pub(super) fn initial(name: &str) -> String {
    name.chars()
        .next()
        .map(|first| first.to_uppercase().to_string())
        .unwrap_or_default()
}

fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    format!("{}:{:02}", seconds / 60, seconds % 60)
}
