//! The lanes: each carries one kind of effect to the outside, at its own pace and with its own repeats.
//!
//! What a guild's audio node and Discord's voice were last told is kept here, so that a guild's death recalls nothing.
//! Lanes belong to the arbiter, decide nothing about music, and reach guilds only through the ingress.

mod ask;
mod audio;
mod card;
mod gap;
mod notice;
mod order;
mod recall;
mod reply;
mod respond;
mod stage;
mod voice;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;

use ostinato_machine::guild::{Answer, Report, Seen, Stage, To, Wanted, WantedVoice};
use ostinato_machine::ids::{ChannelId, GuildId, Hidden, NodeId, ShardId};
use ostinato_machine::track::Track;
use smallvec::SmallVec;
use tokio::sync::Notify;

pub(crate) use self::reply::Replies;
use crate::gate::{Outside, Release, Words};
use crate::shard::Shard;
use crate::station::Station;

/// The lanes of one arbiter.
#[derive(Default)]
pub(crate) struct Lanes {
    guilds: RefCell<BTreeMap<GuildId, Rc<Lane>>>,
    pub(crate) replies: Replies,
    notices: notice::Notices,
}

/// A wanted player, as an operator is shown it.
pub(crate) struct ToldPlayer {
    pub(crate) node: NodeId,
    pub(crate) track: Option<Arc<Track>>,
    /// Whether that track is not paused.
    pub(crate) playing: bool,
}

/// What one guild's outside was told.
struct Lane {
    guild: GuildId,
    shard: Rc<Shard>,
    audio: RefCell<audio::Told>,
    voice: RefCell<voice::Told>,
    card: RefCell<card::Told>,
    /// The stage on which it was asked to be heard.
    speaks: Cell<Option<ChannelId>>,
    /// Rings when another card is wanted.
    card_changed: Notify,
    /// What was heard of it, for the books of silences.
    sound: RefCell<gap::Sound>,
    /// Whether the fleet knows that the guild needs a node.
    placed: Cell<bool>,
    /// An order is in flight, or waits to be repeated.
    busy: Cell<bool>,
    /// Rings when something changed meanwhile.
    changed: Notify,
}

impl Lanes {
    fn lane(&self, shard: &Rc<Shard>, guild: GuildId) -> Rc<Lane> {
        let mut guilds = self.guilds.borrow_mut();
        let lane = guilds.entry(guild).or_insert_with(|| {
            Rc::new(Lane {
                guild,
                shard: Rc::clone(shard),
                audio: RefCell::default(),
                voice: RefCell::default(),
                card: RefCell::default(),
                speaks: Cell::new(None),
                sound: RefCell::default(),
                card_changed: Notify::new(),
                placed: Cell::new(false),
                busy: Cell::new(false),
                changed: Notify::new(),
            })
        });
        Rc::clone(lane)
    }

    fn known(&self, guild: GuildId) -> Option<Rc<Lane>> {
        self.guilds.borrow().get(&guild).cloned()
    }

    /// Carries out what the gate released.
    pub(crate) fn release(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, release: Release) {
        match release {
            Release::Outside(outside) => self.outside(station, shard, guild, outside),
            Release::Words(words) => self.words(station, guild, words),
        }
    }

    fn outside(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, outside: Outside) {
        let lane = self.lane(shard, guild);
        let Outside {
            wanted,
            adopted,
            sits,
            ask,
        } = outside;
        let fleet = &station.ports.fleet;
        if let Some((node, generation)) = adopted {
            fleet.adopted(shard.id, guild, node, generation);
        }
        if lane.placed.get() != wanted.needs_node {
            let told = if wanted.needs_node {
                fleet.want(shard.id, guild)
            } else {
                fleet.release(shard.id, guild)
            };
            // What is not heard is told again with the guild's next change.
            lane.placed.set(told == wanted.needs_node);
        }
        let voice = {
            let mut told = lane.voice.borrow_mut();
            if let Some(channel) = sits {
                told.sits(channel);
            }
            told.want(wanted.voice)
        };
        if let Some(channel) = voice {
            station.ports.gateway.want_voice(shard.id, guild, channel);
        }
        if !wanted
            .player
            .as_ref()
            .is_some_and(|player| player.track.is_some() && !player.paused)
        {
            lane.sound.borrow_mut().is_unwanted();
        }
        lane.audio.borrow_mut().want(wanted.player);
        if lane.speaks.replace(wanted.speak) != wanted.speak
            && let Some(channel) = wanted.speak
        {
            stage::ask(station, guild, channel);
        }
        audio::kick(station, &lane);
        let clock = &station.ports.clock;
        let (now_ms, rising_ms) = (clock.now_ms(), clock.monotonic_ms());
        let shown = station.settings.card.enabled;
        let card = wanted.card.and_then(|card| card.or_end(shown));
        lane.card.borrow_mut().want(card, now_ms, rising_ms);
        card::kick(station, &lane);
        for ask in ask {
            ask::put(station, shard, guild, ask);
        }
        self.let_go(&lane);
    }

    fn words(&self, station: &Rc<Station>, guild: GuildId, words: Words) {
        for Answer { to, stage, say } in words.say {
            match (to, stage) {
                (To::Reply(reply), Stage::Working) => self.replies.working(&reply),
                (To::Reply(reply), Stage::Final) => self.replies.say(station, guild, &reply, say),
                (To::Channel(channel), _) => self.notices.post(station, guild, channel, say),
            }
        }
        if let Some(interaction) = words.closes {
            self.replies.again(interaction);
        }
    }

    /// Forgets a lane that has nothing to remember.
    fn let_go(&self, lane: &Rc<Lane>) {
        let idle =
            !lane.busy.get() && !lane.placed.get() && lane.audio.borrow().is_idle() && lane.voice.borrow().is_idle();
        let idle = idle && lane.card.borrow().is_idle() && lane.speaks.get().is_none();
        if idle {
            self.guilds.borrow_mut().remove(&lane.guild);
        }
    }

    /// The player that the guild's node was told to have, as far as known: what a new incarnation goes on with.
    pub(crate) fn player(&self, guild: GuildId) -> Option<Seen> {
        self.known(guild)?.audio.borrow().seen()
    }

    /// Nothing is wanted outside any more, whatever the guild last said.
    pub(crate) fn silence(&self, station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId) {
        let nothing = Outside {
            wanted: Wanted::default(),
            adopted: None,
            sits: None,
            ask: SmallVec::new(),
        };
        self.outside(station, shard, guild, nothing);
    }

    /// A new incarnation counts its voice requests anew, and must be placed anew.
    pub(crate) fn restart(&self, shard: &Rc<Shard>, guild: GuildId, own: Option<&(ChannelId, Hidden)>) {
        let lane = self.lane(shard, guild);
        lane.placed.set(false);
        lane.audio.borrow_mut().restart();
        lane.voice.borrow_mut().restart(own.map(|(channel, _)| WantedVoice {
            channel: *channel,
            join: 0,
        }));
    }

    /// The voice session of the guild is gone.
    pub(crate) fn voice_void(&self, guild: GuildId) {
        if let Some(lane) = self.known(guild) {
            lane.voice.borrow_mut().restart(None);
        }
    }

    /// A node says something about the guild's player.
    pub(crate) fn heard(&self, station: &Station, guild: GuildId, node: &NodeId, report: &Report) {
        if let Some(lane) = self.known(guild) {
            let now_ms = station.ports.clock.now_ms();
            lane.audio.borrow_mut().heard(node, report, now_ms);
            Self::listen(station, &lane, node, report);
        }
    }

    /// A node's session is up with these players: lanes compare what they told with what is there.
    pub(crate) fn node_up(
        &self,
        station: &Rc<Station>,
        shard: &Rc<Shard>,
        node: &NodeId,
        resumed: bool,
        players: &[(GuildId, Seen)],
    ) {
        let rising_ms = station.ports.clock.monotonic_ms();
        let there: BTreeMap<GuildId, &Seen> = players.iter().map(|(guild, seen)| (*guild, seen)).collect();
        for guild in there.keys() {
            self.lane(shard, *guild);
        }
        let lanes: Vec<Rc<Lane>> = {
            let guilds = self.guilds.borrow();
            guilds
                .values()
                .filter(|lane| lane.shard.id == shard.id)
                .cloned()
                .collect()
        };
        for lane in lanes {
            let seen = there.get(&lane.guild).copied();
            lane.audio.borrow_mut().node_up(node, resumed, seen, rising_ms);
            lane.sound.borrow_mut().node_up(node, seen);
            audio::kick(station, &lane);
        }
    }

    /// The player that the guild last said it wants, as an operator is shown it.
    pub(crate) fn told(&self, guild: GuildId) -> Option<ToldPlayer> {
        let lane = self.known(guild)?;
        let audio = lane.audio.borrow();
        let wanted = audio.wanted()?;
        Some(ToldPlayer {
            node: wanted.node.clone(),
            track: wanted.track.as_ref().map(|track| Arc::clone(&track.encoded)),
            playing: wanted.track.is_some() && !wanted.paused,
        })
    }

    /// Players that the guilds of a shard want, and those of them that are to sound.
    pub(crate) fn players(&self, shard: ShardId) -> (usize, usize) {
        let guilds = self.guilds.borrow();
        let mine = guilds.values().filter(|lane| lane.shard.id == shard);
        mine.fold((0, 0), |(players, playing), lane| match lane.audio.borrow().wanted() {
            Some(wanted) => (
                players + 1,
                playing + usize::from(wanted.track.is_some() && !wanted.paused),
            ),
            None => (players, playing),
        })
    }

    /// The player that the guild last said it wants.
    #[cfg(feature = "world")]
    pub(crate) fn wanted(&self, guild: GuildId) -> Option<ostinato_machine::guild::WantedPlayer> {
        self.known(guild)?.audio.borrow().wanted().cloned()
    }

    /// Whether nobody waits for a word that is on its way.
    pub(crate) fn is_quiet(&self) -> bool {
        let busy = self.guilds.borrow().values().any(|lane| lane.busy.get());
        !busy && self.replies.speaking() == 0 && self.notices.is_empty()
    }
}
