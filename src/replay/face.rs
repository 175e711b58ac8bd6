//! What a guild wants and keeps, field by field, so that two states can be compared and what changed be shown.

use ostinato_actors::fingerprint::fingerprint;
use ostinato_machine::guild::{Guild, wants};
use serde_json::{Value, json};

use super::events::{loop_mode, named, reasons, waiting};
use super::text::{count, entry, hash, plain, span, time};

/// One field: how people read it, and how machines do.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) text: String,
    pub(super) value: Value,
}

/// A state from outside.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Face {
    pub(super) revision: u64,
    pub(super) hash: String,
    pub(super) fields: Vec<Field>,
}

impl Face {
    pub(super) fn of(guild: &Guild) -> Self {
        Self {
            revision: guild.revision(),
            hash: hash(fingerprint(guild)),
            fields: fields(guild),
        }
    }

    /// What is otherwise than before, each with what it was.
    pub(super) fn changes<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a Field, &'a Field)> {
        let pairs = before.fields.iter().zip(&self.fields);
        pairs.filter(|(old, new)| old != new)
    }
}

/// What `wants` says, and beside it what is kept of the player: without seats, voice and node, which no journal has,
/// there is no wanted player in it.
fn fields(guild: &Guild) -> Vec<Field> {
    let (wanted, outline) = (wants(guild), guild.outline());
    let field = |name, text: String, value: Value| Field { name, text, value };
    let id = |id: Option<u64>| id.map_or(Value::Null, |id| id.to_string().into());
    let channel = wanted.voice.map(|voice| voice.channel.0);
    let speak = wanted.speak.map(|channel| channel.0);
    let card = wanted.card.and_then(|card| card.post).map(|post| post.message);
    let when = |ms: Option<u64>, never: &str| ms.map_or_else(|| never.into(), time);
    let paused = reasons(outline.paused_by_user, outline.paused_alone, outline.suppressed);
    let track = |of: Option<&_>| of.map_or_else(|| "none".into(), entry);
    let title = |of: Option<&ostinato_machine::track::Entry>| {
        of.map_or(
            Value::Null,
            |of| json!({ "entry": of.id, "title": plain(&of.track.title), "length_ms": of.track.length_ms }),
        )
    };
    let position = outline
        .position
        .map_or_else(|| "none".into(), |(ms, at)| format!("{} at {}", span(ms), time(at)));
    let anchor = outline
        .position
        .map(|(ms, at_ms)| json!({ "position_ms": ms, "at_ms": at_ms }));
    let pending: Vec<String> = outline.pending.iter().map(|pending| waiting(pending)).collect();
    vec![
        field("voice", named("channel", channel), id(channel)),
        field(
            "node",
            if wanted.needs_node { "wanted" } else { "not wanted" }.into(),
            wanted.needs_node.into(),
        ),
        field("track", track(outline.current), title(outline.current)),
        field("play", outline.play.to_string(), outline.play.into()),
        field("position", position, anchor.into()),
        field(
            "paused",
            paused.clone(),
            if paused == "no" { Value::Null } else { paused.into() },
        ),
        field("volume", format!("{} %", outline.volume), outline.volume.into()),
        field(
            "loop",
            loop_mode(outline.loop_mode).into(),
            loop_mode(outline.loop_mode).into(),
        ),
        field("next", track(outline.next), title(outline.next)),
        field("queue", count(outline.queued, "track"), outline.queued.into()),
        field("history", count(outline.played, "track"), outline.played.into()),
        field(
            "autoplay",
            if outline.autoplay { "on" } else { "off" }.into(),
            outline.autoplay.into(),
        ),
        field("card", named("message", card), id(card)),
        field("speak", named("stage", speak), id(speak)),
        field(
            "waiting",
            if pending.is_empty() {
                "none".into()
            } else {
                pending.join("; ")
            },
            pending.into(),
        ),
        field("failures", outline.failures.to_string(), outline.failures.into()),
        field("wake", when(wanted.wake_at_ms, "never"), wanted.wake_at_ms.into()),
    ]
}
