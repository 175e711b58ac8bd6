//! The operations that this bot uses: how each is reached, in which line it waits, and what a retry may do.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::num::NonZeroU64;

use ostinato_actors::ports::{PortError, PortErrorKind};
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, UserId};
use serenity::http::{LightMethod, Route};

use super::buckets::{Key, Major};
use super::figures::Family;

/// One operation with its place.
#[derive(Clone, Debug)]
pub(in crate::discord) enum Operation {
    /// The first callback to an interaction.
    Callback { interaction: u64, token: Hidden },
    /// Reads the first answer.
    Original { application: u64, token: Hidden },
    /// Edits the first answer.
    EditOriginal { application: u64, token: Hidden },
    /// Takes the first answer away.
    DeleteOriginal { application: u64, token: Hidden },
    /// A further message to an interaction.
    FollowUp { application: u64, token: Hidden },
    /// A message in a channel.
    Post { channel: ChannelId },
    /// Edits a message of the bot.
    EditMessage { channel: ChannelId, message: u64 },
    /// Takes a message of the bot away.
    DeleteMessage { channel: ChannelId, message: u64 },
    /// Reads the messages after one, `limit` at most.
    MessagesAfter {
        channel: ChannelId,
        message: u64,
        limit: u8,
    },
    /// Shows that the bot is typing.
    Typing { channel: ChannelId },
    /// Reads a channel.
    Channel { channel: ChannelId },
    /// Reads a guild with its roles.
    Guild { guild: GuildId },
    /// Reads a member.
    Member { guild: GuildId, user: UserId },
    /// Reads a voice state.
    VoiceState { guild: GuildId, user: UserId },
    /// Lets the bot speak on a stage.
    Speak { guild: GuildId },
    /// Asks to be let speak on a stage.
    RaiseHand { guild: GuildId },
    /// Lists the global commands.
    Commands { application: u64 },
    /// Replaces the global commands.
    SetCommands { application: u64 },
    /// Where the gateway is.
    GatewayBot,
    /// The bot's application.
    Application,
    /// The bot's user.
    CurrentUser,
}

/// Which limits a call keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// None: it can't wait.
    Callback,
    /// Those of its bucket.
    Interaction,
    /// Those of its bucket, and the permits that all share.
    Bot,
}

/// Where a request goes: most places are serenity's.
pub(super) enum Place<'a> {
    Route(Route<'a>),
    Path(&'static str),
}

impl Operation {
    /// Its name in Discord's own document, for logs.
    pub(in crate::discord) const fn name(&self) -> &'static str {
        match self {
            Self::Callback { .. } => "create_interaction_response",
            Self::Original { .. } => "get_original_webhook_message",
            Self::EditOriginal { .. } => "update_original_webhook_message",
            Self::DeleteOriginal { .. } => "delete_original_webhook_message",
            Self::FollowUp { .. } => "execute_webhook",
            Self::Post { .. } => "create_message",
            Self::EditMessage { .. } => "update_message",
            Self::DeleteMessage { .. } => "delete_message",
            Self::MessagesAfter { .. } => "list_messages",
            Self::Typing { .. } => "trigger_typing_indicator",
            Self::Channel { .. } => "get_channel",
            Self::Guild { .. } => "get_guild",
            Self::Member { .. } => "get_guild_member",
            Self::VoiceState { .. } => "get_voice_state",
            Self::Speak { .. } | Self::RaiseHand { .. } => "update_self_voice_state",
            Self::Commands { .. } => "list_application_commands",
            Self::SetCommands { .. } => "bulk_set_application_commands",
            Self::GatewayBot => "get_bot_gateway",
            Self::Application => "get_my_application",
            Self::CurrentUser => "get_my_user",
        }
    }

    /// What it is about, for the metrics.
    pub(super) const fn family(&self) -> Family {
        match self {
            Self::Callback { .. } => Family::Callback,
            Self::Original { .. } | Self::EditOriginal { .. } | Self::DeleteOriginal { .. } | Self::FollowUp { .. } => {
                Family::Answer
            }
            Self::Post { .. }
            | Self::EditMessage { .. }
            | Self::DeleteMessage { .. }
            | Self::MessagesAfter { .. }
            | Self::Typing { .. } => Family::Message,
            Self::Channel { .. } | Self::Guild { .. } | Self::Member { .. } | Self::VoiceState { .. } => Family::Place,
            Self::Speak { .. } | Self::RaiseHand { .. } => Family::Stage,
            Self::Commands { .. } | Self::SetCommands { .. } => Family::Commands,
            Self::GatewayBot | Self::Application | Self::CurrentUser => Family::Start,
        }
    }

    pub(super) const fn method(&self) -> LightMethod {
        match self {
            Self::Callback { .. } | Self::FollowUp { .. } | Self::Post { .. } | Self::Typing { .. } => {
                LightMethod::Post
            }
            Self::EditOriginal { .. } | Self::EditMessage { .. } | Self::Speak { .. } | Self::RaiseHand { .. } => {
                LightMethod::Patch
            }
            Self::DeleteOriginal { .. } | Self::DeleteMessage { .. } => LightMethod::Delete,
            Self::SetCommands { .. } => LightMethod::Put,
            Self::Original { .. }
            | Self::MessagesAfter { .. }
            | Self::Channel { .. }
            | Self::Guild { .. }
            | Self::Member { .. }
            | Self::VoiceState { .. }
            | Self::Commands { .. }
            | Self::GatewayBot
            | Self::Application
            | Self::CurrentUser => LightMethod::Get,
        }
    }

    pub(super) const fn lane(&self) -> Lane {
        match self {
            Self::Callback { .. } => Lane::Callback,
            Self::Original { .. } | Self::EditOriginal { .. } | Self::DeleteOriginal { .. } | Self::FollowUp { .. } => {
                Lane::Interaction
            }
            Self::Post { .. }
            | Self::EditMessage { .. }
            | Self::DeleteMessage { .. }
            | Self::MessagesAfter { .. }
            | Self::Typing { .. }
            | Self::Channel { .. }
            | Self::Guild { .. }
            | Self::Member { .. }
            | Self::Speak { .. }
            | Self::RaiseHand { .. }
            | Self::VoiceState { .. }
            | Self::Commands { .. }
            | Self::SetCommands { .. }
            | Self::GatewayBot
            | Self::Application
            | Self::CurrentUser => Lane::Bot,
        }
    }

    /// Whether saying it twice is as good as saying it once: a second callback is refused by Discord, a message
    /// carries a nonce. A follow-up has nothing of the kind.
    pub(super) const fn is_repeatable(&self) -> bool {
        !matches!(self, Self::FollowUp { .. })
    }

    pub(super) fn key(&self) -> Key {
        let major = match self {
            Self::Callback { interaction, .. } => Major::Id(*interaction),
            Self::Original { application, token }
            | Self::EditOriginal { application, token }
            | Self::DeleteOriginal { application, token }
            | Self::FollowUp { application, token } => Major::Webhook(*application, digest(token)),
            Self::Post { channel }
            | Self::EditMessage { channel, .. }
            | Self::DeleteMessage { channel, .. }
            | Self::MessagesAfter { channel, .. }
            | Self::Typing { channel }
            | Self::Channel { channel } => Major::Id(channel.0),
            Self::Guild { guild }
            | Self::Member { guild, .. }
            | Self::Speak { guild }
            | Self::RaiseHand { guild }
            | Self::VoiceState { guild, .. } => Major::Id(guild.0),
            Self::Commands { application } | Self::SetCommands { application } => Major::Id(*application),
            Self::GatewayBot | Self::Application | Self::CurrentUser => Major::None,
        };
        // One may be forbidden where the other is not.
        let hand = matches!(self, Self::RaiseHand { .. });
        let route = if hand { "request_to_speak" } else { self.name() };
        Key { route, major }
    }

    /// Query parameters.
    pub(super) fn query(&self) -> Vec<(&'static str, String)> {
        match self {
            // Commands that are not ours are written back as they are, translations included.
            Self::Commands { .. } => vec![("with_localizations", "true".into())],
            Self::MessagesAfter { message, limit, .. } => {
                vec![("after", message.to_string()), ("limit", limit.to_string())]
            }
            Self::Callback { .. }
            | Self::Original { .. }
            | Self::EditOriginal { .. }
            | Self::DeleteOriginal { .. }
            | Self::FollowUp { .. }
            | Self::Post { .. }
            | Self::EditMessage { .. }
            | Self::DeleteMessage { .. }
            | Self::Typing { .. }
            | Self::Channel { .. }
            | Self::Guild { .. }
            | Self::Member { .. }
            | Self::Speak { .. }
            | Self::RaiseHand { .. }
            | Self::VoiceState { .. }
            | Self::SetCommands { .. }
            | Self::GatewayBot
            | Self::Application
            | Self::CurrentUser => Vec::new(),
        }
    }

    pub(super) fn place(&self) -> Result<Place<'_>, PortError> {
        let route = match self {
            Self::Callback { interaction, token } => Route::InteractionResponse {
                interaction_id: id(*interaction)?.into(),
                token: path_part(token)?,
            },
            Self::Original { application, token }
            | Self::EditOriginal { application, token }
            | Self::DeleteOriginal { application, token } => Route::WebhookOriginalInteractionResponse {
                application_id: id(*application)?.into(),
                token: path_part(token)?,
            },
            Self::FollowUp { application, token } => Route::WebhookFollowupMessages {
                application_id: id(*application)?.into(),
                token: path_part(token)?,
            },
            Self::EditMessage { channel, message } | Self::DeleteMessage { channel, message } => {
                Route::ChannelMessage {
                    channel_id: id(channel.0)?.into(),
                    message_id: id(*message)?.into(),
                }
            }
            Self::Post { channel } | Self::MessagesAfter { channel, .. } => Route::ChannelMessages {
                channel_id: id(channel.0)?.into(),
            },
            Self::Typing { channel } => Route::ChannelTyping {
                channel_id: id(channel.0)?.into(),
            },
            Self::Channel { channel } => Route::Channel {
                channel_id: id(channel.0)?.into(),
            },
            Self::Guild { guild } => Route::Guild {
                guild_id: id(guild.0)?.into(),
            },
            Self::Member { guild, user } => Route::GuildMember {
                guild_id: id(guild.0)?.into(),
                user_id: id(user.0)?.into(),
            },
            Self::Speak { guild } | Self::RaiseHand { guild } => Route::GuildVoiceStateMe {
                guild_id: id(guild.0)?.into(),
            },
            Self::VoiceState { guild, user } => Route::GuildVoiceStates {
                guild_id: id(guild.0)?.into(),
                user_id: id(user.0)?.into(),
            },
            Self::Commands { application } | Self::SetCommands { application } => Route::Commands {
                application_id: id(*application)?.into(),
            },
            Self::GatewayBot => Route::GatewayBot,
            Self::CurrentUser => Route::UserMe,
            // serenity has only the older place of this one.
            Self::Application => return Ok(Place::Path("/api/v10/applications/@me")),
        };
        Ok(Place::Route(route))
    }
}

/// serenity's ids panic at zero.
fn id(number: u64) -> Result<NonZeroU64, PortError> {
    NonZeroU64::new(number).ok_or_else(|| PortError::new(PortErrorKind::Malformed, "an id is zero"))
}

/// A token as part of a path: one that could change the path is refused.
fn path_part(token: &Hidden) -> Result<&str, PortError> {
    let text = token.reveal();
    let plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'=' | b'+' | b':');
    if !text.is_empty() && text.bytes().all(plain) && text.bytes().any(|byte| byte != b'.') {
        Ok(text)
    } else {
        Err(PortError::new(
            PortErrorKind::Malformed,
            "an interaction token is no token",
        ))
    }
}

fn digest(token: &Hidden) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.reveal().hash(&mut hasher);
    hasher.finish()
}
