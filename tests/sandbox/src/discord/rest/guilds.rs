//! Reads of what Discord knows: gateway, application, user, guild, channels, members, voice states.

use serde_json::{Value, json};

use super::{Blame, Call, Reply};
use crate::discord::model::rights;
use crate::discord::render;
use crate::discord::state::State;
use crate::discord::world::{ChannelKind, Guild};

impl State {
    fn guild(&self, id: u64) -> Result<&Guild, Reply> {
        self.world.guilds.get(&id).filter(|guild| !guild.outage).ok_or_else(|| {
            let once = self.world.gone.contains(&id) || self.world.guilds.contains_key(&id);
            Reply::unknown(10_004, "Guild", once)
        })
    }

    pub(super) fn about_gateway(&self, with_limits: bool, url: &str) -> Reply {
        if !with_limits {
            return Reply::Done(200, json!({ "url": url }));
        }
        let limit = json!({
            "total": self.config.session_starts, "remaining": self.starts_left, "reset_after": 86_400_000,
            "max_concurrency": self.config.max_concurrency,
        });
        let shards = self.config.shards;
        Reply::Done(
            200,
            json!({ "url": url, "shards": shards, "session_start_limit": limit }),
        )
    }

    pub(super) fn about_me(&self, operation: &str) -> Reply {
        let me = self.world.users.get(&self.world.bot);
        match operation {
            "get_my_application" => Reply::Done(200, render::application(&self.world, self.config.content_intent)),
            _ => Reply::Done(200, json!(me.map(render::own_user))),
        }
    }

    /// A read about a guild.
    pub(super) fn about_guild(&self, call: &Call) -> Reply {
        let guild = match self.guild(call.id(0)) {
            Ok(guild) => guild,
            Err(refusal) => return refusal,
        };
        match call.route.operation {
            "get_guild" => {
                let mut body = render::guild(guild);
                if call.asks("with_counts") {
                    body["approximate_member_count"] = json!(guild.members.len());
                    body["approximate_presence_count"] = json!(guild.members.len());
                }
                Reply::Done(200, body)
            }
            "list_guild_channels" => Reply::Done(200, json!(render::channels(&self.world, guild))),
            "list_guild_roles" => Reply::Done(200, json!(render::roles(guild))),
            "get_guild_member" => {
                if guild.members.contains_key(&call.id(1)) {
                    return Reply::Done(200, render::member(&self.world, guild, call.id(1)));
                }
                Reply::refused(404, 10_007, "Unknown Member", Blame::Nobody)
            }
            _ => {
                let user = if call.route.operation == "get_self_voice_state" {
                    self.world.bot
                } else {
                    call.id(1)
                };
                let Some(seat) = guild.seats.get(&user) else {
                    return Reply::refused(404, 10_065, "Unknown Voice State", Blame::Nobody);
                };
                let mut state = render::seat(guild.id, user, Some(seat));
                state["member"] = render::member(&self.world, guild, user);
                Reply::Done(200, state)
            }
        }
    }

    /// The bot asks to be heard on a stage.
    pub(super) fn change_own_seat(&mut self, call: &Call) -> Reply {
        let bot = self.world.bot;
        let guild = match self.guild(call.id(0)) {
            Ok(guild) => guild,
            Err(refusal) => return refusal,
        };
        let Some(seat) = guild.seats.get(&bot).cloned() else {
            return Reply::refused(404, 10_065, "Unknown Voice State", Blame::Race("not in voice any more"));
        };
        let stage = guild
            .channels
            .get(&seat.channel)
            .is_some_and(|channel| channel.kind == ChannelKind::Stage);
        if !stage {
            return Reply::refused(400, 50_024, "Cannot execute action on this channel type", Blame::Bot);
        }
        let asked = call.body["suppress"].as_bool();
        if asked == Some(false) && self.world.rights_in(guild, bot, seat.channel) & rights::MUTE_MEMBERS == 0 {
            return Reply::refused(403, 50_013, "Missing Permissions", Blame::Race("missing permissions"));
        }
        if let Some(suppress) = asked {
            self.suppress_bot(call.id(0), suppress);
        }
        Reply::Empty
    }

    pub(super) fn about_channel(&self, call: &Call) -> Reply {
        let id = call.id(0);
        let found = self
            .world
            .guild_of_channel(id)
            .and_then(|guild| self.world.guilds.get(&guild));
        let channel = found.and_then(|guild| Some((guild, guild.channels.get(&id)?)));
        let Some((guild, channel)) = channel else {
            return Reply::unknown(10_003, "Channel", self.world.gone.contains(&id));
        };
        if self.world.rights_in(guild, self.world.bot, id) & rights::VIEW_CHANNEL == 0 {
            return Reply::refused(403, 50_001, "Missing Access", Blame::Nobody);
        }
        Reply::Done(200, render::channel(&self.world, guild, channel))
    }

    pub(super) fn regions(&self) -> Reply {
        let region: Value = json!({
            "id": "us-east", "name": "US East", "custom": false, "deprecated": false, "optimal": true,
        });
        Reply::Done(200, json!([region]))
    }
}
