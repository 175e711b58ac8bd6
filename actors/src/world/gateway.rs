//! The gateway of the world as one process sees it.

use std::rc::Rc;

use futures_util::FutureExt as _;
use ostinato_machine::ids::{ChannelId, GuildId, ShardId};

use super::discord::{FakeDiscord, Link};
use super::store::Life;
use super::trace::What;
use crate::ports::{Clock as _, Gateway, GatewayEvent, GatewaySession, GatewaySink, Work};
use crate::station::sleep_ms;

/// How long a gateway takes to answer a connection, ms.
const CONNECT_MS: u64 = 20;

/// How long Discord takes to act on a wanted voice channel, ms.
const VOICE_MS: u64 = 30;

impl FakeDiscord {
    /// The bot is invited to a guild of this name.
    pub fn invite(&self, guild: GuildId, name: &str) {
        self.add_guild(guild);
        if let Some(guild) = self.guilds.borrow_mut().get_mut(&guild) {
            guild.about.name = name.into();
        }
        self.dispatch(guild, self.announced(guild));
    }

    /// The bot is removed from a guild.
    pub fn remove(&self, guild: GuildId) {
        self.guilds.borrow_mut().remove(&guild);
        self.dispatch(guild, GatewayEvent::GuildGone { guild });
    }

    /// The guild, as a session announces it.
    pub(super) fn announced(&self, guild: GuildId) -> GatewayEvent {
        let about = self.guilds.borrow().get(&guild).map(|guild| guild.about.clone());
        GatewayEvent::GuildUp {
            seats: self.seats(guild),
            about: about.unwrap_or_default(),
        }
    }
}

/// The gateway as one process sees it.
pub(super) struct Port {
    pub(super) discord: Rc<FakeDiscord>,
    pub(super) life: Life,
}

impl Gateway for Port {
    fn start(&self, shard: ShardId, total: u32, session: Option<GatewaySession>, sink: Rc<dyn GatewaySink>) {
        self.discord.total.set(total);
        let discord = Rc::clone(&self.discord);
        let link = Link {
            sink,
            life: Rc::clone(&self.life),
        };
        actix_rt::spawn(async move {
            sleep_ms(CONNECT_MS).await;
            discord.connect(shard, session, &link);
        });
    }

    fn want_voice(&self, _: ShardId, guild: GuildId, channel: Option<ChannelId>) {
        if !self.life.get() {
            return;
        }
        let discord = Rc::clone(&self.discord);
        discord
            .trace
            .note(discord.clock.monotonic_ms(), Some(guild), What::Voice(channel));
        actix_rt::spawn(async move {
            sleep_ms(VOICE_MS).await;
            if !discord.deaf_to_voice.get() {
                discord.set_own(guild, channel);
            }
        });
    }

    fn session(&self, shard: ShardId) -> Option<GatewaySession> {
        self.discord.session(shard)
    }

    fn reconnect(&self, shard: ShardId, afresh: bool) {
        self.discord.drop_gateway(shard, CONNECT_MS, afresh);
    }

    fn close(&self, shard: ShardId) -> Work<()> {
        if self.discord.hangs.get() {
            return std::future::pending().boxed_local();
        }
        if let Some(session) = self.discord.sessions.borrow_mut().get_mut(&shard) {
            session.link = None;
        }
        async { Ok(()) }.boxed_local()
    }
}
