//! Who is in which voice channel, and where voice connections go.

use ostinato_actors::ports::GatewayEvent;
use ostinato_machine::guild::{Input, Seat};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, UserId};
use serde::Deserialize;

use super::lenient::Number;
use super::{Decoded, Malformed, needed, read};

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: Option<Number>,
    pub(super) bot: Option<bool>,
}

#[derive(Deserialize)]
pub(super) struct Member {
    pub(super) user: Option<User>,
}

/// A voice state, alone or in the list of a guild (then without `guild_id`).
#[derive(Deserialize)]
pub(super) struct VoiceState {
    guild_id: Option<Number>,
    pub(super) channel_id: Option<Number>,
    user_id: Option<Number>,
    pub(super) session_id: Option<Box<str>>,
    suppress: Option<bool>,
    member: Option<Member>,
}

impl VoiceState {
    pub(super) fn user(&self) -> Option<UserId> {
        let of_member = || self.member.as_ref()?.user.as_ref()?.id;
        self.user_id.or_else(of_member).map(|id| UserId(id.0))
    }

    /// Whether the user is a bot; `None` when the state does not tell about its user.
    pub(super) fn is_bot(&self) -> Option<bool> {
        let user = self.member.as_ref()?.user.as_ref()?;
        Some(user.bot == Some(true))
    }
}

#[derive(Deserialize)]
struct VoiceServer {
    guild_id: Option<Number>,
    token: Option<Box<str>>,
    endpoint: Option<Box<str>>,
}

fn input(guild: Number, input: Input) -> Decoded {
    Decoded::Event(GatewayEvent::Input {
        guild: GuildId(guild.0),
        cause: CauseId::Internal,
        input,
    })
}

/// A user who joined, moved, left or was suppressed. Calls outside of guilds have voice states too; nobody uses them.
pub(super) fn state(data: &str, own: UserId) -> Result<Decoded, Malformed> {
    const EVENT: &str = "VOICE_STATE_UPDATE";
    let state: VoiceState = read(EVENT, data)?;
    let user = needed(EVENT, "it has no user", state.user())?;
    let Some(guild) = state.guild_id else {
        return Ok(Decoded::Ignored);
    };
    let channel = state.channel_id.map(|id| ChannelId(id.0));
    if user == own {
        let own = Input::OwnVoice {
            channel,
            session_id: Hidden::new(state.session_id.as_deref().unwrap_or_default()),
            suppressed: state.suppress == Some(true),
        };
        return Ok(input(guild, own));
    }
    let bot = state.is_bot() == Some(true);
    Ok(input(guild, Input::Seat(Seat { user, channel, bot })))
}

/// A voice server, or the news that another one will follow.
pub(super) fn server(data: &str) -> Result<Decoded, Malformed> {
    const EVENT: &str = "VOICE_SERVER_UPDATE";
    let server: VoiceServer = read(EVENT, data)?;
    let guild = needed(EVENT, "it has no guild", server.guild_id)?;
    let token = needed(EVENT, "it has no token", server.token)?;
    let server = Input::VoiceServer {
        token: Hidden::new(&token),
        endpoint: server.endpoint.filter(|endpoint| !endpoint.is_empty()),
    };
    Ok(input(guild, server))
}
