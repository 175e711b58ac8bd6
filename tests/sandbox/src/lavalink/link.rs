//! Voice connections: opened, replaced, closed by the server, and the race that the node loses now and then.

use serde_json::{Map, Value, json};

use super::core::Core;
use super::reply::Problem;
use super::voice::Connect;
use crate::voices::Grant;

/// A voice connection that was opened.
#[derive(Clone, Debug)]
pub(super) struct Link {
    pub(super) number: u64,
    /// Whether the node believes it open.
    pub(super) open: bool,
    /// Whether the session description came: nothing is played before.
    pub(super) described: bool,
    /// The server has vanished and the node has not noticed.
    pub(super) lost: bool,
}

impl Link {
    /// Whether what is played into it is heard.
    pub(super) fn carries(&self) -> bool {
        self.open && self.described && !self.lost
    }
}

/// A voice connection whose handshake the server holds back.
#[derive(Clone, Debug)]
pub(super) struct Opening {
    grant: Grant,
    number: u64,
    at_ms: u64,
}

/// How far the voice part of a request got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dial {
    /// The rest of the request can be done.
    Done,
    /// The request has to wait until then.
    Waits(u64),
    /// It is never answered.
    Hangs,
}

/// What the node says of a voice server that closes with `code`.
fn reason(code: u16) -> &'static str {
    match code {
        4004 => "Authentication failed.",
        4006 => "Session is no longer valid.",
        4011 => "Server not found.",
        4014 => "Disconnected.",
        4017 => "E2EE/DAVE protocol required",
        _ => "",
    }
}

/// Whether the node resumes a connection that was closed with `code` by itself.
const fn is_retried(code: u16) -> bool {
    matches!(
        code,
        1001 | 1006 | 4000..=4003 | 4005 | 4009 | 4012 | 4015 | 4016 | 4020
    )
}

impl Core {
    /// Brings a player's voice connection to `voice`: opens a new one if a value differs or the old one is closed.
    pub(super) fn dial(&mut self, now: u64, id: &str, guild: u64, voice: &Map<String, Value>) -> Result<Dial, Problem> {
        let grant = grant(voice)?;
        let hangs = self.hang_voice;
        let Some(player) = self.player(id, guild) else {
            return Err(Problem::no_session());
        };
        if player.hung {
            return Ok(Dial::Hangs);
        }
        if player.voice.as_ref() == Some(&grant) && player.connected() {
            return Ok(Dial::Done);
        }
        if let Some(opening) = player.opening.clone().filter(|opening| opening.grant == grant) {
            if now < opening.at_ms {
                return Ok(Dial::Waits(opening.at_ms));
            }
            self.opened(now, id, guild, grant, opening.number, true);
            return Ok(Dial::Done);
        }
        self.discard(now, id, guild);
        let way = if hangs {
            Connect::Hangs
        } else {
            self.call_server(id, guild, &grant)
        };
        self.outcome(now, id, guild, grant, way)
    }

    fn call_server(&mut self, id: &str, guild: u64, grant: &Grant) -> Connect {
        self.connections += 1;
        let user = self.sessions.get(id).map_or(0, |session| session.user);
        self.net.connect(guild, user, grant, self.connections)
    }

    fn outcome(&mut self, now: u64, id: &str, guild: u64, grant: Grant, way: Connect) -> Result<Dial, Problem> {
        let number = self.connections;
        match way {
            Connect::Hangs => {
                if let Some(player) = self.player(id, guild) {
                    player.hung = true;
                }
                return Ok(Dial::Hangs);
            }
            Connect::Refused => return Err(Problem::status(500, "Failed to connect to voice server")),
            Connect::OpensIn(ms) => {
                if let Some(player) = self.player(id, guild) {
                    let at_ms = now + ms;
                    player.opening = Some(Opening { grant, number, at_ms });
                }
                return Ok(Dial::Waits(now + ms));
            }
            Connect::Open => self.opened(now, id, guild, grant, number, true),
            Connect::Undescribed => self.opened(now, id, guild, grant, number, false),
            Connect::Closed(code) => {
                self.link(now, id, guild, grant, number, true);
                self.close_voice(now, id, guild, code);
            }
        }
        Ok(Dial::Done)
    }

    fn link(&mut self, now: u64, id: &str, guild: u64, grant: Grant, number: u64, described: bool) {
        if let Some(player) = self.player(id, guild) {
            player.opening = None;
            player.voice = Some(grant);
            let (open, lost) = (true, false);
            player.linked(
                Link {
                    number,
                    open,
                    described,
                    lost,
                },
                now,
            );
        }
    }

    fn opened(&mut self, now: u64, id: &str, guild: u64, grant: Grant, number: u64, described: bool) {
        self.link(now, id, guild, grant, number, described);
        self.update(now, id, guild);
        // An older connection of the same voice session is closed by the voice server now.
        self.check_voice(now);
    }

    /// Gives a player's voice connection up. Now and then the node loses its own race here: then nothing is said and
    /// the old connection lives on beside the new one.
    pub(super) fn discard(&mut self, now: u64, id: &str, guild: u64) {
        let Some(player) = self.player(id, guild) else { return };
        player.voice = None;
        player.opening = None;
        let Some(link) = player.unlink(now) else { return };
        if !link.open {
            return;
        }
        if self.lost_races.remove(&guild) {
            if let Some(session) = self.sessions.get_mut(id) {
                session.zombies.insert(guild);
            }
            return;
        }
        self.voice_closed(now, id, guild, 1000, false);
    }

    /// The player of `guild` loses the node's race when it next gives a voice connection up.
    pub fn lose_race(&mut self, guild: u64) {
        self.lost_races.insert(guild);
    }

    /// Voice connections never come up while this is on: requests that want one are not answered.
    pub const fn hang_voice(&mut self, on: bool) {
        self.hang_voice = on;
    }

    /// Voice connections that Discord has closed meanwhile.
    pub fn check_voice(&mut self, now: u64) {
        let closed: Vec<(String, u64, u16)> = self
            .sessions
            .iter()
            .flat_map(|(id, session)| session.players.values().map(move |player| (id, session.user, player)))
            .filter_map(|(id, user, player)| {
                let link = player.link.as_ref().filter(|link| link.open)?;
                let code = self
                    .net
                    .closed(player.guild, user, player.voice.as_ref()?, link.number)?;
                Some((id.clone(), player.guild, code))
            })
            .collect();
        for (id, guild, code) in closed {
            self.close_voice(now, &id, guild, code);
        }
    }

    /// The voice server closes a player's connection with `code`. Some codes the node answers by resuming the
    /// connection itself; after the others the position runs on unheard.
    pub fn close_voice(&mut self, now: u64, id: &str, guild: u64, code: u16) {
        let link = self.player(id, guild).and_then(|player| player.link.as_mut());
        let Some(link) = link.filter(|link| link.open && !is_retried(code)) else {
            return;
        };
        link.open = false;
        self.voice_closed(now, id, guild, code, true);
        self.account(now, id, guild);
    }

    /// The voice server of a player vanishes, and the node does not notice.
    pub fn lose_voice(&mut self, now: u64, guild: u64) {
        for id in self.sessions_with(guild) {
            if let Some(link) = self.player(&id, guild).and_then(|player| player.link.as_mut()) {
                link.lost = true;
            }
            self.account(now, &id, guild);
        }
    }

    /// A discarded voice connection of `guild` is closed with `code`: it is reported for whatever player is there.
    pub fn close_zombie(&mut self, now: u64, guild: u64, code: u16) {
        let told =
            |session: &super::core::Session| session.zombies.contains(&guild) || session.players.contains_key(&guild);
        let ids: Vec<String> = self
            .sessions
            .iter()
            .filter(|(_, session)| told(session))
            .map(|(id, _)| id.clone())
            .collect();
        for id in ids {
            if let Some(session) = self.sessions.get_mut(&id) {
                session.zombies.remove(&guild);
            }
            self.voice_closed(now, &id, guild, code, true);
        }
    }

    fn voice_closed(&mut self, now: u64, id: &str, guild: u64, code: u16, by_remote: bool) {
        let fields = [
            ("code", json!(code)),
            ("reason", json!(reason(code))),
            ("byRemote", json!(by_remote)),
        ];
        self.event(id, guild, "WebSocketClosedEvent", &fields);
        self.update(now, id, guild);
    }
}

fn grant(voice: &Map<String, Value>) -> Result<Grant, Problem> {
    let text = |name: &str| voice.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let channel = text("channelId");
    let no_number = || format!("java.lang.NumberFormatException: For input string: \"{channel}\"");
    let channel_id = channel.parse().map_err(|_| Problem::uncaught(Some(&no_number())))?;
    let endpoint = text("endpoint");
    if endpoint.contains(' ') {
        return Err(Problem::uncaught(Some(&format!(
            "java.lang.IllegalStateException: java.net.URISyntaxException: Illegal character in authority at index 6: \
             wss://{endpoint}/?v=8"
        ))));
    }
    Ok(Grant {
        session_id: text("sessionId"),
        token: text("token"),
        endpoint,
        channel_id,
    })
}
