//! A stand-in node, a port of ours, and an ear that writes down what the port says.

use std::cell::RefCell;
use std::future::Future;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use ostinato_actors::ports::{Audio, AudioEvent, AudioSink};
use ostinato_machine::guild::{PlayerOrder, Report, Tag, VoiceCredentials, WantedTrack};
use ostinato_machine::ids::{ChannelId, EntryId, GuildId, Hidden, NodeId, ShardId, UserId};
use ostinato_machine::track::Track;
use sandbox::catalogue::{Catalogue, Song};
use sandbox::findings::Findings;
use sandbox::lavalink::{LavalinkNode, NodeConfig};
use sandbox::sound::SoundLedger;
use sandbox::voices::{Grant, Voices};

use super::super::{LavalinkSettings, NodeSettings, Nodes};

pub(super) const SHARD: ShardId = ShardId(0);
pub(super) const USER: u64 = 900;
pub(super) const LONG_MS: u64 = 600_000;

/// How long anything may take here.
const PATIENCE: Duration = Duration::from_secs(20);

/// A node and what it stands on.
pub(super) struct Stage {
    pub(super) node: LavalinkNode,
    pub(super) voices: Voices,
    pub(super) sound: SoundLedger,
    pub(super) findings: Findings,
    pub(super) origin: Instant,
    catalogue: Arc<Mutex<Catalogue>>,
}

impl Stage {
    pub(super) async fn new() -> Self {
        let mut catalogue = Catalogue::default();
        catalogue.add(Song::new("long", "Long Way", LONG_MS));
        catalogue.add(Song::new("next", "Next Way", LONG_MS));
        catalogue.add(Song::new("short", "Short Way", 2_000));
        catalogue.add_list("two", "Two of them", vec!["long".into(), "next".into()]);
        let mut broken = Song::new("broken", "Broken", 1_000);
        broken.load_error = Some("this one is broken".into());
        catalogue.add(broken);
        let (catalogue, voices, sound) = (
            Arc::new(Mutex::new(catalogue)),
            Voices::default(),
            SoundLedger::default(),
        );
        let (findings, origin) = (Findings::default(), Instant::now());
        let config = NodeConfig {
            name: "n1".into(),
            password: "open sesame".into(),
            seed: 7,
            origin,
        };
        let node = LavalinkNode::start(
            config,
            Arc::clone(&catalogue),
            voices.clone(),
            sound.clone(),
            findings.clone(),
        );
        Self {
            node: node.await.unwrap(),
            voices,
            sound,
            findings,
            origin,
            catalogue,
        }
    }

    pub(super) fn settings(&self) -> LavalinkSettings {
        let node = NodeSettings {
            id: NodeId::new("n1"),
            host: self.node.addr().ip().to_string(),
            port: self.node.addr().port(),
            password: Hidden::new(self.node.password()),
            https: false,
        };
        LavalinkSettings::new(vec![node], UserId(USER))
    }

    /// A port with these settings, started with `stored` as the session to resume.
    pub(super) fn bot(&self, settings: LavalinkSettings, stored: Option<&str>) -> Bot {
        Bot::new(settings, stored)
    }

    /// Lets the bot into a voice channel of `guild`.
    pub(super) fn invite(&self, guild: u64) -> VoiceCredentials {
        let grant = Grant {
            session_id: format!("voice{guild}"),
            token: format!("token{guild}"),
            endpoint: "127.0.0.1:1".into(),
            channel_id: guild + 1,
        };
        self.voices.issue(guild, USER, grant.clone());
        VoiceCredentials {
            token: Hidden::new(&grant.token),
            endpoint: grant.endpoint.into(),
            session_id: Hidden::new(&grant.session_id),
            channel: ChannelId(grant.channel_id),
        }
    }

    /// One PATCH that plays `song` in `guild` from `position_ms` on.
    pub(super) fn play(&self, guild: u64, song: &str, play: u32, position_ms: u64) -> PlayerOrder {
        let encoded = self.catalogue.lock().unwrap().song(song).unwrap().data().encode();
        let track = WantedTrack {
            tag: tag(play),
            encoded: Arc::new(Track {
                encoded: encoded.into(),
                ..Track::default()
            }),
            position_ms,
            runs_since_ms: None,
        };
        PlayerOrder::Patch {
            node: NodeId::new("n1"),
            voice: Some(self.invite(guild)),
            track: Some(Some(track)),
            tag: None,
            position_ms: Some(position_ms),
            paused: Some(false),
            volume: Some(100),
        }
    }

    pub(super) fn now_ms(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap()
    }
}

pub(super) fn tag(play: u32) -> Tag {
    Tag {
        entry: EntryId(1),
        play,
        seek: 0,
        generation: 5,
    }
}

pub(super) fn stop() -> PlayerOrder {
    PlayerOrder::Patch {
        node: NodeId::new("n1"),
        voice: None,
        track: Some(None),
        tag: None,
        position_ms: None,
        paused: None,
        volume: None,
    }
}

#[derive(Default)]
struct Ear(RefCell<Vec<AudioEvent>>);

impl AudioSink for Ear {
    fn event(&self, event: AudioEvent) {
        self.0.borrow_mut().push(event);
    }
}

/// A port and what it said.
pub(super) struct Bot {
    pub(super) audio: Rc<dyn Audio>,
    pub(super) nodes: Nodes,
    ear: Rc<Ear>,
}

impl Bot {
    pub(super) fn new(settings: LavalinkSettings, stored: Option<&str>) -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let nodes = Nodes::new(settings);
        let audio = nodes.port().unwrap();
        let ear = Rc::new(Ear::default());
        let stored = stored.map(|id| (NodeId::new("n1"), id.to_owned()));
        let sink: Rc<dyn AudioSink> = Rc::<Ear>::clone(&ear);
        audio.start(SHARD, stored.into_iter().collect(), sink);
        Self { audio, nodes, ear }
    }

    pub(super) async fn order(&self, guild: u64, order: PlayerOrder) -> Result<(), ostinato_actors::ports::PortError> {
        self.audio.order(SHARD, GuildId(guild), order).await
    }

    pub(super) fn said(&self) -> Vec<AudioEvent> {
        self.ear.0.borrow().clone()
    }

    pub(super) fn forget(&self) {
        self.ear.0.borrow_mut().clear();
    }

    /// What was said about sessions, in a word each.
    pub(super) fn words(&self) -> String {
        let word = |event: &AudioEvent| match event {
            AudioEvent::Up { resumed: true, .. } => Some("resumed"),
            AudioEvent::Up { .. } => Some("up"),
            AudioEvent::Down { lost: true, .. } => Some("lost"),
            AudioEvent::Down { .. } => Some("away"),
            AudioEvent::Stats { .. } | AudioEvent::Guild { .. } => None,
        };
        self.said().iter().filter_map(word).collect::<Vec<_>>().join(" ")
    }

    /// Waits until exactly this was said about sessions.
    pub(super) async fn hears(&self, words: &str) {
        until(
            || self.words() == words,
            || format!("`{words}`, heard `{}`", self.words()),
        )
        .await;
    }

    /// The newest session and its players.
    pub(super) fn session(&self) -> (String, Vec<(GuildId, ostinato_machine::guild::Seen)>) {
        let up = |event: &AudioEvent| match event {
            AudioEvent::Up { session, players, .. } => Some((session.clone(), players.clone())),
            AudioEvent::Down { .. } | AudioEvent::Stats { .. } | AudioEvent::Guild { .. } => None,
        };
        self.said().iter().rev().find_map(up).unwrap()
    }

    /// What was said about guilds, in order.
    pub(super) fn reports(&self) -> Vec<(u64, Report)> {
        let report = |event: &AudioEvent| match event {
            AudioEvent::Guild { guild, report, .. } => Some((guild.0, report.clone())),
            AudioEvent::Up { .. } | AudioEvent::Down { .. } | AudioEvent::Stats { .. } => None,
        };
        self.said().iter().filter_map(report).collect()
    }
}

/// Waits until something is so; says what it was waiting for when it takes too long.
pub(super) async fn until(is_so: impl Fn() -> bool, what: impl Fn() -> String) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < PATIENCE, "waited too long for {}", what());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

/// Runs a test on one thread, as an arbiter does.
pub(super) fn act<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, test());
}
