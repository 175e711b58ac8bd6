//! Brings faults about, and heals them.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use super::Scene;
use super::gaps::Happened;
use super::plan::{Fault, Kind};
use crate::lavalink::LavalinkNode;
use crate::run::faults::hit;
use crate::scenario::{GatewayFault, NodeFault, RestFault};

/// How long a guild that died is watched until it lives again.
const REVIVED: Duration = Duration::from_secs(10);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Brings `fault` about; what lasts ends at `heal_ms` at the latest.
pub(super) async fn bring(scene: &Arc<Scene>, fault: Fault, heal_ms: u64) {
    let done = match fault.kind {
        Kind::Panic => kill(scene, fault.which, "panic").await,
        Kind::Poison => kill(scene, fault.which, "poison").await,
        Kind::Restart => {
            let guild = scene.guilds.get(fault.which).map_or(0, |guild| guild.id);
            let path = format!("/control/guilds/{guild}/restart");
            scene.control.order(&path, json!({})).await.map(|_| ())
        }
        Kind::NodeKill => lose(scene, fault, heal_ms, (NodeFault::Kill, NodeFault::Revive)).await,
        Kind::NodeFreeze => lose(scene, fault, heal_ms, (NodeFault::Freeze, NodeFault::Thaw)).await,
        Kind::GatewayDrop => {
            scene.stage.at.chat.break_gateway(GatewayFault::Drop, None, None);
            Ok(())
        }
        Kind::SessionLost => {
            let at_ms = scene.stage.at.now();
            scene.ledger().happened.push(Happened::Session { at_ms });
            scene.stage.at.chat.break_gateway(GatewayFault::Invalid, None, None);
            Ok(())
        }
        Kind::StoreSlow | Kind::StoreFull => store(scene, fault, heal_ms).await,
        Kind::Rest429 => {
            let times = u32::try_from(fault.which).unwrap_or(1);
            scene.stage.at.chat.break_rest(RestFault::RateLimit, times);
            Ok(())
        }
        Kind::Rest5xx => {
            let times = u32::try_from(fault.which).unwrap_or(1);
            scene.stage.at.chat.break_rest(RestFault::Broken, times);
            Ok(())
        }
        Kind::Kill9 => kill9(scene).await,
    };
    match done {
        Ok(()) => {
            (scene.tell)(&fault.to_string());
            *scene.ledger().brought.entry(fault.kind).or_default() += 1;
        }
        Err(error) => {
            (scene.tell)(&format!("{fault}: not done, {error:#}"));
            scene.ledger().skipped += 1;
        }
    }
}

/// A guild dies, by order.
async fn kill(scene: &Arc<Scene>, which: usize, kind: &str) -> anyhow::Result<()> {
    let guild = scene.guilds.get(which).map_or(0, |guild| guild.id);
    let before = scene.control.guild(guild).await?["last_death"]["incarnation"].clone();
    let at_ms = scene.stage.at.now();
    scene.control.fault(guild, kind).await?;
    let mut ledger = scene.ledger();
    ledger.ordered += 1;
    let recent = ledger.happened.iter().filter(|happened| match happened {
        Happened::Death {
            at_ms: at, guild: of, ..
        } => *of == guild && at + 60_000 > at_ms,
        Happened::Node { .. } | Happened::Session { .. } | Happened::Down { .. } | Happened::Store { .. } => false,
    });
    let deaths_before = u32::try_from(recent.count()).unwrap_or(u32::MAX);
    ledger.happened.push(Happened::Death {
        at_ms,
        guild,
        before: deaths_before,
    });
    drop(ledger);
    tokio::spawn(revival(Arc::clone(scene), guild, before));
    Ok(())
}

/// Waits until the guild lives again after a death that is not `before`. A killed process tells nothing more of it.
async fn revival(scene: Arc<Scene>, guild: u64, before: serde_json::Value) {
    let began = tokio::time::Instant::now();
    while began.elapsed() < REVIVED {
        if let Ok(now) = scene.control.guild(guild).await {
            let died = &now["last_death"]["incarnation"];
            if !died.is_null() && *died != before && now["phase"] == "live" && now["incarnation"] != *died {
                scene.ledger().restarts += 1;
                return;
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn is_out(node: &LavalinkNode) -> bool {
    node.is_down() || node.is_frozen()
}

/// A node goes, and comes back.
async fn lose(
    scene: &Arc<Scene>,
    fault: Fault,
    heal_ms: u64,
    (break_it, mend_it): (NodeFault, NodeFault),
) -> anyhow::Result<()> {
    let at = &scene.stage.at;
    let node = at.nodes.get(fault.which).filter(|node| !is_out(node));
    let Some(node) = node else {
        anyhow::bail!("the node is out already")
    };
    let others = || at.nodes.iter().filter(|other| other.name() != node.name());
    let healthy = others().filter(|other| !is_out(other));
    let elsewhere = healthy
        .flat_map(LavalinkNode::players)
        .filter(|(_, player)| player.connected);
    let spared: BTreeSet<u64> = elsewhere.map(|(guild, _)| guild).collect();
    let others_out = others().filter(|other| is_out(other)).count();
    let at_ms = at.now();
    let back_ms = at_ms.saturating_add(fault.for_ms).min(heal_ms).max(at_ms);
    {
        let mut ledger = scene.ledger();
        ledger.returns.insert(fault.which, back_ms);
        let returns = ledger.returns.values().filter(|back| **back > at_ms);
        let none_until_ms = returns.min().copied().filter(|_| others_out + 1 == at.nodes.len());
        ledger.happened.push(Happened::Node {
            at_ms,
            mute: break_it == NodeFault::Freeze,
            others_out,
            none_until_ms,
            spared,
        });
    }
    hit(node, break_it);
    crate::demo::sleep_until(&scene.stage, back_ms).await;
    hit(node, mend_it);
    Ok(())
}

async fn store(scene: &Arc<Scene>, fault: Fault, heal_ms: u64) -> anyhow::Result<()> {
    let at_ms = scene.stage.at.now();
    let for_ms = fault.for_ms.min(heal_ms.saturating_sub(at_ms));
    let body = if fault.kind == Kind::StoreFull {
        json!({ "full": true, "for_ms": for_ms })
    } else {
        json!({ "slow_ms": fault.more_ms, "for_ms": for_ms })
    };
    scene.control.order("/control/store/fault", body).await?;
    scene.ledger().happened.push(Happened::Store {
        at_ms,
        to_ms: at_ms + for_ms + fault.more_ms,
    });
    Ok(())
}

async fn kill9(scene: &Arc<Scene>) -> anyhow::Result<()> {
    let _process = scene.process.lock().await;
    // What it knows of deaths goes with it.
    scene.ask().await;
    let at_ms = scene.stage.at.now();
    scene.stage.kill9().await;
    scene.stage.start_bot().await?;
    let up_ms = scene.stage.at.now();
    scene.ledger().happened.push(Happened::Down { at_ms, up_ms });
    Ok(())
}

/// Everything is as it should be again.
pub(super) async fn heal(scene: &Scene) {
    for node in scene.stage.at.nodes.iter() {
        if node.is_down() {
            node.restart();
        }
        if node.is_frozen() {
            node.freeze(false);
        }
    }
    scene.stage.at.chat.calm();
    let body = json!({ "slow_ms": 0, "full": true, "for_ms": 0 });
    // A process that has just been started has no such fault.
    let _ = scene.control.order("/control/store/fault", body).await;
}
