//! Discord's side of the world: guilds, who sits where, gateway sessions with replay.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use ostinato_machine::guild::{Caller, Command, Input, Seat, VoiceCredentials};
use ostinato_machine::ids::{CauseId, ChannelId, GuildId, Hidden, ReplyTo, ShardId, UserId, Via};

use super::cards::Cards;
use super::clock::VirtualClock;
use super::rest::Interaction;
use super::store::Life;
use super::trace::{Trace, What};
use crate::about::About;
use crate::ingress::shard_of;
use crate::ports::{Clock as _, GatewayEvent, GatewaySession, GatewaySink, GuildSeats};
use crate::station::sleep_ms;

/// Milliseconds from 1970 to the first of Discord's ids.
const EPOCH_MS: u64 = 1_420_070_400_000;

/// Every application id of the world.
pub(super) const APPLICATION: u64 = 77;

/// Discord, as one bot sees it. It outlives the processes of its world.
pub struct FakeDiscord {
    pub(super) clock: Rc<VirtualClock>,
    pub(super) trace: Trace,
    pub(super) interactions: RefCell<BTreeMap<u64, Interaction>>,
    pub(super) cards: RefCell<Cards>,
    pub(super) rest_ms: Cell<u64>,
    pub(super) rest_down: Cell<bool>,
    pub(super) guilds: RefCell<BTreeMap<GuildId, Guild>>,
    pub(super) sessions: RefCell<BTreeMap<ShardId, Session>>,
    voice_changed: RefCell<Option<VoiceChanged>>,
    pub(super) total: Cell<u32>,
    next: Cell<u64>,
    begun: Cell<u64>,
    pub(super) hangs: Cell<bool>,
    pub(super) deaf_to_voice: Cell<bool>,
}

/// Told when the voice session of a guild changes.
type VoiceChanged = Rc<dyn Fn(GuildId)>;

#[derive(Debug, Default)]
pub(super) struct Guild {
    pub(super) about: About,
    members: BTreeMap<UserId, ChannelId>,
    own: Option<(ChannelId, String)>,
    endpoint: u32,
}

pub(super) struct Session {
    id: String,
    sequence: u64,
    log: Vec<(u64, GatewayEvent)>,
    pub(super) link: Option<Link>,
    /// The newest sequence that was handed over.
    heard: u64,
}

#[derive(Clone)]
pub(super) struct Link {
    pub(super) sink: Rc<dyn GatewaySink>,
    pub(super) life: Life,
}

impl FakeDiscord {
    pub(super) fn new(clock: Rc<VirtualClock>, trace: Trace) -> Rc<Self> {
        Rc::new(Self {
            clock,
            trace,
            interactions: RefCell::default(),
            cards: RefCell::default(),
            rest_ms: Cell::new(15),
            rest_down: Cell::new(false),
            guilds: RefCell::default(),
            sessions: RefCell::default(),
            voice_changed: RefCell::default(),
            total: Cell::new(1),
            next: Cell::new(1),
            begun: Cell::new(1),
            hangs: Cell::new(false),
            deaf_to_voice: Cell::new(false),
        })
    }

    pub(super) fn on_voice(&self, told: VoiceChanged) {
        self.voice_changed.replace(Some(told));
    }

    fn number(&self) -> u64 {
        self.next.replace(self.next.get() + 1)
    }

    /// Adds a guild that the bot is in. It is announced when the next gateway session begins.
    pub fn add_guild(&self, guild: GuildId) {
        self.guilds.borrow_mut().entry(guild).or_default();
    }

    /// A user joins or moves to a voice channel, or leaves voice.
    pub fn sit(&self, guild: GuildId, user: UserId, channel: Option<ChannelId>) {
        {
            let mut guilds = self.guilds.borrow_mut();
            let members = &mut guilds.entry(guild).or_default().members;
            match channel {
                Some(channel) => drop(members.insert(user, channel)),
                None => drop(members.remove(&user)),
            }
        }
        let bot = false;
        self.input(guild, Input::Seat(Seat { user, channel, bot }));
    }

    /// A user gives a command. Returns its interaction.
    pub fn say(&self, guild: GuildId, user: UserId, text: ChannelId, command: Command) -> u64 {
        let token = Hidden::new("token");
        let via = Via::Interaction {
            application: APPLICATION,
            token,
            component: false,
        };
        self.say_via(guild, user, text, command, via)
    }

    /// A user writes a message that is a command. Returns the message, which is found among the interactions.
    pub fn write(&self, guild: GuildId, user: UserId, text: ChannelId, command: Command) -> u64 {
        self.say_via(guild, user, text, command, Via::Message { channel: text })
    }

    pub(super) fn say_via(&self, guild: GuildId, user: UserId, text: ChannelId, command: Command, via: Via) -> u64 {
        let made_ms = self.clock.now_ms() - EPOCH_MS;
        let id = made_ms << 22 | (self.number() & 0x3F_FFFF);
        let message = matches!(via, Via::Message { .. });
        let public = message || !command.reads_only();
        let mut interaction = Interaction::new(self.clock.now_ms());
        interaction.message = message;
        self.interactions.borrow_mut().insert(id, interaction);
        let reply = ReplyTo {
            id,
            via,
            arrived_ms: self.clock.now_ms(),
            made_ms: self.clock.now_ms(),
            public,
        };
        let cause = reply.cause();
        let by = Caller {
            user,
            text,
            manager: false,
        };
        let input = Input::Command {
            command,
            by,
            reply: Some(reply),
        };
        self.dispatch(guild, GatewayEvent::Input { guild, cause, input });
        id
    }

    /// Where the bot sits.
    pub fn own(&self, guild: GuildId) -> Option<ChannelId> {
        self.guilds
            .borrow()
            .get(&guild)?
            .own
            .as_ref()
            .map(|(channel, _)| *channel)
    }

    /// Somebody takes the bot out of voice, or moves it.
    pub fn move_bot(&self, guild: GuildId, channel: Option<ChannelId>) {
        self.set_own(guild, channel);
    }

    /// Discord no longer acts on wanted voice channels, or does so again.
    pub fn ignore_voice(&self, ignore: bool) {
        self.deaf_to_voice.set(ignore);
    }

    /// Closing a gateway connection never ends from now on, or does so again.
    pub fn hang_close(&self, hang: bool) {
        self.hangs.set(hang);
    }

    /// Whether Discord holds this voice connection.
    pub(super) fn holds(&self, guild: GuildId, voice: &VoiceCredentials) -> bool {
        let guilds = self.guilds.borrow();
        let own = guilds.get(&guild).and_then(|guild| guild.own.as_ref());
        own.is_some_and(|(channel, session)| *channel == voice.channel && session == voice.session_id.reveal())
    }

    pub(super) fn seat_of(&self, guild: GuildId, user: UserId) -> Option<ChannelId> {
        self.guilds.borrow().get(&guild)?.members.get(&user).copied()
    }

    /// The gateway connection of a shard drops and is back after `ms`. `lost`: only with a new session.
    pub fn drop_gateway(self: &Rc<Self>, shard: ShardId, ms: u64, lost: bool) {
        let link = {
            let mut sessions = self.sessions.borrow_mut();
            let Some(session) = sessions.get_mut(&shard) else {
                return;
            };
            if lost {
                session.id.clear();
            }
            session.link.take()
        };
        let Some(link) = link else { return };
        let why = "the world dropped it".to_owned();
        link.sink.event(0, GatewayEvent::Away { why });
        let stored = self.session(shard);
        let here = Rc::clone(self);
        actix_rt::spawn(async move {
            sleep_ms(ms).await;
            here.connect(shard, stored, &link);
        });
    }

    pub(super) fn session(&self, shard: ShardId) -> Option<GatewaySession> {
        let sessions = self.sessions.borrow();
        let session = sessions.get(&shard).filter(|session| !session.id.is_empty())?;
        Some(GatewaySession {
            id: Hidden::new(&session.id),
            sequence: session.heard,
            resume_url: Some("ws://resume.example".to_owned()),
            intents: 129,
        })
    }

    pub(super) fn connect(&self, shard: ShardId, stored: Option<GatewaySession>, link: &Link) {
        if !link.life.get() {
            return;
        }
        let good = stored.filter(|stored| {
            let sessions = self.sessions.borrow();
            sessions
                .get(&shard)
                .is_some_and(|session| session.id == stored.id.reveal())
        });
        match good {
            Some(stored) => self.resume(shard, stored.sequence, link),
            None => self.identify(shard, link),
        }
    }

    fn resume(&self, shard: ShardId, sequence: u64, link: &Link) {
        self.trace.note(self.clock.monotonic_ms(), None, What::Resume(shard));
        let missed: Vec<_> = {
            let mut sessions = self.sessions.borrow_mut();
            let Some(session) = sessions.get_mut(&shard) else {
                return;
            };
            session.link = Some(link.clone());
            session.heard = session.sequence;
            let missed = session.log.iter().filter(|(number, _)| *number > sequence);
            missed.cloned().collect()
        };
        for (number, event) in missed {
            link.sink.event(number, self.arriving(event));
        }
        link.sink.event(0, GatewayEvent::Resumed);
    }

    fn identify(&self, shard: ShardId, link: &Link) {
        self.trace.note(self.clock.monotonic_ms(), None, What::Identify(shard));
        let guilds: Vec<GuildId> = {
            let guilds = self.guilds.borrow();
            let mine = guilds
                .keys()
                .filter(|guild| shard_of(**guild, self.total.get()) == shard);
            mine.copied().collect()
        };
        let session = Session {
            id: format!("gateway-{}", self.begun.replace(self.begun.get() + 1)),
            sequence: 0,
            log: Vec::new(),
            link: Some(link.clone()),
            heard: 0,
        };
        self.sessions.borrow_mut().insert(shard, session);
        for guild in &guilds {
            // A voice session dies with the gateway session that it was made in.
            if let Some(guild) = self.guilds.borrow_mut().get_mut(guild) {
                guild.own = None;
            }
            self.tell_voice(*guild);
        }
        self.on_shard(shard, GatewayEvent::Ready { guilds: guilds.clone() });
        for guild in guilds {
            self.on_shard(shard, self.announced(guild));
        }
    }

    pub(super) fn seats(&self, guild: GuildId) -> GuildSeats {
        let guilds = self.guilds.borrow();
        let members = guilds.get(&guild).map(|guild| &guild.members);
        let seat = |(user, channel): (&UserId, &ChannelId)| Seat {
            user: *user,
            channel: Some(*channel),
            bot: false,
        };
        GuildSeats {
            guild: guild.0,
            seats: members.into_iter().flatten().map(seat).collect(),
            own: None,
        }
    }

    fn input(&self, guild: GuildId, input: Input) {
        let cause = CauseId::Internal;
        self.dispatch(guild, GatewayEvent::Input { guild, cause, input });
    }

    pub(super) fn dispatch(&self, guild: GuildId, event: GatewayEvent) {
        self.on_shard(shard_of(guild, self.total.get()), event);
    }

    fn on_shard(&self, shard: ShardId, event: GatewayEvent) {
        let (number, link) = {
            let mut sessions = self.sessions.borrow_mut();
            let Some(session) = sessions.get_mut(&shard) else {
                return;
            };
            session.sequence += 1;
            session.log.push((session.sequence, event.clone()));
            let link = session.link.clone().filter(|link| link.life.get());
            if link.is_some() {
                session.heard = session.sequence;
            }
            (session.sequence, link)
        };
        if let Some(link) = link {
            link.sink.event(number, self.arriving(event));
        }
    }

    /// The event as it arrives: interactions carry the time of their arrival.
    fn arriving(&self, mut event: GatewayEvent) -> GatewayEvent {
        if let GatewayEvent::Input {
            input: Input::Command { reply: Some(reply), .. },
            ..
        } = &mut event
        {
            reply.arrived_ms = self.clock.now_ms();
        }
        event
    }

    fn tell_voice(&self, guild: GuildId) {
        let told = self.voice_changed.borrow().clone();
        if let Some(told) = told {
            told(guild);
        }
    }

    pub(super) fn set_own(&self, guild: GuildId, channel: Option<ChannelId>) {
        let (session_id, server) = {
            let mut guilds = self.guilds.borrow_mut();
            let state = guilds.entry(guild).or_default();
            let session = match (&state.own, channel) {
                (Some((_, session)), Some(_)) => session.clone(),
                (None, Some(_)) => format!("voice-{guild}-{}", state.endpoint + 1),
                (_, None) => String::new(),
            };
            state.own = channel.map(|channel| (channel, session.clone()));
            state.endpoint += 1;
            let server = channel.map(|_| {
                (
                    format!("voice-token-{}", state.endpoint),
                    "voice.example:443".to_owned(),
                )
            });
            (session, server)
        };
        self.tell_voice(guild);
        self.input(
            guild,
            Input::OwnVoice {
                channel,
                session_id: Hidden::new(&session_id),
                suppressed: false,
            },
        );
        if let Some((token, endpoint)) = server {
            self.input(
                guild,
                Input::VoiceServer {
                    token: Hidden::new(&token),
                    endpoint: Some(endpoint.into()),
                },
            );
        }
    }
}
