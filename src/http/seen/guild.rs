//! What an operator sees of one guild.

use actix_web::HttpResponse;
use ostinato_actors::chronicle::{Chronicle, Death};
use ostinato_actors::clock::wall_ms;
use ostinato_actors::operator::GuildLook;
use ostinato_actors::trail::{Heard, Turn};
use ostinato_machine::guild::{GuildFacts, LoopMode, Silence};
use ostinato_machine::ids::GuildId;
use ostinato_machine::slot::Phase;
use serde_json::{Value, json};

use super::{Answer, gap, row, track};
use crate::http::asked::{Asked, answered, data};
use crate::http::door::Door;
use crate::http::events::{had, one_death};
use crate::http::orders::{field, not_yet, unanswered};
use crate::http::routes::Field;

/// What `/stream` may be asked for.
pub(in crate::http) const LIVE: [Field; 1] = [field(
    "guild",
    "string",
    "Tells of this guild too, in events of the name guild.",
)];

pub(in crate::http) fn guild(asked: Asked) -> Answer {
    let guild = match asked.number("guild").map(GuildId) {
        Ok(guild) => guild,
        Err(response) => return answered(response),
    };
    Box::pin(async move {
        match look(&asked.door, guild).await {
            Ok(value) => data(&value),
            Err(response) => response,
        }
    })
}

/// How one guild stands; an answer that says why nobody knows.
pub(in crate::http) async fn look(door: &Door, guild: GuildId) -> Result<Value, HttpResponse> {
    let operator = door.facts.operator().ok_or_else(not_yet)?;
    let looked = operator.guild(guild).await.map_err(|why| unanswered(&why))?;
    let mut value = one_guild(&looked, operator.chronicle(), door.facts.started_ms);
    if let Some(fields) = value.as_object_mut() {
        let folder = door.steer.recorder().folder();
        fields.insert("recordings".into(), json!(folder.display().to_string()));
    }
    Ok(value)
}

fn one_guild(looked: &GuildLook, chronicle: &Chronicle, began_ms: u64) -> Value {
    let (slot, id) = (&looked.slot, looked.row.guild);
    let deaths: Vec<_> = chronicle
        .deaths()
        .into_iter()
        .filter(|death| death.guild == id)
        .collect();
    let mut value = row(&looked.row);
    let more = json!({
        "incarnation": slot.incarnation.map(|incarnation| incarnation.to_string()),
        "live_ms": slot.live_since_ms.map(|since| looked.now_ms.saturating_sub(since)),
        "restarts": slot.restarts,
        "again_in_ms": slot.again_at_ms.map(|at| at.saturating_sub(looked.now_ms)),
        "parked": slot.parked.as_deref(),
        "state": looked.state.as_ref().map(|facts| state(facts, looked.hash)),
        "snapshot": looked.saved.map(|saved| json!({
            "revision": saved.revision,
            "age_ms": looked.now_ms.saturating_sub(saved.at_ms),
        })),
        "silent": silent(looked),
        "unsure": unsure(looked),
        "now_ms": wall_ms(),
        "lately": looked.trail.iter().map(turn).collect::<Vec<_>>(),
        "inputs": looked.had.iter().map(had).collect::<Vec<_>>(),
        "gaps": chronicle.gaps().iter().filter(|gap| gap.guild == id).map(gap).collect::<Vec<_>>(),
        "deaths": deaths.iter().map(|death| death_mark(death)).collect::<Vec<_>>(),
        "last_death": deaths.first().map(|death| one_death(death, began_ms)),
    });
    if let (Some(fields), Value::Object(more)) = (value.as_object_mut(), more) {
        fields.extend(more);
    }
    value
}

/// A death as a mark on a line.
fn death_mark(death: &Death) -> Value {
    json!({ "at_ms": death.at_ms, "cause": death.cause.name(), "input": death.input, "reference": *death.reference })
}

/// What was heard from a moment on.
fn turn(turn: &Turn) -> Value {
    let (kind, why) = match turn.heard {
        Heard::Sound => ("sound", None),
        Heard::Silence(silence) => (kind(silence), Some(silence.why())),
        Heard::Parked => ("unknown", Some(PARKED)),
    };
    json!({
        "at_ms": turn.at_ms,
        "incarnation": turn.incarnation.to_string(),
        "node": turn.node.as_ref().map(ToString::to_string),
        "kind": kind,
        "why": why,
    })
}

/// How a silence is to be taken: as what somebody wanted, as what every beginning takes, or as a fault.
const fn kind(silence: Silence) -> &'static str {
    match silence {
        Silence::NothingQueued | Silence::NotInVoice | Silence::PausedByUser | Silence::Alone | Silence::Audience => {
            "wanted"
        }
        Silence::Joining | Silence::NoVoiceServer | Silence::Starting => "beginning",
        Silence::Failures | Silence::NoNode | Silence::Failing => "fault",
    }
}

/// What is known of a parked guild that wanted to be heard.
const PARKED: &str = "it is parked; its player may sound on until it is taken away, and nobody watches it";

/// Why it can't be told whether something is heard.
fn unsure(looked: &GuildLook) -> Option<&'static str> {
    (looked.slot.phase == Phase::Parked && looked.row.playing).then_some(PARKED)
}

/// Why nothing is heard, in words; `None`: something is, or may be.
fn silent(looked: &GuildLook) -> Option<&'static str> {
    match (&looked.state, looked.slot.phase) {
        (Some(state), _) => state.silence.map(Silence::why),
        (None, Phase::Parked) => (!looked.row.playing).then_some("it is parked"),
        (None, Phase::BackingOff) => Some("its actor died and will be started again"),
        (None, Phase::Loading) => Some("it is being read from the store"),
        (None, Phase::Cold) => Some("it sleeps: nothing is wanted of it"),
        (None, Phase::Live | Phase::Yielding | Phase::Passivating | Phase::Stopping | Phase::Stopped) => {
            Some("its actor does not say")
        }
    }
}

fn state(state: &GuildFacts, hash: Option<u64>) -> Value {
    json!({
        "revision": state.revision,
        "hash": hash.map(|hash| format!("{hash:016x}")),
        "queue": state.queue,
        "next": state.next.iter().map(|next| track(next)).collect::<Vec<_>>(),
        "history": state.history,
        "track": state.track.as_ref().map(|now| track(&now.track)),
        "position_ms": state.track.as_ref().map(|now| now.position_ms),
        "volume": state.volume,
        "loop": match state.loop_mode {
            LoopMode::Off => "off",
            LoopMode::Track => "track",
            LoopMode::Queue => "queue",
        },
        "autoplay": state.autoplay,
        "channel": state.channel.map(|channel| channel.to_string()),
        "text": state.text.map(|channel| channel.to_string()),
        "listeners": state.listeners,
        "node": state.placed.as_ref().map(|(node, _)| node.to_string()),
        "placed_ms": state.placed.as_ref().map(|(_, generation)| *generation),
        "pending": state.pending,
        "wake_at_ms": state.wake_at_ms,
    })
}
