//! From an interaction to an input: what the gateway's task does with each command that comes in.
//!
//! Commands of guilds go into the shard's sink, in order; what needs no guild is answered from here at once. Runs on
//! the polling task and so never waits.

use std::rc::Rc;

use ostinato_actors::ports::{GatewayEvent, GatewaySink};
use ostinato_machine::guild::{Caller, Command, Input};
use ostinato_machine::ids::{CauseId, ReplyTo, ShardId, Via};
use serenity::model::permissions::Permissions;

use super::commands::{self, Interpreted, Local};
use super::gateway::Interactions;
use super::interaction::Interaction;
use super::replies::Replies;
use super::rest::Skew;

/// Answers without a guild that may be on their way at once; whoever comes beyond is told nothing by us, and by Discord
/// that the bot did not respond.
const OPEN: usize = 256;

/// The door of one arbiter.
pub struct Door {
    replies: Rc<Replies>,
    skew: Skew,
    open: Rc<()>,
}

impl Door {
    /// A door that answers through `replies` what needs no guild, and dates interactions by this machine's clock.
    pub fn new(replies: Rc<Replies>, skew: Skew) -> Self {
        Self {
            replies,
            skew,
            open: Rc::new(()),
        }
    }

    fn answer(&self, shard: ShardId, reply: &ReplyTo, local: &Local) {
        if Rc::strong_count(&self.open) > OPEN {
            tracing::warn!(%shard, cause = reply.id, "too many answers are on their way; one was not begun");
            return;
        }
        let work = self.replies.local(reply, local);
        let (cause, open) = (reply.id, Rc::clone(&self.open));
        tokio::task::spawn_local(async move {
            if let Err(error) = work.await {
                tracing::warn!(%shard, cause, %error, "an answer could not be given");
            }
            drop(open);
        });
    }
}

impl Interactions for Door {
    fn interaction(&self, shard: ShardId, sequence: u64, interaction: Interaction, sink: &dyn GatewaySink) {
        let reply = |public| ReplyTo {
            id: interaction.id,
            via: Via::Interaction {
                application: interaction.application,
                token: interaction.token.clone(),
                component: false,
            },
            arrived_ms: interaction.arrived_ms,
            made_ms: self
                .skew
                .here(made_ms(interaction.id), interaction.arrived_ms)
                .unwrap_or_default(),
            public,
        };
        let (command, public) = match commands::interpret(&interaction) {
            Interpreted::Guild { command, public } => (command, public),
            Interpreted::Here(local) => return self.answer(shard, &reply(false), &local),
        };
        match input(&interaction, command, reply(public)) {
            Some(event) => sink.event(sequence, event),
            None => self.answer(shard, &reply(false), &Local::UnknownInteraction),
        }
    }
}

/// Milliseconds from 1970 to the first of Discord's ids, which carry their time.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// When Discord made an id, by its own clock, wall-clock ms.
fn made_ms(id: u64) -> u64 {
    (id >> 22).saturating_add(EPOCH_MS)
}

/// The command as its guild gets it; `None` without a guild or a channel.
fn input(interaction: &Interaction, command: Command, reply: ReplyTo) -> Option<GatewayEvent> {
    let manages = Permissions::MANAGE_GUILD | Permissions::ADMINISTRATOR;
    let permissions = Permissions::from_bits_truncate(interaction.user_permissions);
    Some(GatewayEvent::Input {
        guild: interaction.guild?,
        cause: CauseId::Interaction(interaction.id),
        input: Input::Command {
            command,
            by: Caller {
                user: interaction.user,
                text: interaction.channel?,
                manager: permissions.intersects(manages),
            },
            reply: Some(reply),
        },
    })
}
