//! What happens in the world while the bot runs: people come and go, channels and guilds too.

use std::time::Duration;

use serde_json::{Value, json};

use super::DiscordStandIn;
use super::gateway::intents;
use super::model::{GuildIds, GuildSpec, VoiceView};
use super::render;
use super::state::State;
use super::world::{ChannelKind, Seat};

impl DiscordStandIn {
    /// A new user, in no guild yet.
    pub fn add_user(&self, name: &str, bot: bool) -> u64 {
        self.0.change(|state| state.world.add_user(name, bot))
    }

    /// The bot is invited into a new guild.
    pub fn add_guild(&self, spec: &GuildSpec) -> GuildIds {
        self.0.change(|state| {
            let shards = state.config.shards;
            let ids = state.world.add_guild(spec, shards);
            state.tell_guild(ids.id);
            ids
        })
    }

    /// The bot is removed from a guild, and its voice with it.
    pub fn remove_guild(&self, guild: u64) {
        self.0.change(|state| {
            let bot = state.world.bot;
            state.voices.revoke(guild, bot);
            if let Some(place) = state.world.guilds.remove(&guild) {
                state.world.gone.insert(guild);
                state.world.gone.extend(place.channels.keys());
                let data = json!({ "id": guild.to_string() });
                state.dispatch(guild, intents::GUILDS, "GUILD_DELETE", &data);
            }
        });
    }

    /// A guild cannot be reached, or can again. Who is in voice stays there.
    pub fn outage(&self, guild: u64, away: bool) {
        self.0.change(|state| {
            let Some(place) = state.world.guilds.get_mut(&guild).filter(|place| place.outage != away) else {
                return;
            };
            place.outage = away;
            if away {
                let data = json!({ "id": guild.to_string(), "unavailable": true });
                state.dispatch(guild, intents::GUILDS, "GUILD_DELETE", &data);
            } else {
                state.tell_guild(guild);
            }
        });
    }

    /// A new text channel.
    pub fn add_text_channel(&self, guild: u64, name: &str) -> Option<u64> {
        self.add_channel(guild, name, ChannelKind::Text, 0)
    }

    /// A new voice channel for so many; 0 is no limit.
    pub fn add_voice_channel(&self, guild: u64, name: &str, user_limit: u32) -> Option<u64> {
        self.add_channel(guild, name, ChannelKind::Voice, user_limit)
    }

    fn add_channel(&self, guild: u64, name: &str, kind: ChannelKind, user_limit: u32) -> Option<u64> {
        self.0.change(|state| {
            let id = state.world.ids.next();
            let place = state.world.guilds.get_mut(&guild)?;
            place.add_channel(id, name, kind, user_limit);
            state.tell_channel(guild, id, "CHANNEL_CREATE");
            Some(id)
        })
    }

    /// A channel is deleted; who was in it is in voice no more.
    pub fn delete_channel(&self, channel: u64) {
        self.0.change(|state| {
            let Some(guild) = state.world.guild_of_channel(channel) else {
                return;
            };
            state.tell_channel(guild, channel, "CHANNEL_DELETE");
            let Some(place) = state.world.guilds.get_mut(&guild) else {
                return;
            };
            let inside = place.seats.iter().filter(|(_, seat)| seat.channel == channel);
            let inside: Vec<u64> = inside.map(|(user, _)| *user).collect();
            place.channels.remove(&channel);
            state.world.gone.insert(channel);
            for user in inside {
                state.seat(guild, user, None);
            }
        });
    }

    /// What the bot may not do in a channel from now on, as bits of [`super::rights`]; 0 allows everything.
    pub fn deny_bot(&self, channel: u64, denied: u64) {
        self.0.change(|state| {
            let Some(guild) = state.world.guild_of_channel(channel) else {
                return;
            };
            if let Some(room) = state
                .world
                .guilds
                .get_mut(&guild)
                .and_then(|place| place.channels.get_mut(&channel))
            {
                room.denied = denied;
            }
            state.forbidden.remove(&channel);
            state.tell_channel(guild, channel, "CHANNEL_UPDATE");
        });
    }

    /// A voice channel becomes a stage.
    pub fn make_stage(&self, channel: u64) {
        self.0.change(|state| {
            let Some(guild) = state.world.guild_of_channel(channel) else {
                return;
            };
            let place = state.world.guilds.get_mut(&guild);
            if let Some(room) = place.and_then(|place| place.channels.get_mut(&channel)) {
                room.kind = ChannelKind::Stage;
                state.tell_channel(guild, channel, "CHANNEL_UPDATE");
            }
        });
    }

    /// What the bot may do in a channel beyond its roles, as bits of [`super::rights`].
    pub fn allow_bot(&self, guild: u64, channel: u64, allowed: u64) {
        self.0.change(|state| {
            let place = state.world.guilds.get_mut(&guild);
            if let Some(room) = place.and_then(|place| place.channels.get_mut(&channel)) {
                room.allowed = allowed;
                state.tell_channel(guild, channel, "CHANNEL_UPDATE");
            }
        });
    }

    /// A moderator sends the bot to the audience of its stage, or lets it speak.
    pub fn suppress_bot(&self, guild: u64, suppress: bool) {
        self.0.change(|state| state.suppress_bot(guild, suppress));
    }

    /// `user` joins `channel` of `guild`, or moves there. A full channel stops nobody here: moderators move people.
    /// With the bot's own id this is a moderator who moves the bot; it only works while the bot is in voice.
    pub fn join_voice(&self, guild: u64, user: u64, channel: u64) {
        self.0.change(|state| state.put(guild, user, channel));
    }

    /// `user` leaves voice. With the bot's own id this is a moderator who disconnects it.
    pub fn leave_voice(&self, guild: u64, user: u64) {
        self.0.change(|state| state.seat(guild, user, None));
    }

    /// `user` deafens itself, or hears again; deafened people are no listeners.
    pub fn deafen(&self, guild: u64, user: u64, deaf: bool) {
        self.0.change(|state| {
            let seat = state.world.guilds.get(&guild).and_then(|place| place.seats.get(&user));
            if let Some(mut seat) = seat.cloned() {
                seat.self_deaf = deaf;
                state.seat(guild, user, Some(&seat));
            }
        });
    }

    /// Where `user` is in voice.
    pub fn voice(&self, guild: u64, user: u64) -> Option<VoiceView> {
        self.0
            .lock()
            .world
            .guilds
            .get(&guild)
            .and_then(|place| place.seat_view(user))
    }

    /// Waits until `user`'s place in voice `fits`, at most for `within`. Whether it did.
    pub async fn voice_is(
        &self,
        guild: u64,
        user: u64,
        within: Duration,
        mut fits: impl FnMut(Option<&VoiceView>) -> bool,
    ) -> bool {
        let look = |state: &State| {
            let place = state.world.guilds.get(&guild);
            let view = place.and_then(|place| place.seat_view(user));
            fits(view.as_ref()).then_some(())
        };
        self.0.wait_for(within, look).await.is_some()
    }
}

impl DiscordStandIn {
    /// Whoever runs the server calls it otherwise.
    pub fn rename(&self, guild: u64, name: &str) {
        self.0.change(|state| {
            let Some(place) = state.world.guilds.get_mut(&guild) else {
                return;
            };
            name.clone_into(&mut place.name);
            let data = render::guild(place);
            state.dispatch(guild, intents::GUILDS, "GUILD_UPDATE", &data);
        });
    }
}

impl State {
    /// GUILD_CREATE for a guild that is there.
    fn tell_guild(&mut self, guild: u64) {
        if let Some(place) = self.world.guilds.get(&guild) {
            let create = render::guild_create(&self.world, place);
            self.dispatch(guild, intents::GUILDS, "GUILD_CREATE", &create);
        }
    }

    fn tell_channel(&mut self, guild: u64, channel: u64, event: &str) {
        let Some(place) = self.world.guilds.get(&guild) else {
            return;
        };
        if let Some(room) = place.channels.get(&channel) {
            let data: Value = render::channel(&self.world, place, room);
            self.dispatch(guild, intents::GUILDS, event, &data);
        }
    }

    fn put(&mut self, guild: u64, user: u64, channel: u64) {
        let Some(place) = self.world.guilds.get(&guild) else {
            return;
        };
        let present = place.seats.get(&user).cloned();
        if (user == self.world.bot && present.is_none()) || !place.channels.contains_key(&channel) {
            return;
        }
        let suppress = self.world.starts_suppressed(place, user, channel);
        let seat = match present {
            Some(seat) => Seat {
                channel,
                suppress,
                ..seat
            },
            None => Seat {
                channel,
                session_id: self.hex(32),
                self_mute: false,
                self_deaf: false,
                suppress,
            },
        };
        self.seat(guild, user, Some(&seat));
    }

    /// Lets the bot be heard on a stage, or no more.
    pub(super) fn suppress_bot(&mut self, guild: u64, suppress: bool) {
        let bot = self.world.bot;
        let Some(place) = self.world.guilds.get_mut(&guild) else {
            return;
        };
        let Some(seat) = place.seats.get_mut(&bot) else {
            return;
        };
        seat.suppress = suppress;
        let seat = seat.clone();
        if let Some(place) = self.world.guilds.get(&guild) {
            let mut data = render::seat(guild, bot, Some(&seat));
            data["member"] = render::member(&self.world, place, bot);
            self.dispatch(guild, intents::VOICE_STATES, "VOICE_STATE_UPDATE", &data);
        }
    }
}
