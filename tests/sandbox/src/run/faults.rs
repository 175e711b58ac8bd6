//! What breaks when a scenario says so.

use std::time::{Duration, Instant};

use super::chat::Chat;
use super::stage::{READY, Stage};
use super::step::{LOOK, Play};
use crate::discord::{self, LimitScope, RestFaultKind};
use crate::lavalink::LavalinkNode;
use crate::scenario::{BotFault, Fault, GatewayFault, NodeFault, RestFault};

/// Brings `fault` about.
///
/// # Errors
/// When there is nothing to break, or the bot does not come back.
pub(super) async fn bring(play: &Play<'_>, fault: &Fault) -> Result<(), String> {
    let at = &play.stage.at;
    if let Some(what) = fault.what {
        for node in nodes(play, fault)? {
            hit(&node, what);
        }
    }
    if let Some(gateway) = fault.gateway {
        at.chat.break_gateway(gateway, fault.code, fault.for_ms);
    }
    if let Some(rest) = fault.rest {
        at.chat.break_rest(rest, fault.times.unwrap_or(1));
    }
    if let (Some(guild), Some(code)) = (&fault.voice, fault.code) {
        let guild = play.guild(Some(guild))?;
        at.nodes.iter().for_each(|node| node.close_voice(guild.id, code));
    }
    match fault.bot {
        Some(what) => process(play.stage, what).await,
        None => Ok(()),
    }
}

/// Kills the bot after `after_ms` and starts it again with the same data.
///
/// # Errors
/// It can't be started or does not connect.
pub(super) async fn kill9(stage: &Stage, after_ms: u64) -> Result<(), String> {
    tokio::time::sleep(Duration::from_millis(after_ms)).await;
    process(stage, BotFault::Kill9).await
}

fn nodes(play: &Play<'_>, fault: &Fault) -> Result<Vec<LavalinkNode>, String> {
    let at = &play.stage.at;
    if fault.node.as_deref() == Some("all") {
        return Ok(at.nodes.to_vec());
    }
    let name = match (&fault.node, &fault.node_of) {
        (Some(name), _) => name.clone(),
        (None, Some(guild)) => {
            let player = at.player(play.guild(Some(guild))?.id);
            player.map(|player| player.node).ok_or("no node plays for this guild")?
        }
        (None, None) => return Err("the fault names no node".into()),
    };
    at.node(&name)
        .map(|node| vec![node.clone()])
        .ok_or_else(|| format!("no node is called `{name}`"))
}

/// Breaks or mends one node.
pub fn hit(node: &LavalinkNode, what: NodeFault) {
    match what {
        NodeFault::Kill => node.kill(),
        NodeFault::Revive => node.restart(),
        NodeFault::Freeze => node.freeze(true),
        NodeFault::Thaw => node.freeze(false),
        NodeFault::Abort => node.abort(),
        NodeFault::Garbage => node.garbage(true),
        NodeFault::Sane => node.garbage(false),
    }
}

async fn process(stage: &Stage, what: BotFault) -> Result<(), String> {
    let told = |error: anyhow::Error| format!("{error:#}");
    match what {
        BotFault::Kill9 => {
            stage.kill9().await;
            stage.start_bot().await.map_err(told)?;
        }
        BotFault::Restart => {
            stage.terminate().await.map_err(told)?;
            stage.start_bot().await.map_err(told)?;
        }
        BotFault::Kill9Only => {
            stage.kill9().await;
            return Ok(());
        }
        BotFault::Start => stage.start_bot().await.map_err(told)?,
    }
    connected(stage).await
}

/// Waits until the bot has its gateway back.
async fn connected(stage: &Stage) -> Result<(), String> {
    let until = Instant::now() + READY;
    while !stage.at.chat.is_connected().await {
        stage.alive().await.map_err(|error| format!("{error:#}"))?;
        if Instant::now() > until {
            return Err(format!("the bot has no gateway {} s after its start", READY.as_secs()));
        }
        tokio::time::sleep(LOOK.max(Duration::from_millis(5))).await;
    }
    Ok(())
}

impl Chat {
    /// Breaks the gateway.
    pub fn break_gateway(&self, what: GatewayFault, code: Option<u16>, for_ms: Option<u64>) {
        let shard = None;
        self.discord.fault(match what {
            GatewayFault::Drop => discord::Fault::DropTcp { shard },
            GatewayFault::Reconnect => discord::Fault::Reconnect { shard },
            GatewayFault::Invalid => discord::Fault::InvalidSession {
                shard,
                resumable: false,
            },
            GatewayFault::Close => discord::Fault::Close {
                shard,
                code: code.unwrap_or(4000),
            },
            GatewayFault::Away => discord::Fault::GatewayAway {
                for_ms: for_ms.unwrap_or(0),
            },
            GatewayFault::Garbage => discord::Fault::MalformedFrame { shard },
        });
    }

    /// Breaks the next `times` REST requests.
    pub fn break_rest(&self, what: RestFault, times: u32) {
        let kind = match what {
            RestFault::RateLimit => RestFaultKind::TooMany {
                scope: LimitScope::User,
                retry_after_ms: 300,
            },
            RestFault::Broken => RestFaultKind::ServerError(503),
            RestFault::Slow => RestFaultKind::Slow(700),
        };
        self.discord.fault(discord::Fault::Rest(discord::RestFault {
            kind,
            operation: None,
            next: times,
        }));
    }
}
