//! The JSON of what Discord knows: users, members, channels, roles, guilds, voice states, messages.

use serde_json::{Value, json};

use super::model::{iso, made_at};
use super::world::{Channel, ChannelKind, Guild, Role, Seat, User, World};

pub(super) fn user(user: &User) -> Value {
    json!({
        "id": user.id.to_string(), "username": user.name, "global_name": (!user.bot).then_some(&user.name),
        "avatar": null, "discriminator": if user.bot { "0001" } else { "0" }, "public_flags": 0, "flags": 0, "bot": user.bot,
        "banner": null, "accent_color": null, "avatar_decoration_data": null, "collectibles": null,
        "primary_guild": null,
    })
}

/// The bot's own user, as only itself sees it.
pub(super) fn own_user(me: &User) -> Value {
    let mut value = user(me);
    value["mfa_enabled"] = json!(false);
    value["locale"] = json!("en-US");
    value["verified"] = json!(true);
    value["email"] = Value::Null;
    value
}

pub(super) fn member(world: &World, guild: &Guild, id: u64) -> Value {
    let roles: Vec<String> = guild
        .members
        .get(&id)
        .into_iter()
        .flatten()
        .map(u64::to_string)
        .collect();
    json!({
        "user": world.users.get(&id).map(user), "nick": null, "avatar": null, "banner": null, "roles": roles,
        "joined_at": iso(made_at(guild.id)), "premium_since": null, "deaf": false, "mute": false, "flags": 0,
        "pending": false, "communication_disabled_until": null,
    })
}

pub(super) const fn kind(kind: ChannelKind) -> u8 {
    match kind {
        ChannelKind::Text => 0,
        ChannelKind::Voice => 2,
        ChannelKind::Stage => 13,
    }
}

pub(super) fn channel(world: &World, guild: &Guild, channel: &Channel) -> Value {
    let overwrites = if channel.denied == 0 && channel.allowed == 0 {
        json!([])
    } else {
        json!([{ "id": world.bot.to_string(), "type": 1, "allow": channel.allowed.to_string(), "deny": channel.denied.to_string() }])
    };
    let mut value = json!({
        "id": channel.id.to_string(), "type": kind(channel.kind), "flags": 0, "guild_id": guild.id.to_string(),
        "name": channel.name, "position": channel.position, "permission_overwrites": overwrites, "parent_id": null,
        "nsfw": false, "rate_limit_per_user": 0, "last_message_id": null,
    });
    if channel.kind == ChannelKind::Text {
        value["topic"] = Value::Null;
    } else {
        value["bitrate"] = json!(64_000);
        value["user_limit"] = json!(channel.user_limit);
        value["rtc_region"] = Value::Null;
    }
    value
}

pub(super) fn role(role: &Role, position: usize) -> Value {
    json!({
        "id": role.id.to_string(), "name": role.name, "permissions": role.permissions.to_string(),
        "position": position, "color": 0,
        "colors": { "primary_color": 0, "secondary_color": null, "tertiary_color": null }, "hoist": false,
        "managed": role.managed, "mentionable": false, "icon": null, "unicode_emoji": null, "flags": 0,
    })
}

pub(super) fn seat(guild: u64, user: u64, seat: Option<&Seat>) -> Value {
    json!({
        "guild_id": guild.to_string(), "channel_id": seat.map(|seat| seat.channel.to_string()),
        "user_id": user.to_string(), "session_id": seat.map_or_else(String::new, |seat| seat.session_id.clone()),
        "deaf": false, "mute": false, "self_deaf": seat.is_some_and(|seat| seat.self_deaf),
        "self_mute": seat.is_some_and(|seat| seat.self_mute), "self_video": false, "self_stream": false,
        "suppress": seat.is_some_and(|seat| seat.suppress), "request_to_speak_timestamp": null,
    })
}

pub(super) fn roles(guild: &Guild) -> Vec<Value> {
    guild
        .roles
        .values()
        .enumerate()
        .map(|(place, it)| role(it, place))
        .collect()
}

pub(super) fn channels(world: &World, guild: &Guild) -> Vec<Value> {
    guild.channels.values().map(|it| channel(world, guild, it)).collect()
}

/// The guild as REST shows it.
pub(super) fn guild(guild: &Guild) -> Value {
    json!({
        "id": guild.id.to_string(), "name": guild.name, "icon": format!("{:032x}", guild.id), "description": null,
        "home_header": null, "splash": null, "discovery_splash": null, "features": [], "banner": null, "owner_id": guild.owner.to_string(),
        "application_id": null, "region": "us-east", "afk_channel_id": null, "afk_timeout": 300,
        "system_channel_id": null, "system_channel_flags": 0, "widget_enabled": false, "widget_channel_id": null,
        "verification_level": 0, "roles": roles(guild), "default_message_notifications": 0, "mfa_level": 0,
        "explicit_content_filter": 0, "max_presences": null, "max_members": 500_000,
        "max_stage_video_channel_users": 50, "max_video_channel_users": 25, "vanity_url_code": null,
        "premium_tier": 0, "premium_subscription_count": 0, "preferred_locale": "en-US", "rules_channel_id": null,
        "safety_alerts_channel_id": null, "public_updates_channel_id": null, "premium_progress_bar_enabled": false,
        "nsfw": false, "nsfw_level": 0, "emojis": [], "stickers": [], "incidents_data": null,
    })
}

/// The guild as GUILD_CREATE shows it: with channels, the bot and those in voice, and voice states.
pub(super) fn guild_create(world: &World, it: &Guild) -> Value {
    let mut value = guild(it);
    let seen = it
        .members
        .keys()
        .filter(|id| **id == world.bot || it.seats.contains_key(id));
    let members: Vec<Value> = seen.map(|id| member(world, it, *id)).collect();
    let seats: Vec<Value> = it
        .seats
        .iter()
        .map(|(id, one)| {
            let mut state = seat(it.id, *id, Some(one));
            // The guild's id stands around it.
            if let Some(state) = state.as_object_mut() {
                state.remove("guild_id");
            }
            state
        })
        .collect();
    value["joined_at"] = json!(iso(made_at(it.id)));
    value["large"] = json!(it.members.len() > 250);
    value["unavailable"] = json!(false);
    value["member_count"] = json!(it.members.len());
    value["members"] = json!(members);
    value["channels"] = json!(channels(world, it));
    value["voice_states"] = json!(seats);
    for list in [
        "threads",
        "presences",
        "stage_instances",
        "guild_scheduled_events",
        "soundboard_sounds",
    ] {
        value[list] = json!([]);
    }
    value
}

/// The application, as its owner sees it.
pub(super) fn application(world: &World, content_intent: bool) -> Value {
    // Bit 19: message content in fewer than 100 guilds.
    let flags = if content_intent { 1 << 19 } else { 0 };
    let nobody = User {
        id: world.bot + 1,
        name: "owner".into(),
        bot: false,
    };
    let known = |id: &u64| world.users.get(id).unwrap_or(&nobody);
    let (owner, team) = match world.operators.as_slice() {
        [] => (&nobody, Value::Null),
        [one] => (known(one), Value::Null),
        // The owner of a team's application is a user that stands for the team.
        [first, ..] => (&nobody, team(first, world.operators.iter().map(known))),
    };
    json!({
        "id": world.bot.to_string(), "name": "stand-in-bot", "icon": null, "description": "", "type": null,
        "verify_key": "0".repeat(64), "flags": flags, "flags_new": flags.to_string(), "redirect_uris": [],
        "interactions_endpoint_url": null, "role_connections_verification_url": null, "owner": user(owner),
        "approximate_guild_count": world.guilds.len(), "approximate_user_install_count": 0,
        "approximate_user_authorization_count": 0, "explicit_content_filter": 0, "team": team,
        "eligible_oauth2_scopes": [], "bot_public": true, "bot_require_code_grant": false,
        "bot": world.users.get(&world.bot).map(user),
    })
}

fn team<'a>(owner: &u64, members: impl Iterator<Item = &'a User>) -> Value {
    let id = "1";
    let members = members.map(|member| {
        json!({ "user": user(member), "team_id": id, "membership_state": 2, "role": "developer", "permissions": ["*"] })
    });
    json!({ "id": id, "icon": null, "name": "team", "owner_user_id": owner.to_string(), "members": members.collect::<Value>() })
}
