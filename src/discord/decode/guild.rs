//! Guilds that come and go, and the list of them.

use ostinato_actors::about::{About, Icon};
use ostinato_actors::ports::{GatewayEvent, GuildSeats};
use ostinato_machine::guild::{Input, Seat};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, UserId};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::lenient::{Number, sensible};
use super::voice::{Member, User, VoiceState};
use super::{Decoded, Malformed, needed, read};

#[derive(Deserialize)]
struct Ready<'a> {
    user: Option<User>,
    #[serde(borrow)]
    guilds: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct GuildRef {
    id: Option<Number>,
    unavailable: Option<bool>,
}

#[derive(Deserialize)]
struct Channel {
    id: Option<Number>,
    guild_id: Option<Number>,
}

#[derive(Deserialize)]
struct Created<'a> {
    id: Option<Number>,
    unavailable: Option<bool>,
    name: Option<Box<str>>,
    member_count: Option<Number>,
    icon: Option<Box<str>>,
    #[serde(borrow)]
    voice_states: Option<Vec<&'a RawValue>>,
    #[serde(borrow)]
    members: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
struct Updated {
    id: Option<Number>,
    name: Option<Box<str>>,
    icon: Option<Box<str>>,
}

pub(super) fn ready(data: &str) -> Result<Decoded, Malformed> {
    let ready: Ready<'_> = read("READY", data)?;
    let guilds = sensible::<GuildRef>(ready.guilds)
        .filter_map(|guild| guild.id)
        .map(|id| GuildId(id.0))
        .collect();
    Ok(Decoded::Ready {
        user: ready.user.and_then(|user| user.id).map(|id| UserId(id.0)),
        guilds,
    })
}

/// A guild that is there. One that Discord itself can't reach at the moment says nothing.
pub(super) fn create(data: &str, own: UserId) -> Result<Decoded, Malformed> {
    const EVENT: &str = "GUILD_CREATE";
    let guild: Created<'_> = read(EVENT, data)?;
    let id = needed(EVENT, "it has no guild", guild.id)?;
    if guild.unavailable == Some(true) {
        return Ok(Decoded::Ignored);
    }
    let mut seats = GuildSeats {
        guild: id.0,
        ..GuildSeats::default()
    };
    let mut members = guild.members;
    let mut bots = None;
    for state in sensible::<VoiceState>(guild.voice_states) {
        let (Some(user), Some(channel)) = (state.user(), state.channel_id) else {
            continue;
        };
        let channel = ChannelId(channel.0);
        if user == own {
            let session = state.session_id.as_deref().unwrap_or_default();
            seats.own = Some((channel, Hidden::new(session)));
            continue;
        }
        // Here the voice states may come without their members, which then stand in a list of their own.
        let bot = state
            .is_bot()
            .unwrap_or_else(|| bots.get_or_insert_with(|| bots_of(members.take())).contains(&user));
        seats.seats.push(Seat {
            user,
            channel: Some(channel),
            bot,
        });
    }
    Ok(Decoded::Event(GatewayEvent::GuildUp {
        seats,
        about: About {
            name: guild.name.unwrap_or_default(),
            members: guild
                .member_count
                .and_then(|count| u32::try_from(count.0).ok()?.try_into().ok()),
            icon: guild.icon.and_then(|icon| Icon::read(&icon)),
        },
    }))
}

/// A guild whose settings were changed. It says nothing of who is where.
pub(super) fn update(data: &str) -> Result<Decoded, Malformed> {
    const EVENT: &str = "GUILD_UPDATE";
    let guild: Updated = read(EVENT, data)?;
    let id = needed(EVENT, "it has no guild", guild.id)?;
    let name = needed(EVENT, "it has no name", guild.name)?;
    let about = About {
        name,
        members: None,
        icon: guild.icon.and_then(|icon| Icon::read(&icon)),
    };
    let guild = GuildId(id.0);
    Ok(Decoded::Event(GatewayEvent::GuildChanged { guild, about }))
}

fn bots_of(members: Option<Vec<&RawValue>>) -> Vec<UserId> {
    sensible::<Member>(members)
        .filter_map(|member| member.user)
        .filter(|user| user.bot == Some(true))
        .filter_map(|user| user.id)
        .map(|id| UserId(id.0))
        .collect()
}

/// A guild that is gone. An outage looks alike but says `unavailable`.
pub(super) fn delete(data: &str) -> Result<Decoded, Malformed> {
    const EVENT: &str = "GUILD_DELETE";
    let guild: GuildRef = read(EVENT, data)?;
    let id = needed(EVENT, "it has no guild", guild.id)?;
    if guild.unavailable == Some(true) {
        return Ok(Decoded::Ignored);
    }
    Ok(Decoded::Event(GatewayEvent::GuildGone { guild: GuildId(id.0) }))
}

/// A channel that is gone. Those of no guild are nobody's business.
pub(super) fn channel_gone(data: &str) -> Result<Decoded, Malformed> {
    const EVENT: &str = "CHANNEL_DELETE";
    let channel: Channel = read(EVENT, data)?;
    let id = needed(EVENT, "it has no channel", channel.id)?;
    let Some(guild) = channel.guild_id else {
        return Ok(Decoded::Ignored);
    };
    let channel = ChannelId(id.0);
    Ok(Decoded::Event(GatewayEvent::Input {
        guild: GuildId(guild.0),
        cause: CauseId::Internal,
        input: Input::ChannelGone { channel },
    }))
}
