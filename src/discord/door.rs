//! From an interaction to an input: what the gateway's task does with each command that comes in.
//!
//! Commands of guilds go into the shard's sink, in order; what needs no guild is answered from here at once. Runs on
//! the polling task and so never waits.

use std::rc::Rc;

use ostinato_actors::ports::{Audio, Clock, GatewayEvent, GatewaySink};
use ostinato_machine::guild::{Caller, Command, Input};
use ostinato_machine::ids::{CauseId, GuildId, ReplyTo, ShardId, UserId, Via};
use serenity::model::permissions::Permissions;

use super::answers::Asker;
use super::commands::{self, Completes, Drill, Interpreted, Local, Table};
use super::drill::{Drilled, Drills, NoDrill};
use super::gateway::{Content, Interactions};
use super::interaction::{Data, Interaction};
use super::replies::Replies;
use super::rest::Skew;
use super::suggest::{Offer, Suggest};
use super::written::Written;

/// Answers without a guild that may be on their way at once; whoever comes beyond is told nothing by us, and by Discord
/// that the bot did not respond.
const OPEN: usize = 256;

/// The door of one arbiter.
pub struct Door {
    replies: Rc<Replies>,
    skew: Skew,
    prefix: Option<Box<str>>,
    content: Content,
    suggest: Rc<Suggest>,
    drills: Rc<Drills>,
    open: Rc<()>,
}

impl Door {
    /// A door that answers through `replies` what needs no guild, hands faults by order to `drills`, and dates commands
    /// by this machine's clock. Messages that begin with `prefix` are commands too, as long as their words may be read.
    /// What is offered while somebody types is looked for at `audio`.
    pub fn new(
        (replies, drills): (Rc<Replies>, Drills),
        skew: Skew,
        (prefix, content): (Option<Box<str>>, Content),
        (audio, clock): (Rc<dyn Audio>, Rc<dyn Clock>),
    ) -> Self {
        Self {
            replies,
            skew,
            prefix,
            content,
            suggest: Rc::new(Suggest::new(audio, clock)),
            drills: Rc::new(drills),
            open: Rc::new(()),
        }
    }

    /// The commands that there are.
    fn table(&self) -> Table {
        self.drills.table()
    }

    /// What messages may begin with besides a mention; empty when nothing.
    fn prefix(&self) -> &str {
        let prefix = self.prefix.as_deref().filter(|_| !self.content.is_refused());
        prefix.unwrap_or_default()
    }

    fn made_ms(&self, id: u64, arrived_ms: u64) -> u64 {
        self.skew.here(made_ms(id), arrived_ms).unwrap_or_default()
    }

    /// A place among the answers that are on their way, while there is one.
    fn begin(&self, shard: ShardId, reply: &ReplyTo) -> Option<Rc<()>> {
        if Rc::strong_count(&self.open) > OPEN {
            tracing::warn!(%shard, cause = reply.id, "too many answers are on their way; one was not begun");
            self.replies.waiting().full(reply.id);
            return None;
        }
        Some(Rc::clone(&self.open))
    }

    fn answer(&self, shard: ShardId, reply: &ReplyTo, local: &Local) {
        let Some(open) = self.begin(shard, reply) else { return };
        let work = self.replies.local(reply, local);
        let cause = reply.id;
        tokio::task::spawn_local(async move {
            if let Err(error) = work.await {
                tracing::warn!(%shard, cause, %error, "an answer could not be given");
            }
            drop(open);
        });
    }

    /// Hands what somebody wants of faults to where such orders are taken.
    fn drill(&self, shard: ShardId, drill: Drill, who: (Option<GuildId>, UserId), reply: ReplyTo) {
        let (Some(guild), user) = who else {
            return self.answer(shard, &reply, &Local::UnknownInteraction);
        };
        let Some(open) = self.begin(shard, &reply) else { return };
        let (drills, replies) = (Rc::clone(&self.drills), Rc::clone(&self.replies));
        tokio::task::spawn_local(async move {
            if let Err(error) = drills.take(drill, (guild, user), (&reply, &replies)).await {
                tracing::warn!(%shard, cause = reply.id, %error, "an answer could not be given");
            }
            drop(open);
        });
    }

    /// Offers values to somebody who types. Nobody misses an offer that does not come.
    fn offer(&self, shard: ShardId, user: UserId, reply: ReplyTo, (name, option, typed): (&str, &str, Box<str>)) {
        if Rc::strong_count(&self.open) > OPEN {
            self.replies.waiting().full(reply.id);
            return;
        }
        let completes = commands::completes(self.table(), name, option, &typed);
        let (replies, suggest, open) = (
            Rc::clone(&self.replies),
            Rc::clone(&self.suggest),
            Rc::clone(&self.open),
        );
        tokio::task::spawn_local(async move {
            let offers = match completes {
                Completes::Names(names) => names.into_iter().map(Offer::name).collect(),
                Completes::Tracks => suggest.tracks(shard, user, reply.id, &typed).await,
                Completes::Nothing => Rc::default(),
            };
            if let Err(error) = replies.offer(&reply, &offers).await {
                tracing::debug!(%shard, cause = reply.id, %error, "an offer did not arrive");
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
                component: matches!(interaction.data, Data::Component { .. }),
            },
            arrived_ms: interaction.arrived_ms,
            made_ms: self.made_ms(interaction.id, interaction.arrived_ms),
            public,
        };
        self.replies
            .waiting()
            .came(interaction.id, Asker::of(&interaction.data));
        if let Data::Complete { name, option, typed } = &interaction.data {
            return self.offer(shard, interaction.user, reply(false), (name, option, typed.clone()));
        }
        let (command, public) = match commands::interpret(self.table(), &interaction) {
            Interpreted::Guild { command, public } => (command, public),
            Interpreted::Here(local) => return self.answer(shard, &reply(false), &local),
            Interpreted::Drill(drill) => {
                return self.drill(shard, drill, (interaction.guild, interaction.user), reply(false));
            }
        };
        match input(&interaction, command, reply(public)) {
            Some(event) => sink.event(sequence, event),
            None => self.answer(shard, &reply(false), &Local::UnknownInteraction),
        }
    }

    fn written(&self, shard: ShardId, sequence: u64, written: &Written, own: UserId, sink: &dyn GatewaySink) {
        let Some(interpreted) = commands::written(self.table(), written, own, self.prefix()) else {
            return;
        };
        self.replies.waiting().came(written.id, Asker::Message);
        let reply = ReplyTo {
            id: written.id,
            via: Via::Message {
                channel: written.channel,
            },
            arrived_ms: written.arrived_ms,
            made_ms: self.made_ms(written.id, written.arrived_ms),
            public: true,
        };
        let command = match interpreted {
            Interpreted::Guild { command, .. } => command,
            Interpreted::Here(local) => return self.answer(shard, &reply, &local),
            // Whether the process before obeyed it, nobody knows, and Discord takes an answer to a message twice.
            Interpreted::Drill(_) if written.replayed => {
                let late = Drilled::Refused(NoDrill::Late);
                return self.answer(shard, &reply, &Local::Drill(Box::new(late)));
            }
            Interpreted::Drill(drill) => return self.drill(shard, drill, (Some(written.guild), written.user), reply),
        };
        let event = GatewayEvent::Input {
            guild: written.guild,
            cause: reply.cause(),
            input: Input::Command {
                command,
                by: Caller {
                    user: written.user,
                    text: written.channel,
                    // A message tells the author's roles, not what they allow.
                    manager: false,
                },
                reply: Some(reply),
            },
        };
        sink.event(sequence, event);
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
