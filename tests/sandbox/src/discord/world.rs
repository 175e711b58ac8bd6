//! Guilds, channels, members and who is in voice: what Discord knows, without sockets.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::model::{GuildIds, GuildSpec, Snowflakes, VoiceView, rights};

/// A user.
#[derive(Clone, Debug)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) bot: bool,
}

/// What a channel is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ChannelKind {
    Text,
    Voice,
    Stage,
}

/// A channel.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) kind: ChannelKind,
    pub(super) position: u32,
    pub(super) user_limit: u32,
    /// What the bot may not do here.
    pub(super) denied: u64,
    /// What the bot may do here beyond its roles.
    pub(super) allowed: u64,
}

/// A role.
#[derive(Clone, Debug)]
pub(super) struct Role {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) permissions: u64,
    /// Whether it came with the bot.
    pub(super) managed: bool,
}

/// Where somebody is in voice.
#[derive(Clone, Debug)]
pub(super) struct Seat {
    pub(super) channel: u64,
    pub(super) session_id: String,
    pub(super) self_mute: bool,
    pub(super) self_deaf: bool,
    pub(super) suppress: bool,
}

/// A guild.
#[derive(Clone, Debug)]
pub(super) struct Guild {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) owner: u64,
    pub(super) channels: BTreeMap<u64, Channel>,
    pub(super) roles: BTreeMap<u64, Role>,
    /// Members with their roles.
    pub(super) members: BTreeMap<u64, Vec<u64>>,
    pub(super) seats: BTreeMap<u64, Seat>,
    pub(super) outage: bool,
}

/// Everything.
#[derive(Debug)]
pub(super) struct World {
    pub(super) bot: u64,
    /// Who runs the bot: its owner, or a team with its owner first. Nobody that anything is known of if empty.
    pub(super) operators: Vec<u64>,
    pub(super) users: HashMap<u64, User>,
    pub(super) guilds: BTreeMap<u64, Guild>,
    /// Guilds and channels that were there once.
    pub(super) gone: HashSet<u64>,
    pub(super) ids: Snowflakes,
}

impl World {
    pub(super) fn new() -> Self {
        let mut ids = Snowflakes::default();
        let bot = ids.next();
        let me = User {
            id: bot,
            name: "stand-in-bot".into(),
            bot: true,
        };
        Self {
            bot,
            operators: Vec::new(),
            users: HashMap::from([(bot, me)]),
            guilds: BTreeMap::new(),
            gone: HashSet::new(),
            ids,
        }
    }

    pub(super) fn add_user(&mut self, name: &str, bot: bool) -> u64 {
        let id = self.ids.next();
        let name = name.to_owned();
        self.users.insert(id, User { id, name, bot });
        id
    }

    /// Makes a guild with the bot in it.
    pub(super) fn add_guild(&mut self, spec: &GuildSpec, shards: u32) -> GuildIds {
        let id = self.ids.guild(spec.shard, shards);
        let owner = self.add_user(&format!("owner of {}", spec.name), false);
        let mut ids = GuildIds {
            id,
            ..GuildIds::default()
        };
        let mut guild = Guild {
            id,
            name: spec.name.clone(),
            owner,
            channels: BTreeMap::new(),
            roles: BTreeMap::new(),
            members: BTreeMap::from([(owner, Vec::new())]),
            seats: BTreeMap::new(),
            outage: false,
        };
        // The role of everyone has the guild's own id.
        guild.add_role(id, "@everyone", rights::EVERYONE, false);
        let own = self.ids.next();
        guild.add_role(own, "stand-in-bot", rights::INVITED, true);
        guild.members.insert(self.bot, vec![own]);
        for role in &spec.roles {
            let id = self.ids.next();
            guild.add_role(id, &role.name, role.permissions, false);
            ids.roles.insert(role.name.clone(), id);
        }
        for name in &spec.text {
            let id = self.ids.next();
            guild.add_channel(id, name, ChannelKind::Text, 0);
            ids.text.insert(name.clone(), id);
        }
        for voice in &spec.voice {
            let id = self.ids.next();
            let kind = if voice.stage {
                ChannelKind::Stage
            } else {
                ChannelKind::Voice
            };
            guild.add_channel(id, &voice.name, kind, voice.user_limit);
            ids.voice.insert(voice.name.clone(), id);
        }
        for member in &spec.members {
            let user = member.user.unwrap_or_else(|| self.add_user(&member.name, member.bot));
            let roles = member.roles.iter().filter_map(|name| ids.roles.get(name).copied());
            guild.members.insert(user, roles.collect());
            ids.members.insert(member.name.clone(), user);
        }
        self.guilds.insert(id, guild);
        ids
    }

    /// `user` may manage `guild` from now on.
    pub(super) fn let_manage(&mut self, guild: u64, user: u64) {
        let role = self.ids.next();
        if let Some(guild) = self.guilds.get_mut(&guild) {
            guild.add_role(role, "managers", rights::MANAGE_GUILD, false);
            guild.members.entry(user).or_default().push(role);
        }
    }

    /// The guild that `channel` is in.
    pub(super) fn guild_of_channel(&self, channel: u64) -> Option<u64> {
        self.guilds
            .values()
            .find(|guild| guild.channels.contains_key(&channel))
            .map(|guild| guild.id)
    }

    /// What `user` may do in `channel` of `guild`.
    pub(super) fn rights_in(&self, guild: &Guild, user: u64, channel: u64) -> u64 {
        let everyone = guild.roles.get(&guild.id).map_or(0, |role| role.permissions);
        let roles = guild.members.get(&user).map(Vec::as_slice).unwrap_or_default();
        let own = roles
            .iter()
            .filter_map(|role| guild.roles.get(role))
            .fold(everyone, |all, role| all | role.permissions);
        if user == guild.owner || own & rights::ADMINISTRATOR != 0 {
            return u64::MAX >> 12;
        }
        let (denied, allowed) = match guild.channels.get(&channel) {
            Some(channel) if user == self.bot => (channel.denied, channel.allowed),
            Some(_) | None => (0, 0),
        };
        own & !denied | allowed
    }

    /// Whether `user` may enter `channel` now: rights, and room.
    pub(super) fn may_enter(&self, guild: &Guild, user: u64, channel: u64) -> bool {
        let Some(room) = guild.channels.get(&channel) else {
            return false;
        };
        let own = self.rights_in(guild, user, channel);
        let needed = rights::VIEW_CHANNEL | rights::CONNECT;
        let inside = guild.seats.get(&user).is_some_and(|seat| seat.channel == channel);
        let taken = guild.seats.values().filter(|seat| seat.channel == channel).count();
        let room_left = room.user_limit == 0 || taken < room.user_limit as usize;
        room.kind != ChannelKind::Text
            && own & needed == needed
            && (inside || room_left || own & rights::MOVE_MEMBERS != 0)
    }

    /// Whether `user` may not be heard in `channel` at first.
    pub(super) fn starts_suppressed(&self, guild: &Guild, user: u64, channel: u64) -> bool {
        let stage = guild
            .channels
            .get(&channel)
            .is_some_and(|channel| channel.kind == ChannelKind::Stage);
        stage || self.rights_in(guild, user, channel) & rights::SPEAK == 0
    }
}

impl Guild {
    fn add_role(&mut self, id: u64, name: &str, permissions: u64, managed: bool) {
        let name = name.to_owned();
        self.roles.insert(
            id,
            Role {
                id,
                name,
                permissions,
                managed,
            },
        );
    }

    pub(super) fn add_channel(&mut self, id: u64, name: &str, kind: ChannelKind, user_limit: u32) {
        let position = u32::try_from(self.channels.len()).unwrap_or(u32::MAX);
        let name = name.to_owned();
        self.channels.insert(
            id,
            Channel {
                id,
                name,
                kind,
                position,
                user_limit,
                denied: 0,
                allowed: 0,
            },
        );
    }

    pub(super) fn seat_view(&self, user: u64) -> Option<VoiceView> {
        self.seats.get(&user).map(|seat| VoiceView {
            channel: seat.channel,
            suppressed: seat.suppress,
            self_deaf: seat.self_deaf,
        })
    }
}
