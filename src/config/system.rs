//! The settings of the actor system and of the REST executor, made from the values.

use std::sync::Arc;

use ostinato_actors::settings::{CardTimes, GateTimes, ReplyTimes, Settings};
use ostinato_machine::ids::ShardId;
use ostinato_machine::restart::RestartPolicy;

use super::Config;
use super::parts::{size, small};
use crate::discord::rest::{ProcessPermits, RestSettings};

impl Config {
    /// How Discord's REST interface is reached. Clones of it share the bot's permits.
    pub fn rest(&self) -> RestSettings {
        let reading = &self.reading;
        RestSettings {
            permits: Arc::new(ProcessPermits::new(small(reading.number("discord.requests_per_s")))),
            callback: reading.duration("reply.first_ms"),
            call: reading.duration("rest.call_ms"),
            attempt: reading.duration("rest.attempt_ms"),
            connect: reading.duration("rest.connect_ms"),
            backoff_min: reading.duration("rest.backoff_min_ms"),
            backoff_max: reading.duration("rest.backoff_max_ms"),
            forbidden: reading.duration("rest.forbidden_s"),
            queue: size(reading.number("rest.waiting_calls")),
            body_bytes: size(reading.number("rest.body_bytes")),
            ..RestSettings::new(self.api_base_url(), self.token.hidden())
        }
    }

    /// The actor system of a process that serves `shards` of `total`.
    pub fn actors(&self, shards: Vec<ShardId>, total: u32) -> Settings {
        let reading = &self.reading;
        let retry = |first: &str, most: &str, policy: RestartPolicy| RestartPolicy {
            first_delay_ms: reading.ms(first),
            max_delay_ms: reading.ms(most),
            ..policy
        };
        let plain = Settings::default();
        Settings {
            threads: self.threads(),
            shards,
            total_shards: total,
            limits: Arc::new(self.limits()),
            slots: self.slot(),
            shard_restart: self.shard_restart(),
            order_retry: retry("lanes.order_delay_ms", "lanes.order_max_delay_ms", plain.order_retry),
            answer_retry: retry("lanes.answer_delay_ms", "lanes.answer_max_delay_ms", plain.answer_retry),
            restarts_per_second: small(reading.number("supervision.restarts_per_s")),
            passivate_ms: reading.ms("passivate_s"),
            live_guilds: size(reading.number("live_guilds")),
            checkpoint_ms: reading.ms("checkpoint_ms"),
            adopt_ms: reading.ms("adopt_ms"),
            gate: GateTimes {
                audio_ms: reading.ms("gate.audio_ms"),
                answers_ms: reading.ms("gate.answers_ms"),
                backlog_bytes: size(reading.number("gate.backlog_bytes")),
            },
            reply: ReplyTimes {
                defer_ms: reading.ms("reply.defer_ms"),
                first_ms: reading.ms("reply.first_ms"),
                patience_ms: reading.ms("reply.patience_ms"),
                call_ms: reading.ms("reply.call_ms"),
                open: size(reading.number("reply.open")),
            },
            card: CardTimes {
                enabled: reading.flag("cards.enabled"),
                settle_ms: reading.ms("cards.settle_ms"),
                every_ms: reading.ms("cards.every_ms"),
                old_ms: reading.ms("cards.old_s"),
                newer: u8::try_from(reading.number("cards.newer")).unwrap_or(u8::MAX),
            },
            search_ms: reading.ms("lanes.search_ms"),
            question_ms: reading.ms("lanes.question_ms"),
            order_ms: reading.ms("lanes.order_ms"),
            drain_ms: reading.ms("drain_s"),
            ..plain
        }
    }
}
