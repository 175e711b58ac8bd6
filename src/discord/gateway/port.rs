//! The port: the shards of one arbiter.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::time::Duration;

use futures_util::FutureExt as _;
use ostinato_actors::ports::{Gateway, GatewayEvent, GatewaySession, GatewaySink, PortError, PortErrorKind, Work};
use ostinato_machine::ids::{ChannelId, GuildId, ShardId};
use twilight_gateway::ShardId as Place;

use super::driver::{Driver, Line};
use super::{Gateways, Interactions};

/// What a close may take beyond its farewell: the task has to be reached.
const CLOSE_SLACK: Duration = Duration::from_millis(500);

pub(super) struct Port {
    gateways: Gateways,
    interactions: Rc<dyn Interactions>,
    lines: RefCell<HashMap<ShardId, Rc<Line>>>,
}

impl Port {
    pub(super) fn new(gateways: Gateways, interactions: Rc<dyn Interactions>) -> Self {
        Self {
            gateways,
            interactions,
            lines: RefCell::default(),
        }
    }

    fn line(&self, shard: ShardId) -> Option<Rc<Line>> {
        self.lines.borrow().get(&shard).cloned()
    }
}

impl Gateway for Port {
    fn start(&self, shard: ShardId, total: u32, session: Option<GatewaySession>, sink: Rc<dyn GatewaySink>) {
        let Some(place) = Place::new_checked(shard.0, total) else {
            let fix = format!("shard {shard} does not exist among {total}: start with more shards");
            sink.event(0, GatewayEvent::Fatal { code: 4010, fix });
            return;
        };
        let wanted = self.gateways.settings.intents;
        let session = session.filter(|session| {
            let same = session.intents == wanted;
            if !same {
                tracing::info!(%shard, before = session.intents, wanted, "other events are wanted than before, which asks for a new session");
            }
            same
        });
        let line = Rc::new(Line::new(shard, session, self.gateways.settings.voice_wants));
        if let Some(old) = self.lines.borrow_mut().insert(shard, Rc::clone(&line)) {
            old.stop();
        }
        let driver = Driver::new(line, place, &self.gateways, sink, Rc::clone(&self.interactions));
        tokio::task::spawn_local(driver.run());
    }

    fn want_voice(&self, shard: ShardId, guild: GuildId, channel: Option<ChannelId>) {
        let Some(line) = self.line(shard) else {
            tracing::warn!(%shard, %guild, "a voice channel is wanted on a shard that was not started; it is ignored");
            return;
        };
        line.want_voice(guild, channel);
    }

    fn session(&self, shard: ShardId) -> Option<GatewaySession> {
        self.line(shard)?.session()
    }

    fn reconnect(&self, shard: ShardId, afresh: bool) {
        if let Some(line) = self.line(shard) {
            line.reconnect(afresh);
        }
    }

    fn close(&self, shard: ShardId) -> Work<()> {
        let line = self.line(shard);
        if let Some(line) = &line {
            line.stop();
        }
        let within = self.gateways.settings.close + CLOSE_SLACK;
        async move {
            let Some(line) = line else { return Ok(()) };
            tokio::time::timeout(within, line.ended())
                .await
                .map_err(|_| PortError::new(PortErrorKind::Timeout, "the gateway connection did not close in time"))
        }
        .boxed_local()
    }
}
