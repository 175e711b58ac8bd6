//! After everything is healed: within a minute each guild plays what it should, or says why it does not.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::Scene;
use crate::run::chat::GuildIds;

/// How long it may take.
const WITHIN_MS: u64 = 60_000;

/// How often it is looked.
const LOOK: Duration = Duration::from_millis(100);

/// Why a guild may be silent when nothing is broken, as the bot says it.
const CAUSES: [&str; 4] = [
    "nothing is queued",
    "it is in no voice channel",
    "a user paused it",
    "it sleeps: nothing is wanted of it",
];

/// Waits until the listeners are done and every guild is as it should be. Who is not in time is a violation.
pub(super) async fn settle(scene: &Arc<Scene>, mut drivers: tokio::task::JoinSet<()>) {
    let healed_ms = scene.stage.at.now();
    let until_ms = healed_ms + WITHIN_MS;
    while let Some(done) = drivers.join_next().await {
        if let Err(error) = done {
            scene.ledger().wrong.push(format!("a listener's task died: {error}"));
        }
    }
    loop {
        let wrong = wrong(scene).await;
        let now_ms = scene.stage.at.now();
        if wrong.is_empty() {
            scene.ledger().converged_ms = Some(now_ms - healed_ms);
            return;
        }
        if now_ms > until_ms {
            let wrong = wrong
                .into_iter()
                .map(|why| format!("a minute after the healing, {why}"));
            scene.ledger().wrong.extend(wrong);
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}

/// What is not as it should be now.
async fn wrong(scene: &Scene) -> Vec<String> {
    if let Err(error) = scene.control.get("/ready").await {
        return vec![format!("the bot is not ready: {error:#}")];
    }
    let mut wrong = Vec::new();
    for guild in &scene.guilds {
        match scene.control.guild(guild.id).await {
            Ok(told) => {
                let heard = heard(scene, guild);
                let why = differs(&told, heard.as_deref());
                wrong.extend(why.map(|why| format!("guild {}: {why}", guild.id)));
            }
            Err(error) => wrong.push(format!("guild {} is not told: {error:#}", guild.id)),
        }
    }
    wrong
}

/// The title of what sounds in `guild`.
fn heard(scene: &Scene, guild: &GuildIds) -> Option<String> {
    let at = &scene.stage.at;
    let track = at.sound.sounding(guild.id)?;
    at.catalogue().song(&track).map(|song| song.title.clone())
}

/// What is wrong with a guild of which the bot tells `told` and from which `heard` is heard.
fn differs(told: &Value, heard: Option<&str>) -> Option<String> {
    let phase = told["phase"].as_str().unwrap_or_default();
    let silent = told["silent"].as_str();
    let (track, pending) = (told["state"]["track"]["title"].as_str(), &told["state"]["pending"]);
    if phase == "parked" {
        // Nobody ordered so many deaths.
        return Some("it is parked".into());
    }
    if !["live", "cold"].contains(&phase) {
        return Some(format!("it is {phase}"));
    }
    if told["held"].as_u64().unwrap_or(0) > 0 || pending.as_u64().unwrap_or(0) > 0 {
        return Some(format!("{} inputs and {pending} commands wait", told["held"]));
    }
    match (heard, silent) {
        (Some(heard), None) if track == Some(heard) => None,
        (Some(heard), _) => Some(format!("`{heard}` sounds, the bot tells {track:?}, silent: {silent:?}")),
        (None, Some(why)) if CAUSES.contains(&why) => None,
        (None, why) => Some(format!("it is silent, the bot tells {track:?}, silent: {why:?}")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn told(phase: &str, silent: Option<&str>, track: Option<&str>) -> Value {
        json!({ "phase": phase, "held": 0, "silent": silent,
            "state": { "pending": 0, "track": track.map(|title| json!({ "title": title })) } })
    }

    #[test]
    fn a_guild_is_well_if_it_plays_what_it_tells_or_is_silent_for_a_reason() {
        assert_eq!(differs(&told("live", None, Some("Tune")), Some("Tune")), None);
        assert_eq!(
            differs(&told("live", Some("a user paused it"), Some("Tune")), None),
            None
        );
        assert_eq!(
            differs(&told("cold", Some("it sleeps: nothing is wanted of it"), None), None),
            None
        );
        for (phase, silent, track, heard) in [
            ("live", None, Some("Tune"), None),
            ("live", None, Some("Tune"), Some("Other")),
            ("live", Some("nothing is queued"), None, Some("Tune")),
            ("live", Some("there is no audio node for it"), Some("Tune"), None),
            (
                "backing_off",
                Some("its actor died and will be started again"),
                None,
                None,
            ),
            ("parked", Some("it is parked"), None, None),
        ] {
            assert!(
                differs(&told(phase, silent, track), heard).is_some(),
                "{phase} {silent:?}"
            );
        }
        let mut waits = told("live", None, Some("Tune"));
        waits["held"] = json!(1);
        assert!(differs(&waits, Some("Tune")).is_some());
    }
}
