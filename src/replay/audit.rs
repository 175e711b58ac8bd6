//! The stored audit: what guilds died of, what operators ordered, whom the door refused. A line or an object an entry,
//! oldest first.

use std::io::{self, Write};

use ostinato_actors::ports::{Audit, Owner, Told};
use serde_json::{Value, json};

use super::text::{cause, count, plain, plain_json, time};

pub(super) fn lines(out: &mut dyn Write, path: &str, entries: &[Audit]) -> io::Result<()> {
    let number = match entries.len() {
        1 => "1 entry".to_owned(),
        many => format!("{many} entries"),
    };
    writeln!(out, "{path}: {number} of the audit")?;
    for entry in entries {
        let (at, kind) = (time(entry.told.at_ms()), entry.told.kind().name());
        writeln!(out, "{at}  {kind:<11}  {}", plain(&words(&entry.told)))?;
    }
    Ok(())
}

/// What an entry tells, in a line.
fn words(told: &Told) -> String {
    match told {
        Told::Death(death) => {
            let kept = if death.kept { "kept" } else { "rebuilt" };
            format!(
                "guild {}: in {} at {}, with {} in hand; its state was {kept}; {}",
                death.guild,
                death.cause.name(),
                death.place,
                death.input,
                death.reference
            )
        }
        Told::DeadLetter(letter) => {
            let (by, id) = cause(&letter.cause);
            let by = id.map_or_else(|| by.to_owned(), |id| format!("{by} {id}"));
            format!("guild {}: {} ({by}); {}", letter.guild, letter.input, letter.reference)
        }
        Told::Alarm(alarm) => format!("shard {}: {} died at once", alarm.shard, count(alarm.guilds, "guild")),
        Told::Order(order) => {
            let who = if order.who.is_empty() { "somebody" } else { &order.who };
            let why = if order.why.is_empty() {
                String::new()
            } else {
                format!(", because {}", order.why)
            };
            format!("{}: {}; {who}{why}; {}", order.what, order.outcome, order.reference)
        }
        Told::Barred(barred) => {
            let peer = barred
                .peer
                .map(|peer| format!(", first from {peer}"))
                .unwrap_or_default();
            format!(
                "{} refused within a minute: {}; scope {}{peer}",
                barred.calls, barred.why, barred.scope
            )
        }
    }
}

pub(super) fn object(out: &mut dyn Write, path: &str, entries: &[Audit]) -> io::Result<()> {
    let entry = |entry: &Audit| {
        let guild = match entry.told.owner() {
            Owner::Guild(guild) => Some(guild.to_string()),
            Owner::Process | Owner::Door => None,
        };
        json!({
            "id": entry.id.to_string(),
            "at_ms": entry.told.at_ms(),
            "kind": entry.told.kind().name(),
            "guild": guild,
            "says": words(&entry.told),
        })
    };
    let entries: Vec<Value> = entries.iter().map(entry).collect();
    let text = format!("{:#}", json!({ "file": path, "audit": entries }));
    writeln!(out, "{}", plain_json(&text))
}
