//! The doors through which gateway and audio nodes speak to a shard. Called by the tasks that read sockets: they never
//! block, and a fault behind them never reaches the socket. The adapters log what they say; here it is told at `debug` only.

use std::collections::BTreeSet;
use std::rc::{Rc, Weak};

use ostinato_machine::guild::{Input, Report, Seen};
use ostinato_machine::ids::{CauseId, GuildId, NodeId};
use ostinato_machine::slot::Phase;

use crate::chronicle::Count;
use crate::obituary;
use crate::ports::{AudioEvent, AudioSink, GatewayEvent, GatewaySink, GuildSeats};
use crate::root::Fatal;
use crate::shard::{Greeting, Shard};
use crate::station::Station;

/// A door of one shard. It holds the station weakly: the station holds the ports that hold the door.
pub(super) struct Door {
    station: Weak<Station>,
    shard: Rc<Shard>,
}

impl Door {
    pub(super) fn of(station: &Rc<Station>, shard: &Rc<Shard>) -> Rc<Self> {
        Rc::new(Self {
            station: Rc::downgrade(station),
            shard: Rc::clone(shard),
        })
    }

    fn guarded(&self, act: impl FnOnce(&Rc<Station>)) {
        let Some(station) = self.station.upgrade() else { return };
        if let Err(said) = obituary::guard(|| act(&station)) {
            tracing::error!(shard = %self.shard.id, said, "an event could not be handed over; it is dropped");
        }
    }
}

impl GatewaySink for Door {
    fn event(&self, sequence: u64, event: GatewayEvent) {
        if self.shard.deaf.get() {
            // The next process resumes from before this event.
            return;
        }
        self.guarded(|station| gateway(station, &self.shard, sequence, event));
    }
}

impl AudioSink for Door {
    fn event(&self, event: AudioEvent) {
        self.guarded(|station| audio(station, &self.shard, event));
    }
}

fn gateway(station: &Rc<Station>, shard: &Rc<Shard>, sequence: u64, event: GatewayEvent) {
    let id = shard.id;
    match event {
        GatewayEvent::Ready { guilds } => {
            tracing::debug!(shard = %id, guilds = guilds.len(), "the gateway has a new session");
            ready(station, shard, &guilds.into_iter().collect());
            shard.hurry.notify_one();
        }
        GatewayEvent::Resumed => {
            shard.greeted.set(Some(Greeting::Resumed));
            let replayed = shard.replayed.take();
            for guild in replayed {
                tell_seats(station, shard, guild, sequence);
            }
            tracing::debug!(shard = %id, "the gateway session was resumed");
        }
        GatewayEvent::Away { why } => tracing::debug!(shard = %id, why, "the gateway is away"),
        GatewayEvent::Fatal { code, fix } => {
            // Said once, by whoever ends the process.
            station.fatal(Fatal::Gateway { code, fix });
        }
        GatewayEvent::GuildUp { seats, about } => {
            let guild = GuildId(seats.guild);
            shard.seats.borrow_mut().known.describe(guild, about);
            guild_up(station, shard, sequence, &seats);
        }
        GatewayEvent::GuildChanged { guild, about } => shard.seats.borrow_mut().known.describe(guild, about),
        GatewayEvent::GuildGone { guild } => {
            shard.seats.borrow_mut().remove(guild);
            station.fact(shard, guild, Input::GuildGone, sequence);
        }
        GatewayEvent::Input { guild, cause, input } => guild_input(station, shard, sequence, guild, cause, input),
    }
    shard.known.notify_waiters();
}

/// Every voice session of an older gateway session is gone, what is known of seats with it, and guilds that are not in
/// the new one's list.
fn ready(station: &Rc<Station>, shard: &Rc<Shard>, listed: &BTreeSet<GuildId>) {
    shard.greeted.set(Some(Greeting::New));
    shard.marks.restart();
    shard.written.replace(None);
    shard.seats.borrow_mut().void(listed);
    shard.replayed.take();
    station.lanes.voices_lost(station, shard);
    let all: Vec<GuildId> = shard.table.borrow().entries().map(|(guild, _)| guild).collect();
    for guild in all {
        station.lanes.voice_void(guild);
        station.fact(shard, guild, Input::VoiceLost, 0);
    }
}

fn guild_up(station: &Rc<Station>, shard: &Rc<Shard>, sequence: u64, seats: &GuildSeats) {
    let guild = GuildId(seats.guild);
    let known = shard.seats.borrow().knows(guild);
    let different = shard.seats.borrow_mut().announce(seats);
    if shard.phase(guild) == Phase::Cold {
        if seats.own.is_some() {
            // It sits there although nothing is known to want it: let the guild decide.
            station.activate(shard, guild);
        }
        return;
    }
    if is_replay(shard, guild) {
        return;
    }
    if !known {
        // The guild may run without knowing any: then single ones say nothing.
        return tell_seats(station, shard, guild, sequence);
    }
    for seat in different {
        station.fact(shard, guild, Input::Seat(seat), sequence);
    }
}

/// Whether a new process is being told what was before it: people who sit, stand up and sit again within a moment. What
/// is stored may be younger, so the guild hears how it all ends; and how it stands before a command that is told again.
fn is_replay(shard: &Shard, guild: GuildId) -> bool {
    let replay = shard.greeted.get().is_none();
    if replay {
        shard.replayed.borrow_mut().insert(guild);
    }
    replay
}

fn tell_seats(station: &Rc<Station>, shard: &Rc<Shard>, guild: GuildId, sequence: u64) {
    let all = shard.seats.borrow().of(guild);
    if let Some(all) = all {
        station.fact(shard, guild, Input::Seats(all), sequence);
    }
}

fn guild_input(station: &Rc<Station>, shard: &Rc<Shard>, sequence: u64, guild: GuildId, cause: CauseId, input: Input) {
    match &input {
        Input::Seat(seat) => {
            shard.seats.borrow_mut().sit(guild, seat);
            if is_replay(shard, guild) {
                return;
            }
        }
        Input::OwnVoice {
            channel, session_id, ..
        } => {
            let own = channel.map(|channel| (channel, session_id.clone()));
            shard.seats.borrow_mut().sit_down(guild, own);
            if channel.is_some() && shard.phase(guild) == Phase::Cold {
                return station.activate(shard, guild);
            }
        }
        Input::Command { .. } => {
            if shard.replayed.borrow_mut().remove(&guild) {
                tell_seats(station, shard, guild, sequence);
            }
            // Whoever waits is told inside when it is refused.
            let _ = station.push(guild, cause, input, sequence);
            return;
        }
        Input::Restored(_)
        | Input::Seats(_)
        | Input::ChannelGone { .. }
        | Input::GuildGone
        | Input::VoiceServer { .. }
        | Input::VoiceLost
        | Input::Placed { .. }
        | Input::Player { .. }
        | Input::Done { .. }
        | Input::Card(_)
        | Input::Expired { .. }
        | Input::Wake
        | Input::Fault(_) => {}
    }
    station.fact(shard, guild, input, sequence);
}

fn audio(station: &Rc<Station>, shard: &Rc<Shard>, event: AudioEvent) {
    station.ports.fleet.audio_event(shard.id, &event);
    match event {
        AudioEvent::Up {
            node,
            session,
            resumed,
            players,
        } => {
            tracing::debug!(shard = %shard.id, %node, resumed, players = players.len(), "an audio node is up");
            heard(shard, &node, Some(session));
            shard.hurry.notify_one();
            reconcile(station, shard, &node, resumed, players);
        }
        AudioEvent::Down { node, lost, why } => {
            tracing::debug!(shard = %shard.id, %node, lost, why, "an audio node is down");
            if lost {
                heard(shard, &node, None);
                station.lanes.node_lost(station, shard, &node);
            }
        }
        AudioEvent::Guild { node, guild, report } => {
            if matches!(report, Report::Started { .. }) {
                station.chronicle.count(Count::Streams);
            }
            station.lanes.heard(station, guild, &node, &report);
            station.fact(shard, guild, Input::Player { node, report }, 0);
        }
        AudioEvent::Stats { .. } => {}
    }
    shard.known.notify_waiters();
}

/// Notes a node's session, to be stored; a node that is lost keeps the stored one: it may still be resumed later.
fn heard(shard: &Shard, node: &NodeId, session: Option<String>) {
    let mut nodes = shard.nodes.borrow_mut();
    nodes.heard.insert(node.clone());
    if let Some(session) = session
        && nodes.sessions.get(node) != Some(&session)
    {
        nodes.sessions.insert(node.clone(), session);
        nodes.changed.insert(node.clone());
    }
}

/// A node tells which players it has: guilds and lanes compare with what they want.
fn reconcile(station: &Rc<Station>, shard: &Rc<Shard>, node: &NodeId, resumed: bool, players: Vec<(GuildId, Seen)>) {
    station.lanes.node_up(station, shard, node, resumed, &players);
    for (guild, seen) in players {
        match shard.phase(guild) {
            Phase::Live | Phase::Yielding | Phase::Passivating | Phase::Stopping => {
                let (node, report) = (node.clone(), Report::Whole(seen));
                station.fact(shard, guild, Input::Player { node, report }, 0);
            }
            // Nobody is known to want it: the guild itself says whether the player goes.
            Phase::Cold => station.activate(shard, guild),
            // Its lane knows the player and tells the guild at its start.
            Phase::Loading | Phase::BackingOff | Phase::Parked | Phase::Stopped => {}
        }
    }
}
