//! The table's defaults are those that the parts would choose by themselves: two lists that must not drift apart.

use std::sync::Arc;
use std::time::Duration;

use ostinato_actors::settings::Settings;
use ostinato_machine::ids::{Hidden, ShardId, UserId};
use ostinato_machine::limits::Limits;
use ostinato_machine::restart::RestartPolicy;
use ostinato_machine::slot::SlotPolicy;

use super::*;
use crate::discord::gateway::{GatewaySettings, IdentifyGate, SessionStartLimit};
use crate::discord::rest::RestSettings;
use crate::lavalink::LavalinkSettings;

#[test]
fn of_guilds_and_supervision() {
    let config = config("", &[]);
    assert_eq!(config.limits(), Limits::default());
    assert_eq!(config.slot(), SlotPolicy::default());
    assert_eq!(config.shard_restart(), RestartPolicy::shard());
    let shards = vec![ShardId(0)];
    let theirs = Settings {
        threads: config.threads(),
        shards: shards.clone(),
        ..Settings::default()
    };
    assert_eq!(format!("{:?}", config.actors(shards, 1)), format!("{theirs:?}"));
}

#[test]
fn of_the_audio_nodes() {
    let (ours, theirs) = (
        config("", &[]).lavalink(UserId(7)),
        LavalinkSettings::new(Vec::new(), UserId(7)),
    );
    let times = |of: &LavalinkSettings| -> [Duration; 9] {
        let LavalinkSettings {
            ping,
            dead,
            connect,
            reconnect,
            backoff_min,
            backoff_max,
            ..
        } = *of;
        [
            ping,
            dead,
            connect,
            reconnect,
            backoff_min,
            backoff_max,
            of.resume_timeout,
            of.order,
            of.load,
        ]
    };
    assert_eq!(times(&ours), times(&theirs));
    assert_eq!(
        (ours.body_bytes, ours.search_prefix, ours.private_addresses),
        (theirs.body_bytes, theirs.search_prefix, theirs.private_addresses)
    );
    assert_eq!(ours.nodes.len(), 1);
}

#[test]
fn of_the_requests() {
    let (ours, theirs) = (
        config("", &[]).rest(),
        RestSettings::new("https://discord.com", Hidden::new("t")),
    );
    let times = |of: &RestSettings| {
        [
            of.callback,
            of.call,
            of.attempt,
            of.connect,
            of.backoff_min,
            of.backoff_max,
            of.forbidden,
        ]
    };
    assert_eq!(times(&ours), times(&theirs));
    assert_eq!(
        (ours.base_url, ours.queue, ours.body_bytes),
        (theirs.base_url, theirs.queue, theirs.body_bytes)
    );
}

#[test]
fn of_the_gateway() {
    let limit = SessionStartLimit {
        total: 1,
        remaining: 1,
        reset_after_ms: 1,
        max_concurrency: 1,
    };
    let identify = IdentifyGate::new(limit);
    let theirs = GatewaySettings::new(Hidden::new("t"), UserId(7), String::new(), 129, Arc::clone(&identify));
    let ours = config("", &[]).gateway(UserId(7), String::new(), 129, identify);
    let times = |of: &GatewaySettings| {
        [
            of.connect,
            of.answer,
            of.backoff_min,
            of.backoff_max,
            of.stable,
            of.voice_confirm,
            of.close,
        ]
    };
    assert_eq!(times(&ours), times(&theirs));
    assert_eq!(
        (ours.send_reserve, ours.voice_wants),
        (theirs.send_reserve, theirs.voice_wants)
    );
}

#[test]
fn of_the_rest() {
    let config = config("", &[]);
    assert_eq!((config.shards(), config.store().limit_bytes), (None, None));
    assert!(!config.log().json && config.log().filter == "info");
    assert_eq!((config.status_api().port, config.metrics().port), (3051, 3052));
}
